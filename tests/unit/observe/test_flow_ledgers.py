"""TEST-3: of every flow, in = applied + held + excluded + dead + shadow + waiting; states by key, commands by delivery."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.records import Outcome
from streams.observe.ledger import FlowLedger, Ledger, OpenJob, ledgers
from streams.observe.operations import OPERATIONS, account_of, operation_of
from tests.unit.observe.outcomes import AT, outcome, unmapped

STOCK = "stock:walmart:main:A-1"


def stock(result: str, version: int = 1, **changes: object) -> Outcome:
    return outcome("set_stock", result, STOCK, version=version, **changes)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([stock("applied")], "applied"),
        ([stock("held", reason="mapping")], "held"),
        ([stock("excluded", reason="phase_off")], "excluded"),
        ([stock("shadow")], "shadow"),
        ([stock("shadow"), stock("applied")], "applied"),  # released
        ([stock("shadow"), stock("stale")], "applied"),  # released, and the channel has a newer number
        ([stock("submitted", job="feed:1")], "waiting"),
        ([stock("submitted", job="feed:1"), stock("applied")], "applied"),
        ([stock("submitted", job="feed:1"), stock("stale")], "applied"),
        ([stock("submitted", 5, job="after:feed:1|1"), stock("applied", 1)], "waiting"),  # the overtaken feed ends first
        ([stock("applied", 5), stock("dead", 1)], "applied"),
        ([stock("dead", 5), stock("stale", 1)], "dead"),
        ([stock("dead", 5), stock("stale", 5)], "dead"),
        ([stock("held"), stock("discarded")], "dead"),
        ([stock("dead"), stock("replayed")], "waiting"),
    ],
)  # fmt: skip
def test_where_a_number_stands(events: list[Outcome], state: str) -> None:
    """INV-5: of two versions the newer counts."""
    ledger = FlowLedger("set_stock")
    for event in events:
        ledger.add(event)
    assert ledger.entries[STOCK].state == state
    assert ledger.counts()[state] == 1
    assert sum(ledger.counts().values()) == 1


def test_commands_of_one_order_are_counted_one_by_one() -> None:
    """FUL-2: two parcels of an order are two things that can fail, not one."""
    found = ledgers(
        [
            outcome("ship_order", "applied", id="first"),
            outcome("ship_order", "retry", id="second", reason="throttled"),
            outcome("ship_order", "dead", id="second", reason="rule"),
            outcome("cancel_lines", "applied", id="third"),
        ]
    )
    ships = found["ship_order"]
    assert (ships.counts()["applied"], ships.counts()["dead"], ships.reasons("dead")) == (1, 1, {"rule": 1})
    assert ships.retried == {"second"}
    assert {entry.key for entry in ships.entries.values()} == {"walmart:main:1"}
    assert found["cancel_lines"].counts(["third", "nobody spoke of it"])["waiting"] == 1


def test_every_operation_of_the_pipeline_has_its_ledger() -> None:
    events = [outcome(operation, "applied") for operation in OPERATIONS]
    assert {name: made.counts()["applied"] for name, made in ledgers(events).items()} == dict.fromkeys(OPERATIONS, 1)


def test_what_cannot_be_mapped_is_dead_in_the_flow_it_would_have_led_to() -> None:
    """ERR-1: a picking is no order, whoever counts."""
    events = [
        unmapped("odoo", "picking", "odoo:picking:5", correlation="p5"),
        unmapped("odoo", "quant", "sku:A-1"),
        unmapped("walmart", "return", "walmart:main:return:7"),
    ]
    found = ledgers(events)
    assert {name for name, ledger in found.items() if ledger.entries} == {"ship_order", "set_stock", "upsert_return"}
    orders = Ledger()
    for event in events:
        orders.add(event)
    assert orders.entries == {}


@pytest.mark.parametrize("sent_first", [True, False])
def test_a_good_payload_makes_up_for_a_bad_one_of_the_same_thing(sent_first: bool) -> None:
    bad = unmapped("odoo", "picking", "odoo:picking:5", correlation="p5")
    good = outcome("ship_order", "applied", id="d", correlation="p5")
    ledger = ledgers([good, bad] if sent_first else [bad, good])["ship_order"]
    assert set(ledger.entries) == {"d"}
    other = outcome("ship_order", "applied", id="d", correlation="p6")
    assert set(ledgers([bad, other])["ship_order"].entries) == {"odoo:picking:5", "d"}


def test_open_jobs_are_told_with_how_many_wait_and_since_when() -> None:
    """INV-1: a feed that is not over is no failure; all that wait for it are one job."""
    later, last = AT + timedelta(minutes=5), AT + timedelta(minutes=20)
    events = [
        outcome("set_stock", "submitted", "stock:walmart:main:A", job="feed:1|7"),
        outcome("set_stock", "submitted", "stock:walmart:main:A", job="feed:1|7", at=later),
        outcome("set_stock", "submitted", "stock:walmart:main:B", job="after:feed:1|8", at=later),
        outcome("set_stock", "submitted", "stock:walmart:main:C", job="feed:2|1", at=last),
        outcome("set_stock", "submitted", "stock:walmart:main:D", job="feed:2|1", at=last),
        outcome("set_stock", "applied", "stock:walmart:main:D"),
    ]
    assert ledgers(events)["set_stock"].jobs() == [OpenJob("feed:1", 2, AT), OpenJob("feed:2", 1, last)]


def test_orders_in_shadow_are_named_only_when_there_are_any() -> None:
    ledger = Ledger()
    ledger.add(outcome("upsert_order", "applied"))
    assert "shadow" not in ledger.counts()
    ledger.add(outcome("upsert_order", "shadow", "walmart:main:2"))
    assert ledger.counts()["shadow"] == 1


@pytest.mark.parametrize(
    ("event", "operation"),
    [
        (unmapped("walmart", "order", "k"), "upsert_order"),
        (unmapped("walmart", "", "k"), "upsert_order"),  # written by a version before it was said
        (unmapped("odoo", "refund", "k"), "refund_order"),
        (unmapped("odoo", "price", "k"), "set_price"),
        (unmapped("odoo", "product", "k"), "upsert_listing"),
        (unmapped("odoo", "purchase_order", "k"), "create_purchase"),
        (unmapped("odoo", "partner", "k"), ""),  # nothing is delivered of it
        (outcome("", "dead", destination="walmart", entity="ship_order"), "ship_order"),  # a delivery nobody could read
        (outcome("", "dead", entity="availability"), "set_stock"),
    ],
)
def test_what_ended_on_the_way_belongs_to_the_flow_of_its_entity(event: Outcome, operation: str) -> None:
    assert operation_of(event) == operation


@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("walmart:main:1", ("walmart", "main")),
        ("stock:walmart:two:A:1", ("walmart", "two")),
        ("walmart:main:return:7", ("walmart", "main")),
        ("odoo:picking:5", ("odoo", "main")),
        ("alibaba:main:order:5", ("alibaba", "main")),
        ("sku:A:1", ("odoo", "main")),
        ("nonsense", ("", "")),
    ],
)
def test_whose_account_a_key_is_about(key: str, account: tuple[str, str]) -> None:
    assert account_of(key) == account
