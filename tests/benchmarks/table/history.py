"""A history as it is after a hundred thousand pictures: the same jobs at every run, none of them still open."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import AspectRatio, Creativity, GenerationRequest, StyleReference
from krea_tui.storage.store import JobStore

# It is not the running gateway's, so that no engine asks for any of these jobs.
PROFILE: Final = "bench"
NEWEST_AT: Final = 1_790_000_000.0
APART_S: Final = 260.0
PRICES_MICROUSD: Final = (60_000, 65_000)
BATCH: Final = 5_000

# The seed of a job names it: a walk through all the numbers below this prime meets none of them twice.
_PRIME: Final = 2_147_483_647
_STEP: Final = 48_271

_SUBJECTS: Final = (
    "a lighthouse keeper's desk", "the orchard at 4 am", "paper boats in a storm drain", "an old orchestra rehearsing",
    "a fox asleep on warm gravel", "two chairs facing the sea", "a harbour crane", "the last tram",
    "a glass greenhouse", "a red bicycle against a wall", "an orchid under frost", "a market of oranges",
    "the reading room", "a heron", "雨の夜の路地", "窗边的猫", "an astronaut's breakfast 🍳", "a violin maker's bench",
    "wet cobblestones", "a kite",
)  # fmt: skip
_LIGHTS: Final = (
    "low sun through salt-stained glass", "fog, a single lamp", "overcast, soft shadows", "neon reflections",
    "golden hour, long shadows", "candle light", "harsh noon", "blue hour, first windows lit", "moonlight on water",
)  # fmt: skip
_WAYS: Final = (
    "gouache", "35 mm film, portra", "linocut in two colours", "oil on panel", "pencil and wash", "cyanotype",
    "wide angle, grain", "isometric render", "woodblock print", "charcoal", "soft focus, orthochromatic plate",
)  # fmt: skip
_MORE: Final = (
    "composed off centre with a great deal of empty sky", "every surface worn by use and none of them clean",
    "as if remembered many years later by somebody who was there as a child", "no people, no text, no borders",
    "the palette of an old railway poster, muted ochre and slate", "seen from above through a rainy window",
)  # fmt: skip
_ENDED: Final = {
    JobStatus.COMPLETED: 88,
    JobStatus.FAILED: 5,
    JobStatus.ERROR: 3,
    JobStatus.REJECTED: 2,
    JobStatus.CANCELLED: 2,
}


def seed_of(number: int) -> int:
    """The seed of the job with this number, from 1; no two have the same, and all have seven digits or more."""
    return (number * _STEP) % (_PRIME - 1_000_000) + 1_000_000


def jobs(count: int) -> Iterator[Job]:
    """So many jobs, oldest first, as they are before the store numbers them."""
    dice = random.Random(4)
    statuses, weights = list(_ENDED), list(_ENDED.values())
    for number in range(1, count + 1):
        created_at = NEWEST_AT - (count - number) * APART_S
        yield _job(dice, number, created_at, dice.choices(statuses, weights)[0])


def write_history(path: Path, count: int) -> None:
    """Make a history with these jobs, by the store that the app uses. Blocking."""
    store = JobStore(path)
    batch: list[Job] = []
    for job in jobs(count):
        batch.append(job)
        if len(batch) == BATCH:
            store.insert(batch)
            batch.clear()
    store.insert(batch)
    store.close()


def _job(dice: random.Random, number: int, created_at: float, status: JobStatus) -> Job:
    prompt = f"{dice.choice(_SUBJECTS)}, {dice.choice(_LIGHTS)}, {dice.choice(_WAYS)}"
    if dice.random() < 0.2:
        prompt = ", ".join((prompt, *dice.sample(_MORE, dice.randint(1, 4))))
    reference = StyleReference(f"https://references.example/{number % 977}.jpg", 0.6)
    references = (reference,) * dice.choices((0, 1, 3), (85, 10, 5))[0]
    request = GenerationRequest(
        prompt, seed_of(number), dice.choice(list(AspectRatio)), dice.choice(list(Creativity)), references
    )
    was_sent = status not in {JobStatus.CANCELLED, JobStatus.REJECTED}
    is_completed = status is JobStatus.COMPLETED
    ended_at = created_at + 2 + dice.expovariate(1 / 14)
    picture = Picture(
        f"https://pictures.example/{number}.png",
        PictureState.SAVED,
        path=f"2026-01/{number:06d}.png",
        sha256=f"{number:064x}",
        size_bytes=2_400_000,
        width=1_536,
        height=1_536,
    )
    return Job(
        id=f"{number:010d}",
        request=request,
        price_microusd=PRICES_MICROUSD[bool(references)],
        created_at=created_at,
        profile=PROFILE,
        batch_id=f"batch{number // 40:06d}" if number % 3 else None,
        status=status,
        hold_reason=None,
        attempted_at=created_at + 1 if was_sent else None,
        submitted_at=created_at + 2 if was_sent else None,
        request_id=f"bench-{number:08d}" if was_sent else None,
        completed_at=ended_at,
        answered_at=ended_at if was_sent else None,
        error=None if is_completed else "the gateway gave no reason",
        starred=dice.random() < 0.02,
        pictures=(picture,) if is_completed else (),
    )
