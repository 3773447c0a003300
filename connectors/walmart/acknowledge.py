"""Acknowledging orders (FUL-1).

Acknowledging covers a whole order. Walmart lets it be repeated, so doing it twice would do no harm; still we look first:

- An order that is acknowledged, shipped or delivered already: nothing is written, `already_applied`. This also spares the quota, which is
  60 acknowledgements a minute against 5,000 reads.
- An order that is cancelled meanwhile: nothing to acknowledge any more, `stale`.
- Walmart refuses (a rule, or the order moved between our look and our call): we look again, and only if it is still open the refusal stands.
- No answer: we look; what Walmart holds decides.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.kit.errors import ConnectorError, DataError, RetryError, RuleError, ThrottledError, UncertainError
from connectors.kit.ports import Delivery, Outcome, Result, failed
from connectors.kit.reading import Reader
from connectors.walmart.accounts import OpenClient
from connectors.walmart.client import WalmartClient
from connectors.walmart.errors import outcome_of
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.statuses import CANONICAL, UNKNOWN
from schemas.reasons import Reason

MODEL = "order"
MOST_TRIES_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class _Job:
    """A delivery with its client, or, without one, what it was refused for."""

    delivery: Delivery
    client: WalmartClient | None = None
    order_id: str = ""
    refused: Outcome = field(default_factory=lambda: failed(Reason.BUG, "not refused"))


class Acknowledge:
    """The handler of `acknowledge_order`: one outcome per delivery, in order; a few at a time. What the quota does not allow soon comes
    back as throttled, with the time to return: a worker must not stand still for a minute. Never raises ConnectorError."""

    def __init__(self, settings: WalmartSettings, open_client: OpenClient) -> None:
        self._settings = settings
        self._open = open_client
        self._places = asyncio.Semaphore(settings.acknowledge_concurrency)

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        counted: Counter[str] = Counter()
        jobs: list[_Job] = []
        for delivery in batch:
            counted[delivery.account] += 1
            jobs.append(self._job(delivery, counted[delivery.account]))
        return await asyncio.gather(*(self._done(job) for job in jobs))

    def _job(self, delivery: Delivery, place: int) -> _Job:
        """What is to be done, told before anything is begun. `place`: the how manieth of its account in this batch."""
        try:
            order_id = Reader(dict(delivery.body)).needed_text("order_id")
            client = self._open(delivery.account)
            self._check_quota(client, place)
        except ConnectorError as error:
            return _Job(delivery, refused=outcome_of(error, delivery.attempt))
        return _Job(delivery, client, order_id)

    async def _done(self, job: _Job) -> Outcome:
        if job.client is None:
            return job.refused
        try:
            async with self._places:
                self._check_quota(job.client, 1)
                return await acknowledge(job.client, job.order_id)
        except ConnectorError as error:
            return outcome_of(error, job.delivery.attempt)

    def _check_quota(self, client: WalmartClient, place: int) -> None:
        """Raises ThrottledError when the quota does not allow that many calls soon."""
        wait = client.forecast_seconds("acknowledge", place)
        if wait > self._settings.patience_seconds:
            raise ThrottledError("the quota of acknowledgements is used up", retry_after=round(wait, 1))


async def acknowledge(client: WalmartClient, order_id: str) -> Outcome:
    """Bring one order to acknowledged. Raises ConnectorError."""
    settled = _settled(await client.get_order(order_id), order_id)
    tries = 0
    while settled is None:
        tries += 1
        try:
            return _acknowledged(await client.acknowledge(order_id), order_id)
        except ThrottledError:
            raise
        except (RetryError, RuleError, DataError) as error:
            settled = _settled(await client.get_order(order_id), order_id)
            # No answer, and Walmart has not done it: once more at once, then it is the turn of the retry tiers.
            again = isinstance(error, UncertainError) and not error.code and tries < MOST_TRIES_AT_ONCE
            if settled is None and not again:
                raise
    return settled


def _acknowledged(order: object, order_id: str) -> Outcome:
    """What Walmart's answer to an acknowledgement says."""
    if "created" in states_of(order):
        return failed(Reason.CONFLICT, "Walmart accepted the acknowledgement but shows lines that are still Created")
    return Outcome(Result.APPLIED, remote_model=MODEL, remote_id=order_id)


def states_of(order: object) -> set[str]:
    """The canonical states of all parts of an order's lines. Raises DataError for an order that cannot be read."""
    lines = Reader(order).an_object()["orderLines"].children("orderLine")
    parts = [part for line in lines for part in line["orderLineStatuses"].children("orderLineStatus")]
    return {CANONICAL.get(part.text("status").lower(), UNKNOWN) for part in parts}


def _settled(order: Mapping[str, object] | None, order_id: str) -> Outcome | None:
    """What is to be said without writing, None when the order is still to be acknowledged."""
    if order is None:
        return failed(Reason.DATA, "Walmart has no order of this purchaseOrderId; check the account and the id")
    states = states_of(order)
    if not states or "created" in states or states == {UNKNOWN}:
        return None
    result = Result.STALE if states == {"cancelled"} else Result.ALREADY_APPLIED
    notes = ("order_cancelled",) if states == {"cancelled"} else ()
    return Outcome(result, remote_model=MODEL, remote_id=order_id, notes=notes)
