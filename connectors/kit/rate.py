"""How often we may call: token buckets, decided without a clock (RATE-1).

A quota is a bucket that holds up to `burst` calls and refills evenly. An operation may draw from several (all order calls share 15 a
second, acknowledging has 60 a minute of its own on top). Those who wait stand in line by priority, then by arrival:

    orders > stock > prices > products > reports

Whoever is first and finds a call in each of its buckets goes. Whoever lacks one does not stand in the way of those behind that do not
need that bucket. What the other side says is left in its own bucket only ever lowers ours: the answer we read is already old when we read
it. A rate it names is taken as it is, up or down.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

# A call is there when the bucket holds one; the hair's breadth forgives rounding of floats.
_ONE_CALL = 1 - 1e-9
_ROOM_FOR_SEVERAL = 2


class Priority(IntEnum):
    """Who goes first when calls are short."""

    ORDERS = 0
    STOCK = 1
    PRICES = 2
    PRODUCTS = 3
    REPORTS = 4


@dataclass(frozen=True, slots=True)
class Quota:
    """`calls` per `seconds`; `burst` calls may come at once (by default `calls`)."""

    calls: float
    seconds: float = 1.0
    burst: float | None = None

    @property
    def per_second(self) -> float:
        return self.calls / self.seconds

    @property
    def depth(self) -> float:
        return max(1.0, self.calls if self.burst is None else self.burst)

    def shared(self, share: float) -> Quota:
        """The part of it that a process with this share of the work may use; at least one call fits."""
        return Quota(self.calls * share, self.seconds, max(1.0, self.depth * share))


@dataclass(frozen=True, slots=True)
class Bucket:
    """`level` calls are left at `at`; none may be made before `closed_until`. Times are seconds of a monotonic clock.

    `under_way` calls have been drawn and not been answered. When the other side draws them nobody knows: at the latest just before it answers,
    and until then its bucket may have been full, so that nothing flowed in. So for each of them ours is full one call sooner. However late
    calls come, and however many at a time, they find room.
    """

    level: float
    at: float
    closed_until: float = -math.inf
    under_way: int = 0

    def refilled(self, quota: Quota, now: float) -> Bucket:
        gained = max(0.0, now - self.at) * quota.per_second
        # Where there is room for one call only, one that hangs must not keep all others.
        most = quota.depth - self.under_way if quota.depth >= _ROOM_FOR_SEVERAL else quota.depth
        return replace(self, level=max(min(most, self.level + gained), min(self.level, 0.0)), at=max(now, self.at))

    def sent(self, calls: int) -> Bucket:
        """So many more are under way, or fewer. The bucket must have been refilled."""
        return replace(self, under_way=self.under_way + calls)

    def wait_seconds(self, quota: Quota, now: float) -> float:
        """Until there is a whole call; 0 = now. The bucket must have been refilled at `now`."""
        missing = 0.0 if self.level >= _ONE_CALL else (1 - self.level) / quota.per_second
        return max(missing, self.closed_until - now, 0.0)

    def told(self, left: float | None, wait_seconds: float | None, now: float) -> Bucket:
        """What the other side says: `left` calls in its bucket; with none left, the next after `wait_seconds`."""
        lowered = self if left is None else replace(self, level=min(self.level, max(0.0, left)))
        if left is not None and left < 1 and wait_seconds:
            return lowered.closed(now + wait_seconds)
        return lowered

    def closed(self, until: float) -> Bucket:
        return replace(self, closed_until=max(self.closed_until, until))


@dataclass(frozen=True, slots=True, order=True)
class Waiter:
    """One who wants to call. They go in the order of their fields."""

    priority: Priority
    ticket: int
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """quotas: name -> quota; draws: operation -> names of the quotas it draws from, its own one last."""

    quotas: Mapping[str, Quota]
    draws: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        unknown = {name for names in self.draws.values() for name in names} - set(self.quotas)
        if unknown:
            raise ValueError(f"operations draw from quotas that are not there: {', '.join(sorted(unknown))}")

    def rated(self, name: str, per_second: float) -> Plan:
        """With another rate of one quota; what it holds when full stays."""
        return replace(self, quotas={**self.quotas, name: Quota(per_second, 1.0, self.quotas[name].depth)})

    def shared(self, share: float) -> Plan:
        return replace(self, quotas={name: quota.shared(share) for name, quota in self.quotas.items()})

    def own(self, operation: str) -> str:
        """The quota the other side reports on in answers to this operation."""
        return self.draws[operation][-1]


Levels = Mapping[str, Bucket]


def full(plan: Plan, now: float) -> dict[str, Bucket]:
    """All buckets full."""
    return {name: Bucket(quota.depth, now) for name, quota in plan.quotas.items()}


def decide(plan: Plan, levels: Levels, line: Collection[Waiter], who: Waiter, now: float) -> tuple[Levels, float]:
    """May `who`, who stands in `line`, call now? (new levels, 0) when it may, (refilled levels, seconds to wait) when not."""
    if who not in line:
        raise ValueError("who asks must stand in the line")
    # An account has some thirty buckets and as many who wait: looked at are those whose turn bears upon this one's.
    ahead, wanted = _bearing(plan, line, who)
    before = {**levels, **{name: levels[name].refilled(plan.quotas[name], now) for name in wanted}}
    left = dict(before)
    for waiter in ahead:
        names = plan.draws[waiter.operation]
        if all(left[name].wait_seconds(plan.quotas[name], now) == 0 for name in names):
            left = _drawn(left, names)
    names = plan.draws[who.operation]
    wait = max(left[name].wait_seconds(plan.quotas[name], now) for name in names)
    return (_drawn(before, names), 0.0) if wait == 0 else (before, wait)


def forecast_seconds(plan: Plan, levels: Levels, operation: str, calls: int, now: float) -> float:
    """How long until that many calls of an operation could have been made, if nobody else made any."""
    waits = []
    for name in plan.draws[operation]:
        quota, bucket = plan.quotas[name], levels[name].refilled(plan.quotas[name], now)
        waits.append(max((calls - bucket.level) / quota.per_second, bucket.closed_until - now, 0.0))
    return max(waits)


def _bearing(plan: Plan, line: Collection[Waiter], who: Waiter) -> tuple[list[Waiter], set[str]]:
    """Those before `who`, in order, that draw from its buckets or from those of others that do; and these buckets."""
    wanted, found = set(plan.draws[who.operation]), list[Waiter]()
    for waiter in sorted((one for one in line if one < who), reverse=True):
        names = plan.draws[waiter.operation]
        if not wanted.isdisjoint(names):
            wanted.update(names)
            found.append(waiter)
    return found[::-1], wanted


def _drawn(levels: Levels, names: Sequence[str]) -> dict[str, Bucket]:
    return {
        name: replace(bucket, level=bucket.level - names.count(name)) if name in names else bucket
        for name, bucket in levels.items()
    }


def tickets() -> itertools.count[int]:
    """Numbers in the order of arrival."""
    return itertools.count()
