"""What the settings say to the engine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Policy:
    """`profile` is the gateway's identity; amounts are micro-dollars, rates requests a second.

    `adopts_orphans`: whether this process may send what a process beside it that died within five minutes had
    accepted. The app may; a command never sends another command's left-overs.
    """

    profile: str
    # Never in a repr: those end in tracebacks and logs.
    key: str = field(default="", repr=False)
    key_fingerprint: str = ""
    max_in_flight: int = 16
    requests_per_s: float = 1.0
    burst: int = 5
    daily_cap_microusd: int | None = None
    adopts_orphans: bool = True

    def with_key(self, key: str, fingerprint: str) -> Policy:
        """The same with another key."""
        return replace(self, key=key, key_fingerprint=fingerprint)
