"""What SQLite finds is what the predicate says, in the order of the values; and a search ends when it is told to."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from krea_tui.domain.errors import SearchInterrupted, StoreError
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.matching import matches
from krea_tui.domain.ordering import NEWEST_FIRST, Ordering, SortKey, View, sort_value
from krea_tui.domain.query import parse_query
from krea_tui.storage.query import Selection, select_of
from krea_tui.storage.store import JobStore
from krea_tui.storage.threaded import ThreadedStore
from tests.support.making import AT, make_job, make_request
from tests.support.searching import IDS, VIEWS, jobs

# Counts to ten thousand million before it answers.
ENDLESS = Selection(
    "WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < 10000000000)"
    " SELECT count(*) AS seq FROM one",
    (),
)


def expected(view: View, stored: list[Job]) -> list[int]:
    found = sorted((job for job in stored if matches(view.terms, job)), key=lambda job: -job.seq)
    key = view.ordering.key
    valued = [job for job in found if sort_value(job, key) is not None]
    # Sorting is stable: those that are alike stay newest first.
    valued.sort(key=lambda job: sort_value(job, key), reverse=view.ordering.descending)  # type: ignore[arg-type, return-value]
    return [job.seq for job in (*valued, *(job for job in found if sort_value(job, key) is None))]


def found(store: JobStore, query: str) -> list[str]:
    return [job.request.prompt for job in store.page(select_of(View(parse_query(query, AT))), None)]


@settings(
    max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(drawn=st.lists(jobs(), min_size=5, max_size=8), views=st.lists(VIEWS, min_size=8, max_size=16))
def test_sqlite_and_the_predicate_always_agree(store: JobStore, drawn: list[Job], views: list[View]) -> None:
    store._connection.executescript("DELETE FROM jobs; INSERT INTO job_words (job_words) VALUES ('delete-all')")
    stored = store.insert(drawn)
    by_seq = {job.seq: job for job in stored}
    for view in views:
        seqs = list(store.order(select_of(view)))
        assert seqs == expected(view, stored)
        assert store.page(select_of(view), 3) == [by_seq[seq] for seq in seqs[:3]]
        event(f"terms {len(view.terms)}, found {'none' if not seqs else 'all' if len(seqs) == len(stored) else 'some'}")
    counts: dict[JobStatus, int] = {}
    for job in stored:
        if job.deleted_at is None:
            counts[job.status] = counts.get(job.status, 0) + 1
    assert store.status_counts() == counts


@pytest.mark.parametrize(
    ("query", "prompts"),
    [
        ("", ["CAFÉ au lait 🦊", "狐と月", "a lighthouse-keeper in the fog", "fog over a light house"]),
        ("light", ["a lighthouse-keeper in the fog", "fog over a light house"]),
        ("FOG light", ["a lighthouse-keeper in the fog", "fog over a light house"]),
        ('"light house"', ["fog over a light house"]),
        ('"light h', ["fog over a light house"]),
        ("lighthouse-k", ["a lighthouse-keeper in the fog"]),
        ("house", ["fog over a light house"]),
        ("keeper", ["a lighthouse-keeper in the fog"]),
        ("cafe", ["CAFÉ au lait 🦊"]),
        ("月", ["狐と月"]),
        ("狐と", ["狐と月"]),
        ("🦊", ["CAFÉ au lait 🦊"]),
        ("-fog", ["CAFÉ au lait 🦊", "狐と月"]),
        ("light -keeper", ["fog over a light house"]),
        ('-"light house" fog', ["a lighthouse-keeper in the fog"]),
        ("fog*", ["a lighthouse-keeper in the fog", "fog over a light house"]),
        ("NEAR(fog)", []),
        ("words:fog", None),
    ],
)
def test_words_are_found_as_they_are_typed(store: JobStore, query: str, prompts: list[str] | None) -> None:
    texts = ("fog over a light house", "a lighthouse-keeper in the fog", "狐と月", "CAFÉ au lait 🦊")
    store.insert([make_job(request=make_request(text)) for text in texts])
    if prompts is None:
        with pytest.raises(Exception, match="no search key"):
            found(store, query)
    else:
        assert found(store, query) == prompts


@pytest.mark.parametrize("terms", [200, 60])
def test_a_pasted_prompt_of_any_length_is_a_search(store: JobStore, terms: int) -> None:
    words = [f"word{number}" for number in range(terms)]
    [job] = store.insert([make_job(request=make_request(" ".join(words)))])
    store.insert([make_job(request=make_request(" ".join(reversed(words))))])
    assert found(store, f'"{" ".join(words)}"') == [job.request.prompt]
    several = parse_query(" ".join(words[:60]), AT)
    assert len(store.order(select_of(View(several)))) == 2
    negative = parse_query(" ".join(f"-x{number}" for number in range(30)) + " " + " ".join(words[:30]), AT)
    assert len(store.order(select_of(View(negative)))) == 2
    others = parse_query(" ".join(f"-cost:{number}" for number in range(60)), AT)
    assert len(store.order(select_of(View(others)))) == 2


def test_changes_are_found_at_once_and_what_is_deleted_only_in_the_trash(store: JobStore, other: JobStore) -> None:
    one, two = store.insert([make_job(id=job_id) for job_id in IDS[:2]])

    def ids(query: str) -> list[str]:
        return [job.id for job in other.page(select_of(View(parse_query(query, AT))), None)]

    store.mark([one.id], {"starred": True, "tags": ("keep", "print")})
    assert (ids("is:starred"), ids("tag:pri"), ids("-tag:keep")) == ([one.id], [one.id], [two.id])
    store.mark([one.id], {"deleted_at": AT})
    assert (ids("is:starred"), ids("fog"), ids("is:deleted tag:keep fog")) == ([], [two.id], [one.id])
    assert other.status_counts() == {JobStatus.HELD: 1}
    store.mark([one.id], {"deleted_at": None, "tags": ()})
    assert (ids("lighthouse"), ids("tag:keep")) == ([two.id, one.id], [])


def test_jobs_and_ids_come_in_the_order_that_is_asked_for(store: JobStore) -> None:
    first, second, third = store.insert([make_job() for _ in range(3)])
    store.mark([second.id], {"deleted_at": AT})
    wanted = [third.seq, first.seq, 99, second.seq]
    assert [job.id for job in store.jobs_by_seq(wanted)] == [third.id, first.id, second.id]
    assert store.ids_by_seq(wanted) == [third.id, first.id, second.id]
    assert (store.jobs_by_seq([]), store.ids_by_seq([])) == ([], [])


def test_an_order_of_tens_of_thousands_is_whole(store: JobStore) -> None:
    count = 20_000
    store._connection.execute("BEGIN")
    [job] = [store._insert_one(make_job())]
    columns = [
        row["name"] for row in store._connection.execute("PRAGMA table_info(jobs)") if row["name"] not in {"seq", "id"}
    ]
    names = ", ".join(columns)
    store._connection.execute(
        f"WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < {count - 1})"
        f" INSERT INTO jobs (id, {names}) SELECT 'x' || n, {names} FROM one, jobs WHERE jobs.seq = {job.seq}"
    )
    store._connection.execute("COMMIT")
    for descending in (True, False):
        order = store.order(select_of(View((), Ordering(SortKey.CREATED, descending))))
        assert list(order) == sorted(range(1, count + 1), reverse=descending)
    assert len(set(store.ids_by_seq(range(1, count + 1)))) == count


def test_every_statement_of_a_plain_view_uses_the_index_that_was_made_for_it(store: JobStore) -> None:
    def plan(query: str, ordering: Ordering = NEWEST_FIRST) -> str:
        selection = select_of(View(parse_query(query, AT), ordering))
        rows = store._connection.execute(f"EXPLAIN QUERY PLAN {selection.sql}", selection.parameters)
        return " / ".join(row["detail"] for row in rows)

    for query in ("", "status:failed", "seed:42 cost:>0.06 is:starred -is:muted"):
        assert "USING COVERING INDEX jobs_scan" in plan(query) or "USING INDEX jobs_scan" in plan(query)
        assert "TEMP B-TREE" not in plan(query)
    assert "TEMP B-TREE" not in plan("fog light -house aspect:16:9")
    assert "jobs_deleted" in plan("is:deleted fog")
    assert "jobs_batch" in plan("batch:abc is:failed")
    assert "jobs_tagged" in plan("tag:keep fog")
    assert "sqlite_autoindex_jobs_1" in plan("id:3f")


def test_an_interrupted_search_says_so_and_the_next_one_is_not_hit(store: JobStore) -> None:
    [job] = store.insert([make_job()])
    store.interrupt()
    assert store.page(select_of(View()), 10) == [job], "there was nothing to interrupt"
    caught: list[BaseException] = []
    started = threading.Event()

    def search() -> None:
        started.set()
        try:
            store.order(ENDLESS)
        except SearchInterrupted as error:
            caught.append(error)

    thread = threading.Thread(target=search)
    thread.start()
    started.wait(10)
    # The search may only be about to start: an interruption that comes too early is for nobody.
    while thread.is_alive():
        store.interrupt()
        thread.join(0.01)
    assert len(caught) == 1
    store.interrupt()
    assert store.page(select_of(View()), 10) == [job]
    assert list(store.order(select_of(View()))) == [job.seq]


def test_what_is_damaged_is_no_interruption(store: JobStore, path: Path) -> None:
    store.insert([make_job()])
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE job_words")
    connection.close()
    with pytest.raises(StoreError):
        store.page(select_of(View(parse_query("fog", AT))), 10)


async def test_a_search_never_waits_behind_another_read_and_ends_when_the_store_closes(path: Path) -> None:
    threaded = ThreadedStore(path)
    await threaded.open()
    threaded.interrupt_search()
    [job] = await threaded.insert([make_job()])
    view = View(parse_query("fog", AT))
    assert await threaded.page(view, 10) == [job]
    searcher = threaded._searcher
    assert searcher is not None
    endless = asyncio.create_task(threaded._run(threaded._searches, searcher.order, ENDLESS))
    assert list(await threaded.jobs_by_seq([job.seq])) == [job]
    assert await threaded.ids_by_seq([job.seq]) == [job.id]
    assert await threaded.status_counts() == {JobStatus.HELD: 1}
    while not endless.done():
        threaded.interrupt_search()
        await asyncio.sleep(0.01)
    with pytest.raises(SearchInterrupted):
        await endless
    assert list(await threaded.order(view)) == [job.seq]
    closing = asyncio.create_task(threaded._run(threaded._searches, searcher.order, ENDLESS))
    await asyncio.sleep(0.05)
    await threaded.aclose()
    with pytest.raises(SearchInterrupted):
        await closing
    with pytest.raises(StoreError, match="not open"):
        await threaded.page(view, 10)


def test_a_term_is_never_a_part_of_the_statement() -> None:
    hostile = parse_query("""\"'; DROP TABLE jobs; --" tag:a';-- id:3f batch:x""", AT)
    selection = select_of(View(hostile))
    assert "drop" not in selection.sql.lower()
    assert "a'" not in selection.sql
    assert all(isinstance(value, str | int | float) for value in selection.parameters)


def test_jobs_are_found_by_their_ids_newest_first(store: JobStore) -> None:
    jobs = store.insert([make_job(id=f"found{n:05}") for n in range(5)])
    wanted = [jobs[1].id, jobs[4].id, "nobody0000", jobs[0].id]
    assert store.jobs_by_id(wanted) == [jobs[4], jobs[1], jobs[0]]
    assert store.jobs_by_id([]) == []


def test_tags_are_told_by_how_often_they_are_used(store: JobStore) -> None:
    jobs = store.insert([make_job() for _ in range(4)])
    store.mark([jobs[0].id, jobs[1].id], {"tags": ("sea", "keep")})
    store.mark([jobs[2].id], {"tags": ("keep",)})
    store.mark([jobs[3].id], {"tags": ("gone",), "deleted_at": 5.0})
    assert store.tags() == ["keep", "sea"]
