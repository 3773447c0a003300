"""Can this order be shipped at all? Asked before an order is imported (ORD-12). Pure, the same for every marketplace."""

from __future__ import annotations

import re
from collections.abc import Collection

from schemas.records import Address, Order

# Statuses in which nothing is left to ship, so a bad address harms nobody any more.
_SETTLED = frozenset({"cancelled", "shipped", "delivered"})
_US_ZIP = re.compile(r"\d{5}(-\d{4})?")
_NO_US_ZIPS = frozenset({"00000", "99999"})
_US_STATE = re.compile(r"[A-Z]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")
# Places with ISO country codes of their own to which the US Postal Service delivers like to states.
US_TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})
# ISO 3166: addresses in these countries have no postal code or commonly go without.
NO_POSTAL_CODE = frozenset(
    {"AE", "AG", "AO", "BS", "BZ", "FJ", "GH", "HK", "IE", "JM", "KE", "MO", "PA", "QA", "TT", "UG", "ZW"}
)


def is_to_be_shipped(order: Order) -> bool:
    """Whether the seller may have something of it left to ship."""
    return order["fulfilment"] == "seller" and order["status"] not in _SETTLED


def shipping_problems(order: Order, methods: Collection[str]) -> list[str]:
    """What keeps the order from being shipped by the seller, as `field: problem` without personal data; empty when nothing does.

    methods: the shipping levels the source knows, lower case.
    """
    if not is_to_be_shipped(order):
        return []
    problems = _address_problems(order["ship_to"])
    if order["shipping_level"].lower() not in methods:
        known = ", ".join(sorted(methods))
        problems.append(f"shipping_level: none of {known}" if order["shipping_level"] else "shipping_level: missing")
    return problems


def _address_problems(address: Address) -> list[str]:
    needed = {
        "name": address["name"],
        "street": address["street"],
        "city": address["city"],
        "country": address["country"],
    }
    problems = [f"ship_to.{field}: missing" for field, value in needed.items() if not value]
    country, code = address["country"], address["zip"]
    if country and not _COUNTRY.fullmatch(country):
        problems.append("ship_to.country: no ISO 3166 code of two letters")
    if country == "US" or country in US_TERRITORIES:
        if not _US_ZIP.fullmatch(code) or code[:5] in _NO_US_ZIPS:
            problems.append("ship_to.zip: no US ZIP code (12345 or 12345-6789)")
    elif country and not code and country not in NO_POSTAL_CODE:
        problems.append("ship_to.zip: missing")
    if country == "US" and not _US_STATE.fullmatch(address["state"]):
        problems.append("ship_to.state: no US state of two letters")
    return problems
