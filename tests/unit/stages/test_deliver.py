"""The deliver stage: every record has exactly one outcome, acknowledged before the next batch (ERR-1, ERR-4, EVT-2, EVT-4)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.errors import AuthError, TransientError
from connectors.kit.ports import Delivery, Outcome, Result, excluded, failed
from schemas.checksum import event_id
from schemas.headers import Headers, decode_failure, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import AcknowledgeOrder, Deliver
from schemas.topics import Lane
from streams.failure.breaker import Breakers
from streams.failure.routing import FailureRouting
from streams.runtime import Chunk, RejectedError, StageContext
from streams.runtime.chunk import Partition
from streams.runtime.progress import Progress
from streams.settings import Settings
from streams.stages.batching import KeyView
from streams.stages.deliver import DeliverStage
from tests.unit.failure.samples import codec

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CODEC = codec()


class FakeProducer:
    """Keeps what was delivered, batch by batch."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def deliver(self, messages: Sequence[Message]) -> None:
        self.sent += messages

    def on(self, topic: str) -> list[Message]:
        return [message for message in self.sent if message.topic == topic]

    def outcomes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for message in self.on("outcomes"):
            value = CODEC.decode("outcome", message.value)
            found.setdefault(value["key"], []).append(value["result"])
        return found


class FakeSink:
    """Answers what the script says for a key; `script` values may be exceptions for the whole batch."""

    destination = "odoo"
    batch_limit = 100

    def __init__(self, script: dict[str, list[Outcome | Exception]] | None = None) -> None:
        self.script = script or {}
        self.calls: list[list[Delivery]] = []

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        self.calls.append(list(batch))
        answers = []
        for delivery in batch:
            planned = self.script.get(delivery.key)
            answer = planned.pop(0) if planned else Outcome(Result.APPLIED, remote_model="sale.order", remote_id="7")
            if isinstance(answer, Exception):
                raise answer
            answers.append(answer)
        return answers

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        return []

    async def aclose(self) -> None: ...


class NobodyElse:
    """Stands for the topic other lanes write: nothing new there."""

    def catch_up(self, partition: int) -> list[Record]:
        return []

    def passed_by(self, least: int) -> dict[int, list[Record]]:
        return {}

    def follow(self, partitions: set[int]) -> None:
        pass


def arrival(
    key: str, version: int = 1, kind: str = "state", offset: int = 0, headers: Any = None, **more: Any
) -> Record:
    body = more.pop("body", None) or AcknowledgeOrder(
        key=key, source="walmart", account="a", order_id=key, remote_id="", accepted_at=NOW
    )
    schema = more.pop("schema", "acknowledge_order")
    checksum = more.pop("checksum", f"c{version}")
    ident = event_id("odoo/op", key, checksum)
    value = Deliver(
        id=ident, destination="odoo", operation=more.pop("operation", "upsert_order"), kind=kind, lane="critical", source="walmart",
        account="a", key=key,
        version=version, checksum=checksum, correlation=key, created_at=NOW, schema=schema,
        body=CODEC.encode(schema, body),
    )  # fmt: skip
    plain = Headers(
        ident, "walmart", "order", version, checksum, key, int(NOW.timestamp() * 1000), more.pop("env", "sandbox")
    )
    encoded = encode_headers(plain) if headers is None else headers
    return Record("deliver.odoo.critical", 0, offset, 0, key.encode(), CODEC.encode("deliver", value), encoded)


def stage(sink: FakeSink, **breaker: float) -> tuple[DeliverStage, FakeProducer]:
    settings = Settings()
    limits = {"failures": 3, "probe_after": 0.01, "probe_limit": 0.02} | breaker
    breakers = Breakers(int(limits["failures"]), limits["probe_after"], limits["probe_limit"])
    made = DeliverStage(settings, Lane.CRITICAL, sink, breakers, CODEC, FailureRouting(CODEC, settings), lambda: NOW)
    producer = FakeProducer()
    made._producer, made._progress = producer, Progress()  # type: ignore[assignment] # what start() takes from the runtime
    made._others = NobodyElse()  # type: ignore[assignment]
    return made, producer


def chunk(*records: Record) -> Chunk:
    return Chunk("deliver.odoo.critical", 0, records)


async def test_one_outcome_each_and_the_key_is_known_from_then_on() -> None:
    sink = FakeSink()
    made, producer = stage(sink)
    await made.process(chunk(arrival("k1"), arrival("k2", offset=1)))
    await made.process(chunk(arrival("k1", offset=2)))
    assert producer.outcomes() == {"k1": ["applied", "already_applied"], "k2": ["applied"]}
    assert len(sink.calls) == 1  # the second time the destination was not asked
    assert [CODEC.decode("key_state", m.value)["remote_id"] for m in producer.on("state.odoo")] == ["7", "7"]


async def test_a_failure_is_routed_by_its_reason_and_the_rest_goes_on() -> None:
    """ERR-1: transient waits for its tier, data is dead, mapping is held; the others are applied."""
    sink = FakeSink(
        {
            "slow": [failed(Reason.TRANSIENT, "away")],
            "bad": [failed(Reason.DATA, "no such field")],
            "unknown": [failed(Reason.MAPPING, "no product", waiting_for="sku:walmart:a:X")],
        }
    )
    made, producer = stage(sink)
    await made.process(chunk(*(arrival(key, offset=n) for n, key in enumerate(("slow", "good", "bad", "unknown")))))
    assert producer.outcomes() == {"slow": ["retry"], "good": ["applied"], "bad": ["dead"], "unknown": ["held"]}
    assert len(producer.on("retry.30s")) == len(producer.on("dead.odoo")) == len(producer.on("held.odoo")) == 1
    failure = decode_failure(producer.on("retry.30s")[0].headers)
    assert failure is not None
    assert (failure.reason, failure.attempt, failure.target) == (Reason.TRANSIENT, 1, "deliver.odoo.critical")


async def test_what_a_sink_excludes_is_counted_with_its_reason_and_leaves_the_key_as_it_was() -> None:
    """ORD-4, PO-1: nobody hears that the destination holds it, so it goes out once the configuration lets it."""
    sink = FakeSink({"k1": [excluded("confirmed_before", "long ago")]})
    made, producer = stage(sink)
    await made.process(chunk(arrival("k1", kind="command")))
    (message,) = producer.on("outcomes")
    told = CODEC.decode("outcome", message.value)
    assert (told["result"], told["reason"], told["notes"]) == ("excluded", "confirmed_before", [])
    assert [producer.on(topic) for topic in ("state.odoo", "dead.odoo", "held.odoo")] == [[], [], []]
    await made.process(chunk(arrival("k1", kind="command", offset=1)))
    assert producer.outcomes() == {"k1": ["excluded", "applied"]}


async def test_an_open_breaker_keeps_records_in_place_without_counting_tries() -> None:
    """ERR-4: when the destination is away, records wait in order; none is lost, none is counted as tried."""
    away: list[Outcome | Exception] = [TransientError("refused")] * 3
    sink = FakeSink({"k1": away})
    made, producer = stage(sink)
    await made.process(chunk(*(arrival(f"k{n}", offset=n) for n in range(1, 6))))
    assert producer.outcomes() == {f"k{n}": ["applied"] for n in range(1, 6)}
    assert [m.topic for m in producer.sent if m.topic.startswith("retry")] == []
    assert [len(call) for call in sink.calls] == [5, 1, 1, 1, 4]  # probes: one record each


async def test_refused_credentials_open_the_breaker_at_once() -> None:
    sink = FakeSink({"k1": [AuthError("password refused"), AuthError("password refused")]})
    made, producer = stage(sink)
    await made.process(chunk(arrival("k1")))
    assert producer.outcomes() == {"k1": ["applied"]}
    assert len(sink.calls) == 3


async def test_an_open_breaker_says_what_opened_it_masked(caplog: pytest.LogCaptureFixture) -> None:
    """ERR-4, SEC-3: `reason=auth` alone tells nobody what to do."""
    sink = FakeSink({"k1": [AuthError("CAUSEWAY_ODOO__PASSWORD is not set, jane@example.com"), TransientError("down")]})
    made, _ = stage(sink)
    await made.process(chunk(arrival("k1")))
    opened = [r.getMessage() for r in caplog.records if r.getMessage().startswith("breaker_open")]
    assert "reason=auth detail=CAUSEWAY_ODOO__PASSWORD is not set" in opened[0]
    assert "reason=transient detail=down" in opened[-1]
    assert "jane" not in caplog.text


async def test_a_bug_of_the_sink_costs_only_the_record_that_meets_it() -> None:
    sink = FakeSink({"k3": [KeyError("x")] * 9})
    made, producer = stage(sink)
    await made.process(chunk(*(arrival(f"k{n}", offset=n) for n in range(1, 6))))
    assert producer.outcomes() == {
        "k1": ["applied"],
        "k2": ["applied"],
        "k3": ["dead"],
        "k4": ["applied"],
        "k5": ["applied"],
    }


async def test_a_sink_that_answers_the_wrong_number_of_outcomes_is_a_bug_not_a_success() -> None:
    class Short(FakeSink):
        async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            return [Outcome(Result.APPLIED)] * (len(batch) - 1)

    made, producer = stage(Short())
    await made.process(chunk(arrival("k1"), arrival("k2", offset=1)))
    assert producer.outcomes() == {"k1": ["dead"], "k2": ["dead"]}


async def test_the_sink_is_told_that_a_resync_asks_again() -> None:
    """REC-3: it must look at the destination, whatever is known of the key."""
    sink = FakeSink()
    made, _ = stage(sink)
    for lane in ("", "bulk"):
        plain = Headers("i", "walmart", "order", 1, "c1", "k", int(NOW.timestamp() * 1000), "sandbox", lane=lane)
        record = arrival("k", offset=len(sink.calls), headers=encode_headers(plain))
        await made.process(Chunk("deliver.odoo.critical", 0, (record,)))
    assert [(call[0].asks_again, call[0].known is None) for call in sink.calls] == [(False, True), (True, False)]


async def test_the_outcome_of_a_refused_cancellation_says_what_taking_it_back_needs() -> None:
    """ORD-13: which order it was in Odoo, and whether all of it had been cancelled there."""
    body = {
        "key": "odoo:sale_order:7", "order_key": "k", "order_name": "S00007", "version": 3, "cancelled_at": NOW, "whole": True,
        "reason": "other", "lines": [],
    }  # fmt: skip
    sink = FakeSink({"k": [failed(Reason.RULE, "shipped meanwhile")]})
    made, producer = stage(sink)
    record = arrival("k", kind="command", schema="cancellation", operation="cancel_lines", body=body)
    await made.process(Chunk("deliver.odoo.critical", 0, (record,)))
    [ended] = [CODEC.decode("outcome", message.value) for message in producer.on("outcomes")]
    assert (ended["result"], ended["about"]) == ("dead", {"order_name": "S00007", "whole": "true"})


@pytest.mark.parametrize("damage", ["headers", "value", "environment"])
async def test_what_cannot_be_read_is_a_dead_letter_and_the_rest_goes_on(damage: str) -> None:
    bad = arrival("bad", env="production" if damage == "environment" else "sandbox")
    if damage == "headers":
        bad = arrival("bad", headers=())
    if damage == "value":
        bad = Record(bad.topic, 0, 0, 0, bad.key, b"\x00garbage", bad.headers)
    made, producer = stage(FakeSink())
    await made.process(chunk(bad, arrival("good", offset=1)))
    letter = CODEC.decode("failed_record", producer.on("dead.odoo")[0].value)
    assert letter["key"] == "bad"
    assert letter["value"] == bad.value
    assert producer.outcomes()["good"] == ["applied"]


async def test_a_later_command_waits_behind_a_parked_one_until_that_is_done() -> None:
    """EVT-2: a later command of a parked key never overtakes."""
    sink = FakeSink({"k": [failed(Reason.TRANSIENT, "away")]})
    made, producer = stage(sink)
    first, second = arrival("k", kind="command", checksum="one"), arrival("k", kind="command", checksum="two", offset=1)
    await made.process(chunk(first, second))
    assert [len(call) for call in sink.calls] == [1]
    waiting = [decode_failure(message.headers) for message in producer.on("retry.30s")]
    assert [failure.attempt if failure else None for failure in waiting] == [1, 0]
    await made.process(chunk(Record(first.topic, 0, 2, 0, first.key, first.value, producer.on("retry.30s")[0].headers)))
    await made.process(
        chunk(Record(second.topic, 0, 3, 0, second.key, second.value, producer.on("retry.30s")[1].headers))
    )
    assert producer.outcomes() == {"k": ["retry", "applied", "applied"]}


async def test_start_takes_the_runtime_s_producer_and_progress() -> None:
    made, _ = stage(FakeSink())
    producer, progress = FakeProducer(), Progress()
    await made.start(StageContext(producer, progress))  # type: ignore[arg-type]
    await made.process(chunk(arrival("k")))
    assert producer.outcomes() == {"k": ["applied"]}


async def test_a_right_that_one_record_lacks_stops_no_other_and_takes_its_own_way() -> None:
    """The failure is of the record: the breaker stays closed, the lane goes on, the record is tried again by its own policy."""
    forbidden = Outcome(Result.FAILED, Reason.AUTH, "may not create account.tax", of_record=True)
    for keys in (["ok", "bad"], ["bad", "ok"], ["bad"]):
        sink = FakeSink({"bad": [forbidden]})
        made, producer = stage(sink)
        await made.process(chunk(*(arrival(key, offset=n) for n, key in enumerate(keys))))
        assert producer.outcomes() == {key: ["retry" if key == "bad" else "applied"] for key in keys}
        assert len(sink.calls) == 1


async def test_a_record_that_is_itself_the_trouble_does_not_keep_the_lane_closed() -> None:
    """ERR-4: an order that makes Odoo's worker die each time is the probe a few times, then it waits elsewhere and others get through."""
    always: list[Outcome | Exception] = [TransientError("502")] * 60
    sink = FakeSink({"poison": always})
    made, producer = stage(sink, failures=1)
    await made.process(chunk(arrival("poison"), *(arrival(f"k{n}", offset=n) for n in range(1, 4))))
    assert producer.outcomes() == {"poison": ["retry"], "k1": ["applied"], "k2": ["applied"], "k3": ["applied"]}


async def test_what_another_lane_applied_while_this_one_waited_is_not_set_back() -> None:
    """A bulk resync that waits for its destination must not overwrite what critical wrote meanwhile."""

    class Meanwhile(NobodyElse):
        calls = 0

        def catch_up(self, partition: int) -> list[Record]:
            self.calls += 1
            if self.calls != 3:
                return []
            newer = made._keys.after(KeyView(), delivery("k1", 9), Outcome(Result.APPLIED, remote_id="7"), parked=False)
            message = made._keys.message("k1", newer, NOW)
            return [Record(message.topic, 0, 5, 0, message.key, message.value)]

    sink = FakeSink({"k1": [TransientError("away")]})
    made, producer = stage(sink, failures=1)
    made._others = Meanwhile()  # type: ignore[assignment]
    await made.process(chunk(arrival("k1", version=3)))
    assert producer.outcomes() == {"k1": ["stale"]}
    assert len(sink.calls) == 1


async def test_what_was_read_of_other_partitions_on_the_way_is_taken_in_and_does_not_pile_up() -> None:
    """A lane without work in a partition would keep all that the other lanes write there, unread, for as long as it runs."""

    class Passing(NobodyElse):
        asked: list[int]

        def passed_by(self, least: int) -> dict[int, list[Record]]:
            self.asked = [*getattr(self, "asked", []), least]
            state = made._keys.after(KeyView(), delivery("k9", 4), Outcome(Result.APPLIED, remote_id="7"), parked=False)
            message = made._keys.message("k9", state, NOW)
            record = Record(message.topic, 0, 5, 0, message.key, message.value)
            return {1: [record], 2: [record]}

    made, _ = stage(FakeSink())
    made._others = others = Passing()  # type: ignore[assignment]
    made._keys.learn(1, [])  # partition 1 is ours as well, 2 is not
    await made.process(chunk(arrival("k1")))
    assert set(others.asked) == {1000}
    assert set(made._keys.views(1)) == {"k9"}
    assert not made._keys.has(2)


def delivery(key: str, version: int) -> Delivery:
    return Delivery("id", "upsert_order", False, key, "walmart", "a", version, f"c{version}", key, {})


async def test_a_held_newer_state_is_not_replaced_by_an_older_one_that_wakes() -> None:
    """v1 waits for a retry, v2 is held for a mapping; when v1 wakes it is stale, or the release would bring v1 and lose v2."""
    unmapped = failed(Reason.MAPPING, "no product", waiting_for="sku:walmart:a:X")
    sink = FakeSink({"k": [failed(Reason.TRANSIENT, "away"), unmapped, unmapped]})
    made, producer = stage(sink)
    first = arrival("k", version=1)
    await made.process(chunk(first))
    await made.process(chunk(arrival("k", version=2, offset=1)))
    woken = Record(first.topic, 0, 2, 0, first.key, first.value, producer.on("retry.30s")[0].headers)
    await made.process(chunk(woken))
    assert producer.outcomes() == {"k": ["retry", "held", "stale"]}
    assert len(producer.on("held.odoo")) == 1
    await made.process(chunk(arrival("k", version=2, offset=3)))  # the mapping was made: the held one itself comes back
    await made.process(chunk(arrival("k", version=3, offset=4)))
    assert producer.outcomes()["k"][3:] == ["held", "applied"]


async def test_a_record_whose_dead_letter_is_refused_too_is_buried_without_its_value() -> None:
    """One record must never end the worker at every start."""

    class Small(FakeProducer):
        async def deliver(self, messages: Sequence[Message]) -> None:
            if any(len(message.value or b"") > 5_000 for message in messages):
                raise RejectedError("MSG_SIZE_TOO_LARGE")
            await super().deliver(messages)

    made, _ = stage(FakeSink())
    producer = made._producer = Small()  # type: ignore[assignment]
    huge = arrival("k")
    huge = Record(huge.topic, 0, 7, 0, huge.key, b"\x00" * 6_000, huge.headers)
    with pytest.raises(RejectedError):
        await made.process(chunk(huge))  # the runtime bisects and hands it to failed()
    await made.failed(chunk(huge), RejectedError("MSG_SIZE_TOO_LARGE"))
    letter = CODEC.decode("failed_record", producer.on("dead.odoo")[0].value)
    assert letter["value"] is None
    assert "deliver.odoo.critical/0/7" in letter["detail"]


async def test_what_is_known_at_the_start_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """OPS-1: not one for each partition."""
    caplog.set_level(logging.INFO)
    made, _ = stage(FakeSink())
    await made.assigned({Partition("deliver.odoo.critical", number) for number in range(6)})
    said = [record.getMessage() for record in caplog.records]
    assert said == ["key_state_restored stage=causeway.deliver.odoo.critical partitions=6 keys=0"]
