"""Batches of generated records: how many, of what mix, and when each appears."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from connectors.kit.sandbox.steering import Json, known, number

MixT = TypeVar("MixT")
MAX_RECORDS = 100_000
_MAX_SPREAD_MINUTES = 60 * 24 * 800


@dataclass(frozen=True)
class Batch(Generic[MixT]):
    """rate: records per second of appearance, None = all at once; spread: how far back the dates of records that appear at
    once reach (history)."""

    count: int
    seed: int
    mix: MixT
    rate: float | None = None
    spread: timedelta = timedelta()

    def times(self, now: float) -> list[tuple[float, float]]:
        """(placed, appears) of each record, epoch seconds."""
        if self.rate:
            return [(now + index / self.rate, now + index / self.rate) for index in range(self.count)]
        step = self.spread.total_seconds() / self.count if self.count else 0.0
        return [(now - step * (self.count - 1 - index), now) for index in range(self.count)]


def batch_from(body: Json, mix_from: Callable[[Any], MixT]) -> Batch[MixT]:
    """{"count": 200, "seed": 7, "mix": "default", "rate": 5, "spread_minutes": 0}, an "account" beside it. Raises ValueError."""
    known(body, {"count", "seed", "mix", "rate", "spread_minutes", "account"})
    return Batch(
        count=int(number(body, "count", 1, MAX_RECORDS)),
        seed=int(number(body, "seed", -(2**63), 2**63, 0)),
        mix=mix_from(body.get("mix", "default")),
        rate=None if body.get("rate") is None else number(body, "rate", 0.001, 100_000),
        spread=timedelta(minutes=number(body, "spread_minutes", 0, _MAX_SPREAD_MINUTES, 0)),
    )
