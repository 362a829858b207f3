"""The simulated gateway itself: routes, rules and the order in which they are applied."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from krea_tui.simulator import contract
from krea_tui.simulator.answers import HangUp, own_answer, retry_date, spoil_wire, spoilt, wrong_media
from krea_tui.simulator.behaviour import Behaviour, Close, Fault, MediaForm, RetryAfter, Target
from krea_tui.simulator.contract import RefusedError
from krea_tui.simulator.faults import FaultQueue
from krea_tui.simulator.gallery import Gallery
from krea_tui.simulator.jobs import Job, JobBook, accepted_answer, status_answer
from krea_tui.simulator.limiter import TokenBucket
from krea_tui.simulator.stats import Stats
from krea_tui.simulator.webhook import call_back, is_loopback_url
from krea_tui.simulator.wire import Wire

_JOBS_FILE = "simulator-jobs.jsonl"


class Simulator:
    """A gateway that behaves as the vendor's page says, or as badly as it was told to.

    `keys` are the accepted API keys; None takes any that is not empty. With `state_dir` jobs outlive the process.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        state_dir: Path | None = None,
        keys: Collection[str] | None = None,
    ) -> None:
        self.stats = Stats()
        self._keys = None if keys is None else frozenset(keys)
        self._jobs = JobBook(None if state_dir is None else state_dir / _JOBS_FILE)
        self._gallery = Gallery()
        self._refunded: set[str] = set()
        self._callbacks: set[asyncio.Task[None]] = set()
        self._first_behaviour = behaviour or Behaviour()
        self.set_behaviour(self._first_behaviour)
        self.app = Starlette(
            routes=[
                Route(contract.SUBMIT_PATH, self._submit, methods=["POST"]),
                Route(f"{contract.STATUS_PATH}/{{request_id}}", self._status),
                Route("/media/v1/{request_id}/{file_name}", self._media),
                Route("/_sim/stats", self._sim_stats),
                Route("/_sim/behaviour", self._sim_behaviour, methods=["POST"]),
                Route("/_sim/reset", self._sim_reset, methods=["POST"]),
            ]
        )

    @property
    def behaviour(self) -> Behaviour:
        """What it was last told; its `faults` are as given, used up or not."""
        return self._behaviour

    def set_behaviour(self, behaviour: Behaviour) -> None:
        """Behaves so from the next request on; the wallet and the fault queue start anew."""
        self._behaviour = behaviour
        self._faults = FaultQueue(behaviour)
        self._balance_microusd = behaviour.balance_microusd
        rate = behaviour.rate_limit_per_s
        self._bucket = None if rate is None else TokenBucket(rate, behaviour.rate_limit_burst)

    def tell(self, raw: object) -> None:
        """Changes what the JSON object names and leaves the rest, used-up faults and the wallet, as it is.

        Raises ValueError for what is no behaviour.
        """
        behaviour = self._behaviour.changed(raw)
        named = set(raw) if isinstance(raw, dict) else set()
        if "faults" not in named:
            behaviour = replace(behaviour, faults=self._faults.waiting)
        balance, bucket = self._balance_microusd, self._bucket
        self.set_behaviour(behaviour)
        if "balance_microusd" not in named:
            self._balance_microusd = balance
        if not named & {"rate_limit_per_s", "rate_limit_burst"}:
            self._bucket = bucket

    def add_faults(self, *faults: Fault) -> None:
        """Puts one-shot faults behind those that wait."""
        self._faults.add(faults)

    def saw_connection(self, wire: Wire) -> None:
        """Counts a new connection and drops it where a fault says so."""
        self.stats.connections += 1
        fault = self._take_fault(Target.CONNECTION)
        if fault is not None:
            wire.hang_up(reset=fault.reset)

    def close(self) -> None:
        """Ends the drawing threads; another request starts them again."""
        self._gallery.close()

    async def _submit(self, request: Request) -> Response:
        self.stats.posts += 1
        fault = self._take_fault(Target.POST)
        answer = await self._submit_answer(request, fault)
        self.stats.saw_post_answer(answer.status_code)
        return answer

    async def _submit_answer(self, request: Request, fault: Fault | None) -> Response:  # noqa: PLR0911
        if fault is not None and fault.close is Close.AFTER_HEADERS:
            return HangUp(reset=fault.reset)
        try:
            raw = await _read(request)
        except RefusedError as refusal:
            return JSONResponse(refusal.body, refusal.status)
        except ClientDisconnect:
            return Response(status_code=499)
        if fault is not None:
            await asyncio.sleep(fault.hang_s)
            if fault.close is Close.AFTER_BODY:
                return HangUp(reset=fault.reset)
            spoil_wire(request.scope, fault)
            if fault.replaces_answer and not fault.accept:
                return own_answer(fault, 202)
        try:
            job = self._accept(request, raw)
        except RefusedError as refusal:
            return self._refuse(refusal)
        if fault is not None and fault.close is Close.AFTER_ACCEPT:
            return HangUp(reset=fault.reset)
        if fault is not None and fault.replaces_answer:
            return own_answer(fault, 202)
        answer = accepted_answer(job, str(request.base_url))
        return JSONResponse(answer if fault is None else spoilt(answer, fault), 202)

    def _accept(self, request: Request, raw: bytes) -> Job:
        self._check_caller(request)
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise RefusedError(415, "Unsupported Media Type", "Content-Type must be application/json.")
        body = contract.parse_body(raw)
        if not self._behaviour.model_enabled:
            raise contract.model_not_found()
        price = contract.price_microusd(body)
        if self._balance_microusd is not None:
            if self._balance_microusd < price:
                raise contract.insufficient_balance()
            self._balance_microusd -= price
        if "no-cache" not in request.headers.get("cache-control", "").lower():
            self.stats.missing_no_cache += 1
        webhook_url = request.headers.get(contract.WEBHOOK_HEADER)
        if webhook_url is not None and not is_loopback_url(webhook_url):
            self.stats.webhooks_skipped += 1
            webhook_url = None
        job = self._jobs.accept(body, price, self._behaviour, webhook_url)
        self.stats.saw_accepted(raw, price)
        if webhook_url is not None:
            task = asyncio.create_task(self._call_back(job, webhook_url, str(request.base_url)))
            self._callbacks.add(task)
            task.add_done_callback(self._callbacks.discard)
        return job

    async def _status(self, request: Request) -> Response:
        request_id = request.path_params["request_id"]
        self.stats.saw_poll(request_id, self._jobs.now())
        fault = self._take_fault(Target.STATUS)
        if fault is not None:
            await asyncio.sleep(fault.hang_s)
            if fault.close is not None:
                return HangUp(reset=fault.reset)
            spoil_wire(request.scope, fault)
            if fault.replaces_answer:
                return own_answer(fault, 200)
        try:
            self._check_caller(request)
            job = self._find(request_id)
        except RefusedError as refusal:
            return self._refuse(refusal)
        answer = self._status_answer(job, str(request.base_url))
        return JSONResponse(answer if fault is None else spoilt(answer, fault))

    async def _media(self, request: Request) -> Response:
        job = self._jobs.get(request.path_params["request_id"])
        if contract.KEY_HEADER in request.headers or "authorization" in request.headers:
            self.stats.media_key_leaks += 1
        if "cookie" in request.headers:
            self.stats.cookies_seen += 1
        fault = self._take_fault(Target.MEDIA)
        is_hop = "hop" in request.query_params
        if fault is not None:
            await asyncio.sleep(fault.hang_s)
            if fault.close is not None:
                return HangUp(reset=fault.reset)
            spoil_wire(request.scope, fault)
            if fault.replaces_answer:
                return own_answer(fault, 200)
        is_there = job is not None and job.file_name == request.path_params["file_name"]
        if job is None or not is_there or job.status_at(self._jobs.now()) != "COMPLETED":
            return Response("<h1>404 Not Found</h1>", 404, media_type="text/html")
        self.stats.downloads_of[job.request_id] += 1
        picture = await self._gallery.file_of(job)
        if fault is not None and fault.media is not None and not (is_hop and fault.media is MediaForm.REDIRECT):
            hop = str(request.url.include_query_params(hop="1"))
            return wrong_media(fault.media, fault, picture, job.media_type, hop)
        return Response(picture, media_type=job.media_type)

    async def _sim_stats(self, request: Request) -> Response:
        waiting = {"balance_microusd": self._balance_microusd, "faults_waiting": len(self._faults)}
        return JSONResponse(self.stats.as_json() | waiting)

    async def _sim_behaviour(self, request: Request) -> Response:
        try:
            self.tell(json.loads(await request.body()))
        except ValueError as error:
            return JSONResponse({"error": "Bad Request", "message": str(error)}, 400)
        return JSONResponse({"ok": True})

    async def _sim_reset(self, request: Request) -> Response:
        self.reset()
        return JSONResponse({"ok": True})

    def reset(self) -> None:
        """Forgets jobs, counters and faults; behaves as at the start."""
        for task in self._callbacks:
            task.cancel()
        self._jobs.clear()
        self._refunded.clear()
        self.stats = Stats()
        self.set_behaviour(self._first_behaviour)

    def _find(self, request_id: str) -> Job:
        job = self._jobs.get(request_id)
        if job is None:
            raise RefusedError(404, "Not Found", f"Request '{request_id}' not found.")
        return job

    def _take_fault(self, target: Target) -> Fault | None:
        fault = self._faults.take(target)
        if fault is not None:
            self.stats.faults_shown += 1
        return fault

    def _check_caller(self, request: Request) -> None:
        key = request.headers.get(contract.KEY_HEADER, "")
        if not key or (self._keys is not None and key not in self._keys):
            raise RefusedError(401, "Unauthorized", "Access denied due to missing or invalid subscription key.")
        if "cookie" in request.headers:
            self.stats.cookies_seen += 1
        wait_s = 0 if self._bucket is None else self._bucket.take()
        if wait_s:
            self.stats.rate_limited += 1
            raise RefusedError(429, "Too Many Requests", f"Rate limit exceeded. Try again in {wait_s} seconds.")

    def _refuse(self, refusal: RefusedError) -> Response:
        body: dict[str, object] = dict(refusal.body)
        headers: dict[str, str] = {}
        if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
            match self._behaviour.rate_limit_says:
                case RetryAfter.SECONDS:
                    headers["Retry-After"] = "1"
                case RetryAfter.DATE:
                    headers["Retry-After"] = retry_date(1)
                case RetryAfter.BODY:
                    body["retry_after"] = 1
                case RetryAfter.NONE:
                    pass
        return JSONResponse(body, refusal.status, headers)

    def _status_answer(self, job: Job, base_url: str) -> dict[str, object]:
        answer = status_answer(job, self._jobs.now(), self._media_url(job, base_url))
        if answer["status"] == "ERROR" and job.request_id not in self._refunded:
            self._refunded.add(job.request_id)
            self.stats.saw_refund(job.price_microusd)
            if self._balance_microusd is not None:
                self._balance_microusd += job.price_microusd
        return answer

    def _media_url(self, job: Job, base_url: str) -> str:
        origin = self._behaviour.media_origin or base_url
        return f"{origin.rstrip('/')}/media/v1/{job.request_id}/{job.file_name}"

    async def _call_back(self, job: Job, url: str, base_url: str) -> None:
        await asyncio.sleep(max(0.0, job.ended_at - self._jobs.now()))
        for _ in range(self._behaviour.webhook_repeat):
            if await call_back(url, self._status_answer(job, base_url)):
                self.stats.webhooks_sent += 1
            else:
                self.stats.webhooks_failed += 1


async def _read(request: Request) -> bytes:
    raw = bytearray()
    is_too_large = False
    # Read to the end all the same: closing on unread bytes would reset the connection and lose the refusal.
    async for part in request.stream():
        is_too_large = is_too_large or len(raw) + len(part) > contract.MAX_BODY_BYTES
        if not is_too_large:
            raw += part
    if is_too_large:
        raise RefusedError(413, "Payload Too Large", f"The body is larger than {contract.MAX_BODY_BYTES} bytes.")
    return bytes(raw)
