"""`cancel_lines` (cancellation) -> the order acknowledgement file, which cancels whatever its name says (FUL-3, ORD-13).

The order decides: what is cancelled there is done, what left meanwhile is refused (`rule`), and Odoo's cancellation is taken back. Cancelling an
item twice does no harm, Amazon refuses the second; so after a lost answer or a kill the order is looked at and, if need be, told again. The
result of a feed is believed when it refuses; that something was cancelled is believed when the order shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import cast

from connectors.amazon.client import AmazonClient
from connectors.amazon.feed_documents import CANCELLATIONS
from connectors.amazon.feed_results import item_name
from connectors.amazon.feeds import AmazonFeeds
from connectors.amazon.order_bodies import CANCEL_COLUMNS, cancellation_lines
from connectors.amazon.order_feeds import (
    FEED,
    MODEL,
    Lines,
    OrderFeed,
    no_order,
    order_id_of,
    refusal_of,
    refused_in,
    says_nothing,
)
from connectors.amazon.order_state import WORK
from connectors.amazon.refunds_told import remote_id
from connectors.amazon.settings import AmazonSettings
from connectors.kit.accounts import OpenClient
from connectors.kit.feed_results import FeedState
from connectors.kit.follower import Follower
from connectors.kit.jobs import Job
from connectors.kit.ports import Delivery, Difference, Outcome, Result, failed, submitted
from schemas.reasons import Reason
from schemas.records import Cancellation


class Cancelling(OrderFeed):
    """The handler."""

    kind = CANCELLATIONS
    columns = CANCEL_COLUMNS
    item = "amazon-order-item-code"
    data = WORK

    def __init__(
        self, settings: AmazonSettings, open_client: OpenClient[AmazonClient], feeds: Callable[[str], AmazonFeeds], follower: Follower,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        super().__init__(open_client, feeds, follower, now, settings.patience_seconds, settings.order_concurrency)
        self._reasons: Mapping[str, str] = settings.fulfilment.cancels()
        self._shown_after = settings.fulfilment.shown_after_hours * 3600

    async def differences(self, delivery: Delivery) -> list[Difference]:
        """What it would change now; reads only. Raises ConnectorError."""
        client = self._open(delivery.account)
        now = await self.now(client, delivery)
        if now is None:
            return [Difference("order", "not there", delivery.operation)]
        found = []
        for line in cancellation_lines(now, cast("Cancellation", delivery.body), self._reasons):
            have = now.line(line[self.item])
            before = f"{have.open} open, {have.shipped} shipped, {have.cancelled} cancelled"
            found.append(
                Difference(f"item {have.number}", before, f"{have.open} cancelled, {line['cancellation-reason-code']}")
            )
        return found

    async def _fresh(self, client: AmazonClient, delivery: Delivery) -> Outcome | Lines:
        now = await self.now(client, delivery)
        if now is None:
            return no_order()
        lines = cancellation_lines(now, cast("Cancellation", delivery.body), self._reasons)
        return lines or self._done(delivery, Result.ALREADY_APPLIED)

    async def _settled(self, client: AmazonClient, delivery: Delivery, job: Job, state: FeedState) -> Outcome:
        found = await self._fresh(client, delivery)
        if isinstance(found, Outcome):
            return self._done(delivery, Result.APPLIED) if found.ok else found
        names = [item_name(line["order-id"], line[self.item]) for line in found]
        if refused := refused_in(state, names, order_id_of(delivery)):
            return refusal_of(state, refused)
        if says_nothing(state):
            return replace(
                failed(Reason.TRANSIENT, f"feed {state.feed_id} does not say what became of it; sent again"),
                of_record=True,
            )
        age = self._feeds(delivery.account).age(state)
        if age < self._shown_after:
            return submitted(job.name, self._follower.wait(age))
        return replace(
            failed(
                Reason.TRANSIENT, f"feed {state.feed_id} refused nothing, but the order does not show it; sent again"
            ),
            of_record=True,
        )

    async def _lost(self, client: AmazonClient, delivery: Delivery, job: Job) -> Outcome | Job | None:
        located = await self._feeds(delivery.account).locate(job.remote)
        if located == "":
            return submitted(job.name, self._follower.first_check)
        return Job(FEED, located, delivery.version) if located else None

    def _done(self, delivery: Delivery, result: Result) -> Outcome:
        order_id = order_id_of(delivery)
        return Outcome(result, remote_model=MODEL, remote_id=remote_id(order_id, delivery))
