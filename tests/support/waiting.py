"""The one place where a test may sleep: a bounded wait for something that announces itself by no event."""

import asyncio
import time
from collections.abc import Callable

STEP_S = 0.02


def wait_until(condition: Callable[[], object], within_s: float = 10.0, what: str = "the condition") -> None:
    """Poll until the condition is true; raise TimeoutError after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true within {within_s:g} s")
        time.sleep(STEP_S)


async def wait_until_async(
    condition: Callable[[], object], within_s: float = 10.0, what: str = "the condition"
) -> None:
    """Do the same without blocking the event loop."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true within {within_s:g} s")
        await asyncio.sleep(STEP_S)
