"""Money of Walmart order lines: charges with their taxes -> price, shipping, discounts, fees, taxes by jurisdiction. Decimal, pure.

A charge has a type (PRODUCT, SHIPPING), a name (ItemPrice, Shipping, SubscriptionDiscount ...), an amount and at most one tax.

- Whether an amount is for the line or for one unit is not published. The setting `charges` says which, `line` by default: the model calls
  a charge "information relating to the charge for the orderLine". An `orderSummary` total, where it is given, shows a wrong choice: later
  stages compare totals to the cent.
- The charges of a line cover what is not cancelled: in the published examples a cancelled line's charges are 0.
- A charge of 0 with a tax carries a further tax of the same goods, so that each jurisdiction can stand on its own.
- In the US Walmart collects and pays the taxes (marketplace facilitator).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from connectors.kit.money import amount_in, as_money, currency_in
from connectors.kit.reading import Reader
from schemas.records import Discount, Fee, Tax

Charges = Literal["line", "unit"]

# Words in a tax name -> jurisdiction (ORD-3). The first that is found counts, so "County Transit District" is a district.
_JURISDICTIONS: tuple[tuple[str, str], ...] = (
    (r"district|transit|special|distrito", "district"),
    (r"county|parish|borough|condado", "county"),
    (r"city|municipal|town|village", "city"),
    (r"state|estatal|provincial|pst|qst", "state"),
    (r"gst|hst|iva|vat|federal|national|country", "country"),
)
_FOUND = tuple((re.compile(rf"\b({words})\b", re.IGNORECASE), kind) for words, kind in _JURISDICTIONS)


@dataclass(slots=True)
class LineMoney:
    """The money of one line, for what is not cancelled of it. All amounts in `currency`, "" while no charge named one."""

    currency: str = ""
    item: Decimal = Decimal(0)
    shipping: Decimal | None = None
    taxes: list[Tax] = field(default_factory=list)
    shipping_taxes: list[Tax] = field(default_factory=list)
    other_taxes: list[Tax] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)

    def tax_total(self) -> Decimal:
        return sum((Decimal(t["amount"]["amount"]) for t in self._all_taxes()), Decimal(0))

    def total(self) -> Decimal:
        """What the buyer pays for the line."""
        fees = sum((Decimal(fee["amount"]["amount"]) for fee in self.fees), Decimal(0))
        reductions = sum((Decimal(one["amount"]["amount"]) for one in self.discounts), Decimal(0))
        return self.item + (self.shipping or Decimal(0)) + fees - reductions + self.tax_total()

    def _all_taxes(self) -> Sequence[Tax]:
        return (*self.taxes, *self.shipping_taxes, *self.other_taxes)


def line_money(line: Reader, units: Decimal, charges: Charges) -> LineMoney:
    """The charges of a line. `units`: what is not cancelled of it. Raises DataError."""
    money = LineMoney()
    factor = units if charges == "unit" else Decimal(1)
    for charge in line["charges"].children("charge"):
        _add(money, charge, factor)
    return money


def jurisdiction_of(name: str) -> tuple[str, str]:
    """A tax name -> (jurisdiction, its own name): "Cook County Sales Tax" -> ("county", "Cook"); ("", "") when it does not say."""
    for pattern, kind in _FOUND:
        found = pattern.search(name)
        if found:
            return kind, name[: found.start()].strip(" -:,")
    return "", ""


def _add(money: LineMoney, charge: Reader, factor: Decimal) -> None:
    kind = charge.text("chargeType", "PRODUCT").upper()
    name = charge.text("chargeName") or kind
    amount = _amount(money, charge["chargeAmount"]) * factor
    taxes = _taxes(money, charge, factor)
    if kind == "SHIPPING":
        money.shipping_taxes += taxes
        if amount < 0:
            money.discounts.append(_discount(name, amount, money.currency, "shipping"))
        else:
            money.shipping = (money.shipping or Decimal(0)) + amount
    elif kind != "PRODUCT" or (amount > 0 and not _is_item_price(name)):
        _add_other(money, name, amount, taxes)
    else:
        money.taxes += taxes
        if amount < 0:
            money.discounts.append(_discount(name, amount, money.currency, "item"))
        money.item += max(amount, Decimal(0))


def _add_other(money: LineMoney, name: str, amount: Decimal, taxes: Sequence[Tax]) -> None:
    """Charges that are neither item nor shipping: visible as fees, or as a reduction when they are negative."""
    money.other_taxes += taxes
    if amount < 0:
        money.discounts.append(_discount(name, amount, money.currency, "item"))
    elif amount:
        money.fees.append(Fee(name=name, amount=as_money(amount, money.currency)))


def _is_item_price(name: str) -> bool:
    """Walmart spells it `ItemPrice` and, in its refund examples, `Item Price`."""
    return name.replace(" ", "").lower() in ("itemprice", "product")


def _discount(name: str, amount: Decimal, currency: str, applies_to: str) -> Discount:
    return Discount(name=name, amount=as_money(-amount, currency), funded_by="", applies_to=applies_to)


def _taxes(money: LineMoney, charge: Reader, factor: Decimal) -> list[Tax]:
    taxes = []
    for tax in charge.children("tax"):
        if tax["taxAmount"].missing:
            continue
        amount = _amount(money, tax["taxAmount"]) * factor
        name = tax.text("taxName", "Tax")
        kind, code = jurisdiction_of(name)
        taxes.append(
            Tax(
                name=name,
                jurisdiction=kind,
                code=code,
                amount=as_money(amount, money.currency),
                rate=None,
                collected_by="marketplace",
            )
        )
    return taxes


def _amount(money: LineMoney, holder: Reader) -> Decimal:
    """An amount whose currency is that of the whole line. Raises DataError."""
    amount, currency = amount_in(holder), currency_in(holder)
    if money.currency and currency != money.currency:
        raise holder["currency"].wrong(f"{money.currency} as in the line's other amounts")
    money.currency = currency
    return amount
