from pathlib import Path

import pytest

from krea_tui.domain.errors import StoreError
from krea_tui.pictures.files import PictureFiles
from tests.pictures.making import a_job, encoded, left_in, save


@pytest.fixture
def store(tmp_path: Path) -> PictureFiles:
    return PictureFiles(tmp_path / "pictures")


def test_a_removed_picture_comes_back(store: PictureFiles) -> None:
    saved = save(store, a_job(), encoded())
    assert store.remove(saved.path)
    assert store.find_saved(a_job(), 0) is None
    assert left_in(store) == [f".trash/{saved.path}", f".trash/{saved.path}.json"]
    assert not store.remove(saved.path)
    assert store.restore(saved.path)
    assert store.find_saved(a_job(), 0) == saved
    assert not store.restore("2026-11/2026-11-22_k3f9t2m7qb_x.png")
    with pytest.raises(StoreError, match="in the place"):
        store.restore(saved.path)


def test_the_trash_is_emptied_by_age(store: PictureFiles) -> None:
    saved = save(store, a_job(), encoded())
    store.remove(saved.path)
    removed_at = (store.root / ".trash" / saved.path).stat().st_ctime
    assert store.empty_trash(older_than=removed_at - 1) == 0
    assert store.empty_trash(older_than=removed_at + 60) == 2
    assert left_in(store) == []
