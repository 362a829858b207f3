"""`python -m krea_tui` and the installed command `krea-tui`."""

import gc
import sys

# A collection in the middle of the imports costs more than all that it could free. Commands turn it on when they
# begin, the app behind its first frame.
gc.disable()

from krea_tui.cli import main  # noqa: E402

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
