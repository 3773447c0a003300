"""Circuit breaker of one operation at one destination (ERR-4). Pure: the clock is passed in, seconds that never go back.

    closed     deliveries go through. `failures` in a row that speak of the destination (transient, throttled) open it; auth opens it at
               once, for every further try with refused credentials only makes it worse.
    open       nothing goes through until the pause is over: the lane waits in order, no try is counted. The first pause is `probe_after`,
               each failed probe doubles it up to `probe_limit`. A destination that says when to return is heeded if that is later.
    half-open  one probe goes through. If the destination answers, whatever it answers about the record, the breaker closes; if the probe
               fails like before, it opens again. A probe that never reports back is given up after one more pause.

What counts as what:

    reason                          means                             effect
    none (delivered)                it works                          closes, count is zero
    data, mapping, rule, conflict   it answered about this record     closes, count is zero
    transient, throttled            it is down, slow or busy          counts
    auth                            it refuses us                     opens
    bug                             our code; tells nothing of it     none
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from schemas.reasons import Reason

COUNTED = frozenset({Reason.TRANSIENT, Reason.THROTTLED})


class State(StrEnum):
    """Of a breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Proceed:
    """Deliver. `probe`: just one record, to see whether the destination is back."""

    probe: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Pause the lane until then (the caller's clock, seconds), then ask again."""

    until: float


class Breaker:
    """One breaker. Ask `before` each batch, tell `after` for each outcome."""

    def __init__(self, failures: int, probe_after: float, probe_limit: float) -> None:
        self._limit = failures
        self._first_pause = min(probe_after, probe_limit)
        self._longest_pause = probe_limit
        self._pause = self._first_pause
        self._failed = 0
        self._until = 0.0
        self._state = State.CLOSED
        self.reason: Reason | None = None
        self.detail = ""

    @property
    def state(self) -> State:
        """Closed, open or half-open, as of the last call."""
        return self._state

    @property
    def until(self) -> float:
        """When an open breaker is probed; 0 for a closed one."""
        return self._until

    def before(self, now: float) -> Proceed | Wait:
        """May a delivery be tried now?"""
        if self._state is State.CLOSED:
            return Proceed()
        if now < self._until:
            return Wait(self._until)
        self._state = State.HALF_OPEN
        self._until = now + self._pause  # others wait while the probe is out, and longer only if it never comes back
        return Proceed(probe=True)

    def after(self, now: float, reason: Reason | None, retry_after: float | None = None, detail: str = "") -> bool:
        """What became of a delivery: None when it succeeded, else why it failed. True when the state changed by it. `reason` and `detail` of the
        failure that opened it are kept while it is not closed."""
        before = self._state
        if reason is Reason.BUG:
            self._give_probe_back(now)
        elif reason is Reason.AUTH or reason in COUNTED:
            self._fail(now, reason, retry_after or 0.0, detail)
        else:
            self._close()
        return self._state is not before

    def _fail(self, now: float, reason: Reason, retry_after: float, detail: str) -> None:
        if self._state is State.OPEN:
            return  # the rest of the batch that opened it
        self._failed += 1
        if self._state is State.HALF_OPEN:
            self._pause = min(self._pause * 2, self._longest_pause)
        elif reason is not Reason.AUTH and self._failed < self._limit:
            return
        self.reason, self.detail = reason, detail
        self._state = State.OPEN
        self._until = now + max(self._pause, retry_after)

    def _close(self) -> None:
        self._state = State.CLOSED
        self._failed = 0
        self._until = 0.0
        self._pause = self._first_pause
        self.reason, self.detail = None, ""

    def _give_probe_back(self, now: float) -> None:
        if self._state is State.HALF_OPEN:
            self._until = now


class Breakers:
    """The breakers of a process, one per destination and operation, made when first asked for."""

    def __init__(self, failures: int, probe_after: float, probe_limit: float) -> None:
        self._make = (failures, probe_after, probe_limit)
        self._known: dict[tuple[str, str], Breaker] = {}

    def of(self, destination: str, operation: str) -> Breaker:
        """The breaker of that pair."""
        return self._known.setdefault((destination, operation), Breaker(*self._make))

    def all(self) -> dict[tuple[str, str], Breaker]:
        """Those that exist, by destination and operation: for status and metrics."""
        return dict(self._known)
