"""Two processes on one history: what one leaves behind must not take the other's log away."""

import subprocess
import sys
from pathlib import Path

from krea_tui.storage.store import JobStore

WRITES_AND_LEAVES = """
import sys
from pathlib import Path
from krea_tui.storage.store import JobStore
store = JobStore(Path(sys.argv[1]))
store.set_meta("said", sys.argv[2])
store.close()
"""


def say(path: Path, word: str) -> None:
    subprocess.run([sys.executable, "-c", WRITES_AND_LEAVES, str(path), word], timeout=60, check=True)


def test_a_process_with_two_connections_sees_every_visitor(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    writer, reader = JobStore(path), JobStore(path)
    seen = [writer.data_version()]
    for word in ("one", "two", "three"):
        say(path, word)
        seen.append(writer.data_version())
        assert (writer.get_meta("said"), reader.get_meta("said")) == (word, word)
    assert len(set(seen)) == len(seen)
    writer.set_meta("answered", "yes")
    visitor = JobStore(path)
    assert visitor.get_meta("answered") == "yes"
    for store in (visitor, reader, writer):
        store.close()


def test_what_is_written_beside_visitors_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    writer, reader = JobStore(path), JobStore(path)
    say(path, "hello")
    assert path.with_name("history.db-wal").exists()
    writer.set_meta("paid", "once")
    check = "import sys; from pathlib import Path; from krea_tui.storage.store import JobStore;"
    check += "print(JobStore(Path(sys.argv[1])).get_meta('paid'))"
    asked = subprocess.run(
        [sys.executable, "-c", check, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert asked.stdout.strip() == "once"
    reader.close()
    writer.close()
