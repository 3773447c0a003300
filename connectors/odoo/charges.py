"""What the marketplace charges -> order lines whose sum, as Odoo computes it, is the marketplace's total to the cent (ORD-6). Pure.

How taxes are booked. A marketplace states amounts, seldom rates; Odoo computes amounts from rates. A rate guessed from cents would be a
wrong statutory rate on an invoice, another one for almost every line. So each tax of a jurisdiction and collector is one tax record
"100 %, included in the price", and its amount is a line of its own whose price is the tax: Odoo computes a base of 0 and a tax of exactly
that amount, in every currency and with either rounding method, and posts it to the account of its collector. Where the source states the
rate and the rate makes the very amount, the tax is a percentage on the goods' own line instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.kit.errors import DataError
from connectors.odoo.jurisdictions import plan_tax
from connectors.odoo.keys import below
from connectors.odoo.money import ZERO, amount_of, number, remainder, rounded, tax_of, units_at
from connectors.odoo.plan import Goods, LinePlan, Service, TaxPlan
from connectors.odoo.record_places import Place
from connectors.odoo.record_places import line as place_of_line
from schemas.records import Discount, Money, Order, OrderLine, Tax

_ORDER = (Service.SHIPPING, Service.FEE, Service.DISCOUNT)
_RATE_DIGITS = Decimal("0.0001")  # account.tax.amount holds four digits


@dataclass
class Charges:
    """The lines of one order while they are put together. `xid` is the order's; lines add their own part to it."""

    order: Order
    xid: str
    module: str
    goods: list[LinePlan] = field(default_factory=list)
    services: list[LinePlan] = field(default_factory=list)
    taxes: dict[TaxPlan, Decimal] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        return self.order["currency"]

    def amount(self, money: Money | None, where: Place) -> Decimal:
        return amount_of(money, self.currency, str(where))

    def service(self, kind: Service, part: tuple[str, ...], name: str, amount: Decimal) -> None:
        """Charge something that is not goods; nothing for an amount of nothing."""
        if amount:
            self.services.append(LinePlan(below(self.xid, *part), kind, name, Decimal(1), amount))

    def tax(self, tax: Tax, where: Place) -> None:
        """Add a tax by its amount."""
        if amount := self.amount(tax["amount"], where.field("amount")):
            plan = plan_tax(tax, self.order, self.module)
            self.taxes[plan] = self.taxes.get(plan, ZERO) + amount

    def lines(self) -> tuple[LinePlan, ...]:
        """Goods first, then shipping, fees and discounts, then the taxes by name."""
        taxes = [
            LinePlan(
                below(self.xid, *plan.xid.partition(".")[2].split("/")),
                Service.TAX,
                plan.label,
                Decimal(1),
                amount,
                (plan,),
            )
            for plan, amount in sorted(self.taxes.items(), key=lambda item: item[0].name)
            if amount
        ]
        services = sorted(self.services, key=lambda line: _ORDER.index(line.item))
        return (*self.goods, *services, *taxes)


def lines_of(order: Order, xid: str, module: str, *, native_rates: bool) -> tuple[LinePlan, ...]:
    """All lines of an order. Raises DataError naming the field that cannot be understood."""
    charges = Charges(order, xid, module)
    shipping = charges.amount(order["shipping_amount"], Place("shipping_amount"))
    for index, line in enumerate(order["lines"]):
        where = place_of_line(index, line["line_id"])
        shipping += charges.amount(line["shipping_amount"], where.field("shipping_amount"))
        _goods(charges, line, where, native_rates=native_rates)
        _extras(charges, line, where)
    charges.service(Service.SHIPPING, ("shipping",), _shipping_name(order), shipping)
    _discounts(charges, (), order["discounts"], Place("discounts"))
    _taxes(charges, order["shipping_taxes"], Place("shipping_taxes"))
    return charges.lines()


def total_of(lines: Iterable[LinePlan], currency: str) -> Decimal:
    """What Odoo will compute for these lines, taxes included."""
    total = ZERO
    for line in lines:
        base = rounded(line.quantity * line.price, currency)
        total += base + sum((tax_of(base, tax.rate, currency) for tax in line.taxes if tax.rate is not None), ZERO)
    return total


def _goods(charges: Charges, line: OrderLine, where: Place, *, native_rates: bool) -> None:
    quantity = number(line["quantity"], str(where.field("quantity"))) - number(
        line["quantity_cancelled"] or "0", str(where.field("quantity_cancelled"))
    )
    if quantity < 0:
        raise DataError(f"{where.field('quantity_cancelled')}: more cancelled than ordered")
    amount = charges.amount(line["amount"], where.field("amount")) if quantity else ZERO
    units = units_at(amount, quantity, charges.currency)
    goods = Goods(line["sku"], line["marketplace_item_id"], line["barcode"], line["title"], _components(line, where))
    single = len(units) == 1 and not line["discounts"]
    taxes = where.field("taxes")
    rated = _rated(charges, line["taxes"], amount, taxes) if native_rates and single and quantity else {}
    for position, (count, price) in enumerate(units):
        part = below(charges.xid, "line", line["line_id"], *([str(position)] if position else []))
        name = line["title"] or line["sku"]
        charges.goods.append(LinePlan(part, goods, name, count, price, tuple(rated.values()), line["line_id"]))
    left = remainder(amount, units, charges.currency)
    charges.service(Service.FEE, ("line", line["line_id"], "rounding"), f"Rounding ({line['sku']})", left)
    for index, tax in enumerate(line["taxes"]):
        if index not in rated:
            charges.tax(tax, taxes.entry(index))


def _components(line: OrderLine, where: Place) -> tuple[tuple[str, Decimal], ...]:
    """Raises DataError for a part without a quantity above 0."""
    found = []
    for index, part in enumerate(line["components"]):
        place = where.field("components").entry(index)
        quantity = number(part["quantity"], str(place.field("quantity")))
        if quantity <= 0 or not part["sku"]:
            raise DataError(f"{place}: wants a SKU and a quantity above 0")
        found.append((part["sku"], quantity))
    return tuple(found)


def _rated(charges: Charges, taxes: list[Tax], base: Decimal, where: Place) -> dict[int, TaxPlan]:
    """The taxes (by position) whose stated rate makes their very amount on this base."""
    found: dict[int, TaxPlan] = {}
    for index, tax in enumerate(taxes):
        if not tax["rate"]:
            continue
        place = where.entry(index)
        rate = number(tax["rate"], str(place.field("rate")))
        amount = charges.amount(tax["amount"], place.field("amount"))
        if rate == rate.quantize(_RATE_DIGITS) and tax_of(base, rate, charges.currency) == amount:
            found[index] = plan_tax(tax, charges.order, charges.module, rate)
    return found if len(set(found.values())) == len(found) else {}


def _extras(charges: Charges, line: OrderLine, where: Place) -> None:
    part, sku = line["line_id"], line["sku"]
    wrap = charges.amount(line["gift_wrap_amount"], where.field("gift_wrap_amount"))
    charges.service(Service.FEE, ("line", part, "wrap"), f"Gift wrapping ({sku})", wrap)
    for index, fee in enumerate(line["fees"]):
        amount = charges.amount(fee["amount"], where.field("fees").entry(index).field("amount"))
        charges.service(Service.FEE, ("line", part, "fee", str(index)), f"{fee['name'] or 'Fee'} ({sku})", amount)
    _discounts(charges, ("line", part), line["discounts"], where.field("discounts"), f" ({sku})")
    _taxes(charges, line["shipping_taxes"], where.field("shipping_taxes"))
    _taxes(charges, line["other_taxes"], where.field("other_taxes"))


def _discounts(
    charges: Charges, part: tuple[str, ...], discounts: list[Discount], where: Place, suffix: str = ""
) -> None:
    for index, discount in enumerate(discounts):
        place = where.entry(index).field("amount")
        amount = charges.amount(discount["amount"], place)
        if amount < 0:
            raise DataError(f"{place}: a discount is a positive amount")
        funded = f", paid by the {discount['funded_by']}" if discount["funded_by"] else ""
        name = f"Discount: {discount['name'] or 'unnamed'}{funded}{suffix}"
        charges.service(Service.DISCOUNT, (*part, "discount", str(index)), name, -amount)


def _taxes(charges: Charges, taxes: list[Tax], where: Place) -> None:
    for index, tax in enumerate(taxes):
        charges.tax(tax, where.entry(index))


def _shipping_name(order: Order) -> str:
    return f"Shipping: {order['shipping_level']}" if order["shipping_level"] else "Shipping"


def difference(order: Order, lines: Iterable[LinePlan]) -> Decimal:
    """The marketplace's total minus what the lines come to; 0 when they agree."""
    return amount_of(order["total"], order["currency"], "total") - total_of(lines, order["currency"])
