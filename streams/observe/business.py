"""What a delivery's end says in the seller's terms (OPS-1): how late facts arrive, how long jobs take and how many are open, what conflicts.

Counted by the deliver stage, once for each outcome. Labels are destinations and operations, never a key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from connectors.kit.ports import Delivery, Outcome, Result
from schemas.headers import Failure
from streams.observe import metrics

# When the fact happened at its source: the first of these that the record has.
_HAPPENED = ("caused_at", "shipped_at", "cancelled_at", "posted_at", "updated_at")
_OVERDUE_FACTOR, _OVERDUE_SECONDS = 2.0, 600.0

Place = tuple[str, str]  # destination, operation


class OpenJobs:
    """Deliveries that wait for a job at the destination, as this process last saw them.

    One that was not asked about for more than twice the time it was to be looked at again is another process's by now. `clock`: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[Place, dict[str, float]] = {}

    def submitted(self, place: Place, delivery_id: str, check_after: float) -> None:
        """It waits; asked again after so many seconds."""
        until = self._clock() + _OVERDUE_FACTOR * check_after + _OVERDUE_SECONDS
        self._waiting.setdefault(place, {})[delivery_id] = until

    def over(self, place: Place, delivery_id: str) -> None:
        """Its job is over, however it went."""
        self._waiting.get(place, {}).pop(delivery_id, None)

    def count(self, place: Place) -> int:
        """How many wait now."""
        now, waiting = self._clock(), self._waiting.get(place, {})
        for delivery_id in [name for name, until in waiting.items() if until < now]:
            del waiting[delivery_id]
        return len(waiting)


OPEN_JOBS = OpenJobs()


def count_outcome(
    destination: str, delivery: Delivery, failure: Failure | None, outcome: Outcome, now: datetime
) -> None:
    """One outcome of a delivery; `failure`: what its record carries of earlier tries. `now`: aware UTC."""
    place = (destination, delivery.operation)
    if outcome.result is Result.SUBMITTED:
        metrics.SUBMITTED.labels(*place).set_function(lambda: OPEN_JOBS.count(place))
        OPEN_JOBS.submitted(place, delivery.id, outcome.retry_after or 0.0)
    elif delivery.job:
        OPEN_JOBS.over(place, delivery.id)
        if failure is not None:
            metrics.JOB_SECONDS.labels(*place).observe(max(0.0, now.timestamp() - failure.first_at / 1000))
    if outcome.result is Result.APPLIED and (happened := happened_at(delivery)) is not None:
        metrics.FACT_DELAY.labels(*place).observe(max(0.0, (now - happened).total_seconds()))
    for event in outcome.events:
        if event.entity == "conflict":
            metrics.CONFLICTS.labels(str(event.body.get("entity", "")), str(event.body.get("action", ""))).inc()


def happened_at(delivery: Delivery) -> datetime | None:
    """When the fact it tells happened at its source, aware UTC; None when it does not say."""
    found = next((moment for name in _HAPPENED if (moment := delivery.body.get(name)) is not None), None)
    return found if isinstance(found, datetime) else None
