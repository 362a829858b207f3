"""A real studio in a process of its own, to be killed: `python engine_process.py DATA_DIR GATEWAY_URL COUNT`.

It prints a line for every change of a job: id, status, request id.
"""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from krea_tui.config.locations import find_locations
from krea_tui.config.settings import GatewaySettings, Settings
from krea_tui.domain.request import GenerationRequest
from krea_tui.studio import Plan, open_studio


async def main(folder: Path, url: str, count: int) -> None:
    environ = {**os.environ, "PIXAZO_API_KEY": "a-key-of-the-tests"}
    settings = replace(Settings(), gateway=GatewaySettings(url=url, requests_per_s=50.0, burst=100))
    studio = await open_studio(Plan(settings, find_locations(environ, folder), environ))
    book = studio.engine.book

    def tell(ids: frozenset[str]) -> None:
        for job_id in ids:
            job = book.get(job_id)
            if job is not None:
                print(job.id, job.status.value, job.request_id, flush=True)

    book.subscribe(tell)
    run = asyncio.create_task(studio.engine.run())
    await studio.engine.is_ready.wait()
    print("ready", "-", "-", flush=True)
    await studio.engine.submit([GenerationRequest("a lighthouse in heavy fog", seed) for seed in range(count)])
    await run


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
