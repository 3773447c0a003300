"""Operation `upsert_return` (RET-1, RET-2): a marketplace's return becomes a return transfer and credit notes of the order's invoice.

1  the order, by its external id; a return that is here first waits for it
2  goods (`returns_goods`)
3  money (`returns_money`)
4  the three states: on the transfer, or, where nothing comes back, as a note on the order
What fails in 2 does not keep 3 from being written: goods and money are apart. The failure is told all the same, that of the goods first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from connectors.kit.errors import ConflictError, ConnectorError
from connectors.kit.ports import Delivery, Difference, Outcome
from connectors.odoo.chatter import note
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.handling import done, each
from connectors.odoo.keys import hidden_xid, xid
from connectors.odoo.returns_goods import PICKING, ReturnedGoods, Work
from connectors.odoo.returns_money import MOVE, CreditNotes
from connectors.odoo.returns_plan import ReturnPlan, plan_return
from connectors.odoo.settings import OdooSettings
from schemas.records import ReturnOrder


class Returns:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, settings: OdooSettings) -> None:
        self._odoo, self._settings = odoo, settings
        self._goods = ReturnedGoods(odoo, settings.module)
        self._money = CreditNotes(odoo, settings)

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await each(batch, self._written)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        return [await self._previewed(delivery) for delivery in batch]

    async def _written(self, delivery: Delivery) -> Outcome:
        work = await self._work(delivery)
        problems: list[ConnectorError] = []
        picking = credit = 0
        try:
            picking = await self._goods.bring(work)
        except ConnectorError as error:
            problems.append(error)
        try:
            credit = await self._money.give(work)
        except ConnectorError as error:
            problems.append(error)
        if problems:
            raise problems[0]
        if not work.ours():
            await self._note(work)
        if picking or not credit:
            return done(work.did, PICKING if picking else "sale.order", picking or work.order, work.notes)
        return done(work.did, MOVE, credit, work.notes)

    async def _work(self, delivery: Delivery) -> Work:
        plan = plan_return(cast(ReturnOrder, delivery.body), release_at=self._settings.release_returns_at)
        return Work(plan, *await self._order(plan))

    async def _order(self, plan: ReturnPlan) -> tuple[int, str]:
        parent = xid(self._settings.module, "order", plan.order_key)
        for number in (await find(self._odoo, [parent])).values():
            (row,) = await self._odoo.rows("sale.order", [["id", "=", number]], ["name"])
            return number, row["name"]
        raise ConflictError("its order is not in Odoo yet", waiting_for=f"order:{plan.order_key}")

    async def _note(self, work: Work) -> None:
        """Once for each combination of states."""
        plan = work.plan
        key = hidden_xid(self._settings.module, "return_note", (plan.key, plan.states))
        before = await find(self._odoo, [key])
        why = "A person took its goods in." if work.counted() else "Nothing comes back."
        await note(self._odoo, key, "sale.order", work.order, [plan.states, why])
        if not before:
            work.did.append("noted")

    async def _previewed(self, delivery: Delivery) -> Sequence[Difference]:
        try:
            work = await self._work(delivery)
            await self._goods.look(work)
            self._goods.suppose(work)
            deeds = self._goods.decide(work)
            credit = await self._money.missing(work)
        except ConnectorError as error:
            return [Difference("return", "", f"nothing: {error}", refused=True)]
        found = []
        for deed in deeds:
            where = f"{work.order_name}: goods of delivery move {deed.source.move}"
            if deed.make:
                found.append(Difference(where, "", f"{deed.make:f} coming back"))
            elif deed.change:
                found.append(Difference(where, "", f"{deed.demand:f} coming back"))
            if deed.take:
                found.append(Difference(where, "", f"{deed.take:f} taken into stock"))
        if credit:
            found.append(Difference(f"{work.order_name}: credit note", "", f"{credit:f} {work.plan.currency}"))
        return found
