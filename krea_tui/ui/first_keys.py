"""What is filled in behind the first frame waits a moment, so that keys typed at once are echoed at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final, TypeVar

from textual.css.query import NoMatches
from textual.widget import MountError, Widget

# Filling in takes longer than the echo of a key; a hand that waits for the frame is slower than this.
FIRST_KEYS_S: Final = 0.03
ENGINE_AFTER_S: Final = 0.1

WidgetT = TypeVar("WidgetT", bound=Widget)


def behind_the_first_keys(furnish: Callable[[WidgetT], Awaitable[None]]) -> Callable[[WidgetT], Awaitable[None]]:
    """Make a widget's furnishing one that waits in its own message pump, while the rest of the screen goes on.

    An app that is left meanwhile composes nothing any more: what is missed then is no fault.
    """

    @wraps(furnish)
    async def later(self: WidgetT) -> None:
        await asyncio.sleep(FIRST_KEYS_S)
        if not self.is_running:
            return
        try:
            await furnish(self)
        except (NoMatches, MountError):
            if self.app.return_code is None:
                raise

    return later
