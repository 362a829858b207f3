"""A real studio in a process of its own, to be killed: `python engine_process.py DATA_DIR GATEWAY_URL COUNT`.

It says a line for every change of a job: id and status.
"""

import asyncio
import os
import sys
from pathlib import Path

from krea_tui.config.locations import find_locations
from krea_tui.config.settings import GatewaySettings, Settings
from krea_tui.domain.request import GenerationRequest
from krea_tui.studio import Plan, open_studio
from tests.support.keys import KEY


def say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


async def main(folder: Path, url: str, count: int) -> None:
    environ = {**os.environ, "PIXAZO_API_KEY": KEY}
    settings = Settings()._replace(gateway=GatewaySettings(url=url, requests_per_s=50.0, burst=100))
    studio = await open_studio(Plan(settings, find_locations(environ, folder), environ))
    book = studio.engine.book

    def tell(ids: frozenset[str]) -> None:
        for job_id in ids:
            job = book.get(job_id)
            if job is not None:
                say(job.id, job.status.value)

    book.subscribe(tell)
    run = asyncio.create_task(studio.engine.run())
    await studio.engine.is_ready.wait()
    say("ready")
    await studio.engine.submit([GenerationRequest("a lighthouse in heavy fog", seed) for seed in range(count)])
    await run


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
