"""Token buckets: how many calls a caller may make, and how fast they come back."""

from dataclasses import dataclass

# Seconds since 1970 as floats are a quarter of a microsecond apart: who comes on the moment finds what has flowed in until then a hair short.
_HAIR = 1e-6


@dataclass(frozen=True)
class Limit:
    """A token bucket: `calls` at once, refilled evenly over `seconds`."""

    calls: int
    seconds: float = 60.0

    @property
    def rate(self) -> float:
        """Calls a second, in the long run."""
        return self.calls / self.seconds


@dataclass
class Bucket:
    """Refills gradually: `limit.calls` per `limit.seconds`, up to `limit.calls`."""

    limit: Limit
    tokens: float
    at: float

    def take(self, now: float) -> bool:
        self.tokens = min(self.limit.calls, self.tokens + max(0.0, now - self.at) * self.limit.rate)
        self.at = now
        if self.tokens < 1 - _HAIR:
            return False
        self.tokens -= 1
        return True

    def next_token_seconds(self) -> float:
        """Seconds until one more whole call is there; 0 when the bucket is full."""
        if self.tokens >= self.limit.calls:
            return 0.0
        return (int(self.tokens) + 1 - self.tokens) / self.limit.rate


class Buckets:
    """Full buckets by caller and operation, made at first need."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def take(self, caller: str, operation: str, limit: Limit, now: float) -> tuple[bool, Bucket]:
        """(whether the call may pass, the bucket after it). now: epoch seconds."""
        bucket = self._buckets.setdefault((caller, operation), Bucket(limit, limit.calls, now))
        bucket.limit = limit
        return bucket.take(now), bucket

    def of(self, caller: str, operation: str) -> Bucket:
        """Raises KeyError before the first call."""
        return self._buckets[caller, operation]

    def clear(self) -> None:
        self._buckets.clear()
