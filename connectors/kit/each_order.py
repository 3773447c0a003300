"""One write per order, a few at a time, within the quota: what acknowledging, shipping, cancelling and refunding have in common."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from connectors.kit.accounts import ClientT, OpenClient
from connectors.kit.errors import ConnectorError, DataError, RetryError, RuleError, ThrottledError, UncertainError
from connectors.kit.ports import Delivery, Outcome, failed, failed_by
from schemas.reasons import Reason

Write = Callable[[ClientT, Delivery], Awaitable[Outcome]]
OutcomeOf = Callable[[ConnectorError, int], Outcome]


def plain_outcome(error: ConnectorError, attempt: int) -> Outcome:
    """An error as an outcome, where the marketplace has no rule about attempts."""
    return failed_by(error)


@dataclass(frozen=True, slots=True)
class Limits:
    """patience_seconds: a batch of writes waits this long for quota; concurrency: writes at a time; outcome_of: (error, attempt) -> outcome."""

    patience_seconds: float
    concurrency: int
    outcome_of: OutcomeOf = plain_outcome


@dataclass(frozen=True, slots=True)
class _Job(Generic[ClientT]):
    """A delivery with its client, or, without one, what it was refused for."""

    delivery: Delivery
    client: ClientT | None = None
    refused: Outcome = field(default_factory=lambda: failed(Reason.BUG, "not refused"))


class EachOrder(Generic[ClientT]):
    """A handler: one outcome per delivery, in order; a few at a time. What the quota does not allow soon comes back as throttled, with the
    time to return: a worker must not stand still for a minute. Never raises ConnectorError.

    operation   the quota it draws from
    write       brings one order to where the delivery wants it; raises ConnectorError
    """

    def __init__(self, limits: Limits, open_client: OpenClient[ClientT], operation: str, write: Write[ClientT]) -> None:
        self._limits = limits
        self._open = open_client
        self._operation = operation
        self._write = write
        self._places = asyncio.Semaphore(limits.concurrency)

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        counted: Counter[str] = Counter()
        jobs: list[_Job[ClientT]] = []
        for delivery in batch:
            counted[delivery.account] += 1
            jobs.append(self._job(delivery, counted[delivery.account]))
        return await asyncio.gather(*(self._done(job) for job in jobs))

    def _job(self, delivery: Delivery, place: int) -> _Job[ClientT]:
        """What is to be done, told before anything is begun. `place`: the how manieth of its account in this batch."""
        try:
            client = self._open(delivery.account)
            self._check_quota(client, place)
        except ConnectorError as error:
            return _Job(delivery, refused=self._limits.outcome_of(error, delivery.attempt))
        return _Job(delivery, client)

    async def _done(self, job: _Job[ClientT]) -> Outcome:
        if job.client is None:
            return job.refused
        try:
            async with self._places:
                self._check_quota(job.client, 1)
                return await self._write(job.client, job.delivery)
        except ConnectorError as error:
            return self._limits.outcome_of(error, job.delivery.attempt)

    def _check_quota(self, client: ClientT, place: int) -> None:
        """Raises ThrottledError when the quota does not allow that many calls soon."""
        wait = client.forecast_seconds(self._operation, place)
        if wait > self._limits.patience_seconds:
            raise ThrottledError(f"the quota of {self._operation} calls is used up", retry_after=round(wait, 1))


async def look_and_write(
    look: Callable[[], Awaitable[Outcome | None]],
    write: Callable[[], Awaitable[Outcome]],
    is_repeatable: bool = False,
) -> Outcome:
    """Write unless there is nothing to write (`look` gives the outcome), and look again when the write failed or no answer came: what the
    other side holds decides. Raises what the write raised when it is still to be done.

    is_repeatable   doing it twice does no harm: once more at once when no answer came. Other writes are left to the retry tiers, which look
                    again before they write: a call that we gave up waiting for may still be under way
    """
    settled, may_repeat = await look(), is_repeatable
    while settled is None:
        try:
            return await write()
        except ThrottledError:
            raise
        except (RetryError, RuleError, DataError) as error:
            settled = await look()
            if settled is None and not (may_repeat and isinstance(error, UncertainError) and not error.code):
                raise
            may_repeat = False
    return settled
