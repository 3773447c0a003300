"""FIN-1, FIN-2, RET-1, TEST-1: settlements and returns of the Amazon sandbox, from the order to the file, over HTTP."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import pytest

from connectors.amazon.sandbox.order_feeds import REFUND_TYPE
from connectors.amazon.sandbox.return_reports import FBA_TYPE, SELLER_TYPE
from connectors.amazon.sandbox.settings import DEMO_SELLER, EU_SELLER, FE_SELLER, Seller
from connectors.amazon.sandbox.settlement_flat_file import STYLES
from connectors.amazon.sandbox.settlement_reports import TYPE
from connectors.amazon.settlements import fetched as read
from connectors.amazon.settlements import to_settlement
from tests.contract.amazon_box import Box, Json, amazon_box, error_of
from tests.contract.amazon_goods import REPORTS, US, fetched, report
from tests.contract.test_amazon_sandbox_feeds import send as send_flat

SELLERS = {"US": DEMO_SELLER, "CA": DEMO_SELLER, "UK": EU_SELLER, "DE": EU_SELLER, "JP": FE_SELLER}
PLAIN = {"base": "plain", "marketplaces": ["US"], "max_quantity": 1, "items": [1]}


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=1000.0) as box:
        yield box


def shipped(box: Box, count: int, seller: Seller = DEMO_SELLER, **more: object) -> list[str]:
    """Ids of orders of which everything that can be shipped is shipped."""
    ids = box.add(count, account=seller.seller_id, **more)
    for order_id in ids:
        for kind in ("pay", "ship"):
            box.http.post(f"/sandbox/orders/{order_id}/change", json={"kind": kind, "account": seller.seller_id})
    return ids


def settle(box: Box, country: str = "US", **wish: object) -> Json:
    return box.control("/sandbox/settlements", account=SELLERS[country].seller_id, marketplace=country, **wish)


def listed(box: Box, seller: Seller = DEMO_SELLER) -> list[Json]:
    found: list[Json] = (
        box.call("GET", f"{REPORTS}/reports", seller, params={"reportTypes": TYPE}).raise_for_status().json()["reports"]
    )
    return found


def downloaded(box: Box, made: Json, seller: Seller = DEMO_SELLER) -> bytes:
    """The file of a settlement, by its report."""
    shown = box.call("GET", f"{REPORTS}/reports/{made['reports'][0]}", seller).raise_for_status().json()
    document = box.call("GET", f"{REPORTS}/documents/{shown['reportDocumentId']}", seller).raise_for_status().json()
    return fetched(box, document)


def rows(content: bytes, country: str) -> list[dict[str, str]]:
    lines = content.decode(STYLES[country].charset).splitlines()
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def sums(content: bytes, country: str) -> dict[str, Decimal]:
    """Amounts by description of the rows after the summary."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(content, country)[1:]:
        found[row["amount-description"]] += amount(row["amount"])
    return found


@pytest.mark.parametrize("country", sorted(SELLERS))
def test_a_settlement_comes_to_what_it_says(box: Box, country: str) -> None:
    """FIN-2: rows = total; facilitator tax comes to nothing; the connector's reader finds the same."""
    seller = SELLERS[country]
    shipped(box, 40, seller, mix={"base": "heavy", "malformed": 0.0}, seed=5)
    # Orders of wrong form are left out, and stop nothing.
    box.add(10, account=seller.seller_id, mix={"base": "heavy", "malformed": 1.0, "shipped": 1.0}, seed=6)
    made = settle(box, country, reserve=1000, storage=500, advertising=250, adjustments=[["Balance Adjustment", 77]])
    content = downloaded(box, made, seller)
    head, *others = rows(content, country)
    assert len(others) == made["rows"] > 40
    assert sum((amount(row["amount"]) for row in others), Decimal(0)) == amount(head["total-amount"])
    taxes = [row for row in others if row["transaction-type"] == "Order" and row["amount-type"] == "ItemWithheldTax"]
    by_item = {row["order-item-code"] for row in taxes}
    collected = [
        row
        for row in others
        if row["order-item-code"] in by_item
        and row["amount-type"] == "ItemPrice"
        and "Tax" in row["amount-description"]
    ]
    assert sum(amount(row["amount"]) for row in [*taxes, *collected]) == 0
    assert bool(taxes) == (country in ("US", "CA"))
    record, *_ = to_settlement(read(content, STYLES[country].content_type, "main", {"reportId": "1"}).payload, "main")
    total = sum((Decimal(line["amount"]) for line in record.body["lines"]), Decimal(0))
    assert total == Decimal(record.body["deposit"]) == amount(head["total-amount"])
    assert {line["sku"] for line in record.body["lines"] if line["sku"]} == {row["sku"] for row in others if row["sku"]}


def test_what_is_settled_is_not_settled_again(box: Box) -> None:
    """FIN-1: each settlement begins where the last one ended."""
    shipped(box, 5, mix=PLAIN)
    first = settle(box, reserve=700)
    box.clock.tick(86_400)
    again = settle(box)
    assert (again["rows"], again["total"], again["start"]) == (1, 700, first["end"])
    shipped(box, 1, mix=PLAIN, seed=9)
    box.clock.tick(86_400)
    third = settle(box)
    assert len({row["order-id"] for row in rows(downloaded(box, third), "US") if row["order-id"]}) == 1


def test_parts_shipped_later_are_settled_later(box: Box) -> None:
    (order_id,) = box.add(1, mix={**PLAIN, "items": [0, 1]})
    first, second = (item["orderItemId"] for item in box.order(order_id)["orderItems"])
    found = []
    for item_id in (first, second):
        box.change(order_id, "ship", items={item_id: 1})
        found.append({row["order-item-code"] for row in rows(downloaded(box, settle(box)), "US") if row["order-id"]})
        box.clock.tick(60)
    assert found == [{first}, {second}]


def test_a_refund_is_in_the_next_settlement(box: Box) -> None:
    """RET-2, FIN-1: the seller's refund by feed comes off, with its part of the commission back."""
    (order_id,) = shipped(box, 1, mix=PLAIN)
    settle(box)
    (item,) = box.order(order_id)["orderItems"]
    columns = "order-id\torder-item-id\tadjustment-reason-code\tcurrency\titem-price-adj"
    send_flat(box, REFUND_TYPE, columns, f"{order_id}\t{item['orderItemId']}\tCustomerReturn\tUSD\t5.00")
    box.clock.tick(10)
    found = sums(downloaded(box, settle(box)), "US")
    assert found == {"Principal": Decimal("-5.00"), "Commission": Decimal("0.75"), "RefundCommission": Decimal("-0.15")}


def test_settlements_are_listed_and_cannot_be_asked_for(box: Box) -> None:
    shipped(box, 1, mix=PLAIN)
    made = settle(box, offers=2)
    assert [one["reportId"] for one in listed(box)] == made["reports"][::-1]
    assert {one["processingStatus"] for one in listed(box)} == {"DONE"}
    body = {"reportType": TYPE, "marketplaceIds": [US]}
    assert error_of(box.call("POST", f"{REPORTS}/reports", json=body))[0] == 400
    copy = settle(box, copy_of=made["settlementId"])
    assert len(listed(box)) == len(copy["reports"]) == 3
    contents = {downloaded(box, {"reports": [name]}) for name in copy["reports"]}
    assert len(contents) == 1


def test_settlements_are_wrong_on_request(box: Box) -> None:
    """FIN-2: what a reader must notice."""
    shipped(box, 2, mix=PLAIN)
    off = settle(box, variant="off_by_one")
    assert off["total"] == off["sum"] + 1
    assert amount(rows(downloaded(box, off), "US")[0]["total-amount"]) == Decimal(off["total"]) / 100
    unknown = settle(box, variant="unknown_type")
    assert "Base levy" in sums(downloaded(box, unknown), "US")


def test_currencies_are_settled_apart(box: Box) -> None:
    shipped(box, 30, EU_SELLER, mix={"base": "plain", "marketplaces": ["UK", "DE", "FR"]})
    pounds = settle(box, "UK")
    euros = box.control("/sandbox/settlements", account=EU_SELLER.seller_id, marketplaces=["DE", "FR"])
    assert (pounds["currency"], euros["currency"]) == ("GBP", "EUR")
    shops = {row["marketplace-name"] for row in rows(downloaded(box, euros, EU_SELLER), "DE")[1:]}
    assert shops == {"Amazon.de", "Amazon.fr"}
    for wrong in (
        {"marketplaces": ["UK", "DE"]},
        {"marketplace": "US"},
        {"variant": "odd"},
        {"colour": 1},
        {"copy_of": "1"},
    ):
        answer = box.http.post("/sandbox/settlements", json={"account": EU_SELLER.seller_id, **wrong})
        assert answer.status_code in (400, 404)


def returned(box: Box, order_id: str, timeline: str = "manual", **item: object) -> str:
    found = box.control("/sandbox/returns", orderId=order_id, items=[item], timeline=timeline)
    return str(found["returnIds"][0])


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines(), delimiter="\t"))


def test_a_return_to_the_seller_is_asked_for_then_there_then_refunded(box: Box) -> None:
    """RET-1: three things that move apart."""
    (order_id,) = shipped(box, 1, mix=PLAIN)
    return_id = returned(box, order_id, reason="DEFECTIVE")
    (asked,) = lines(report(box, SELLER_TYPE)[1])
    assert (asked["Amazon RMA ID"], asked["Return delivery date"], asked["Refunded Amount"]) == (return_id, "", "")
    box.control(f"/sandbox/returns/{return_id}/change", kind="receive")
    (there,) = lines(report(box, SELLER_TYPE)[1])
    assert (there["Return delivery date"], there["Refunded Amount"]) == ("20-Nov-2026", "")
    columns = "order-id\torder-item-id\tadjustment-reason-code\tcurrency\titem-price-adj"
    send_flat(box, REFUND_TYPE, columns, f"{order_id}\t{there['Order Item ID']}\tCustomerReturn\tUSD\t5.00")
    box.clock.tick(10)
    (refunded,) = lines(report(box, SELLER_TYPE)[1])
    assert refunded["Refunded Amount"] == "5.00"
    assert report(box, FBA_TYPE) == ("CANCELLED", b"")


def test_a_return_to_amazon_is_refunded_and_stands_in_its_stock(box: Box) -> None:
    """RET-1, ORD-10, FIN-1: Amazon tells of goods that are there only."""
    box.control("/sandbox/fba", catalog=True, fulfillable=10)
    (order_id,) = shipped(box, 1, mix={**PLAIN, "fba": 1.0})
    settle(box)
    (item,) = box.order(order_id)["orderItems"]
    return_id = returned(box, order_id, disposition="SELLABLE")
    assert report(box, FBA_TYPE) == ("CANCELLED", b"")
    box.control(f"/sandbox/returns/{return_id}/change", kind="receive")
    (line,) = lines(report(box, FBA_TYPE)[1])
    assert (line["order-id"], line["sku"], line["detailed-disposition"]) == (
        order_id,
        item["product"]["sellerSku"],
        "SELLABLE",
    )
    assert lines(report(box, SELLER_TYPE)[1]) == []
    assert box.state()["fba"][US][line["sku"]]["fulfillable"] == 10
    found = sums(downloaded(box, settle(box)), "US")
    assert found["Principal"] == -Decimal(item["product"]["price"]["unitPrice"]["amount"])
    assert found["Tax"] + found["MarketplaceFacilitatorTax-Principal"] == 0


def test_returns_are_reported_by_their_day_and_marketplace(box: Box) -> None:
    (order_id,) = shipped(box, 1, mix=PLAIN)
    returned(box, order_id)
    box.clock.tick(3 * 86_400)
    assert len(lines(report(box, SELLER_TYPE)[1])) == 1
    assert lines(report(box, SELLER_TYPE, since=box.ago(86_400))[1]) == []
    canada = next(one for one in DEMO_SELLER.marketplaces if one != US)
    assert lines(report(box, SELLER_TYPE, place=canada)[1]) == []


def test_no_unit_is_returned_twice(box: Box) -> None:
    (order_id,) = shipped(box, 1, mix=PLAIN)
    return_id = returned(box, order_id)
    again = box.http.post("/sandbox/returns", json={"orderId": order_id})
    assert again.status_code == 400
    box.control(f"/sandbox/returns/{return_id}/change", kind="receive")
    assert box.http.post(f"/sandbox/returns/{return_id}/change", json={"kind": "receive"}).status_code == 400
    for wrong in (
        {"orderId": order_id, "items": [{"reason": "MOOD"}]},
        {"count": 1, "timeline": "soon"},
        {"orderId": "999-0000000-0000000"},
    ):
        assert box.http.post("/sandbox/returns", json=wrong).status_code in (400, 404)
    (unshipped,) = box.add(1, mix=PLAIN, seed=8)
    assert box.http.post("/sandbox/returns", json={"orderId": unshipped}).status_code == 400


def test_goods_arrive_by_themselves_after_a_week(box: Box) -> None:
    shipped(box, 3, mix=PLAIN)
    ids = box.control("/sandbox/returns", count=2, seed=1, timeline="week")["returnIds"]
    box.clock.tick(6 * 86_400)
    assert [one["received"] for one in box.state()["returns"]] == [None, None]
    box.clock.tick(2 * 86_400)
    found = {one["returnId"]: one["received"] for one in box.state()["returns"]}
    assert set(found) == set(ids)
    assert len(set(found.values())) == 1
    (moment,) = set(found.values())
    assert moment == int((box.clock.now - 86_400) * 1000)
