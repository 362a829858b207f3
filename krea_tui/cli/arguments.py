"""Every command and option, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from krea_tui import __version__
from krea_tui.cli.help_texts import (
    DESCRIPTION,
    EPILOG,
    EXPORT_EPILOG,
    QUERY_EPILOG,
    RESOLVE_EPILOG,
    SPEND_EPILOG,
    SUBMIT_EPILOG,
)
from krea_tui.cli.output import PROGRAM
from krea_tui.domain.errors import UsageError
from krea_tui.domain.ordering import NEWEST_FIRST, Ordering, SortKey, usual_ordering
from krea_tui.domain.request import (
    DEFAULT_MOODBOARD_STRENGTH,
    DEFAULT_STRENGTH,
    MAX_SEED,
    AspectRatio,
    Creativity,
)
from krea_tui.domain.spending import DEFAULT_DAYS

MAX_COUNT: Final = 10_000
# A hundred years.
_MOST_DAYS: Final = 36_525
_GRAPHICS: Final = ("auto", "kitty", "sixel", "halfblock", "off")


class _Parser(argparse.ArgumentParser):
    """Argparse whose mistakes are ours to word."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, advice=f"`{self.prog} --help` explains.")


def read_arguments(words: Sequence[str]) -> argparse.Namespace:
    """The namespace of a command line (`command` is None for the app); raises `UsageError`."""
    return _app_arguments(words) or _parser().parse_args(words)


def _app_arguments(words: Sequence[str]) -> argparse.Namespace | None:
    """The app's own command line, read without building every command; None for any other, or a wrong one."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    _add_everywhere(parser)
    parser.set_defaults(command=None)
    try:
        arguments, others = parser.parse_known_args(words)
    except UsageError:
        return None
    return None if others else arguments


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _add_everywhere(parser)
    parser.set_defaults(demo=False, gateway=None, data_dir=None, config=None, graphics=None)
    # Accepted after the command too; what is not given there must not overwrite what stood before it.
    everywhere = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    _add_everywhere(everywhere)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=_Parser)

    def add(name: str, summary: str, epilog: str = "") -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=epilog,
            parents=[everywhere],
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    _add_sending(add)
    _add_reading(add)
    _add_holding(add)
    _add_places(add)
    return parser


def _add_everywhere(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("options of every command")
    group.add_argument("--demo", action="store_true", help="use a simulated gateway and a history of its own")
    group.add_argument("--gateway", metavar="URL", help="the gateway's address: https, or http on this machine")
    group.add_argument("--data-dir", metavar="DIR", type=Path, help="where history and pictures are kept")
    group.add_argument("--config", metavar="FILE", type=Path, help="the config file")
    group.add_argument("--graphics", metavar="MODE", choices=_GRAPHICS, help=f"{', '.join(_GRAPHICS)}")


_Add = Callable[..., argparse.ArgumentParser]


def _add_sending(add: _Add) -> None:
    submit = add("submit", "send a request", SUBMIT_EPILOG)
    submit.add_argument("prompt", metavar="PROMPT", help="what the picture shows; - reads it from standard input")
    request = submit.add_argument_group("request")
    request.add_argument(
        "--aspect-ratio",
        metavar="R",
        default=AspectRatio.SQUARE.value,
        choices=[ratio.value for ratio in AspectRatio],
        help=f"{', '.join(AspectRatio)} (default %(default)s)",
    )
    request.add_argument(
        "--creativity",
        metavar="C",
        default=Creativity.MEDIUM.value,
        choices=[level.value for level in Creativity],
        help=f"{', '.join(Creativity)} (default %(default)s)",
    )
    request.add_argument(
        "--seed", metavar="N", type=_whole(0, MAX_SEED), help=f"0 to {MAX_SEED}; drawn where it is not given"
    )
    request.add_argument(
        "--count",
        metavar="N",
        type=_whole(1, MAX_COUNT),
        default=1,
        help="so many pictures, with the seeds N, N+1, ... (default 1)",
    )
    request.add_argument(
        "--reference",
        metavar="URL[@S]",
        action="append",
        default=[],
        help=f"an image whose style guides (https; S from -2 to 2, default {DEFAULT_STRENGTH:g}); up to ten times",
    )
    request.add_argument(
        "--style",
        metavar="ID[@S]",
        action="append",
        default=[],
        help=f"a style of Krea's catalogue (S from -2 to 2, default {DEFAULT_STRENGTH:g}); up to ten times",
    )
    request.add_argument(
        "--moodboard",
        metavar="ID[@S]",
        action="append",
        default=[],
        help=f"a moodboard's UUID or share link (S from -0.5 to 1.5, default {DEFAULT_MOODBOARD_STRENGTH:g}); one",
    )
    _add_waiting(submit)
    retry = add("retry", "send jobs that have ended once more, each as a new job")
    _add_ids(retry)
    retry.add_argument("--new-seed", action="store_true", help="draw new seeds; else the same picture is made again")
    _add_waiting(retry)
    _add_resolve(add("resolve", "say what became of jobs that may have been charged", RESOLVE_EPILOG))
    resume = add("resume", "let sending go on, with what was held for money, a cap, the key or a pause")
    resume.add_argument(
        "--left-over", action="store_true", help="also send what ended commands left unsent; asks with count and sum"
    )
    resume.add_argument("--yes", action="store_true", help="do not ask")
    add("watch", "follow every active job to its end, and fetch the pictures where no app is running")


def _add_resolve(resolve: argparse.ArgumentParser) -> None:
    resolve.add_argument("ids", metavar="ID", nargs="*", help="a job's id, or enough of its beginning")
    resolve.add_argument("--all", action="store_true", help="every unconfirmed job of this gateway")
    group = resolve.add_argument_group("choice")
    choice = group.add_mutually_exclusive_group()
    choice.add_argument(
        "--adopt", metavar="REQUEST_ID", help="it was accepted: this is its id at the vendor's (one job)"
    )
    choice.add_argument("--not-charged", action="store_true", help="it never arrived; asks first")
    choice.add_argument(
        "--send-again", action="store_true", help="send it once more, as a new job; it may be paid twice, so it asks"
    )
    _add_waiting(resolve, yes="do not ask before --not-charged or --send-again")


def _add_waiting(parser: argparse.ArgumentParser, yes: str = "do not ask before an expensive batch") -> None:
    group = parser.add_argument_group("sending")
    group.add_argument("--wait", action="store_true", help="until every job is done or can go no further")
    group.add_argument("--json", action="store_true", help="one JSON object a line for each job")
    group.add_argument("--yes", action="store_true", help=yes)


def _add_reading(add: _Add) -> None:
    jobs = add("jobs", "list jobs, newest first", QUERY_EPILOG)
    jobs.add_argument("query", metavar="QUERY", nargs="*", help="what to look for, see below")
    jobs.add_argument(
        "--sort",
        metavar="KEY",
        type=_ordering,
        default=NEWEST_FIRST,
        help=f"{', '.join(SortKey)} (default created); --sort=-KEY is the other way round",
    )
    jobs.add_argument("--reverse", action="store_true", help="the other way round")
    jobs.add_argument("--limit", metavar="N", type=_whole(1, 1_000_000_000), help="no more than so many")
    _add_json(jobs)
    show = add("show", "show everything that is known of a job")
    show.add_argument("id", metavar="ID", help="a job's id, or enough of its beginning")
    _add_json(show)
    export = add("export", "copy pictures and parameters to a folder, or write a table", EXPORT_EPILOG)
    export.add_argument("query", metavar="QUERY", nargs="*", help="what to export; all where nothing is said")
    export.add_argument("--to", metavar="DIR|FILE", required=True, help="a folder, or a .csv, .jsonl or .json file")
    export.add_argument("--replace", action="store_true", help="a table of that name may be replaced")
    spend = add("spend", "show what was spent, day by day, and what the caps leave", SPEND_EPILOG)
    spend.add_argument(
        "--days", metavar="N", type=_days, default=DEFAULT_DAYS, help="so many days, or all (default %(default)s)"
    )
    _add_json(spend)


def _add_holding(add: _Add) -> None:
    _add_ids(add("cancel", "withdraw jobs that have not been sent; costs nothing"))
    add("pause", "send nothing more until `krea-tui resume`; what is at the gateway goes on")


def _add_places(add: _Add) -> None:
    _add_json(add("locations", "show where everything is kept"))
    config = add("config", "show, check or edit the config file")
    config.add_argument(
        "action",
        choices=("path", "check", "edit"),
        help="path: where it is; check: whether it is right; edit: in $VISUAL or $EDITOR",
    )
    simulate = add("simulate", "serve a simulated gateway on this machine; nothing is spent")
    simulate.add_argument("--port", metavar="P", type=_whole(0, 65_535), default=0, help="default: a free one")
    simulate.add_argument("--latency", metavar="S", type=_number(0, 86_400), help="seconds a job takes")
    simulate.add_argument("--fail-rate", metavar="F", type=_number(0, 1), help="share of jobs that end FAILED")
    simulate.add_argument("--error-rate", metavar="F", type=_number(0, 1), help="share of jobs that end ERROR")
    simulate.add_argument("--rate-limit", metavar="R", type=_number(0.01, 100_000), help="requests a second, else 429")
    simulate.add_argument(
        "--balance", metavar="USD", type=_number(0, 1_000_000), help="what is in the wallet, else 402"
    )
    simulate.add_argument("--state-dir", metavar="DIR", type=Path, help="keep its jobs there, and serve them again")


def _add_ids(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="+", help="a job's id, or enough of its beginning")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="JSON, one object a line")


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = lowest - 1
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"a whole number from {lowest} to {highest}, not {text!r}")
        return value

    return read


def _ordering(text: str) -> Ordering:
    """A key of sorting; a minus before it turns it round."""
    key = text.removeprefix("-").lower()
    if key not in list(SortKey):
        raise argparse.ArgumentTypeError(f"one of {', '.join(SortKey)}, not {text!r}")
    usual = usual_ordering(SortKey(key))
    return usual.reversed() if text.startswith("-") else usual


def _days(text: str) -> int | None:
    """So many days; None is all of them."""
    return None if text == "all" else _whole(1, _MOST_DAYS)(text)


def _number(lowest: float, highest: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"a number from {lowest:g} to {highest:g}, not {text!r}")
        return value

    return read
