"""Does Odoo hold what the marketplace sold? Order by order: count, total to the cent, no order twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from streams.demo.odoo import HeldOrder
from streams.observe.ledger import APPLIED, EXCLUDED, WAITING, Ledger

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found. `balanced`: every order that came in has its place, and Odoo holds exactly the applied ones, to the cent."""

    counts: dict[str, int]
    orders_in: int
    doubled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    off: dict[str, Decimal] = field(default_factory=dict)
    wrong_state: tuple[str, ...] = ()

    @property
    def cents_off(self) -> int:
        """The sum of all differences, in cents."""
        return int(sum(abs(difference) for difference in self.off.values()) / _CENT)

    @property
    def balanced(self) -> bool:
        """in = applied + held + excluded + dead, and Odoo agrees."""
        settled = sum(count for state, count in self.counts.items() if state != WAITING)
        agrees = not (self.doubled or self.missing or self.unexpected or self.off or self.wrong_state)
        return settled == self.orders_in and agrees


def compare(
    sold: Iterable[Mapping[str, Any]], account: str, ledger: Ledger, odoo: Mapping[str, list[HeldOrder]]
) -> Comparison:
    """`sold`: the marketplace's visible orders (purchaseOrderId, status, total: its parts as decimal text, or None).

    `odoo`: what it holds, by that id.
    """
    orders = {f"walmart:{account}:{order['purchaseOrderId']}": order for order in sold}
    doubled: list[str] = []
    missing: list[str] = []
    unexpected: list[str] = []
    wrong: list[str] = []
    off: dict[str, Decimal] = {}
    for key, order in orders.items():
        held = odoo.get(str(order["purchaseOrderId"]), [])
        entry = ledger.entries.get(key)
        if len(held) > 1:
            doubled.append(key)
        if entry is None or entry.state == WAITING or (entry.state == APPLIED and not held):
            missing.append(key)
        elif entry.state == EXCLUDED and held:
            unexpected.append(key)
        if held and entry is not None and entry.state == APPLIED:
            _check_applied(key, order, held[0], off, wrong)
    return Comparison(
        ledger.counts(orders), len(orders), tuple(doubled), tuple(missing), tuple(unexpected), off, tuple(wrong)
    )


def _check_applied(
    key: str, order: Mapping[str, Any], held: HeldOrder, off: dict[str, Decimal], wrong: list[str]
) -> None:
    cancelled = order["status"] == "Cancelled"
    if cancelled != (held.state == "cancel"):
        wrong.append(key)
    if not cancelled and order["total"] is not None:
        difference = held.total - Decimal(order["total"]["total"])
        if abs(difference) >= _CENT / 2:
            off[key] = difference
