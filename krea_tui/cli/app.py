"""Without a command: the app."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from krea_tui.cli.output import is_terminal
from krea_tui.domain.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from krea_tui.cli.options import AppOptions

_NO_SCREENS: Final = frozenset({"", "dumb"})


def run_app(arguments: argparse.Namespace | AppOptions, environ: Mapping[str, str]) -> int:
    """Ask the terminal, import the app while it answers, and run it; returns the app's exit code."""
    if environ.get("TERM", "dumb") in _NO_SCREENS or not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise UsageError(
            "the app needs a terminal that can paint, for input and for output",
            advice="`krea-tui submit PROMPT` works without one; `krea-tui --help` names every command.",
        )
    # A collection in the middle of the imports costs more than everything it could free; the app turns it on again
    # behind its first frame.
    gc.disable()
    from krea_tui.terminal.probe import begin

    pending = begin(environ)
    try:
        from krea_tui.cli.planning import plan_of

        plan = plan_of(arguments, environ, is_command=False)
        from krea_tui.ui.app import TRY_DEMO, StudioApp
    finally:
        # Gives the terminal back, also where the settings are wrong.
        answers = pending.finish()
    from krea_tui.terminal.capabilities import GraphicsMode
    from krea_tui.terminal.choice import choose, prepare_environment

    capabilities = choose(answers, environ, GraphicsMode(plan.settings.screen.graphics.value))
    prepare_environment(capabilities, os.environ)
    app = StudioApp(plan, capabilities)
    if app.run() == TRY_DEMO:
        arguments.demo, arguments.gateway = True, None
        app = StudioApp(plan_of(arguments, environ, is_command=False), capabilities)
        app.run()
    return app.return_code or 0
