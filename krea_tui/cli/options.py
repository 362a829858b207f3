"""The plainest command lines, read without a parser: the app's first frame does not wait for argparse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class AppOptions:
    """What `krea-tui` and `krea-tui --demo` say; the same names as the parser's namespace."""

    def __init__(self, *, demo: bool) -> None:
        self.demo = demo
        self.gateway: str | None = None
        self.data_dir: Path | None = None
        self.config: Path | None = None
        self.graphics: str | None = None


def plain_options(words: Sequence[str]) -> AppOptions | None:
    """The options of a plain start of the app; None for every other command line, which the parser reads."""
    return AppOptions(demo=bool(words)) if list(words) in ([], ["--demo"]) else None
