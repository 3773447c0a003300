"""What the platform says of a preview, a creation and a search by reference -> what would cost what, and which orders exist (PO-1). Pure.

Sums are fen, prices of lines yuan. `orderPreviewResuslt` and `orderAmmount` are spelt so. A creation's fields stand inside of `result` or beside
it, one order by itself or several in a list, and `success` is sometimes false beside an order: any order number means that the order exists.
(Facts: the APIs' pages and two official samples that differ.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.alibaba.errors import Refusal, business_refusal
from connectors.alibaba.mapping import order_id_of
from connectors.alibaba.purchase_plan import Spec
from connectors.alibaba.trade import NUMBER

_PREVIEWS = ("orderPreviewResuslt", "orderPreviewResult", "result")
_TOTALS = ("totalSuccessAmount", "orderAmmount", "orderAmount")
_HUNDRED = Decimal(100)
CANCELLED = "cancel"


@dataclass(frozen=True, slots=True)
class Previewed:
    """What all of it would cost, in yuan; None = not said. prices: of a unit, by spec."""

    goods: Decimal | None
    freight: Decimal | None
    prices: Mapping[Spec, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MadeOrder:
    """An order that exists. total, freight: yuan, None = not said."""

    order_id: str
    total: Decimal | None = None
    freight: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FailedOffer:
    """What was left out of it."""

    offer_id: str
    spec_id: str
    said: Refusal


@dataclass(frozen=True, slots=True)
class Created:
    """orders: all that exist by this answer; without any, `refusal` says why; without both nobody knows."""

    orders: tuple[MadeOrder, ...] = ()
    failed: tuple[FailedOffer, ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order of the list. reference: "" where it shows none; cargo: units by spec."""

    order_id: str
    reference: str
    status: str
    total: Decimal | None
    freight: Decimal | None
    cargo: Mapping[Spec, int]

    @property
    def is_alive(self) -> bool:
        return self.status != CANCELLED

    def made(self) -> MadeOrder:
        return MadeOrder(self.order_id, self.total, self.freight)


def previewed(content: Any) -> Previewed | Refusal:
    """Its refusal where it has one: of all, or of one of the orders it would become."""
    if (said := business_refusal(content)) is not None:
        return said
    rows = next((found for name in _PREVIEWS if (found := _dicts(content.get(name)))), [])
    if not rows:
        return Refusal("", "the preview says nothing")
    for row in rows:
        if row.get("status") in (False, "false"):
            return Refusal(_text(row.get("resultCode")), _text(row.get("message")))
    prices: dict[Spec, Decimal] = {}
    for cargo in (one for row in rows for one in _dicts(row.get("cargoList"))):
        if (price := _decimal(cargo.get("finalUnitPrice"))) is not None:
            prices[(_text(cargo.get("offerId")), _text(cargo.get("specId")))] = price
    freights = [_fen(row.get("sumCarriage")) for row in rows]
    return Previewed(_sum([_goods(row) for row in rows]), _sum(freights), prices)


def created(content: Any) -> Created:
    """What a creation has made, in whatever shape it says so."""
    made: dict[str, MadeOrder] = {}
    failed: dict[Spec, FailedOffer] = {}
    for level in _levels(content):
        total = next((amount for name in _TOTALS if (amount := _fen(level.get(name))) is not None), None)
        order_id = _order_number(level.get("orderId"))
        if order_id and order_id not in made:
            made[order_id] = MadeOrder(order_id, total, _fen(level.get("postFee")))
        for one in _dicts(level.get("failedOfferList")):
            spec = (_text(one.get("offerId")), _text(one.get("specId")))
            failed[spec] = FailedOffer(*spec, Refusal(_text(one.get("errorCode")), _text(one.get("errorMessage"))))
    refusal = None if made else business_refusal(content)
    if not made and failed and refusal is None:
        refusal = next(iter(failed.values())).said
    return Created(tuple(made.values()), tuple(failed.values()), refusal)


def found_orders(rows: Sequence[Any]) -> list[FoundOrder] | None:
    """Elements of the list; None when one cannot be read: then nothing can be said of what exists."""
    found: dict[str, FoundOrder] = {}
    for row in rows:
        order_id = order_id_of(row)
        if order_id is None:
            return None
        base = row["baseInfo"]
        found[order_id] = FoundOrder(
            order_id, _text(base.get("outOrderId")), _text(base.get("status")), _decimal(base.get("totalAmount")),
            _decimal(base.get("shippingFee")), _cargo(row),
        )  # fmt: skip
    return list(found.values())


def _cargo(row: Mapping[str, Any]) -> dict[Spec, int]:
    cargo: dict[Spec, int] = {}
    for item in _dicts(row.get("productItems")):
        spec = (_text(item.get("productID")), _text(item.get("specId")))
        cargo[spec] = cargo.get(spec, 0) + int(_decimal(item.get("quantity")) or 0)
    return cargo


def _levels(content: Any) -> Iterator[Mapping[str, Any]]:
    """The answer, its `result`, and the orders in either's list."""
    for outer in _dicts([content]):
        for level in (outer, *_dicts([outer.get("result")]), *_dicts(outer.get("result"))):
            yield level
            yield from _dicts(level.get("orderList"))


def _goods(row: Mapping[str, Any]) -> Decimal | None:
    goods, total, freight = (_fen(row.get(name)) for name in ("sumPaymentNoCarriage", "sumPayment", "sumCarriage"))
    if goods is None and total is not None:
        return total - (freight or 0)
    return goods


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _order_number(value: Any) -> str:
    text = _text(value)
    return text if NUMBER.fullmatch(text) and int(text) else ""


def _fen(value: Any) -> Decimal | None:
    found = _decimal(value)
    return None if found is None else found / _HUNDRED


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < 10**12 else None


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()[:200]


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
