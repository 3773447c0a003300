"""Token buckets per account and operation, with the headers by which callers see them (walmart.md section 3)."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime

from connectors.kit.sandbox.buckets import Buckets, Limit
from connectors.walmart.sandbox.settings import TIME_FORMATS

COUNT_HEADER = "x-current-token-count"
TIME_HEADER = "x-next-replenishment-time"


class Throttle:
    """All buckets of a sandbox. `take` answers whether the call may pass, and the headers to send either way."""

    def __init__(self, limits: Mapping[str, Limit], time_format: str = "mixed", seed: int = 0) -> None:
        self._limits = limits
        self._format = time_format
        self._rng = random.Random(f"{seed}:throttle")
        self.buckets = Buckets()

    def take(self, account: str, operation: str, now: float) -> tuple[bool, dict[str, str]]:
        """now: epoch seconds."""
        passed, bucket = self.buckets.take(account, operation, self._limits[operation], now)
        shown = self._shown(bucket.next_token_seconds(), now)
        return passed, {COUNT_HEADER: str(int(bucket.tokens)), TIME_HEADER: shown}

    def clear(self) -> None:
        self.buckets.clear()

    def _shown(self, wait_seconds: float, now: float) -> str:
        """The format is undocumented; clients have met all three."""
        match self._rng.choice(TIME_FORMATS) if self._format == "mixed" else self._format:
            case "seconds":
                return str(max(0, -int(-wait_seconds // 1)))
            case "epoch_ms":
                return str(int((now + wait_seconds) * 1000))
        return datetime.fromtimestamp(now + wait_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
