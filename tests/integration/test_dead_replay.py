"""ERR-6: dead letters go back to the destination that failed them, at a rate, watched, stoppable; each ends with an outcome in the report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.codec import Codec
from schemas.headers import decode_headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.topics import OUTCOMES
from streams.failure.dead import Filter, Letter, read_dead
from streams.failure.plan import Plan, make_plan
from streams.failure.replay import Options, Replay
from streams.failure.routing import FailureRouting, replays_of
from streams.failure.verdicts import Report
from streams.kafka import SyncProducer, partitions_of, reader, record_of
from streams.settings import Settings
from tests.integration.failure_kit import headers, make_codec, make_settings, now_ms, records, send, unique

TARGET = "deliver.walmart.bulk"


@pytest.fixture
def settings(bootstrap: str, registry_url: str) -> Settings:
    return make_settings(bootstrap, registry_url, ("3s", "7s"))


@pytest.fixture
def codec(settings: Settings) -> Codec:
    return make_codec(settings)


def bury(
    settings: Settings,
    codec: Codec,
    name: str,
    count: int,
    reason: Reason = Reason.DATA,
    target: str = TARGET,
    replays: int = 0,
) -> None:
    """`count` dead letters with keys `name:0000`, ..."""
    routing, dead = FailureRouting(codec, settings), list[Message]()
    for number in range(count):
        raw = (*encode_headers(headers(correlation=f"{name}-{number}")), ("replays", str(replays).encode()))
        record = Record(
            target, 0, number + now_ms() % 1_000_000, now_ms(), f"{name}:{number:04}".encode(), b"v%d" % number, raw
        )
        dead += routing.route(
            record,
            destination="walmart",
            operation="acknowledge_order",
            reason=reason,
            detail=f"bad for {name}",
            now_ms=now_ms(),
        ).messages
    send(settings, dead)


def letters(settings: Settings, codec: Codec, name: str, **more: Any) -> list[Letter]:
    return read_dead(settings, codec, Filter(key=f"{name}:*", **more), datetime.now(UTC)).letters


def planned(settings: Settings, codec: Codec, name: str, force: bool = False) -> tuple[Plan, dict[str, Letter]]:
    found = letters(settings, codec, name)
    topics = [topic.name for topic in settings.topic_table()]
    plan = make_plan(found, topics, Filter(key=f"{name}:*"), by="me", at=datetime.now(UTC), force=force)
    return plan, {letter.id: letter for letter in found}


@contextmanager
def destination(settings: Settings, codec: Codec, name: str, answer: Callable[[Record], str]) -> Iterator[None]:
    """Stands in for the deliver stage: one outcome for each record of that test, `answer` says which."""
    stop = threading.Event()

    def work() -> None:
        consumer = reader(settings.kafka.librdkafka(), **{"enable.partition.eof": False})
        producer = SyncProducer(settings.kafka.librdkafka())
        consumer.assign(partitions_of(consumer, settings.kafka.librdkafka(), [TARGET]))
        while not stop.is_set():
            found = [record_of(c) for c in consumer.consume(200, timeout=0.1) if c.error() is None]
            mine = [record for record in found if (record.key or b"").startswith(name.encode())]
            producer.send_all([outcome(codec, record, answer(record)) for record in mine])
        consumer.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive(), "the destination did not stop"


def outcome(codec: Codec, record: Record, result: str) -> Message:
    known = decode_headers(record.headers)
    value = {
        "id": known.id, "destination": "walmart", "operation": "acknowledge_order", "key": (record.key or b"").decode(), "result": result,
        "reason": "" if result == "applied" else "data", "correlation": known.correlation, "at": datetime.now(UTC),
    }  # fmt: skip
    return Message(OUTCOMES, record.key, codec.encode("outcome", value), encode_headers(known))


def run(
    settings: Settings,
    codec: Codec,
    plan: Plan,
    found: dict[str, Letter],
    stop: threading.Event | None = None,
    **options: Any,
) -> Report:
    chosen = Options(**{"rate": 0.0, "wait_seconds": 90.0} | options)
    return Replay(settings, codec, plan, found, chosen, "me@here").run(stop or threading.Event())


def test_all_of_it_goes_back_byte_for_byte_and_each_has_an_outcome(settings: Settings, codec: Codec) -> None:
    name = unique()
    bury(settings, codec, name, 300)
    plan, found = planned(settings, codec, name)
    with destination(settings, codec, name, lambda _: "applied"):
        report = run(settings, codec, plan, found)
    assert report.counts() == {"applied": 300}
    assert report.is_good
    back = records(settings, TARGET, name)
    assert {record.key: record.value for record in back} == {f"{name}:{n:04}".encode(): b"v%d" % n for n in range(300)}
    assert {replays_of(record.headers) for record in back} == {1}
    assert letters(settings, codec, name) == []
    done = letters(settings, codec, name, all=True)
    assert {(letter.action or {})["action"] for letter in done} == {"replayed"}
    assert {(letter.action or {})["plan"] for letter in done} == {plan.id}
    (audit,) = records(settings, "audit", done[0].id)
    assert codec.decode("audit", audit.value)["action"] == "replay"


def test_only_the_failed_destination_is_replayed(settings: Settings, codec: Codec) -> None:
    name = unique()
    bury(settings, codec, name, 1, target="deliver.odoo.bulk")
    plan, found = planned(settings, codec, name)
    assert "not a topic of walmart" in plan.entries[0].problem
    report = run(settings, codec, plan, found)
    assert report.counts() == {"not sent": 1}
    assert records(settings, "deliver.odoo.bulk", name) == []


def test_it_stops_when_too_many_fail_again(settings: Settings, codec: Codec) -> None:
    name = unique()
    bury(settings, codec, name, 400)
    plan, found = planned(settings, codec, name)
    with destination(settings, codec, name, lambda _: "dead"):  # twenty answers take a second, sending all of it twenty
        report = run(settings, codec, plan, found, rate=20.0, stop_ratio=0.5, stop_minimum=20)
    assert "failed again" in report.stopped
    counts = report.counts()
    assert counts["dead"] >= 20
    assert counts["dead"] + counts["not sent"] + counts.get("no answer", 0) == 400
    assert len(letters(settings, codec, name)) == counts["not sent"] > 0


def test_a_cancel_leaves_the_rest_as_it_was(settings: Settings, codec: Codec) -> None:
    """Cancelled when the fifth record has reached its destination; how many were on their way by then is not the point."""
    name, stop, reached = unique(), threading.Event(), list[bytes | None]()
    bury(settings, codec, name, 300)
    plan, found = planned(settings, codec, name)

    def apply(record: Record) -> str:
        reached.append(record.key)
        if len(reached) == 5:
            stop.set()
        return "applied"

    with destination(settings, codec, name, apply):  # sending all of it would take half a minute
        report = run(settings, codec, plan, found, stop, rate=10.0)
    assert report.stopped == "cancelled"
    counts, sent = report.counts(), [record.key for record in records(settings, TARGET, name)]
    assert len(sent) == len(set(sent)) >= 5
    assert counts["not sent"] == 300 - len(sent) > 0
    assert counts.get("applied", 0) + counts.get("no answer", 0) == len(sent)  # it waits only so long for the last ones
    assert {letter.key for letter in letters(settings, codec, name)} == {letter.key for letter in found.values()} - set(
        sent
    )


def test_the_rate_is_kept(settings: Settings, codec: Codec) -> None:
    """Never faster. How much slower is the machine's affair."""
    name = unique()
    bury(settings, codec, name, 60)
    plan, found = planned(settings, codec, name)
    began = time.monotonic()
    with destination(settings, codec, name, lambda _: "applied"):
        report = run(settings, codec, plan, found, rate=30.0)
    assert report.is_good
    assert time.monotonic() - began >= 1.9  # the first at once, the sixtieth after 59/30 s


def test_no_answer_is_said_and_is_not_good(settings: Settings, codec: Codec) -> None:
    name = unique()
    bury(settings, codec, name, 3)
    plan, found = planned(settings, codec, name)
    report = run(settings, codec, plan, found, wait_seconds=1.0)
    assert report.counts() == {"no answer": 3}
    assert not report.is_good


def test_a_plan_run_twice_sends_once(settings: Settings, codec: Codec) -> None:
    name = unique()
    bury(settings, codec, name, 5)
    plan, found = planned(settings, codec, name)
    with destination(settings, codec, name, lambda _: "applied"):
        first, second = run(settings, codec, plan, found), run(settings, codec, plan, found)
    assert first.counts() == {"applied": 5}
    assert second.counts() == {"not sent": 5}
    assert len(records(settings, TARGET, name)) == 5


def test_the_loop_guard_stops_what_replaying_does_not_mend(settings: Settings, codec: Codec) -> None:
    name = unique()
    bury(settings, codec, name, 1, replays=3)
    plan, _ = planned(settings, codec, name)
    assert "replayed 3 times already" in plan.entries[0].problem
    forced, found = planned(settings, codec, name, force=True)
    with destination(settings, codec, name, lambda _: "applied"):
        assert run(settings, codec, forced, found).is_good
    (back,) = records(settings, TARGET, name)
    assert replays_of(back.headers) == 4


def test_thousands_are_planned_and_replayed_each_once(settings: Settings, codec: Codec) -> None:
    name = unique()
    bury(settings, codec, name, 5000)
    plan, found = planned(settings, codec, name)
    assert len(plan.replayable) == 5000
    with destination(settings, codec, name, lambda _: "applied"):
        report = run(settings, codec, plan, found)
    assert report.is_good
    assert len(records(settings, TARGET, name)) == 5000
