"""`krea-tui spend`: what it adds up and for whom; and what the caps say on a command line."""

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from krea_tui.cli.spend import _lines
from krea_tui.config.settings import MoneySettings
from krea_tui.domain.job import Charge, HoldReason, Job, JobStatus, new_id
from krea_tui.domain.request import GenerationRequest
from krea_tui.domain.spending import Slice, Spending, report_of
from krea_tui.simulator import Behaviour
from krea_tui.storage.store import JobStore
from tests.cli.running import Cli, Ended, OpenGateway, field_of
from tests.support.waiting import wait_until

GATEWAY = "https://gateway.example"
DAY_S = 86_400
QUICK = Behaviour(latency_s=0.0)
ENDLESS = Behaviour(latency_s=600.0)


def _job(status: JobStatus, attempted_at: float | None, **changes: object) -> Job:
    values: dict[str, object] = {
        "id": new_id(),
        "request": GenerationRequest("a fox", 7),
        "price_microusd": 60_000,
        "created_at": attempted_at or time.time(),
        "profile": GATEWAY,
        "status": status,
        "hold_reason": HoldReason.LEFT_OVER if status is JobStatus.HELD else None,
        "attempted_at": attempted_at,
        **changes,
    }
    return Job(**values)  # type: ignore[arg-type]


def _stock(data_dir: Path, *jobs: Job) -> None:
    data_dir.mkdir(mode=0o700, exist_ok=True)
    store = JobStore(data_dir / "history.db")
    store.insert(jobs)
    store.close()


@pytest.fixture
def noon() -> float:
    """Today's noon, UTC: far from every midnight."""
    return datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0).timestamp()


@pytest.fixture
def stocked(cli: Cli, noon: float) -> Cli:
    """Two days of spending, and a gateway of another name beside ours."""
    cli.environ["KREA_TUI_GATEWAY"] = GATEWAY
    _stock(
        cli.data_dir,
        _job(JobStatus.COMPLETED, noon),
        _job(JobStatus.COMPLETED, noon, price_microusd=65_000),
        _job(JobStatus.PROCESSING, noon),
        _job(JobStatus.UNCONFIRMED, noon),
        _job(JobStatus.ERROR, noon),
        _job(JobStatus.HELD, None),
        *(_job(JobStatus.COMPLETED, noon - 3 * DAY_S) for _ in range(10)),
        _job(JobStatus.COMPLETED, noon - 200 * DAY_S),
        _job(JobStatus.COMPLETED, noon, profile="https://other.example"),
    )
    return cli


def _only(ended: Ended) -> dict[str, object]:
    assert ended.code == 0, ended.err
    [value] = ended.objects
    return value


def _table(ended: Ended) -> dict[str, list[str]]:
    rows = (line.split() for line in ended.out.splitlines() if line)
    return {row[0]: row[1:] for row in rows}


def test_without_a_history_or_a_key_it_is_a_report_of_nothing_and_makes_nothing(cli: Cli) -> None:
    ended = cli.run("spend", without=("PIXAZO_API_KEY",))
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 1 + 14 + 1 + 4 + 1 + 4
    assert ended.err == "There are no jobs yet.\n"
    report = _only(cli.run("spend", "--json", without=("PIXAZO_API_KEY",)))
    assert len(report["days"]) == 14  # type: ignore[arg-type]
    assert report["all_time"] == {"spent": 0.0, "reserved": 0.0, "at_risk": 0.0, "total": 0.0, "jobs": 0}
    assert not cli.data_dir.exists()


def test_the_object_holds_everything(stocked: Cli, noon: float) -> None:
    stocked.configure("[money]\ndaily_cap_usd = 0.40\nbatch_cap_usd = 2\nask_above_usd = 0.5\n")
    report = _only(stocked.run("spend", "--json", "--days", "4"))
    today = datetime.fromtimestamp(noon).date()  # noqa: DTZ006 -- the tests' zone is UTC
    sums = {"spent": 0.125, "reserved": 0.06, "at_risk": 0.06, "total": 0.245, "jobs": 4}
    nothing = {"spent": 0.0, "reserved": 0.0, "at_risk": 0.0, "total": 0.0, "jobs": 0}
    ten = {"spent": 0.6, "reserved": 0.0, "at_risk": 0.0, "total": 0.6, "jobs": 10}
    assert report["days"] == [
        {"day": str(today - timedelta(days=3)), **ten},
        {"day": str(today - timedelta(days=2)), **nothing},
        {"day": str(today - timedelta(days=1)), **nothing},
        {"day": str(today), **sums},
    ]
    assert report["today"] == {"day": str(today), **sums}
    assert report["last_7_days"] == {**sums, "spent": 0.725, "total": 0.845, "jobs": 14}
    assert report["all_time"] == {**sums, "spent": 0.785, "total": 0.905, "jobs": 15}
    assert report["month"]["month"] == f"{today:%Y-%m}"  # type: ignore[index]
    assert report["held"] == {"total": 0.06, "jobs": 1}
    assert report["caps"] == {"daily": 0.4, "batch": 2.0, "ask_above": 0.5}
    assert (report["left_today"], report["left_after_held"]) == (0.155, 0.095)
    assert report["gateway"] == GATEWAY
    assert str(report["at"]).endswith("Z")


def test_the_table_says_the_same_in_words(stocked: Cli, noon: float) -> None:
    stocked.configure("[money]\ndaily_cap_usd = 0.40\n")
    ended = stocked.run("spend", "--days", "4")
    rows = _table(ended)
    today = datetime.fromtimestamp(noon).date()  # noqa: DTZ006 -- the tests' zone is UTC
    assert rows[str(today)][1:6] == ["$0.125", "$0.06", "$0.06", "$0.245", "4"]
    assert rows[str(today)][6].strip("█▓░") == ""
    assert set(rows[str(today)][6]) == set("█▓░")
    assert rows[str(today - timedelta(days=1))][1:] == ["-"] * 5
    assert rows["today"] == ["$0.125", "$0.06", "$0.06", "$0.245", "4"]
    assert "$0.06, 1 job not sent" in ended.out
    assert "$0.40, $0.155 left today, $0.095 after what is held" in ended.out
    assert ended.err == ""


def test_all_days_begin_with_the_first_job(stocked: Cli) -> None:
    days = _only(stocked.run("spend", "--json", "--days", "all"))["days"]
    assert len(days) == 201  # type: ignore[arg-type]
    assert [days[0]["jobs"], days[-1]["jobs"]] == [1, 4]  # type: ignore[index]


@pytest.mark.parametrize("days", ["0", "-1", "some", "36526", "1.5"])
def test_a_wrong_number_of_days_is_named(cli: Cli, days: str) -> None:
    ended = cli.run("spend", "--days", days)
    assert (ended.code, ended.out) == (2, "")
    assert "--days" in ended.err


def test_a_day_is_the_person_s_own(cli: Cli) -> None:
    """03:00 UTC is the evening before in New York."""
    cli.environ["KREA_TUI_GATEWAY"] = GATEWAY
    at = datetime.now().astimezone().replace(hour=3, minute=0, second=0, microsecond=0).timestamp() - 2 * DAY_S
    _stock(cli.data_dir, _job(JobStatus.COMPLETED, at))
    busy = {
        zone: [day["day"] for day in _only(cli.run("spend", "--json", TZ=zone))["days"] if day["jobs"]]  # type: ignore[attr-defined]
        for zone in ("UTC", "America/New_York")
    }
    [utc], [new_york] = busy.values()
    assert datetime.fromisoformat(utc) - datetime.fromisoformat(new_york) == timedelta(days=1)


def test_where_blocks_cannot_be_shown_the_bars_are_ascii(stocked: Cli) -> None:
    ended = stocked.run("spend", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ended.code == 0
    assert ended.out.isascii()
    assert "\\u" not in ended.out
    assert "#" in ended.out
    stocked.configure("[screen]\nplain = true\n")
    assert stocked.run("spend").out == ended.out


@pytest.mark.parametrize("width", [60, 80, 120, 400])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    slices = [Slice(int(time.time()) - day * DAY_S, Charge.SPENT, 10**day, 10 ** (6 + day)) for day in range(6)]
    report = report_of(Spending(tuple(slices)), time.time())
    lines = [line.rstrip() for line in _lines(report, MoneySettings(), width, "#+?")]
    assert max(map(len, lines)) <= max(width, 69)
    assert any("#" in line for line in lines) == (width >= 80)


def test_reading_changes_nothing_on_disk(stocked: Cli) -> None:
    database = stocked.data_dir / "history.db"
    before = database.read_bytes()
    stocked.run("spend")
    assert database.read_bytes() == before


def test_the_demo_has_a_ledger_of_its_own_and_no_caps(stocked: Cli, noon: float) -> None:
    stocked.configure("[money]\ndaily_cap_usd = 0.05\nbatch_cap_usd = 0.05\n")
    _stock(stocked.data_dir / "demo", _job(JobStatus.COMPLETED, noon, profile="demo"))
    ended = stocked.run("--demo", "spend", "--json")
    report = _only(ended)
    assert (report["gateway"], report["all_time"]["jobs"]) == ("demo", 1)  # type: ignore[index]
    assert report["caps"] == {"daily": None, "batch": None, "ask_above": 1.0}
    assert "nothing was spent" in ended.err


def test_no_cap_binds_the_demo_and_nobody_is_asked(cli: Cli) -> None:
    cli.configure("[money]\ndaily_cap_usd = 0.05\nbatch_cap_usd = 0.05\nask_above_usd = 0.05\n")
    ended = cli.run("--demo", "submit", "a fox", "--count", "3", "--json")
    assert ended.code == 0, ended.err
    assert field_of(ended.objects, "hold_reason") == [None] * 3


def test_it_reads_beside_a_running_engine(cli: Cli, open_gateway: OpenGateway) -> None:
    open_gateway(ENDLESS)
    cli.start("submit", "a fox", "--wait")

    def reserved() -> bool:
        return bool(_only(cli.run("spend", "--json"))["today"]["reserved"] == 0.06)  # type: ignore[index]

    wait_until(reserved, 30, "the job on its way")


# --- caps ------------------------------------------------------------------------------------------------------------


def test_what_a_cap_holds_is_told_with_both_sums_and_goes_on_once_it_is_raised(
    cli: Cli, open_gateway: OpenGateway
) -> None:
    simulator = open_gateway(QUICK)
    cli.configure("[money]\ndaily_cap_usd = 0.10\n")
    ended = cli.run("submit", "a fox", "--count", "2", "--wait")
    assert ended.code == 5
    assert "HELD (cap)" in ended.out
    assert "$0.06 of $0.10" in ended.err
    assert "Resume tomorrow, or raise money.daily_cap_usd" in ended.err
    report = _only(cli.run("spend", "--json"))
    assert (report["today"]["total"], report["held"]) == (0.06, {"total": 0.06, "jobs": 1})  # type: ignore[index]
    assert (report["left_today"], report["left_after_held"]) == (0.04, 0.0)

    still = cli.run("resume")
    assert still.code == 5
    assert "$0.06 of $0.10" in still.err
    assert simulator.stats.posts == 1

    cli.configure("[money]\ndaily_cap_usd = 0.20\n")
    assert cli.run("resume").code == 0
    assert simulator.stats.posts == 2
    assert _only(cli.run("spend", "--json"))["left_today"] == 0.08


def test_what_yesterday_s_cap_held_goes_on_today(cli: Cli, open_gateway: OpenGateway, noon: float) -> None:
    simulator = open_gateway(QUICK)
    gateway = cli.environ["KREA_TUI_GATEWAY"]
    _stock(
        cli.data_dir,
        _job(JobStatus.COMPLETED, noon - DAY_S, profile=gateway),
        _job(JobStatus.HELD, noon - DAY_S, profile=gateway, hold_reason=HoldReason.CAP),
    )
    cli.configure("[money]\ndaily_cap_usd = 0.10\n")
    assert cli.run("resume").code == 0
    assert simulator.stats.posts == 1


def test_a_batch_over_its_cap_is_refused_with_both_sums(cli: Cli) -> None:
    cli.configure("[money]\nbatch_cap_usd = 0.10\n")
    refused = cli.run("submit", "a fox", "--count", "2", "--yes")
    assert (refused.code, refused.out) == (5, "")
    assert "2 jobs cost $0.12, the cap of a batch is $0.10" in refused.err
    assert "Nothing was stored or sent." in refused.err
