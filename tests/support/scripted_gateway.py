"""The gateway's side of the engine's border, in memory: it does what a script says, keeps its own books of every
charge, and looks into the history itself whenever a request reaches it.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from krea_tui.domain.answers import StatusAnswer, SubmitAnswer
from krea_tui.domain.errors import (
    AccessForbidden,
    DownloadError,
    GatewayError,
    GatewayTrouble,
    InDoubt,
    InsufficientBalance,
    KeyRefused,
    ModelUnavailable,
    NotSent,
    RateLimited,
    RequestRefused,
    UnknownRequest,
    WrongAddress,
)
from krea_tui.engine.ports import Clock

PICTURE = b"a picture"
NO_PICTURE = b"<html>"
RUNS_FOR_S = 12.0


class Post(Enum):
    """What becomes of a POST; those of `CHARGED` cost money, whatever the sender learns."""

    ACCEPTED = auto()
    ACCEPTED_UNKNOWN_WORD = auto()
    ANSWER_LOST = auto()
    ANSWER_BREAKS_CLIENT = auto()
    ID_OF_ANOTHER = auto()
    LOST_ON_THE_WAY = auto()
    NOT_SENT = auto()
    LIMITED = auto()
    NO_MONEY = auto()
    NO_KEY = auto()
    FORBIDDEN = auto()
    REFUSED = auto()
    NO_MODEL = auto()
    WRONG_ADDRESS = auto()


CHARGED = frozenset(
    {Post.ACCEPTED, Post.ACCEPTED_UNKNOWN_WORD, Post.ANSWER_LOST, Post.ANSWER_BREAKS_CLIENT, Post.ID_OF_ANOTHER}
)
DOUBTFUL = frozenset({Post.ANSWER_LOST, Post.ANSWER_BREAKS_CLIENT, Post.LOST_ON_THE_WAY})


class Check(Enum):
    """What a status request is answered with."""

    TRUE = auto()
    QUEUED = auto()
    UNKNOWN_WORD = auto()
    COMPLETED = auto()
    COMPLETED_SEVERAL = auto()
    COMPLETED_EMPTY = auto()
    FAILED = auto()
    ERROR = auto()
    DENIED = auto()
    LIMITED = auto()
    NO_KEY = auto()
    FORBIDDEN = auto()
    TROUBLE = auto()
    BREAKS_CLIENT = auto()


class Media(Enum):
    """What a download meets."""

    WHOLE = auto()
    NOT_NOW = auto()
    DEAD_LINK = auto()
    NO_PICTURE = auto()
    BREAKS = auto()


@dataclass(frozen=True)
class Scene:
    """One answer of a script: what, after how long, and which wait it asks for."""

    what: Post | Check | Media
    takes_s: float = 0.3
    retry_after_s: float | None = None


@dataclass
class Charge:
    """A POST that the gateway took and will be paid for."""

    request_id: str
    seed: int
    job_id: str
    at: float


class Watcher(Protocol):
    """Sees every request at the moment at which it reaches the gateway."""

    def on_post(self, body: Mapping[str, object]) -> str:
        """Judge the request, and tell which job it is for."""
        ...

    def on_post_ended(self, post: Post) -> None: ...

    def on_check(self, request_id: str) -> None: ...

    def on_check_refused_key(self) -> None: ...

    def on_limited(self, wait_s: float | None) -> None: ...

    async def step(self) -> None:
        """A point at which the process that asks may die."""
        ...


@dataclass
class GatewayBooks:
    """What the gateway knows, whoever asks."""

    clock: Clock
    posts: deque[Scene] = field(default_factory=deque)
    checks: deque[Scene] = field(default_factory=deque)
    media: deque[Scene] = field(default_factory=deque)
    charges: list[Charge] = field(default_factory=list)
    accepted_at: dict[str, float] = field(default_factory=dict)
    post_count: int = 0

    def take(self, script: deque[Scene], usual: Post | Check | Media) -> Scene:
        """The next answer of a script, the usual one where it has ended."""
        return script.popleft() if script else Scene(usual)

    def accept(self, seed: int, job_id: str) -> str:
        """Charge a request and give it an id."""
        request_id = f"request-{len(self.charges)}"
        self.charges.append(Charge(request_id, seed, job_id, self.clock.now()))
        self.accepted_at[request_id] = self.clock.monotonic()
        return request_id

    def an_older_id(self, than: str) -> str:
        """An id that the gateway has given to another request, if there is one."""
        return next((charge.request_id for charge in self.charges if charge.request_id != than), than)


REFUSALS: dict[Post, Callable[[], GatewayError]] = {
    Post.ANSWER_LOST: lambda: InDoubt("no answer"),
    Post.LOST_ON_THE_WAY: lambda: InDoubt("503"),
    Post.NOT_SENT: lambda: NotSent("no connection"),
    Post.NO_MONEY: lambda: InsufficientBalance("402"),
    Post.NO_KEY: lambda: KeyRefused("401"),
    Post.FORBIDDEN: lambda: AccessForbidden("403"),
    Post.REFUSED: lambda: RequestRefused("400"),
    Post.NO_MODEL: lambda: ModelUnavailable("400 model not found"),
    Post.WRONG_ADDRESS: lambda: WrongAddress("404"),
}


class ScriptedGateway:
    """The port of one process."""

    def __init__(self, books: GatewayBooks, watcher: Watcher) -> None:
        self._books = books
        self._watcher = watcher
        self._clock = books.clock

    async def submit(self, body: Mapping[str, object], *, callback_url: str | None = None) -> SubmitAnswer:
        del callback_url
        job_id = self._watcher.on_post(body)
        books = self._books
        books.post_count += 1
        scene = books.take(books.posts, Post.ACCEPTED)
        assert isinstance(scene.what, Post)
        await self._watcher.step()
        await self._clock.sleep(scene.takes_s / 2)
        seed = body["seed"]
        assert isinstance(seed, int)
        request_id = books.accept(seed, job_id) if scene.what in CHARGED else ""
        await self._clock.sleep(scene.takes_s / 2)
        await self._watcher.step()
        is_its_own = scene.what is Post.ID_OF_ANOTHER and books.an_older_id(request_id) == request_id
        self._watcher.on_post_ended(Post.ACCEPTED if is_its_own else scene.what)
        if scene.what is Post.LIMITED:
            self._watcher.on_limited(scene.retry_after_s)
            raise RateLimited("429", retry_after_s=scene.retry_after_s)
        if scene.what is Post.ANSWER_BREAKS_CLIENT:
            raise RuntimeError("nobody foresaw this answer")
        if scene.what in REFUSALS:
            error = REFUSALS[scene.what]()
            raise error
        if scene.what is Post.ID_OF_ANOTHER:
            request_id = books.an_older_id(request_id)
        return SubmitAnswer(request_id, "WARMING_UP" if scene.what is Post.ACCEPTED_UNKNOWN_WORD else "QUEUED")

    async def status(self, request_id: str) -> StatusAnswer:
        self._watcher.on_check(request_id)
        scene = self._books.take(self._books.checks, Check.TRUE)
        await self._watcher.step()
        await self._clock.sleep(scene.takes_s)
        await self._watcher.step()
        if request_id not in self._books.accepted_at:
            raise UnknownRequest("404")
        if scene.what is Check.LIMITED:
            self._watcher.on_limited(scene.retry_after_s)
        if scene.what is Check.NO_KEY:
            self._watcher.on_check_refused_key()
        if scene.what is Check.TRUE:
            age_s = self._clock.monotonic() - self._books.accepted_at[request_id]
            return _answer(Check.COMPLETED if age_s >= RUNS_FOR_S else Check.QUEUED, request_id)
        assert isinstance(scene.what, Check)
        _refuse(scene)
        return _answer(scene.what, request_id)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        scene = self._books.take(self._books.media, Media.WHOLE)
        await self._watcher.step()
        await self._clock.sleep(scene.takes_s)
        if scene.what in {Media.NOT_NOW, Media.DEAD_LINK}:
            raise DownloadError("the host refuses", permanent=scene.what is Media.DEAD_LINK)

        async def chunks() -> AsyncIterator[bytes]:
            yield NO_PICTURE if scene.what is Media.NO_PICTURE else PICTURE
            await self._watcher.step()
            if scene.what is Media.BREAKS:
                raise RuntimeError("nobody foresaw this host")
            yield url.encode()

        yield chunks()

    def use_key(self, key: str) -> None:
        del key

    async def aclose(self) -> None:
        await self._watcher.step()


def _refuse(scene: Scene) -> None:
    match scene.what:
        case Check.DENIED:
            raise UnknownRequest("404")
        case Check.LIMITED:
            raise RateLimited("429", retry_after_s=scene.retry_after_s)
        case Check.NO_KEY:
            raise KeyRefused("401")
        case Check.FORBIDDEN:
            raise AccessForbidden("403")
        case Check.TROUBLE:
            raise GatewayTrouble("503", retry_after_s=scene.retry_after_s)
        case Check.BREAKS_CLIENT:
            raise RuntimeError("nobody foresaw this answer")
        case _:
            return


def _answer(check: Check, request_id: str) -> StatusAnswer:
    url = f"https://media.example.org/{request_id}"
    match check:
        case Check.COMPLETED:
            return StatusAnswer("COMPLETED", request_id, media_urls=(url,))
        case Check.COMPLETED_SEVERAL:
            return StatusAnswer("COMPLETED", request_id, media_urls=(url, f"{url}/2", f"{url}/3"))
        case Check.COMPLETED_EMPTY:
            return StatusAnswer("COMPLETED", request_id)
        case Check.FAILED | Check.ERROR:
            return StatusAnswer(check.name, request_id, error="the model gave up")
        case Check.UNKNOWN_WORD:
            return StatusAnswer("WARMING_UP", request_id)
        case _:
            return StatusAnswer("QUEUED", request_id)
