"""`python -m tests.screenshots`: makes the pictures of the README from the running program."""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
TOOLS = ("Xvfb", "xterm", "xdotool", "import")


def main() -> int:
    """Write the pictures, or show what they show in this terminal."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--to", metavar="DIR", type=Path, default=SCREENSHOTS, help="where the pictures go")
    parser.add_argument("--show", metavar="DIR", type=Path, help="show the stage here instead; DIR must not exist yet")
    options = parser.parse_args()
    if options.show is not None:
        from tests.screenshots.show import show

        options.show.mkdir(parents=True, exist_ok=True)
        show(options.show)
        return 0
    options.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), options.to)
    return 0


def make(folder: Path, into: Path) -> None:
    """Make every picture that can be made on this machine."""
    os.environ.update(COLORTERM="truecolor", TEXTUAL_COLOR_SYSTEM="truecolor", TEXTUAL_ANIMATIONS="none")
    from tests.screenshots.vectors import make_vectors

    (folder / "vectors").mkdir()
    asyncio.run(make_vectors(folder / "vectors", into))
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        sys.stderr.write(f"No picture of a window without {', '.join(missing)}.\n")
        return
    from tests.screenshots.windows import make_window

    (folder / "window").mkdir()
    make_window(folder / "window", into)


if __name__ == "__main__":
    sys.exit(main())
