"""TEST-1, ORD-10: product types, catalogue and Amazon's own stock, over HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from connectors.amazon.sandbox.settings import DEMO_SELLER, EU_SELLER
from tests.contract.amazon_box import Box, amazon_box, error_of
from tests.contract.amazon_goods import CA, CATALOG, DEFINITIONS, FBA, UK, US, item, put, truth

SKU = "CWT-0001"


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=1000.0) as box:
        box.control("/sandbox/items", catalog=True, stock=5, marketplaces=["US", "CA"])
        yield box


def test_a_definition_leads_to_the_schema_that_judges_listings(box: Box) -> None:
    found = box.call("GET", f"{DEFINITIONS}/SHIRT", params={"marketplaceIds": US}).raise_for_status().json()
    schema = box.http.get(found["schema"]["link"]["resource"]).raise_for_status().json()
    judged = (
        put(box, "SHIRT-1", {"productType": "SHIRT", "attributes": {"brand": [{"value": "x"}]}})
        .raise_for_status()
        .json()
    )
    named = [issue["attributeNames"] for issue in judged["issues"]]
    assert (judged["status"], sorted(named)) == (
        "INVALID",
        sorted([name] for name in schema["required"] if name != "brand"),
    )
    members = [name for group in found["propertyGroups"].values() for name in group["propertyNames"]]
    assert sorted(members) == sorted(schema["properties"])
    box.clock.tick(301)
    assert box.http.get(found["schema"]["link"]["resource"]).status_code == 403


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"keywords": "lug"}, ["LUGGAGE"]),
        ({"itemName": "Cast Iron Pan, Slate"}, ["KITCHEN"]),
        ({"keywords": "nothing"}, []),
    ],
)
def test_product_types_are_found(box: Box, params: dict[str, str], names: list[str]) -> None:
    found = box.call("GET", DEFINITIONS, params={"marketplaceIds": US, **params}).raise_for_status().json()
    assert [one["name"] for one in found["productTypes"]] == names


def test_the_catalogue_is_searched_by_twenty_identifiers(box: Box) -> None:
    barcodes = [one["barcode"] for one in box.http.get("/sandbox/catalog").json()]
    params = {"marketplaceIds": US, "identifiersType": "EAN", "includedData": "summaries,identifiers", "pageSize": "20"}
    found = (
        box.call("GET", CATALOG, params={**params, "identifiers": ",".join(barcodes[:20])}).raise_for_status().json()
    )
    given = [
        {one["identifierType"]: one["identifier"] for one in page["identifiers"][0]["identifiers"]}
        for page in found["items"]
    ]
    assert [one["EAN"] for one in given] == barcodes[:20]
    assert error_of(box.call("GET", CATALOG, params={**params, "identifiers": ",".join(barcodes[:21])}))[0] == 400
    by_sku = {"marketplaceIds": US, "identifiersType": "SKU", "identifiers": SKU}
    assert error_of(box.call("GET", CATALOG, params=by_sku))[0] == 400
    page = box.call("GET", CATALOG, params={**by_sku, "sellerId": DEMO_SELLER.seller_id}).json()
    assert [one["asin"] for one in page["items"]] == [truth(box, SKU)["asin"]]
    assert error_of(box.call("GET", CATALOG, params={**by_sku, "keywords": "lamp"}))[0] == 400


def test_the_catalogue_is_searched_by_words_page_by_page(box: Box) -> None:
    params = {"marketplaceIds": US, "keywords": "desk,lamp", "pageSize": "3"}
    first = box.call("GET", CATALOG, params=params).raise_for_status().json()
    second = box.call("GET", CATALOG, params={**params, "pageToken": first["pagination"]["nextToken"]}).json()
    names = [one["summaries"][0]["itemName"] for page in (first, second) for one in page["items"]]
    assert first["numberOfResults"] == len(set(names)) == len(names)
    assert all("Desk Lamp" in name for name in names)
    assert "nextToken" not in second["pagination"]


def summaries(box: Box, place: str = US, **params: str) -> httpx.Response:
    fixed = {"granularityType": "Marketplace", "granularityId": place, "marketplaceIds": place}
    seller = DEMO_SELLER if place in DEMO_SELLER.marketplaces else EU_SELLER
    return box.call("GET", FBA, seller, params={**fixed, **params})


def skus(response: httpx.Response) -> list[str]:
    return [one["sellerSku"] for one in response.raise_for_status().json()["payload"]["inventorySummaries"]]


def test_filters_of_amazons_stock_and_which_of_them_counts(box: Box) -> None:
    """ORD-10: startDateTime before sellerSkus before sellerSku."""
    box.control("/sandbox/fba", items=[{"sku": sku, "fulfillable": 3} for sku in ("A", "B", "C")])
    box.clock.tick(100)
    since = box.ago(50)
    box.control("/sandbox/fba/B/change", fulfillable=2)
    box.control("/sandbox/fba/C/change", inbound_shipped=20)
    assert skus(summaries(box)) == ["A", "B", "C"]
    assert skus(summaries(box, sellerSku="A")) == ["A"]
    assert skus(summaries(box, sellerSku="A", sellerSkus="B,C")) == ["B", "C"]
    assert skus(summaries(box, sellerSku="A", sellerSkus="C", startDateTime=since)) == ["B"]
    for wrong in (
        {"granularityId": CA},
        {"details": "yes"},
        {"startDateTime": "2020-01-01T00:00:00Z"},
        {"sellerSkus": ",".join("x" * 51)},
        {"colour": "red"},
    ):
        assert error_of(summaries(box, **wrong))[0] == 400
    assert skus(summaries(box, UK)) == []


def test_pages_of_amazons_stock_are_good_for_thirty_seconds(box: Box) -> None:
    box.control("/sandbox/fba", catalog=True, fulfillable=1)
    first = summaries(box)
    token = first.json()["pagination"]["nextToken"]
    second = summaries(box, nextToken=token)
    assert len(set(skus(first) + skus(second))) == 60
    assert "pagination" not in second.json()
    box.clock.tick(29)
    assert summaries(box, nextToken=token).status_code == 200
    box.clock.tick(1)
    assert error_of(summaries(box, nextToken=token))[0] == 400


def test_orders_that_amazon_fulfils_move_amazons_stock_and_no_number_of_the_sellers(box: Box) -> None:
    """ORD-10"""
    box.control("/sandbox/fba", catalog=True, fulfillable=10, marketplace="US")
    mix = {"base": "plain", "marketplaces": ["US"], "max_quantity": 1, "items": [1], "fba": 1.0}
    (order_id,) = box.add(1, mix=mix)
    order = box.order(order_id)
    assert order["fulfillment"]["fulfilledBy"] == "AMAZON"
    sku = order["orderItems"][0]["product"]["sellerSku"]
    (held,) = summaries(box, sellerSku=sku, details="true").json()["payload"]["inventorySummaries"]
    assert held["inventoryDetails"]["fulfillableQuantity"] == 9
    assert held["inventoryDetails"]["reservedQuantity"]["pendingCustomerOrderQuantity"] == 1
    assert truth(box, sku)["stock"] == {"available": 5, "sold": 0}
    assert item(box, sku, included="summaries")["summaries"][0]["fnSku"] == held["fnSku"]
    box.change(order_id, "ship")
    (held,) = summaries(box, sellerSku=sku, details="true").json()["payload"]["inventorySummaries"]
    assert (held["totalQuantity"], held["inventoryDetails"]["fulfillableQuantity"]) == (9, 9)
