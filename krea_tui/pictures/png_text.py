"""Text inside a PNG, written and read chunk by chunk: no pixel is touched, nothing is encoded again.

Chunk layout, `tEXt`, `zTXt` and `iTXt` are those of the PNG specification (third edition, sections 5 and 11.3.3).
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
LINE_KEYWORD: Final = "parameters"
RECORD_KEYWORD: Final = "krea-tui"

_TEXT_TYPES: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_CHUNK_TYPE: Final = re.compile(rb"[A-Za-z]{4}")
# A chunk is length, type, data, check sum; the head is the first two.
_HEAD: Final = struct.Struct(">I4s")
_CHECK_LENGTH: Final = 4
_IHDR_LENGTH: Final = 13
_TEXT_LIMIT_BYTES: Final = 8 * 1024 * 1024


class MalformedPng(ValueError):
    """The bytes are not a whole PNG; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its type, its data, and where it stands in the file (`start` to `end`, check sum included)."""

    type: bytes
    data: memoryview
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PngParameters:
    """What a PNG says about its making: the line many tools show, and our own full record."""

    line: str | None
    record: Mapping[str, object] | None


def chunks(png: bytes) -> Iterator[Chunk]:
    """Every chunk from IHDR to IEND; raises `MalformedPng` at the first that is cut, misplaced or altered."""
    if not png.startswith(SIGNATURE):
        raise MalformedPng("not a PNG")
    view, at = memoryview(png), len(SIGNATURE)
    while True:
        if at + _HEAD.size + _CHECK_LENGTH > len(png):
            raise MalformedPng("the PNG is cut off")
        length, kind = _HEAD.unpack_from(png, at)
        end = at + _HEAD.size + length + _CHECK_LENGTH
        if not _CHUNK_TYPE.fullmatch(kind):
            raise MalformedPng("a chunk of the PNG has no name")
        if end > len(png):
            raise MalformedPng("the PNG is cut off")
        data = view[at + _HEAD.size : end - _CHECK_LENGTH]
        if zlib.crc32(view[at + 4 : end - _CHECK_LENGTH]) != int.from_bytes(view[end - _CHECK_LENGTH : end]):
            raise MalformedPng(f"chunk {kind.decode('ascii')} of the PNG was altered on the way")
        if (at == len(SIGNATURE)) != (kind == b"IHDR") or (kind == b"IHDR" and length != _IHDR_LENGTH):
            raise MalformedPng("the PNG does not begin with one IHDR")
        yield Chunk(kind, data, at, end)
        if kind == b"IEND":
            return
        at = end


def with_parameters(png: bytes, line: str, record: Mapping[str, object]) -> bytes:
    """The same PNG with our two texts after IHDR; earlier texts under our keywords are left out.

    Every other byte stays as it was, what follows IEND included. Raises `MalformedPng`.
    """
    texts = _text_chunk(LINE_KEYWORD, line) + _text_chunk(RECORD_KEYWORD, json.dumps(record, ensure_ascii=False))
    parts, after = [SIGNATURE], len(SIGNATURE)
    for chunk in chunks(png):
        after = chunk.end
        if _keyword(chunk) in {LINE_KEYWORD, RECORD_KEYWORD}:
            continue
        parts.append(png[chunk.start : chunk.end])
        if chunk.type == b"IHDR":
            parts.append(texts)
    parts.append(png[after:])
    return b"".join(parts)


def read_parameters(png: bytes) -> PngParameters:
    """The texts under our keywords, as far as they can be read; raises `MalformedPng` for what is no PNG."""
    found: dict[str, str] = {}
    for chunk in chunks(png):
        keyword = _keyword(chunk)
        if keyword in {LINE_KEYWORD, RECORD_KEYWORD} and (text := _text_of(chunk)) is not None:
            found[keyword] = text
    return PngParameters(found.get(LINE_KEYWORD), _record_of(found.get(RECORD_KEYWORD)))


def _record_of(text: str | None) -> Mapping[str, object] | None:
    if text is None:
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _text_chunk(keyword: str, text: str) -> bytes:
    # A NUL ends the text for many readers. A lone surrogate has no UTF-8: its escape is valid inside JSON strings.
    body = text.replace("\0", "\ufffd")
    try:
        kind, data = b"tEXt", keyword.encode("latin-1") + b"\0" + body.encode("latin-1")
    except UnicodeEncodeError:
        # After the keyword: not compressed, method 0, no language, no translated keyword.
        kind, data = b"iTXt", keyword.encode("latin-1") + b"\0" * 5 + body.encode("utf-8", "backslashreplace")
    return _HEAD.pack(len(data), kind) + data + zlib.crc32(kind + data).to_bytes(_CHECK_LENGTH)


def _keyword(chunk: Chunk) -> str:
    if chunk.type not in _TEXT_TYPES:
        return ""
    return bytes(chunk.data[:80]).partition(b"\0")[0].decode("latin-1")


def _text_of(chunk: Chunk) -> str | None:
    """The text of a text chunk, or None where it cannot be read."""
    rest = bytes(chunk.data).partition(b"\0")[2]
    if chunk.type == b"tEXt":
        return rest[:_TEXT_LIMIT_BYTES].decode("latin-1")
    if chunk.type == b"zTXt":
        inflated = _inflated(rest[1:])
        return None if inflated is None else inflated.decode("latin-1")
    compressed, rest = rest[:1] == b"\1", rest[2:]
    # The language tag and the translated keyword come before the text.
    fields = rest.split(b"\0", 2)
    if len(fields) < 3:  # noqa: PLR2004 - the two fields named above and the text
        return None
    text = _inflated(fields[2]) if compressed else fields[2]
    return None if text is None else text[:_TEXT_LIMIT_BYTES].decode("utf-8", "replace")


def _inflated(data: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(data, _TEXT_LIMIT_BYTES)
    except zlib.error:
        return None
