"""Every fault the simulated gateway knows, in an order that a seed decides."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, zip_longest
from typing import Final

from krea_tui.simulator import Close, Fault, MediaForm, MediaUrlForm, Target

# Longer than the client of the soak waits for an answer.
HANG_S: Final = 0.8
_TOO_LARGE_BYTES: Final = 64 * 1024 * 1024 + 1
_SLOW_S: Final = 0.0005
_REFUSALS: Final = (301, 307, 400, 401, 402, 403, 404, 405, 413, 415, 422, 429)
_DOUBTS: Final = (408, 409, 418, 425, 500, 502, 503, 504, 524)
_STATUS_CODES: Final = (301, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504)
_MEDIA_CODES: Final = (301, 401, 403, 404, 410, 429, 500, 503)
_NO_ACCEPTANCES: Final = ("", "{", "[]", "null", '{"request_id": 7}', '{"request_id": "../up"}', '{"request_id": ""}')
_NO_STATUSES: Final = ("", "{", "[]", "null", '{"status": 7}', '{"status": "COMPLETED", "output": "x"}', "[" * 5_000)
_NO_MODEL: Final = '{"error": "Model not found", "message": "it is disabled"}'


def storm(seed: int, requests: Mapping[Target, int], share: float) -> tuple[Fault, ...]:
    """So many faults that this share of requests meets one, for so many requests of each target.

    Each kind comes before any comes again.
    """
    chance = random.Random(seed)
    rows = [list(_row(chance, _DECKS[target], share, int(count * share))) for target, count in requests.items()]
    # Taking a fault looks through the queue: with the targets in turns the next one is always near its start.
    return tuple(fault for fault in chain.from_iterable(zip_longest(*rows)) if fault is not None)


def _row(chance: random.Random, new_deck: "Deck", share: float, count: int) -> Iterator[Fault]:
    deck: list[Fault] = []
    for _ in range(count):
        if not deck:
            deck = new_deck(chance)
            chance.shuffle(deck)
        yield replace(deck.pop(), skip=_gap(chance, share))


def _gap(chance: random.Random, share: float) -> int:
    """Requests between two faults, so that each request meets one with the same probability."""
    gap = 0
    while chance.random() >= share:
        gap += 1
    return gap


def _post_faults(chance: random.Random) -> list[Fault]:
    """None that refuses plainly and charges all the same: no client could know."""
    on = Target.POST
    return [
        *(Fault(on, status=status) for status in (*_REFUSALS, *_DOUBTS)),
        *(Fault(on, status=status, accept=True) for status in _DOUBTS[::2]),
        Fault(on, status=400, body=_NO_MODEL),
        *_retry_later(chance, on),
        *(Fault(on, body=body, accept=True) for body in _NO_ACCEPTANCES),
        Fault(on, html=True, accept=True),
        Fault(on, html=True, status=502),
        Fault(on, omit_request_id=True),
        Fault(on, lowercase=True),
        Fault(on, status_word="WARMING_UP"),
        Fault(on, hang_s=HANG_S),
        *(
            Fault(on, close=close, reset=reset)
            for close in (Close.AFTER_HEADERS, Close.AFTER_BODY, Close.AFTER_ACCEPT)
            for reset in (False, True)
        ),
        *_cuts(chance, on, longest=400),
        Fault(on, drip_s=_SLOW_S),
    ]


def _status_faults(chance: random.Random) -> list[Fault]:
    on = Target.STATUS
    return [
        *(Fault(on, status=status) for status in _STATUS_CODES),
        *_retry_later(chance, on),
        *(Fault(on, body=body) for body in _NO_STATUSES),
        Fault(on, html=True),
        Fault(on, lowercase=True),
        Fault(on, status_word="WARMING_UP"),
        *(Fault(on, media_url=form) for form in MediaUrlForm),
        Fault(on, hang_s=HANG_S),
        *(Fault(on, close=Close.AFTER_BODY, reset=reset) for reset in (False, True)),
        *_cuts(chance, on, longest=700),
        Fault(on, drip_s=_SLOW_S),
    ]


def _media_faults(chance: random.Random) -> list[Fault]:
    on = Target.MEDIA
    return [
        *(Fault(on, status=status) for status in _MEDIA_CODES),
        *(Fault(on, media=form, huge_bytes=_TOO_LARGE_BYTES) for form in MediaForm),
        Fault(on, html=True),
        # Longer than an answer of the gateway may take, not longer than a picture may.
        Fault(on, hang_s=HANG_S),
        *(Fault(on, close=Close.AFTER_BODY, reset=reset) for reset in (False, True)),
        *_cuts(chance, on, longest=60_000),
    ]


def _connection_faults(_: random.Random) -> list[Fault]:
    return [Fault(Target.CONNECTION), Fault(Target.CONNECTION, reset=True)]


def _retry_later(chance: random.Random, on: Target) -> Iterator[Fault]:
    yield Fault(on, retry_after_s=chance.randint(0, 30))
    yield Fault(on, retry_after_date_s=chance.randint(0, 30))
    yield Fault(on, retry_after_body_s=chance.randint(0, 30))


def _cuts(chance: random.Random, on: Target, longest: int) -> Iterator[Fault]:
    for reset in (False, False, False, True, True):
        yield Fault(on, cut_at=chance.randint(0, longest), reset=reset)


Deck = Callable[[random.Random], list[Fault]]

_DECKS: Final[Mapping[Target, Deck]] = {
    Target.POST: _post_faults,
    Target.STATUS: _status_faults,
    Target.MEDIA: _media_faults,
    Target.CONNECTION: _connection_faults,
}
