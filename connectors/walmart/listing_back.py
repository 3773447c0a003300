"""Catalogue-in by the attribute tables (PRD-5): lines with the direction `in` or `both` bring Walmart's attributes back as values of Odoo's fields.

Each comes as the listing's attribute `odoo.FIELD`; Odoo's part of the configuration says which of them are written:
CAUSEWAY_ODOO__LISTINGS__FIELDS with FIELD = attributes.odoo.FIELD. Pure but for reading the tables once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from connectors.kit import exact_json
from connectors.kit.catalogue.conversions import text_in
from connectors.kit.catalogue.files import load
from connectors.kit.catalogue.filling import odoo_values
from connectors.kit.catalogue.plugins import conversions
from connectors.kit.catalogue.tables import Tables
from connectors.kit.ports import Canonical, EntityMapping
from connectors.walmart.listing_settings import ListingSettings
from schemas.records import Listing, ListingProblem

ODOO_PREFIX = "odoo."
NOT_READ_BACK = "NOT_READ_BACK"
# Walmart's attributes that the canonical listing keeps in fields of its own.
OWN = {"productName": "title", "brand": "brand", "shortDescription": "description"}
_MOST_ATTRIBUTES = 200
_LONGEST = 4000


def by_settings(to_listing: EntityMapping, settings: ListingSettings) -> EntityMapping:
    """The mapping as configured; tables are read here. Raises TableError (a ValueError) telling what is wrong with them."""
    if not settings.attributes:
        return to_listing
    return with_tables(to_listing, load(settings.files(), conversions(settings.conversions), settings.html()))


def with_tables(to_listing: EntityMapping, tables: Tables) -> EntityMapping:
    """The mapping with what the tables send back. What cannot be read is told among the listing's problems; the rest goes on."""
    if all(line.direction == "out" for line in tables.attributes):
        return to_listing

    def mapping(payload: bytes, account: str) -> Sequence[Canonical]:
        return [_with_values(one, payload, tables) for one in to_listing(payload, account)]

    return mapping


def _with_values(canonical: Canonical, payload: bytes, tables: Tables) -> Canonical:
    listing = cast("Listing", canonical.body)
    stated = dict(_attributes(exact_json.loads(payload)))
    whole: Listing = {**listing, "attributes": {**stated, **listing["attributes"]}}
    back = odoo_values(whole, tables.lines_for(listing["product_type"]), tables.around, OWN)
    values = {f"{ODOO_PREFIX}{name}": _text(value) for name, value in back.values.items()}
    problems = [ListingProblem(code=NOT_READ_BACK, field=one.field, detail=one.detail) for one in back.problems]
    body: Listing = {
        **listing,
        "attributes": {**listing["attributes"], **values},
        "problems": [*listing["problems"], *problems],
    }
    return Canonical(canonical.entity, canonical.key, canonical.version, body)


def _attributes(content: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """What an item states, by name; parts of objects as `a.b`, lists as JSON."""
    if not isinstance(content, dict) or depth > 2:
        return
    for name, value in list(content.items())[:_MOST_ATTRIBUTES]:
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _attributes(value, f"{path}.", depth + 1)
        if isinstance(value, dict | list):
            yield path, exact_json.dumps(value).decode()[:_LONGEST]
        elif value is not None:
            yield path, text_in(value)[:_LONGEST]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else text_in(value)
