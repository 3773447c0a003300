"""TEST-3: in = applied + held + excluded + dead; each order has one place, whatever order its outcomes came in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.records import Outcome
from streams.observe.ledger import Ledger


def outcome(
    result: str, destination: str = "odoo", operation: str = "upsert_order", reason: str = "", key: str = "k"
) -> Outcome:
    return Outcome(
        id="i", destination=destination, operation=operation, source="walmart", account="a", key=key, version=1, checksum="c",
        result=result, reason=reason, detail="", remote_model="", remote_id="", attempt=1, lane="critical", correlation="",
        fetched_at=None, at=datetime(2026, 1, 1, tzinfo=UTC), status="created", entity="", job="", notes=[], about={},
    )  # fmt: skip


UNMAPPED = outcome("dead", "transform", "transform", "data")
EXCLUDED = outcome("excluded", "transform", "import", "test_order")


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([outcome("applied")], "applied"),
        ([outcome("retry"), outcome("applied")], "applied"),
        ([outcome("retry")], "waiting"),
        ([outcome("applied"), outcome("retry")], "waiting"),  # a later state of it is on its way
        ([outcome("applied"), outcome("stale")], "applied"),
        ([outcome("stale")], "applied"),  # Odoo holds something newer
        ([outcome("held"), outcome("already_applied")], "applied"),
        ([outcome("dead"), outcome("stale")], "dead"),  # an older state woke up; the newest is still dead
        ([EXCLUDED], "excluded"),
        ([UNMAPPED], "dead"),
        ([UNMAPPED, outcome("applied")], "applied"),  # the next poll brought a good payload
        ([outcome("applied"), UNMAPPED], "applied"),  # a garbled page after it changes nothing in Odoo
        ([UNMAPPED, EXCLUDED], "excluded"),
        ([EXCLUDED, UNMAPPED], "excluded"),
        ([UNMAPPED, UNMAPPED], "dead"),
        ([outcome("held"), outcome("discarded")], "dead"),
        ([outcome("applied", "walmart", "acknowledge_order")], None),  # not about Odoo
    ],
)
def test_where_an_order_stands(events: list[Outcome], state: str | None) -> None:
    ledger = Ledger()
    for event in events:
        ledger.add(event)
    assert (ledger.entries["k"].state if "k" in ledger.entries else None) == state


def test_a_key_nobody_spoke_of_waits() -> None:
    ledger = Ledger()
    ledger.add(outcome("applied", key="one"))
    assert ledger.counts(["one", "two"]) == {"applied": 1, "held": 0, "excluded": 0, "dead": 0, "waiting": 1}


def test_what_is_on_its_way_waits_until_an_outcome_speaks_of_it() -> None:
    """OPS-5: what is known of a key stays what it is; an order on its way is in no other place."""
    ledger = Ledger()
    ledger.add(outcome("applied", key="one"))
    assert ledger.expect(["one", "two", "three"]) == 2
    assert ledger.counts() == {"applied": 1, "held": 0, "excluded": 0, "dead": 0, "waiting": 2}
    assert ledger.reasons("waiting") == {"on its way": 2}


def test_acknowledgements_and_reasons_are_counted() -> None:
    ledger = Ledger()
    ledger.add(outcome("applied", "walmart", "acknowledge_order", key="one"))
    ledger.add(outcome("held", reason="mapping", key="two"))
    ledger.add(outcome("held", reason="mapping", key="three"))
    assert ledger.acknowledged == {"one"}
    assert ledger.reasons("held") == {"mapping": 2}
