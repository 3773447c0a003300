"""TEST-1: stock, items, prices, feeds, returns and reports of the Walmart sandbox conform to the published models where these
are right, and take the published requests."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from connectors.walmart.sandbox.feed_files import KINDS
from connectors.walmart.sandbox.item_rules import ID_LENGTHS
from connectors.walmart.sandbox.report_requests import REPORT_TYPES
from connectors.walmart.sandbox.return_store import ReturnQuery
from tests.conformance.walmart_models import MODELS, model, problems, schemas
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_seller import add, done, fates, inventory, items, mp_item, prices, send, truth
from tests.unit.walmart_sandbox.orders import order_of, shipment

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
Json = dict[str, Any]
# Nodes the published examples speak of.
NODES = ("1000005050", "79897837271126017", "10000003527", "1000000352")


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(rate_factor=100, nodes=NODES, item_versions=("4.8", "5.0.20260608-18_15_07-api")) as box:
        yield box


def operation(name: str, path: str, method: str) -> Json:
    found: Json = model(name)["paths"][path][method]
    return found


def answer_of(name: str, path: str, method: str) -> Any:
    """The published answer; the first one where there are several."""
    content = operation(name, path, method)["responses"]["200"]["content"]["application/json"]
    return content["example"] if "example" in content else next(iter(content["examples"].values()))["value"]


def request_of(name: str, path: str, method: str) -> Any:
    return operation(name, path, method)["requestBody"]["content"]["application/json"]["example"]


def files_of(name: str) -> dict[str, Any]:
    """The published feed files that are JSON, by the name of the example."""
    examples = operation(name, "/v3/feeds", "post")["requestBody"]["content"]["multipart/form-data"]["examples"]
    return {key: one["value"] for key, one in examples.items() if not isinstance(one["value"], str)}


def shape(value: Any) -> Any:
    """Names and kinds of a value; of a list, those of its first element. Whole numbers and others are alike."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def lacking(ours: Any, published: Any, path: str = "") -> list[str]:
    """What of the published shape ours lacks or has as another kind."""
    if isinstance(published, dict):
        if not isinstance(ours, dict):
            return [f"{path}: no object"]
        missing = [f"{path}/{name}: missing" for name in published if name not in ours]
        common = [name for name in published if name in ours]
        return missing + [found for name in common for found in lacking(ours[name], published[name], f"{path}/{name}")]
    if isinstance(published, list):
        if not isinstance(ours, list):
            return [f"{path}: no list"]
        return lacking(ours[0], published[0], f"{path}[]") if ours and published else []
    return [] if ours == published else [f"{path}: {ours} instead of {published}"]


def test_the_comparison_of_shapes_sees_what_is_missing_or_of_another_kind() -> None:
    published = shape({"a": [{"b": 1, "c": "x"}], "d": True})
    assert lacking(shape({"a": [{"b": 2.5, "c": "y"}], "d": False, "more": 1}), published) == []
    assert lacking(shape({"a": [{"b": "1"}], "d": 1}), published) == [
        "/a[]/c: missing",
        "/a[]/b: str instead of number",
        "/d: number instead of bool",
    ]


def test_single_inventory_as_published(box: Box) -> None:
    body = request_of("inventory", "/v3/inventory", "put")
    add(box, items=[{"sku": body["sku"]}])
    written = box.call("PUT", f"/v3/inventory?sku={body['sku']}", json=body).raise_for_status().json()
    assert written == answer_of("inventory", "/v3/inventory", "put")
    read = box.call("GET", f"/v3/inventory?sku={body['sku']}").json()
    assert read == answer_of("inventory", "/v3/inventory", "get")
    assert problems(read, "Inventory", "inventory") == []


def test_inventory_by_node_as_published(box: Box) -> None:
    body, published = request_of("inventory", "/v3/inventories/{sku}", "put"), "/v3/inventories/{sku}"
    wanted = answer_of("inventory", published, "put")
    add(box, items=[{"sku": wanted["sku"]}])
    written = box.call("PUT", f"/v3/inventories/{wanted['sku']}", json=body).raise_for_status().json()
    assert written == wanted
    body["inventories"]["nodes"][0]["shipNode"] = "nowhere"
    failed = box.call("PUT", f"/v3/inventories/{wanted['sku']}", json=body).raise_for_status().json()
    assert problems(failed, "MultiNodeInventoryUpdateResponseDTO", "inventory") == []
    read = box.call("GET", f"/v3/inventories/{wanted['sku']}").json()
    assert lacking(shape(read), shape(answer_of("inventory", published, "get"))) == []


def test_all_inventories_as_the_example_shows_them(box: Box) -> None:
    """The schema has an object where the example has a list; the example is right."""
    add(box, count=11, stock=3)
    body = box.call("GET", "/v3/inventories").json()
    assert lacking(shape(body), shape(answer_of("inventory", "/v3/inventories", "get"))) == []


def test_walmart_fulfilled_stock_as_published(box: Box) -> None:
    add(box, count=2, stock=3, wfs=True)
    body = box.call("GET", "/v3/fulfillment/inventory").json()
    assert len(body["payload"]["inventory"]) == 2
    assert problems(body, "WfsInventoryDTO", "inventory") == []


def test_ship_nodes_as_published(box: Box) -> None:
    nodes = box.call("GET", "/v3/settings/shipping/shipnodes").json()
    published = operation("settings", "/v3/settings/shipping/shipnodes", "get")
    found = published["responses"]["200"]["content"]["application/json"]["examples"]["Sample 1"]["value"]
    assert lacking(shape(nodes), shape(found)) == []


@pytest.mark.parametrize(
    ("example", "kind"), [("json1", "inventory"), ("MultiNode_Bulk_Inventory_Update_Request", "MP_INVENTORY")]
)
def test_the_published_inventory_feeds_are_processed(box: Box, example: str, kind: str) -> None:
    body = files_of("inventory")[example]
    rows = body[KINDS[kind].items]
    add(box, items=[{"sku": row["sku"]} for row in rows])
    feed = done(box, send(box, kind, body))
    assert {status for _, status, _ in fates(feed)} == {"SUCCESS"}
    sent = [sum(q["amount"] for q in quantities(row)) for row in rows]
    assert [truth(box, row["sku"])["stock"]["amount"] for row in rows] == sent


def quantities(row: Json) -> list[Json]:
    return [row["quantity"]] if "quantity" in row else [node["quantity"] for node in row["shipNodes"]]


def test_the_published_price_feed_and_price_are_processed(box: Box) -> None:
    body = files_of("price")["json1"]
    single = request_of("price", "/v3/price", "put")
    add(box, items=[{"sku": row["sku"]} for row in [*body["Price"], single]])
    assert {status for _, status, _ in fates(done(box, send(box, "price", body)))} == {"SUCCESS"}
    answer = box.call("PUT", "/v3/price", json=single).raise_for_status().json()
    published = answer_of("price", "/v3/price", "put")
    assert lacking(shape(answer), shape(published)) == []
    assert answer["ItemPriceResponse"]["sku"] == published["ItemPriceResponse"]["sku"]
    assert problems(answer["ItemPriceResponse"], "ItemPriceResponse", "price") == []


ITEM_FILES = {"V4.8 MP_ITEM": "MP_ITEM", "V4.8 MP_MAINTENANCE": "MP_MAINTENANCE", "RETIRE_ITEM": "RETIRE_ITEM"}


@pytest.mark.parametrize("example", ITEM_FILES)
def test_the_published_item_feeds_are_understood(box: Box, example: str) -> None:
    """The examples' made-up product ids have wrong check digits; everything else in them is taken."""
    body, kind = json.loads(json.dumps(files_of("items")[example])), ITEM_FILES[example]
    if kind == "RETIRE_ITEM":
        add(box, items=[{"sku": row["sku"]} for row in body["RetireItem"]])
        assert {status for _, status, _ in fates(done(box, send(box, kind, body)))} == {"SUCCESS"}
        return
    block = body["MPItem"][0]["Orderable"]
    if kind == "MP_MAINTENANCE":
        block["productIdentifiers"]["productId"] = block["productIdentifiers"]["productId"][:-1] + "0"
        block["productIdentifiers"]["productId"] = right(block["productIdentifiers"]["productId"])
        add(box, items=[{"sku": block["sku"], "gtin": block["productIdentifiers"]["productId"]}])
    else:
        block["productIdentifiers"]["productId"] = right(block["productIdentifiers"]["productId"])
        block["productName"] = block["productName"][:200]
    assert fates(done(box, send(box, kind, body))) == [(block["sku"], "SUCCESS", "")]


def right(number: str) -> str:
    """The number with the check digit that belongs to it."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(number[:-1])))
    return f"{number[:-1]}{-total % 10}"


def test_the_published_match_feed_is_understood(box: Box) -> None:
    body = json.loads(json.dumps(files_of("items")["V4.1 MP_ITEM_MATCH"]))
    sku, number = "CWT-MATCH", right("20000000000010")
    body["MPItem"][0]["Item"].update(sku=sku, productIdentifiers={"productIdType": "GTIN", "productId": number})
    ((_, status, code),) = fates(done(box, send(box, "MP_ITEM_MATCH", body)))
    assert (status, code) == ("DATA_ERROR", "ERR_EXT_DATA_0101116")


def test_feeds_are_listed_and_told_as_published(box: Box) -> None:
    """`limit`, submission time and identifiers of the detail stand in the example, some of them not in the schema."""
    add(box, items=[{"sku": "A"}])
    feed_id = send(box, "inventory", inventory(A=1, B=2))
    box.clock.now += 3
    detail = box.call("GET", f"/v3/feeds/{quote(feed_id, safe='')}?includeDetails=true").json()
    published = shape(answer_of("feeds", "/v3/feeds/{feedId}", "get"))
    item = published["itemDetails"]["itemIngestionStatus"][0]
    for name in ("itemid", "productIdentifiers"):
        item.pop(name)
    assert lacking(shape(detail), published) == []
    assert problems({k: v for k, v in detail.items() if k != "feedSubmissionDate"}, "PartnerFeedResponse", "feeds") == [
        "itemDetails/itemIngestionStatus/1/ingestionErrors/ingestionError/0: "
        "Additional properties are not allowed ('field' was unexpected)"
    ]
    listed = box.call("GET", "/v3/feeds").json()
    found = shape(answer_of("feeds", "/v3/feeds", "get"))
    for name in ("channelType", "orgId"):
        found["results"]["feed"][0].pop(name)
    assert lacking(shape(listed), found) == []
    assert problems(box.call("POST", "/v3/feeds?feedType=price", files={"file": b"{}"}).json(), "FeedId", "price") == []


def test_items_as_published(box: Box) -> None:
    """Price amounts are numbers as in the examples, not strings as in the schema; groupingAttributes is a list."""
    add(box, catalog=True)
    box.faults({"kind": "feed_item_unpublished"})
    entry = mp_item("V", 77)
    entry["Visible"]["Wall Clocks"].update(variantGroupId="G", variantAttributeNames=["color"])
    done(box, send(box, "MP_ITEM", items(entry)))
    box.clock.now += 3
    body = box.call("GET", "/v3/items?nextCursor=*&limit=100").json()
    found = problems(body, "ItemResponses", "items")
    assert {text.partition(": ")[0].split("/")[-1] for text in found} == {"amount", "groupingAttributes"}
    published = shape(answer_of("items", "/v3/items", "get"))
    whole = next(one for one in body["ItemResponse"] if "unpublishedReasons" in one)
    assert lacking(shape(whole), published["ItemResponse"][0]) == []
    single = box.call("GET", "/v3/items/CWT-0001?productIdType=SKU").json()
    assert lacking(shape(single), shape(answer_of("items", "/v3/items/{id}", "get"))) == []
    assert json.loads(single["ItemResponse"][0]["shelf"])[0] == "Home Page"
    retired = box.call("DELETE", "/v3/items/CWT-0001").json()
    assert lacking(shape(retired), shape(answer_of("items", "/v3/items/{SKU}", "delete"))) == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("items", "/v3/items/taxonomy"),
        ("utilities", "/v3/utilities/taxonomy"),
        ("utilities", "/v3/utilities/taxonomy/departments"),
    ],
)
def test_taxonomy_as_published(box: Box, name: str, path: str) -> None:
    body = box.call("GET", path).json()
    assert lacking(shape(body), shape(answer_of(name, path, "get"))) == []
    if path.endswith("departments"):
        one = body["payload"][0]["departments"][0]["departmentId"]
        found = box.call("GET", f"{path}/{one}").json()
        assert lacking(shape(found), shape(answer_of(name, f"{path}/{{departmentId}}", "get"))) == []


def returned(box: Box) -> str:
    order = order_of(2)
    box.raw(order)
    po = order["purchaseOrderId"]
    box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status()
    box.call("POST", f"/v3/orders/{po}/shipping", json=shipment("1", 2)).raise_for_status()
    lines = [{"line": "1", "quantity": 2, "reason": "ARRIVED_LATE"}]
    made = {"purchaseOrderId": po, "kind": "REPLACEMENT", "timeline": "manual", "lines": lines}
    ids: list[str] = box.http.post("/sandbox/returns", json=made).raise_for_status().json()["returnOrderIds"]
    return ids[0]


def test_returns_as_published(box: Box) -> None:
    """References hold texts as in the example, not money as in the schema; no cursor on the last page."""
    return_id = returned(box)
    box.http.post(f"/sandbox/returns/{return_id}/change", json={"kind": "ship"}).raise_for_status()
    body = box.call("GET", "/v3/returns?replacementInfo=true").json()
    found = {text.split("/")[-1] for text in problems(body, "GetReturnOrdersResponse", "returns")}
    assert {text.partition(": ")[2] for text in found if "nextCursor" in text} == {
        "'nextCursor' is a required property"
    }
    rest = [text for text in found if "nextCursor" not in text]
    assert all(text.startswith("value: ") and "is not of type 'object'" in text for text in rest)
    published = shape(answer_of("returns", "/v3/returns", "get"))
    published["meta"].pop("nextCursor")
    line = published["returnOrders"][0]["returnOrderLines"][0]
    # These come with exceptions, cancellations and recharges only.
    for name in ("exceptionItemType", "rechargeReason", "returnCancellationReason", "refundChannels"):
        line.pop(name)
    assert lacking(shape(body), published) == []


def test_the_published_return_refund_is_accepted(box: Box) -> None:
    return_id, body = returned(box), request_of("returns", "/v3/returns/{returnOrderId}/refund", "post")
    order = box.call("GET", f"/v3/returns?returnOrderId={return_id}").json()["returnOrders"][0]
    body = {**body, "customerOrderId": order["customerOrderId"]}
    answer = box.call("POST", f"/v3/returns/{return_id}/refund", json=body).raise_for_status().json()
    published = answer_of("returns", "/v3/returns/{returnOrderId}/refund", "post")
    assert answer == {**published, "returnOrderId": return_id, "customerOrderId": order["customerOrderId"]}
    assert problems(answer, "RefundResponse", "returns") == []


def test_every_published_parameter_of_returns_is_understood(box: Box) -> None:
    names = {one["name"] for one in operation("returns", "/v3/returns", "get")["parameters"]}
    assert len(ReturnQuery.__dataclass_fields__) - 1 == len(names)
    params = {name: "2026-11-20" if "Date" in name else "1" for name in names}
    params |= {"status": "INITIATED", "returnType": "REFUND", "replacementInfo": "true"}
    assert box.call("GET", "/v3/returns", params=params).status_code == 200


def test_reports_as_published(box: Box) -> None:
    made = box.http.post("/sandbox/settlements", json={}).json()
    dates = box.call("GET", "/v3/report/reconreport/availableReconFiles?reportVersion=v1").json()
    published = answer_of("reports", "/v3/report/reconreport/availableReconFiles", "get")
    assert lacking(shape(dates), shape(published)) == []
    assert len(made["reportDate"]) == len(published["availableApReportDates"][0])
    statement = box.call("GET", "/v3/report/payment/statement").json()
    assert problems(statement, "PartnerProgramStatementRes", "reports") == []
    wanted = shape(answer_of("reports", "/v3/report/payment/statement", "get"))
    details = wanted["payload"]["transactionDetails"]
    # Kinds of fees the sandbox does not take; those it takes are in netPayable.
    details.pop("partnerTxns")
    for name, kept in (("adjustmentAggregate", {"netPayable"}), ("wfs", {"netPayable"})):
        details[name] = {key: value for key, value in details[name].items() if key in kept}
    for name in ("wfsShipping", "wfsShipppingTax"):
        details["saleAggregate"].pop(name)
    assert lacking(shape(statement), wanted) == []


def test_reports_on_request_as_published(box: Box) -> None:
    path = "/v3/reports/reportRequests"
    body = request_of("onrequestreports", path, "post")
    asked = box.call("POST", f"{path}?reportType=ITEM&reportVersion=v4", json=body).raise_for_status().json()
    assert lacking(shape(asked), shape(answer_of("onrequestreports", path, "post"))) == []
    assert asked["payload"] == body
    box.call("POST", f"{path}?reportType=ITEM&reportVersion=v4", json={}).raise_for_status()
    box.clock.now += 3
    listed = box.call("GET", f"{path}?reportType=ITEM&limit=1").json()
    assert lacking(shape(listed), shape(answer_of("onrequestreports", path, "get"))) == []
    assert problems(listed, "RequestsStatusResponse", "onrequestreports") == []
    one = box.call("GET", f"{path}/{asked['requestId']}").json()
    assert problems(one, "RequestStatusResponse", "onrequestreports") == []
    link = box.call("GET", f"/v3/reports/downloadReport?requestId={asked['requestId']}").json()
    assert lacking(shape(link), shape(answer_of("onrequestreports", "/v3/reports/downloadReport", "get"))) == []


def enum_of(name: str, path: str, method: str, parameter: str) -> set[str]:
    found = next(one for one in operation(name, path, method)["parameters"] if one["name"] == parameter)
    values = found["schema"].get("enum", [found["schema"].get("default")])
    return set(values)


def test_enumerations_of_these_calls_are_the_published_ones() -> None:
    feeds = [enum_of(name, "/v3/feeds", "post", "feedType") for name in ("inventory", "price", "items")]
    assert set(KINDS) <= set().union(*feeds)
    kinds = enum_of("items", "/v3/items/{id}", "get", "productIdType")
    assert set(ID_LENGTHS) == kinds - {"SKU", "ITEM_ID"}
    asked = enum_of("onrequestreports", "/v3/reports/reportRequests", "post", "reportType")
    assert set(REPORT_TYPES) <= asked
    statuses = schemas("feeds")["PartnerFeedResponse"]["properties"]["feedStatus"]["enum"]
    assert set(statuses) == {"RECEIVED", "INPROGRESS", "PROCESSED", "ERROR"}


def test_a_feed_that_fails_tells_why_as_published(box: Box) -> None:
    body = done(box, send(box, "price", {"PriceFeed": prices()}))
    assert problems({k: v for k, v in body.items() if k != "feedSubmissionDate"}, "PartnerFeedResponse", "feeds") == []
