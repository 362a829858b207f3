"""The command line: arguments to actions. Everything slow is imported by the command that needs it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from krea_tui.cli.options import plain_options
from krea_tui.cli.output import make_streams_safe, tell_error
from krea_tui.domain.errors import KreaTuiError

if TYPE_CHECKING:
    import argparse

_REPORT: Final = "What was sent is in the history. Run `python -X dev -m krea_tui ...` for the details of a report."


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


def _run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:  # noqa: C901, PLR0911 -- one arm for each command
    if arguments.command is not None:
        gc.enable()
    match arguments.command:
        case None:
            from krea_tui.cli.app import run_app

            return run_app(arguments, environ)
        case "submit":
            from krea_tui.cli.submit import submit

            return submit(arguments, environ)
        case "retry":
            from krea_tui.cli.retry import retry

            return retry(arguments, environ)
        case "jobs":
            from krea_tui.cli.reading import list_jobs

            return list_jobs(arguments, environ)
        case "show":
            from krea_tui.cli.reading import show_job

            return show_job(arguments, environ)
        case "locations":
            from krea_tui.cli.places import show_locations

            return show_locations(arguments, environ)
        case "config":
            from krea_tui.cli.places import run_config

            return run_config(arguments, environ)
        case "watch":
            from krea_tui.cli.watch import watch

            return watch(arguments, environ)
        case "cancel":
            from krea_tui.cli.holding import cancel

            return cancel(arguments, environ)
        case "pause":
            from krea_tui.cli.holding import pause

            return pause(arguments, environ)
        case "resume":
            from krea_tui.cli.resume import resume

            return resume(arguments, environ)
        case "simulate":
            from krea_tui.cli.simulate import simulate

            return simulate(arguments)
        case other:
            raise AssertionError(f"no action for {other}")
