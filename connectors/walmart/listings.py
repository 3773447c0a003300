"""`upsert_listing` (product) -> a feed MP_ITEM for SKUs Walmart does not have, MP_MAINTENANCE for those it has, followed to publication (PRD-4).

The way of a delivery, each step under the job it comes back with:

1. Whether Walmart has the item is known or looked up (`looking_up`), always: one that is there keeps its price. The product becomes an item
   (`item_maker`): what is wrong with it is told at once, and once, and the others go on (PRD-3). A new one has the price that was decided
   for it, or waits for that (PRC-1).
2. One feed per account and kind, with as many items as came together. Its result decides per SKU (`feed:ID`). Updates leave the price out: a
   price that changes goes by the price flow alone, so that none gets past its floor or its approval.
3. Taken is not published: the item is read until it is PUBLISHED, UNPUBLISHED with reasons, or time is up (`publish:EPOCH`).

Every turn is told by a canonical `listing` with the outcome. A product that is no longer for sale: its stock is set to 0, or, by
configuration, the item is retired (`withdrawing`). An older product never overwrites a newer one: the same rules as for numbers (`deciding`), none
is urgent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, ThrottledError
from connectors.kit.feed_results import FeedState, failure_of
from connectors.kit.feeds import Feed, mark_of
from connectors.kit.follower import Follower
from connectors.kit.jobs import BEHIND, CHANGE
from connectors.kit.off_peak import wait_until
from connectors.kit.ordering import Step
from connectors.kit.outgoing.deciding import Item, jobs_of, kept
from connectors.kit.outgoing.ordered_writes import OrderedWrites, Outcomes
from connectors.kit.outgoing.publication import Status, listing, problems_of
from connectors.kit.outgoing.publishing import PUBLISH, Publishing
from connectors.kit.outgoing.refused import Refused
from connectors.kit.ports import Canonical, Delivery, Outcome, Result, failed, failed_by, submitted
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.errors import WALMART
from connectors.walmart.feeds import operation_of
from connectors.walmart.item_maker import Made, Maker
from connectors.walmart.items import MODEL
from connectors.walmart.listing import PRICE
from connectors.walmart.looking_up import Looked, LookingUp
from connectors.walmart.publication import look
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.withdrawing import Withdrawing
from schemas.reasons import Reason
from schemas.records import ListingProblem, Product

NEW, UPDATE = "MP_ITEM", "MP_MAINTENANCE"
ProductItem = Item[Product]


class Listings(OrderedWrites[WalmartClient, Product]):
    """The handler."""

    def __init__(
        self, settings: WalmartSettings, open_client: OpenClient[WalmartClient], follower: Follower, maker: Maker, looking_up: LookingUp,
        withdrawing: Withdrawing, now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        super().__init__(WALMART, open_client, follower, frozenset({NEW, UPDATE}), now)
        self._settings = settings
        self._listings = settings.listings
        self._maker = maker
        self._publishing = Publishing(
            WALMART, look(now), now, settings.listings.publish_hours, settings.listings.publish_ladder_seconds,
            settings.bulk_patience_seconds, settings.single_call_concurrency,
        )  # fmt: skip
        self._looking_up = looking_up
        self._withdrawing = withdrawing
        self._refused = Refused()

    def _read(self, delivery: Delivery) -> ProductItem:
        sku = Reader(dict(delivery.body)).needed_text("sku")
        return Item(delivery, sku, cast("Product", delivery.body), False, *jobs_of(delivery))

    async def _account(self, account: str, items: list[ProductItem]) -> Outcomes:
        looking = [item for item in items if item.job and item.job.how == PUBLISH]
        try:
            client = self._open(account)
            by, outcomes = await self._deciding.sorted(account, [item for item in items if item not in looking])
        except ConnectorError as error:
            return {item.id: kept(item.delivery, error, WALMART) for item in items}
        outcomes |= await self._asked(client, by[Step.ASK])
        outcomes |= await self._publishing.outcomes(client, looking)
        gone = [item for item in by[Step.WRITE] if not item.value["active"]]
        outcomes |= await self._withdrawn(client, account, gone)
        return outcomes | await self._sent(client, account, [item for item in by[Step.WRITE] if item.value["active"]])

    # -- sending

    async def _withdrawn(self, client: WalmartClient, account: str, items: Sequence[ProductItem]) -> Outcomes:
        going, outcomes = self._still_going(items)
        for item in going:
            self._written.wrote(item.key, item.delivery.version)
        return outcomes | await self._withdrawing.outcomes(client, account, going, alone=self.alone)

    def _still_going(self, items: Sequence[ProductItem]) -> tuple[list[ProductItem], Outcomes]:
        """Those that may still be sent, and the outcomes of the others: while they were looked up and made, another lane of this process may
        have sent the same SKU. A newer one wins, an older one is waited for. Nothing is awaited between this and the sending."""
        going: list[ProductItem] = []
        outcomes: Outcomes = {}
        for item in items:
            if self._written.newest(item.key) > item.delivery.version:
                outcomes[item.id] = Outcome(Result.STALE)
            elif (remote := self._written.under_way(item.key)) is not None:
                outcomes[item.id] = submitted(item.bound(BEHIND, remote), self._follower.first_check)
            else:
                going.append(item)
        return going, outcomes

    async def _sent(self, client: WalmartClient, account: str, items: Sequence[ProductItem]) -> Outcomes:
        if not items:
            return {}
        outcomes: Outcomes = {}
        kinds: dict[str, list[tuple[ProductItem, Made]]] = {NEW: [], UPDATE: []}
        looked = await self._looked_up(client, account, items)
        try:
            # Of what could not be asked nobody knows whether it needs a price; it is not sent now.
            there = looked.there | looked.errors.keys()
            made = await self._maker.make(account, [item.value for item in items], there)
        except ConnectorError as error:
            return {item.id: errors.outcome_of(error, item.delivery.attempt) for item in items}
        for item, one in zip(items, made, strict=True):
            if isinstance(one, ConnectorError):
                outcomes[item.id] = self._refused.outcome(item.delivery, one)
                continue
            self._refused.forget(item.key)
            if (unknown := looked.errors.get(item.sku)) is not None:
                outcome = errors.outcome_of(unknown, item.delivery.attempt)
                outcomes[item.id] = replace(outcome, of_record=isinstance(unknown, ThrottledError))
            else:
                kinds[UPDATE if item.sku in looked.there else NEW].append((item, one))
        if wait := wait_until(self._listings.update_hours, self._now()):
            later = kinds.pop(UPDATE)
            outcomes |= {item.id: self._off_peak(item, wait) for item, _ in later}
        for kind, group in kinds.items():
            outcomes |= await self._fed(client, account, kind, group)
        return outcomes

    def _off_peak(self, item: ProductItem, wait: timedelta) -> Outcome:
        """It comes back when its hours begin (RATE-2)."""
        due = int((self._now() + wait).timestamp())
        job = item.bound(CHANGE, f"{CHANGE}:{due}")
        return replace(submitted(job, wait.total_seconds()), notes=("waits_for_off_peak_hours",))

    async def _looked_up(self, client: WalmartClient, account: str, items: Sequence[ProductItem]) -> Looked:
        """Which SKUs Walmart has: as far as we know, else it is asked. Nobody is asked where all go as new ones anyhow."""
        if not self._listings.update_known:
            return Looked()
        known = {item.sku for item in items if item.delivery.known and item.delivery.known.remote_model == MODEL}
        unsure = list(dict.fromkeys(item.sku for item in items if item.sku not in known))
        looked = await self._looking_up.look_up(client, account, unsure)
        looked.there |= known
        return looked

    async def _fed(
        self, client: WalmartClient, account: str, kind: str, group: Sequence[tuple[ProductItem, Made]]
    ) -> Outcomes:
        _, outcomes = self._still_going([item for item, _ in group])
        group = [(item, made) for item, made in group if item.id not in outcomes]
        if not group:
            return outcomes
        feeds = self._follower.feeds(account)
        wait = feeds.forecast_seconds(kind, [item.sku for item, _ in group])
        if wait > self._settings.patience_seconds:
            turn = round(client.postpone_seconds(operation_of(kind)), 1)
            error = ThrottledError(f"the quota of {kind} feeds is used up", retry_after=turn)
            return outcomes | {item.id: failed_by(error, of_record=True) for item, _ in group}
        mark = mark_of([f"{item.id}/{item.delivery.attempt}" for item, _ in group])
        feed = Feed(
            kind,
            self._body(kind, [made for _, made in group]),
            [item.sku for item, _ in group],
            mark,
            Priority.PRODUCTS,
        )
        self._looking_up.sent(account, feed.skus)
        with self._written.sending([(item.key, item.delivery.version) for item, _ in group]) as sent:
            try:
                remote = await feeds.submit(feed)
            except ConnectorError as error:
                return outcomes | {item.id: errors.outcome_of(error, item.delivery.attempt) for item, _ in group}
            sent(remote)
        how, check = remote.partition(":")[0], self._follower.first_check
        return outcomes | {
            item.id: replace(
                submitted(item.bound(how, remote), check),
                notes=made.notes,
                events=(self._event(item, Status.PROCESSING),),
            )
            for item, made in group
        }

    def _body(self, kind: str, made: Sequence[Made]) -> dict[str, object]:
        header = {"businessUnit": "WALMART_US", "locale": "en", "version": self._listings.spec_version}
        items = [one.item if kind == NEW else _without_price(one.item) for one in made]
        return {"MPItemFeedHeader": header, "MPItem": items}

    # -- following

    def _result(self, item: ProductItem, remote: str, state: FeedState | None) -> Outcome | None:
        """None when it was taken: then it is followed to its publication."""
        failure = self._failure(item, state)
        if failure is None and not self.alone:
            failure = self._deciding.after(item)  # another process has sent an older one: this goes once more
        return failure

    async def _further(self, client: WalmartClient, items: Sequence[ProductItem]) -> Outcomes:
        return await self._publishing.outcomes(client, [self._publishing.begun(item) for item in items])

    def _failure(self, item: ProductItem, state: FeedState | None) -> Outcome | None:
        if state is None:
            return replace(failed(Reason.TRANSIENT, "the feed has vanished at Walmart; sent again"), of_record=True)
        failure = failure_of(state, item.sku, "")
        if failure is None or failure.reason is Reason.TRANSIENT:
            return failure
        result = state.items.get(item.sku)
        found = problems_of(result.errors if result else state.errors)
        return replace(failure, events=(self._event(item, Status.FAILED, found),))

    def _event(self, item: ProductItem, status: Status, found: Sequence[ListingProblem] = ()) -> Canonical:
        return listing("walmart", item.delivery.account, item.sku, self._now(), status, problems=found)


def _without_price(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item that is there already has its price from the price flow alone: floor, rounding and approval stand before it (PRC-1)."""
    orderable = {name: value for name, value in item["Orderable"].items() if name != PRICE}
    return {**item, "Orderable": orderable}
