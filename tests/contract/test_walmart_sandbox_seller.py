"""TEST-1: the sandbox's own side for sellers: items to make, the snapshot, the page, its settings and quotas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.sandbox.catalog import CATALOG
from connectors.walmart.sandbox.__main__ import parser, settings_from
from connectors.walmart.sandbox.settings import LIMITS, SandboxSettings
from connectors.walmart.sandbox.throttle import COUNT_HEADER, TIME_HEADER
from tests.contract.walmart_box import OTHER, Box, code_of, walmart_box
from tests.contract.walmart_seller import add, done, inventory, put_stock, send, truth
from tests.unit.walmart_sandbox.orders import order_of, shipment

Json = dict[str, Any]


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as box:
        yield box


def snapshot(box: Box, **query: str) -> Json:
    found: Json = box.http.get("/sandbox/snapshot", params=query).raise_for_status().json()
    return found


def test_the_whole_catalogue_is_set_up_at_once_and_only_once(box: Box) -> None:
    assert add(box, catalog=True, stock=20) == [product.sku for product in CATALOG]
    put_stock(box, CATALOG[0].sku, 3).raise_for_status()
    again = box.http.post("/sandbox/items", json={"catalog": True, "stock": 20}).json()
    assert (again["added"], again["known"]) == (0, len(CATALOG))
    assert truth(box, CATALOG[0].sku)["stock"]["amount"] == 3
    assert add(box, count=3, seed=5, prefix="CWT-X") == ["CWT-X000001", "CWT-X000002", "CWT-X000003"]
    gtins = {one["gtin"] for one in snapshot(box, sections="items")["items"].values()}
    assert len(gtins) == len(CATALOG) + 3


def test_the_snapshot_tells_what_is_held_and_how_often_it_was_written(box: Box) -> None:
    """A ledger needs numbers and counts: doubled writes and refunds show."""
    order = order_of(2)
    sku, po = order["orderLines"]["orderLine"][0]["item"]["sku"], order["purchaseOrderId"]
    add(box, items=[{"sku": sku, "stock": 9, "price_cents": 1234}])
    box.raw(order)
    put_stock(box, sku, 8).raise_for_status()
    done(box, send(box, "inventory", inventory(**{sku: 7})))
    box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status()
    box.call("POST", f"/v3/orders/{po}/shipping", json=shipment("1", 1)).raise_for_status()
    made = {"purchaseOrderId": po, "timeline": "manual"}
    box.http.post("/sandbox/returns", json=made).raise_for_status()
    box.http.post("/sandbox/settlements", json={}).raise_for_status()
    found = snapshot(box, history="true")
    assert set(found) == {"account", "at", "items", "orders", "feeds", "returns", "settlements"}
    item = found["items"][sku]
    assert (item["price_cents"], item["published"]) == (1234, "PUBLISHED")
    stock = item["stock"]
    assert [stock[name] for name in ("amount", "reserved", "available", "writes")] == [7, 1, 5, 3]
    assert [one["amount"] for one in item["stock_history"]] == [9, 8, 7]
    assert found["orders"][po]["lines"][0]["shipped"] == 1
    assert [feed["feedType"] for feed in found["feeds"]] == ["inventory"]
    (one,) = found["returns"].values()
    assert (one["lines"][0]["case"], one["lines"][0]["goods"], one["refunds"]) == ("INITIATED", "NOT_SHIPPED", [])
    assert found["settlements"][0]["payable_cents"] == found["settlements"][0]["sum_cents"] > 0
    assert set(snapshot(box, sections="items,feeds")) == {"account", "at", "items", "feeds"}
    assert box.http.get("/sandbox/snapshot?sections=weather").status_code == 400
    assert snapshot(box, account=OTHER.client_id)["items"] == {}


def test_items_can_be_unpublished_renamed_and_deleted_from_outside(box: Box) -> None:
    """PRD-2, PRD-4: what Walmart does without being asked."""
    add(box, items=[{"sku": "A"}])
    change = "/sandbox/items/A/change"
    body = {"kind": "unpublish", "reasons": ["Reasonable price"]}
    assert box.http.post(change, json=body).json()["published"] == "UNPUBLISHED"
    shown = box.call("GET", "/v3/items?sku=A").json()["ItemResponse"][0]
    assert shown["unpublishedReasons"] == {"reason": ["Reasonable price"]}
    box.http.post(change, json={"kind": "publish"}).raise_for_status()
    box.http.post(change, json={"kind": "rename", "name": "Other"}).raise_for_status()
    shown = box.call("GET", "/v3/items?sku=A").json()["ItemResponse"][0]
    assert (shown["productName"], shown["publishedStatus"], "unpublishedReasons" in shown) == (
        "Other",
        "PUBLISHED",
        False,
    )
    assert box.http.post(change, json={"kind": "explode"}).status_code == 400
    box.http.post(change, json={"kind": "delete"}).raise_for_status()
    assert box.http.get("/sandbox/items/A").status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/items", {"count": -1}),
        ("/sandbox/items", {"colour": "red"}),
        ("/sandbox/items", {"items": [{"name": "no sku"}]}),
        ("/sandbox/items", {"count": 1, "account": "nobody"}),
        ("/sandbox/returns", {"count": 0}),
        ("/sandbox/returns", {"count": 1, "timeline": "sideways"}),
        ("/sandbox/returns", {"purchaseOrderId": "9900000000001", "kind": "GIFT"}),
        ("/sandbox/settlements", {"offers": 0}),
        ("/sandbox/settlements", {"date": "2026-11-20"}),
    ],
)
def test_wrong_wishes_are_told(box: Box, path: str, body: Json) -> None:
    order = order_of(1)
    box.raw(order)
    box.call("POST", f"/v3/orders/{order['purchaseOrderId']}/acknowledge").raise_for_status()
    box.call("POST", f"/v3/orders/{order['purchaseOrderId']}/shipping", json=shipment("1", 1)).raise_for_status()
    answer = box.http.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_page_shows_items_feeds_returns_and_settlements(box: Box) -> None:
    add(box, items=[{"sku": "CWT-PAGE", "name": "Lamp <1>", "stock": 17}])
    feed_id = send(box, "inventory", inventory(**{"CWT-PAGE": 4}))
    box.add(3, mix={"base": "plain", "shipped": 1.0})
    (return_id, *_) = box.http.post("/sandbox/returns", json={"count": 1}).json()["returnOrderIds"]
    made = box.http.post("/sandbox/settlements", json={}).json()
    page = box.http.get("/").text
    for text in ("CWT-PAGE", "Lamp &lt;1&gt;", feed_id, return_id, made["reportDate"], "RECEIVED"):
        assert text in page


def test_a_restarted_sandbox_holds_what_it_held(tmp_path: Path) -> None:
    """Everything is committed before it is answered."""
    with walmart_box(data_dir=tmp_path) as box:
        add(box, items=[{"sku": "A", "stock": 3}])
        put_stock(box, "A", 4).raise_for_status()
        box.add(2, mix={"base": "plain", "shipped": 1.0})
        box.http.post("/sandbox/returns", json={"count": 2, "timeline": "received"}).raise_for_status()
        box.http.post("/sandbox/settlements", json={}).raise_for_status()
        before = snapshot(box, history="true")
    with walmart_box(data_dir=tmp_path) as box:
        assert snapshot(box, history="true") == before
        box.clock.now += 60
        goods = [line["goods"] for one in snapshot(box)["returns"].values() for line in one["lines"]]
        assert goods == ["DELIVERED", "DELIVERED"]
        box.http.post("/sandbox/reset").raise_for_status()
        assert snapshot(box)["items"] == snapshot(box)["returns"] == {}


CALLS = [
    ("inventory_read", "GET", "/v3/inventory?sku=A", 200, 60),
    ("inventories_read", "GET", "/v3/inventories", 200, 60),
    ("items", "GET", "/v3/items", 300, 60),
    ("items_query", "GET", "/v3/items?limit=1", 60, 60),
    ("item", "GET", "/v3/items/A", 900, 60),
    ("item_query", "GET", "/v3/items/A?productIdType=SKU", 60, 60),
    ("item_spec", "POST", "/v3/items/spec", 3, 60),
    ("returns", "GET", "/v3/returns", 50, 60),
    ("feed_status", "GET", "/v3/feeds", 5000, 60),
    ("statement", "GET", "/v3/report/payment/statement", 15, 60),
    ("recon_file", "GET", "/v3/report/reconreport/reconFile?reportDate=1", 100, 60),
]


@pytest.mark.parametrize(("operation", "method", "path", "calls", "seconds"), CALLS)
def test_each_call_has_the_published_quota(
    box: Box, operation: str, method: str, path: str, calls: int, seconds: float
) -> None:
    """RATE-1: how many at once, and the headers that tell what is left."""
    assert (LIMITS[operation].calls, LIMITS[operation].seconds) == (calls, seconds)
    box.app.world.throttle.take("sandbox-client", operation, box.clock.now)
    bucket = box.app.world.throttle.buckets.of("sandbox-client", operation)
    bucket.tokens = 0.5
    accept = "application/octet-stream" if "reconFile" in path else "application/json"
    refused = box.call(method, path, headers={"Accept": accept})
    assert code_of(refused) == (429, "REQUEST_THRESHOLD_VIOLATED")
    assert refused.headers[COUNT_HEADER] == "0"
    assert refused.headers[TIME_HEADER]
    bucket.tokens = 2
    assert box.call(method, path, headers={"Accept": accept}).status_code != 429


def test_one_factor_makes_all_quotas_wider() -> None:
    """For demos and tests that may not wait for an hour."""
    wide = SandboxSettings(rate_factor=100).scaled_limits()
    assert wide["feed_inventory"].calls == 1000
    assert wide["item_spec"].calls == 300
    assert SandboxSettings(rate_factor=0.001).scaled_limits()["item_spec"].calls == 1


def test_settings_from_the_command_line() -> None:
    args = ["--rate-factor", "10", "--limit", "feed_inventory=20", "--feed-seconds", "1,2", "--publish-seconds", "0,1"]
    settings = settings_from(parser().parse_args([*args, "--item-version", "5.0.20270101-00_00_00-api"]))
    assert settings.scaled_limits()["feed_inventory"].calls == 200
    assert settings.limits["feed_inventory"].seconds == 3600
    assert (settings.feed_seconds, settings.publish_seconds) == ((1.0, 2.0), (0.0, 1.0))
    assert settings.item_versions == ("5.0.20270101-00_00_00-api",)
    for wrong in (["--feed-seconds", "2,1"], ["--feed-seconds", "x"], ["--item-version", "5.0"]):
        with pytest.raises(ValueError, match=r"feed|item_versions"):
            settings_from(parser().parse_args(wrong))


@pytest.mark.parametrize("path", ["/v3/inventory?sku=A", "/v3/items", "/v3/feeds", "/v3/returns", "/v3/price"])
def test_injected_faults_strike_the_new_calls_too(box: Box, path: str) -> None:
    """TEST-3: throttled, down, broken."""
    box.headers()
    for kind, code in (("status", 429), ("status", 503), ("status", 500)):
        box.faults({"kind": kind, "code": code, "path": path.partition("?")[0], "limit": 1})
        assert box.call("GET", path).status_code == code
    box.faults({"kind": "malformed", "path": path.partition("?")[0], "limit": 1})
    with pytest.raises(ValueError, match=r"."):
        box.call("GET", path).json()
