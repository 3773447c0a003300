"""ERR-5: a failed record keeps its key, value, headers, origin, reason, tries and times, wherever it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from schemas.headers import Failure, decode_failure, decode_headers, encode_headers, without_failure
from schemas.reasons import LastResort, Reason
from schemas.record import Message, Record
from streams.failure.policy import Again, Dead, Held
from streams.failure.routing import FailureRouting, Routed, replays_of, sent_again
from streams.settings import RetrySettings, Settings
from tests.unit.failure.samples import KEY, NOW, codec, deliver_value, headers, record


def routing(**retry: Any) -> FailureRouting:
    return FailureRouting(codec(), Settings(retry=RetrySettings(**retry)))


def route(failed: Record, reason: Reason, routes: FailureRouting | None = None, **more: Any) -> Routed:
    values: dict[str, Any] = {"destination": "odoo", "operation": "upsert_order", "detail": "boom", "now_ms": NOW}
    return (routes or routing()).route(failed, reason=reason, **values | more)


def again_as_record(message: Message, topic: str = "deliver.odoo.critical", offset: int = 99) -> Record:
    """What the sink reads after the retry worker brought the message back."""
    return record(message.headers, topic=topic, offset=offset, value=message.value, key=message.key)


def failed_record(routed: Routed) -> Any:
    (message,) = routed.messages
    return codec().decode("failed_record", message.value)


def test_a_retry_carries_the_same_record_and_one_failure_set() -> None:
    source = record()
    routed = route(source, Reason.TRANSIENT)
    (message,) = routed.messages
    assert (message.topic, message.key, message.value) == ("retry.30s", source.key, source.value)
    assert without_failure(message.headers) == source.headers
    assert decode_failure(message.headers) == routed.failure == Failure(
        destination="odoo", target="deliver.odoo.critical", reason=Reason.TRANSIENT, detail="boom", attempt=1,
        first_at=NOW, last_at=NOW, due=NOW + 30_000, origin="deliver.odoo.critical/3/41",
    )  # fmt: skip
    assert routed.result == "retry"


def test_a_second_failure_replaces_the_set_and_keeps_where_it_began() -> None:
    first = route(record(), Reason.TRANSIENT)
    second = route(again_as_record(first.messages[0]), Reason.THROTTLED, now_ms=NOW + 40_000)
    failure = decode_failure(second.messages[0].headers)
    assert failure is not None
    assert (failure.attempt, failure.streak, failure.reason) == (2, 1, Reason.THROTTLED)
    assert (failure.first_at, failure.last_at) == (NOW, NOW + 40_000)
    assert failure.origin == "deliver.odoo.critical/3/41"
    assert second.messages[0].topic == "retry.1m"
    assert len(second.messages[0].headers) == len(first.messages[0].headers)


def test_a_command_behind_a_parked_one_joins_its_queue_without_a_try_counted() -> None:
    """EVT-2: it must come out after the one before it; ERR-4: waiting is not trying."""
    first = route(record(), Reason.TRANSIENT, behind=timedelta(minutes=2))
    assert (first.messages[0].topic, first.failure.attempt, first.failure.streak) == ("retry.2m", 0, 0)
    second = route(again_as_record(first.messages[0]), Reason.TRANSIENT)
    assert (second.messages[0].topic, second.failure.attempt) == ("retry.30s", 1)


def test_a_dead_record_says_everything_and_keeps_bytes() -> None:
    source = record()
    routed = route(source, Reason.DATA, detail="line 1: qty is 'x'")
    (message,) = routed.messages
    assert (message.topic, message.key) == ("dead.odoo", source.key)
    assert decode_headers(message.headers).correlation == "corr-1"
    moment = datetime.fromtimestamp(NOW / 1000, UTC)
    found = failed_record(routed)
    assert len(found.pop("id")) == 32
    assert found == {
        "state": "dead", "destination": "odoo", "operation": "upsert_order", "key": KEY, "target": "deliver.odoo.critical",
        "value": source.value, "headers": dict(source.headers), "reason": "data", "detail": "line 1: qty is 'x'",
        "severity": "warning", "owner": "order-desk", "waiting_for": "", "attempts": 1, "first_failure": moment,
        "last_failure": moment, "origin": "deliver.odoo.critical/3/41", "version": 7, "correlation": "corr-1",
        "traceparent": "00-1-2-01", "env": "sandbox", "replays": 0, "job": "",
    }  # fmt: skip


def test_the_id_of_a_failed_record_is_the_same_when_the_work_is_repeated() -> None:
    """EVT-4: killed between dead letter and offset, the same record dies twice but is one dead letter."""
    first, second = (failed_record(route(record(), Reason.DATA, now_ms=NOW + later)) for later in (0, 5000))
    assert first["id"] == second["id"]
    assert failed_record(route(record(offset=42), Reason.DATA))["id"] != first["id"]


def test_thirteen_tries_then_dead_with_all_of_them_counted() -> None:
    """ERR-2, ERR-5."""
    routed, walked = route(record(), Reason.TRANSIENT), []
    while isinstance(routed.decision, Again):
        walked.append(routed.messages[0].topic)
        routed = route(again_as_record(routed.messages[0]), Reason.TRANSIENT)
    assert walked[0] == "retry.30s"
    assert walked[-1] == "retry.24h"
    assert failed_record(routed)["attempts"] == 14
    assert failed_record(routed)["headers"] == dict(record().headers)  # as they were before anything failed


def test_a_missing_mapping_is_held_with_what_it_waits_for() -> None:
    """ORD-9."""
    routed = route(record(), Reason.MAPPING, waiting_for="sku:walmart:ACME:B-1")
    assert isinstance(routed.decision, Held)
    assert routed.messages[0].topic == "held.odoo"
    found = failed_record(routed)
    assert (found["state"], found["waiting_for"], found["owner"]) == ("held", "sku:walmart:ACME:B-1", "catalogue")


def test_a_newer_held_state_replaces_the_older_and_commands_do_not_replace_each_other() -> None:
    def key_of(kind: str, delivery: str) -> bytes | None:
        source = record(encode_headers(headers(id=delivery)), value=deliver_value(kind))
        return route(source, Reason.MAPPING).messages[0].key

    assert key_of("state", "a") == key_of("state", "b") == f"{KEY}|upsert_order".encode()
    assert key_of("command", "a") != key_of("command", "b")


def test_what_cannot_be_held_is_dead() -> None:
    """Stages have no place to hold a record: it must not go to a topic that does not exist."""
    routed = route(record(topic="orders"), Reason.MAPPING, destination="route")
    assert isinstance(routed.decision, Dead)
    assert routed.messages[0].topic == "dead.route"


def test_an_unknown_destination_dies_where_somebody_looks() -> None:
    routed = route(record(), Reason.DATA, destination="nowhere")
    assert routed.messages[0].topic == "dead.transform"
    assert failed_record(routed)["destination"] == "nowhere"


def test_configuration_replaces_policy_and_tiers() -> None:
    """ERR-1, ERR-2 (C)."""
    routes = routing(tiers=("2s", "5s"), attempts={"data": 2}, last_resort={"data": "held"})
    first = route(record(), Reason.DATA, routes)
    assert first.messages[0].topic == "retry.2s"
    second = route(again_as_record(first.messages[0]), Reason.DATA, routes)
    assert second.messages[0].topic == "held.odoo"
    assert LastResort(failed_record(second)["state"]) is LastResort.HELD


def test_the_detail_is_masked_and_bounded_wherever_it_goes() -> None:
    """SEC-3."""
    detail = "mail jo.doe@example.com, password=hunter2 " + "x" * 900
    for reason in (Reason.TRANSIENT, Reason.DATA):
        routed = route(record(), reason, detail=detail)
        everything = repr(routed.messages) + repr(routed.failure)
        assert "jo.doe@example.com" not in everything
        assert "hunter2" not in everything
        assert len(routed.failure.detail) == 500


def test_absent_headers_make_it_a_data_failure_that_still_finds_its_place() -> None:
    routed = route(record(()), Reason.TRANSIENT)
    assert isinstance(routed.decision, Dead)
    found = failed_record(routed)
    assert (found["reason"], found["key"], found["headers"]) == ("data", KEY, {})
    assert "'id' is missing" in found["detail"]


def test_a_damaged_failure_set_begins_anew() -> None:
    damaged = (*encode_headers(headers()), ("failure.attempt", b"many"))
    routed = route(record(damaged), Reason.TRANSIENT)
    assert routed.failure.attempt == 1
    assert decode_failure(routed.messages[0].headers) == routed.failure


def test_a_record_in_a_retry_topic_keeps_the_target_it_was_sent_with() -> None:
    first = route(record(), Reason.TRANSIENT)
    second = route(again_as_record(first.messages[0], topic="retry.30s"), Reason.TRANSIENT)
    assert second.failure.target == "deliver.odoo.critical"


def test_sending_again_counts_and_starts_with_a_clean_slate() -> None:
    """ERR-6: the loop guard sees how often a record has been replayed."""
    routed = route(record(), Reason.TRANSIENT)
    once = sent_again(routed.messages[0].headers)
    twice = sent_again(once)
    assert (replays_of(once), replays_of(twice)) == (1, 2)
    assert decode_failure(once) is None
    assert failed_record(route(record(twice), Reason.DATA))["replays"] == 2


def test_buried_at_once_whatever_the_policy() -> None:
    routed = routing().bury(
        record(), destination="odoo", reason=Reason.TRANSIENT, detail="too large", now_ms=NOW, with_value=False
    )
    assert routed.messages[0].topic == "dead.odoo"
    assert failed_record(routed)["value"] is None


raw_headers = st.lists(
    st.tuples(
        st.sampled_from(
            ["id", "version", "fetched", "env", "failure.attempt", "failure.first_at", "failure.reason", "replays", "x"]
        ),
        st.binary(max_size=12) | st.sampled_from([b"1", b"-1", str(2**70).encode(), b"9" * 30, b"transient", b"\xff"]),
    ),
    max_size=12,
)


@hypothesis_settings(max_examples=300, deadline=None)
@given(
    raw_headers, st.booleans(), st.sampled_from(list(Reason)), st.none() | st.binary(max_size=20),
    st.none() | st.binary(max_size=40), st.text(max_size=60),
)  # fmt: skip
def test_nothing_hostile_keeps_a_record_from_being_routed(
    raw: list[tuple[str, bytes]], whole: bool, reason: Reason, key: bytes | None, value: bytes | None, detail: str
) -> None:
    """SEC-5: hostile input becomes a dead letter, never a crash."""
    good = encode_headers(headers(), route(record(), Reason.TRANSIENT).failure) if whole else ()
    routed = route(record((*good, *raw), key=key, value=value), reason, detail=detail)
    assert len(routed.messages) == 1
    assert routed.messages[0].value is not None or routed.result == "retry"
