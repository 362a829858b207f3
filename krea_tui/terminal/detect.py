"""One call for everything, for callers that need no speed (``doctor``) and as the pattern for those that do."""

import os
from collections.abc import MutableMapping

from krea_tui.terminal.capabilities import GraphicsMode, TerminalCapabilities
from krea_tui.terminal.choice import choose, prepare_environment
from krea_tui.terminal.probe import begin


def detect(
    wanted: GraphicsMode = GraphicsMode.AUTO, environ: MutableMapping[str, str] = os.environ
) -> TerminalCapabilities:
    """Ask the terminal, choose how to draw pictures, and set what textual needs in ``environ``.

    Waits for the terminal (0.1 s at most, over SSH 1 s); the app uses ``begin`` and ``finish`` around its imports.
    """
    capabilities = choose(begin(environ).finish(), environ, wanted)
    prepare_environment(capabilities, environ)
    return capabilities
