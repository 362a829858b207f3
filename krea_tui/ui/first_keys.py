"""What is filled in behind the first frame waits a moment, so that keys typed at once are echoed at once."""

from __future__ import annotations

import asyncio
from typing import Final

# Filling in takes longer than the echo of a key; a hand that waits for the frame is slower than this.
FIRST_KEYS_S: Final = 0.03
ENGINE_AFTER_S: Final = 0.1


async def let_first_keys_through() -> None:
    """Wait in the caller's own message pump, while the rest of the screen goes on."""
    await asyncio.sleep(FIRST_KEYS_S)
