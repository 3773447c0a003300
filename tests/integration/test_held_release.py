"""ORD-9: a held record goes back to its destination when what it waits for exists, and only then; killed in between, nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.ports import Delivery, Outcome
from schemas.codec import Codec
from schemas.headers import encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from streams.failure.held import ReleaseWorker
from streams.failure.mappings import MappingDesk, MappingTable
from streams.failure.routing import FailureRouting, replays_of
from streams.kafka import SyncProducer
from streams.settings import Settings
from tests.integration.failure_kit import (
    headers,
    make_codec,
    make_settings,
    now_ms,
    records,
    running,
    send,
    unique,
)
from tests.waiting import until

TARGET = "deliver.odoo.bulk"


class Shelf:
    """A sink that only knows what exists."""

    destination = "odoo"
    batch_limit = 1

    def __init__(self, *exist: str) -> None:
        self.exist = set(exist)
        self.asked: list[str] = []

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        raise NotImplementedError

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        self.asked += waiting_for
        return [word for word in waiting_for if word in self.exist]

    async def aclose(self) -> None: ...


@pytest.fixture
def settings(bootstrap: str, registry_url: str) -> Settings:
    made = make_settings(bootstrap, registry_url, ("3s", "7s"))
    return made.model_copy(update={"retry": made.retry.model_copy(update={"held_check_seconds": 1.0})})


@pytest.fixture
def codec(settings: Settings) -> Codec:
    return make_codec(settings)


def hold(settings: Settings, codec: Codec, key: str, waiting_for: str, **changes: Any) -> Message:
    """Hold a record of that key; returns what is to come back."""
    value, plain = f"value of {key} {changes}".encode(), encode_headers(headers(**changes))
    source = Record(TARGET, 0, now_ms() % 1_000_000, now_ms(), key.encode(), value, plain)
    routed = FailureRouting(codec, settings).route(
        source,
        destination="odoo",
        operation="upsert_order",
        reason=Reason.MAPPING,
        detail="unknown",
        now_ms=now_ms(),
        waiting_for=waiting_for,
    )
    send(settings, routed.messages)
    return Message(TARGET, source.key, value, plain)


def released(settings: Settings, key: str) -> Callable[[], bool]:
    return lambda: bool(records(settings, TARGET, key))


def test_a_mapping_releases_what_waits_for_it_and_nothing_else(settings: Settings, codec: Codec) -> None:
    name = unique()
    original = hold(settings, codec, f"{name}:a", f"sku:walmart:ACME:{name}")
    hold(settings, codec, f"{name}:b", f"sku:walmart:ACME:{name}-other")
    desk = MappingDesk(settings, codec)
    with running(ReleaseWorker(settings, codec, {}, group=unique("group")).run):
        time.sleep(1.5)
        assert not records(settings, TARGET, name)
        desk.put(("sku", "walmart", "", name), "OUR-1", actor="me", at=datetime.now(UTC))
        until(released(settings, name), "it was released")
        time.sleep(1.5)
    (back,) = records(settings, TARGET, name)
    assert (back.key, back.value) == (original.key, original.value)
    assert dict(back.headers) == {**dict(original.headers), "replays": b"1"}
    assert replays_of(back.headers) == 1
    ends = [record for record in records(settings, "held.odoo", f"{name}:a") if record.value is None]
    assert len(ends) == 1
    failed_id = dict(ends[0].headers)["failed_id"].decode()
    (action,) = records(settings, "dead.actions", failed_id)
    assert codec.decode("failed_action", action.value)["action"] == "released"
    (audit,) = records(settings, "audit", failed_id)
    assert codec.decode("audit", audit.value)["note"] == "by mapping"


def test_what_exists_at_the_destination_by_now_is_released_by_the_check(settings: Settings, codec: Codec) -> None:
    name = unique()
    word, shelf = f"sku:walmart:ACME:{name}", Shelf()
    hold(settings, codec, name, word)
    with running(ReleaseWorker(settings, codec, {"odoo": shelf}, group=unique("group")).run):
        until(lambda: word in shelf.asked, "the destination was asked")
        assert not records(settings, TARGET, name)
        shelf.exist.add(word)
        until(released(settings, name), "it was released")


def test_a_destination_that_cannot_be_asked_is_asked_again(settings: Settings, codec: Codec) -> None:
    name = unique()
    word = f"sku:walmart:ACME:{name}"

    class Down(Shelf):
        async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
            self.asked += waiting_for
            if self.asked.count(word) < 3:
                raise ConnectionError("down")
            return [word]

    hold(settings, codec, name, word)
    with running(ReleaseWorker(settings, codec, {"odoo": Down()}, group=unique("group")).run):
        until(released(settings, name), "it was released")


def test_a_worker_that_dies_between_release_and_tombstone_repeats_and_loses_nothing(
    settings: Settings, codec: Codec
) -> None:
    name = unique()
    hold(settings, codec, name, f"sku:walmart:ACME:{name}")
    MappingDesk(settings, codec).put(("sku", "walmart", "ACME", name), "OUR-1", actor="me", at=datetime.now(UTC))

    class Dies(SyncProducer):
        """Killed when it is about to write the tombstone."""

        def send_all(self, messages: Sequence[Message]) -> None:
            if any(message.topic == "held.odoo" for message in messages):
                raise KeyboardInterrupt
            super().send_all(messages)

    dying = Dies(settings.kafka.librdkafka())
    with (
        pytest.raises(KeyboardInterrupt),
        running(ReleaseWorker(settings, codec, {}, group=unique("group"), producer=dying).run),
    ):
        until(released(settings, name), "it was released")
    with running(ReleaseWorker(settings, codec, {}, group=unique("group")).run):
        until(lambda: len(records(settings, TARGET, name)) == 2, "it was released once more")
        until(lambda: any(r.value is None for r in records(settings, "held.odoo", name)), "it is held no more")


def test_the_newer_held_record_survives_the_tombstone_of_the_older(settings: Settings, codec: Codec) -> None:
    """EVT-2: held, released, and held again in a newer state before the tombstone is written."""
    name = unique()
    older, newer = f"sku:walmart:ACME:{name}-1", f"sku:walmart:ACME:{name}-2"
    hold(settings, codec, name, older, version=1)
    (first,) = records(settings, "held.odoo", name)
    first_id = codec.decode("failed_record", first.value)["id"]
    hold(settings, codec, name, newer, version=2)
    send(settings, [Message("held.odoo", first.key, None, (("failed_id", first_id.encode()),))])
    shelf = Shelf(newer)
    before = len([record for record in records(settings, "held.odoo", name) if record.value])
    with running(ReleaseWorker(settings, codec, {"odoo": shelf}, group=unique("group")).run):
        until(released(settings, name), "the newer one was released")
    (back,) = records(settings, TARGET, name)
    assert dict(back.headers)["version"] == b"2"
    kept = [record for record in records(settings, "held.odoo", name) if record.value]
    assert len(kept) <= before + 1


def test_a_table_follows_what_others_put_and_remove(settings: Settings, codec: Codec) -> None:
    name, desk, heard = unique(), MappingDesk(settings, codec), threading.Event()
    key = ("sku", "walmart", "ACME", name)
    desk.put(key, "OUR-1", actor="me", at=datetime.now(UTC), note="as agreed")
    table = MappingTable(settings, codec, changed=heard.set)
    table.start()
    try:
        assert table.lookup(*key) == "OUR-1"
        desk.put(key, "OUR-2", actor="me", at=datetime.now(UTC), before="OUR-1")
        until(lambda: table.lookup(*key) == "OUR-2", "the change was heard")
        assert heard.is_set()
        desk.remove(key, actor="me", at=datetime.now(UTC), before="OUR-2")
        until(lambda: table.lookup(*key) is None, "the removal was heard")
    finally:
        table.close()
    trail = [codec.decode("audit", record.value) for record in records(settings, "audit", f"sku:walmart:ACME:{name}")]
    assert [(entry["action"], entry["before"], entry["after"]) for entry in trail] == [
        ("map", "", "OUR-1"), ("map", "OUR-1", "OUR-2"), ("unmap", "OUR-2", ""),
    ]  # fmt: skip
