"""What the status line says of the engine, and what it leaves out first where there is no room."""

import pytest

from krea_tui.domain.job import KEPT_BACK, HoldReason, JobStatus
from krea_tui.domain.money import Ledger
from krea_tui.engine.book import JobBook
from krea_tui.engine.health import Pause, PauseReason
from krea_tui.ui.situation import matters_of, money_left, situation_of, stays_capped
from krea_tui.ui.widgets.status_bar import Situation, StatusBar
from tests.ui.app_support import GATEWAY, NOW, a_job, plan_for

FULL = Situation(
    gateway="gateway.pixazo.ai",
    running=7,
    held=2,
    spent="today $1.92 / $20.00",
    alarm="402 wallet empty · p resumes",
    waiting_for="next check",
    waits_until=NOW + 4,
)


def said(book: JobBook, *, cap: int | None = None, is_demo: bool = False) -> Situation:
    return situation_of(book, now=NOW, gateway="gateway.example", cap_microusd=cap, is_demo=is_demo)


def line(situation: Situation, width: int, now: float = NOW) -> str:
    bar = StatusBar(now=lambda: now)
    bar._situation = situation
    return bar._line(width).plain


def test_it_counts_what_runs_is_held_and_is_in_doubt() -> None:
    book = JobBook()
    book.put(
        [
            a_job("a", JobStatus.QUEUED),
            a_job("b", JobStatus.PROCESSING),
            a_job("c", JobStatus.HELD, hold_reason=HoldReason.READY),
            a_job("d", JobStatus.UNCONFIRMED),
            a_job("e", JobStatus.FAILED),
        ]
    )
    situation = said(book)
    assert (situation.running, situation.held, situation.alarm) == (2, 1, "")


def test_a_receiver_that_cannot_listen_is_mentioned_where_nothing_else_presses() -> None:
    book = JobBook()
    book.health.callbacks_trouble = "webhook.port: port 8765 is taken by another program, so no callbacks are received"
    assert said(book).alarm == "no callbacks · check webhook.port"
    assert said(book).is_well
    book.health.pause = Pause(PauseReason.MONEY, "words of the gateway")
    assert "402" in said(book).alarm


@pytest.mark.parametrize("reason", list(PauseReason))
def test_each_pause_has_words_of_its_own(reason: PauseReason) -> None:
    book = JobBook()
    book.health.pause = Pause(reason, "words of the gateway")
    situation = said(book)
    assert situation.alarm
    assert not situation.is_well
    others = set()
    for other in PauseReason:
        book.health.pause = Pause(other, "words")
        others.add(said(book).alarm)
    assert len(others) == len(PauseReason)


@pytest.mark.parametrize(
    ("reason", "key"),
    [(PauseReason.PERSON, "p"), (PauseReason.MONEY, "p"), (PauseReason.KEY, "K"), (PauseReason.DOUBT, "p")],
)
def test_a_pause_names_the_key_that_ends_it(reason: PauseReason, key: str) -> None:
    book = JobBook()
    book.health.pause = Pause(reason, "words")
    assert key in said(book).alarm.split()


def test_what_waits_for_a_decision_is_named_with_count_sum_and_key() -> None:
    book = JobBook()
    assert matters_of(book, GATEWAY) == ()
    book.put([a_job("a", JobStatus.HELD), a_job("b", JobStatus.HELD)])
    book.put([a_job("c", JobStatus.UNCONFIRMED), a_job("d", JobStatus.UNCONFIRMED, settled_at=NOW)])
    book.put(
        [
            a_job(f"e{state}", state, profile="https://other.example")
            for state in (JobStatus.UNCONFIRMED, JobStatus.HELD)
        ]
    )
    doubtful, left = matters_of(book, GATEWAY)
    assert doubtful[:2] == ("? 1 request may have been paid for: $0.06 at risk", "u")
    assert left[:2] == ("‖ 2 jobs left over, $0.12", "l")
    demo = JobBook()
    demo.put([a_job("a", JobStatus.HELD, profile="demo"), a_job("b", JobStatus.HELD, profile="demo")])
    demo.put([a_job("c", JobStatus.UNCONFIRMED, profile="demo")])
    assert [matter.words for matter in matters_of(demo, "demo")] == ["? 1 request unconfirmed", "‖ 2 jobs left over"]


def test_what_nothing_holds_any_more_is_named_with_the_key_that_sends_it() -> None:
    book = JobBook()
    book.put([a_job("a", JobStatus.HELD, hold_reason=HoldReason.CAP)])
    book.put([a_job("b", JobStatus.HELD, hold_reason=HoldReason.MONEY, profile="https://other.example")])
    [held] = matters_of(book, GATEWAY)
    assert held[:2] == ("‖ 1 job held, $0.06", "p")
    book.health.pause = Pause(PauseReason.CAP, "words")
    assert matters_of(book, GATEWAY) == ()
    book.health.pause = None
    book.put([a_job("c", JobStatus.HELD, hold_reason=HoldReason.READY)])
    assert matters_of(book, GATEWAY) == ()


def test_a_cap_that_has_room_again_says_so() -> None:
    book = JobBook()
    book.put([a_job("a", JobStatus.HELD, hold_reason=HoldReason.CAP)])
    book.health.pause = Pause(PauseReason.CAP, "the day's cap is reached")
    book.ledger = Ledger(1_950_000)
    assert said(book, cap=2_000_000).alarm == "daily cap reached · p resumes tomorrow"
    book.ledger = Ledger(1_940_000)
    assert said(book, cap=2_000_000).alarm == "the daily cap has room · p resumes"


def test_a_cap_that_will_bind_is_known_before_anything_is_let_go() -> None:
    book = JobBook()
    book.ledger = Ledger(1_950_000)
    assert not stays_capped(book, 2_000_000, GATEWAY)
    book.put([a_job("a", JobStatus.HELD, hold_reason=HoldReason.PAUSED, error="paused")])
    assert stays_capped(book, 2_000_000, GATEWAY)
    assert not stays_capped(book, 2_010_000, GATEWAY)
    assert not stays_capped(book, None, GATEWAY)
    assert not stays_capped(book, 2_000_000, "https://other.example")
    book.put([a_job("b", JobStatus.HELD, hold_reason=HoldReason.READY, price_microusd=10_000, priority=1)])
    assert not stays_capped(book, 2_000_000, GATEWAY)


def test_what_the_person_keeps_back_alone_is_not_named_among_what_p_sends() -> None:
    book = JobBook()
    book.put([a_job("a", JobStatus.HELD, hold_reason=HoldReason.PAUSED, error=KEPT_BACK)])
    assert matters_of(book, GATEWAY) == ()
    assert not stays_capped(book, 0, GATEWAY)


def test_the_worst_is_the_alarm() -> None:
    book = JobBook()
    book.health.download_pause = Pause(PauseReason.DISK, "the disk is full: cannot save a picture")
    assert said(book).alarm == "pictures wait: the disk is full"
    book.health.pause = Pause(PauseReason.MONEY, "402")
    assert said(book).alarm.startswith("402")


def test_the_countdown_is_for_the_worst_that_is_waited_for() -> None:
    book = JobBook()
    health = book.health
    assert (said(book).waiting_for, said(book).waits_until) == ("", None)
    health.next_check_at = NOW + 4
    assert (said(book).waiting_for, said(book).waits_until) == ("next check", NOW + 4)
    health.send_backoff_until = NOW + 9
    assert said(book).waiting_for == "next check"
    book.put([a_job("held", JobStatus.HELD)])
    assert (said(book).waiting_for, said(book).waits_until) == ("next try", NOW + 9)
    health.rate_limited_until = NOW + 30
    assert (said(book).waiting_for, said(book).waits_until) == ("429, waiting", NOW + 30)
    health.breaker_until = NOW + 60
    assert said(book).waits_until == NOW + 60
    assert not said(book).is_well


def test_a_probe_of_the_gateway_that_takes_its_time_is_not_called_now_for_ever() -> None:
    book = JobBook()
    book.health.breaker_until = NOW - 30
    assert (said(book).waiting_for, said(book).waits_until) == ("gateway in trouble", None)
    assert "gateway in trouble" in line(said(book), 120)
    book.put([a_job("a", JobStatus.PROCESSING)])
    assert "gateway in trouble, trying" in line(said(book), 120)
    book.health.breaker_until = NOW + 12
    assert "gateway in trouble, next try 12 s" in line(said(book), 120)


def test_what_is_over_is_not_waited_for() -> None:
    book = JobBook()
    book.health.rate_limited_until = book.health.send_backoff_until = NOW - 1
    assert said(book).waiting_for == ""


def test_money_is_told_with_the_cap_and_never_below_zero() -> None:
    book = JobBook()
    book.ledger = Ledger(spent_microusd=1_000_000, reserved_microusd=120_000, held_microusd=60_000)
    assert said(book).spent == "today $1.12"
    assert said(book, cap=20_000_000).spent == "today $1.12 / $20.00"
    assert money_left(book, 20_000_000, is_demo=False) == "$18.82 left today"
    assert money_left(book, 500_000, is_demo=False) == "$0.00 left today"
    assert money_left(book, None, is_demo=False) == ""
    assert money_left(book, 20_000_000, is_demo=True) == "nothing is spent"


def test_the_gateway_is_named_by_its_host() -> None:
    assert plan_for("http://127.0.0.1:8799").gateway_name == "127.0.0.1:8799"
    assert plan_for(is_demo=True).gateway_name == "simulator"


def test_a_follower_says_so() -> None:
    book = JobBook()
    assert not said(book).follows
    book.health.is_follower = True
    assert said(book).follows


def test_nothing_is_counted_down_that_only_the_person_can_start() -> None:
    book = JobBook()
    book.put([a_job("held", JobStatus.HELD)])
    book.health.send_backoff_until = NOW + 9
    book.health.pause = Pause(PauseReason.DOUBT, "words")
    assert said(book).waiting_for == ""


# --- the line -------------------------------------------------------------------------------------------------------


def test_a_wide_line_says_everything() -> None:
    words = line(FULL, 160)
    for part in (
        "krea·tui", FULL.alarm, "● gateway.pixazo.ai", "7 running  2 held", FULL.spent,
        "next check 4 s",
    ):  # fmt: skip
        assert part in words
    assert len(words) == 160


@pytest.mark.parametrize("width", range(30, 161, 5))
def test_a_line_is_never_longer_than_its_place(width: int) -> None:
    assert len(line(FULL, width)) == width
    assert len(line(FULL._replace(is_demo=True), width)) == width


@pytest.mark.parametrize(
    ("width", "stays", "goes"),
    [
        (120, ("402", "running", "today"), ("gateway",)),
        (80, ("402", "running", "next check"), ("gateway", "today")),
        (60, ("402", "running"), ("gateway", "today", "next check")),
    ],
)
def test_what_needs_the_person_goes_last(width: int, stays: tuple[str, ...], goes: tuple[str, ...]) -> None:
    words = line(FULL, width)
    assert [part for part in stays if part not in words] == []
    assert [part for part in goes if part in words] == []


def test_a_line_has_no_half_words() -> None:
    parts = {"krea·tui", FULL.alarm, "● gateway.pixazo.ai", "7 running  2 held", FULL.spent}
    parts.add("next check 4 s")
    for width in range(40, 161):
        shown = {part.strip() for part in line(FULL, width).split("   ") if part.strip()}
        assert shown <= parts


@pytest.mark.parametrize(
    ("left_s", "words"), [(4.4, "next check 4 s"), (0.2, "next check now"), (-2.0, "next check now")]
)
def test_the_countdown_ends_in_now(left_s: float, words: str) -> None:
    assert words in line(FULL._replace(waits_until=NOW + left_s), 160)


def test_what_was_long_over_is_not_called_now() -> None:
    assert "next check" not in line(FULL._replace(waits_until=NOW - 9), 160)


def test_nothing_to_do_is_called_idle() -> None:
    assert "idle" in line(Situation(gateway="x"), 80)
    assert "held" not in line(Situation(gateway="x"), 80)


def test_the_demo_is_named_as_long_as_there_is_room() -> None:
    assert "demo: nothing is spent" in line(FULL._replace(is_demo=True, alarm=""), 100)
