"""Does Odoo hold what the marketplace sold? Order by order: count, total to the cent, no order twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from streams.demo.market import BAD_POSTCODE, MALFORMED, NOT_RELEASED, TEST_ORDER, UNKNOWN_SKU, Sold
from streams.demo.odoo import HeldOrder
from streams.observe.ledger import APPLIED, DEAD, EXCLUDED, HELD, WAITING, Entry, Ledger

_CENT = Decimal("0.01")

# What about an order explains that it is not applied: traits of the sandbox's generator. Anything else is our fault.
EXPLAINED = {
    HELD: {UNKNOWN_SKU},
    EXCLUDED: {TEST_ORDER, NOT_RELEASED},
    DEAD: {MALFORMED, BAD_POSTCODE},
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found. `balanced`: every order that came in has its place, and Odoo holds exactly the applied ones, to the cent.

    unexplained   held, excluded or dead although nothing about the order calls for it
    """

    counts: dict[str, int]
    orders_in: int
    doubled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    off: dict[str, Decimal] = field(default_factory=dict)
    wrong_state: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()

    @property
    def cents_off(self) -> int:
        """The sum of all differences, in cents."""
        return int(sum(abs(difference) for difference in self.off.values()) / _CENT)

    @property
    def problems(self) -> dict[str, tuple[str, ...]]:
        """What is wrong -> which orders; each may be empty."""
        return {
            "doubled": self.doubled,
            "missing": self.missing,
            "not expected": self.unexpected,
            "not explained": self.unexplained,
            "in the wrong state": self.wrong_state,
            "off": tuple(f"{key} by {difference}" for key, difference in self.off.items()),
        }

    @property
    def balanced(self) -> bool:
        """in = applied + held + excluded + dead, and Odoo agrees."""
        settled = sum(count for state, count in self.counts.items() if state != WAITING)
        agrees = not any(self.problems.values())
        return settled == self.orders_in and agrees


def compare(sold: Iterable[Sold], ledger: Ledger, odoo: Mapping[str, list[HeldOrder]]) -> Comparison:
    """`odoo`: what it holds, by an order's reference."""
    orders = {order.key: order for order in sold}
    doubled: list[str] = []
    missing: list[str] = []
    unexpected: list[str] = []
    wrong: list[str] = []
    unexplained: list[str] = []
    off: dict[str, Decimal] = {}
    for key, order in orders.items():
        held = odoo.get(order.reference, [])
        entry = ledger.entries.get(key)
        if len(held) > 1:
            doubled.append(key)
        if entry is None or entry.state == WAITING or (entry.state == APPLIED and not held):
            missing.append(key)
        elif entry.state == EXCLUDED and held:
            unexpected.append(key)
        if entry is not None and not _is_explained(entry, order.traits):
            unexplained.append(key)
        if held and entry is not None and entry.state == APPLIED:
            _check_applied(key, order, held[0], off, wrong)
    return Comparison(
        ledger.counts(orders),
        len(orders),
        tuple(doubled),
        tuple(missing),
        tuple(unexpected),
        off,
        tuple(wrong),
        tuple(unexplained),
    )


def _is_explained(entry: Entry, traits: Iterable[str]) -> bool:
    """An order that is not applied needs a reason in the order itself; a bug of ours never is one."""
    if entry.state not in EXPLAINED:
        return True
    return entry.reason != "bug" and bool(EXPLAINED[entry.state] & set(traits))


def _check_applied(key: str, order: Sold, held: HeldOrder, off: dict[str, Decimal], wrong: list[str]) -> None:
    if order.is_cancelled != (held.state == "cancel"):
        wrong.append(key)
    if not order.is_cancelled and order.total is not None:
        difference = held.total - order.total
        if abs(difference) >= _CENT / 2:
            off[key] = difference
