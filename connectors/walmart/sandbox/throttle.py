"""Token buckets per account and operation, with the headers by which callers see them (walmart.md section 3)."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.walmart.sandbox.settings import TIME_FORMATS, Limit

COUNT_HEADER = "x-current-token-count"
TIME_HEADER = "x-next-replenishment-time"


@dataclass
class Bucket:
    """Refills gradually: `limit.calls` per `limit.seconds`, up to `limit.calls`."""

    limit: Limit
    tokens: float
    at: float

    def take(self, now: float) -> bool:
        rate = self.limit.calls / self.limit.seconds
        self.tokens = min(self.limit.calls, self.tokens + max(0.0, now - self.at) * rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def next_token_seconds(self) -> float:
        """Seconds until one more whole call is there; 0 when the bucket is full."""
        if self.tokens >= self.limit.calls:
            return 0.0
        return (int(self.tokens) + 1 - self.tokens) * self.limit.seconds / self.limit.calls


class Throttle:
    """All buckets of a sandbox. `take` answers whether the call may pass, and the headers to send either way."""

    def __init__(self, limits: Mapping[str, Limit], time_format: str = "mixed", seed: int = 0) -> None:
        self._limits = limits
        self._format = time_format
        self._rng = random.Random(f"{seed}:throttle")
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def take(self, account: str, operation: str, now: float) -> tuple[bool, dict[str, str]]:
        """now: epoch seconds."""
        limit = self._limits[operation]
        bucket = self._buckets.setdefault((account, operation), Bucket(limit, limit.calls, now))
        passed = bucket.take(now)
        shown = self._shown(bucket.next_token_seconds(), now)
        return passed, {COUNT_HEADER: str(int(bucket.tokens)), TIME_HEADER: shown}

    def clear(self) -> None:
        self._buckets.clear()

    def _shown(self, wait_seconds: float, now: float) -> str:
        """The format is undocumented; clients have met all three."""
        match self._rng.choice(TIME_FORMATS) if self._format == "mixed" else self._format:
            case "seconds":
                return str(max(0, -int(-wait_seconds // 1)))
            case "epoch_ms":
                return str(int((now + wait_seconds) * 1000))
        return datetime.fromtimestamp(now + wait_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
