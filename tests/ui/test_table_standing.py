"""Rows come, go and are sorted anew: cursor, marks and view stay on their jobs, whatever the order of things."""

import random
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot

from krea_tui.domain.job import JobStatus
from krea_tui.ui.live_table.marking import Marking, Span
from tests.support.job_tables import Rows, TableApp, WatchedTable, a_job, running, settle

# --- marks against the plainest model of them -----------------------------------------------------------------------

COUNT = 8
KEYS = [f"row{index}" for index in range(COUNT)]
LONGEST = 5

steps = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), st.integers(0, COUNT - 1)),
        st.tuples(st.just("extend"), st.integers(0, COUNT - 1)),
        st.tuples(st.just("toggle"), st.integers(0, COUNT - 1)),
        st.tuples(st.just("move"), st.integers(0, COUNT - 1)),
        st.tuples(st.just("clear"), st.just(0)),
        st.tuples(st.just("answer"), st.just(0)),
    ),
    max_size=30,
)


class Naive:
    """A range marks what lies between its ends and gives the rest back, all keys being known."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.drawn: tuple[int, set[str]] | None = None

    def extend(self, cursor: int, to: int) -> None:
        anchor, base = self.drawn or (cursor, set(self.keys))
        self.drawn = (anchor, base)
        self.keys = base | set(KEYS[min(anchor, to) : max(anchor, to) + 1])


@settings(max_examples=500)
@given(steps, st.sets(st.integers(0, COUNT - 1), max_size=3))
def test_marks_are_those_of_the_plainest_model_once_every_question_is_answered(
    taken: list[tuple[str, int]], unknown: set[int]
) -> None:
    marking, naive, cursor = Marking(), Naive(), 0
    asked: list[Span] = []

    def keys_between(first: int, last: int) -> list[str] | None:
        wanted = range(first, last + 1)
        return None if len(wanted) > LONGEST or unknown & set(wanted) else [KEYS[index] for index in wanted]

    def answer() -> None:
        for span in asked:
            marking.answer(span.ticket, KEYS[span.first : span.last + 1])
        asked.clear()

    for step, index in taken:
        if step != "extend":
            answer()
        if step == "extend":
            if (span := marking.extend(cursor, KEYS[cursor], index, keys_between)) is not None:
                asked.append(span)
            naive.extend(cursor, index)
            cursor = index
        elif step == "toggle":
            marking.toggle(KEYS[index])
            naive.keys ^= {KEYS[index]}
            naive.drawn = None
        elif step == "move":
            marking.end_range()
            naive.drawn, cursor = None, index
        elif step == "clear":
            marking.replace(())
            naive.keys, naive.drawn = set(), None
        if not asked:
            assert marking.keys == naive.keys
    answer()
    assert marking.keys == naive.keys
    assert len(marking) == len(naive.keys)
    assert marking.is_begun is bool(naive.keys)


def test_a_range_goes_on_from_its_row_when_others_come_above_it() -> None:
    marking = Marking()
    marking.extend(3, "row3", 5, lambda first, last: KEYS[first : last + 1])
    later = ["new0", "new1", *KEYS]
    marking.rows_moved(later.index, 7)
    marking.extend(7, "row5", 6, lambda first, last: later[first : last + 1])
    assert marking.keys == {"row3", "row4"}


def test_a_range_that_is_torn_apart_has_ended_and_the_next_begins_at_the_cursor() -> None:
    marking = Marking()
    marking.extend(3, "row3", 5, lambda first, last: KEYS[first : last + 1])
    later = KEYS[::-1]
    marking.rows_moved(later.index, later.index("row5"))
    marking.extend(2, "row5", 1, lambda first, last: later[first : last + 1])
    assert marking.keys == {"row3", "row4", "row5", "row6"}


# --- the table on the screen ----------------------------------------------------------------------------------------


class Watch:
    """What must hold of the screen after anything that happens."""

    def __init__(self, app: TableApp, pilot: Pilot[None]) -> None:
        self.app, self.table, self.pilot = app, app.table, pilot
        self.rows: Rows = app.rows

    def keys(self) -> list[str]:
        return [job.id for job in self.rows.jobs if job is not None]

    async def settled(self) -> None:
        await settle(self.pilot, lambda: not self.table._flush_is_due)

    def check(self) -> None:
        table, keys = self.table, self.keys()
        top = table.scroll_offset.y
        painted = [strip.text for strip in self.app.screen._compositor.render_strips()]
        assert table.cursor_key == (keys[table.cursor_index] if keys else None)
        for line, key in enumerate(keys[top : top + table.size.height - 1], 1):
            text = painted[line]
            assert f"picture number {key.removeprefix('id')} " in text
            assert (text[0] == "▌") is (key == table.cursor_key)
            assert (text[1] == "✓") is (key in table.marked)
        for line in range(max(1, len(keys) - top + 1), table.size.height):
            assert keys == [] or painted[line].strip() == ""

    async def change_rows(self, change: Callable[[list[object]], None]) -> None:
        table, before = self.table, self.keys()
        cursor, marked, top = table.cursor_key, table.marked, table.scroll_offset.y
        line = table.cursor_index - top
        was_seen = 0 <= line < table.size.height - 1
        change(self.rows.jobs)  # type: ignore[arg-type]
        table.rows_changed()
        await self.settled()
        after = self.keys()
        assert table.marked == marked
        if not table._was_moved:
            assert table.cursor_index == 0
        elif cursor in after:
            assert table.cursor_key == cursor
        elif after:
            seen = before[top : top + table.size.height - 1]
            below = [key for key in seen[line + 1 :] if key in set(after)] if was_seen else []
            # The next one that was seen below it takes its place.
            assert not below or table.cursor_key == below[0]
        if was_seen and cursor in after and top > 0 and table._was_moved:
            highest = max(0, len(after) - (table.size.height - 1))
            wanted = table.cursor_index - line
            assert table.scroll_offset.y == max(0, min(wanted, highest))


presses = st.sampled_from(
    ["down", "up", "pagedown", "pageup", "end", "home", "space", "shift+down", "shift+up", "shift+pagedown", "escape"]
)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("press"), presses),
        st.tuples(st.just("press"), presses),
        st.tuples(
            st.sampled_from(["insert", "remove", "shuffle", "reverse", "change", "scroll", "top"]), st.integers()
        ),
    ),
    min_size=4,
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 60), acts)
async def test_whatever_happens_everything_stays_on_its_job(count: int, taken: list[tuple[str, object]]) -> None:
    async with running(Rows(count), (90, 12)) as (app, table, pilot):
        watch, next_seq = Watch(app, pilot), count + 1
        for act, what in taken:
            if act == "press":
                await pilot.press(str(what))
                await watch.settled()
            else:
                assert isinstance(what, int)
                next_seq = await happens(watch, table, act, random.Random(what), next_seq)
            watch.check()


async def happens(watch: Watch, table: WatchedTable, act: str, dice: random.Random, next_seq: int) -> int:
    """One thing happens to the rows or to the view; returns the next free number."""
    rows = watch.rows

    def insert(jobs: list[object]) -> None:
        for seq in range(next_seq, next_seq + 3):
            place = dice.choice([0, 0, dice.randint(0, len(jobs))])
            jobs.insert(place, a_job(seq))

    def remove(jobs: list[object]) -> None:
        for job in dice.sample(jobs, min(len(jobs), dice.randint(1, 12))):
            jobs.remove(job)

    changes: dict[str, Callable[[list[object]], None]] = {
        "insert": insert,
        "remove": remove,
        "shuffle": dice.shuffle,
        "reverse": lambda jobs: jobs.reverse(),
    }
    if act in changes:
        await watch.change_rows(changes[act])
    elif act == "change":
        changed = dice.sample(watch.keys(), min(len(rows), 5))
        for key in changed:
            rows.change(key, status=dice.choice([JobStatus.QUEUED, JobStatus.ERROR, JobStatus.CANCELLED]))
        table.keys_changed(changed)
        await watch.settled()
    else:
        table.scroll_to(y=0 if act == "top" else dice.randint(0, 60), animate=False)
        await watch.settled()
    return next_seq + 3
