"""Deliveries that a job at the destination decides: submitted once, asked about until it is over, one outcome in the end (INV-1, INV-5)."""

from __future__ import annotations

from datetime import timedelta

from connectors.kit.ports import Canonical, Outcome, Result, failed, submitted
from schemas import topics
from schemas.headers import decode_failure
from schemas.reasons import Reason
from schemas.record import Message, Record
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
