"""Money of an order line: charges with their taxes, in whole cents, and what an order costs.

Two facts the API pages leave open, decided here for the sandbox:
- CHARGE_BASIS: an amount is for the whole line, not per unit. The model calls charges "information relating to the
  charge for the orderLine"; its examples all have quantity 1 and cannot tell.
- Charges cover what is not cancelled: in the published examples a cancelled line's charges are 0. A line cancelled in
  part keeps the charges of its remaining units. So the total of an order is always the plain sum of all its charges and taxes.

A charge has one tax (ChargeType). Taxes by jurisdiction beyond the first stand on charges of amount 0, which the model
permits and no published example shows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

CHARGE_BASIS: Final[Literal["line", "unit"]] = "line"
CURRENCY = "USD"
Json = dict[str, Any]

# Plausible rates, not current ones: (name, percent) by state; the first is the state's.
TAXES: Mapping[str, Sequence[tuple[str, str]]] = {
    "CA": (("CA State Sales Tax", "6.0"), ("Los Angeles County Sales Tax", "0.25"), ("CA District Sales Tax", "2.25")),
    "TX": (("TX State Sales Tax", "6.25"), ("TX City Sales Tax", "1.0"), ("TX Transit Sales Tax", "1.0")),
    "NY": (("NY State Sales Tax", "4.0"), ("NY County Sales Tax", "4.0")),
    "IL": (("IL State Sales Tax", "6.25"), ("Cook County Sales Tax", "1.75"), ("Chicago City Sales Tax", "1.25")),
    "FL": (("FL State Sales Tax", "6.0"), ("Miami-Dade County Sales Tax", "1.0")),
    "WA": (("WA State Sales Tax", "6.5"), ("Seattle City Sales Tax", "3.85")),
    "CO": (("CO State Sales Tax", "2.9"), ("Denver City Sales Tax", "5.15")),
    "GA": (("GA State Sales Tax", "4.0"), ("Fulton County Sales Tax", "3.0"), ("Atlanta City Sales Tax", "1.9")),
    "PR": (("PR IVU Estatal", "10.5"), ("PR IVU Municipal", "1.0")),
    "ON": (("HST", "13.0"),),
    "QC": (("GST", "5.0"), ("QST", "9.975")),
    "CMX": (("IVA", "16.0"),),
}


@dataclass(frozen=True)
class Taxation:
    """How an order is taxed: taxes of its place (none = untaxed), and whether each stands on its own."""

    taxes: tuple[tuple[str, str], ...]
    split: bool

    @classmethod
    def of(cls, state: str, *, untaxed: bool, split: bool) -> "Taxation":
        return cls(() if untaxed else tuple(TAXES.get(state, ())), split)

    def on(self, cents: int, summed_name: str) -> list[tuple[str, int]]:
        """(name, cents) of each tax on a base; one under `summed_name` when not split."""
        each = [(name, _percent(cents, rate)) for name, rate in self.taxes]
        if self.split or not each:
            return each
        return [(summed_name, sum(amount for _, amount in each))]


def item_charges(price_cents: int, discount_cents: int, taxation: Taxation) -> list[Json]:
    """Charges of the goods: ItemPrice, a SubscriptionDiscount (negative, untaxed), further taxes on charges of 0."""
    taxes = taxation.on(price_cents - discount_cents, "Sales Tax")
    charges = [_charge("PRODUCT", "ItemPrice", price_cents, taxes[0] if taxes else None)]
    if discount_cents:
        charges.append(_charge("PRODUCT", "SubscriptionDiscount", -discount_cents, None))
    charges.extend(_charge("PRODUCT", tax[0], 0, tax) for tax in taxes[1:])
    return charges


def shipping_charges(cents: int, taxation: Taxation) -> list[Json]:
    taxes = taxation.on(cents, "Shipping Tax")
    first = _charge("SHIPPING", "Shipping", cents, taxes[0] if taxes else None)
    return [first, *(_charge("SHIPPING", tax[0], 0, tax) for tax in taxes[1:])]


def scaled(charges: Sequence[Json], remaining: int, before: int) -> list[Json]:
    """The same charges for `remaining` of `before` units, each rounded half up to cents."""

    def part(money: Json) -> Json:
        cents = _cents(money) * remaining / Decimal(before)
        return {**money, "amount": amount(int(cents.quantize(Decimal(1), ROUND_HALF_UP)))}

    return [
        {
            **charge,
            "chargeAmount": part(charge["chargeAmount"]),
            **({"tax": {**charge["tax"], "taxAmount": part(charge["tax"]["taxAmount"])}} if "tax" in charge else {}),
        }
        for charge in charges
    ]


@dataclass(frozen=True)
class Total:
    """What an order costs, in USD. `total` = product + discount + shipping + tax."""

    product: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.product + self.discount + self.shipping + self.tax

    def as_json(self) -> dict[str, str]:
        parts = {"product": self.product, "discount": self.discount, "shipping": self.shipping, "tax": self.tax}
        return {name: f"{value:.2f}" for name, value in {**parts, "total": self.total}.items()} | {"currency": CURRENCY}


def order_total(order: Json) -> Total:
    """The true total of an order. Raises KeyError, TypeError or ArithmeticError on an order of wrong form."""
    sums = dict.fromkeys(("product", "discount", "shipping", "tax"), 0 * Decimal("0.01"))
    for charge in charges_of(order):
        value = _cents(charge["chargeAmount"]) / 100
        kind = "shipping" if charge["chargeType"] == "SHIPPING" else "discount" if value < 0 else "product"
        sums[kind] += value
        if "tax" in charge:
            sums["tax"] += _cents(charge["tax"]["taxAmount"]) / 100
    return Total(**sums)


def charges_of(order: Json) -> Iterator[Json]:
    for line in order["orderLines"]["orderLine"]:
        yield from line["charges"]["charge"]


def summary(order: Json) -> Json:
    """The order's `orderSummary` (OrderSummary in the model, with MoneyType's own field names)."""
    total = order_total(order)
    parts = (("PRODUCT", total.product + total.discount), ("SHIPPING", total.shipping), ("TAX", total.tax))

    def money(value: Decimal) -> Json:
        return {"currencyAmount": amount(int(value * 100)), "currencyUnit": CURRENCY}

    subtotals = [{"subTotalType": kind, "totalAmount": money(value)} for kind, value in parts]
    return {"totalAmount": money(total.total), "orderSubTotals": subtotals}


def amount(cents: int) -> int | float:
    """Cents as the JSON number Walmart would write: 10, 0.8, 48.56."""
    return cents // 100 if cents % 100 == 0 else cents / 100


def _charge(kind: str, name: str, cents: int, tax: tuple[str, int] | None) -> Json:
    charge: Json = {"chargeType": kind, "chargeName": name, "chargeAmount": _money(cents)}
    if tax is not None:
        charge["tax"] = {"taxName": tax[0], "taxAmount": _money(tax[1])}
    return charge


def _money(cents: int) -> Json:
    return {"currency": CURRENCY, "amount": amount(cents)}


def _cents(money: Json) -> Decimal:
    return Decimal(str(money["amount"])) * 100


def _percent(cents: int, rate: str) -> int:
    return int((cents * Decimal(rate) / 100).quantize(Decimal(1), ROUND_HALF_UP))
