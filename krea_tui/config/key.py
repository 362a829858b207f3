"""The API key: where it comes from, how it is kept, and that it never shows."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NoReturn, SupportsIndex

from krea_tui.config.private_file import open_regular, replace_private_file
from krea_tui.domain.errors import ConfigError

KEY_VARIABLE: Final = "PIXAZO_API_KEY"
KEY_MIN_LENGTH: Final = 8
KEY_MAX_LENGTH: Final = 512
_FILE_LIMIT_BYTES: Final = 4_096
_OPEN_TO_OTHERS: Final = 0o077
_FINGERPRINT_LENGTH: Final = 12
# The word that the vendor's examples carry in the key's place.
_PLACEHOLDER: Final = "YOUR_API_KEY"


class KeyProblem(ConfigError):
    """A key that cannot be one, or a key file that cannot be used; never carries the key itself."""

    advice = f"Set {KEY_VARIABLE}, or paste the key on the key screen."


class RevealedKey(str):
    """A key as the text that is sent. Its repr hides it, so that no traceback with its locals shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<an API key>"

    def __getitem__(self, place: SupportsIndex | slice) -> RevealedKey:
        # Tracebacks cut long texts before they show them.
        return RevealedKey(super().__getitem__(place))


class ApiKey:
    """A key that no print, log, traceback or pickle can show; only `reveal()` gives it away."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        """Keep a key; raises `KeyProblem` with words where it cannot be one."""
        if problem := key_problem(secret):
            raise KeyProblem(problem)
        self._secret = RevealedKey(secret)

    def reveal(self) -> RevealedKey:
        """The key itself, for the one header that carries it."""
        return self._secret

    def __repr__(self) -> str:
        return "ApiKey(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash((ApiKey, self._secret))

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key is not written anywhere but to its own file")


class KeySource(StrEnum):
    """Where the key in use comes from."""

    ENVIRONMENT = "environment"
    FILE = "file"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """A key, where it came from, and a word for the person where its file had to be mended."""

    key: ApiKey
    source: KeySource
    notice: str = ""


def key_problem(text: str) -> str | None:
    """What is wrong with a key, without showing it, or None."""
    if not text:
        return "the key is empty"
    if text == _PLACEHOLDER:
        return "this is the placeholder of the examples, not a key"
    if any(character.isspace() for character in text):
        return "a key is one word: there is white space inside"
    if not (text.isascii() and text.isprintable()):
        return "a key is plain ASCII: there are other characters inside"
    if not KEY_MIN_LENGTH <= len(text) <= KEY_MAX_LENGTH:
        return f"a key has {KEY_MIN_LENGTH} to {KEY_MAX_LENGTH} characters, this has {len(text):,}"
    return None


def parse_key(text: str) -> ApiKey:
    """A key as pasted or stored: white space around it is dropped. Raises `KeyProblem`."""
    return ApiKey(text.strip())


def key_source(key_file: Path, environ: Mapping[str, str]) -> KeySource:
    """Where `load_key` would take the key from; reads no file."""
    if environ.get(KEY_VARIABLE, "").strip():
        return KeySource.ENVIRONMENT
    return KeySource.FILE if key_file.exists() else KeySource.NONE


def load_key(key_file: Path, environ: Mapping[str, str]) -> LoadedKey | None:
    """The key of the environment, else of our file, else None; raises `KeyProblem` where one is there but unusable.

    A key file that others could read is closed (0600), and the notice says so.
    """
    if named := environ.get(KEY_VARIABLE, "").strip():
        return LoadedKey(_parsed(named, KEY_VARIABLE), KeySource.ENVIRONMENT)
    try:
        text, notice = _read_private(key_file)
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        # The decoding error carries the bytes of the file.
        raise KeyProblem(f"{key_file}: not a text file") from None
    except OSError as error:
        raise KeyProblem(f"{key_file}: cannot be read: {error.strerror or error}") from error
    return LoadedKey(_parsed(text, str(key_file)), KeySource.FILE, notice)


def _parsed(text: str, origin: str) -> ApiKey:
    try:
        return parse_key(text)
    except KeyProblem as problem:
        raise KeyProblem(f"{origin}: {problem}") from None


def _read_private(path: Path) -> tuple[str, str]:
    file = open_regular(path)
    if file is None:
        raise KeyProblem(f"{path}: not a file")
    notice = ""
    with file:
        found = os.fstat(file.fileno())
        if found.st_uid != os.geteuid():
            raise KeyProblem(f"{path}: belongs to another user, so it is not used")
        if found.st_mode & _OPEN_TO_OTHERS:
            os.fchmod(file.fileno(), 0o600)
            notice = f"{path} could be read by other users; it is closed now. Consider a new key."
        content = file.read(_FILE_LIMIT_BYTES + 1)
    if len(content) > _FILE_LIMIT_BYTES:
        raise KeyProblem(f"{path}: too long to be a key file")
    return content.decode("utf-8-sig"), notice


def save_key(key_file: Path, key: ApiKey) -> None:
    """Keep the key in our own file (0600, its folder 0700), replaced in one step. Raises `StoreError`."""
    replace_private_file(key_file, f"{key.reveal()}\n".encode("ascii"))


def fingerprint(key: ApiKey, salt: bytes) -> str:
    """Twelve hex digits that tell two keys apart without giving either away; `salt` is the data folder's own."""
    return hmac.new(salt, key.reveal().encode("ascii"), hashlib.sha256).hexdigest()[:_FINGERPRINT_LENGTH]
