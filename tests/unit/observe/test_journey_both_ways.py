"""One order's way in and everything that goes back for it; one SKU's stock, price and listings (OPS-5)."""

from __future__ import annotations

import pytest

from schemas.headers import Failure
from schemas.reasons import Reason
from streams.cli.trace import _as_json
from streams.observe.journey import journey_of, step_of
from streams.observe.operations import is_order
from streams.observe.trace import candidates, is_of_sku, sku_keys
from streams.stages.skus import Skus
from tests.unit.failure.samples import NOW
from tests.unit.observe.bodies import CODEC, body_of, ended, on, sent
from tests.unit.stages.references import tables
from tests.unit.stages.samples import order

ORDER, PICKING, RETURN = "walmart:main:9900000000001", "odoo:picking:5", "walmart:main:return:7"


def of_order(topic: str, entity: str, key: str, seconds: float) -> object:
    return on(topic, key, CODEC.encode(entity, body_of(entity, key=key, order_key=ORDER)), seconds)


def test_an_order_is_told_both_ways() -> None:
    """FUL-1, FUL-2, FUL-3, RET-1, RET-2: each command and its outcome, whatever keys its facts have."""
    records = [
        on("orders", ORDER, CODEC.encode("order", order()), 0),
        ended("odoo", "upsert_order", ORDER, "applied", 1, "o", remote_id="17"),
        ended("walmart", "acknowledge_order", ORDER, "applied", 2, "a"),
        of_order("shipments", "shipment", PICKING, 3),
        sent("walmart", "ship_order", ORDER, 4, id="s"),
        ended("walmart", "ship_order", ORDER, "dead", 5, "s", reason="rule", detail="shipped already"),
        of_order("refunds", "refund", "odoo:account_move:3", 6),
        ended("walmart", "refund_order", ORDER, "shadow", 7, "r"),
        of_order("returns", "return_order", RETURN, 8),
        ended("odoo", "upsert_return", RETURN, "held", 9, "t", reason="mapping"),
    ]
    journey = journey_of(ORDER, reversed(records), CODEC)  # type: ignore[arg-type]
    assert [step.kind for step in journey.steps] == [
        "canonical", "outcome", "outcome", "canonical", "sent", "outcome", "canonical", "outcome", "canonical", "outcome",
    ]  # fmt: skip
    assert (journey.state, journey.where, journey.reason) == ("dead", ["ship_order"], "rule")
    assert (journey.remote_id, journey.acknowledged) == ("17", True)
    assert {(one.operation, one.entry.key, one.entry.state, one.entry.reason) for one in journey.standings} == {
        ("upsert_order", ORDER, "applied", ""), ("acknowledge_order", ORDER, "applied", ""), ("ship_order", ORDER, "dead", "rule"),
        ("refund_order", ORDER, "shadow", ""), ("upsert_return", RETURN, "held", "mapping"),
    }  # fmt: skip
    assert journey.steps[7].text == "walmart refund_order: in shadow, not sent"
    as_json = _as_json(journey, [None] * len(journey.steps))
    assert {one["operation"] for one in as_json["deliveries"]} == {one.operation for one in journey.standings}


def test_an_order_that_only_walmart_was_told_of_waits_for_odoo() -> None:
    journey = journey_of(ORDER, [ended("walmart", "cancel_lines", ORDER, "applied", 1)], CODEC)
    assert (journey.state, journey.standing) == ("waiting", None)


def test_a_job_that_is_not_over_is_no_failure() -> None:
    """INV-1: `submitted` and the wait for a feed say what is waited for, and no try is counted."""
    key = "stock:walmart:main:A"
    waits = Failure(
        "walmart",
        "deliver.walmart.normal",
        Reason.TRANSIENT,
        "waits for feed:F1",
        0,
        NOW,
        NOW,
        NOW + 60_000,
        "d/0/0",
        job="feed:F1|9",
    )
    records = [
        sent("walmart", "set_stock", key, 0),
        ended("walmart", "set_stock", key, "submitted", 1, job="feed:F1|9"),
        sent("walmart", "set_stock", key, 2, "retry.1m", waits),
        sent("walmart", "set_stock", key, 62, "", waits),
    ]  # fmt: skip
    steps = [step_of(record, CODEC) for record in records]
    assert [step.text for step in steps[1:2]] == ["walmart set_stock: submitted, walmart works on it as feed:F1"]
    assert steps[2].text.startswith("walmart is asked about feed:F1 in 1m, ")
    assert steps[3].text == "back to walmart set_stock, to ask how feed:F1 went"
    assert not any(word in step.text for step in steps for word in ("transient", "try", "failed"))
    journey = journey_of("sku:A", records, CODEC)
    assert [(one.entry.state, one.entry.job) for one in journey.standings] == [("waiting", "feed:F1")]


def test_a_sku_is_told_with_what_each_channel_was_told_of_it() -> None:
    """INV-6, PRC-1: level, demand, availability, offers, listings and their outcomes; of memories only the newest."""
    old, new = (body_of("stock_ledger", key="sku:A", demands=[]) for _ in range(2))
    new["offers"][0] |= {"channel": "walmart", "account": "main", "quantity": "9"}
    records = [
        on("inventory", "sku:A", CODEC.encode("stock_level", body_of("stock_level")), 0),
        on("demand", "sku:A", CODEC.encode("demand", body_of("demand")), 1),
        on("stock.ledger", "sku:A", CODEC.encode("stock_ledger", old), 2),
        on("stock.ledger", "sku:A", CODEC.encode("stock_ledger", new), 3),
        ended("walmart", "set_stock", "stock:walmart:main:A", "applied", 4),
        ended("walmart", "set_price", "price:walmart:main:A", "held", 5, reason="mapping"),
        on(
            "shadow.walmart",
            "listing:walmart:main:A|upsert_listing",
            sent("walmart", "upsert_listing", "k", 6).value,
            6,
        ),
        on("shadow.walmart", "listing:walmart:main:A|upsert_listing", None, 7),
    ]
    journey = journey_of("sku:A", reversed(records), CODEC)
    ledgers = [step.text for step in journey.steps if step.origin.startswith("stock.ledger")]
    assert ledgers == ["stock ledger: told walmart:main 9; 0 orders count"]
    assert [(one.operation, one.entry.state) for one in journey.standings] == [
        ("set_stock", "applied"),
        ("set_price", "held"),
    ]
    assert (journey.state, journey.where, journey.standing) == ("held", ["set_price"], None)
    assert [step.text for step in journey.steps if step.kind == "shadow"] == [
        "kept in shadow, would go to walmart upsert_listing", "left the shadow",
    ]  # fmt: skip


def test_every_key_of_a_sku_is_looked_for() -> None:
    keys = sku_keys("A:1", [("walmart", "main")])
    assert keys == [
        "sku:A:1",
        "stock:walmart:main:A:1",
        "price:walmart:main:A:1",
        "listing:walmart:main:A:1",
        "walmart:main:item:A:1",
    ]
    assert all(is_of_sku(key, "A:1") for key in keys)
    others = [
        "sku:1",
        "sku:B:A:1",
        "walmart:main:A:1",
        "walmart:main:return:A:1",
        "odoo:picking:A:1",
        "stock:walmart:main:B:A:1",
    ]
    assert not [key for key in others if is_of_sku(key, "A:1")]


def test_the_keys_of_a_sku_are_those_of_every_word_for_it() -> None:
    """ORD-9: of what it was called before the entry too."""
    skus = Skus(tables(("walmart", "main", "THEIRS", "OURS")))
    accounts = [("walmart", "main"), ("walmart", "two")]
    keys = sku_keys("OURS", accounts, skus)
    assert {key for key in keys if key.endswith("THEIRS")} == {
        "sku:THEIRS", "stock:walmart:main:THEIRS", "price:walmart:main:THEIRS", "listing:walmart:main:THEIRS",
        "walmart:main:item:THEIRS",
    }  # fmt: skip
    assert set(sku_keys("OURS", accounts)) < set(keys)
    assert all(is_of_sku(key, "OURS", skus) for key in keys if key != "sku:THEIRS")
    assert not is_of_sku("stock:walmart:two:THEIRS", "OURS", skus)


@pytest.mark.parametrize(
    ("key", "answer"),
    [(ORDER, True), (RETURN, False), (PICKING, False), ("sku:A", False), ("price:walmart:main:A", False)],
)
def test_orders_are_told_from_other_things(key: str, answer: bool) -> None:
    assert is_order(key) is answer
    assert candidates(None, key, ()) == [key]  # type: ignore[arg-type] # a key is its own only candidate
