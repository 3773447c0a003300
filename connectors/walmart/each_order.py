"""One write per order, a few at a time, within the quota: what acknowledging, shipping, cancelling and refunding have in common."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from connectors.kit.errors import ConnectorError, DataError, RetryError, RuleError, ThrottledError, UncertainError
from connectors.kit.ports import Delivery, Outcome, failed
from connectors.walmart.accounts import OpenClient
from connectors.walmart.client import WalmartClient
from connectors.walmart.errors import outcome_of
from connectors.walmart.settings import WalmartSettings
from schemas.reasons import Reason

Write = Callable[[WalmartClient, Delivery], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class _Job:
    """A delivery with its client, or, without one, what it was refused for."""

    delivery: Delivery
    client: WalmartClient | None = None
    refused: Outcome = field(default_factory=lambda: failed(Reason.BUG, "not refused"))


class EachOrder:
    """A handler: one outcome per delivery, in order; a few at a time. What the quota does not allow soon comes back as throttled, with the
    time to return: a worker must not stand still for a minute. Never raises ConnectorError.

    operation   the quota it draws from
    write       brings one order to where the delivery wants it; raises ConnectorError
    """

    def __init__(
        self,
        settings: WalmartSettings,
        open_client: OpenClient,
        operation: str,
        write: Write,
        concurrency: int | None = None,
    ) -> None:
        self._patience = settings.patience_seconds
        self._open = open_client
        self._operation = operation
        self._write = write
        self._places = asyncio.Semaphore(concurrency or settings.acknowledge_concurrency)

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
            client = self._open(delivery.account)
            self._check_quota(client, place)
        except ConnectorError as error:
            return _Job(delivery, refused=outcome_of(error, delivery.attempt))
        return _Job(delivery, client)

    async def _done(self, job: _Job) -> Outcome:
        if job.client is None:
            return job.refused
        try:
            async with self._places:
                self._check_quota(job.client, 1)
                return await self._write(job.client, job.delivery)
        except ConnectorError as error:
            return outcome_of(error, job.delivery.attempt)

    def _check_quota(self, client: WalmartClient, place: int) -> None:
        """Raises ThrottledError when the quota does not allow that many calls soon."""
        wait = client.forecast_seconds(self._operation, place)
        if wait > self._patience:
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
