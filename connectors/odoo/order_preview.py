"""What `upsert_order` would write, by reading only (OPS-7). No names, no addresses: amounts, states, dates and quantities."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Delivery, Difference
from connectors.odoo.changes import READ, Seen, stamp
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.holds import Holds, is_held
from connectors.odoo.line_changes import Standing, kept_plan
from connectors.odoo.mapping import Rules, plan_order
from connectors.odoo.order_lines import OrderLines
from connectors.odoo.plan import Goods, OrderPlan
from connectors.odoo.products import Products, Wanted
from connectors.odoo.settings import Stage
from schemas.records import Order

_WORDS = {Stage.QUOTATION: "quotation", Stage.CONFIRMED: "confirmed", Stage.LOCKED: "confirmed and locked", Stage.CANCELLED: "cancelled"}  # fmt: skip


class OrderPreview:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, rules: Rules, products: Products, holds: Holds) -> None:
        self._odoo, self._rules, self._products, self._holds = odoo, rules, products, holds
        self._lines = OrderLines(odoo, rules.settings.module)

    async def over(self, batch: Sequence[Delivery], asked: Sequence[bool]) -> list[Sequence[Difference]]:
        """`asked`: whether the buyer's request to cancel stands."""
        return [await self._one(delivery, wanted) for delivery, wanted in zip(batch, asked, strict=True)]

    async def _one(self, delivery: Delivery, asked: bool) -> Sequence[Difference]:
        try:
            plan = plan_order(cast(Order, delivery.body), self._rules)
        except ConnectorError as error:
            return [Difference("order", "", f"nothing: {error}", refused=True)]
        for number in (await find(self._odoo, [plan.xid])).values():
            return await self._changed(number, plan, asked)
        return await self._new(plan)

    async def _new(self, plan: OrderPlan) -> list[Difference]:
        goods = {Wanted(plan.source, plan.account, line.item) for line in plan.lines if isinstance(line.item, Goods)}
        missing = goods - await self._products.find(goods)
        return [
            Difference("order", "", f"{_WORDS[plan.stage]}, {len(plan.lines)} lines, {plan.total:f} {plan.currency}"),
            *(
                Difference(f"product {one.goods.sku}", "not in Odoo", "made or waited for")
                for one in sorted(missing, key=str)
            ),
        ]

    async def _changed(self, number: int, plan: OrderPlan, asked: bool) -> list[Difference]:
        (row,) = await self._odoo.ask("sale.order", "read", [number], fields=list(READ))
        seen = Seen.of(row)
        pairs = [("state", _state(seen), _next_state(seen, plan.stage))]
        if plan.stage is not Stage.CANCELLED:
            standing = (await self._lines.look({number: plan}))[number]
            plan, _ = kept_plan(plan, standing)
            pairs.append(("amount_total", f"{seen.total:f} {seen.currency}", f"{plan.total:f} {plan.currency}"))
            pairs.append(("commitment_date", seen.promised_at, stamp(plan.promised_at)))
            pairs += _quantities(plan, standing)
            pairs += await self._hold(number, asked and plan.stage is not Stage.LOCKED)
        return [Difference(name, now, then) for name, now, then in pairs if now != then]

    async def _hold(self, number: int, asked: bool) -> list[tuple[str, str, str]]:
        still = [row for row in (await self._holds.deliveries([number])).get(number, []) if row["state"] != "done"]
        words = {True: "held", False: "free"}
        return [("delivery", words[is_held(row)], words[asked]) for row in still]


def _quantities(plan: OrderPlan, standing: Standing) -> list[tuple[str, str, str]]:
    """(field, quantity now, quantity then) of each line of goods."""
    found = []
    for line in plan.lines:
        if isinstance(line.item, Goods):
            row = standing.rows.get(standing.ids.get(line.xid, 0), {})
            now = Decimal(repr(row.get("product_uom_qty", 0))).normalize()
            found.append((f"quantity of {line.item.sku}", f"{now:f}", f"{line.quantity.normalize():f}"))
    return found


def _state(seen: Seen) -> str:
    if seen.state == "cancel":
        return _WORDS[Stage.CANCELLED]
    if seen.state == "sale":
        return _WORDS[Stage.LOCKED if seen.locked else Stage.CONFIRMED]
    return _WORDS[Stage.QUOTATION]


def _next_state(seen: Seen, stage: Stage) -> str:
    """A stage never goes back, but to cancelled."""
    now = _state(seen)
    order = [_WORDS[one] for one in (Stage.QUOTATION, Stage.CONFIRMED, Stage.LOCKED, Stage.CANCELLED)]
    return max(now, _WORDS[stage], key=order.index)
