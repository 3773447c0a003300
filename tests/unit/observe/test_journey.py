"""An order's journey in words: every record has its step, in order, and none tells personal data (OPS-5, SEC-3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from schemas.headers import Failure, encode_headers
from schemas.reasons import Reason
from schemas.record import Record
from schemas.records import FailedAction, RawEvent
from streams.connectors import discover, load_connected_settings
from streams.failure.routing import FailureRouting
from streams.observe.journey import journey_of, step_of
from streams.observe.trace import candidates
from streams.settings import Settings
from streams.stages.outcomes import Verdict, outcome_message
from tests.unit.failure.samples import KEY, NOW, codec, deliver_value, headers, record
from tests.unit.stages.samples import order

CODEC = codec()
AT = datetime.fromtimestamp(NOW / 1000, UTC)


def on(topic: str, value: bytes | None, offset: int, seconds: float, failure: Failure | None = None) -> Record:
    raw = encode_headers(headers(), failure)
    return Record(topic, 3, offset, NOW + int(seconds * 1000), KEY.encode(), value, raw)


def fetched(checksum: str, offset: int, seconds: float) -> Record:
    event = RawEvent(
        source="walmart", account="ACME", entity="order", key=KEY, payload=b'{"name": "Mina Invented"}', content_type="application/json",
        fetched_at=AT, checksum=checksum, correlation="corr-1", request="",
    )  # fmt: skip
    return on("raw.walmart.orders", CODEC.encode("raw_event", event), offset, seconds)


def outcome(result: str, seconds: float, **changes: Any) -> Record:
    verdict = Verdict("odoo", "upsert_order", result, **changes)
    message = outcome_message(CODEC, KEY.encode(), "ACME", headers(), verdict, AT)
    return on("outcomes", message.value, int(seconds * 10), seconds)


def parked(seconds: float) -> Record:
    failure = Failure("odoo", "deliver.odoo.critical", Reason.TRANSIENT, "down", 1, NOW, NOW, NOW + 30_000, "d/0/0")
    return on("retry.30s", deliver_value(), 1, seconds, failure)


def test_a_retried_order_is_told_in_the_order_things_happened() -> None:
    back = on(
        "deliver.odoo.critical", deliver_value(), 9, 31, Failure("odoo", "t", Reason.TRANSIENT, "", 1, 0, 0, 0, "d/0/0")
    )
    records = [
        outcome("applied", 32, remote_model="sale.order", remote_id="17"), back, parked(3),
        outcome("retry", 3, reason="transient", detail="down"), on("deliver.odoo.critical", deliver_value(), 1, 2),
        on("orders", CODEC.encode("order", order()), 1, 1), fetched("a", 1, 0), fetched("a", 2, 60), fetched("b", 3, 90),
    ]  # fmt: skip
    journey = journey_of(KEY, records, CODEC)
    assert [step.kind for step in journey.steps] == [
        "fetched", "canonical", "sent", "outcome", "retry", "sent", "outcome", "fetched",
    ]  # fmt: skip
    assert "2 times" in journey.steps[0].text
    assert journey.steps[4].facts["tier"] == "30s"
    assert "back from retry" in journey.steps[5].text
    assert "sale.order 17" in journey.steps[6].text
    assert journey.standing is not None
    assert (journey.standing.state, journey.remote_id, journey.correlations) == ("applied", "17", ("corr-1",))
    assert all("Mina" not in step.text for step in journey.steps)


def test_dead_held_and_what_was_done_are_told() -> None:
    routing = FailureRouting(CODEC, Settings())
    routed = routing.route(
        record(), destination="odoo", operation="upsert_order", reason=Reason.MAPPING, detail="SKU 'X'", now_ms=NOW, waiting_for="sku:w:A:X"
    )  # fmt: skip
    message = routed.messages[0]
    held = step_of(Record(message.topic, 0, 0, NOW, message.key, message.value, message.headers), CODEC)
    assert (held.kind, held.facts["owner"], held.facts["waiting_for"]) == ("held", "catalogue", "sku:w:A:X")
    ended = step_of(Record(message.topic, 0, 1, NOW, message.key, None), CODEC)
    assert (ended.kind, ended.text) == ("held", "no longer held")
    action = FailedAction(failed_id="f", action="replayed", actor="ann@desk", at=AT, plan="p", note="token=abc")
    done = step_of(Record("dead.actions", 0, 0, NOW, b"f", CODEC.encode("failed_action", action)), CODEC)
    assert (done.kind, done.facts["actor"]) == ("action", "ann@desk")
    assert "abc" not in done.text


def test_a_damaged_record_is_a_step_too() -> None:
    for damaged in (
        on("outcomes", b"\x00\x00", 1, 0),
        on("orders", None, 1, 0),
        on("retry.30s", deliver_value(), 1, 0),
    ):
        step = step_of(damaged, CODEC)
        assert step.kind == "damaged"
        assert step.origin == damaged.origin
    unreadable = replace(parked(0), headers=(("failure.due", b"Mina Invented"),))
    assert step_of(unreadable, CODEC).kind == "damaged"


def test_an_order_id_may_belong_to_every_configured_account_and_a_key_to_itself() -> None:
    connectors = discover()
    accounts = {
        "accounts": {"one": {"client_id": "i", "client_secret": "s"}, "two": {"client_id": "j", "client_secret": "s"}}
    }
    settings = load_connected_settings(connectors, walmart=accounts)
    assert candidates(settings, "99", connectors) == ["walmart:one:99", "walmart:two:99"]
    assert candidates(settings, "walmart:gone:99", connectors) == ["walmart:gone:99"]
