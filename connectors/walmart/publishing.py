"""Follows items that Walmart has taken to their publication (PRD-4): read until PUBLISHED, UNPUBLISHED with reasons, or time is up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.kit.errors import ConnectorError
from connectors.kit.jobs import Job, Ladder
from connectors.kit.outgoing.deciding import Item
from connectors.kit.ports import Canonical, Outcome, Result, failed, submitted
from connectors.walmart.client import WalmartClient
from connectors.walmart.items import MODEL, get_item
from connectors.walmart.publication import UNDECIDED, Status, listing, listing_in, why_not
from connectors.walmart.settings import WalmartSettings
from schemas.reasons import Reason
from schemas.records import Product

PUBLISH = "publish"  # the job of an item that was taken: `publish:EPOCH`, when that became known


class Publishing:
    """`now`: the clock, aware UTC."""

    def __init__(self, settings: WalmartSettings, now: Callable[[], datetime]) -> None:
        self._now = now
        self._hours = settings.listings.publish_hours
        self._patience = settings.bulk_patience_seconds
        ladder = settings.listings.publish_ladder_seconds
        self._ladder = Ladder(ladder, ladder[-1])
        self._places = asyncio.Semaphore(settings.single_call_concurrency)

    def begun(self, item: Item[Product]) -> Item[Product]:
        """The same with the job of one that was taken just now."""
        return replace(item, job=Job(PUBLISH, f"{PUBLISH}:{int(self._now().timestamp())}", item.delivery.version))

    async def outcomes(self, client: WalmartClient, items: Sequence[Item[Product]]) -> dict[str, Outcome]:
        """One for each. What the quota does not allow soon is looked at later."""
        found: dict[str, Outcome] = {}
        going: list[Item[Product]] = []
        for place, item in enumerate(items, 1):
            if client.forecast_seconds("get_item", place) <= self._patience:
                going.append(item)
            else:
                found[item.id] = submitted(_name(item), client.postpone_seconds("get_item"))
        with client.waiting("get_item", len(going)) as one_less:
            looked = await asyncio.gather(*(self._look(client, item, one_less) for item in going))
        return found | {item.id: outcome for item, outcome in zip(going, looked, strict=True)}

    async def _look(self, client: WalmartClient, item: Item[Product], done: Callable[[], None]) -> Outcome:
        began = int(item.job.id) if item.job and item.job.id.isdecimal() else 0
        age = self._now().timestamp() - began
        account, now = item.delivery.account, self._now()
        async with self._places:
            try:
                found = await get_item(client, item.sku)
                event = listing_in(account, found, now) if found else None
            except ConnectorError as error:
                return submitted(_name(item), error.retry_after or self._ladder.wait(0.0))
            finally:
                done()
        status = Status(event.body["status"]) if event else Status.PROCESSING
        if status in UNDECIDED and age <= self._hours * 3600:
            return submitted(_name(item), self._ladder.wait(age))
        event = event or listing(account, item.sku, now, status)
        if status is Status.PUBLISHED:
            return Outcome(Result.APPLIED, remote_model=MODEL, remote_id=event.body["item_id"], events=(event,))
        return replace(self._not_sold(status, event), events=(event,))

    def _not_sold(self, status: Status, event: Canonical) -> Outcome:
        if status in UNDECIDED:
            text = f"Walmart took the item but has not published it within {self._hours:g} hours; ask Walmart"
            return failed(Reason.RULE, text)
        word = event.body["source_status"] or status.value
        return failed(Reason.RULE, f"Walmart took the item but does not sell it: {word} {why_not(event)}".rstrip())


def _name(item: Item[Product]) -> str:
    return item.job.name if item.job else ""
