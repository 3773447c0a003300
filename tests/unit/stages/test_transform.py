"""Raw -> canonical: each raw record ends as an order, an exclusion, a dead letter, or is dropped as known (ORD-2, ORD-4, ORD-5)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.errors import DataError
from connectors.kit.ports import Canonical
from schemas.headers import Headers, decode_headers, encode_headers
from schemas.record import Message, Record
from schemas.records import Order, RawEvent
from streams.failure.routing import FailureRouting
from streams.runtime import Chunk, InfrastructureError
from streams.runtime.chunk import Partition
from streams.settings import FilterSettings, Settings
from streams.stages.dedupe import Memory
from streams.stages.transform import Transformer, TransformStage
from tests.unit.failure.samples import codec
from tests.unit.observe.bodies import body_of
from tests.unit.stages.samples import order

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CODEC = codec()
FETCHED = int(NOW.timestamp() * 1000)


def transformer(result: Order | Exception, settings: Settings | None = None) -> Transformer:
    def mapping(payload: bytes, account: str) -> tuple[Canonical, ...]:
        if isinstance(result, Exception):
            raise result
        return (Canonical("order", result["key"], result["version"], result),)

    made = settings or Settings()
    return Transformer(made, CODEC, {"raw.walmart.orders": mapping}, FailureRouting(CODEC, made), lambda: NOW)


def raw(made: Order, checksum: str = "raw1", lane: str = "", env: str = "sandbox") -> Record:
    event = RawEvent(
        source="walmart", account="MAIN", entity="order", key=made["key"], payload=b"{}", content_type="application/json",
        fetched_at=NOW, checksum=checksum, correlation=made["key"], request="",
    )  # fmt: skip
    headers = Headers("raw-id", "walmart", "order", made["version"], checksum, made["key"], FETCHED, env, lane=lane)
    return Record(
        "raw.walmart.orders", 0, 9, 0, made["key"].encode(), CODEC.encode("raw_event", event), encode_headers(headers)
    )


def by_topic(messages: list[Message]) -> dict[str, Message]:
    assert len({message.topic for message in messages}) == len(messages)
    return {message.topic: message for message in messages}


def result_of(message: Message) -> tuple[str, str]:
    value: Any = CODEC.decode("outcome", message.value)
    return value["result"], value["reason"]


def test_an_order_goes_to_history_and_current_state_with_headers_of_its_own() -> None:
    made = order(version=7)
    found = by_topic(transformer(made).messages(raw(made), Memory().draft(0)))
    assert sorted(found) == ["orders", "orders.current"]
    assert CODEC.decode("order", found["orders"].value) == made
    headers = decode_headers(found["orders"].headers)
    assert (headers.version, headers.entity, headers.correlation, headers.fetched) == (7, "order", made["key"], FETCHED)
    assert headers.id not in ("raw-id", "")
    again = by_topic(transformer(made).messages(raw(made, "raw2"), Memory().draft(0)))
    assert decode_headers(again["orders"].headers).id == headers.id  # the same fact has the same id


def test_the_same_state_again_is_dropped_and_a_change_goes_on() -> None:
    draft = Memory().draft(0)
    first, changed = order(version=1), order(version=2, status="shipped")
    assert transformer(first).messages(raw(first), draft)
    assert transformer(first).messages(raw(first, "raw2"), draft) == []
    assert transformer(changed).messages(raw(changed, "raw3"), draft)
    assert transformer(first).messages(raw(first, "raw4"), draft) == []  # an older state, late


def test_a_resync_passes_the_memory_but_never_sets_the_current_state_back() -> None:
    """REC-3: the destination is asked again; `orders.current` keeps the newest."""
    draft = Memory().draft(0)
    old, new = order(version=1), order(version=2, status="shipped")
    transformer(new).messages(raw(new), draft)
    assert sorted(by_topic(transformer(new).messages(raw(new, lane="bulk"), draft))) == ["orders", "orders.current"]
    assert sorted(by_topic(transformer(old).messages(raw(old, lane="bulk"), draft))) == ["orders"]


def test_an_excluded_order_is_one_outcome_with_its_reason() -> None:
    made = order(test=True)
    draft = Memory().draft(0)
    messages = transformer(made).messages(raw(made), draft)
    assert [message.topic for message in messages] == ["outcomes"]
    assert result_of(messages[0]) == ("excluded", "test_order")
    assert transformer(made).messages(raw(made), draft) == []  # not once more at every poll


def test_what_cannot_be_mapped_is_one_dead_letter_however_often_it_is_polled() -> None:
    made, draft = order(), Memory().draft(0)
    broken = transformer(DataError("orderLines: missing"))
    found = by_topic(broken.messages(raw(made), draft))
    letter = CODEC.decode("failed_record", found["dead.transform"].value)
    assert (letter["reason"], letter["detail"], letter["target"]) == (
        "data",
        "orderLines: missing",
        "raw.walmart.orders",
    )
    assert result_of(found["outcomes"]) == ("dead", "data")
    assert broken.messages(raw(made), draft) == []
    assert broken.messages(raw(made, "raw2"), draft)  # other content is looked at
    again = raw(made)
    assert broken.messages(replace(again, headers=(*again.headers, ("replays", b"1"))), draft)  # so is a replay


def test_a_bug_of_a_mapping_costs_its_record_only_and_tells_no_content() -> None:
    made = order()
    found = by_topic(transformer(KeyError("Mina Invented")).messages(raw(made), Memory().draft(0)))
    letter = CODEC.decode("failed_record", found["dead.transform"].value)
    assert letter["reason"] == "bug"
    assert "Mina" not in letter["detail"]


def test_damaged_foreign_or_misaddressed_records_are_dead_letters() -> None:
    made = order()
    good = raw(made)
    for bad in (
        replace(good, value=b"\x00\x00"),
        replace(good, value=None),
        replace(good, key=None),
        replace(good, headers=()),
        raw(made, env="production"),
        raw(order(order_id="other")),
    ):
        assert "dead.transform" in by_topic(transformer(made).messages(bad, Memory().draft(0)))


def test_filters_come_from_the_settings() -> None:
    made = order(test=True)
    settings = Settings(filters=FilterSettings(test=True))
    assert sorted(by_topic(transformer(made, settings).messages(raw(made), Memory().draft(0)))) == [
        "orders",
        "orders.current",
    ]


def test_a_registry_that_is_away_is_no_fault_of_the_record() -> None:
    """The process ends and reads the record again; it must not become a dead letter."""
    made = order()
    with pytest.raises(InfrastructureError):
        transformer(InfrastructureError("registry away")).messages(raw(made), Memory().draft(0))


def test_a_change_dated_in_the_future_does_not_hide_the_changes_after_it() -> None:
    """Clock skew at the source: a year-2100 date must not make every later state look old."""
    draft = Memory().draft(0)
    skewed, later = order(version=4_102_444_800_000), order(version=FETCHED + 1_000, status="shipped")
    assert transformer(skewed).messages(raw(skewed), draft)
    assert transformer(skewed).messages(raw(skewed, "raw2"), draft) == []
    soon_after = raw(later, "raw3")
    headers = replace(decode_headers(soon_after.headers), fetched=FETCHED + 2_000)
    assert transformer(later).messages(replace(soon_after, headers=encode_headers(headers)), draft)


class KilledError(Exception):
    """The process ends here."""


class DyingProducer:
    """Acknowledges so many deliveries, then the process is gone."""

    def __init__(self, deliveries: int) -> None:
        self.left = deliveries
        self.sent: list[Message] = []

    async def deliver(self, messages: Sequence[Message]) -> None:
        if self.left == 0:
            raise KilledError
        self.left -= 1
        self.sent += messages


async def test_an_order_that_is_remembered_has_been_told() -> None:
    """EVT-2: whatever the moment of a kill, an order on `orders.current` (from which the memory is restored) is on `orders` too."""
    deliveries = 0
    while True:
        producer = DyingProducer(deliveries)
        stage = TransformStage(Settings(), transformer(order()), ("raw.walmart.orders",), 100)
        stage._producer = producer  # type: ignore[assignment] # what start() takes from the runtime
        chunk = Chunk("raw.walmart.orders", 0, (raw(order()),))
        try:
            await stage.process(chunk)
            break
        except KilledError:
            told = {message.topic for message in producer.sent}
            assert "orders.current" not in told or "orders" in told
        deliveries += 1
    assert {message.topic for message in producer.sent} == {"orders", "orders.current"}
    assert deliveries == 2


SETTLEMENT = "walmart:MAIN:settlement:9"


def settling(amount: str, *orders: str, lines: str = "2.00") -> Transformer:
    """A mapping as settlements have it: the settlement, and a part for each order."""
    head = body_of("settlement", key=SETTLEMENT, source="walmart", account="MAIN", version=0, deposit=lines)
    parts = [body_of("settled_order", key=key, version=0, margin=amount) for key in orders]

    def mapping(payload: bytes, account: str) -> tuple[Canonical, ...]:
        found = (Canonical("settled_order", part["key"], 0, part) for part in parts)
        return (Canonical("settlement", SETTLEMENT, 0, head), *found)

    made = Settings()
    return Transformer(made, CODEC, {"raw.walmart.settlements": mapping}, FailureRouting(CODEC, made), lambda: NOW)


def raw_settlement(checksum: str = "raw1", lane: str = "") -> Record:
    event = RawEvent(
        source="walmart", account="MAIN", entity="settlement", key=SETTLEMENT, payload=b"{}", content_type="application/json",
        fetched_at=NOW, checksum=checksum, correlation="corr-9", request="",
    )  # fmt: skip
    headers = Headers("raw-id", "walmart", "settlement", 0, checksum, "corr-9", FETCHED, "sandbox", lane=lane)
    value = CODEC.encode("raw_event", event)
    return Record("raw.walmart.settlements", 0, 9, 0, SETTLEMENT.encode(), value, encode_headers(headers))


def margins(messages: Sequence[Message]) -> dict[str, str]:
    """Of each part, by its own Kafka key."""
    parts = [message for message in messages if message.topic == "settled-orders"]
    return {(part.key or b"").decode(): CODEC.decode("settled_order", part.value)["margin"] for part in parts}


def test_parts_of_a_record_have_keys_of_their_own_and_go_on_when_it_does() -> None:
    """FIN-1: what each order brought, once for a report however often it is read; a resync tells all of it again."""
    draft, keys = Memory().draft(0), (f"{SETTLEMENT}:order:1", f"{SETTLEMENT}:order:2")
    messages = settling("5", *keys).messages(raw_settlement(), draft)
    assert margins(messages) == dict.fromkeys(keys, "5")
    assert [message.topic for message in messages] == ["settled-orders", "settled-orders", "settlements"]
    headers = [decode_headers(message.headers) for message in messages]
    assert [(one.entity, one.correlation, one.version) for one in headers] == [
        ("settled_order", "corr-9", FETCHED), ("settled_order", "corr-9", FETCHED), ("settlement", "corr-9", FETCHED),
    ]  # fmt: skip
    assert len({one.id for one in headers}) == 3
    assert settling("5", *keys).messages(raw_settlement("raw2"), draft) == []
    again = settling("5", *keys).messages(raw_settlement(lane="bulk"), draft)
    assert [decode_headers(message.headers).id for message in again] == [one.id for one in headers]
    assert margins(settling("6", *keys, lines="3.00").messages(raw_settlement("raw3"), draft)) == dict.fromkeys(
        keys, "6"
    )


@pytest.mark.parametrize("key", ["walmart:MAIN:settlement:90:order:1", "walmart:MAIN:settlement:9:", "walmart:OTHER:1"])
def test_a_part_of_another_record_is_a_dead_letter(key: str) -> None:
    found = by_topic(settling("5", key).messages(raw_settlement(), Memory().draft(0)))
    assert sorted(found) == ["dead.transform", "outcomes"]


async def test_a_settlement_that_is_remembered_has_told_of_its_orders() -> None:
    """FIN-1: whatever the moment of a kill; the memory is restored from `settlements`."""
    for deliveries in (0, 1):
        producer = DyingProducer(deliveries)
        transformer = settling("5", f"{SETTLEMENT}:order:1")
        stage = TransformStage(Settings(), transformer, ("raw.walmart.settlements",), 100)
        stage._producer = producer  # type: ignore[assignment] # what start() takes from the runtime
        with pytest.raises(KilledError):
            await stage.process(Chunk("raw.walmart.settlements", 0, (raw_settlement(),)))
        assert {message.topic for message in producer.sent} == ({"settled-orders"} if deliveries else set())


async def test_many_parts_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """FIN-1: years of settlements are told report by report, each after its orders; what is known counts from the end of all."""
    monkeypatch.setattr("streams.stages.transform._MOST_AT_ONCE", 2)
    producer = DyingProducer(99)
    stage = TransformStage(Settings(), settling("5", f"{SETTLEMENT}:order:1"), ("raw.walmart.settlements",), 100)
    stage._producer = producer  # type: ignore[assignment] # what start() takes from the runtime
    resynced = tuple(raw_settlement(f"raw{number}", "bulk") for number in range(3))
    await stage.process(Chunk("raw.walmart.settlements", 0, resynced))
    assert [message.topic for message in producer.sent] == ["settled-orders", "settlements"] * 3


async def test_what_is_remembered_at_the_start_is_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """OPS-1: not one for each partition of each topic."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("streams.stages.transform.read_to_end", lambda *_, **__: iter(()))
    stage = TransformStage(Settings(), transformer(order()), ("raw.walmart.orders",), 100)
    await stage.assigned({Partition("raw.walmart.orders", number) for number in range(6)})
    assert [record.getMessage() for record in caplog.records] == ["dedupe_restored stage=transform partitions=6 keys=0"]
