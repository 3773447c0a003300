"""Operation `update_purchase` (PO-2, LOG-1): how far a supplier's order is, on the purchase order and on its receipts.

The purchase order is found by our reference, else by the number a person wrote on it; what belongs to none is left alone or held, as configured.
Then the steps of `purchase_writing`: what the buyer has not been told is one note, and an activity where the buyer has to decide. A state older
than the one that stands writes nothing. Odoo's purchase order is never cancelled by itself, unless the configuration says so; goods are taken in by
persons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from connectors.kit.errors import ConnectorError, RuleError
from connectors.kit.ports import Delivery, Difference, Outcome, Result, excluded
from connectors.odoo import activities
from connectors.odoo.chatter import note
from connectors.odoo.handling import each
from connectors.odoo.keys import hidden_xid
from connectors.odoo.purchase_finding import ORDER, Purchase
from connectors.odoo.purchase_memory import Claim, Told
from connectors.odoo.purchase_settling import QUIET
from connectors.odoo.purchase_updates_plan import News, claimed, gap_of, is_all_cancelled, news
from connectors.odoo.purchase_writing import PurchaseWriting
from schemas.records import SupplierOrder

LEFT = "purchase_not_ours"
CANCELLED_TOO = "All its orders were cancelled, so this purchase order was cancelled with them."


@dataclass
class _Work:
    """An order on its way, and what stands."""

    order: SupplierOrder
    purchase: Purchase
    claims: dict[str, Claim]
    before: Claim


class PurchaseUpdates:
    """See the module's first lines."""

    def __init__(self, writing: PurchaseWriting) -> None:
        self._writing = writing
        self._odoo, self._module, self._settings = writing.odoo, writing.module, writing.settings
        self._finder, self._memory, self._settling = writing.finder, writing.memory, writing.settling

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await each(batch, self._written)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        return [await self._previewed(delivery) for delivery in batch]

    async def exists(self, rest: str) -> bool:
        """Whether what a held order waits for (`purchase:...`) is there."""
        return await self._finder.exists(rest)

    async def _written(self, delivery: Delivery) -> Outcome:
        work = await self._work(delivery)
        if work is None:
            return excluded(LEFT)  # a purchase order may have its number later: then the same state is written
        if work.before.version > delivery.version:
            return Outcome(Result.STALE, remote_model=ORDER, remote_id=str(work.purchase.id))
        claim = claimed(work.before, work.order, is_ours=self._finder.is_ours(work.order))
        platform, tell = (work.order["source"], work.order["account"]), partial(self._told, work, delivery, claim)
        return await self._writing.written(delivery, work.purchase, platform, work.before, claim, tell)

    async def _work(self, delivery: Delivery) -> _Work | None:
        order = cast("SupplierOrder", delivery.body)
        purchase = await self._finder.find(order)
        if purchase is None:
            return None
        claims = await self._memory.of(purchase.id)
        return _Work(order, purchase, claims, claims.get(delivery.key, Claim()))

    def _news(self, work: _Work, key: str, claim: Claim) -> News:
        work.claims[key] = claim
        gap = gap_of(work.purchase, work.claims, work.order["source"], self._settings.amount_tolerance)
        return news(work.before.told, claim, work.order, gap, is_cancelled=self._is_off(work))

    async def _told(self, work: _Work, delivery: Delivery, claim: Claim, did: list[str]) -> Told:
        """What the buyer knows now."""
        found = self._news(work, delivery.key, claim)
        if not found.lines:
            return found.told
        told = replace(found.told, count=found.told.count + 1)
        lines = [*found.lines]
        if found.is_new_state:
            is_cancelled = await self._cancelled(work, did)
            lines += [CANCELLED_TOO] if is_cancelled else []
            told = replace(told, activity=await self._activity(work, delivery, found, did, is_settled=is_cancelled))
        content = hidden_xid(self._module, "purchase_note", (delivery.key, str(told.count), *lines))
        await note(self._odoo, content, ORDER, work.purchase.id, lines)
        did.append("noted")
        return told

    async def _activity(self, work: _Work, delivery: Delivery, found: News, did: list[str], *, is_settled: bool) -> int:
        """Asked for, or done by what has happened since. A purchase order that is cancelled asks nothing of anybody."""
        known = found.told.activity
        if not found.summary or is_settled or self._is_off(work):
            did += ["activity_done"] if await activities.close(self._odoo, known) else []
            return 0
        did.append("activity")
        wanted = self._writing.activity(work.purchase, delivery, found.summary, found.lines[:1])
        return await activities.ask(self._odoo, wanted, known)

    def _is_off(self, work: _Work) -> bool:
        """Whether the purchase order is cancelled; a draft that has an order of ours was, before it became one again."""
        return work.purchase.state == "cancel" or (work.purchase.is_draft and self._finder.is_ours(work.order))

    async def _cancelled(self, work: _Work, did: list[str]) -> bool:
        """Whether the purchase order was cancelled with its orders. Odoo refuses it where goods were received: then the buyer is asked."""
        if self._settings.when_cancelled != "cancel" or work.order["state"] != "cancelled":
            return False
        if self._is_off(work) or not is_all_cancelled(work.purchase, work.claims):
            return False
        try:
            await self._odoo.tell(ORDER, "button_cancel", [work.purchase.id], context=QUIET)
        except RuleError:
            return False
        did.append("cancelled")
        return True

    async def _previewed(self, delivery: Delivery) -> Sequence[Difference]:
        try:
            work = await self._work(delivery)
            if work is None or work.before.version > delivery.version:
                return []
            claim = claimed(work.before, work.order, is_ours=self._finder.is_ours(work.order))
            claims: Mapping[str, Claim] = {**work.claims, delivery.key: claim}
            found = [*await self._settling.differences(work.purchase, claims)]
            told = self._news(work, delivery.key, claim)
        except ConnectorError as error:
            return [Difference("purchase order", "", f"nothing: {error}", refused=True)]
        found += [Difference(f"{work.purchase.name}: note", "", line) for line in told.lines]
        if told.is_new_state and told.summary and not self._is_off(work):
            found.append(Difference(f"{work.purchase.name}: activity", "", told.summary))
        return found
