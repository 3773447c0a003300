"""The second half of a demo: a day in the shop, after the orders are in. People act in Odoo, buyers act at the marketplace; the pipeline carries
each to the other side, and then both sides have to agree, flow by flow.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from connectors.kit.sandbox.catalog import MARKER
from streams.demo import goods
from streams.demo.goods import NewProduct
from streams.demo.hands import Hands, Sale

# Share of a marketplace's orders that are shipped, shipped in two parcels, cancelled; the rest stays open.
SHIPPED, IN_TWO, CANCELLED = 0.55, 0.1, 0.1
# Of each marketplace's orders; of those that come back, of what it had sent itself, and of what was credited in Odoo; of all goods.
CREDITED, RETURNED, RETURNED_THERE, RETURNED_NOTED, RECOUNTED, REPRICED = 2, 3, 2, 1, 12, 8
PACKED = 3  # of each marketplace's orders


@dataclass(slots=True)
class Day:
    """What was done, so that it can be looked for on the other side.

    credited  order -> the credit note's sum in cents
    sent      orders that a marketplace has sent from its own stock, and whose deliveries were closed in Odoo
    objected  marketplace -> an item it took off sale, a word of its reason
    """

    sales: list[Sale] = field(default_factory=list)
    shipped: list[Sale] = field(default_factory=list)
    cancelled: list[Sale] = field(default_factory=list)
    sent: list[Sale] = field(default_factory=list)
    credited: dict[str, int] = field(default_factory=dict)
    returned: list[str] = field(default_factory=list)
    recounted: dict[str, int] = field(default_factory=dict)
    repriced: dict[str, str] = field(default_factory=dict)
    too_large: dict[str, str] = field(default_factory=dict)
    settlements: dict[str, str] = field(default_factory=dict)  # marketplace -> words of its entry's reference
    objected: dict[str, tuple[str, str]] = field(default_factory=dict)
    made: tuple[NewProduct, ...] = ()

    def of(self, references: Collection[str]) -> Day:
        """What was done with these orders, and with goods, which all marketplaces share."""
        return replace(
            self,
            sales=[sale for sale in self.sales if sale.reference in references],
            shipped=[sale for sale in self.shipped if sale.reference in references],
            cancelled=[sale for sale in self.cancelled if sale.reference in references],
            sent=[sale for sale in self.sent if sale.reference in references],
            credited={name: cents for name, cents in self.credited.items() if name in references},
            returned=[name for name in self.returned if name in references],
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is shipped, cancelled, credited; drawn once, so that the same seed is the same day. pack: who leaves after the packing station."""

    ship: tuple[Sale, ...]
    two: frozenset[str]
    cancel: tuple[Sale, ...]
    credit: tuple[Sale, ...]
    pack: tuple[Sale, ...] = ()


def planned(sales: Sequence[Sale], plain: frozenset[str], chance: random.Random) -> Plan:
    """For the orders of one marketplace. `plain`: ids of orders without discounts or other specialities, whose refund is the sum of their
    charges."""
    waiting = [
        sale for sale in sales if sale.state in ("draft", "sent", "sale") and not sale.locked and not sale.elsewhere
    ]  # locked: shipped there
    chance.shuffle(waiting)
    waiting.sort(
        key=lambda sale: sale.reference not in plain
    )  # those that can be credited are among those that are shipped
    count = len(waiting)
    ship = waiting[: int(count * SHIPPED)]
    two = frozenset(sale.reference for sale in ship[len(ship) - int(count * IN_TWO) :])
    cancel = waiting[len(ship) : len(ship) + max(1, int(count * CANCELLED))]
    in_one = [sale for sale in ship if sale.reference not in two]
    credit = [sale for sale in in_one if sale.reference in plain][:CREDITED]
    # Enough others are left that can come back.
    pack = [sale for sale in in_one if sale not in credit][RETURNED:][-PACKED:]
    ship = [sale for sale in ship if sale not in pack]
    return Plan(tuple(ship), two, tuple(cancel), tuple(credit), tuple(pack))


def together(plans: Iterable[Plan]) -> Plan:
    """One of all marketplaces."""
    found = list(plans)
    return Plan(
        tuple(sale for one in found for sale in one.ship), frozenset().union(*(one.two for one in found)),
        tuple(sale for one in found for sale in one.cancel), tuple(sale for one in found for sale in one.credit),
        tuple(sale for one in found for sale in one.pack),
    )  # fmt: skip


def coming_back(day: Day, gone: Collection[str], taken: Collection[str]) -> list[str]:
    """Which orders of one marketplace come back, `day` being its own. gone: of whose first line something left; taken: by something else."""
    whole = [sale.reference for sale in day.shipped if sale.reference in gone and sale.reference not in taken]
    there = [sale.reference for sale in day.sent if sale.reference in gone]
    return whole[:RETURNED] + there[:RETURNED_THERE]


def refunded_by_note(day: Day, gone: Collection[str]) -> list[str]:
    """Which orders come back that were credited in Odoo, where that is what refunds them."""
    return [reference for reference in day.credited if reference in gone][:RETURNED_NOTED]


def make_goods(hands: Hands, day: Day) -> None:
    """New products, counted as soon as they are there, so that their stock reaches a marketplace that has not heard of them (INV-4)."""
    hands.make(goods.PRODUCTS)
    hands.stock_up({variant.sku: goods.STOCK for _, variant in goods.ready()})
    day.made = goods.PRODUCTS


def work(hands: Hands, plan: Plan, day: Day) -> None:
    """What people do with orders."""
    hands.accept([*plan.ship, *plan.cancel])
    send(hands, plan.ship, plan.two, day)
    for sale in plan.cancel:
        hands.cancel(sale)
        day.cancelled.append(sale)


def send(hands: Hands, sales: Iterable[Sale], two: Collection[str], day: Day) -> None:
    """These leave; two: orders that leave in two parcels."""
    carrier = hands.carrier()
    for sale in sales:
        if hands.ship(sale, carrier, parcels=2 if sale.reference in two else 1):
            day.shipped.append(sale)


def credit(hands: Hands, plan: Plan, day: Day) -> None:
    """Credit notes, after the marketplace knows that the goods left."""
    for sale in plan.credit:
        if cents := hands.credit(sale):
            day.credited[sale.reference] = cents


def invoiced(hands: Hands, day: Day) -> None:
    """What will come back has been invoiced: a refund is credited on its invoice."""
    for sale in [*day.shipped, *day.sent]:
        if sale.reference in day.returned and sale.reference not in day.credited:
            hands.invoice(sale)


def change_goods(hands: Hands, day: Day, chance: random.Random) -> None:
    """Some SKUs are counted anew; some prices change, two of them by more than anybody may without a second look."""
    prices = {sku: price for sku, price in sorted(hands.prices().items()) if _is_old(sku) and price > 1}
    skus = list(prices)
    chance.shuffle(skus)
    day.recounted = {sku: chance.randrange(40, 400) for sku in skus[:RECOUNTED]}
    hands.stock_up(day.recounted)
    for number, sku in enumerate(skus[RECOUNTED : RECOUNTED + REPRICED]):
        factor = Decimal("1.5") if number < 2 else Decimal("1.05")
        price = str((Decimal(str(prices[sku])) * factor).quantize(Decimal("0.01")))
        (day.too_large if number < 2 else day.repriced)[sku] = price
    hands.reprice(day.repriced | day.too_large)


def untouched(hands: Hands, day: Day) -> list[str]:
    """SKUs of old goods that nobody counted or priced anew."""
    busy = day.recounted.keys() | day.repriced.keys() | day.too_large.keys()
    return [sku for sku in sorted(hands.prices()) if _is_old(sku) and sku not in busy]


def _is_old(sku: str) -> bool:
    return sku.startswith(MARKER) and not sku.startswith(goods.NEW)
