"""The command line: arguments to actions. Everything slow is imported by the command that needs it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from krea_tui.cli.options import plain_options
from krea_tui.cli.output import make_streams_safe, tell_error
from krea_tui.domain.errors import KreaTuiError

if TYPE_CHECKING:
    import argparse

    Command = Callable[[argparse.Namespace, Mapping[str, str]], int]

_REPORT: Final = "What was sent is in the history. Run `python -X dev -m krea_tui ...` for the details of a report."

# Where the action of each command is, below `krea_tui.cli`.
_COMMANDS: Final = {
    "submit": "submit.submit",
    "retry": "retry.retry",
    "resolve": "resolve.resolve",
    "resume": "resume.resume",
    "cancel": "holding.cancel",
    "pause": "holding.pause",
    "watch": "watch.watch",
    "jobs": "reading.list_jobs",
    "show": "reading.show_job",
    "spend": "spend.spend",
    "export": "export.export",
    "locations": "places.show_locations",
    "config": "places.run_config",
    "simulate": "simulate.simulate",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; no error of ours ever shows a traceback."""
    make_streams_safe()
    try:
        words = sys.argv[1:] if argv is None else list(argv)
        if (options := plain_options(words)) is not None:
            from krea_tui.cli.app import run_app

            return run_app(options, os.environ)
        from krea_tui.cli.arguments import read_arguments

        return int(_run(read_arguments(words), os.environ))
    except KreaTuiError as error:
        tell_error(error)
        # It knows jobs and money, which no first frame waits for.
        from krea_tui.cli.exit_codes import code_of_error

        return int(code_of_error(error))
    except KeyboardInterrupt:
        from krea_tui.cli.exit_codes import ExitCode

        return int(ExitCode.INTERRUPTED)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        tell_error(KreaTuiError(f"an unexpected fault: {type(error).__name__}: {error}", advice=_REPORT))
        from krea_tui.cli.exit_codes import ExitCode

        return int(ExitCode.JOB_FAILED)
    except SystemExit as end:
        # argparse ends the process itself after --help and --version.
        return end.code if isinstance(end.code, int) else 0


def _run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    if arguments.command is None:
        from krea_tui.cli.app import run_app

        return run_app(arguments, environ)
    gc.enable()
    return _command(arguments.command)(arguments, environ)


def _command(name: str) -> Command:
    from importlib import import_module

    module, _, function = _COMMANDS[name].partition(".")
    return cast("Command", getattr(import_module(f"krea_tui.cli.{module}"), function))
