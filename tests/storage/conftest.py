"""A history on disk, and a second connection to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from krea_tui.storage.store import JobStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def store(path: Path) -> Iterator[JobStore]:
    opened = JobStore(path)
    yield opened
    opened.close()


@pytest.fixture
def other(path: Path, store: JobStore) -> Iterator[JobStore]:
    opened = JobStore(path)
    yield opened
    opened.close()
