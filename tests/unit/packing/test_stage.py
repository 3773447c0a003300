"""EDGE-5, EVT-4, OPS-1: the stage around the state machine: what it brings together, tells, restores, and what cannot harm it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas.headers import decode_headers
from schemas.record import Record
from schemas.topics import HARDWARE_EVENTS, PACKING_EVENTS, PACKING_LEDGER, dead
from streams.failure.routing import FailureRouting
from streams.packing_settings import PackingSettings
from streams.runtime import Chunk, Partition, StageContext
from streams.runtime.progress import Progress
from streams.settings import Settings
from streams.stages.packing.stage import PackingStage
from streams.worker import stage_names
from tests.unit.ledger_kafka import AwayError, Kafka
from tests.unit.observe.bodies import CODEC, on
from tests.unit.packing.kit import BENCH, BOX, NOW, SCALE, event

OUT, CHECKS = "WH/OUT/00012", "packing-checks"
SETTINGS = Settings(packing=PackingSettings(stations={"bench1": BENCH}))


async def started(kafka: Kafka) -> PackingStage:
    """A stage that knows what `packing.ledger` holds."""
    stage = PackingStage(SETTINGS, CODEC, FailureRouting(CODEC, SETTINGS), lambda: NOW)
    await stage.start(StageContext(kafka, Progress()))  # type: ignore[arg-type] # all of it that the stage uses
    await stage.assigned({Partition(HARDWARE_EVENTS, 0), Partition(PACKING_EVENTS, 0)})
    return stage


def heard(sequence: int, value: str = "", topic: str = PACKING_EVENTS, **more: Any) -> Record:
    """An event of the station, or of a Box where another topic is named."""
    body = event(sequence, value=value, **more)
    key = "station:bench1" if topic == PACKING_EVENTS else f"box:{body['box']}:{body['device']}"
    made = on(topic, key, CODEC.encode("hardware_event", body), sequence, source="iotbox", env="sandbox")
    return replace(made, offset=sequence)


async def works(stage: PackingStage, *records: Record) -> None:
    for one in records:
        await stage.process(Chunk(one.topic, 0, (one,)))


PACKED = (heard(1, OUT), heard(2, "A"), heard(3, device=SCALE, weight="1.25"), heard(4, OUT))


async def test_what_belongs_to_a_station_is_brought_together_byte_for_byte(kafka: Kafka) -> None:
    stage = await started(kafka)
    ours = heard(1, OUT, HARDWARE_EVENTS)
    scale = heard(2, topic=HARDWARE_EVENTS, device=SCALE, weight="1")
    await stage.process(Chunk(HARDWARE_EVENTS, 0, (ours, scale)))
    assert [(one.topic, one.key, one.value, one.headers) for one in kafka.of(PACKING_EVENTS)] == [
        (PACKING_EVENTS, b"station:bench1", one.value, one.headers) for one in (ours, scale)
    ]


async def test_devices_that_belong_to_no_station_are_left_alone(kafka: Kafka) -> None:
    """Even what nobody could read."""
    stage = await started(kafka)
    others = (
        heard(1, OUT, HARDWARE_EVENTS, box="b8:27:eb:00:00:02"),
        heard(1, OUT, HARDWARE_EVENTS, device="usb_1:2"),
        replace(heard(1, "", HARDWARE_EVENTS, device=""), value=b"\x00damaged", headers=()),
    )
    await stage.process(Chunk(HARDWARE_EVENTS, 0, others))
    assert [one for sent in kafka.sends for one in sent] == []


async def test_a_check_is_told_and_safe_before_the_ledger(kafka: Kafka) -> None:
    stage = await started(kafka)
    await works(stage, *PACKED)
    (check,) = kafka.decoded("packing_check", CHECKS)
    headers = decode_headers(kafka.of(CHECKS)[0].headers)
    assert (check["picking"], check["weight"], headers.source, headers.entity) == (
        OUT,
        "1.25",
        "iotbox",
        "packing_check",
    )
    assert headers.version == check["version"] == PACKED[-1].timestamp_ms
    assert [{one.topic for one in sent} for sent in kafka.sends[-2:]] == [{CHECKS}, {PACKING_LEDGER}]


async def test_events_that_come_again_count_once(kafka: Kafka) -> None:
    """EVT-4: also after a restart."""
    await works(await started(kafka), PACKED[0], PACKED[1], PACKED[1], PACKED[0])
    await works(await started(kafka), *PACKED, *PACKED)
    (check,) = kafka.decoded("packing_check", CHECKS)
    assert check["scans"] == [{"code": "A", "count": 1}]


async def test_killed_before_its_ledger_was_written_it_tells_the_same(kafka: Kafka) -> None:
    await works(await started(kafka), *PACKED[:3])
    kafka.breaks = len(kafka.sends) + 1
    with pytest.raises(AwayError):
        await works(await started(kafka), PACKED[3])
    await works(await started(kafka), PACKED[3])
    first, again = kafka.of(CHECKS)
    assert (first.value, first.headers) == (again.value, again.headers)


async def test_a_whole_chunk_comes_to_the_same(kafka: Kafka) -> None:
    await (await started(kafka)).process(Chunk(PACKING_EVENTS, 0, PACKED))
    assert [one["picking"] for one in kafka.decoded("packing_check", CHECKS)] == [OUT]
    assert len(kafka.of(PACKING_LEDGER)) == 1


@pytest.mark.parametrize("topic", [HARDWARE_EVENTS, PACKING_EVENTS])
async def test_what_cannot_be_taken_is_a_dead_letter_and_the_rest_goes_on(kafka: Kafka, topic: str) -> None:
    stage = await started(kafka)
    good = heard(1, OUT, topic)
    foreign = on(topic, (good.key or b"").decode(), good.value, env="production")
    await stage.process(Chunk(topic, 0, (foreign, replace(good, headers=()), good)))
    letters = [CODEC.decode("failed_record", one.value) for one in kafka.of(dead("packing"))]
    assert [(one["destination"], one["reason"]) for one in letters] == [("packing", "data")] * 2
    assert len(kafka.of(PACKING_EVENTS if topic == HARDWARE_EVENTS else PACKING_LEDGER)) == 1


async def test_a_damaged_event_and_a_station_that_is_gone_stop_nothing(kafka: Kafka) -> None:
    stage = await started(kafka)
    damaged = replace(heard(2), value=b"\x00\x01")
    await stage.process(
        Chunk(
            PACKING_EVENTS,
            0,
            (PACKED[0], damaged, replace(heard(3, "B"), key=b"station:old"), heard(4, "A"), heard(5, OUT)),
        )
    )
    (check,) = kafka.decoded("packing_check", CHECKS)
    assert check["scans"] == [{"code": "A", "count": 1}]
    assert len(kafka.of(dead("packing"))) == 1


async def test_partitions_of_hardware_events_take_no_memory_away(kafka: Kafka) -> None:
    stage = await started(kafka)
    await works(stage, *PACKED[:2])
    await stage.revoked({Partition(HARDWARE_EVENTS, 0)})
    await works(stage, *PACKED[2:])
    assert kafka.decoded("packing_check", CHECKS)[0]["scans"] == [{"code": "A", "count": 1}]
    await stage.revoked({Partition(PACKING_EVENTS, 0)})
    assert 0 not in stage._books


def test_it_has_a_name_for_the_worker() -> None:
    assert "packing" in stage_names(())
    assert BOX in BENCH.devices[0]
