"""What flows in shadow would have written (OPS-7): reading it, asking destinations what they hold now, letting it go out at last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Delivery, Difference, Sink
from schemas.codec import Codec, DecodeError
from schemas.record import Message, Record
from schemas.topics import DESTINATIONS, Lane, deliver, shadow
from streams.failure.actions import audit_message
from streams.kafka import SyncProducer, read_to_end
from streams.settings import Settings
from streams.stages.arrivals import read as read_arrival

BATCH = 100


@dataclass(frozen=True, slots=True)
class Shadowed:
    """One delivery that stayed in shadow: the newest of its key and operation."""

    delivery: Delivery
    destination: str
    lane: str
    record: Record


@dataclass(frozen=True, slots=True)
class Compared:
    """What one delivery would change. `problem`: why that cannot be said; no differences and no problem = nothing would change."""

    shadowed: Shadowed
    differences: tuple[Difference, ...] = ()
    problem: str = ""


def read_shadow(
    settings: Settings, codec: Codec, chosen: Callable[[Delivery], bool] = lambda delivery: True
) -> tuple[list[Shadowed], int]:
    """All that is in shadow and chosen, by destination and operation; and how many records cannot be read. Raises BrokerError."""
    records = read_to_end(settings.kafka.librdkafka(), [shadow(name) for name in DESTINATIONS])
    return standing(records, codec, settings.environment.value, chosen)


def standing(
    records: Iterable[Record],
    codec: Codec,
    environment: str,
    chosen: Callable[[Delivery], bool] = lambda delivery: True,
) -> tuple[list[Shadowed], int]:
    """The same of these records of shadow topics, each partition in order. Pure."""
    newest: dict[tuple[str, bytes], Record] = {}
    for record in records:
        if record.key is not None:
            newest[record.topic, record.key] = record
    found, unreadable = [], 0
    for record in newest.values():
        if record.value is None:
            continue
        try:
            delivery = read_arrival(record, codec, environment).delivery
            lane = codec.decode("deliver", record.value)["lane"]
        except (DecodeError, ValueError):
            unreadable += 1
            continue
        if chosen(delivery):
            found.append(Shadowed(delivery, record.topic.removeprefix("shadow."), lane, record))
    return sorted(found, key=lambda item: (item.destination, item.delivery.operation, item.delivery.key)), unreadable


async def compare(found: Iterable[Shadowed], sinks: Mapping[str, Sink]) -> list[Compared]:
    """What each would change at its destination as it is now. Reads only."""
    compared: list[Compared] = []
    for (destination, _), items in groupby(found, key=lambda item: (item.destination, item.delivery.operation)):
        group = list(items)
        for start in range(0, len(group), BATCH):
            compared += await _compare(group[start : start + BATCH], sinks[destination])
    return compared


async def _compare(batch: Sequence[Shadowed], sink: Any) -> list[Compared]:
    preview = getattr(sink, "preview", None)
    if preview is None:
        return [Compared(item, problem=f"{item.destination} cannot say what it holds") for item in batch]
    try:
        answers = await preview([item.delivery for item in batch])
    except ConnectorError as error:
        return [Compared(item, problem=str(error)) for item in batch]
    return [compared_by(item, answer) for item, answer in zip(batch, answers, strict=True)]


def compared_by(item: Shadowed, answer: Iterable[Difference]) -> Compared:
    """What the destination would refuse is no change: it is what keeps one from being told."""
    found = tuple(answer)
    problem = "; ".join(one.would_be for one in found if one.refused)
    return Compared(item, () if problem else found, problem)


def released(
    codec: Codec, found: Iterable[Shadowed], actor: str, note: str, now: datetime
) -> list[tuple[Message, list[Message]]]:
    """For each: the delivery on its way, and what is written after it is safe (its end in shadow, the audit entry). Pure."""
    return [
        (
            Message(deliver(item.destination, Lane(item.lane)), item.delivery.key.encode(), item.record.value, item.record.headers),
            [
                Message(item.record.topic, item.record.key, None),
                audit_message(
                    codec, "release from shadow", item.delivery.key, actor=actor, at=now, note=note, after=item.delivery.operation,
                    correlation=item.delivery.correlation,
                ),
            ],
        )
        for item in found
    ]  # fmt: skip


def release(settings: Settings, codec: Codec, found: Sequence[Shadowed], actor: str, note: str, now: datetime) -> None:
    """Deliveries first, acknowledged; then their ends: a kill in between repeats a delivery, which changes nothing. Raises SendError."""
    producer = SyncProducer(settings.kafka.librdkafka())
    made = released(codec, found, actor, note, now)
    for start in range(0, len(made), 1000):
        part = made[start : start + 1000]
        producer.send_all([message for message, _ in part])
        producer.send_all([message for _, more in part for message in more])
