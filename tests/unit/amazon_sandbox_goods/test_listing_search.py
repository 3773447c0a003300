"""TEST-1: which listings a search chooses, in which order, and that its token is good for nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.amazon.sandbox.errors import ApiError
from connectors.amazon.sandbox.listing_search import Search, chosen, followed, page_token, parse
from connectors.amazon.sandbox.listing_store import Listing
from connectors.kit.sandbox.seals import Seal
from tests.unit.amazon_sandbox_goods.goods import CA, US, full, listing

SEAL = Seal("t")


def one(sku: str, updated: int = 1000, created: int = 1000, place: str = US, **more: Any) -> Listing:
    places = {place: {"product_type": "PRODUCT", "requirements": "LISTING", "created": created, "updated": updated}}
    return replace(listing(), sku=sku, places=places, **more)


ALL = [
    one("A", updated=3000, created=1000, asin="B1", gtin="00012345678905"),
    one("B", updated=2000, created=2000, asin="B2", noted=[{"code": "1", "severity": "ERROR"}]),
    one(
        "C", updated=4000, created=3000, asin="B3", attributes=full(child_parent_sku_relationship=[{"parent_sku": "A"}])
    ),
    one("D", place=CA),
]


def found(**params: str) -> list[str]:
    search = parse({"marketplaceIds": US, **params}, (US,))
    statuses = {"A": ["BUYABLE", "DISCOVERABLE"], "B": ["DISCOVERABLE"]}
    return [
        each.sku for each in chosen(ALL, search, lambda it, place: statuses.get(it.sku, []), lambda it: f"X{it.sku}")
    ]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "CAB"),
        ({"sortOrder": "ASC"}, "BAC"),
        ({"sortBy": "sku", "sortOrder": "ASC"}, "ABC"),
        ({"sortBy": "createdDate"}, "CBA"),
        ({"identifiers": "A,D,Z", "identifiersType": "SKU"}, "A"),
        ({"identifiers": "B2,B3", "identifiersType": "ASIN"}, "CB"),
        ({"identifiers": "012345678905", "identifiersType": "UPC"}, "A"),
        ({"identifiers": "0012345678905", "identifiersType": "EAN"}, "A"),
        ({"identifiers": "XB", "identifiersType": "FNSKU"}, "B"),
        ({"variationParentSku": "A"}, "C"),
        ({"withStatus": "BUYABLE"}, "A"),
        ({"withoutStatus": "BUYABLE"}, "CB"),
        ({"withStatus": "DISCOVERABLE", "withoutStatus": "BUYABLE"}, "B"),
        ({"withIssueSeverity": "ERROR"}, "B"),
        ({"lastUpdatedAfter": "1970-01-01T00:00:03Z"}, "CA"),
        ({"lastUpdatedBefore": "1970-01-01T00:00:02Z"}, "B"),
        ({"createdAfter": "1970-01-01T00:00:02Z", "createdBefore": "1970-01-01T00:00:02Z"}, "B"),
    ],
)
def test_listings_are_chosen_and_sorted(params: dict[str, str], expected: str) -> None:
    assert "".join(found(**params)) == expected


@pytest.mark.parametrize(
    "params",
    [
        {"identifiers": "A"},
        {"identifiersType": "SKU"},
        {"identifiers": "A", "identifiersType": "COLOUR"},
        {"identifiers": ",".join("A" * 21), "identifiersType": "SKU"},
        {"identifiers": "A", "identifiersType": "SKU", "variationParentSku": "A"},
        {"sortBy": "price"},
        {"sortOrder": "UP"},
        {"withStatus": "SOLD"},
        {"pageSize": "21"},
        {"createdAfter": "yesterday"},
        {"includedData": "everything"},
        {"colour": "red"},
    ],
)
def test_a_wrong_parameter_is_refused(params: dict[str, str]) -> None:
    with pytest.raises(ApiError):
        found(**params)


def test_a_token_leads_on_in_its_own_search_only() -> None:
    search = Search((US,), size=2, with_status=("BUYABLE",))
    token = page_token(SEAL, search, 2)
    assert followed(SEAL, search, token) == replace(search, offset=2)
    for other in (replace(search, with_status=()), replace(search, places=(CA,)), replace(search, size=3)):
        with pytest.raises(ApiError):
            followed(SEAL, other, token)
    with pytest.raises(ApiError):
        followed(SEAL, search, token[:-1])
