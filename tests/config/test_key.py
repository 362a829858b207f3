import copy
import os
import pickle
import traceback
from pathlib import Path

import pytest

from krea_tui.config.key import (
    KEY_VARIABLE,
    ApiKey,
    KeyProblem,
    KeySource,
    fingerprint,
    key_source,
    load_key,
    parse_key,
    save_key,
)
from krea_tui.domain.errors import StoreError
from tests.support.keys import KEY as SECRET
from tests.support.keys import OTHER_KEY, TAIL


def test_a_key_shows_in_no_text() -> None:
    key = parse_key(f"  {SECRET}\n")
    assert key.reveal() == SECRET
    shown = f"{key} {key!r} {[key]}"
    assert TAIL not in shown
    assert "ApiKey(hidden)" in shown
    assert not hasattr(key, "__dict__")
    for attempt in (pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError):
            attempt(key)


def test_keys_are_equal_by_value() -> None:
    assert ApiKey(SECRET) == ApiKey(SECRET)
    assert ApiKey(SECRET) != ApiKey(f"{SECRET}x")
    assert len({ApiKey(SECRET), ApiKey(SECRET)}) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("seven77", "8 to 512 characters, this has 7"),
        ("x" * 513, "this has 513"),
        ("hunter2 hunter2", "one word"),
        ("hunter2\nX-Other: 1", "one word"),
        ("hunter2\x00hunter2", "plain ASCII"),
        ("hunter2hünter2", "plain ASCII"),
        ("hunter2\u200bhunter2", "plain ASCII"),
        ("YOUR_API_KEY", "placeholder"),
    ],
)
def test_what_cannot_be_a_key_is_refused_without_showing_it(text: str, words: str) -> None:
    with pytest.raises(KeyProblem, match=words) as caught:
        parse_key(text)
    assert "hunter2" not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.advice


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    key_file = tmp_path / "config" / "api-key"
    assert load_key(key_file, {}) is None
    assert key_source(key_file, {}) is KeySource.NONE
    save_key(key_file, ApiKey(SECRET))
    found = load_key(key_file, {KEY_VARIABLE: " "})
    assert found is not None
    assert (found.key.reveal(), found.source, found.notice) == (SECRET, KeySource.FILE, "")
    assert key_source(key_file, {}) is KeySource.FILE
    environ = {KEY_VARIABLE: OTHER_KEY}
    found = load_key(key_file, environ)
    assert found is not None
    assert (found.key.reveal(), found.source) == (OTHER_KEY, KeySource.ENVIRONMENT)
    assert key_source(key_file, environ) is KeySource.ENVIRONMENT


def test_a_bad_key_is_told_by_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem, match=r"^PIXAZO_API_KEY: a key is one word"):
        load_key(tmp_path / "k", {KEY_VARIABLE: "hunter2 hunter2"})
    key_file = tmp_path / "k"
    key_file.write_bytes(b"hunter2\xff")
    key_file.chmod(0o600)
    with pytest.raises(KeyProblem, match="not a text file") as caught:
        load_key(key_file, {})
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    key_file.write_text("a" * 5_000)
    with pytest.raises(KeyProblem, match="too long"):
        load_key(key_file, {})
    key_file.unlink()
    os.mkfifo(key_file, 0o600)
    with pytest.raises(KeyProblem, match="not a file"):
        load_key(key_file, {})


def test_a_saved_key_is_private_and_replaced_whole(tmp_path: Path) -> None:
    key_file = tmp_path / "a" / "b" / "api-key"
    before = os.umask(0o277)
    try:
        save_key(key_file.parent.parent / "api-key", ApiKey(SECRET))
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "api-key").stat().st_mode & 0o777 == 0o600
    save_key(key_file, ApiKey(SECRET))
    save_key(key_file, ApiKey("a-second-key"))
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert key_file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in key_file.parent.iterdir()] == ["api-key"]
    found = load_key(key_file, {})
    assert found is not None
    assert found.key.reveal() == "a-second-key"


def test_a_failed_save_leaves_the_old_key_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key_file = tmp_path / "api-key"
    save_key(key_file, ApiKey(SECRET))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left") as caught:
        save_key(key_file, ApiKey("a-second-key"))
    assert "a-second-key" not in str(caught.value)
    assert key_file.read_text() == f"{SECRET}\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_key_file_that_others_can_read_is_closed_and_told(tmp_path: Path) -> None:
    key_file = tmp_path / "api-key"
    save_key(key_file, ApiKey(SECRET))
    key_file.chmod(0o644)
    found = load_key(key_file, {})
    assert found is not None
    assert "closed now" in found.notice
    assert key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_another_user_is_not_used(tmp_path: Path) -> None:
    key_file = tmp_path / "api-key"
    save_key(key_file, ApiKey(SECRET))
    os.chown(key_file, 12345, 12345)
    with pytest.raises(KeyProblem, match="belongs to another user"):
        load_key(key_file, {})


def test_a_fingerprint_tells_keys_apart_and_gives_nothing_away() -> None:
    key, salt = ApiKey(SECRET), b"salt of this folder"
    assert fingerprint(key, salt) == fingerprint(ApiKey(SECRET), salt)
    assert fingerprint(key, salt) != fingerprint(key, b"another salt")
    assert fingerprint(key, salt) != fingerprint(ApiKey(f"{SECRET}x"), salt)
    assert len(fingerprint(key, salt)) == 12
    assert int(fingerprint(key, salt), 16) >= 0
