"""What an edited record's texts must be beyond what Avro can say: amounts and quantities are decimal text, currencies are codes (ERR-6). Pure.

Avro sees text, so `quantity = "abc"` fits every schema, is sent, and dies at once. Here each such field of the known records is named, as
`schemas/avro` describes it, and held against what the readers of those records take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.kit.currencies import digits_of, smallest
from schemas.codec import load_schema
from schemas.walk import kind_of, named_types, one_type

MOST_DIGITS = 12  # before the point, as every sink takes them

# Avro record -> its fields that are decimal text, and those of them that may be empty.
DECIMALS: dict[str, frozenset[str]] = {
    "Money": frozenset({"amount"}),
    "OrderLine": frozenset({"quantity", "quantity_cancelled", "quantity_shipped"}),
    "Tax": frozenset({"rate"}),
    "LineStatus": frozenset({"quantity"}),
    "BundleComponent": frozenset({"quantity"}),
    "HardwareEvent": frozenset({"weight"}),
    "PackingCheck": frozenset({"weight"}),
    "Weighed": frozenset({"weight"}),
    "LineShipment": frozenset({"quantity"}),
    "ReturnLine": frozenset({"quantity"}),
    "RefundLine": frozenset({"quantity"}),
    "CancelledLine": frozenset({"quantity", "remaining"}),
    "ShippedLine": frozenset({"quantity"}),
    "PurchaseLine": frozenset({"quantity"}),
    "Settlement": frozenset({"deposit"}),
    "SettlementLine": frozenset({"amount", "quantity"}),
    "Product": frozenset({"weight_kg", "volume_m3"}),
    "Availability": frozenset({"quantity", "previous"}),
    "Term": frozenset({"quantity"}),
    "Demand": frozenset({"quantity"}),
    "OpenDemand": frozenset({"quantity", "done"}),
    "LastOffer": frozenset({"quantity", "previous"}),
    "WarehouseStock": frozenset({"on_hand", "reserved"}),
    "StockOrder": frozenset({"demanded", "reserved", "done", "cancelled"}),
    "KitComponent": frozenset({"quantity"}),
    "FulfilmentStock": frozenset({"sellable", "reserved", "inbound", "unsellable", "researching"}),
    "SettledOrder": frozenset(
        {"sales", "shipping", "promotions", "refunds", "adjustments", "unknown", "tax", "margin"}
    ),
    "SupplierOrderLine": frozenset({"quantity"}),
    "SupplierProduct": frozenset({"minimum_quantity", "batch_quantity", "weight", "length"}),
    "PriceTier": frozenset({"from_quantity"}),
    "OfferVariant": frozenset({"stock", "weight"}),
    "VendorTerms": frozenset({"minimum_quantity", "offered_minimum"}),
    "SupplyLedger": frozenset({"minimum"}),
    "SuppliedSku": frozenset({"stock", "most"}),
    "SupplyMatter": frozenset({"told"}),
}
MAY_BE_EMPTY = frozenset({
    ("OrderLine", "quantity_cancelled"), ("OrderLine", "quantity_shipped"), ("Tax", "rate"), ("Product", "weight_kg"), ("Product", "volume_m3"),
    ("Availability", "previous"), ("LastOffer", "previous"), ("CancelledLine", "remaining"), ("SettlementLine", "quantity"), ("Term", "quantity"),
    ("OpenDemand", "done"), ("SupplierProduct", "minimum_quantity"), ("SupplierProduct", "batch_quantity"), ("SupplierProduct", "weight"),
    ("SupplierProduct", "length"), ("OfferVariant", "stock"), ("OfferVariant", "weight"),
    ("VendorTerms", "minimum_quantity"), ("VendorTerms", "offered_minimum"), ("SupplyLedger", "minimum"), ("SuppliedSku", "stock"),
    ("SuppliedSku", "most"), ("SupplyMatter", "told"),
})  # fmt: skip
CURRENCIES: dict[str, frozenset[str]] = {
    "Money": frozenset({"currency"}),
    "Order": frozenset({"currency"}),
    "Settlement": frozenset({"currency"}),
    "PurchaseOrder": frozenset({"currency"}),
    "SettledOrder": frozenset({"currency"}),
}
# Records whose amounts are booked to the cent; in others (prices, costs) more digits are right.
TO_THE_CENT = frozenset({"order", "return_order"})
_CODE = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Problem:
    """A text that is not what its field must be: the place as `--set` takes it, and what is wrong."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def problems(name: str, document: Any) -> list[Problem]:
    """Of the record `name`, a document that fits its schema."""
    schema = load_schema(name)
    walk = _Walk(named_types(schema), booked_in=_booked_in(name, document))
    return list(walk.over(schema, document, ""))


def _booked_in(name: str, document: Mapping[str, Any]) -> str | None:
    """The currency every amount must be in, empty = each its own; None: amounts may have any digits."""
    if name not in TO_THE_CENT:
        return None
    return str(document.get("currency", ""))


@dataclass(frozen=True, slots=True)
class _Walk:
    named: dict[str, Any]
    booked_in: str | None

    def over(self, schema: Any, content: Any, place: str) -> Iterator[Problem]:
        schema, _ = one_type(schema, self.named)
        kind = kind_of(schema)
        if content is None:
            return
        if kind == "record":
            yield from self._record(schema, content, place)
        elif kind == "array":
            for index, item in enumerate(content):
                yield from self.over(schema["items"], item, f"{place}[{index}]")
        elif kind == "map":
            for key, item in content.items():
                yield from self.over(schema["values"], item, f"{place}.{key}")

    def _record(self, schema: Mapping[str, Any], content: Mapping[str, Any], place: str) -> Iterator[Problem]:
        record = str(schema["name"])
        for field in schema["fields"]:
            name, below = str(field["name"]), f"{place}.{field['name']}".lstrip(".")
            value = content.get(name)
            if value is None:
                continue
            if name in DECIMALS.get(record, ()):
                wrong = _decimal(str(value), may_be_empty=(record, name) in MAY_BE_EMPTY)
                yield from [Problem(below, wrong)] if wrong else []
            elif name in CURRENCIES.get(record, ()):
                if not _CODE.fullmatch(str(value)):
                    yield Problem(below, "must be a currency code such as USD")
            else:
                yield from self.over(field["type"], value, below)
        if record == "Money" and self.booked_in is not None:
            yield from self._booked(content, place)

    def _booked(self, money: Mapping[str, Any], place: str) -> Iterator[Problem]:
        amount, currency = str(money["amount"]), str(money["currency"])
        if _decimal(amount) or not _CODE.fullmatch(currency):
            return  # told already
        if self.booked_in and currency != self.booked_in:
            yield Problem(f"{place}.currency", f"must be {self.booked_in} as the order's")
        elif Decimal(amount) != Decimal(amount).quantize(smallest(currency)):
            yield Problem(f"{place}.amount", f"has more than the {digits_of(currency)} digits {currency} has")


def _decimal(text: str, *, may_be_empty: bool = False) -> str:
    """What is wrong with it, empty when nothing is."""
    if not text and may_be_empty:
        return ""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        return "must be a number such as 2 or 12.50"
    return f"has more than {MOST_DIGITS} digits before the point" if value.adjusted() >= MOST_DIGITS else ""
