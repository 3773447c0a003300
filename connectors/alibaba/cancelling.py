"""`cancel_purchase` (purchase_order) -> the orders at 1688 that are not paid yet are cancelled (PO-1).

So it is for one that is a draft again: before that it was cancelled, which nobody has read. Its orders are found by its name, and by the numbers
that are known of it (`purchase_numbers`): it may have been renamed, and the list goes three months back only.

Only unpaid orders can be cancelled there, ten seconds after they were made at the earliest. What is paid or on its way stays, and the buyer is
told to ask the supplier for a refund. Cancelling twice does no harm; what an answer leaves open the next look says.

An order whose number stands in the vendor reference of another purchase order, which is not cancelled, is left alone too: that one has taken
it over (`elsewhere` of the record).

An order that only bears such a reference, as that of the purchase order `P7-2` does for `P7`, is left alone, and told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.doubts import Doubt, doubt_of
from connectors.alibaba.errors import Refusal
from connectors.alibaba.purchase_answers import FoundOrder
from connectors.alibaba.purchase_earlier import maybe_its, under
from connectors.alibaba.purchase_guards import ORDERED_BY_HAND, kept_back
from connectors.alibaba.purchase_lookup import Standing, Whose, judged, standing_of
from connectors.alibaba.purchase_numbers import by_number, order_by_number, written_on
from connectors.alibaba.purchase_plan import PurchasePart, further, parts_of, problem, reference_of, sendable_reference
from connectors.alibaba.purchase_results import CANCELLED, NOT_CANCELLED, Placed, result, told
from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.alibaba.purchase_words import WORDS, words_for
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, DataError, RuleError
from connectors.kit.ports import Delivery, Difference, Outcome, Result, excluded, failed, failed_by, submitted
from schemas.reasons import Reason
from schemas.records import PurchaseOrder, ResultProblem

MODEL = "supplier_order"
UNPAID = "waitbuyerpay"
ELSEWHERE = "ELSEWHERE"  # code of a problem: another purchase order has the order
_REASON = "buyerCancel"
_SOON_SECONDS = 30.0


def _line_ids(part: PurchasePart, order: FoundOrder) -> Sequence[str]:
    """None of an order that was cancelled before."""
    placed = judged(part, [order]).placed
    return placed[0].line_ids if placed else ()


def _left_alone(standings: Sequence[Standing]) -> list[ResultProblem]:
    """A word on each living order that bears a reference of ours and is another purchase order's."""
    return [
        problem(
            f"Order {one.order_id} at 1688 is called {standing.part.reference} and is not known to be of this purchase order: it was left alone."
            " Cancel it there if it is."
        )
        for standing in standings for one in standing.others if one.is_alive
    ]  # fmt: skip


def _elsewhere(order: PurchaseOrder) -> dict[str, str]:
    """Number -> the other purchase orders that have it. Records of before do not say."""
    found: dict[str, str] = {}
    for one in order.get("elsewhere", ()):
        known = found.get(one["order_id"])
        found[one["order_id"]] = f"{known}, {one['purchase_name']}" if known else one["purchase_name"]
    return found


def _taken(number: str, name: str) -> str:
    return (
        f"Order {number} stands in the vendor reference of {name} too, so it was left alone for that one. Where it is not wanted, cancel it at "
        f"1688 and take its number off {name}."
    )


@dataclass
class _Found:
    """orders: each with the part it is of; problems: why it is not known whether all is found; left: a word on each of another's."""

    orders: list[tuple[PurchasePart, FoundOrder]]
    problems: list[ResultProblem]
    left: list[ResultProblem]


class Cancelling:
    """The handler."""

    def __init__(
        self, settings: AlibabaSettings, purchases: AlibabaPurchases, open_client: OpenClient[AlibabaClient],
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._purchases = purchases
        self._open = open_client
        self._now = now
        self._places = asyncio.Semaphore(purchases.concurrency)

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """One outcome per delivery, in order. Never raises ConnectorError."""
        return await asyncio.gather(*(self._done(delivery) for delivery in batch))

    async def differences(self, delivery: Delivery) -> list[Difference]:
        """What it would cancel; reads only. Raises ConnectorError."""
        doubt = self._doubt(delivery)
        if kept_back(delivery, doubt, self._settings.not_before(delivery.account)):
            return []
        found = await self._found(self._open(delivery.account), delivery, doubt)
        shown = [
            Difference(f"order {one.order_id}", one.status, "cancelled" if one.status == UNPAID else "stays: it is paid",
                       refused=one.status != UNPAID)
            for _, one in found.orders if one.is_alive
        ]  # fmt: skip
        return [*shown, *(Difference("order", "", one["text"], refused=True) for one in found.problems)]

    async def _done(self, delivery: Delivery) -> Outcome:
        doubt = self._doubt(delivery)
        if why := kept_back(delivery, doubt, self._settings.not_before(delivery.account)):
            return excluded(why)
        try:
            async with self._places:
                return await self._cancelled(self._open(delivery.account), delivery, doubt)
        except ConnectorError as error:
            if doubt is None or isinstance(error, (RuleError, DataError)):
                return failed_by(error)
            return submitted(doubt.name(delivery.version), error.retry_after or _SOON_SECONDS)

    def _doubt(self, delivery: Delivery) -> Doubt | None:
        order = cast("PurchaseOrder", delivery.body)
        return doubt_of(delivery, sendable_reference(order, self._purchases.reference_prefix))

    async def _cancelled(self, client: AlibabaClient, delivery: Delivery, doubt: Doubt | None) -> Outcome:
        order = cast("PurchaseOrder", delivery.body)
        everything = await self._found(client, delivery, doubt)
        found = everything.orders
        if not found and doubt is not None:
            # A creation may still be on its way.
            doubt, seconds = doubt.after_nothing(int(self._now().timestamp()), self._purchases.look_again_seconds)
            if seconds > 0:
                return submitted(doubt.name(delivery.version), seconds)
            parts, _ = parts_of(order, self._purchases.reference_prefix)
            everything.problems += await maybe_its(client, doubt, parts, self._purchases.reference_prefix)
        if not (found or everything.problems) and written_on(order):  # a draft's, for its confirmation
            return excluded(ORDERED_BY_HAND)
        living = [(part, one) for part, one in found if one.is_alive]
        problems = everything.problems
        for _, one in living:
            if (refusal := await self._cancel(client, one)) is not None:
                problems.append(problem(f"Order {one.order_id}: {words_for(refusal)}", code=refusal.code))
        placed = [Placed(one.made(), part.reference, _line_ids(part, one)) for part, one in found]
        left = everything.left
        if doubt is not None:
            problems += left  # one of them may be what was on its way: for a person
            left = []
        status = NOT_CANCELLED if problems else CANCELLED
        reason = Reason.RULE if problems else None
        said = [*problems, *left]
        event = result(delivery.account, order, status, self._now(), placed=placed, problems=said, reason=reason)
        if problems:
            return replace(failed(Reason.RULE, told(problems, ())), events=(event,))
        done = Result.APPLIED if living else Result.ALREADY_APPLIED
        ids = ",".join(one.order_id for _, one in found)
        return Outcome(done, remote_model=MODEL, remote_id=ids, events=(event,))

    async def _cancel(self, client: AlibabaClient, order: FoundOrder) -> Refusal | None:
        """None: it is cancelled. Raises ConnectorError, ConflictError for one that is too young."""
        if order.status != UNPAID:
            return Refusal("ORDER_STATUS_ERROR")
        asked = {"webSite": "1688", "tradeID": order.order_id, "cancelReason": _REASON}
        try:
            await client.call("order_cancel", asked, repeatable=True)
        except (RuleError, DataError) as error:
            now = await order_by_number(client, order.order_id)
            if now is not None and not now.is_alive:
                return None  # an earlier try has done it, and its answer was lost
            if error.code not in WORDS:
                raise
            return Refusal(error.code)
        return None

    async def _found(self, client: AlibabaClient, delivery: Delivery, doubt: Doubt | None) -> _Found:
        standings = await self._standings(client, delivery, doubt)
        orders = [(standing.part, one) for standing in standings for one in standing.orders]
        beside = await by_number(client, delivery, {one.order_id for _, one in orders})
        orders += [(PurchasePart(one.reference, ()), one) for one in beside.orders]
        others = _elsewhere(cast("PurchaseOrder", delivery.body))
        taken = [one.order_id for _, one in orders if one.is_alive and one.order_id in others]
        mine = [(part, one) for part, one in orders if one.order_id not in taken]
        told = [problem(_taken(one, others[one]), code=ELSEWHERE) for one in taken]
        return _Found(mine, [*beside.problems, *told], _left_alone(standings))

    async def _standings(self, client: AlibabaClient, delivery: Delivery, doubt: Doubt | None) -> list[Standing]:
        """By its name, and by those it had when something may have been sent."""
        order, prefix = cast("PurchaseOrder", delivery.body), self._purchases.reference_prefix
        parts, _ = parts_of(order, prefix)
        today = reference_of(order, prefix, 0) if order["name"] else ""
        called = dict.fromkeys((today, *(doubt.called if doubt is not None else ())))
        whose = Whose.of(delivery)
        found: list[Standing] = []
        for reference in filter(None, called):
            # Under a name it does not have any more there may be another's by now: nothing of other goods is cancelled.
            is_sure = doubt is not None and reference == today and doubt.may_be(today)
            found += await self._standings_under(client, reference, parts, replace(whose, may_be_sent=is_sure))
        return found

    async def _standings_under(
        self, client: AlibabaClient, reference: str, parts: Sequence[PurchasePart], whose: Whose
    ) -> list[Standing]:
        """Its parts, and, for it may have been larger when it was sent, references behind them until one has no order of it."""
        called = under(reference, parts)
        found: list[Standing] = []
        while len(found) <= len(parts) or found[-1].exists:
            place = len(found)
            part = called[place] if place < len(parts) else PurchasePart(further(reference, place), ())
            found.append(await standing_of(client, part, whose))
        return found
