"""Deliveries that a job at the destination decides: submitted once, asked about until it is over, one outcome in the end (INV-1, INV-5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connectors.kit.ports import Canonical, Delivery, Outcome, Result, failed, submitted
from schemas import topics
from schemas.headers import decode_failure
from schemas.reasons import Reason
from schemas.record import Message, Record
from streams.stages.batching import KeyView
from streams.stages.deliver import DeliverStage
from tests.unit.stages.test_deliver import CODEC, NOW, FakeProducer, FakeSink, arrival, chunk, stage


def back(message: Message, offset: int = 50) -> Record:
    """A record of a retry tier, brought back by the retry worker."""
    return Record("deliver.odoo.critical", 0, offset, 0, message.key, message.value, message.headers)


def waiting(producer: FakeProducer, seconds: int) -> list[Message]:
    return producer.on(topics.retry(timedelta(seconds=seconds)))


async def test_it_comes_back_with_its_job_and_no_try_is_counted() -> None:
    sink = FakeSink({"k": [submitted("feed:1", 20), submitted("feed:1", 100), Outcome(Result.APPLIED)]})
    made, producer = stage(sink)
    await made.process(chunk(arrival("k")))
    [first] = waiting(producer, 30)
    failure = decode_failure(first.headers)
    assert failure is not None
    assert (failure.job, failure.attempt) == ("feed:1", 0)
    await made.process(chunk(back(first)))
    [second] = waiting(producer, 120)
    await made.process(chunk(back(second)))
    assert [call[0].job for call in sink.calls] == ["", "feed:1", "feed:1"]
    assert [call[0].attempt for call in sink.calls] == [1, 1, 1]
    assert producer.outcomes() == {"k": ["submitted", "submitted", "applied"]}


async def test_a_newer_state_learns_of_the_job_that_is_still_open() -> None:
    """INV-5: what the older one wrote may still arrive, so whoever writes now must know."""
    sink = FakeSink({"k": [submitted("feed:1", 20), submitted("after:feed:1", 20)]})
    made, _ = stage(sink)
    await made.process(chunk(arrival("k", version=1)))
    await made.process(chunk(arrival("k", version=2, offset=1)))
    assert [(call[0].version, call[0].job, call[0].open_jobs) for call in sink.calls] == [
        (1, "", ()),
        (2, "", ("feed:1",)),
    ]


async def test_the_result_of_an_overtaken_job_is_read_all_the_same() -> None:
    """INV-1: one outcome for every item of every feed, even of a number that a newer one has replaced."""
    sink = FakeSink({"k": [submitted("feed:1", 20)]})
    made, producer = stage(sink)
    await made.process(chunk(arrival("k", version=1)))
    [parked] = waiting(producer, 30)
    await made.process(chunk(arrival("k", version=5, offset=1)))
    await made.process(chunk(back(parked)))
    assert [(call[0].version, call[0].job) for call in sink.calls] == [(1, ""), (5, ""), (1, "feed:1")]
    newest = CODEC.decode("key_state", producer.on("state.odoo")[-1].value)
    assert (newest["version"], newest["job"]) == (5, "")


async def test_a_job_that_ends_badly_is_a_failure_like_any_other() -> None:
    sink = FakeSink({"k": [submitted("feed:1", 20), failed(Reason.DATA, "ERR_PDI_0047: invalid check-digit")]})
    made, producer = stage(sink)
    await made.process(chunk(arrival("k")))
    await made.process(chunk(back(waiting(producer, 30)[0])))
    [letter] = producer.on("dead.odoo")
    found = CODEC.decode("failed_record", letter.value)
    assert (found["reason"], found["attempts"]) == ("data", 1)
    assert CODEC.decode("key_state", producer.on("state.odoo")[-1].value)["job"] == ""


async def test_later_commands_wait_behind_one_whose_job_is_open() -> None:
    """EVT-2."""
    sink = FakeSink({"k": [submitted("feed:1", 20)]})
    made, producer = stage(sink)
    await made.process(chunk(arrival("k", kind="command", checksum="first")))
    await made.process(chunk(arrival("k", kind="command", checksum="second", offset=1)))
    assert len(sink.calls) == 1
    assert len(waiting(producer, 30)) == 2


async def test_what_would_release_a_record_holds_it_whatever_the_reason() -> None:
    """RET-2: a refund before its shipment waits for that, not for a clock."""
    sink = FakeSink({"k": [failed(Reason.CONFLICT, "not shipped yet", waiting_for="shipped:walmart:main:1")]})
    made, producer = stage(sink)
    await made.process(chunk(arrival("k", kind="command")))
    assert producer.outcomes() == {"k": ["held"]}
    assert CODEC.decode("failed_record", producer.on("held.odoo")[0].value)["waiting_for"] == "shipped:walmart:main:1"


async def test_what_a_sink_learns_on_the_way_is_published_with_the_outcome() -> None:
    """PRD-2: a conflict between two systems is recorded."""
    body = {
        "key": "k", "entity": "listing", "field": "title", "odoo": "a", "marketplace": "b", "master": "odoo", "action": "kept",
        "correlation": "", "at": NOW,
    }  # fmt: skip
    learned = Outcome(Result.APPLIED, events=(Canonical("conflict", "k", 3, body),), notes=("conflict:title",))
    made, producer = stage(FakeSink({"k": [learned]}))
    await made.process(chunk(arrival("k")))
    assert CODEC.decode("conflict", producer.on("conflicts")[0].value) == body
    assert CODEC.decode("outcome", producer.on("outcomes")[0].value)["notes"] == ["conflict:title"]


class Announced(FakeSink):
    """Its states are told to the other lanes before they are sent."""

    def __init__(self, script: dict[str, list[Outcome | Exception]], producer: FakeProducer | None = None) -> None:
        super().__init__(script)
        self.told: list[list[str]] = []
        self.producer = producer

    def announces(self, delivery: Delivery) -> bool:
        return not delivery.job

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        assert self.producer is not None
        self.told.append([job for message in self.producer.on("state.odoo") for job in known(message)["jobs"]])
        return await super().deliver(batch)


class OtherLane:
    """The topic of key states, with what another lane writes to it: `says` at the catch-up of that number."""

    def __init__(self, says: dict[int, Message]) -> None:
        self.says, self.calls = says, 0

    def catch_up(self, partition: int) -> list[Record]:
        self.calls += 1
        message = self.says.get(self.calls)
        return [Record(message.topic, 0, 5, 0, message.key, message.value)] if message else []

    def passed_by(self, least: int) -> dict[int, list[Record]]:
        return {}


def known(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = CODEC.decode("key_state", message.value)
    return found


def announced(script: dict[str, list[Outcome | Exception]]) -> tuple[Announced, DeliverStage, FakeProducer]:
    sink = Announced(script)
    made, producer = stage(sink)
    sink.producer = producer
    return sink, made, producer


SENDING = f"sending:{int(NOW.timestamp())}"


async def test_what_is_going_to_be_sent_is_told_before_and_taken_back_with_the_outcome() -> None:
    """INV-5: who dies in between leaves a trace; the others know that it may arrive at any time."""
    sink, made, producer = announced({"k": [submitted("feed:1|3", 20), Outcome(Result.APPLIED)]})
    await made.process(chunk(arrival("k", version=3)))
    assert sink.told == [[f"{SENDING}|3"]]
    assert sink.calls[0][0].open_jobs == (f"{SENDING}|3",)
    last = known(producer.on("state.odoo")[-1])
    assert (last["jobs"], last["opened"], last["closed"]) == (["feed:1|3"], ["feed:1|3"], [f"{SENDING}|3"])
    await made.process(chunk(back(waiting(producer, 30)[0])))
    assert len(producer.on("state.odoo")) == 3  # asking how a job went needs no telling
    assert known(producer.on("state.odoo")[-1])["jobs"] == []


async def test_a_failed_call_that_nobody_answered_stays_told() -> None:
    given = replace(failed(Reason.TRANSIENT, "no answer"), job=f"{SENDING}|3", of_record=True)
    _, made, producer = announced({"k": [given, Outcome(Result.APPLIED)]})
    await made.process(chunk(arrival("k", version=3)))
    assert known(producer.on("state.odoo")[-1])["jobs"] == [f"{SENDING}|3"]
    await made.process(chunk(back(waiting(producer, 30)[0])))
    assert known(producer.on("state.odoo")[-1])["jobs"] == []


async def test_who_tells_second_learns_of_the_first() -> None:
    """INV-5: two lanes in two processes send the same key at the same moment."""
    sink, made, producer = announced({"k": [Outcome(Result.STALE)]})
    other = made._keys.message("k", KeyView(jobs=frozenset({f"{SENDING}|7"})), NOW, KeyView())
    made._others = OtherLane({3: other})  # type: ignore[assignment] # once for the chunk, once for the batch, then after it has told
    await made.process(chunk(arrival("k", version=3)))
    assert sink.calls[0][0].open_jobs == (f"{SENDING}|3", f"{SENDING}|7")
    both = [f"{SENDING}|3", f"{SENDING}|7"]
    assert known(producer.on("state.odoo")[1])["jobs"] == both  # the other one's record did not say the first
    assert known(producer.on("state.odoo")[-1])["jobs"] == [f"{SENDING}|7"]


async def test_an_older_version_that_is_settled_keeps_a_newer_ones_job() -> None:
    """INV-5"""
    sink = FakeSink({"k": [submitted("feed:1|1", 20), submitted("feed:2|2", 20), Outcome(Result.APPLIED)]})
    made, producer = stage(sink)
    await made.process(chunk(arrival("k", version=1)))
    [first] = waiting(producer, 30)
    await made.process(chunk(arrival("k", version=2, offset=1)))
    await made.process(chunk(back(first)))
    assert sink.calls[2][0].open_jobs == ("feed:2|2",)
    assert known(producer.on("state.odoo")[-1])["jobs"] == ["feed:2|2"]
    await made.process(chunk(arrival("k", version=3, offset=2)))
    assert sink.calls[3][0].open_jobs == ("feed:2|2",)
