"""PO-1, PO-2, PRD-2, EVT-2, OPS-7: purchase orders go to the platform their supplier names, what a platform says goes to Odoo, each by its own
switch; nothing of what is sold goes there."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.ports import Canonical
from schemas.headers import decode_headers
from schemas.record import Message, Record
from schemas.topics import ENTITIES, SOURCES, SUPPLIERS, Lane
from streams.failure.routing import FailureRouting
from streams.observe.flows import flow_rows, in_shadow
from streams.observe.ledger import ledgers
from streams.observe.operations import whose_record
from streams.phases import SUPPLIER_FLOWS, Flow, Phase, Pilot
from streams.settings import Settings
from streams.stages.canonical import canonical_message
from streams.stages.route import Router, Switches
from streams.stages.rules import NO_SUCH_ACCOUNT, RULES
from tests.unit.failure.samples import NOW as NOW_MS
from tests.unit.failure.samples import headers
from tests.unit.observe.bodies import AT, CODEC, body_of, on

BUYER, MARKET = ("alibaba", "main"), ("walmart", "main")
PURCHASE = "odoo:purchase_order:7"
KEYS = {
    "purchase_order": PURCHASE, "purchase_result": PURCHASE, "supplier_order": "alibaba:main:order:5",
    "supplier_product": "alibaba:main:offer:9", "vendor_terms": "alibaba:main:offer:9:11:lead_time",
}  # fmt: skip
OPERATIONS = {
    "purchase_order": ("deliver.alibaba.normal", "create_purchase", "command"), "purchase_result": ("deliver.odoo.normal", "note_purchase", "state"),
    "supplier_order": ("deliver.odoo.normal", "update_purchase", "state"),
    "supplier_product": ("deliver.odoo.bulk", "upsert_supplier_product", "state"),
    "vendor_terms": ("deliver.odoo.normal", "set_vendor_terms", "state"),
}  # fmt: skip


def switches(phases: dict[str, Any] | None = None, pilot: Pilot | None = None) -> Switches:
    """Everything of the marketplace is on; of the buyer's account what is said."""
    return Switches(
        {"odoo", "walmart", "alibaba"}, (MARKET,), {"walmart": {"main": {"all": Phase.ON}}, "alibaba": {"main": phases or {}}},
        {"alibaba": {"main": pilot}} if pilot else {}, (BUYER,),
    )  # fmt: skip


def routed(entity: str, by: Switches | None = None, lane: str = "", **changes: Any) -> list[Message]:
    """What follows from one record; everything is on unless `by` says otherwise."""
    plain = {
        "key": KEYS[entity],
        "source": "alibaba",
        "account": "main",
        "state": "purchase",
        "supplier": "alibaba:main:SELLER",
    }
    body = body_of(entity)
    body |= {name: value for name, value in (plain | changes).items() if name in body}
    record = on(ENTITIES[entity].every, body["key"], CODEC.encode(entity, body), source="odoo", lane=lane)
    by = by or switches({"all": Phase.ON})
    return Router(CODEC, FailureRouting(CODEC, Settings()), lambda: AT, by).messages(record)


def delivery(message: Message) -> Any:
    return CODEC.decode("deliver", message.value)


def places(messages: list[Message]) -> list[str]:
    return [message.topic.partition(".")[0] for message in messages]


@pytest.mark.parametrize("entity", sorted(KEYS))
def test_each_record_goes_where_it_belongs_under_the_key_it_has(entity: str) -> None:
    [message] = routed(entity)
    sent, (topic, operation, kind) = delivery(message), OPERATIONS[entity]
    assert (message.topic, message.key) == (topic, KEYS[entity].encode())
    assert (sent["operation"], sent["kind"], sent["account"]) == (operation, kind, "main")
    # A purchase order is Odoo's word, all else is the platform's, whatever led to it.
    assert sent["source"] == ("odoo" if entity == "purchase_order" else "alibaba")


@pytest.mark.parametrize("entity", sorted(KEYS))
def test_each_flow_of_a_buyer_is_switched_by_itself(entity: str) -> None:
    """OPS-7: a new account is in shadow with every flow."""
    flow = RULES[entity].flow
    assert flow in SUPPLIER_FLOWS
    assert places(routed(entity, switches())) == ["shadow", "outcomes"]
    assert places(routed(entity, switches({flow.value: Phase.ON}))) == ["deliver"]
    assert places(routed(entity, switches({"all": Phase.ON, flow.value: Phase.OFF}))) == ["outcomes"]
    others = {other.value: Phase.ON for other in Flow if other is not flow}
    assert places(routed(entity, switches(others))) == ["shadow", "outcomes"]


@pytest.mark.parametrize(
    ("state", "operations"),
    [
        ("draft", []), ("sent", []), ("to approve", []), ("", []), ("purchase", ["create_purchase"]), ("done", ["create_purchase"]),
        ("cancel", ["cancel_purchase"]),
    ],
)  # fmt: skip
def test_what_is_done_with_a_purchase_order_follows_from_its_state(state: str, operations: list[str]) -> None:
    """PO-1, EVT-2: both commands of one purchase order share its key and one lane, so that none overtakes the other; a resync moves neither."""
    made = routed("purchase_order", state=state, lane=Lane.BULK.value, confirmed_at=None)
    assert [delivery(message)["operation"] for message in made] == operations
    assert {(message.topic, message.key) for message in made} <= {("deliver.alibaba.normal", PURCHASE.encode())}


@pytest.mark.parametrize("state", ["draft", "sent", "to approve"])
def test_a_draft_that_was_confirmed_once_is_taken_back(state: str) -> None:
    """PO-1: it was cancelled in between; a reader that comes every 30 seconds may see the draft only. A quotation leads to nothing."""
    [message] = routed("purchase_order", state=state, confirmed_at=AT)
    assert (delivery(message)["operation"], message.topic) == ("cancel_purchase", "deliver.alibaba.normal")
    assert routed("purchase_order", state=state, confirmed_at=None) == []


@pytest.mark.parametrize("supplier", ["", "12345678-9", "VENDOR:main:X", "walmart:main:SELLER", "Alibaba"])
@pytest.mark.parametrize("state", ["purchase", "cancel"])
def test_purchase_orders_of_other_vendors_lead_to_nothing(supplier: str, state: str) -> None:
    assert routed("purchase_order", supplier=supplier, state=state) == []


@pytest.mark.parametrize(
    "supplier", [" alibaba:main:SELLER", "alibaba:MAIN:SELLER", "Alibaba: main :SELLER", "alibaba：main：SELLER"]
)
@pytest.mark.parametrize("state", ["purchase", "cancel"])
def test_how_a_person_writes_the_reference_of_a_vendor_does_not_count(supplier: str, state: str) -> None:
    """PO-1."""
    [message] = routed("purchase_order", supplier=supplier, state=state)
    assert (message.topic, delivery(message)["account"]) == ("deliver.alibaba.normal", "main")


@pytest.mark.parametrize("supplier", ["alibaba:other:SELLER", "alibaba:main:", "alibaba:main", "alibaba:"])
@pytest.mark.parametrize("state", ["purchase", "cancel"])
def test_one_that_names_no_account_of_the_platform_goes_to_one_that_can_tell_of_it(supplier: str, state: str) -> None:
    """PO-1: somebody meant it to be ordered there; told is who waits for it. It is switched as that account is."""
    [message] = routed("purchase_order", supplier=supplier, state=state)
    assert (message.topic, delivery(message)["account"]) == ("deliver.alibaba.normal", "main")
    assert places(routed("purchase_order", switches(), supplier=supplier, state=state)) == ["shadow", "outcomes"]


@pytest.mark.parametrize("supplier", ["alibaba:other:SELLER", "alibaba:main:SELLER", "alibaba:"])
@pytest.mark.parametrize("state", ["purchase", "cancel"])
def test_one_of_a_platform_without_any_account_is_excluded_and_seen(supplier: str, state: str) -> None:
    """Somebody meant it to be ordered there."""
    nobody = Switches({"odoo", "walmart", "alibaba"}, (MARKET,), {}, {}, ())
    [ended] = routed("purchase_order", nobody, supplier=supplier, state=state)
    told = CODEC.decode("outcome", ended.value)
    assert (ended.topic, told["result"], told["reason"]) == ("outcomes", "excluded", NO_SUCH_ACCOUNT)
    assert told["key"] == PURCHASE


def test_every_change_of_a_purchase_order_is_a_command_of_its_own() -> None:
    """PO-1: what was mended by the buyer is sent, and the sink looks before it orders; the same state twice is one command."""
    ids = []
    for version in (3, 3, 4):
        body = body_of(
            "purchase_order", key=PURCHASE, state="purchase", supplier="alibaba:main:SELLER", version=version
        )
        record = Canonical("purchase_order", PURCHASE, version, body)
        message = canonical_message(CODEC, record, headers(source="odoo"), b"secret")
        read = Record(message.topic, 0, 1, NOW_MS, message.key, message.value, message.headers)
        [made] = Router(CODEC, FailureRouting(CODEC, Settings()), lambda: AT, switches({"all": Phase.ON})).messages(
            read
        )
        ids.append(delivery(made)["id"])
        assert decode_headers(made.headers).entity == "create_purchase"
    assert ids[0] == ids[1] != ids[2]


def test_a_pilot_is_about_the_products_of_a_purchase_order() -> None:
    """OPS-7."""
    on_with = {"all": Phase.ON}
    line = body_of("purchase_order")["lines"][0]
    lines = [line | {"sku": sku} for sku in ("A-1", "A-2")]
    assert places(routed("purchase_order", switches(on_with, Pilot(skus="A-")), lines=lines)) == ["deliver"]
    assert places(routed("purchase_order", switches(on_with, Pilot(skus="A-1")), lines=lines)) == ["shadow", "outcomes"]
    assert places(routed("supplier_order", switches(on_with, Pilot(skus="B-")))) == [
        "deliver"
    ]  # it is about a purchase, whole


@pytest.mark.parametrize("entity", sorted(name for name, rule in RULES.items() if rule.flow not in SUPPLIER_FLOWS))
def test_nothing_of_what_is_sold_goes_to_a_suppliers_platform(entity: str) -> None:
    """INV-1, PRC-1, PRD-1: no number, price, listing, shipment or refund takes it for a marketplace."""
    key = {"product": "sku:A", "order": "alibaba:main:1", "listing": "alibaba:main:item:A"}.get(entity, "odoo:thing:1")
    body = body_of(entity)
    about = {
        "key": key,
        "order_key": "alibaba:main:1",
        "return_key": "",
        "channel": "alibaba",
        "account": "main",
        "sku": "A",
    }
    body |= {name: value for name, value in about.items() if name in body}
    record = on(ENTITIES[entity].every, key, CODEC.encode(entity, body))
    by = Switches({"odoo", "walmart", "alibaba"}, (MARKET,), {"alibaba": {"main": {"all": Phase.ON}}}, {}, (BUYER,))
    made = Router(CODEC, FailureRouting(CODEC, Settings()), lambda: AT, by).messages(record)
    assert [message.topic for message in made if ".alibaba" in message.topic] == []
    assert not set(SOURCES) & set(SUPPLIERS)


def test_status_counts_purchases_for_the_buyers_account_although_their_key_is_odoos() -> None:
    """OPS-1: of outcomes, of what is in shadow, of what failed."""
    shadowed, _ = routed("purchase_order", switches())
    assert shadowed.key is not None
    record = Record(shadowed.topic, 0, 1, 0, shadowed.key, shadowed.value, shadowed.headers)
    assert in_shadow([record], CODEC) == {(BUYER, Flow.PURCHASES): 1}
    assert in_shadow([record, Record(record.topic, 0, 2, 0, record.key, None, ())], CODEC) == {}
    for entity in ("purchase_order", "purchase_result"):
        [sent] = routed(entity)
        operation = OPERATIONS[entity][1]
        assert whose_record(CODEC, operation, PURCHASE, sent.value) == BUYER
        assert whose_record(CODEC, operation, PURCHASE, b"junk") == ("odoo", "main")
    _, ended = routed("purchase_result", switches())
    told = ledgers([CODEC.decode("outcome", ended.value)])
    [row] = [one for one in flow_rows(told, _nothing(), {}, [BUYER], {}, {}, AT) if one.flow == "purchases"]
    assert (row.account, row.phase) == ("alibaba:main", "shadow")
    assert len(flow_rows(told, _nothing(), {}, [BUYER], {}, {}, AT)) == len(SUPPLIER_FLOWS)


def _nothing() -> Any:
    from streams.observe.flows import FailedByFlow

    return FailedByFlow()
