"""Where a record goes next: orders to Odoo, acknowledgements to the marketplace once Odoo holds the order (FUL-1, EVT-5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.headers import Headers, decode_headers, encode_headers
from schemas.record import Message, Record
from schemas.topics import ENTITIES
from streams.failure.routing import FailureRouting
from streams.phases import Phase, Pilot
from streams.settings import Settings
from streams.stages.route import Router, Switches
from tests.unit.failure.samples import codec
from tests.unit.observe.test_ledger import outcome
from tests.unit.stages.samples import order

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CODEC = codec()
KEY = "walmart:MAIN:99001"
CHANNEL = ("walmart", "MAIN")
ON = Switches({"odoo", "walmart"}, (CHANNEL,), {"walmart": {"main": {"all": Phase.ON}}})


def router() -> Router:
    return Router(CODEC, FailureRouting(CODEC, Settings()), lambda: NOW, ON)


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
    message, *more = router().messages(record)
    assert {made.topic for made in more} == {"demand"}
    sent = delivery(message)
    assert (message.topic, message.key) == (topic, record.key)
    assert (sent["operation"], sent["kind"], sent["version"], sent["account"]) == ("upsert_order", "state", 3, "MAIN")
    assert sent["body"] == record.value
    assert decode_headers(message.headers).correlation == "corr"


def test_an_order_that_cannot_be_shipped_asks_its_units_and_goes_on_to_be_refused() -> None:
    """INV-2, INV-3, ORD-12: no other channel sells what it took, whatever is wrong with its address."""
    plain, troubled = order(order_id="99001"), order(order_id="99001", problems=["ship_to.zip: missing"])
    records = [replace(on_orders(), value=CODEC.encode("order", body)) for body in (plain, troubled)]
    known, found = (router().messages(record) for record in records)
    assert [made.topic for made in found] == ["deliver.odoo.critical", "demand"]
    assert CODEC.decode("demand", found[1].value) == CODEC.decode("demand", known[1].value)
    assert delivery(found[0])["body"] == records[1].value


def test_the_same_state_has_the_same_delivery_id_and_a_change_another() -> None:
    ids = [delivery(router().messages(on_orders(checksum=c))[0])["id"] for c in ("c1", "c1", "c2")]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("result", ["applied", "already_applied"])
def test_the_marketplace_hears_of_it_once_odoo_holds_the_order(result: str) -> None:
    """FUL-1: also when a repeated delivery finds the order there, because the first answer got lost."""
    [message] = router().messages(on_outcomes(result=result))
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


def switched(phase: Phase, pilot: Pilot | None = None) -> Router:
    pilots = {"walmart": {"main": pilot}} if pilot else {}
    switches = Switches({"odoo", "walmart"}, (CHANNEL,), {"walmart": {"main": {"orders": phase}}}, pilots)
    return Router(CODEC, FailureRouting(CODEC, Settings()), lambda: NOW, switches)


def told(message: Message) -> Any:
    return CODEC.decode("outcome", message.value)


def test_a_flow_that_is_off_writes_nothing_and_says_so() -> None:
    """OPS-7."""
    [ended] = [m for m in switched(Phase.OFF).messages(on_orders()) if m.topic != "demand"]
    assert ended.topic == "outcomes"
    outcome_ = told(ended)
    assert (outcome_["result"], outcome_["reason"], outcome_["operation"]) == ("excluded", "phase_off", "upsert_order")


def test_a_flow_in_shadow_keeps_what_would_be_written() -> None:
    """OPS-7: newest of each key and operation, and never on a topic that a sink reads."""
    shadow, ended = [m for m in switched(Phase.SHADOW).messages(on_orders()) if m.topic != "demand"]
    assert (shadow.topic, shadow.key) == ("shadow.odoo", f"{KEY}|upsert_order".encode())
    assert delivery(shadow)["key"] == KEY
    assert told(ended)["result"] == "shadow"


def test_a_new_account_is_in_shadow_with_every_flow() -> None:
    """OPS-7."""
    quiet = Router(CODEC, FailureRouting(CODEC, Settings()), lambda: NOW, Switches({"odoo", "walmart"}, (CHANNEL,)))
    for record in (on_orders(), on_outcomes()):
        assert not [m.topic for m in quiet.messages(record) if m.topic.startswith("deliver.")]


@pytest.mark.parametrize(("pilot", "topic"), [
    (Pilot(skus="CWT-"), "deliver.odoo.critical"), (Pilot(skus="XYZ"), "shadow.odoo"),
    (Pilot(categories=("All / Shoes",)), "deliver.odoo.critical"),
])  # fmt: skip
def test_what_lies_outside_the_pilot_scope_stays_in_shadow(pilot: Pilot, topic: str) -> None:
    """OPS-7: an order is of no category, so only its SKUs count."""
    assert topic in {m.topic for m in switched(Phase.ON, pilot).messages(on_orders())}


def test_a_cancellation_the_marketplace_refuses_is_taken_back_in_odoo() -> None:
    """ORD-13, REC-5: the first phase is rolled back when the second fails for good."""
    said = {"order_name": "S00007", "whole": "true"}
    dead = on_outcomes(destination="walmart", operation="cancel_lines", result="dead", reason="conflict", about=said)
    [message] = router().messages(dead)
    sent = delivery(message)
    assert (message.topic, message.key) == ("deliver.odoo.critical", KEY.encode())
    assert (sent["operation"], sent["kind"]) == ("reopen_order", "command")
    body = CODEC.decode("cancellation", sent["body"])
    assert (body["order_key"], body["order_name"], body["whole"]) == (KEY, "S00007", True)


@pytest.mark.parametrize(
    "changes", [{"reason": "transient"}, {"result": "retry"}, {"result": "held"}, {"operation": "ship_order"}]
)
def test_nothing_is_taken_back_while_the_cancellation_may_still_succeed(changes: dict[str, str]) -> None:
    """ORD-13."""
    dead = {"destination": "walmart", "operation": "cancel_lines", "result": "dead", "reason": "conflict"}
    assert router().messages(on_outcomes(**(dead | changes))) == []


def test_stock_for_an_item_the_marketplace_does_not_know_asks_for_its_listing() -> None:
    """INV-4."""
    key = "stock:walmart:MAIN:A:1"
    [wish] = router().messages(
        on_outcomes(key=key, destination="walmart", operation="set_stock", result="held", reason="mapping")
    )
    assert (wish.topic, wish.key) == ("poll.commands", b"odoo:main:products")
    asked: Any = CODEC.decode("poll_command", wish.value)
    assert (asked["action"], asked["ids"], asked["account"], asked["flow"]) == (
        "fetch_ids",
        ["A:1"],
        "odoo:main",
        "products",
    )


def canonical(entity: str, body: dict[str, Any], lane: str = "", id_: str = "fact-1") -> Record:
    value = CODEC.encode(entity, body)
    said = Headers(id_, "odoo", entity, 3, "c1", "corr", 5, "sandbox", lane=lane)
    return Record(ENTITIES[entity].every, 0, 1, 0, body["key"].encode(), value, encode_headers(said))


CANCELLATION = {
    "key": "odoo:sale_order:7", "order_key": KEY, "order_name": "S00007", "version": 3, "cancelled_at": NOW, "whole": True,
    "reason": "out_of_stock", "lines": [{"line_id": "1", "sku": "CWT-0001", "quantity": "1"}],
}  # fmt: skip
OFFER = {
    "key": "stock:walmart:MAIN:CWT-0001", "sku": "CWT-0001", "channel": "walmart", "account": "MAIN", "version": 3,
    "quantity": "4", "previous": "9", "urgent": False, "why": "stock", "terms": [], "caused_at": None, "at": NOW, "category": "",
}  # fmt: skip


def test_commands_of_an_order_share_its_key_and_the_critical_lane() -> None:
    """EVT-2, FUL-3: whatever the lane a resync asked for, none of one order can overtake another."""
    [message] = router().messages(canonical("cancellation", CANCELLATION, lane="bulk"))
    sent = delivery(message)
    assert (message.topic, message.key) == ("deliver.walmart.critical", KEY.encode())
    assert (sent["operation"], sent["kind"], sent["key"]) == ("cancel_lines", "command", KEY)


def test_two_facts_about_one_order_are_two_commands() -> None:
    """FUL-2: the second parcel is not the first one again."""
    made = [delivery(router().messages(canonical("cancellation", CANCELLATION, id_=i))[0]) for i in ("a", "b", "a")]
    assert made[0]["id"] == made[2]["id"] != made[1]["id"]
    assert made[0]["checksum"] == made[2]["checksum"] != made[1]["checksum"]


@pytest.mark.parametrize(("urgent", "lane"), [(True, "critical"), (False, "normal")])
def test_urgent_stock_takes_the_critical_lane(urgent: bool, lane: str) -> None:
    """EVT-5, INV-1."""
    [message] = router().messages(canonical("availability", OFFER | {"urgent": urgent}))
    assert message.topic == f"deliver.walmart.{lane}"
    assert delivery(message)["operation"] == "set_stock"


def test_a_channel_nobody_configured_gets_nothing() -> None:
    assert (
        router().messages(canonical("availability", OFFER | {"account": "OTHER", "key": "stock:walmart:OTHER:X"})) == []
    )


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def refund(return_key: str) -> Record:
    line = {
        "line_id": "1", "sku": "CWT-0001", "quantity": "1", "amount": money("5.00"), "tax": None, "shipping": None,
        "shipping_tax": None,
    }  # fmt: skip
    body = {
        "key": "odoo:account_move:9", "order_key": KEY, "reference": "RINV/9", "version": 3, "posted_at": NOW, "reason": "",
        "return_key": return_key, "total": money("5.00"), "lines": [line],
    }  # fmt: skip
    return canonical("refund", body)


def test_a_credit_note_that_books_the_marketplaces_own_refund_is_not_refunded_again() -> None:
    """RET-2: the money of a return went back already; any other credit note is told."""
    assert router().messages(refund(f"{KEY.rsplit(':', 1)[0]}:return:1")) == []
    [message] = router().messages(refund(""))
    assert delivery(message)["operation"] == "refund_order"


def test_no_command_in_shadow_replaces_another() -> None:
    """OPS-7: two cancellations of one order are two; released, each is delivered."""
    quiet = Router(CODEC, FailureRouting(CODEC, Settings()), lambda: NOW, Switches({"odoo", "walmart"}, (CHANNEL,)))
    keys = [quiet.messages(canonical("cancellation", CANCELLATION, id_=i))[0].key for i in ("a", "b", "a")]
    assert keys[0] == keys[2] != keys[1]
