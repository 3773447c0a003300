"""What a supplier asks by quantity -> rows of vendors' prices, and what of them changes (PO-3). Pure.

A row of Odoo is one price from a quantity on. Rows of an offer are the supplier's: they are made what it says. What it does not ask any more is
ended the day before, never deleted, and begins again when it is asked again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from connectors.kit.errors import DataError
from connectors.odoo.money import ZERO, number
from schemas.records import PriceTier

FIELDS = ("product_id", "product_code", "product_name", "min_qty", "price", "currency_id", "date_end")
Strategy = Literal["tiers", "minimum", "lowest"]


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of one unit from a quantity on, in the supplier's currency."""

    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A row as it should stand. code: OFFER/SKU/SPEC, what an order at the supplier needs."""

    product: int
    code: str
    name: str
    quantity: Decimal
    price: Decimal
    currency: int

    @property
    def sku(self) -> str:
        return self.code.split("/")[1]

    def values(self) -> dict[str, Any]:
        """As Odoo takes and reads them."""
        return {
            "product_id": self.product, "product_code": self.code, "product_name": self.name, "min_qty": float(self.quantity),
            "price": float(self.price), "currency_id": self.currency, "date_end": False,
        }  # fmt: skip


@dataclass
class Changes:
    """new: rows to be made; writes: row -> values; ended: those that are not asked any more."""

    new: list[PriceRow] = field(default_factory=list)
    writes: dict[int, dict[str, Any]] = field(default_factory=dict)
    ended: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Least:
    """The smallest order: no price begins below it; `exactly`: the first one begins with it, also where the supplier's begin later."""

    quantity: Decimal
    exactly: bool = False


def tiers_of(offered: Sequence[PriceTier], least: Least, strategy: Strategy, where: str) -> tuple[str, tuple[Tier, ...]]:  # fmt: skip
    """(currency, prices with the quantity they hold from, the smallest first), none where none is asked. Raises DataError naming `where` for what
    is no price."""
    if not offered:
        return "", ()
    currencies = {one["price"]["currency"] for one in offered}
    if len(currencies) > 1:
        raise DataError(f"{where}: prices in several currencies")
    found: dict[Decimal, Decimal] = {}
    for one in sorted(offered, key=lambda one: number(one["from_quantity"] or "1", f"{where}.from_quantity")):
        price = number(one["price"]["amount"], f"{where}.price")
        if price <= ZERO:
            raise DataError(f"{where}.price: nobody sells for {price:f}")
        found[max(number(one["from_quantity"] or "1", f"{where}.from_quantity"), least.quantity)] = price
    first, *more = _by(strategy, [Tier(*one) for one in sorted(found.items())])
    return currencies.pop(), (Tier(least.quantity, first.price) if least.exactly else first, *more)


def _by(strategy: Strategy, tiers: Sequence[Tier]) -> tuple[Tier, ...]:
    if strategy == "tiers":
        return tuple(tiers)
    first = tiers[0]
    price = first.price if strategy == "minimum" else min(one.price for one in tiers)
    return (Tier(first.quantity, price),)


def converted(price: Decimal, rate: Decimal, digits: int) -> Decimal:
    """rate: what one unit of the price's currency is in the other one."""
    return (price * rate).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def changes_of(
    wanted: Iterable[PriceRow],
    standing: Sequence[Mapping[str, Any]],
    offer_id: str,
    today: date,
    spared: Collection[str] = (),
) -> Changes:
    """`standing`: the vendor's rows of these products and of this offer, as Odoo reads `FIELDS`. `spared`: SKUs whose rows stay as they are."""
    result = Changes()
    left = {row["id"]: row for row in standing if is_of_offer(row, offer_id)}
    codes: dict[int, str] = {}
    for one in wanted:
        codes[one.product] = one.code
        number_of = next((at for at, row in left.items() if _is_the_same(row, one)), None)
        if number_of is None:
            result.new.append(one)
        elif values := differing(one, left.pop(number_of)):
            result.writes[number_of] = values
    for at, row in left.items():
        parts = str(row["product_code"] or "").split("/")
        if parts[0] != offer_id or parts[1] in spared:  # a person's own row says nothing of this offer
            continue
        values = {} if has_ended(row, today) else {"date_end": yesterday(today)}
        code = codes.get(_link(row["product_id"]))
        if code and code != row["product_code"]:
            values["product_code"] = code  # whoever looks the product's code up must not find one that is gone
        if values:
            result.writes[at] = values
        if "date_end" in values:
            result.ended.append(at)
    return result


def differing(wanted: PriceRow, row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a row is not as it should be."""
    return {name: value for name, value in wanted.values().items() if not _equal(row[name], value)}


def is_of_offer(row: Mapping[str, Any], offer_id: str) -> bool:
    """A row of this offer, or one a person made for a variant without a code."""
    code = str(row["product_code"] or "")
    return code.startswith(f"{offer_id}/") or (not code and bool(row["product_id"]))


def yesterday(today: date) -> str:
    """The last day of what has ended: Odoo still takes a price on its last day."""
    return (today - timedelta(days=1)).isoformat()


def has_ended(row: Mapping[str, Any], today: date) -> bool:
    """Whether a row holds no more."""
    return bool(row["date_end"]) and str(row["date_end"]) < today.isoformat()


def _is_the_same(row: Mapping[str, Any], wanted: PriceRow) -> bool:
    return _link(row["product_id"]) == wanted.product and _equal(row["min_qty"], float(wanted.quantity))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return bool(one[0] == other)
    if isinstance(one, bool) or isinstance(other, bool) or one is None:
        return not one and not other
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) < 1e-6
    return bool(one == other)


def _link(value: Any) -> int:
    return int(value[0]) if isinstance(value, list) and value else 0
