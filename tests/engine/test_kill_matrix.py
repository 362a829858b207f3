"""kill -9 at every step and at every byte, in real processes: what is paid is known, and nothing is paid twice.

A reference run counts the steps that leave a trace outside the process (commits, files, locks, sockets); then one
process after the other dies at each of them. A proxy kills at places of the bytes on the wire. After each death
another process goes on, and the gateway's books, the history, the wire and the disk are compared
(`tests.support.killing.Round.check`). `--kill-rounds N` adds N random rounds, with two deaths in a row among them.
"""

import os
import random
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from krea_tui.domain.job import HoldReason
from tests.support.cutting_proxy import Cut, Kind, Place, Side
from tests.support.killed_studio import LEADING, WAITING
from tests.support.killing import Figures, Life, Round
from tests.support.waiting import wait_until

AT_ONCE = 6
JOBS = 2
TAKEOVER_LIMIT_S = 5.0
OVER_FIVE_MINUTES_S = 301.0
# At these every occurrence counts; of the others (sockets, writes, folders) the first of each kind.
COMMIT_POINTS = frozenset({"COMMIT", "PRAGMA", "fsync", "rename", "replace", "flock"})
IN_FLIGHT = "after send rest#1"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Play = Callable[[Round], Figures]


def play_all(folder: Path, plays: Mapping[str, Play]) -> dict[str, Figures]:
    """Every play on a round of its own, a few at a time; all that went wrong is told together."""

    def one(entry: tuple[int, str]) -> Figures | str:
        number, name = entry
        try:
            with Round(folder / str(number)).serving() as on:
                return plays[name](on)
        except (AssertionError, KeyError, ValueError, OSError) as error:
            return f"{number} {name}: {type(error).__name__} {error}"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(one, enumerate(plays)))
    wrong = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert not wrong, "\n".join(wrong)
    figures = {name: figures for name, figures in zip(plays, outcomes, strict=True) if isinstance(figures, Figures)}
    print(f"\n{sum(figures.values(), Figures())}")  # noqa: T201 -- the figures are what many rounds are run for
    return figures


def is_commit_point(step: str) -> bool:
    return step.split()[1] in COMMIT_POINTS


def steps_of_a_whole_life(folder: Path) -> list[str]:
    with Round(folder).serving() as on:
        steps = on.live(JOBS).steps
        assert on.check() == Figures(rounds=1, jobs=JOBS, posts=JOBS, charges=JOBS, completed=JOBS)
    return steps


def steps_of_a_recovery(folder: Path) -> list[str]:
    with Round(folder).serving() as on:
        on.live(JOBS, die_at=IN_FLIGHT)
        steps = on.live(releases=True).steps
        figures = on.check()
    assert (figures.unconfirmed, figures.completed) == (1, JOBS - 1)
    return steps


def die_and_recover(on: Round, *, die_at: str | None = None, cut: Cut | None = None, jobs: int = JOBS) -> Figures:
    on.live(jobs, die_at=die_at, cut=cut)
    on.live(releases=True)
    figures = on.check()
    assert figures.held == 0, "the person has let go what was not sent"
    assert figures.jobs in {0, jobs}, "jobs are accepted together or not at all"
    return figures


def die_twice(on: Round, die_at: str) -> Figures:
    on.live(JOBS, die_at=IN_FLIGHT)
    on.live(die_at=die_at, releases=True)
    on.live(releases=True)
    figures = on.check()
    assert (figures.unconfirmed, figures.completed) in {(1, JOBS - 1), (2, JOBS - 2)}
    return figures


def test_killed_at_every_step(tmp_path: Path) -> None:
    steps = steps_of_a_whole_life(tmp_path / "reference")
    chosen = [step for step in steps if is_commit_point(step) or step.endswith("#1")]
    figures = play_all(tmp_path, {step: partial(die_and_recover, die_at=step) for step in chosen})
    # Threads take turns as they like: the last of a kind may not come in every life, the first does.
    assert [step for step in chosen if is_commit_point(step) and step.endswith("#1") and not figures[step].kills] == []


def test_killed_again_at_every_commit_and_lock_of_the_recovery(tmp_path: Path) -> None:
    steps = steps_of_a_recovery(tmp_path / "reference")
    chosen = [step for step in steps if is_commit_point(step) and step.endswith("#1")]
    assert any("Doubted" in step for step in chosen)
    assert any("Released" in step for step in chosen)
    figures = play_all(tmp_path, {step: partial(die_twice, die_at=step) for step in chosen})
    assert {outcome.kills for outcome in figures.values()} == {2}


POST_CUTS = [
    *(Cut(Kind.POST, Side.REQUEST, place, passes_on=passes_on) for place in Place for passes_on in (True, False)),
    *(Cut(Kind.POST, Side.ANSWER, place) for place in Place),
    Cut(Kind.POST, Side.REQUEST, Place.WHOLE, nth=2),
    Cut(Kind.POST, Side.ANSWER, Place.IN_BODY, nth=2),
]
LATER_CUTS = [
    Cut(kind, side, place)
    for kind in (Kind.STATUS, Kind.MEDIA)
    for side, places in ((Side.REQUEST, (Place.IN_HEADERS, Place.WHOLE)), (Side.ANSWER, Place))
    for place in places
]


def cut_a_post(on: Round, cut: Cut) -> Figures:
    figures = die_and_recover(on, cut=cut)
    is_charged = cut.side is Side.ANSWER or (cut.place is Place.WHOLE and cut.passes_on)
    if cut.side is Side.ANSWER and cut.place is Place.WHOLE:
        # It has the whole answer: it may have been quick enough to write it down.
        assert figures.unconfirmed <= 1
        return figures
    assert (figures.unconfirmed, figures.unconfirmed_charged) == (1, int(is_charged))
    assert figures.completed == JOBS - 1
    return figures


def cut_later(on: Round, cut: Cut) -> Figures:
    # One job alone, or the next POST might be on its way at that moment.
    figures = die_and_recover(on, cut=cut, jobs=1)
    assert (figures.unconfirmed, figures.completed, figures.charges) == (0, 1, 1)
    return figures


def test_killed_at_every_place_of_a_request_and_its_answer(tmp_path: Path) -> None:
    plays: dict[str, Play] = {str(cut): partial(cut_a_post, cut=cut) for cut in POST_CUTS}
    plays |= {str(cut): partial(cut_later, cut=cut) for cut in LATER_CUTS}
    assert len(plays) == len(POST_CUTS) + len(LATER_CUTS)
    figures = play_all(tmp_path, plays)
    assert {outcome.kills for outcome in figures.values()} == {1}


# --- a disk that refuses the one commit that counts ------------------------------------------------------------------

ACCEPTANCE = "COMMIT apply(Accepted)"
KEPT = ("before fsync _fill<keep#1", "after fsync _fill<keep#1")
TAKEN_IN = (
    f"before {ACCEPTANCE}#1",
    f"amid {ACCEPTANCE}#1",
    f"after {ACCEPTANCE}#1",
    "before fsync _fill<clear#1",
    "after fsync _fill<clear#1",
)


def keep_and_take_in(on: Round, die_at: str, again_at: str) -> Figures:
    on.live(1, die_at=die_at, refused=ACCEPTANCE)
    on.live(die_at=again_at)
    on.live()
    figures = on.check()
    assert figures == Figures(rounds=1, kills=2, jobs=1, posts=1, charges=1, completed=1)
    return figures


def test_killed_while_the_history_refuses_an_acceptance_it_is_known_all_the_same(tmp_path: Path) -> None:
    deaths = [(die_at, again_at) for die_at in KEPT for again_at in TAKEN_IN]
    play_all(tmp_path, {" ".join(two): partial(keep_and_take_in, die_at=two[0], again_at=two[1]) for two in deaths})


# --- what was held when its process died -----------------------------------------------------------------------------

ACCEPTED = "after COMMIT insert#1"


def test_what_was_held_waits_for_the_person_after_a_death_without_witnesses(tmp_path: Path) -> None:
    with Round(tmp_path).serving() as on:
        on.live(3, die_at=ACCEPTED)
        assert on.proxy.posts == []
        on.live()
        assert on.check() == Figures(rounds=1, kills=1, jobs=3, held=3, left_over=3)


def test_what_was_held_is_not_sent_by_a_command_and_the_app_asks(tmp_path: Path) -> None:
    with Round(tmp_path).serving() as on:
        on.live(3, die_at=ACCEPTED)
        on.live(is_command=True)
        assert on.check() == Figures(rounds=1, kills=1, jobs=3, held=3)
        assert {job.hold_reason for job in on.jobs()} == {HoldReason.READY}
        on.live()
        assert on.check() == Figures(rounds=1, kills=1, jobs=3, held=3, left_over=3)


def test_what_was_held_longer_than_five_minutes_is_left_over_and_never_sent_by_itself(tmp_path: Path) -> None:
    with Round(tmp_path).serving() as on:
        on.live(3, die_at="after send rest#1")
        on.grow_old(OVER_FIVE_MINUTES_S)
        for _ in range(2):
            on.live()
            figures = on.check()
            assert (figures.unconfirmed, figures.held, figures.left_over, figures.posts) == (1, 2, 2, 1)


# --- two processes on one data directory -----------------------------------------------------------------------------

DEATHS_OF_A_LEADER: list[str | Cut] = [
    "after COMMIT claim(Claimed)#2",
    "after connect#2",
    "amid send rest#2",
    "after recv answer#2",
    "amid COMMIT apply(Accepted)#2",
    "before rename _put<finish#1",
    "before COMMIT apply(PictureSaved)#1",
    Cut(Kind.POST, Side.REQUEST, Place.IN_HEADERS, nth=2),
    Cut(Kind.POST, Side.REQUEST, Place.WHOLE, nth=2),
    Cut(Kind.POST, Side.REQUEST, Place.WHOLE, nth=2, passes_on=False),
    Cut(Kind.POST, Side.ANSWER, Place.IN_FIRST_LINE, nth=2),
    Cut(Kind.STATUS, Side.ANSWER, Place.IN_BODY),
]


def leads(life: Life) -> bool:
    return life.moment_of(LEADING) is not None


def tries_to_lead(life: Life) -> int:
    return sum(step.startswith("before flock try_acquire") for step in life.steps)


def follows(life: Life) -> bool:
    # By its second try it has met the one that leads.
    return tries_to_lead(life) > 1 and not leads(life)


def take_over(on: Round, death: str | Cut) -> Figures:
    # The one with the lock waits for the other: its jobs come only when both are there.
    die_at, cut = (death, None) if isinstance(death, str) else (None, death)
    first = on.start(3, die_at=die_at, cut=cut, waits=True)
    wait_until(lambda: leads(first), within_s=20, what="the first leads")
    second = on.start(1)
    wait_until(lambda: follows(second), within_s=20, what="the second follows")
    first.go()
    on.end(first)
    on.end(second)
    figures = on.check()
    assert figures.kills == 1
    assert (figures.jobs, figures.held) == (4, 0)
    posts_of_the_second = [post for post in on.proxy.posts if post.key == second.order.key]
    assert all(post.began_at > first.died_at for post in posts_of_the_second), "two senders"
    took_over_at = second.moment_of(LEADING)
    assert took_over_at is not None
    assert first.died_at < took_over_at
    assert took_over_at - first.died_at < TAKEOVER_LIMIT_S
    return figures


def test_the_other_takes_over_within_five_seconds_wherever_the_first_died(tmp_path: Path) -> None:
    play_all(tmp_path, {str(death): partial(take_over, death=death) for death in DEATHS_OF_A_LEADER})


def test_a_process_that_is_only_stopped_goes_on_leading(tmp_path: Path) -> None:
    with Round(tmp_path).serving() as on:
        first = on.start(3, waits=True)
        # At rest: stopped in the middle of a commit it would hold the history for itself.
        wait_until(lambda: first.moment_of(WAITING) is not None, within_s=20, what="the first leads and waits")
        assert leads(first)
        os.kill(first.pid, signal.SIGSTOP)
        second = on.start(1)
        wait_until(lambda: tries_to_lead(second) >= 4, within_s=20)
        assert not leads(second)
        assert on.proxy.posts == []
        first.go()
        os.kill(first.pid, signal.SIGCONT)
        on.end(first)
        on.end(second)
        assert on.check() == Figures(rounds=1, jobs=4, posts=4, charges=4, completed=4)


# --- many rounds by chance -------------------------------------------------------------------------------------------


def some_cut(chance: random.Random, jobs: int) -> Cut:
    kind = chance.choices(list(Kind), (4, 2, 1))[0]
    place = chance.choice([*Place, *(chance.random() for _ in Place)])
    return Cut(kind, chance.choice(list(Side)), place, chance.randint(1, jobs), passes_on=chance.random() < 0.7)


def by_chance(on: Round, seed: int, steps: list[str], recovery: list[str]) -> Figures:
    chance = random.Random(seed)
    jobs = chance.randint(1, 4)
    for turn in range(chance.choices((1, 2, 3), (5, 4, 1))[0]):
        is_command = turn > 0 and chance.random() < 0.2
        if turn > 0 and chance.random() < 0.2:
            on.grow_old(OVER_FIVE_MINUTES_S)
        count = jobs if turn == 0 else chance.choice((0, 0, 1))
        if chance.random() < 0.5:
            on.live(count, cut=some_cut(chance, jobs), is_command=is_command)
        else:
            on.live(count, die_at=chance.choice(steps if turn == 0 else recovery), is_command=is_command)
    releases = chance.random() < 0.5
    on.live(releases=releases)
    figures = on.check()
    assert figures.held == (0 if releases else figures.left_over)
    return figures


def test_killed_by_chance(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    rounds = int(request.config.getoption("--kill-rounds"))
    first_seed = int(request.config.getoption("--kill-seed"))
    steps = steps_of_a_whole_life(tmp_path / "reference")
    recovery = steps_of_a_recovery(tmp_path / "recovery")
    plays = {
        f"seed {seed}": partial(by_chance, seed=seed, steps=steps, recovery=recovery)
        for seed in range(first_seed, first_seed + rounds)
    }
    assert sum(outcome.kills for outcome in play_all(tmp_path, plays).values()) >= rounds * 0.8
