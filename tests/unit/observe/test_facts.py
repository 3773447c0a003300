"""Every record of every topic is told in words (OPS-5), and none of the words is personal (SEC-3)."""

from __future__ import annotations

import re

import pytest

from schemas.topics import ENTITIES, topic_table
from streams.observe.facts import FACTS
from streams.observe.journey import step_of
from streams.observe.telling import told_topics
from tests.unit.observe.bodies import CODEC, body_of, on

# What belongs to nobody's way: wishes, positions, tables, memories of the pipeline.
CONTROL = {
    "orders.current",
    "mappings",
    "audit",
    "edge.boxes",
    "hardware-events",  # of devices; what follows of a transfer is told by packing checks
    "packing.events",
    "packing.ledger",
    "poll.commands",
    "poll.cursors",
    "reconciliations",
    "state.alibaba",
    "state.amazon",
    "state.odoo",
    "state.walmart",
}
PERSONAL = re.compile(
    r"<(name|first_name|email|phone|street\d?|city|district|zip|company|tax_id|tax_exempt_id|buyer_note|gift_message|tracking_\w+|supplier"
    r"|description|title|detail|customer_order_id|serial_numbers|reason)>"
)


def test_no_topic_is_forgotten() -> None:
    names = [topic.name for topic in topic_table()]
    assert set(names) - set(told_topics(names)) == CONTROL
    assert {ENTITIES[name].every for name in ENTITIES} <= set(FACTS)


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_words_hold_no_personal_data(topic: str) -> None:
    name, _ = FACTS[topic]
    step = step_of(on(topic, "k", CODEC.encode(name, body_of(name))), CODEC)
    assert step.kind == "canonical", step.text
    told = f"{step.text} {step.facts}"
    assert not PERSONAL.findall(told), told
    assert len(step.text) < 200


@pytest.mark.parametrize(
    ("entity", "changes", "words"),
    [
        (
            "order", {"status": "created", "problems": ["ship_to.zip: missing"]},
            "canonical order: created, 1 line, 2 <currency>, cannot be shipped: ship_to.zip: missing",
        ),
        (
            "shipment", {"picking": "WH/OUT/7", "carrier_code": "ups", "backorder": True},
            "left the warehouse, WH/OUT/7: 2 units in 1 parcel, ups, more to come",
        ),
        ("cancellation", {"whole": True}, "cancelled in Odoo: the whole order, 2 units"),
        ("cancellation", {"whole": False}, "cancelled in Odoo: 1 line, 2 units"),
        ("refund", {"reference": "RINV/1", "return_key": ""}, "credit note RINV/1 posted in Odoo: 2 <currency>, 1 line"),
        (
            "refund", {"reference": "R", "return_key": "walmart:main:return:7"},
            "credit note R posted in Odoo: 2 <currency>, 1 line, books what walmart:main:return:7 gave back already",
        ),
        (
            "return_order",
            {"kind": "refund", "return_id": "7", "source": "walmart", "physical": "in_transit", "financial": "pending", "service": ""},
            "refund 7 at walmart: goods in_transit, money pending, customer service silent, 1 line",
        ),
        ("stock_level", {"kit": False}, "Odoo's stock: 2 on hand, 2 reserved in 1 warehouse, 1 order known"),
        (
            "availability", {"channel": "walmart", "account": "main", "quantity": "9", "previous": "12", "why": "order"},
            "walmart:main may sell 9, before 12, because of order, at once",
        ),
        (
            "price_offer", {"channel": "walmart", "account": "main", "sale_price": None, "approval": "ann"},
            "walmart:main shall ask 2 <currency>, before 2 <currency>, approved by ann",
        ),
        ("listing", {"source": "walmart", "account": "main", "status": "failed"}, "listed at walmart:main: failed, problems <code>"),
        ("conflict", {"entity": "listing", "field": "brand", "master": "odoo", "action": "kept"}, "listing differs in brand: odoo is master, kept"),
        ("settlement", {"settlement_id": "9", "currency": "USD"}, "settlement 9: 1 transaction, deposit 2 USD"),
        (
            "settled_order", {"settlement_id": "9", "order_id": "7", "margin": "4.10", "currency": "USD"},
            "settlement 9 brought 4.10 USD for 7, before the cost of the goods",
        ),
        (
            "fulfilment_stock", {"source": "amazon", "account": "main", "sellable": "3", "inbound": "4"},
            "stock at amazon:main: 3 to sell, 2 reserved, 4 on the way",
        ),
        ("fulfilment_stock", {"source": "amazon", "account": "main", "active": False}, "stock at amazon:main: gone"),
        (
            "supplier_product", {"source": "alibaba", "account": "main", "offer_id": "7", "status": "published"},
            "offer 7 of alibaba:main: published, 1 variant",
        ),
        (
            "vendor_terms",
            {"source": "alibaba", "account": "main", "offer_id": "7", "sku_id": "11", "kind": "lead_time", "lead_days": 30,
             "approval": "ann", "why": "the supplier has 0"},
            "SKU 11 of offer 7 of alibaba:main: lead time 30 days, approved by ann: the supplier has 0",
        ),
        (
            "vendor_terms",
            {"source": "alibaba", "account": "main", "offer_id": "7", "sku_id": "", "kind": "lead_time", "lead_days": None,
             "approval": "none", "why": "w"},
            "SKU single of offer 7 of alibaba:main: lead time as it was: w",
        ),
        (
            "vendor_terms",
            {"source": "alibaba", "account": "main", "offer_id": "7", "sku_id": "11", "kind": "quantity", "minimum_quantity": "50",
             "approval": "automatic", "why": "w"},
            "offer 7 of alibaba:main: smallest order 50, approved by automatic: w",
        ),
        (
            "supplier_order", {"source": "alibaba", "account": "main", "order_id": "7", "state": "shipped", "status": "waitbuyerreceive"},
            "order 7 at alibaba:main: shipped (waitbuyerreceive), 1 parcel",
        ),
        ("delivery_event", {"order_id": "7", "parcel_id": "LP-1", "status": "SIGN"}, "parcel LP-1 of order 7: SIGN"),
        (
            "purchase_result", {"source": "alibaba", "account": "main", "purchase_name": "P00012", "status": "created"},
            "purchase order P00012 at alibaba:main: created, orders <order_id>",
        ),
        ("product", {"product_id": 5, "category": "", "barcode": ""}, "product 5 of Odoo: active, no category, 1 picture, no barcode"),
    ],
)  # fmt: skip
def test_what_happened_is_said(entity: str, changes: dict[str, object], words: str) -> None:
    record = on(ENTITIES[entity].every, "k", CODEC.encode(entity, body_of(entity, **changes)))
    assert step_of(record, CODEC).text == words


def test_a_quantity_that_is_none_does_not_stop_the_telling() -> None:
    parcels = body_of("shipment")["parcels"]
    parcels[0]["lines"][0]["quantity"] = "many"
    step = step_of(on("shipments", "k", CODEC.encode("shipment", body_of("shipment", parcels=parcels))), CODEC)
    assert "? units" in step.text


def test_proposals_and_answers_are_told_with_who_and_why() -> None:
    """PRC-1: what a person wrote is masked like every text of people."""
    said = {"subject": "price:walmart:main:A", "before": "10 USD", "after": "15 USD"}
    proposed = body_of("approval", **said, state="proposed", actor="", why="a change of 50 %", note="")
    approved = body_of("approval", **said, state="approved", actor="ann", why="", note="ok, ask ann@desk.example")
    told = [
        step_of(on("approvals", "sku:A", CODEC.encode("approval", body)), CODEC).text for body in (proposed, approved)
    ]
    assert told[0] == "price:walmart:main:A: 10 USD -> 15 USD proposed: a change of 50 %"
    assert told[1].startswith("price:walmart:main:A: 10 USD -> 15 USD approved by ann: ok")
    assert "ann@desk.example" not in told[1]
