"""Money of Amazon order lines: the breakdown of the proceeds -> price, shipping, wrapping, fees, discounts, taxes (ORD-6, ORD-11). Pure.

A line's `proceeds` have a total and a breakdown by category, of which TAX and DISCOUNT may tell the part of each category in them. Amazon does
not say (the question stands open as issue 5297 of its model repository) which sign a DISCOUNT has, whether TAX is within the other
categories, and whether a tax Amazon keeps is within the total. The total decides, to the cent:

    ITEM + SHIPPING + ... - DISCOUNT + TAX = total    the tax is added (the published examples; US, CA)
    ITEM + SHIPPING + ... - DISCOUNT       = total    the tax is within the prices, where the marketplace's prices are (VAT, GST);
                                                      elsewhere Amazon keeps it out of the proceeds: the buyer pays total + TAX

Anything else is a DataError. A DISCOUNT takes off, whichever sign it is written with. Canonical amounts are before tax, so a tax within the
prices is taken out of the category it belongs to, out of the item's where the breakdown does not tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from connectors.amazon.marketplaces import Marketplace
from connectors.kit.errors import DataError
from connectors.kit.money import amount_in, as_money, currency_in
from connectors.kit.reading import Reader
from schemas.records import Discount, Fee, Tax

ZERO = Decimal(0)
ITEM, SHIPPING, WRAP, DISCOUNT, TAX = "ITEM", "SHIPPING", "GIFT_WRAP", "DISCOUNT", "TAX"
FACILITATOR = "MARKETPLACE_FACILITATOR"
Amounts = dict[str, Decimal]


class TaxPlace(Enum):
    """Where the tax of a line is, seen from its total."""

    ADDED = "added"
    INCLUDED = "included"
    WITHHELD = "withheld"


@dataclass(slots=True)
class LineMoney:
    """One line. parts: charges before tax by category; discounts, taxes: by the category they are of; place: see above.

    total        what the buyer pays for it
    stated       that is Amazon's own figure
    collector    marketplace, seller, or empty when Amazon was not asked or did not tell
    """

    currency: str = ""
    parts: Amounts = field(default_factory=dict)
    discounts: Amounts = field(default_factory=dict)
    taxes: Amounts = field(default_factory=dict)
    place: TaxPlace = TaxPlace.ADDED
    stated: bool = False
    collector: str = ""

    @property
    def total(self) -> Decimal:
        return _sum(self.parts) - _sum(self.discounts) + self.tax_total

    @property
    def tax_total(self) -> Decimal:
        return _sum(self.taxes)

    @property
    def proceeds(self) -> Decimal:
        """What Amazon calls the line's total."""
        return self.total - self.tax_total if self.place is TaxPlace.WITHHELD else self.total


def money_in(holder: Reader, currency: str) -> tuple[Decimal, str]:
    """`{"amount": "19.99", "currencyCode": "USD"}` in the order's currency ("" = not known yet). Raises DataError."""
    amount, found = amount_in(holder), currency_in(holder, "currencyCode")
    if currency and found != currency:
        raise holder["currencyCode"].wrong(f"{currency} as in the order's other amounts")
    return amount, found


def line_money(
    line: Reader, units: Decimal, currency: str, place: Marketplace | None, *, tax_told: bool = False
) -> LineMoney:
    """The money of a line of `units` that are not cancelled. `tax_told`: the order has the data set TAX. Raises DataError when its parts do
    not come to its total."""
    money = LineMoney(currency, collector=_collector(line, tax_told=tax_told))
    proceeds = line["proceeds"]
    raw = _breakdowns(proceeds, money)
    stated: Decimal | None = None
    if not proceeds["proceedsTotal"].missing:
        stated, money.currency = money_in(proceeds["proceedsTotal"], money.currency)
        money.stated = True
    if not raw:
        # Without a breakdown the whole is the item's; without proceeds the price is all there is to go by.
        money.parts = {ITEM: _priced(line, units, money) if stated is None else stated}
        return money
    money.place = _tax_place(proceeds, money, stated, place)
    if money.place is TaxPlace.INCLUDED:
        _take_out_taxes(money)
    return money


def _breakdowns(proceeds: Reader, money: LineMoney) -> bool:
    """Whether there are any."""
    found = proceeds.objects("breakdowns")
    for one in found:
        kind = one.needed_text("type").upper()
        amount, money.currency = money_in(one["subtotal"], money.currency)
        if kind == TAX:
            _add(money.taxes, _details(one, amount, money.currency))
        elif kind == DISCOUNT:
            _add(money.discounts, _details(one, abs(amount), money.currency, unsigned=True))
        else:
            _add(money.parts, {kind: amount})
    return bool(found)


def _details(one: Reader, subtotal: Decimal, currency: str, *, unsigned: bool = False) -> Amounts:
    """The subtotal by the category it is of; where the details are missing or do not come to it, all of it is the item's."""
    found: Amounts = {}
    for detail in one.objects("detailedBreakdowns"):
        amount, _ = money_in(detail["value"], currency)
        _add(found, {detail.text("subtype", ITEM).upper(): abs(amount) if unsigned else amount})
    if _sum(found) == subtotal:
        return found
    if DISCOUNT in found and _sum(found) - 2 * found[DISCOUNT] == subtotal:
        return {**found, DISCOUNT: -found[DISCOUNT]}  # a tax on the discount, written without its sign
    return {ITEM: subtotal}


def _tax_place(proceeds: Reader, money: LineMoney, stated: Decimal | None, place: Marketplace | None) -> TaxPlace:
    included = place is not None and place.tax_included
    tax, without = money.tax_total, _sum(money.parts) - _sum(money.discounts)
    if stated is None:
        return TaxPlace.INCLUDED if included else TaxPlace.ADDED
    if without + tax == stated:
        return TaxPlace.ADDED
    if without == stated:
        return TaxPlace.INCLUDED if included else TaxPlace.WITHHELD
    raise proceeds["proceedsTotal"].wrong("the sum of the line's breakdowns, with or without the tax")


def _take_out_taxes(money: LineMoney) -> None:
    for kind, tax in money.taxes.items():
        if kind == DISCOUNT and money.discounts:
            money.discounts[next(iter(money.discounts))] += tax  # the tax on a discount is negative
        else:
            of = kind if kind in money.parts else ITEM
            money.parts[of] = money.parts.get(of, ZERO) - tax


def _priced(line: Reader, units: Decimal, money: LineMoney) -> Decimal:
    price = line["product"]["price"]["unitPrice"]
    if price.missing:
        return ZERO
    amount, money.currency = money_in(price, money.currency)
    return amount * units


def _collector(line: Reader, *, tax_told: bool) -> str:
    """Who pays the line's tax to the authority: the data set TAX names only what Amazon collects."""
    models = {one.text("model").upper() for one in line["tax"].objects("taxCollections")}
    if FACILITATOR in models:
        return "marketplace"
    return "seller" if tax_told or not line["tax"].missing else ""


def taxes_of(money: LineMoney, place: Marketplace | None) -> tuple[list[Tax], list[Tax], list[Tax]]:
    """The taxes on the item, on its shipping, and on anything else. Amazon tells no jurisdiction of sales taxes; a VAT is the country's."""
    of_country = place is not None and place.tax_included
    found: dict[str, list[Tax]] = {ITEM: [], SHIPPING: [], "": []}
    for kind, amount in money.taxes.items():
        if amount:
            group = ITEM if kind in (ITEM, DISCOUNT) else kind if kind == SHIPPING else ""
            found[group].append(
                Tax(
                    name=place.tax if place else "Tax", jurisdiction="country" if of_country else "",
                    code=place.country if place and of_country else "", amount=as_money(amount, money.currency),
                    rate=None, collected_by=money.collector,
                )
            )  # fmt: skip
    return found[ITEM], found[SHIPPING], found[""]


def discounts_of(money: LineMoney, names: Iterable[str]) -> list[Discount]:
    """What was taken off. The promotions are named, but not which of them took off how much. Amazon does not say who pays for it."""
    name = ", ".join(names) or DISCOUNT
    return [
        Discount(name=name, amount=as_money(amount, money.currency), funded_by="", applies_to="shipping" if kind == SHIPPING else "item")
        for kind, amount in money.discounts.items() if amount
    ]  # fmt: skip


def fees_of(money: LineMoney) -> list[Fee]:
    """Charges that are neither item, shipping nor wrapping: COD_FEE, OTHER, whatever Amazon adds to them."""
    others = {kind: amount for kind, amount in money.parts.items() if kind not in (ITEM, SHIPPING, WRAP) and amount}
    return [Fee(name=kind, amount=as_money(amount, money.currency)) for kind, amount in others.items()]


def check_total(order: Reader, lines: list[LineMoney], currency: str) -> tuple[Decimal, bool, Decimal]:
    """(what the buyer pays, whether Amazon said so, tips among it). Raises DataError when lines and order disagree (ORD-6)."""
    proceeds = order["proceeds"]
    tips, pending = _tips(proceeds, currency)
    total = sum((one.total for one in lines), ZERO)
    if proceeds["grandTotal"].missing:
        return total + tips, False, tips
    stated, _ = money_in(proceeds["grandTotal"], currency)
    said = sum((one.proceeds for one in lines), ZERO)
    if pending and said + tips - pending == stated:
        tips -= pending
    if said + tips != stated:
        raise DataError(f"{proceeds.path}.grandTotal: the order's lines do not come to it", code="DATA")
    return total + tips, total == said, tips


def _tips(proceeds: Reader, currency: str) -> tuple[Decimal, Decimal]:
    """(all tips, those not charged yet). The other categories of the order are the sums of its lines."""
    found, pending = ZERO, ZERO
    for one in proceeds.objects("breakdowns"):
        if one.needed_text("type").upper() == "DELIVERY_TIP":
            amount, _ = money_in(one["subtotal"], currency)
            found += amount
            pending += amount if one.text("status").upper() == "PENDING" else ZERO
    return found, pending


def _add(into: Amounts, more: Amounts) -> None:
    for kind, amount in more.items():
        into[kind] = into.get(kind, ZERO) + amount


def _sum(amounts: Amounts) -> Decimal:
    return sum(amounts.values(), ZERO)
