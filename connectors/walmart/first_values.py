"""The very first value of a SKU may come too early: Walmart takes a price no sooner than a day after the item was set up. So its item is looked
up before anything is sent, however many there are (`looking_up`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from connectors.kit.errors import ThrottledError
from connectors.kit.jobs import CHANGE
from connectors.kit.outgoing.deciding import Item
from connectors.kit.outgoing.value_outcomes import no_item, refused
from connectors.kit.outgoing.values import Value, ValueKind
from connectors.kit.ports import Outcome, submitted
from connectors.walmart.client import WalmartClient
from connectors.walmart.errors import WALMART
from connectors.walmart.looking_up import Looked, LookingUp

TOO_EARLY = "item_is_too_new"


class FirstKind(ValueKind[WalmartClient], Protocol):
    """`looks_first`: whether the item is looked up before the first value of a SKU is sent (`too_early_seconds`)."""

    looks_first: bool

    def too_early_seconds(self, published: str) -> float:
        """How long the very first value of a SKU has to wait, 0 when it need not. `published`: publishedStatus of its item."""
        ...


class FirstValues:
    """For one operation. `now`: the clock, aware UTC."""

    def __init__(self, kind: FirstKind, looking_up: LookingUp, now: Callable[[], datetime]) -> None:
        self._kind = kind
        self._looking_up = looking_up
        self._now = now

    async def outcomes(self, client: WalmartClient, account: str, items: Sequence[Item[Value]]) -> dict[str, Outcome]:
        """Of those that are not to be sent now; they come back when their SKU takes a value, or when it could be asked."""
        first = [item for item in items if item.delivery.known is None] if self._kind.looks_first else []
        if not first:
            return {}
        looked = await self._looking_up.for_values(client, account, list(dict.fromkeys(item.sku for item in first)))
        found = ((item.id, self._outcome(item, looked)) for item in first)
        return {name: outcome for name, outcome in found if outcome is not None}

    def _outcome(self, item: Item[Value], looked: Looked) -> Outcome | None:
        if (error := looked.errors.get(item.sku)) is not None:
            return replace(refused(WALMART, item, error), of_record=isinstance(error, ThrottledError))
        if item.sku in looked.unlisted:
            return no_item(WALMART, item, "it is not in Walmart's list of items")
        published = looked.published.get(item.sku)
        wait = 0.0 if published is None else self._kind.too_early_seconds(published)
        if wait <= 0:
            return None
        due = int(self._now().timestamp() + wait)
        return replace(submitted(item.bound(CHANGE, f"{CHANGE}:{due}"), wait), notes=(TOO_EARLY,))
