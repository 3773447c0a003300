"""A listing -> values of Odoo's product fields, in the form Odoo reads them back. Pure (PRD-2, PRD-5).

What cannot be said in the field's type (a size in a number field) is left out and told, and so is a price in another currency than Odoo's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.kit.catalogue.html import text_of
from connectors.odoo.kept import packed, unpacked
from schemas.records import Listing

TEXTS = frozenset({"char", "text", "html", "selection"})
NUMBERS = frozenset({"float", "monetary", "integer"})
WRITABLE = TEXTS | NUMBERS | {"boolean"}


@dataclass
class Said:
    """values: Odoo field -> value; notes: codes of what could not be said."""

    values: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def said_by(listing: Listing, fields: Mapping[str, str], types: Mapping[str, str], currency: str) -> Said:
    """`types`: Odoo field -> its type; `currency`: the company's."""
    said = Said()
    for name, part in fields.items():
        if part == "price" and listing["price"] and listing["price"]["currency"] != currency:
            said.notes.append(f"price_in_{listing['price']['currency']}")
            continue
        given = _given(listing, part)
        if given == "":
            continue
        value = _typed(text_of(given) if part == "description" and types[name] != "html" else given, types[name])
        if value is None:
            said.notes.append(f"unfit_{name}")
        else:
            said.values[name] = value
    return said


def _given(listing: Listing, part: str) -> str:
    if part.startswith("attributes."):
        wanted = part.partition(".")[2].casefold()
        return next((text for name, text in listing["attributes"].items() if name.casefold() == wanted), "").strip()
    if part == "price":
        return listing["price"]["amount"] if listing["price"] else ""
    return str(listing[part]).strip()  # type: ignore[literal-required]


def _typed(text: str, kind: str) -> Any:
    """None when the text is no such value."""
    if kind in TEXTS:
        return text
    if kind == "boolean":
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(text.casefold())
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    if not amount.is_finite() or (kind == "integer" and amount != amount.to_integral_value()):
        return None
    return int(amount) if kind == "integer" else float(amount)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last merge of a listing saw, kept in Odoo beside the product. `conflicts` of that delivery, in case its outcome got lost."""

    delivery: str = ""
    seen: Mapping[str, Any] = field(default_factory=dict)
    conflicts: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def read(cls, datas: str | bool | None) -> Memory:
        """From an attachment's `datas`; whatever cannot be read counts as nothing seen yet."""
        try:
            found = unpacked(datas)
            return cls(str(found["delivery"]), dict(found["seen"]), tuple(found["conflicts"]))
        except (ValueError, KeyError, TypeError):
            return cls()

    def datas(self) -> str:
        content = {"delivery": self.delivery, "seen": dict(self.seen), "conflicts": list(self.conflicts)}
        return packed(content)
