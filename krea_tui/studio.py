"""The composition: settings, history, pictures, gateway and engine of one process, put together.

What is slow to import (httpx, Pillow, sqlite3) is imported when a studio is built, in a thread, behind the first frame.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from krea_tui.config.key import ApiKey, KeySource, fingerprint, load_key, save_key
from krea_tui.config.locations import Locations
from krea_tui.config.plan import Plan
from krea_tui.config.settings import gateway_profile
from krea_tui.domain.errors import ConfigError
from krea_tui.engine.book import JobBook
from krea_tui.engine.clock import SystemClock
from krea_tui.engine.engine import Engine
from krea_tui.engine.policy import Policy
from krea_tui.engine.world import World
from krea_tui.opening import Say, open_history, patiently, prepare

if TYPE_CHECKING:
    from krea_tui.domain.answers import CallbackHint
    from krea_tui.domain.job import Job
    from krea_tui.engine.ports import Gateway, MakeReceiver, Receiver
    from krea_tui.pictures.files import PictureFiles
    from krea_tui.storage.processes import SignOfLife
    from krea_tui.storage.threaded import ThreadedStore

__all__ = ["Plan", "Studio", "open_studio"]

_SALT: Final = "key_salt"
_DEMO_KEY: Final = "demo-key"
_DEMO_REQUESTS_PER_S: Final = 20.0
_DEMO_BURST: Final = 40


def _say_nothing(_words: str) -> None:
    return None


@dataclass(slots=True)
class Studio:
    """One process's whole machinery. `key_source` and `key_notice` tell where the key came from.

    `rescue` tells what became of a damaged history at this start; empty where nothing was.
    """

    plan: Plan
    engine: Engine
    store: ThreadedStore
    files: PictureFiles
    key_source: KeySource
    key_notice: str
    rescue: tuple[str, ...]
    _salt: bytes
    _life: SignOfLife

    async def use_key(self, key: ApiKey) -> None:
        """Keep a pasted key (0600) and send with it from now on; raises `StoreError`."""
        await asyncio.to_thread(save_key, self.plan.locations.key_file, key)
        self.key_source = KeySource.FILE
        await self.engine.use_key(key.reveal(), fingerprint(key, self._salt))

    def picture_path(self, job: Job) -> Path | None:
        """Where the job's first picture lies on this disk."""
        return self.files.absolute(job.picture_path) if job.picture_path else None

    async def aclose(self) -> None:
        """Close the history, after the engine has stopped, and leave the register of living processes."""
        await self.store.aclose()
        await asyncio.to_thread(self._life.stop)


async def open_studio(plan: Plan, book: JobBook | None = None, say: Say = _say_nothing) -> Studio:
    """Build everything around a book; raises `ConfigError` or `StoreError`. Run `studio.engine` next.

    `say` is told what the opening waits for, where it has to.
    """
    await asyncio.to_thread(_prepare, plan.locations)
    from krea_tui.pictures.files import PictureFiles
    from krea_tui.storage.outbox import OutcomeFile
    from krea_tui.storage.processes import EngineLock

    opened = await open_history(plan.locations, gateway_profile(plan.settings, demo=plan.is_demo), say)
    store = opened.store
    try:
        salt = await patiently(lambda: _salt_of(store), say)
        loaded = None if plan.is_demo else await asyncio.to_thread(load_key, plan.locations.key_file, plan.environ)
        key = ApiKey(_DEMO_KEY) if plan.is_demo else loaded.key if loaded else None
        files = PictureFiles(plan.locations.pictures_dir)
        world = World(
            store=store,
            files=files,
            election=EngineLock(plan.locations.engine_lock),
            processes=opened.life,
            clock=SystemClock(),
            open_gateway=_gateway_opener(plan),
            read_key=_key_reader(plan, salt),
            make_receiver=_receiver_maker(plan),
            outbox=OutcomeFile(plan.locations.outbox),
        )
        engine = Engine(world, _policy_of(plan, key, salt), book)
    except BaseException:
        await store.aclose()
        await asyncio.to_thread(opened.life.stop)
        raise
    return Studio(
        plan=plan,
        engine=engine,
        store=store,
        files=files,
        key_source=loaded.source if loaded else KeySource.NONE,
        key_notice=loaded.notice if loaded else "",
        rescue=opened.rescue,
        _salt=salt,
        _life=opened.life,
    )


def _prepare(locations: Locations) -> None:
    prepare(locations)
    # Imported here, in a thread: the event loop goes on painting meanwhile.
    import krea_tui.gateway.client
    import krea_tui.pictures.files
    import krea_tui.storage.threaded  # noqa: F401


def _policy_of(plan: Plan, key: ApiKey | None, salt: bytes) -> Policy:
    gateway = plan.settings.gateway
    if plan.is_demo:
        # The demo's simulator has no rate to respect: it is there to show the app at its quickest.
        gateway = gateway._replace(requests_per_s=_DEMO_REQUESTS_PER_S, burst=_DEMO_BURST)
    return Policy(
        profile=gateway_profile(plan.settings, demo=plan.is_demo),
        key=key.reveal() if key else "",
        key_fingerprint=fingerprint(key, salt) if key else "",
        max_in_flight=gateway.max_in_flight,
        requests_per_s=gateway.requests_per_s,
        burst=gateway.burst,
        daily_cap_microusd=plan.settings.money.daily_cap_microusd,
        adopts_orphans=not plan.is_command,
    )


async def _salt_of(store: ThreadedStore) -> bytes:
    known = await store.get_meta(_SALT)
    if known is None:
        known = secrets.token_hex(16)
        await store.set_meta(_SALT, known)
    return bytes.fromhex(known)


def _key_reader(plan: Plan, salt: bytes) -> Callable[[], tuple[str, str] | None]:
    def read_key() -> tuple[str, str] | None:
        # The file alone: it is where another process has just put the new key.
        try:
            loaded = load_key(plan.locations.key_file, {})
        except ConfigError:
            return None
        return (loaded.key.reveal(), fingerprint(loaded.key, salt)) if loaded else None

    return read_key


def _receiver_maker(plan: Plan) -> MakeReceiver | None:
    public_url, port = plan.settings.webhook
    if public_url is None or plan.is_demo:
        return None

    async def make_receiver(secret: bytes, hints: asyncio.Queue[CallbackHint]) -> Receiver:
        def make() -> Receiver:
            from krea_tui.gateway.webhook import WebhookReceiver

            return WebhookReceiver(public_url, port, secret, hints)

        # In a thread: starlette and uvicorn are imported here, by those alone who want callbacks.
        return await asyncio.to_thread(make)

    return make_receiver


def _gateway_opener(plan: Plan) -> Callable[[str], Awaitable[Gateway]]:
    async def open_gateway(key: str) -> Gateway:
        settings = plan.settings.gateway
        base_url = settings.url
        if plan.start_gateway is not None:
            base_url = await asyncio.to_thread(plan.start_gateway)
        from krea_tui.gateway.client import GatewayAddress, HttpGateway

        address = GatewayAddress(base_url, settings.submit_path, settings.status_path)
        # Reading the certificates takes 20 ms and more; the clients themselves belong to no loop until they are used.
        return await asyncio.to_thread(HttpGateway, address, key, read_timeout_s=settings.read_timeout_s)

    return open_gateway
