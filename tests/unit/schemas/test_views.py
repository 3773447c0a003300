"""ERR-5: people see failed records masked; SEC-2: what is personal is said by the schemas."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.views import mask_json, mask_record, view_record
from tests.unit.failure.samples import KEY, codec, deliver_value

CANARIES = {
    "name": "Canary Nightingale", "email": "canary@example.org", "phone": "+15125550123", "street": "1 Canary Wharf", "zip": "78701",
    "message": "Happy birthday dear Canary",
}  # fmt: skip
AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def order() -> dict[str, Any]:
    money = {"amount": "10.00", "currency": "USD"}
    return {
        "key": KEY, "source": "walmart", "account": "ACME", "order_id": "1796277083022", "version": 7, "status": "created",
        "ordered_at": AT, "updated_at": AT, "currency": "USD", "total": money, "tax_total": money,
        "buyer": {"name": CANARIES["name"], "email": CANARIES["email"], "phone": ""},
        "gift_message": CANARIES["message"], "extras": {"seen": f"by {CANARIES['email']}"},
        "ship_to": {"name": CANARIES["name"], "street": CANARIES["street"], "zip": CANARIES["zip"], "country": "US", "phone": CANARIES["phone"]},
    }  # fmt: skip


def acknowledge_bytes() -> bytes:
    command = {"key": KEY, "source": "walmart", "account": "ACME", "order_id": "1796277083022", "accepted_at": AT}
    return codec().encode("acknowledge_order", command)


def failed(value: bytes | None, target: str = "deliver.odoo.critical") -> dict[str, Any]:
    return {
        "id": "f", "state": "dead", "destination": "odoo", "operation": "upsert_order", "key": KEY, "target": target, "value": value,
        "headers": {"id": b"abc"}, "reason": "data", "detail": f"about {CANARIES['email']}", "attempts": 1, "first_failure": AT,
        "last_failure": AT, "origin": "deliver.odoo.critical/3/41",
    }  # fmt: skip


def test_tagged_fields_are_masked_at_every_depth() -> None:
    shown = mask_record("order", order())
    text = json.dumps(shown)
    for canary in CANARIES.values():
        assert canary not in text
    assert shown["order_id"] == "1796277083022"
    assert shown["ordered_at"] == "2026-11-21T08:00:00+00:00"
    assert shown["ship_to"]["country"] == "US"


def test_that_a_field_is_empty_or_how_long_it_is_can_be_seen() -> None:
    buyer = mask_record("order", order())["buyer"]
    assert buyer == {"name": "*** (18 characters)", "email": "*** (18 characters)", "phone": ""}


def test_a_failed_record_is_opened_down_to_its_body() -> None:
    shown = mask_record("failed_record", failed(deliver_value(body=acknowledge_bytes())), codec())
    assert shown["value"]["operation"] == "upsert_order"
    assert shown["value"]["body"]["order_id"] == "1796277083022"
    assert shown["headers"] == {"id": "abc"}
    assert CANARIES["email"] not in shown["detail"]


def test_unmasked_shows_everything() -> None:
    shown = view_record("order", order(), masked=False)
    assert shown["buyer"]["name"] == CANARIES["name"]


@pytest.mark.parametrize("value", [b"garbage", b"\x00\x00\x00\x00\x63rest", b""])
def test_what_cannot_be_decoded_is_shown_by_its_size(value: bytes) -> None:
    assert mask_record("failed_record", failed(value), codec())["value"] == f"<{len(value)} bytes>"
    assert mask_record("failed_record", failed(value, "nowhere"), codec())["value"] == f"<{len(value)} bytes>"


def raw(payload: bytes) -> dict[str, Any]:
    return {
        "source": "walmart", "account": "ACME", "entity": "order", "key": KEY, "payload": payload, "content_type": "application/json",
        "fetched_at": AT, "checksum": "c", "correlation": "x",
    }  # fmt: skip


def test_a_sources_own_json_is_hidden_unless_known_to_be_harmless() -> None:
    payload = {
        "purchaseOrderId": "1796277083022", "customerOrderId": "5281956426648", "customerEmailId": CANARIES["email"],
        "shippingInfo": {"phone": 5125550123, "postalAddress": {"name": CANARIES["name"], "address1": CANARIES["street"], "country": "USA"}},
        "orderLines": [{"item": {"sku": "B-1"}, "orderLineQuantity": {"amount": "2"}, "brandNewField": CANARIES["message"]}],
        "status": "Created", "orderDate": 1795250400000, "type": "mail canary@example.org",
    }  # fmt: skip
    shown = mask_record("raw_event", raw(json.dumps(payload).encode()))["payload"]
    text = json.dumps(shown)
    for canary in (*CANARIES.values(), "5125550123", "USA"):
        assert canary not in text
    assert (shown["purchaseOrderId"], shown["customerOrderId"]) == ("1796277083022", "5281956426648")
    assert shown["orderLines"][0]["item"]["sku"] == "B-1"
    assert (shown["status"], shown["orderDate"]) == ("Created", 1795250400000)


def test_hostile_json_is_shown_by_its_size_or_cut() -> None:
    """SEC-5."""
    assert mask_record("raw_event", raw(b"{broken"))["payload"] == "<7 bytes>"
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    assert "x" not in json.dumps(mask_json(deep))


def test_a_type_named_before_the_place_it_is_shown_is_masked_too() -> None:
    """SEC-2: an Address of a field further on, when the first one is not there."""
    shown = view_record("order", {"ship_to": order()["ship_to"], "bill_to": order()["ship_to"], "lines": []})
    assert CANARIES["name"] not in json.dumps(shown)
    only_last = view_record("order", {"bill_to": order()["ship_to"]})
    assert only_last["bill_to"]["name"] == "*** (18 characters)"


def test_a_person_in_the_wrong_place_of_a_sources_json_is_hidden_too() -> None:
    """A damaged payload may hold anything anywhere: as the name of a field, or under a name that promises a code."""
    name = CANARIES["name"]
    payload = {name: 1, "status": name, "currency": [name], "orderDate": name, "sku": "Two words", "createdAt": "x"}
    shown = mask_json({**payload, "shipDate": "2026-03-04 05:06:07", "methodCode": "Standard"})
    assert name not in json.dumps(shown)
    assert (shown["sku"], shown["shipDate"], shown["methodCode"]) == ("Two words", "2026-03-04 05:06:07", "Standard")
