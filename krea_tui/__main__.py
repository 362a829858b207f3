"""`python -m krea_tui` and the installed command `krea-tui`."""

import sys

from krea_tui.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
