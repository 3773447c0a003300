"""OPS-5, ERR-5: the heading of `causeway trace` states the worst there is now, never "waiting" over what is dead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.headers import encode_headers
from schemas.record import Record
from schemas.records import FailedAction
from streams.cli.trace import _print
from streams.observe.journey import Journey, journey_of
from tests.unit.failure.samples import headers
from tests.unit.observe.bodies import AT, CODEC, ended, on

ORDER, STOCK, NEEDED = "walmart:main:9900000000001", "amazon:eu:fba_stock:A", "odoo:purchase_order:12"


def letter(
    key: str, seconds: float, failed_id: str = "f", state: str = "dead", topic: str = "", entity: str = "order", **changes: Any
) -> Record:  # fmt: skip
    """On its topic; `changes`: of the failed_record, `id` of the delivery among them as `delivery`."""
    moment = AT + timedelta(seconds=seconds)
    said = headers(id=changes.pop("delivery", "d"), entity=entity, source=changes.pop("source", "walmart"))
    failed = {
        "id": failed_id, "state": state, "destination": "odoo", "operation": "upsert_order", "key": key, "target": "deliver.odoo.critical",
        "value": b"v", "headers": dict(encode_headers(said)), "reason": "data", "detail": "no number", "attempts": 1, "first_failure": moment,
        "version": 7, "last_failure": moment, "origin": "o/0/0", "waiting_for": "", "correlation": "corr-1", "replays": 0,
        "severity": "normal", "owner": "order-desk", "traceparent": "", "env": "sandbox", "job": "",
    } | changes  # fmt: skip
    name = topic or f"{state}.{failed['destination']}"
    return on(name, key, CODEC.encode("failed_record", failed), seconds)


def done(seconds: float, action: str, failed_id: str = "f") -> Record:
    entry = FailedAction(failed_id=failed_id, action=action, actor="ann@desk", at=AT, plan="", note="")
    return on("dead.actions", failed_id, CODEC.encode("failed_action", entry), seconds)


def unmapped(seconds: float, **changes: Any) -> Record:
    about = {"destination": "transform", "operation": "transform", "target": "raw.walmart.orders"}
    return letter(ORDER, seconds, **about | changes)


def died(seconds: float = 1, **changes: Any) -> list[Record]:
    """At Odoo, as outcome and letter."""
    return [
        ended("odoo", "upsert_order", ORDER, "dead", seconds, "d", reason="data"),
        letter(ORDER, seconds, **changes),
    ]


def applied(seconds: float) -> Record:
    return ended("odoo", "upsert_order", ORDER, "applied", seconds, "d", remote_id="17")


@pytest.mark.parametrize(
    ("records", "state"),
    [
        (died(), "dead"),
        ([letter(ORDER, 1)], "dead"),  # no outcome of it
        ([unmapped(1)], "dead"),
        ([applied(1), unmapped(2)], "dead"),  # a newer state that could not be mapped, and nothing better since
        ([unmapped(1), applied(2)], "applied"),
        ([applied(1), letter(ORDER, 2, "p", operation="poll", destination="transform")], "dead"),
        ([*died(), done(2, "replayed")], "retrying"),
        ([*died(), done(2, "replayed"), applied(3)], "applied"),
        ([*died(), done(2, "replayed"), *died(3, failed_id="again")], "dead"),
        ([*died(), done(2, "replayed"), *died(3, failed_id="again"), done(4, "discarded", "again")], "discarded"),
        ([*died(), done(2, "discarded"), ended("odoo", "upsert_order", ORDER, "discarded", 2, "d")], "discarded"),
        ([ended("odoo", "upsert_order", ORDER, "retry", 1, "d", reason="transient")], "retrying"),
        ([ended("odoo", "upsert_order", ORDER, "held", 1, "d", reason="mapping"), letter(ORDER, 1, state="held")], "held"),
        ([applied(1), ended("walmart", "ship_order", ORDER, "held", 2, "s"), ended("walmart", "refund_order", ORDER, "retry", 3, "r")], "held"),
        ([applied(1), ended("walmart", "ship_order", ORDER, "shadow", 2, "s")], "applied"),
        ([on("orders", ORDER, b"", 1)], "waiting"),
    ],
)  # fmt: skip
def test_the_worst_that_is_now(records: list[Record], state: str) -> None:
    assert journey_of(ORDER, records, CODEC).state == state


def test_a_dead_letter_of_what_leads_to_no_delivery_is_dead() -> None:
    """It has no ledger, so no outcome counts."""
    about = {
        "destination": "transform",
        "operation": "transform",
        "target": "raw.amazon.fba_stocks",
        "source": "amazon",
    }
    dead = letter(STOCK, 1, entity="fba_stock", **about)
    assert (journey_of(STOCK, [dead], CODEC).state, journey_of(STOCK, [dead, done(2, "discarded")], CODEC).state) == (
        "dead",
        "discarded",
    )


def test_of_two_letters_of_a_state_the_newest_counts() -> None:
    """ERR-6"""
    records = [
        *died(),
        letter(ORDER, 2, "g", version=8),
        done(3, "discarded", "g"),
        ended("odoo", "upsert_order", ORDER, "discarded", 3, "d"),
    ]
    assert journey_of(ORDER, records, CODEC).state == "discarded"


def test_a_held_record_that_is_gone_is_held_no_more() -> None:
    waits = letter(ORDER, 1, state="held")
    gone = on("held.odoo", ORDER, None, 2)
    assert journey_of(ORDER, [waits], CODEC).state == "held"
    assert journey_of(ORDER, [waits, gone], CODEC).state == "waiting"


def test_an_edited_command_counts_as_the_new_one() -> None:
    """ERR-6: the original stays dead in the ledger."""
    sent = {
        "destination": "walmart",
        "operation": "ship_order",
        "entity": "ship_order",
        "target": "deliver.walmart.critical",
    }
    records = [
        applied(0), ended("walmart", "ship_order", ORDER, "dead", 1, "s", reason="data"), letter(ORDER, 1, delivery="s", **sent),
        done(2, "edited"), ended("walmart", "ship_order", ORDER, "applied", 3, "t"),
    ]  # fmt: skip
    assert journey_of(ORDER, records, CODEC).state == "applied"
    assert journey_of(ORDER, records[:3], CODEC).state == "dead"


def heading(journey: Journey, capsys: pytest.CaptureFixture[str]) -> str:
    _print(journey, [None] * len(journey.steps))
    return capsys.readouterr().out.splitlines()[0]


def test_the_heading_says_what_of_it_is_in_that_state(capsys: pytest.CaptureFixture[str]) -> None:
    """A purchase order is no order of a marketplace: it, too, has a state when it led to several deliveries (PO-1)."""
    records = [
        ended("alibaba", "create_purchase", NEEDED, "dead", 1, "c", reason="rule"), ended("odoo", "note_purchase", NEEDED, "applied", 2, "n"),
    ]  # fmt: skip
    assert heading(journey_of(NEEDED, records, CODEC), capsys) == f"{NEEDED}  dead (create_purchase)"
    assert heading(journey_of(ORDER, died(), CODEC), capsys) == f"{ORDER}  dead"
    assert heading(journey_of(STOCK, [], CODEC), capsys) == f"{STOCK}  waiting"
