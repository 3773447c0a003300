"""What a settlement brought in for each order: an addend of the order's margin (FIN-1). Pure, for the settlement lines of any marketplace.

An order is settled in more than one report: sold in one, given back in the next. Each report gives one record of the order, and all of an order's
records added up are its margin so far. The same report read again gives the same records under the same keys, so nobody counts twice.

`margin` is what is left before the cost of the goods: everything but taxes. `skus` says of what how many were sold less how many came back, for
whoever knows the cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from connectors.kit.money import quantity_text
from connectors.kit.ports import Canonical
from schemas.records import SettledOrder, Settlement, SettlementLine

ZERO = Decimal(0)
_TAXES = frozenset({"tax", "refund_tax", "facilitator_tax"})
_BY_NAME = frozenset({"commission", "fee"})
_NOT_OF_ORDERS = frozenset({"reserve", "transfer"})


@dataclass(slots=True)
class _Totals:
    order_key: str = ""
    posted_at: datetime | None = None
    by_kind: dict[str, Decimal] = field(default_factory=dict)
    fees: dict[str, Decimal] = field(default_factory=dict)
    skus: dict[str, Decimal] = field(default_factory=dict)

    def add(self, line: SettlementLine) -> None:
        kind, amount = line["kind"], Decimal(line["amount"])
        group = "tax" if kind in _TAXES else kind
        self.by_kind[group] = self.by_kind.get(group, ZERO) + amount
        self.order_key = self.order_key or line["order_key"]
        if kind in _BY_NAME:
            name = line["name"] or kind
            self.fees[name] = self.fees.get(name, ZERO) + amount
        if line["posted_at"] is not None:
            self.posted_at = max(self.posted_at or line["posted_at"], line["posted_at"])
        units = Decimal(line["quantity"] or 0)
        if units and kind in ("sale", "refund"):
            self.skus[line["sku"]] = self.skus.get(line["sku"], ZERO) + (units if kind == "sale" else -units)


class SettledOrders:
    """Add every line, then ask for the records of the settlement. Remembers a few numbers for each order, whatever the number of lines."""

    def __init__(self, lines: Iterable[SettlementLine] = ()) -> None:
        self._orders: dict[str, _Totals] = {}
        for line in lines:
            self.add(line)

    def add(self, line: SettlementLine) -> None:
        if line["order_id"] and line["kind"] not in _NOT_OF_ORDERS:
            self._orders.setdefault(line["order_id"], _Totals()).add(line)

    def records(self, settlement: Settlement) -> list[SettledOrder]:
        """In the order of the report. Of the settlement only its head counts."""
        return [_record(settlement, order_id, totals) for order_id, totals in self._orders.items()]


def with_orders(settlement: Settlement, orders: SettledOrders) -> tuple[Canonical, ...]:
    """What a settlement's mapping gives: the settlement, then what each order in it brought."""
    parts = (Canonical("settled_order", one["key"], one["version"], one) for one in orders.records(settlement))
    return (Canonical("settlement", settlement["key"], settlement["version"], settlement), *parts)


def _record(head: Settlement, order_id: str, totals: _Totals) -> SettledOrder:
    def sum_of(kind: str) -> str:
        return f"{totals.by_kind.get(kind, ZERO):f}"

    margin = sum((amount for kind, amount in totals.by_kind.items() if kind != "tax"), ZERO)
    return SettledOrder(
        key=f"{head['key']}:order:{order_id}", source=head["source"], account=head["account"],
        settlement_id=head["settlement_id"], order_id=order_id, order_key=totals.order_key, version=head["version"],
        currency=head["currency"], settled_at=head["deposited_at"] or head["ends_at"], posted_at=totals.posted_at,
        sales=sum_of("sale"), shipping=sum_of("shipping"), promotions=sum_of("promotion"), refunds=sum_of("refund"),
        fees={name: f"{amount:f}" for name, amount in totals.fees.items()}, adjustments=sum_of("adjustment"),
        unknown=sum_of("unknown"), tax=sum_of("tax"), margin=f"{margin:f}",
        skus={sku: quantity_text(units) for sku, units in totals.skus.items()},
    )  # fmt: skip
