"""ERR-5, ERR-6: a dead letter whose destination took a newer state since is marked, though no newer letter stands for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.headers import encode_headers
from schemas.record import Message
from schemas.topics import dead
from tests.unit.cli import samples
from tests.unit.cli.samples import CODEC, NOW, Kafka, discarded, failed
from tests.unit.failure.samples import headers

KEY = "walmart:ACME:1"


def letter(failed_id: str, version: int = 7, key: str = KEY, entity: str = "order", **changes: Any) -> Message:
    raw = dict(encode_headers(headers(version=version, entity=entity)))
    record = failed(failed_id, key=key, version=version, headers=raw) | changes
    return Message(dead(record["destination"]), key.encode(), CODEC.encode("failed_record", record), ())


def holds(version: int, checksum: str = "other", key: str = KEY, destination: str = "odoo") -> Message:
    value = {
        "key": key, "version": version, "checksum": checksum, "remote_model": "", "remote_id": "", "parked": "", "set_aside": 0, "at": NOW,
        "job": "", "jobs": [], "opened": [], "closed": [],
    }  # fmt: skip
    return Message(f"state.{destination}", key.encode(), CODEC.encode("key_state", value), ())


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    made = Kafka()
    made.stand_in(monkeypatch, ("failure.dead",), ())
    return made


def is_marked(kafka: Kafka, *messages: Message) -> bool:
    kafka.messages = list(messages)
    found = json.loads(samples.causeway("dead", "list", "--all", "--json", code=0))["records"]
    return bool(found[0]["overtaken"])


EARLY: dict[str, Any] = {"destination": "transform", "operation": "transform", "target": "raw.walmart.orders"}
SHIPPED: dict[str, Any] = {
    "destination": "walmart",
    "operation": "ship_order",
    "entity": "ship_order",
    "target": "deliver.walmart.critical",
}
BOUGHT: dict[str, Any] = {
    "destination": "alibaba",
    "operation": "create_purchase",
    "entity": "create_purchase",
    "target": "deliver.alibaba.normal",
}
STOCK: dict[str, Any] = {"destination": "stock", "operation": "stock", "entity": "stock_level", "target": "inventory"}


@pytest.mark.parametrize(
    ("messages", "answer"),
    [
        ([letter("a"), holds(8)], True),
        ([letter("a"), holds(8), holds(6)], True),  # two lanes wrote at the same moment
        ([letter("a"), holds(7, "c" * 32)], True),  # the same content was taken after all
        ([letter("a"), holds(7)], False),  # of that version something else
        ([letter("a"), holds(6)], False),
        ([letter("a"), holds(8, "")], False),  # known of, never applied
        ([letter("a"), holds(8, key="walmart:ACME:12")], False),
        ([letter("a"), holds(8, destination="walmart")], False),
        ([letter("a"), Message("state.odoo", KEY.encode(), b"junk", ())], False),
        ([letter("a", **EARLY), holds(8)], True),  # the next poll brought one that can be read
        ([letter("a", 0, **EARLY), holds(8)], False),  # nobody knows which state that was
        ([letter("a", **SHIPPED), holds(8, destination="walmart")], False),  # each parcel is told
        (
            [
                letter("a", key="odoo:purchase_order:1", **BOUGHT),
                holds(8, key="odoo:purchase_order:1", destination="alibaba"),
            ],
            False,
        ),
        ([letter("a", key="sku:A", **STOCK), holds(8, key="sku:A")], False),  # goes to channels under other keys
        ([letter("a"), discarded("a"), holds(8)], False),  # somebody has answered it
    ],
)
def test_what_was_overtaken(kafka: Kafka, messages: list[Message], answer: bool) -> None:
    assert is_marked(kafka, *messages) is answer


def test_the_list_says_so_and_what_to_do(kafka: Kafka) -> None:
    """It waits for an answer all the same, as metrics and status count it."""
    kafka.messages = [letter("aa1"), letter("bb1", key="walmart:ACME:2"), holds(8)]
    said = samples.causeway("dead", "list", code=0)
    (line,) = [one for one in said.splitlines() if one.startswith("aa1")]
    assert "[overtaken] Quantity" in line
    assert said.count("[overtaken]") == 1
    assert "1 of these overtaken: the destination holds a newer state since. Replayed they change nothing" in said
    assert "2 dead letters: odoo data 2" in said
    assert "overtaken      True" in samples.causeway("dead", "show", "aa1", code=0)
    assert "overtaken      True" not in samples.causeway("dead", "show", "bb1", code=0)
