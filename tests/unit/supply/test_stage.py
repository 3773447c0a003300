"""PO-4, OPS-1: the stage around the rules: what it writes and in which order, what it restores, what it cannot read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.headers import decode_headers
from schemas.record import Record
from schemas.records import SupplierProduct
from schemas.topics import APPROVALS, AUDIT, SUPPLY_LEDGER, dead
from streams.approvals import answers
from streams.failure.routing import FailureRouting
from streams.runtime import Chunk, Partition, StageContext
from streams.runtime.progress import Progress
from streams.settings import Settings
from streams.stages.supply.stage import OFFERS, SupplyStage
from streams.supply_settings import SupplySettings
from tests.supplier_records import offer_of, variant
from tests.unit.ledger_kafka import AwayError, Kafka
from tests.unit.observe.bodies import CODEC, on

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
KEY = "alibaba:main:offer:554"
TERMS = "vendor-terms"


async def started(kafka: Kafka, **rules: Any) -> SupplyStage:
    """A stage that knows what `supply.ledger` holds."""
    settings = Settings(supply=SupplySettings(**rules))
    stage = SupplyStage(settings, CODEC, FailureRouting(CODEC, settings), lambda: NOW)
    await stage.start(StageContext(kafka, Progress()))  # type: ignore[arg-type] # all of it that the stage uses
    await stage.assigned({Partition(OFFERS, 0), Partition(APPROVALS, 0)})
    return stage


def offer(stock: str, version: int, lane: str = "") -> Record:
    body: SupplierProduct = offer_of("554", variant("11", stock=stock))
    value = CODEC.encode("supplier_product", body)
    return on(
        OFFERS, KEY, value, source="alibaba", entity="supplier_product", version=version, env="sandbox", lane=lane
    )


def answer(kafka: Kafka, state: str = "approved") -> Record:
    """What a person says of the last proposal."""
    last = kafka.decoded("approval", APPROVALS)[-1]
    item = {**last, "id": last["proposal"]}
    said, _ = answers(CODEC, "sandbox", [item], state, "ann", "", NOW)
    return Record(APPROVALS, 0, 1, 0, said.key, said.value, said.headers)


async def works(stage: SupplyStage, *records: Record) -> None:
    for one in records:
        await stage.process(Chunk(one.topic, one.partition, (one,)))


async def test_what_follows_is_safe_before_the_ledger_and_each_is_of_the_offers_account(kafka: Kafka) -> None:
    stage = await started(kafka)
    await works(stage, offer("0", 1))
    assert [{one.topic for one in sent} for sent in kafka.sends] == [{APPROVALS}, {SUPPLY_LEDGER}]
    await works(stage, answer(kafka))
    (decided,) = kafka.of(TERMS)
    headers = decode_headers(decided.headers)
    assert (decided.key, headers.source, headers.entity) == (f"{KEY}:11:lead_time".encode(), "alibaba", "vendor_terms")
    assert (kafka.decoded("vendor_terms", TERMS)[0]["lead_days"], headers.version) == (30, int(NOW.timestamp() * 1000))


async def test_another_process_goes_on_with_what_kafka_holds(kafka: Kafka) -> None:
    """OPS-1: it proposes nothing anew, and knows the proposal an answer names."""
    await works(await started(kafka), offer("0", 1))
    said = answer(kafka)
    other = await started(kafka)
    await works(other, offer("0", 2), said)
    assert len(kafka.of(APPROVALS)) == 1
    assert len(kafka.of(TERMS)) == 1


async def test_killed_before_its_ledger_was_written_it_proposes_the_same(kafka: Kafka) -> None:
    kafka.breaks = 1
    with pytest.raises(AwayError):
        await works(await started(kafka), offer("0", 1))
    await works(await started(kafka), offer("0", 1))
    first, second = kafka.decoded("approval", APPROVALS)
    assert first["proposal"] == second["proposal"]
    assert kafka.of(APPROVALS)[0].headers == kafka.of(APPROVALS)[1].headers


async def test_an_older_state_and_what_a_stage_said_itself_change_nothing(kafka: Kafka) -> None:
    stage = await started(kafka)
    await works(stage, offer("0", 5))
    sent = len(kafka.sends)
    (own,) = kafka.read(None, [APPROVALS])
    await works(stage, offer("100", 4), own)
    assert [one for sends in kafka.sends[sent:] for one in sends] == []


async def test_a_resync_tells_it_again(kafka: Kafka) -> None:
    stage = await started(kafka)
    await works(stage, offer("0", 1))
    await works(stage, answer(kafka), offer("0", 1), replace(offer("0", 1), headers=offer("0", 1, lane="bulk").headers))
    first, again = kafka.of(TERMS)
    assert first.key == again.key
    assert decode_headers(again.headers).version > decode_headers(first.headers).version
    assert decode_headers(again.headers).lane == ""


async def test_several_records_of_one_chunk_follow_each_other(kafka: Kafka) -> None:
    stage = await started(kafka)
    await stage.process(Chunk(OFFERS, 0, (offer("0", 1), offer("100", 2), offer("0", 3))))
    assert [one["state"] for one in kafka.decoded("approval", APPROVALS)] == ["proposed", "superseded", "proposed"]
    assert len(kafka.of(SUPPLY_LEDGER)) == 1


async def test_an_answer_and_a_newer_state_at_the_same_time_both_count(kafka: Kafka) -> None:
    """Two topics, two partitions of one number, worked side by side."""
    stage = await started(kafka)
    await works(stage, offer("0", 1))
    said = answer(kafka)
    await asyncio.gather(works(stage, said), works(stage, offer("1", 2)))
    last = kafka.decoded("supply_ledger", SUPPLY_LEDGER)[-1]
    assert (last["version"], last["skus"][0]["stock"]) == (2, "1")
    (matter,) = last["skus"][0]["matters"]
    assert (matter["told"], matter["proposal"]) == ("30", "")


async def test_automatic_is_written_into_the_audit_trail(kafka: Kafka) -> None:
    await works(await started(kafka, lead_time="automatic"), offer("0", 1))
    (entry,) = kafka.decoded("audit", AUDIT)
    assert (entry["actor"], entry["action"], entry["subject"]) == ("automatic", "approved", f"{KEY}:11:lead_time")
    assert (entry["before"], entry["after"]) == ("the lead time it has without this", "lead time 30 days")


async def test_answers_to_prices_are_not_its_business(kafka: Kafka) -> None:
    stage = await started(kafka)
    await works(stage, offer("0", 1))
    sent = len(kafka.sends)
    said = answer(kafka)
    price = {**CODEC.decode("approval", said.value), "key": "sku:A", "subject": "price:walmart:main:A", "kind": "price"}
    await works(stage, replace(said, key=b"sku:A", value=CODEC.encode("approval", price)))
    assert [one for sends in kafka.sends[sent:] for one in sends] == []


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (replace(offer("0", 1), value=b"\x00damaged"), "supplier_product"),
        (on(OFFERS, KEY, offer("0", 1).value, env="production"), "environment production"),
    ],
)
async def test_what_cannot_be_taken_is_a_dead_letter_and_the_rest_goes_on(
    kafka: Kafka, record: Record, why: str
) -> None:
    stage = await started(kafka)
    await stage.process(Chunk(OFFERS, 0, (record, offer("0", 2))))
    (letter,) = kafka.decoded("failed_record", dead("supply"))
    assert (letter["destination"], letter["reason"]) == ("supply", "data")
    assert why in letter["detail"]
    assert len(kafka.of(APPROVALS)) == 1


async def test_partitions_that_are_gone_are_forgotten(kafka: Kafka) -> None:
    stage = await started(kafka)
    await works(stage, offer("0", 1))
    said = answer(kafka)
    await stage.revoked({Partition(OFFERS, 0), Partition(APPROVALS, 0)})
    await works(stage, said)
    assert kafka.of(TERMS) == []
