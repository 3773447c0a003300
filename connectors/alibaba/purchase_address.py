"""Where a purchase is delivered: configuration -> `addressParam` (PO-1). Nothing is guessed: what is missing is named. Pure but for `check_saved`.

An address saved at the platform wins; else province, city, district, street, name and mobile are needed. There is no country: the platform
delivers within the Chinese mainland. (Fact: the API's page; names of at least two characters by field reports.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.alibaba.purchase_settings import DEFAULT_ADDRESS, AlibabaAddress, AlibabaPurchases
from connectors.alibaba.reference import AlibabaReference
from connectors.kit.errors import DataError

_NEEDED = ("province", "city", "area", "street", "full_name")
_MOBILE = re.compile(r"1\d{10}")
_LEAST_NAME = 2


def delivery_address(purchases: AlibabaPurchases, warehouse: str = "") -> dict[str, Any]:
    """What the calls take. warehouse: short name in Odoo, "" where none is told. Raises DataError naming the missing part and its setting."""
    name = warehouse.lower() if warehouse.lower() in purchases.addresses else DEFAULT_ADDRESS
    found = purchases.addresses.get(name)
    where = f"CAUSEWAY_ALIBABA__PURCHASES__ADDRESSES__{name.upper()}"
    if found is None:
        told = f"warehouse {warehouse[:40]} has" if warehouse else "there is"
        raise DataError(f"delivery address: {told} none; set {where}__ADDRESS_ID, or its parts")
    if found.address_id:
        return {"addressId": int(found.address_id)}
    if problem := _problem(found):
        part, words = problem
        raise DataError(f"delivery address: {part} {words}; set {where}__{part.upper()}")
    return _parts(found)


async def check_saved(fields: Mapping[str, Any], reference: AlibabaReference) -> None:
    """Raises DataError for an address number that the buyer has not saved, or has deleted since. fields: of a creation."""
    number = str(fields.get("addressParam", {}).get("addressId", ""))
    if number and await reference.has_address(number) is False:
        raise DataError(
            f"delivery address: {number} is none of those saved at 1688 by this account; save it there, or correct its ADDRESS_ID"
        )


def _problem(address: AlibabaAddress) -> tuple[str, str] | None:
    for part in _NEEDED:
        if not str(getattr(address, part)).strip():
            return part, "is missing"
    if len(address.full_name.strip()) < _LEAST_NAME:
        return "full_name", "has to have at least two characters"
    if not address.mobile and not address.phone:
        return "mobile", "is missing"
    if address.mobile and not _MOBILE.fullmatch(address.mobile):
        return "mobile", "is no mainland number of 11 digits"
    return None


def _parts(address: AlibabaAddress) -> dict[str, Any]:
    given = {
        "provinceText": address.province, "cityText": address.city, "areaText": address.area, "townText": address.town,
        "address": address.street, "fullName": address.full_name, "mobile": address.mobile, "phone": address.phone,
        "postCode": address.post_code,
    }  # fmt: skip
    return {name: text.strip() for name, text in given.items() if text.strip()}
