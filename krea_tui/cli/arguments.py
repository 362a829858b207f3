"""Every command and option, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from krea_tui import __version__
from krea_tui.cli.output import PROGRAM
from krea_tui.domain.errors import UsageError
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

_DESCRIPTION: Final = """\
A terminal studio for the Krea 2 Large text-to-image API.
Without a command it opens the app; every command works beside a running app, on the same history.
"""
_EPILOG: Final = """\
examples:
  krea-tui --demo                                  try it; nothing is spent
  krea-tui submit "a lighthouse in fog" --wait     one picture, its path when it is on disk
  krea-tui submit - --seed 7 --count 4 --json < prompt.txt
  krea-tui jobs status:failed since:7d             what failed this week

environment:
  PIXAZO_API_KEY      the API key (else the key pasted in the app)
  KREA_TUI_GATEWAY, KREA_TUI_DATA_DIR, KREA_TUI_CONFIG, KREA_TUI_GRAPHICS
                      as the options of these names; options win over them, they win over the config file

exit codes:
  0 done, 1 a job failed, was lost or is unconfirmed, 2 wrong usage, 3 no or bad key,
  4 gateway unreachable, 5 money (402 or a cap), 130 interrupted
"""
_SUBMIT_EPILOG: Final = """\
S is a strength; it is split off only where what follows the last @ is a number.
Without --wait the job is handed to a running app, or sent and left at the gateway:
the app or `krea-tui watch` fetches the picture.

examples:
  krea-tui submit "a red fox, linocut" --aspect-ratio 16:9 --wait
  krea-tui submit "tiles" --seed 100 --count 8 --wait --json     seeds 100 to 107
  krea-tui submit "harbour" --reference https://example.org/a.png@0.6 --style ink@0.8
"""
_QUERY_EPILOG: Final = """\
query:
  words               all must be in the prompt; "two words" in quotes belong together
  status:failed       held, sending, unconfirmed, rejected, queued, processing, completed,
                      failed, error, not_found, cancelled; several with commas
  aspect:16:9  creativity:raw  seed:42  since:7d (or 12h, 2w, 2026-11-02)
  id:3f               the id begins so
  is:starred  has:image
  needs:decision      may have been charged, and you have not said yet what became of it
"""
_RESOLVE_EPILOG: Final = """\
A request whose answer never came may have been charged; it is never sent again by itself.
Without a choice the unconfirmed jobs are listed: exit code 0 if there are none, 1 if there are some.
Look for the request at the vendor's console, by its time and prompt, then choose.

examples:
  krea-tui resolve
  krea-tui resolve k3f9 --adopt krea-2-large-text-to-image_019d... --wait
  krea-tui resolve --all --not-charged
"""

_EXPORT_EPILOG: Final = """\
A folder gets a copy of every picture, jobs.csv to look at and jobs.jsonl, which has every parameter as it is.
A path that ends in .csv, .jsonl or .json is a table alone, which says where the pictures lie.
No other file is overwritten; a picture that is there already is not copied again.
Exit code 1 if a picture is not where it was saved: it is named, and the rest is exported.
QUERY is as in `krea-tui jobs --help`; without one every job is meant.

examples:
  krea-tui export is:starred --to ~/Pictures/best
  krea-tui export since:30d --to november.csv
"""
_SPEND_EPILOG: Final = """\
spent      completed jobs
reserved   jobs on their way
at risk    unconfirmed, failed or denied jobs, which may have been charged
held       jobs that were not sent: they cost nothing until they are

A job counts to the local day on which it was sent. The day's cap is held against the total of today.
--json is one object: amounts in US dollars, days as local ISO dates, oldest first, null where there is no cap.
"""


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
        description=_DESCRIPTION,
        epilog=_EPILOG,
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
    submit = add("submit", "send a request", _SUBMIT_EPILOG)
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
    _add_resolve(add("resolve", "say what became of jobs that may have been charged", _RESOLVE_EPILOG))
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
    jobs = add("jobs", "list jobs, newest first", _QUERY_EPILOG)
    jobs.add_argument("query", metavar="QUERY", nargs="*", help="what to look for, see below")
    jobs.add_argument("--limit", metavar="N", type=_whole(1, 1_000_000_000), help="no more than so many")
    _add_json(jobs)
    show = add("show", "show everything that is known of a job")
    show.add_argument("id", metavar="ID", help="a job's id, or enough of its beginning")
    _add_json(show)
    export = add("export", "copy pictures and parameters to a folder, or write a table", _EXPORT_EPILOG)
    export.add_argument("query", metavar="QUERY", nargs="*", help="what to export; all where nothing is said")
    export.add_argument("--to", metavar="DIR|FILE", required=True, help="a folder, or a .csv, .jsonl or .json file")
    export.add_argument("--replace", action="store_true", help="a table of that name may be replaced")
    spend = add("spend", "show what was spent, day by day, and what the caps leave", _SPEND_EPILOG)
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
