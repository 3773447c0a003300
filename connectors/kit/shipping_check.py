"""Can this order be shipped at all? Asked before an order is imported (ORD-12). Pure, the same for every marketplace.

An order that cannot be is a canonical order all the same, with its `problems`: it takes from what other channels may sell from the moment it is
seen (INV-2, INV-3). The import refuses it, until a person mends it there (`standing_problems`) or the marketplace shows it mended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from connectors.kit.errors import DataError
from schemas.records import Address, Order

Read = TypeVar("Read")

SHIP_TO = "ship_to"

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


def no_address() -> Address:
    """What stands where none can be read."""
    return Address(
        name="", company="", street="", street2="", street3="", city="", district="", state="", zip="", country="", phone="", kind=""
    )  # fmt: skip


def read_or(otherwise: Read, place: str, problems: list[str], read: Callable[[], Read]) -> Read:
    """What `read` makes of it. Where that cannot be read, `otherwise`, and `place: what is wrong` joins the problems."""
    try:
        return read()
    except DataError as error:
        problems.append(f"{place}: {error}")
        return otherwise


def shipping_problems(order: Order, methods: Collection[str], unread: Sequence[str] = ()) -> list[str]:
    """What keeps the order from being shipped by the seller, as `field: problem` without personal data; empty when nothing does.

    methods     the shipping levels the source knows, lower case
    unread      what could not be read of it; what is missing for that is not told a second time
    """
    if not is_to_be_shipped(order):
        return []
    places = {_place(problem) for problem in unread}
    missing = [] if SHIP_TO in places else _address_problems(order["ship_to"])
    problems = [*unread, *(problem for problem in missing if _place(problem) not in places)]
    if order["shipping_level"].lower() not in methods:
        known = ", ".join(sorted(methods))
        problems.append(f"shipping_level: none of {known}" if order["shipping_level"] else "shipping_level: missing")
    return problems


def standing_problems(order: Order) -> list[str]:
    """Its problems, less those of an address that somebody mended in the order itself; others stand as long as they are listed."""
    places = {_place(problem) for problem in _address_problems(order["ship_to"])}
    return [problem for problem in order["problems"] if _stands(_place(problem), places)]


def _stands(place: str, wrong: Collection[str]) -> bool:
    if place == SHIP_TO:
        return bool(wrong)
    return place in wrong or not place.startswith(f"{SHIP_TO}.")


def _place(problem: str) -> str:
    return problem.partition(":")[0]


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
