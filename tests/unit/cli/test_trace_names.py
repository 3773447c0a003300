"""OPS-5: `causeway trace` takes what is printed at the marketplace, at 1688 or in Odoo, or says in a line what to type instead."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.record import Message
from schemas.records import RawEvent
from tests.unit.cli import samples
from tests.unit.cli.samples import CODEC, NOW, Kafka
from tests.unit.observe.bodies import body_of
from tests.unit.stages.samples import order

WALMART, AMAZON = "walmart:main:9900000000001", "amazon:eu:112-1234567-7654321"
NUMBER, OTHER = "2100000000000001", "2100000000000002"
BOUGHT, PURCHASE = f"alibaba:main:order:{NUMBER}", "odoo:purchase_order:12"


def body(topic: str, entity: str, **changes: Any) -> Message:
    made = body_of(entity) | changes
    return Message(topic, made.get("key", f"sku:{made.get('sku')}").encode(), CODEC.encode(entity, made), ())


def of_odoo(entity: str, key: str, **payload: Any) -> Message:
    event = RawEvent(
        source="odoo", account="main", entity=entity, key=key, payload=json.dumps(payload).encode(), content_type="application/json",
        fetched_at=NOW, checksum="c", correlation=key, request="",
    )  # fmt: skip
    return Message(f"raw.odoo.{entity}s", key.encode(), CODEC.encode("raw_event", event), ())


def sold(key: str, **changes: Any) -> list[Message]:
    source, account, number = key.split(":")
    value = CODEC.encode("order", order(number) | {"key": key, "source": source, "account": account} | changes)
    return [Message(topic, key.encode(), value, ()) for topic in ("orders", "orders.current")]


def result(orders: list[str]) -> Message:
    (one,) = body_of("purchase_result")["orders"]
    return body(
        "purchase-results", "purchase_result", key=PURCHASE, source="alibaba", account="main", purchase_name="P00012",
        orders=[one | {"order_id": number} for number in orders],
    )  # fmt: skip


@pytest.fixture(autouse=True)
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """Two orders sold, one order bought at 1688 and its purchase order, a transfer, stock of a SKU."""
    made = Kafka()
    made.stand_in(monkeypatch, ("observe.trace", "failure.mappings"), ())
    monkeypatch.setattr("streams.observe.trace._places", lambda config, names, keys: {0: set(names)})
    made.messages += [
        *sold(WALMART, customer_order_id="2000100200300"), *sold(AMAZON),
        of_odoo("sale_order", "odoo:sale_order:7", name="S00012", order_key=WALMART),
        body("shipments", "shipment", key="odoo:picking:5", order_key=WALMART, picking="WH/OUT/00012"),
        body("purchase-orders", "purchase_order", key=PURCHASE, name="P00012", supplier_reference=f"{NUMBER}, 2100 0000 0000 0002"),
        result([NUMBER]),
        body("supplier-orders", "supplier_order", key=BOUGHT, source="alibaba", account="main", order_id=NUMBER),
        body("delivery-events", "delivery_event", key=f"{BOUGHT}:parcel:1:2:x", order_key=BOUGHT, order_id=NUMBER),
        body("inventory", "stock_level", key="sku:CWT-0001", sku="CWT-0001"),
    ]  # fmt: skip
    return made


CONFIGURED = {
    "CAUSEWAY_WALMART__ACCOUNTS": '{"main": {"client_id": "i", "client_secret": "s"}}',
    "CAUSEWAY_ALIBABA__ACCOUNTS": '{"main": {"app_key": "1234567", "app_secret": "s"}}',
}


def traced(word: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(samples.causeway("trace", word, "--json", code=0))
    return found


@pytest.mark.parametrize("is_configured", [True, False])
@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("9900000000001", WALMART), ("112-1234567-7654321", AMAZON), (NUMBER, BOUGHT), (f" {NUMBER}\n", BOUGHT), ("2100 0000 0000 0001", BOUGHT),
        ("2000100200300", WALMART),
        ("S00012", WALMART), ("P00012", PURCHASE), ("WH/OUT/00012", "odoo:picking:5"), ("CWT-0001", "sku:CWT-0001"),
        (OTHER, PURCHASE),  # an order that was not read yet, on the purchase order by hand
    ],
)  # fmt: skip
def test_what_is_printed_is_found(word: str, key: str, is_configured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CONFIGURED.items() if is_configured else ():
        monkeypatch.setenv(name, value)
    assert traced(word)["key"] == key


@pytest.mark.parametrize("word", [NUMBER, "P00012"])
def test_a_purchase_is_told_with_both_sides(word: str) -> None:
    """PO-1, PO-2, LOG-1"""
    topics = {step["origin"].partition("/")[0] for step in traced(word)["steps"]}
    assert {"purchase-orders", "purchase-results", "supplier-orders", "delivery-events"} <= topics


def test_one_word_for_several_things_is_said(kafka: Kafka) -> None:
    kafka.messages += sold("walmart:two:9900000000001")
    said = samples.causeway("trace", "9900000000001", code=1)
    assert "name one of: walmart:main:9900000000001, walmart:two:9900000000001" in said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("2100000000000009", "type an order's number at the marketplace or at 1688, a name of Odoo such as P00012"),
        ("S00099", "the order's Source Document in Odoo"),
        ("CWT:1", "A SKU is asked for as sku:CWT:1"),
        ("odoo:picking:99", "is it younger than the topics' retention?\n"),
        ("S00012 or so", "type an order's number"),
    ],
)
def test_what_is_not_found_says_in_a_line_what_to_type(word: str, said: str) -> None:
    output = samples.causeway("trace", word, code=1)
    assert f"no topic holds anything of {word}: " in output
    assert said in output
    assert output.count("\n") == 1


def test_a_record_that_cannot_be_read_hides_no_other(kafka: Kafka) -> None:
    kafka.messages.insert(0, Message("purchase-orders", b"odoo:purchase_order:1", b"P00012", ()))
    kafka.messages.insert(0, of_odoo("sale_order", "odoo:sale_order:8", name="P00012 copy"))
    kafka.messages.insert(0, Message("purchase-results", PURCHASE.encode(), NUMBER.encode(), ()))
    assert traced("P00012")["key"] == PURCHASE
    assert traced(NUMBER)["key"] == BOUGHT
