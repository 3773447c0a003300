"""TEST-1, INV-4, INV-5: listings and their feed, over HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.amazon.sandbox.feeds import DEAD_TYPES
from connectors.amazon.sandbox.settings import DEMO_SELLER, EU_SELLER
from tests.contract.amazon_box import Box, Json, amazon_box, error_of
from tests.contract.amazon_goods import (
    CA,
    CATALOG,
    DE,
    LISTINGS,
    NUMBERS,
    OFFERS,
    US,
    created,
    feed_of,
    history,
    item,
    merge,
    new,
    number,
    number_message,
    offer,
    patch,
    path,
    price,
    put,
    result,
    send,
    truth,
)

SKU = "CWT-0001"


@pytest.fixture
def box() -> Iterator[Box]:
    """A change takes a second, a feed ten."""
    with amazon_box(rate_factor=1000.0, listing_seconds=(1.0, 1.0), feed_seconds=(10.0, 10.0)) as box:
        box.control("/sandbox/items", catalog=True, stock=5, marketplaces=["US", "CA"])
        yield box


def answer(response: httpx.Response) -> tuple[str, list[str]]:
    """(status, codes of the issues) of a submission."""
    assert response.status_code == 200, response.text
    found = response.json()
    return found["status"], [issue["code"] for issue in found["issues"]]


def quantity(box: Box, sku: str = SKU) -> Any:
    return item(box, sku)["fulfillmentAvailability"][0].get("quantity")


def test_accepted_is_queued_and_takes_effect_later(box: Box) -> None:
    """TEST-1: neither 200 nor ACCEPTED says that a number is in force."""
    assert answer(patch(box, SKU, number(9))) == ("ACCEPTED", [])
    assert (quantity(box), truth(box, SKU)["pending"]) == (5, 1)
    box.clock.tick(1)
    assert (quantity(box), truth(box, SKU)["pending"]) == (9, 0)


def test_invalid_comes_with_200_and_changes_nothing(box: Box) -> None:
    assert answer(patch(box, SKU, number(-1))) == ("INVALID", ["90000900"])
    assert answer(patch(box, "NO-SUCH", number(1))) == ("INVALID", ["13013"])
    assert answer(put(box, "NEW-1", {"productType": "LAMP", "attributes": {"brand": [{"value": "x"}]}}))[0] == "INVALID"
    box.clock.tick(5)
    assert quantity(box) == 5
    assert len(history(box, SKU)) == 1


def test_a_preview_changes_nothing(box: Box) -> None:
    good = patch(box, SKU, number(9), mode="VALIDATION_PREVIEW", includedData="issues,identifiers")
    assert (answer(good), good.json()["identifiers"][0]["asin"]) == (("VALID", []), truth(box, SKU)["asin"])
    assert answer(patch(box, SKU, number(-9), mode="VALIDATION_PREVIEW"))[0] == "INVALID"
    fresh = put(box, "NEW-1", new(), mode="VALIDATION_PREVIEW", includedData="identifiers")
    assert (answer(fresh), fresh.json()["identifiers"]) == (("VALID", []), [])
    box.clock.tick(5)
    assert quantity(box) == 5


def test_merge_keeps_what_replace_drops(box: Box) -> None:
    """PRC-1: a price written by merge leaves the sale and the offer to companies alone."""
    sale = [{"schedule": [{"start_at": "2026-11-01", "end_at": "2026-12-01", "value_with_tax": 7.77}]}]
    both = [offer(30.0, discounted_price=sale), {**offer(28.0), "audience": "B2B"}]
    patch(
        box,
        SKU,
        {"productType": "PRODUCT", "patches": [{"op": "replace", "path": f"/attributes/{OFFERS}", "value": both}]},
    )
    patch(box, SKU, price(31.0))
    box.clock.tick(2)
    shown = item(box, SKU)
    assert [one["price"]["amount"] for one in shown["offers"]] == ["7.77", "28.00"]
    assert shown["attributes"][OFFERS][0]["our_price"] == offer(31.0)["our_price"]
    patch(
        box,
        SKU,
        {
            "productType": "PRODUCT",
            "patches": [{"op": "replace", "path": f"/attributes/{OFFERS}", "value": [offer(32.0)]}],
        },
    )
    box.clock.tick(2)
    assert [one["price"]["amount"] for one in item(box, SKU)["offers"]] == ["32.00"]
    assert [one["price"]["amount"] for one in item(box, SKU, CA)["offers"]] == ["33.73"]


@pytest.mark.parametrize(
    "body",
    [
        {"patches": number(1)["patches"]},
        {"productType": "PRODUCT"},
        {"productType": "PRODUCT", "patches": []},
        {"productType": "PRODUCT", "patches": [{"op": "remove", "path": f"/attributes/{NUMBERS}"}]},
        {
            "productType": "PRODUCT",
            "patches": [{"op": "replace", "path": f"/attributes/{NUMBERS}", "value": {"quantity": 1}}],
        },
        {"productType": "PRODUCT", "patches": [{"op": "test", "path": f"/attributes/{NUMBERS}", "value": []}]},
    ],
)
def test_a_body_of_wrong_form_is_an_error(box: Box, body: Json) -> None:
    assert error_of(patch(box, SKU, body)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("method", "params", "status"),
    [
        ("GET", {}, 400),
        ("GET", {"marketplaceIds": DE}, 400),
        ("GET", {"marketplaceIds": US, "includedData": "everything"}, 400),
        ("DELETE", {"marketplaceIds": f"{US},{CA}"}, 400),
        ("PUT", {"marketplaceIds": f"{US},{CA}"}, 400),
        ("PATCH", {"marketplaceIds": US, "mode": "TRY"}, 400),
    ],
)
def test_parameters_are_checked(box: Box, method: str, params: dict[str, str], status: int) -> None:
    body = {"PUT": new(), "PATCH": number(1)}.get(method)
    assert box.call(method, path(SKU), params=params, json=body).status_code == status


def test_a_seller_sees_its_own_listings_only(box: Box) -> None:
    assert error_of(box.call("GET", path(SKU, EU_SELLER), params={"marketplaceIds": US}))[0] == 403
    assert error_of(box.call("GET", path(SKU, EU_SELLER), EU_SELLER, params={"marketplaceIds": DE}))[0] == 404


def test_a_sku_of_any_characters_finds_its_way(box: Box) -> None:
    sku = "A/B 100%+ü?#&"
    assert answer(put(box, sku, new()))[0] == "ACCEPTED"
    box.clock.tick(1)
    assert item(box, sku)["sku"] == sku
    listed = box.call(
        "GET",
        f"{LISTINGS}/{DEMO_SELLER.seller_id}",
        params={"marketplaceIds": US, "identifiers": sku, "identifiersType": "SKU"},
    )
    assert [one["sku"] for one in listed.json()["items"]] == [sku]


def test_a_new_product_is_put_read_and_deleted(box: Box) -> None:
    """INV-4: a SKU that Amazon does not know is created."""
    assert error_of(box.call("GET", path("NEW-1"), params={"marketplaceIds": US}))[0] == 404
    assert answer(put(box, "NEW-1", new()))[0] == "ACCEPTED"
    assert error_of(box.call("GET", path("NEW-1"), params={"marketplaceIds": US}))[0] == 404
    box.clock.tick(1)
    shown = item(box, "NEW-1")
    (summary,) = shown["summaries"]
    assert (summary["itemName"], summary["status"], shown["issues"]) == ("A new lamp", ["BUYABLE", "DISCOVERABLE"], [])
    page = box.call("GET", f"{CATALOG}/{summary['asin']}", params={"marketplaceIds": US}).raise_for_status().json()
    assert page["summaries"][0]["itemName"] == "A new lamp"
    assert answer(box.call("DELETE", path("NEW-1"), params={"marketplaceIds": US}))[0] == "ACCEPTED"
    box.clock.tick(1)
    assert error_of(box.call("GET", path("NEW-1"), params={"marketplaceIds": US}))[0] == 404


def test_an_offer_on_a_page_of_amazons(box: Box) -> None:
    asin = truth(box, SKU)["asin"]
    body = new(merchant_suggested_asin=[{"value": asin}])
    body["attributes"] = {
        name: value
        for name, value in body["attributes"].items()
        if name not in ("item_name", "brand", "main_product_image_locator")
    }
    assert answer(put(box, "OFFER-1", {**body, "requirements": "LISTING_OFFER_ONLY"}))[0] == "ACCEPTED"
    box.clock.tick(1)
    (summary,) = item(box, "OFFER-1")["summaries"]
    assert (summary["asin"], summary["itemName"]) == (asin, "Desk Lamp, Slate")


def test_problems_appear_later_and_go_with_their_cause(box: Box) -> None:
    """INV-4: ACCEPTED, and yet the listing is off sale."""
    low = offer(10.0, minimum_seller_allowed_price=[{"schedule": [{"value_with_tax": 12.0}]}])
    assert answer(patch(box, SKU, {"productType": "PRODUCT", "patches": [merge(OFFERS, low)]})) == ("ACCEPTED", [])
    box.clock.tick(1)
    shown = item(box, SKU)
    assert ([one["code"] for one in shown["issues"]], shown["summaries"][0]["status"]) == (["18155"], ["DISCOVERABLE"])
    patch(box, SKU, price(13.0))
    box.clock.tick(1)
    assert (item(box, SKU)["issues"], item(box, SKU)["summaries"][0]["status"]) == ([], ["BUYABLE", "DISCOVERABLE"])


def test_issues_by_control_come_when_they_are_due_and_stay_until_cleared(box: Box) -> None:
    box.control(f"/sandbox/items/{SKU}/change", kind="suppress", after=60, code="18742", marketplaces=["US"])
    assert item(box, SKU)["issues"] == []
    box.clock.tick(60)
    assert [one["code"] for one in item(box, SKU)["issues"]] == ["18742"]
    assert item(box, SKU, CA)["issues"] == []
    patch(box, SKU, price(13.0))
    box.clock.tick(1)
    assert "BUYABLE" not in item(box, SKU)["summaries"][0]["status"]
    box.control(f"/sandbox/items/{SKU}/change", kind="clear")
    assert "BUYABLE" in item(box, SKU)["summaries"][0]["status"]


def test_injected_faults_of_submissions(box: Box) -> None:
    box.faults({"kind": "listing_invalid"})
    assert answer(patch(box, SKU, number(9))) == ("INVALID", ["90244"])
    box.faults({"kind": "listing_suppressed"})
    assert answer(patch(box, SKU, number(8))) == ("ACCEPTED", [])
    box.faults()
    box.clock.tick(2)
    assert (quantity(box), [one["code"] for one in item(box, SKU)["issues"]]) == (8, ["18742"])


def test_calls_for_one_sku_take_effect_in_the_order_they_came() -> None:
    """INV-5: however long each of them takes."""
    with amazon_box(rate_factor=1000.0, listing_seconds=(0.1, 60.0)) as box:
        box.control("/sandbox/items", items=[{"sku": SKU, "stock": 5}])
        counts = list(range(20, 0, -1))
        for count in counts:
            patch(box, SKU, number(count))
        box.clock.tick(61)
        assert history(box, SKU)[1:] == [(str(count), "patch", False) for count in counts]


def test_a_feed_can_lay_an_older_number_over_a_newer_one(box: Box) -> None:
    """INV-5: what this sandbox lets happen, the history tells."""
    send(box, feed_of(number_message(1, SKU, 3)))
    box.clock.tick(2)
    patch(box, SKU, number(9))
    box.clock.tick(1)
    assert quantity(box) == 9
    box.clock.tick(10)
    assert quantity(box) == 3
    assert history(box, SKU) == [("5", "control", False), ("9", "patch", False), ("3", "feed", True)]
    assert box.state()["items"][SKU]["stale_stock_writes"] == 1


def test_orders_take_units_off_the_number(box: Box) -> None:
    """INV-2: a number written anew is the number; what was sold before is not taken off it again."""
    box.control(
        "/sandbox/items",
        items=[{"sku": f"CWT-{n:04d}", "stock": 100} for n in range(1, 57)],
        account=EU_SELLER.seller_id,
    )
    plain = {"base": "plain", "marketplaces": ["DE"], "max_quantity": 1, "items": [1]}
    (order_id,) = box.add(1, mix=plain, account=EU_SELLER.seller_id)
    sku = box.order(order_id, EU_SELLER)["orderItems"][0]["product"]["sellerSku"]
    assert truth(box, sku, EU_SELLER)["stock"] == {"available": 99, "sold": 1}
    box.change(order_id, "ship", EU_SELLER)
    assert truth(box, sku, EU_SELLER)["stock"] == {"available": 99, "sold": 1}
    box.control(f"/sandbox/items/{sku}/change", kind="stock", quantity=50, account=EU_SELLER.seller_id)
    assert truth(box, sku, EU_SELLER)["stock"] == {"available": 50, "sold": 0}


def test_the_search_pages_through_everything_once(box: Box) -> None:
    """TEST-2: pages of twenty, by token."""
    base, params, seen = (
        f"{LISTINGS}/{DEMO_SELLER.seller_id}",
        {"marketplaceIds": US, "pageSize": "20", "sortBy": "sku"},
        [],
    )
    token = ""
    while True:
        page = (
            box.call("GET", base, params={**params, **({"pageToken": token} if token else {})})
            .raise_for_status()
            .json()
        )
        assert page["numberOfResults"] == 60
        seen += [one["sku"] for one in page["items"]]
        if "nextToken" not in page.get("pagination", {}):
            break
        token = page["pagination"]["nextToken"]
    assert len(seen) == len(set(seen)) == 60
    assert seen == sorted(seen, reverse=True)
    assert error_of(box.call("GET", base, params={**params, "sortBy": "createdDate", "pageToken": token}))[0] == 400


def test_a_feeds_report_names_what_was_refused(box: Box) -> None:
    """INV-4: DONE is not success; each message stands for itself."""
    messages = [
        number_message(1, SKU, 11),
        number_message(2, "NO-SUCH", 1),
        number_message(3, "CWT-0002", -1),
        {"messageId": 4, "sku": "CWT-0003"},
    ]
    feed_id = send(box, feed_of(*messages, {"messageId": 5, "sku": "NEW-1", "operationType": "UPDATE", **new()}))
    box.clock.tick(10)
    status, report = result(box, feed_id)
    assert status == "DONE"
    assert report["summary"] == {
        "errors": 3,
        "warnings": 0,
        "messagesProcessed": 5,
        "messagesAccepted": 2,
        "messagesInvalid": 3,
    }
    assert [(one["messageId"], one["sku"], one["code"]) for one in report["issues"]] == [
        (2, "NO-SUCH", "13013"),
        (3, "CWT-0002", "90000900"),
        (4, "CWT-0003", "90000900"),
    ]
    assert quantity(box) == 5
    box.clock.tick(1)
    assert (quantity(box), quantity(box, "NEW-1")) == (11, 4)


@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        json.dumps(feed_of()).encode(),
        json.dumps(feed_of(number_message(1, SKU, 1), seller=EU_SELLER)).encode(),
    ],
)
def test_a_feed_that_cannot_be_read_is_fatal(box: Box, content: bytes) -> None:
    feed_id = send(box, content)
    box.clock.tick(10)
    status, report = result(box, feed_id)
    assert (status, report["summary"]["messagesProcessed"]) == ("FATAL", 0)
    assert "messageId" not in report["issues"][0]


def test_a_message_can_be_refused_by_a_fault(box: Box) -> None:
    box.faults({"kind": "feed_record_error", "limit": 1})
    feed_id = send(box, feed_of(number_message(1, SKU, 1), number_message(2, "CWT-0002", 2)))
    box.clock.tick(11)
    _, report = result(box, feed_id)
    assert [one["messageId"] for one in report["issues"]] == [1]
    assert (quantity(box), quantity(box, "CWT-0002")) == (5, 2)


@pytest.mark.parametrize("kind", DEAD_TYPES)
def test_feeds_of_old_end_fatal(box: Box, kind: str) -> None:
    feed_id = created(box, b"<xml/>", kind=kind).raise_for_status().json()["feedId"]
    box.clock.tick(10)
    feed = box.call("GET", f"/feeds/2021-06-30/feeds/{feed_id}").json()
    assert feed["processingStatus"] == "FATAL"


def test_listings_feeds_have_a_quota_of_their_own() -> None:
    """RATE-1: five in five minutes, and the sixth must wait a minute."""
    with amazon_box() as box:
        body = feed_of(number_message(1, SKU, 1))
        assert [created(box, body).status_code for _ in range(6)] == [202] * 5 + [429]
        box.clock.tick(61)
        assert [created(box, body).status_code for _ in range(2)] == [202, 429]


def test_everything_survives_a_restart(tmp_path: Any) -> None:
    """TEST-3: what was accepted before a kill takes effect after it."""
    with amazon_box(data_dir=tmp_path, listing_seconds=(60.0, 60.0)) as box:
        box.control("/sandbox/items", items=[{"sku": SKU, "stock": 5}])
        box.control("/sandbox/fba", items=[{"sku": SKU, "fulfillable": 3}])
        patch(box, SKU, number(9))
    with amazon_box(data_dir=tmp_path) as box:
        assert (truth(box, SKU)["stock"]["available"], box.state()["fba"][US][SKU]["fulfillable"]) == (5, 3)
        box.clock.tick(61)
        assert truth(box, SKU)["stock"]["available"] == 9


def test_control_calls_say_what_is_wrong(box: Box) -> None:
    for body in (
        {"colour": 1},
        {"items": [{"sku": "X", "marketplaces": ["DE"]}]},
        {"items": [{"sku": "X", "product_type": "CAR"}]},
        {"account": "nobody"},
    ):
        assert box.http.post("/sandbox/items", json=body).status_code == 400
    assert box.http.post(f"/sandbox/items/{SKU}/change", json={"kind": "paint"}).status_code == 400
    assert box.http.post("/sandbox/items/NONE/change", json={"kind": "clear"}).status_code == 404
    assert box.http.get("/sandbox/items/NONE").status_code == 404
    assert box.control("/sandbox/items", catalog=True) == {"added": 0, "known": 60, "skus": []}
    assert box.control("/sandbox/items", count=3, prefix="CWT-N", seed=4)["skus"] == [
        "CWT-N000001",
        "CWT-N000002",
        "CWT-N000003",
    ]
