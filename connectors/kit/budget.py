"""The rate budget of one account, as the workers of a process see it: `await budget.take("acknowledge")`, then call.

Thin: `connectors.kit.rate` decides, this keeps the state and waits. It may be used from several threads and event loops. A process that
does part of the work uses part of the quota: `set_share(owned partitions / all partitions)`, no coordinator needed.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from connectors.kit import rate
from connectors.kit.rate import Plan, Priority, Waiter

# Nobody sleeps longer than this in one go: a better place in line or a changed share is noticed soon.
_LONGEST_NAP_SECONDS = 5.0
_BEHIND_CALLS = 0.02


class Budget:
    """`clock`: seconds of a monotonic clock; `sleep`: how to wait. Both are passed in by tests."""

    def __init__(
        self,
        plan: Plan,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._whole = self._plan = plan
        self._share = 1.0
        self._clock = clock
        self._sleep = sleep
        self._levels: rate.Levels = rate.full(plan, clock())
        self._line: set[Waiter] = set()
        self._tickets = rate.tickets()
        self._lock = threading.Lock()
        self._waiting: Counter[tuple[str, Priority]] = Counter()
        self._postponed: dict[str, float] = {}

    async def take(self, operation: str, priority: Priority = Priority.ORDERS) -> float:
        """Wait until a call of this operation may be made; gives the seconds waited. Raises KeyError for an unknown operation."""
        who = Waiter(priority, next(self._tickets), operation)
        began = self._clock()
        self._plan.draws[operation]
        with self._lock:
            self._line.add(who)
        try:
            while wait := self._try(who):
                await self._sleep(min(wait, _LONGEST_NAP_SECONDS))
        finally:
            with self._lock:
                self._line.discard(who)
        return self._clock() - began

    @asynccontextmanager
    async def calling(self, operation: str, priority: Priority = Priority.ORDERS) -> AsyncIterator[None]:
        """As `take`, around the call: until it ends it counts as under way (`connectors.kit.rate.Bucket`)."""
        await self.take(operation, priority)
        names = self._plan.draws[operation]
        self._sent(names, 1)
        try:
            yield
        finally:
            self._sent(names, -1)

    def forecast(self, operation: str, calls: int, priority: Priority = Priority.REPORTS) -> float:
        """Seconds until that many calls could have been made, after those of the same or a higher priority that are waiting: what a batch
        asks before it starts."""
        with self._lock:
            return self._forecast(operation, calls, priority)

    @contextmanager
    def waiting(self, operation: str, calls: int, priority: Priority = Priority.ORDERS) -> Iterator[Callable[[], None]]:
        """While so many calls of an operation are waiting or under way; call what it gives when one of them is done.

        Forecasts count them, so that those who ask meanwhile are not told of quota that is taken.
        """
        left, place = calls, (operation, priority)

        def one_less() -> None:
            nonlocal left
            with self._lock:
                left -= 1
                self._waiting[place] -= 1

        with self._lock:
            self._waiting[place] += calls
        try:
            yield one_less
        finally:
            with self._lock:
                self._waiting[place] -= left

    def postpone(self, operation: str, patience_seconds: float = 0.0) -> float:
        """Seconds until one more call of this operation has its turn, behind all that were postponed before: each gets a time of its own,
        so that they do not all come back together.

        Who may stand in line for `patience_seconds` is told to come so much before its turn: ways back are longer than was asked for (retry
        tiers), and a line that is over before the next ones arrive leaves the quota idle.
        """
        with self._lock:
            now = self._clock()
            slowest = min(self._plan.quotas[name].per_second for name in self._plan.draws[operation])
            turn = max(
                now + self._forecast(operation, 1, Priority.REPORTS), self._postponed.get(operation, 0.0) + 1 / slowest
            )
            self._postponed[operation] = turn
            return max(turn - now - patience_seconds, 0.0)

    def backlog(self) -> dict[str, float]:
        """Seconds until the work that waits or was postponed is through, by quota, for metrics: 0 where nothing waits."""
        with self._lock:
            now, found = self._clock(), dict.fromkeys(self._plan.quotas, 0.0)
            for operation, names in self._plan.draws.items():
                is_waited_for = any(count > 0 for (one, _), count in self._waiting.items() if one == operation)
                waits = self._forecast(operation, 0, Priority.REPORTS) if is_waited_for else 0.0
                waits = max(waits, self._postponed.get(operation, now) - now)
                found[names[-1]] = max(found[names[-1]], waits)
            return found

    def own(self, operation: str) -> str:
        """The name of an operation's own quota."""
        return self._plan.own(operation)

    def rated(self, operation: str, per_second: float) -> None:
        """The other side says how fast this operation's own quota refills: that counts from now on, up or down."""
        with self._lock:
            name = self._plan.own(operation)
            bucket = self._levels[name].refilled(self._plan.quotas[name], self._clock())
            self._levels = {**self._levels, name: bucket}
            self._whole = self._whole.rated(name, per_second)
            self._plan = self._whole.shared(self._share)

    def emptied(self, operation: str) -> None:
        """The other side's bucket is empty, so ours is, and a little more: who asks at the very moment when one call has grown again may find
        a hair less than one there, for two clocks never agree."""
        with self._lock:
            name = self._plan.own(operation)
            self._levels = {**self._levels, name: replace(self._levels[name], level=-_BEHIND_CALLS, at=self._clock())}

    def told(self, operation: str, left: float | None, wait_seconds: float | None) -> None:
        """What an answer's headers say of this operation's own quota."""
        with self._lock:
            now, name = self._clock(), self._plan.own(operation)
            bucket = self._levels[name].refilled(self._plan.quotas[name], now)
            self._levels = {**self._levels, name: bucket.told(left, wait_seconds, now)}

    def refused(self, operation: str, wait_seconds: float) -> None:
        """The other side refused a call for its quota: none of this operation before that time."""
        with self._lock:
            name = self._plan.own(operation)
            closed = self._levels[name].closed(self._clock() + wait_seconds)
            self._levels = {**self._levels, name: closed}

    def set_share(self, share: float) -> None:
        """This process's part of the work, above 0 up to 1. Raises ValueError outside."""
        if not 0 < share <= 1:
            raise ValueError(f"a share lies above 0 and up to 1, not {share}")
        with self._lock:
            self._share = share
            self._plan = self._whole.shared(share)

    def left(self) -> dict[str, float]:
        """Calls left by quota, for metrics."""
        with self._lock:
            now, plan = self._clock(), self._plan
            return {name: bucket.refilled(plan.quotas[name], now).level for name, bucket in self._levels.items()}

    def used(self) -> dict[str, float]:
        """Part of this process's share of each quota that is used up, 0 to 1, for metrics."""
        left, quotas = self.left(), self._plan.quotas
        return {name: min(max(1 - level / quotas[name].depth, 0.0), 1.0) for name, level in left.items()}

    def _sent(self, names: Sequence[str], calls: int) -> None:
        with self._lock:
            now, quotas = self._clock(), self._plan.quotas
            changed = {name: self._levels[name].refilled(quotas[name], now).sent(calls) for name in set(names)}
            self._levels = {**self._levels, **changed}

    def _forecast(self, operation: str, calls: int, priority: Priority) -> float:
        """`calls` more of an operation, behind those that draw from the same quotas, wait, and go first."""
        now, waits, draws = self._clock(), [0.0], self._plan.draws
        for name in draws[operation]:
            before = sum(
                count for (other, first), count in self._waiting.items() if first <= priority and name in draws[other]
            )
            one = replace(self._plan, draws={operation: (name,)})
            waits.append(rate.forecast_seconds(one, self._levels, operation, calls + before, now))
        return max(waits)

    def _try(self, who: Waiter) -> float:
        with self._lock:
            self._levels, wait = rate.decide(self._plan, self._levels, self._line, who, self._clock())
            return wait
