"""`upsert_listing` (product) -> a listing: an offer on a page that Amazon has, else one with a page of its own, followed to publication (PRD-4).

- New: PUT in each marketplace of the account, with the price that was decided for it, for which it waits (PRC-1); where no prices are told to
  Amazon, with Odoo's sales price. A number comes with the stock flow, which waits for the listing.
- There already: what tables say of it is replaced attribute by attribute, in all marketplaces at once (`listing_writes`); its price is left alone,
  for floor, rounding and approval stand before it (PRC-1). Of an offer on a page nothing is sent again.
- Checked before against Amazon's own schema of the product type (`listing_check`): what is wrong is told by attribute and not sent.
- Variants are children of a parent that is listed first, without anything to buy.
- No longer for sale: its stock is set to 0, or by configuration it is deleted (`withdrawing`).
- INVALID within 200 is a failure with its issues. What was accepted takes effect later: it is looked at until it shows, for `publish_hours`, and each
  turn is told by a `listing` event.
- Two versions of one product: the later waits until the earlier has taken effect or never will (`taking`), for Amazon promises no order (INV-5).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from connectors.amazon.catalogue import to_listing
from connectors.amazon.client import AmazonClient
from connectors.amazon.deciding import AmazonDeciding
from connectors.amazon.errors import AMAZON
from connectors.amazon.listing_check import ListingCheck
from connectors.amazon.listing_draft import PRODUCT_ONLY, first_prices
from connectors.amazon.listing_items import (
    MODEL,
    REFUSED,
    SKUS,
    Shown,
    get_listings,
    is_own_page,
    put_listing,
    read_listing,
)
from connectors.amazon.listing_maker import Made, Maker
from connectors.amazon.listing_standing import standings, words, worst
from connectors.amazon.listing_writes import problems, told, write
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.taking import Taking, accepted
from connectors.amazon.withdrawing import Withdrawing
from connectors.kit import exact_json
from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, DataError, UncertainError
from connectors.kit.feed_results import FeedState
from connectors.kit.jobs import Job, sending
from connectors.kit.ordering import FEED, Step
from connectors.kit.outgoing.deciding import Item, jobs_of, kept
from connectors.kit.outgoing.ordered_writes import OrderedWrites, Outcomes
from connectors.kit.outgoing.publication import Status, as_of, listing
from connectors.kit.outgoing.publishing import PUBLISH, Look, Publishing
from connectors.kit.outgoing.refused import Refused
from connectors.kit.ports import Canonical, Delivery, Outcome, Result, failed, failed_by, submitted
from connectors.kit.reading import Reader
from schemas.reasons import Reason
from schemas.records import ListingProblem, Product

PUT = "putListingsItem"
logger = logging.getLogger(__name__)

_KEPT_PARENTS = 20_000
ProductItem = Item[Product]


class Listings(OrderedWrites[AmazonClient, Product]):
    """The handler."""

    def __init__(
        self, settings: AmazonSettings, open_client: OpenClient[AmazonClient], taking: Taking, maker: Maker,
        check: ListingCheck, withdrawing: Withdrawing, now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        super().__init__(AMAZON, open_client, taking, frozenset(), now, AmazonDeciding)
        self._settings = settings
        self._taking = taking
        self._maker = maker
        self._check = check
        self._withdrawing = withdrawing
        self._refused = Refused()
        self._parents_sent: set[str] = set()
        self._places = asyncio.Semaphore(settings.single_call_concurrency)
        one = settings.listings
        self._publishing = Publishing(
            AMAZON, look(now), now, one.publish_hours, one.publish_ladder_seconds, settings.bulk_patience_seconds,
            settings.single_call_concurrency,
        )  # fmt: skip

    def _read(self, delivery: Delivery) -> ProductItem:
        sku = SKUS.needed(Reader(dict(delivery.body)))
        return Item(delivery, sku, cast("Product", delivery.body), False, *jobs_of(delivery))

    async def _account(self, account: str, items: list[ProductItem]) -> Outcomes:
        looking = [item for item in items if item.job and item.job.how == PUBLISH]
        try:
            client = self._open(account)
            by, outcomes = await self._deciding.sorted(account, [item for item in items if item not in looking])
        except ConnectorError as error:
            return {item.id: kept(item.delivery, error, AMAZON) for item in items}
        outcomes |= await self._asked(client, by[Step.ASK])
        outcomes |= await self._publishing.outcomes(client, looking)
        return outcomes | await self._sent(client, account, by[Step.WRITE])

    # -- sending

    async def _sent(self, client: AmazonClient, account: str, items: Sequence[ProductItem]) -> Outcomes:
        if not items:
            return {}
        try:
            looked = await get_listings(client, list(dict.fromkeys(item.sku for item in items)))
            shown = {sku: one for sku, one in looked.items() if isinstance(one, Shown)}
            broken = {
                item.id: replace(AMAZON.outcome_of(error, item.delivery.attempt), of_record=True)
                for item in items
                if isinstance(error := looked.get(item.sku), ConnectorError)
            }
            items = [item for item in items if item.id not in broken]
            # The page of an offer is Amazon's, its price that of the price flow: there is nothing of ours to bring up to date.
            offers = {sku for sku, one in shown.items() if not one.own_page}
            there = [item for item in items if item.value["active"] and item.sku in offers]
            on = [item for item in items if item.value["active"] and item not in there]
            made = dict(zip([item.id for item in on], await self._made(client, account, on, shown), strict=True))
            for item in on:
                priced = self._priced(client, item, shown.get(item.sku), made[item.id])
                made[item.id] = await self._checked(client, shown.get(item.sku), priced)
            await self._parents(client, [one for one in made.values() if isinstance(one, Made) and one.draft.parent])
        except ConnectorError as error:
            return {item.id: AMAZON.outcome_of(error, item.delivery.attempt) for item in items}
        going = [item for item in items if item not in there]
        found = await asyncio.gather(
            *(self._one(client, item, shown.get(item.sku), made.get(item.id)) for item in going)
        )
        followed = await self._publishing.outcomes(client, [self._publishing.begun(item) for item in there])
        return broken | followed | {item.id: outcome for item, outcome in zip(going, found, strict=True)}

    async def _made(
        self, client: AmazonClient, account: str, items: Sequence[ProductItem], own: Collection[str]
    ) -> Sequence[Made | ConnectorError]:
        return await self._maker.make(client, account, [item.value for item in items], own) if items else ()

    def _priced(
        self, client: AmazonClient, item: ProductItem, shown: Shown | None, made: Made | ConnectorError
    ) -> Made | ConnectorError:
        """With what it costs at first where it is not listed yet."""
        there = shown.marketplaces if shown is not None else ()
        missing = [marketplace for marketplace in client.account.marketplaces if marketplace not in there]
        if isinstance(made, ConnectorError):
            return made
        try:
            return replace(made, offers=first_prices(item.value, missing, item.delivery.account, self._maker.first))
        except ConnectorError as error:
            return error

    async def _checked(
        self, client: AmazonClient, shown: Shown | None, made: Made | ConnectorError
    ) -> Made | ConnectorError:
        """With what is wrong with it in some marketplaces; where it is so in all, that."""
        if isinstance(made, ConnectorError):
            return made
        refused = await self._check.refusals(client, shown, made)
        places = client.account.marketplaces
        return replace(made, refused=refused) if len(refused) < len(places) else told(refused, len(places) > 1)

    async def _parents(self, client: AmazonClient, made: Sequence[Made]) -> None:
        """Lists those that are not there. What is wrong with a parent is told by Amazon about its children, which are sent all the same."""
        drafts = {one.draft.parent: one.draft for one in made}
        missing = drafts.keys() - self._parents_sent
        there = await get_listings(client, sorted(missing)) if missing else {}
        for sku in sorted(missing):
            shown = there.get(sku)
            if isinstance(shown, ConnectorError):
                continue
            places = shown.marketplaces if shown is not None else ()
            for marketplace in [one for one in client.account.marketplaces if one not in places]:
                attributes = drafts[sku].parent_attributes(marketplace)
                try:
                    await put_listing(client, sku, marketplace, drafts[sku].product_type, PRODUCT_ONLY, attributes)
                except DataError as error:
                    logger.warning("amazon_parent_refused sku=%s error=%s", sku, error)
        if len(self._parents_sent) > _KEPT_PARENTS:
            self._parents_sent.clear()  # they are looked up again
        self._parents_sent |= missing

    async def _one(
        self, client: AmazonClient, item: ProductItem, shown: Shown | None, made: Made | ConnectorError | None
    ) -> Outcome:
        if isinstance(made, ConnectorError):
            return self._refused.outcome(item.delivery, made)
        self._refused.forget(item.key)
        async with self._places, self._written.lock(item.key):
            if self._written.newest(item.key) > item.delivery.version:
                return Outcome(Result.STALE)
            try:
                return await (
                    self._withdrawing.outcome(client, item, shown)
                    if made is None
                    else self._listed(client, item, shown, made)
                )
            except UncertainError as error:  # nobody answered: it may take effect later, over a newer one
                return replace(failed_by(error), job=sending(item.delivery.version, self._now()))
            except DataError as error:
                wrong = [ListingProblem(code=error.code or REFUSED, field="", detail=str(error)[:400])]
                return replace(failed_by(error), events=(self._event(item, Status.FAILED, wrong),))
            except ConnectorError as error:
                return AMAZON.outcome_of(error, item.delivery.attempt)

    async def _listed(self, client: AmazonClient, item: ProductItem, shown: Shown | None, made: Made) -> Outcome:
        refusals = await write(client, item.sku, shown, made, lambda: self._took(item))
        if not refusals:
            return replace(self._again(item), notes=made.draft.notes, events=(self._event(item, Status.PROCESSING),))
        several = len(client.account.marketplaces) > 1
        status = Status.PROCESSING if len(refusals) < len(client.account.marketplaces) else Status.FAILED
        event = self._event(item, status, problems(refusals, several))
        return replace(failed_by(told(refusals, several)), events=(event,))

    def _took(self, item: ProductItem) -> None:
        self._written.wrote(item.key, item.delivery.version)
        self._written.took(item.key, Job(FEED, accepted(self._now(), lone=False), item.delivery.version))

    def _again(self, item: ProductItem, remote: str = "") -> Outcome:
        remote = remote or accepted(self._now(), lone=False)
        self._written.took(item.key, Job(FEED, remote, item.delivery.version))
        return submitted(item.bound(FEED, remote), self._taking.next_look(remote))

    # -- following

    def _result(self, item: ProductItem, remote: str, state: FeedState | None) -> Outcome | None:
        """Amazon took it, and that is all that is known."""
        return None if state is not None else failed(Reason.BUG, "a listing is sent in no feed")

    async def _further(self, client: AmazonClient, items: Sequence[ProductItem]) -> Outcomes:
        """Before what was taken can come no more, only a listing that was not there before tells that it has come."""
        outcomes: Outcomes = {}
        looking: list[ProductItem] = []
        for item in items:
            remote = item.job.remote if item.job else ""
            if self._taking.left(remote):
                outcomes[item.id] = self._again(item, remote)
            elif max(item.known, *(job.version for job in item.opens), 0) > item.delivery.version:
                outcomes[item.id] = Outcome(Result.STALE)
            elif item.value["active"]:
                looking.append(self._publishing.begun(item))
            else:
                outcomes[item.id] = await self._followed(client, item, remote)
        return outcomes | await self._publishing.outcomes(client, looking)

    async def _followed(self, client: AmazonClient, item: ProductItem, remote: str) -> Outcome:
        """Of one that was withdrawn."""
        try:
            async with self._places:
                return await self._withdrawing.followed(client, item, remote)
        except ConnectorError as error:
            return kept(item.delivery, error, AMAZON)

    def _event(self, item: ProductItem, status: Status, found: Sequence[ListingProblem] = ()) -> Canonical:
        return listing("amazon", item.delivery.account, item.sku, self._now(), status, problems=found)


def look(now: Callable[[], datetime]) -> Look[AmazonClient]:
    """How the publication of a listing is followed: one with a page of its own was sent to every marketplace of its account."""

    async def read(client: AmazonClient, account: str, sku: str) -> Canonical | None:
        content = await read_listing(client, sku)
        if content is None:
            return None
        (found,) = to_listing(exact_json.dumps(content), account, client.account.marketplaces)
        item = Reader(content).an_object()
        wanted = client.account.marketplaces if is_own_page(item) else ()
        status, said = worst(standings(item, wanted)), words(item, wanted)
        return as_of(replace(found, body={**found.body, "status": status.value, "source_status": said}), now())

    return Look("amazon", "getListingsItem", MODEL, read)
