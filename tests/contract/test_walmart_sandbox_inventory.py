"""TEST-1, INV-4, INV-5: stock in the Walmart sandbox, one SKU, all of them, by node, and what was written when."""

from collections.abc import Iterator

import pytest

from tests.contract.walmart_box import Box, code_of, walmart_box
from tests.contract.walmart_seller import NODE, add, done, inventory, put_stock, send, status, truth
from tests.unit.walmart_sandbox.orders import order_of, shipment


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as box:
        yield box


def test_a_number_written_is_the_number_read(box: Box) -> None:
    """INV-2: absolute, not a delta; the answer echoes it."""
    add(box, items=[{"sku": "A", "stock": 5}])
    assert put_stock(box, "A", 7).json() == {"sku": "A", "quantity": {"unit": "EACH", "amount": 7}}
    assert box.call("GET", "/v3/inventory?sku=A").json()["quantity"]["amount"] == 7


@pytest.mark.parametrize("sku", ["a b+c", "50% off", "x/y", "ü#1?&=", "A:B@C"])
def test_skus_are_read_as_they_were_encoded(box: Box, sku: str) -> None:
    add(box, items=[{"sku": sku}])
    assert put_stock(box, sku, 3).status_code == 200
    assert truth(box, sku)["stock"]["amount"] == 3


def test_a_plus_is_a_plus_and_no_space(box: Box) -> None:
    add(box, items=[{"sku": "a b"}])
    assert box.call("GET", "/v3/inventory?sku=a%20b").status_code == 200
    assert box.call("GET", "/v3/inventory?sku=a+b").status_code == 404


def test_an_unknown_sku_is_content_not_found(box: Box) -> None:
    """INV-4: whoever gets this creates the item."""
    refused = put_stock(box, "NOPE", 1)
    assert code_of(refused) == (404, "CONTENT_NOT_FOUND")
    assert int(refused.headers["x-current-token-count"]) == 199
    assert code_of(box.call("GET", "/v3/inventory?sku=NOPE")) == (404, "CONTENT_NOT_FOUND")
    assert code_of(box.call("GET", "/v3/inventories/NOPE")) == (404, "CONTENT_NOT_FOUND")
    body = {"inventories": {"nodes": [{"shipNode": NODE, "inputQty": {"unit": "EACH", "amount": 1}}]}}
    assert code_of(box.call("PUT", "/v3/inventories/NOPE", json=body)) == (404, "CONTENT_NOT_FOUND")


@pytest.mark.parametrize("amount", [-1, 1.5, "7", None, True])
def test_only_whole_numbers_are_taken(box: Box, amount: object) -> None:
    add(box, items=[{"sku": "A", "stock": 5}])
    assert code_of(put_stock(box, "A", amount)) == (400, "INVALID_REQUEST_CONTENT")
    assert truth(box, "A")["stock"]["amount"] == 5


def test_the_sku_stands_in_query_and_body(box: Box) -> None:
    add(box, items=[{"sku": "A"}, {"sku": "B"}])
    body = {"sku": "B", "quantity": {"unit": "EACH", "amount": 1}}
    assert code_of(box.call("PUT", "/v3/inventory?sku=A", json=body)) == (400, "INVALID_REQUEST_CONTENT")
    assert code_of(box.call("PUT", "/v3/inventory", json=body)) == (400, "MISSING_REQUEST_PARAM")
    unit = {"sku": "A", "quantity": {"unit": "CASE", "amount": 1}}
    assert code_of(box.call("PUT", "/v3/inventory?sku=A", json=unit)) == (400, "INVALID_REQUEST_CONTENT")


def test_all_inventories_by_opaque_cursor(box: Box) -> None:
    skus = add(box, count=120, stock=4)
    seen, cursors, cursor = [], set(), ""
    while True:
        page = box.call("GET", f"/v3/inventories?limit=50{cursor}").raise_for_status().json()
        seen += [row["sku"] for row in page["elements"]["inventories"]]
        assert page["meta"]["totalCount"] == 120
        if "nextCursor" not in page["meta"]:
            break
        cursors.add(page["meta"]["nextCursor"])
        cursor = f"&nextCursor={page['meta']['nextCursor']}"
    assert sorted(seen) == sorted(skus)
    assert len(cursors) == 2
    assert len(box.call("GET", "/v3/inventories").json()["elements"]["inventories"]) == 10
    assert code_of(box.call("GET", "/v3/inventories?limit=51")) == (400, "INVALID_REQUEST_PARAM")
    other_limit = f"/v3/inventories?limit=20{cursor}"
    assert code_of(box.call("GET", other_limit)) == (400, "INVALID_REQUEST_PARAM")


def test_a_200_may_hold_failures_of_single_nodes(box: Box) -> None:
    add(box, items=[{"sku": "A"}])
    nodes = [
        {"shipNode": NODE, "inputQty": {"unit": "EACH", "amount": 8}},
        {"shipNode": "no-such-node", "inputQty": {"unit": "EACH", "amount": 9}},
        {"shipNode": "10000003527", "inputQty": {"unit": "EACH", "amount": -1}},
    ]
    answer = box.call("PUT", "/v3/inventories/A", json={"inventories": {"nodes": nodes}})
    assert answer.status_code == 200
    shown = answer.json()["nodes"]
    assert [node["status"] for node in shown] == ["Success", "Failure", "Failure"]
    assert [len(node.get("errors", [])) for node in shown] == [0, 1, 1]
    read = box.call("GET", "/v3/inventories/A").json()["nodes"]
    assert [(node["shipNode"], node["inputQty"]["amount"]) for node in read] == [(NODE, 8)]


def test_open_orders_hold_stock_back_and_shipped_units_are_gone(box: Box) -> None:
    order = order_of(3)
    sku = order["orderLines"]["orderLine"][0]["item"]["sku"]
    add(box, items=[{"sku": sku, "stock": 10}])
    box.raw(order)

    def numbers() -> tuple[int, ...]:
        (node,) = box.call("GET", f"/v3/inventories/{sku}").json()["nodes"]
        return tuple(node[name]["amount"] for name in ("inputQty", "availToSellQty", "reservedQty"))

    assert numbers() == (10, 7, 3)
    po = order["purchaseOrderId"]
    box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status()
    box.call("POST", f"/v3/orders/{po}/shipping", json=shipment("1", 2)).raise_for_status()
    assert numbers() == (10, 7, 1)
    put_stock(box, sku, 8).raise_for_status()
    assert numbers() == (8, 7, 1)


def test_every_number_ever_written_is_kept_with_the_time_it_was_sent(box: Box) -> None:
    """INV-5: an older number that overwrites a newer one can be seen."""
    add(box, items=[{"sku": "A"}])
    sent = box.clock.now
    feed_id = send(box, "inventory", inventory(A=1))
    box.clock.now += 0.1
    put_stock(box, "A", 2).raise_for_status()
    box.clock.now += 3
    assert status(box, feed_id)["feedStatus"] == "PROCESSED"
    shown = truth(box, "A")
    history = shown["stock_history"]
    assert [(one["amount"], one["via"], one["stale"]) for one in history] == [(2, "put", False), (1, "feed", True)]
    assert history[1]["sent_at"] == sent < history[0]["sent_at"] < history[1]["applied_at"]
    assert history[1]["reference"] == feed_id
    assert (shown["stock"]["amount"], shown["stock"]["writes"]) == (1, 2)


def test_stock_of_walmart_fulfilled_items_is_read_only(box: Box) -> None:
    add(box, items=[{"sku": f"W{n}", "stock": n, "wfs": True} for n in range(1, 4)] + [{"sku": "A", "stock": 9}])
    body = box.call("GET", "/v3/fulfillment/inventory?limit=2&offset=1").json()
    assert body["headers"] == {"totalCount": 3, "limit": 2, "offset": 1}
    found = [(one["sku"], one["shipNodes"][0]["availToSellQty"]) for one in body["payload"]["inventory"]]
    assert found == [("W2", 2), ("W3", 3)]
    assert code_of(put_stock(box, "W1", 5)) == (400, "INVALID_REQUEST_CONTENT")
    listed = box.call("GET", "/v3/inventories?limit=50").json()["elements"]["inventories"]
    assert [row["sku"] for row in listed] == ["A"]
    late = "/v3/fulfillment/inventory?fromModifiedDate=2026-11-21&toModifiedDate=2026-11-22"
    assert box.call("GET", late).json()["headers"]["totalCount"] == 0


def test_ship_nodes_are_a_bare_array(box: Box) -> None:
    nodes = box.call("GET", "/v3/settings/shipping/shipnodes").json()
    assert [node["shipNode"] for node in nodes] == [NODE, "10000003527"]


def test_an_answer_lost_after_the_write_leaves_the_write(box: Box) -> None:
    """TEST-3: a lying network."""
    add(box, items=[{"sku": "A", "stock": 1}])
    box.headers()
    box.faults({"kind": "lost", "path": "/v3/inventory", "limit": 1})
    with pytest.raises(Exception, match="disconnected"):
        put_stock(box, "A", 6)
    assert truth(box, "A")["stock"]["amount"] == 6


def test_scopes_of_inventory(box: Box) -> None:
    add(box, items=[{"sku": "A"}])
    box.http.put("/sandbox/accounts/sandbox-client", json={"scopes": {"inventory": "view_only"}}).raise_for_status()
    assert box.call("GET", "/v3/inventory?sku=A").status_code == 200
    assert put_stock(box, "A", 1).status_code == 403


def test_a_feed_writes_by_node(box: Box) -> None:
    add(box, items=[{"sku": "A"}])
    rows = [{"shipNode": "10000003527", "quantity": {"unit": "EACH", "amount": 12}}]
    body = {"inventoryHeader": {"version": "1.5"}, "inventory": [{"sku": "A", "shipNodes": rows}]}
    assert done(box, send(box, "MP_INVENTORY", body))["itemsSucceeded"] == 1
    assert truth(box, "A")["stock"]["nodes"][0]["node"] == "10000003527"
    single = send(box, "inventory", inventory(A=5), "&shipNode=10000003527")
    assert done(box, single)["itemsSucceeded"] == 1
    assert truth(box, "A")["stock"]["amount"] == 5
