"""Addresses as they are written to Odoo: US ones in the Postal Service's form (ORD-7); and whether one can be shipped to (ORD-12). Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from connectors.kit.errors import DataError
from connectors.kit.shipping_check import NO_POSTAL_CODE, US_TERRITORIES
from connectors.odoo.plan import PostalAddress
from schemas.records import Address

_US_ZIP = re.compile(r"(\d{5})(?:-?(\d{4}))?")
_COUNTRY = re.compile(r"[A-Z]{2}")


def postal(address: Address, fallback_name: str = "") -> PostalAddress:
    """The address in Odoo's fields, white space tidied; a third street line joins the second, a district the city's line."""
    tidy = {name: " ".join(str(value).split()) for name, value in address.items()}
    return usps_form(
        PostalAddress(
            name=tidy["name"] or fallback_name,
            company=tidy["company"],
            street=tidy["street"],
            street2=", ".join(part for part in (tidy["street2"], tidy["street3"]) if part),
            city=", ".join(
                part for part in (tidy["district"] if tidy["country"] == "CN" else "", tidy["city"]) if part
            ),
            state=tidy["state"],
            zip=tidy["zip"],
            country=tidy["country"],
            phone=tidy["phone"],
        )
    )


@lru_cache(maxsize=64)  # parsing takes a millisecond, and an order's customer and delivery mostly have one address
def usps_form(address: PostalAddress) -> PostalAddress:
    """A US address in USPS Publication 28 form, as far as it can be parsed; any other one, and one it does not understand, as received."""
    if address.country != "US" or not address.street or _zip_problems(address):
        return address  # the parser would make 01234 of 1234
    # Imported late: the parser reads its model from disk.
    from scourgify import normalize_address_record
    from scourgify.exceptions import AddressNormalizationError

    given = {
        "address_line_1": address.street,
        "address_line_2": address.street2 or None,
        "city": address.city,
        "state": address.state,
        "postal_code": address.zip,
    }
    try:
        found = normalize_address_record(given)
    except AddressNormalizationError:
        return address
    return replace(
        address,
        street=found["address_line_1"] or address.street,
        street2=found["address_line_2"] or "",
        city=found["city"] or address.city,
        state=found["state"] or address.state,
        zip=found["postal_code"] or address.zip,
    )


def check_shippable(address: PostalAddress) -> None:
    """Raises DataError that names every missing or impossible part, never its content."""
    problems = [
        f"{name} is missing" for name in ("name", "street", "city", "country") if not getattr(address, name)
    ]  # fmt: skip
    if address.country and not _COUNTRY.fullmatch(address.country):
        problems.append("country is no ISO 3166 code of two letters")
    problems.extend(_zip_problems(address))
    if address.country == "US" and not address.state:
        problems.append("state is missing")
    if problems:
        raise DataError("address of delivery: " + ", ".join(problems))


def _zip_problems(address: PostalAddress) -> list[str]:
    if not address.zip:
        return [] if address.country in NO_POSTAL_CODE else ["zip is missing"]
    if address.country == "US" or address.country in US_TERRITORIES:
        match = _US_ZIP.fullmatch(address.zip)
        if match is None or match.group(1) == "00000":
            return ["zip is no US postal code"]
    return []
