"""What the simulated gateway has seen and charged."""

import hashlib
from collections import Counter


class Stats:
    """Counters since the start or the last reset."""

    def __init__(self) -> None:
        self.connections = 0
        self.posts = 0
        self.accepted = 0
        self.charges = 0
        self.charged_microusd = 0
        self.refunds = 0
        self.refunded_microusd = 0
        self.rate_limited = 0
        self.missing_no_cache = 0
        self.media_key_leaks = 0
        self.cookies_seen = 0
        self.webhooks_sent = 0
        self.webhooks_failed = 0
        self.webhooks_skipped = 0
        self.faults_shown = 0
        self.polls_of: Counter[str] = Counter()
        self.downloads_of: Counter[str] = Counter()
        self.shortest_poll_gap_s: float | None = None
        self._answers: Counter[int] = Counter()
        self._bodies: Counter[bytes] = Counter()
        self._polled_at: dict[str, float] = {}
        self._last_body = ""

    def saw_accepted(self, raw: bytes, price_microusd: int) -> None:
        """Counts a request that was taken and charged."""
        self.accepted += 1
        self.charges += 1
        self.charged_microusd += price_microusd
        self._bodies[hashlib.sha256(raw).digest()] += 1
        self._last_body = raw.decode("utf-8", "replace")

    def saw_refund(self, price_microusd: int) -> None:
        """Counts an ERROR, which the page calls not charged."""
        self.refunds += 1
        self.refunded_microusd += price_microusd

    def saw_poll(self, request_id: str, now: float) -> None:
        """Counts a status request and keeps the shortest time between two for one job."""
        self.polls_of[request_id] += 1
        before = self._polled_at.get(request_id)
        if before is not None:
            gap = now - before
            self.shortest_poll_gap_s = gap if self.shortest_poll_gap_s is None else min(self.shortest_poll_gap_s, gap)
        self._polled_at[request_id] = now

    def saw_post_answer(self, status: int) -> None:
        """Counts the status of an answer to a POST."""
        self._answers[status] += 1

    def as_json(self) -> dict[str, object]:
        """Everything, for `GET /_sim/stats`."""
        return {
            "connections": self.connections,
            "posts": self.posts,
            "accepted": self.accepted,
            "charges": self.charges,
            "charged_microusd": self.charged_microusd,
            "refunds": self.refunds,
            "refunded_microusd": self.refunded_microusd,
            "net_microusd": self.charged_microusd - self.refunded_microusd,
            "duplicates": sum(count - 1 for count in self._bodies.values()),
            "post_answers": {str(status): count for status, count in sorted(self._answers.items())},
            "rate_limited": self.rate_limited,
            "polls": self.polls_of.total(),
            "polls_by_request": dict(self.polls_of),
            "shortest_poll_gap_s": self.shortest_poll_gap_s,
            "downloads": self.downloads_of.total(),
            "downloads_by_request": dict(self.downloads_of),
            "missing_no_cache": self.missing_no_cache,
            "media_key_leaks": self.media_key_leaks,
            "cookies_seen": self.cookies_seen,
            "webhooks_sent": self.webhooks_sent,
            "webhooks_failed": self.webhooks_failed,
            "webhooks_skipped": self.webhooks_skipped,
            "faults_shown": self.faults_shown,
            "last_accepted_body": self._last_body,
        }
