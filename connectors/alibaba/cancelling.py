"""`cancel_purchase` (purchase_order) -> the orders at 1688 that are not paid yet are cancelled (PO-1).

Only unpaid orders can be cancelled there, ten seconds after they were made at the earliest. What is paid or on its way stays, and the buyer is
told to ask the supplier for a refund. Cancelling twice does no harm; what an answer leaves open the next look says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.doubts import Doubt, doubt_of
from connectors.alibaba.errors import Refusal
from connectors.alibaba.purchase_answers import FoundOrder
from connectors.alibaba.purchase_lookup import judged, orders_of
from connectors.alibaba.purchase_plan import PurchasePart, parts_of, problem, reference_of
from connectors.alibaba.purchase_results import CANCELLED, NOT_CANCELLED, Placed, result, told
from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.alibaba.purchase_words import WORDS, words_for
from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, DataError, RuleError
from connectors.kit.ports import Delivery, Difference, Outcome, Result, failed, failed_by, submitted
from schemas.reasons import Reason
from schemas.records import PurchaseOrder, ResultProblem

MODEL = "supplier_order"
UNPAID = "waitbuyerpay"
_REASON = "buyerCancel"
_SOON_SECONDS = 30.0


class Cancelling:
    """The handler."""

    def __init__(
        self, purchases: AlibabaPurchases, open_client: OpenClient[AlibabaClient], now: Callable[[], datetime]
    ) -> None:
        self._purchases = purchases
        self._open = open_client
        self._now = now
        self._places = asyncio.Semaphore(purchases.concurrency)

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """One outcome per delivery, in order. Never raises ConnectorError."""
        return await asyncio.gather(*(self._done(delivery) for delivery in batch))

    async def differences(self, delivery: Delivery) -> list[Difference]:
        """What it would cancel; reads only. Raises ConnectorError."""
        found = await self._found(self._open(delivery.account), cast("PurchaseOrder", delivery.body))
        return [
            Difference(f"order {one.order_id}", one.status, "cancelled" if one.status == UNPAID else "stays: it is paid",
                       refused=one.status != UNPAID)
            for _, one in found if one.is_alive
        ]  # fmt: skip

    async def _done(self, delivery: Delivery) -> Outcome:
        doubt = doubt_of(delivery, None)
        try:
            async with self._places:
                return await self._cancelled(self._open(delivery.account), delivery, doubt)
        except ConnectorError as error:
            if doubt is None or isinstance(error, (RuleError, DataError)):
                return failed_by(error)
            return submitted(doubt.name(delivery.version), error.retry_after or _SOON_SECONDS)

    async def _cancelled(self, client: AlibabaClient, delivery: Delivery, doubt: Doubt | None) -> Outcome:
        order = cast("PurchaseOrder", delivery.body)
        found = await self._found(client, order)
        if not found and doubt is not None:
            # A creation may still be on its way.
            doubt, seconds = doubt.after_nothing(int(self._now().timestamp()), self._purchases.look_again_seconds)
            if seconds > 0:
                return submitted(doubt.name(delivery.version), seconds)
        living = [(part, one) for part, one in found if one.is_alive]
        problems: list[ResultProblem] = []
        for _, one in living:
            if (said := await self._cancel(client, one)) is not None:
                problems.append(problem(f"Order {one.order_id}: {words_for(said)}", code=said.code))
        placed = [Placed(one.made(), part.reference, judged(part, [one]).placed[0].line_ids) for part, one in living]
        status = NOT_CANCELLED if problems else CANCELLED
        reason = Reason.RULE if problems else None
        event = result(delivery.account, order, status, self._now(), placed=placed, problems=problems, reason=reason)
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
            now = next(
                (one for one in await orders_of(client, order.reference) if one.order_id == order.order_id), None
            )
            if now is not None and not now.is_alive:
                return None  # an earlier try has done it, and its answer was lost
            if error.code not in WORDS:
                raise
            return Refusal(error.code)
        return None

    async def _found(self, client: AlibabaClient, order: PurchaseOrder) -> list[tuple[PurchasePart, FoundOrder]]:
        """All orders of it: of its parts, and, for it may have been larger when it was sent, of references behind them until one is not used."""
        prefix, place = self._purchases.reference_prefix, 0
        found: list[tuple[PurchasePart, FoundOrder]] = []
        parts, _ = parts_of(order, prefix)
        while True:
            part = parts[place] if place < len(parts) else PurchasePart(reference_of(order, prefix, place), ())
            orders = await orders_of(client, part.reference)
            if not orders and place >= len(parts):
                return found
            found += [(part, one) for one in orders]
            place += 1
