"""Follows products that a marketplace has taken to their publication (PRD-4): read until published, not published with reasons, or time is up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic

from connectors.kit.accounts import ClientT
from connectors.kit.errors import ConnectorError
from connectors.kit.jobs import Job, Ladder
from connectors.kit.outgoing.deciding import Item
from connectors.kit.outgoing.marketplace import Marketplace
from connectors.kit.outgoing.publication import UNDECIDED, Status, listing, why_not
from connectors.kit.ports import Canonical, Outcome, Result, failed, submitted
from schemas.reasons import Reason
from schemas.records import Product

PUBLISH = "publish"  # the job of one that was taken: `publish:EPOCH`, when that became known


@dataclass(frozen=True, slots=True)
class Look(Generic[ClientT]):
    """How a listing is read. source: the marketplace, in keys; quota: the call it takes; model: what an outcome calls it; read: the canonical
    listing of (client, account, SKU) as of now, None when it is not shown; raises ConnectorError."""

    source: str
    quota: str
    model: str
    read: Callable[[ClientT, str, str], Awaitable[Canonical | None]]


class Publishing(Generic[ClientT]):
    """hours: how long it may take; ladder: at which ages it is looked at, seconds; patience: seconds, for the quota; at_once: so many looks
    at the same time; `now`: the clock, aware UTC."""

    def __init__(
        self, at: Marketplace, look: Look[ClientT], now: Callable[[], datetime], hours: float, ladder: Sequence[float], patience: float,
        at_once: int,
    ) -> None:  # fmt: skip
        self._at = at
        self._look = look
        self._now = now
        self._hours = hours
        self._patience = patience
        self._ladder = Ladder(ladder, ladder[-1])
        self._places = asyncio.Semaphore(at_once)

    def begun(self, item: Item[Product]) -> Item[Product]:
        """The same with the job of one that was taken just now."""
        return replace(item, job=Job(PUBLISH, f"{PUBLISH}:{int(self._now().timestamp())}", item.delivery.version))

    async def outcomes(self, client: ClientT, items: Sequence[Item[Product]]) -> dict[str, Outcome]:
        """One for each. What the quota does not allow soon is looked at later."""
        found: dict[str, Outcome] = {}
        going: list[Item[Product]] = []
        for place, item in enumerate(items, 1):
            if client.forecast_seconds(self._look.quota, place) <= self._patience:
                going.append(item)
            else:
                found[item.id] = submitted(_name(item), client.postpone_seconds(self._look.quota))
        with client.waiting(self._look.quota, len(going)) as one_less:
            looked = await asyncio.gather(*(self._one(client, item, one_less) for item in going))
        return found | {item.id: outcome for item, outcome in zip(going, looked, strict=True)}

    async def _one(self, client: ClientT, item: Item[Product], done: Callable[[], None]) -> Outcome:
        began = int(item.job.id) if item.job and item.job.id.isdecimal() else 0
        age = self._now().timestamp() - began
        account, now = item.delivery.account, self._now()
        async with self._places:
            try:
                event = await self._look.read(client, account, item.sku)
            except ConnectorError as error:
                return submitted(_name(item), error.retry_after or self._ladder.wait(0.0))
            finally:
                done()
        status = Status(event.body["status"]) if event else Status.PROCESSING
        if status in UNDECIDED and age <= self._hours * 3600:
            return submitted(_name(item), self._ladder.wait(age))
        event = event or listing(self._look.source, account, item.sku, now, status)
        if status is Status.PUBLISHED:
            return Outcome(
                Result.APPLIED, remote_model=self._look.model, remote_id=event.body["item_id"], events=(event,)
            )
        return replace(self._not_sold(status, event), events=(event,))

    def _not_sold(self, status: Status, event: Canonical) -> Outcome:
        name = self._at.name
        if status in UNDECIDED:
            text = f"{name} took the item but has not published it within {self._hours:g} hours; ask {name}"
            return failed(Reason.RULE, text)
        word = event.body["source_status"] or status.value
        return failed(Reason.RULE, f"{name} took the item but does not sell it: {word} {why_not(event)}".rstrip())


def _name(item: Item[Product]) -> str:
    return item.job.name if item.job else ""
