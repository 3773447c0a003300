"""EVT-3: the cursor of a flow is written by its newest owner alone, and the newest one is what is read, however its transaction ended."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from streams.kafka import PRODUCER_DEFAULTS, QUIET, read_to_end
from streams.poller.cursors import CursorWriter, read_cursors
from streams.poller.errors import FencedError
from streams.poller.partition import partition_of

MakeTopic = Callable[..., str]
COMPACTED = {"cleanup.policy": "compact"}


def quiet(_step: str) -> None:
    """Nobody listens."""


def writer(bootstrap: str, topic: str, name: str) -> CursorWriter:
    opened = CursorWriter({"bootstrap.servers": bootstrap}, f"{topic}:{name}", topic, quiet)
    opened.open()
    return opened


def test_newer_owner_fences_the_older(bootstrap: str, topic: MakeTopic) -> None:
    name = topic("cursors", config=COMPACTED)
    old = writer(bootstrap, name, "flow")
    old.write(b"flow", b"1", {"env": "sandbox"})
    new = writer(bootstrap, name, "flow")
    with pytest.raises(FencedError):
        old.write(b"flow", b"stale", {})
    new.write(b"flow", b"2", {})
    records = read_cursors({"bootstrap.servers": bootstrap}, name, [0], 20)
    assert [(record.value, dict(record.headers)) for record in records.values()] == [(b"2", {})]
    assert [record.value for record in read_to_end({"bootstrap.servers": bootstrap}, [name])] == [b"1", b"2"]


def test_flows_do_not_fence_each_other(bootstrap: str, topic: MakeTopic) -> None:
    name = topic("cursors", config=COMPACTED)
    one, two = writer(bootstrap, name, "one"), writer(bootstrap, name, "two")
    one.write(b"one", b"1", {})
    two.write(b"two", b"2", {})
    one.write(b"one", b"3", {})
    found = read_cursors({"bootstrap.servers": bootstrap}, name, [0], 20)
    assert {key: record.value for key, record in found.items()} == {b"one": b"3", b"two": b"2"}


def test_a_transaction_that_nobody_ends_stops_no_flow(bootstrap: str, topic: MakeTopic) -> None:
    """The last stable offset is not the end: it stands still behind a transaction that a broker lost sight of, and with it would every flow."""
    name = topic("cursors", config=COMPACTED)
    flow = writer(bootstrap, name, "flow")
    flow.write(b"flow", b"old", {})
    forgotten = Producer({**QUIET, "bootstrap.servers": bootstrap, "transactional.id": f"{name}:forgotten"})
    forgotten.init_transactions(20)
    forgotten.begin_transaction()
    forgotten.produce(name, b"x", b"forgotten")
    forgotten.flush(10)
    flow.write(b"flow", b"new", {})
    found = read_cursors({"bootstrap.servers": bootstrap}, name, [0], 20)
    assert {key: record.value for key, record in found.items()} == {b"flow": b"new", b"forgotten": b"x"}
    assert [record.value for record in read_to_end({"bootstrap.servers": bootstrap}, [name])] == [b"old", b"x", b"new"]
    forgotten.abort_transaction(20)


def test_a_cursor_that_was_sent_and_not_committed_counts(bootstrap: str, topic: MakeTopic) -> None:
    """Its pages are safe: they were acknowledged before it was sent. The successor ends the transaction and goes on from there."""
    name = topic("cursors", config=COMPACTED)
    steps: list[str] = []

    def die(step: str) -> None:
        steps.append(step)
        raise SystemExit(step)

    dying = CursorWriter({"bootstrap.servers": bootstrap}, f"{name}:flow", name, die)
    dying.open()
    with pytest.raises(SystemExit):
        dying.write(b"flow", b"1", {})
    successor = writer(bootstrap, name, "flow")
    found = read_cursors({"bootstrap.servers": bootstrap}, name, [0], 20)
    assert (steps, {key: record.value for key, record in found.items()}) == (["cursor_sent"], {b"flow": b"1"})
    successor.write(b"flow", b"2", {})
    found = read_cursors({"bootstrap.servers": bootstrap}, name, [0], 20)
    assert {key: record.value for key, record in found.items()} == {b"flow": b"2"}


def test_deleted_cursor_is_no_cursor(bootstrap: str, topic: MakeTopic) -> None:
    """A tombstone makes a flow begin anew."""
    name = topic("cursors", config=COMPACTED)
    writer(bootstrap, name, "flow").write(b"flow", b"1", {})
    producer = Producer({**PRODUCER_DEFAULTS, "bootstrap.servers": bootstrap})
    producer.produce(name, None, b"flow")
    assert producer.flush(20) == 0
    assert read_cursors({"bootstrap.servers": bootstrap}, name, [0], 20) == {}


def test_our_partition_of_a_key_is_the_brokers(bootstrap: str, topic: MakeTopic) -> None:
    """Keys go where every producer of the project puts them: the owner computes the same."""
    name = topic("partitions", partitions=7)
    keys = [f"walmart:{uuid.uuid4().hex[: n % 9]}:orders-é".encode() for n in range(100)]
    producer = Producer({**PRODUCER_DEFAULTS, "bootstrap.servers": bootstrap})
    for key in keys:
        producer.produce(name, b"v", key)
    assert producer.flush(20) == 0
    records = list(read_to_end({"bootstrap.servers": bootstrap}, [name]))
    assert len(records) == 100
    assert all(partition_of(record.key or b"", 7) == record.partition for record in records)
    assert {record.partition for record in records} == set(range(7))
