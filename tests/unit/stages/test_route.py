"""Where a record goes next: orders to Odoo, acknowledgements to the marketplace once Odoo holds the order (FUL-1, EVT-5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.headers import Headers, decode_headers, encode_headers
from schemas.record import Message, Record
from streams.failure.routing import FailureRouting
from streams.settings import Settings
from streams.stages.route import Router
from tests.unit.failure.samples import codec
from tests.unit.observe.test_ledger import outcome
from tests.unit.stages.samples import order

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CODEC = codec()
KEY = "walmart:MAIN:99001"


def router() -> Router:
    return Router(CODEC, FailureRouting(CODEC, Settings()), lambda: NOW, {"odoo", "walmart"})


def headers(lane: str = "", checksum: str = "c1", version: int = 3) -> Headers:
    return Headers("id", "walmart", "order", version, checksum, "corr", 5, "sandbox", lane=lane)


def on_orders(lane: str = "", checksum: str = "c1") -> Record:
    value = CODEC.encode("order", order(order_id="99001"))
    return Record("orders", 0, 1, 0, KEY.encode(), value, encode_headers(headers(lane, checksum)))


def on_outcomes(**changes: Any) -> Record:
    event = outcome("applied", key=KEY) | {"account": "MAIN", "remote_id": "42"} | changes
    return Record("outcomes", 0, 1, 0, KEY.encode(), CODEC.encode("outcome", event), encode_headers(headers()))


def delivery(message: Message) -> Any:
    return CODEC.decode("deliver", message.value)


@pytest.mark.parametrize(("lane", "topic"), [("", "deliver.odoo.critical"), ("bulk", "deliver.odoo.bulk")])
def test_an_order_goes_to_odoo_in_its_lane_byte_for_byte(lane: str, topic: str) -> None:
    record = on_orders(lane)
    [message] = router().messages(record)
    sent = delivery(message)
    assert (message.topic, message.key) == (topic, record.key)
    assert (sent["operation"], sent["kind"], sent["version"], sent["account"]) == ("upsert_order", "state", 3, "MAIN")
    assert sent["body"] == record.value
    assert decode_headers(message.headers).correlation == "corr"


def test_the_same_state_has_the_same_delivery_id_and_a_change_another() -> None:
    ids = [delivery(router().messages(on_orders(checksum=c))[0])["id"] for c in ("c1", "c1", "c2")]
    assert ids[0] == ids[1] != ids[2]


def test_the_marketplace_hears_of_it_once_odoo_holds_the_order() -> None:
    [message] = router().messages(on_outcomes())
    sent = delivery(message)
    assert message.topic == "deliver.walmart.critical"
    assert (sent["operation"], sent["kind"]) == ("acknowledge_order", "command")
    body = CODEC.decode("acknowledge_order", sent["body"])
    assert (body["order_id"], body["account"], body["remote_id"]) == ("99001", "MAIN", "42")


@pytest.mark.parametrize(
    "changes",
    [
        {"result": "retry"},
        {"result": "held"},
        {"result": "stale"},
        {"status": "shipped"},
        {"destination": "walmart"},
        {"operation": "acknowledge_order"},
        {"source": "odoo"},
    ],
)
def test_no_other_outcome_acknowledges(changes: dict[str, str]) -> None:
    assert router().messages(on_outcomes(**changes)) == []


def test_every_version_of_an_order_leads_to_the_same_acknowledgement() -> None:
    ids = {delivery(router().messages(on_outcomes(checksum=c, version=v))[0])["id"] for c, v in (("a", 1), ("b", 2))}
    assert len(ids) == 1


def test_what_cannot_be_read_is_a_dead_letter() -> None:
    for bad in (
        Record("outcomes", 0, 1, 0, KEY.encode(), b"\x00junk", encode_headers(headers())),
        Record("orders", 0, 1, 0, KEY.encode(), None, encode_headers(headers())),
        Record("orders", 0, 1, 0, b"no-colons", b"x", encode_headers(headers())),
        Record("orders", 0, 1, 0, KEY.encode(), b"x", ()),
    ):
        [message] = router().messages(bad)
        assert message.topic == "dead.route"
