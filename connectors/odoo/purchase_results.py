"""Operation `note_purchase` (PO-1): what became of a purchase order at the supplier's side, told on it once; order numbers in its vendor reference.

A note for all that happened, an activity for its buyer where something has to be decided, done by itself when it is settled. The same said
again, also of a later version of the purchase order, is told no second time; only what was not ordered at all asks again when it was tried again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from connectors.kit.errors import ConnectorError, RuleError
from connectors.kit.order_numbers import order_numbers
from connectors.kit.ports import Delivery, Difference, Outcome, Result, excluded
from connectors.odoo import activities
from connectors.odoo.chatter import note
from connectors.odoo.handling import each
from connectors.odoo.keys import hidden_xid
from connectors.odoo.purchase_elsewhere import elsewhere
from connectors.odoo.purchase_finding import ORDER, Purchase
from connectors.odoo.purchase_memory import Claim, Told
from connectors.odoo.purchase_result_words import (
    CANCELLED,
    NOT_CANCELLED,
    is_final,
    is_nothing_ordered,
    lines_of,
    summary_of,
)
from connectors.odoo.purchase_writing import PurchaseWriting
from connectors.odoo.source.models import Models, link_name, text
from schemas.checksum import checksum
from schemas.records import PurchaseResult

LINE = "purchase.order.line"
DELETED = "purchase_deleted"
TAKEN = "ELSEWHERE"  # code of a problem: the order's number stands on another purchase order


class PurchaseResults:
    """See the module's first lines."""

    def __init__(self, writing: PurchaseWriting) -> None:
        self._writing = writing
        self._odoo, self._module = writing.odoo, writing.module
        self._finder, self._memory, self._settling = writing.finder, writing.memory, writing.settling

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await each(batch, self._written)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        return [await self._previewed(delivery) for delivery in batch]

    async def _written(self, delivery: Delivery) -> Outcome:
        result = cast("PurchaseResult", delivery.body)
        before = (await self._memory.of(result["purchase_id"])).get(delivery.key, Claim())
        purchase = await self._finder.read(result["purchase_id"])
        if purchase is None:
            return await self._of_deleted(delivery, before)
        if before.version > delivery.version:
            return Outcome(Result.STALE, remote_model=ORDER, remote_id=str(purchase.id))
        tell = partial(self._told, purchase, delivery, before)
        platform = (result["source"], result["account"])
        return await self._writing.written(delivery, purchase, platform, before, _claimed(before, result), tell)

    async def _told(self, purchase: Purchase, delivery: Delivery, before: Claim, did: list[str]) -> Told:
        result = cast("PurchaseResult", delivery.body)
        told, digest = before.told, _digest(result)
        is_news = told.digest != digest
        if not is_news and not (is_nothing_ordered(result) and delivery.version > before.version):
            return told
        lines = lines_of(result, await self._names(result), is_draft=purchase.is_draft)
        told = await self._asked(purchase, delivery, replace(told, digest=digest), lines, did)
        if is_news:
            told = replace(told, count=told.count + 1)
            content = hidden_xid(self._module, "purchase_note", (delivery.key, str(told.count), digest))
            await note(self._odoo, content, ORDER, purchase.id, lines)
            did.append("noted")
        return told

    async def _asked(
        self, purchase: Purchase, delivery: Delivery, told: Told, lines: tuple[str, ...], did: list[str]
    ) -> Told:
        """Of the buyer, or settled."""
        result = cast("PurchaseResult", delivery.body)
        summary = summary_of(result)
        if not summary:
            if not is_final(result):
                return told
            did += ["activity_done"] if await activities.close(self._odoo, told.activity) else []
            return replace(told, activity=0)
        wanted = self._writing.activity(purchase, delivery, summary, lines)
        made = await activities.ask(self._odoo, wanted, told.activity)
        did += ["activity"] if made != told.activity else []
        return replace(told, activity=made)

    async def _of_deleted(self, delivery: Delivery, before: Claim) -> Outcome:
        """There is nobody to tell: what is not settled is for whoever looks after Causeway, with the numbers of its orders."""
        result = cast("PurchaseResult", delivery.body)
        claim = _claimed(before, result)
        if claim.orders or result["status"] in (CANCELLED, NOT_CANCELLED):
            # First of all: what was ordered meanwhile is found by it, and cancelled (`purchase_census`).
            await self._memory.keep(result["purchase_id"], delivery.key, claim)
        if result["status"] == CANCELLED:
            return excluded(DELETED)
        if result["status"] == NOT_CANCELLED:
            await self._tell_others(delivery)
        raise _deleted(result)

    async def _tell_others(self, delivery: Delivery) -> None:
        """The purchase orders that have taken over orders of a deleted one."""
        result = cast("PurchaseResult", delivery.body)
        taken = [one["text"] for one in result["problems"] if one["code"] == TAKEN]
        numbers = {number for words in taken for number in order_numbers(words)}
        found = await elsewhere(Models(self._odoo), {result["purchase_id"]: numbers})
        for one in found[result["purchase_id"]]:
            name = result["purchase_name"] or f"purchase order {result['purchase_id']}"
            content = hidden_xid(self._module, "purchase_taken", (delivery.key, str(one.id), one.number))
            words = f"Order {one.number} was made for {name}, which was deleted. It stands in the vendor reference here, so it was not cancelled."
            await note(self._odoo, content, ORDER, one.id, [words])

    async def _purchase(self, result: PurchaseResult) -> Purchase:
        found = await self._finder.read(result["purchase_id"])
        if found is None:
            raise _deleted(result)
        return found

    async def _names(self, result: PurchaseResult) -> Mapping[str, str]:
        """What the buyer knows its lines as."""
        told = [one["line_id"] for one in (*result["problems"], *result["differences"])]
        ids = sorted({int(one) for one in told if one.isascii() and one.isdigit()})
        rows = await self._odoo.rows(LINE, [["id", "in", ids]], ["product_id", "name"]) if ids else []
        return {str(row["id"]): link_name(row["product_id"]) or text(row["name"]).split("\n")[0] for row in rows}

    async def _previewed(self, delivery: Delivery) -> Sequence[Difference]:
        result = cast("PurchaseResult", delivery.body)
        try:
            purchase = await self._purchase(result)
            claims = await self._memory.of(purchase.id)
            before = claims.get(delivery.key, Claim())
            if before.version > delivery.version:
                return []
            after = {**claims, delivery.key: _claimed(before, result)}
            found = [*await self._settling.differences(purchase, after)]
            is_news = before.told.digest != _digest(result)
            names = await self._names(result)
            lines = lines_of(result, names, is_draft=purchase.is_draft) if is_news else ()
        except ConnectorError as error:
            return [Difference("purchase order", "", f"nothing: {error}", refused=True)]
        found += [Difference(f"{purchase.name}: note", "", line) for line in lines]
        if lines and (summary := summary_of(result)):
            found.append(Difference(f"{purchase.name}: activity", "", summary))
        return found


def _deleted(result: PurchaseResult) -> RuleError:
    name = result["purchase_name"] or f"purchase order {result['purchase_id']}"
    ids = ", ".join(one["order_id"] for one in result["orders"]) or "none"
    said = " ".join(one["text"] for one in result["problems"][:3])
    return RuleError(
        f"{name} was deleted in Odoo; its orders at the supplier's side: {ids}{'. ' if said else ''}{said}"
    )


def _claimed(before: Claim, result: PurchaseResult) -> Claim:
    ids = dict.fromkeys((*before.orders, *(one["order_id"] for one in result["orders"])))
    return replace(before, orders=tuple(ids), result=result["status"])


def _digest(result: PurchaseResult) -> str:
    """Of what is told (`purchase_result_words`): not of when, of which version of the purchase order, nor of which of its lines an order holds."""
    said: dict[str, object] = {
        "status": result["status"],
        "orders": sorted(([one["order_id"], one["total"], one["freight"]] for one in result["orders"]), key=str),
        "differences": result["differences"],
        "problems": [[one["line_id"], one["text"]] for one in result["problems"]],
    }
    return checksum(said)
