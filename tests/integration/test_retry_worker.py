"""ERR-2: a failed record is back in its target topic when it is due, not before and hardly later, in order, and none is lost."""

from __future__ import annotations

import random
import threading
import time

import pytest

from schemas import topics
from schemas.codec import Codec
from schemas.headers import decode_failure
from schemas.record import Message
from streams.failure.queues import depths
from streams.failure.retry_worker import RetryWorker
from streams.kafka import SyncProducer
from streams.settings import Settings
from tests.integration.conftest import MakeTopic
from tests.integration.failure_kit import (
    make_codec,
    make_settings,
    now_ms,
    parked,
    records,
    running,
    send,
    unique,
)
from tests.waiting import until

TARGET = "deliver.odoo.bulk"


@pytest.fixture
def settings(bootstrap: str, registry_url: str) -> Settings:
    return make_settings(bootstrap, registry_url, ("3s", "7s"))


@pytest.fixture
def codec(settings: Settings) -> Codec:
    return make_codec(settings)


def test_each_tier_wakes_exactly_when_its_head_is_due(settings: Settings, codec: Codec) -> None:
    """Two tiers, many keys: each record arrives when it is due and not before, with its failure set.

    How much later depends on the machine (at rest, 5 ms); that the worker sleeps until just then is a unit test's.
    """
    name = unique()
    worker = RetryWorker(settings, codec, group=unique("group"))
    with running(worker.run), SyncProducer(settings.kafka.librdkafka()) as producer:
        producer.send_all([parked("3s", TARGET, f"probe-{name}", b"v", 0)])
        until(lambda: bool(records(settings, TARGET, f"probe-{name}")), "the worker is at work")
        producer.send_all([parked("7s", TARGET, f"{name}:slow:{i}", b"v", 5.0) for i in range(20)])
        for wave in range(3):  # in one tier, 0.4 s apart: the head of each partition is due, those behind it are not
            producer.send_all([parked("3s", TARGET, f"{name}:fast:{wave}:{i}", b"v", 3.0) for i in range(20)])
            time.sleep(0.4)
        until(lambda: len(records(settings, TARGET, name)) == 80, "80 records came back")
    lateness = []
    for record in records(settings, TARGET, name):
        failure = decode_failure(record.headers)
        assert failure is not None
        assert failure.attempt == 1
        lateness.append((record.timestamp_ms - failure.due) / 1000)
    assert min(lateness) >= -0.005


def test_order_within_a_key_is_kept(settings: Settings, codec: Codec) -> None:
    """EVT-2: first in, first out per partition."""
    name = unique()
    send(settings, [parked("3s", TARGET, f"{name}:{i % 5}", b"%d" % i, i / 500) for i in range(500)])
    with running(RetryWorker(settings, codec, group=unique("group"), batch=37).run):
        until(lambda: len(records(settings, TARGET, name)) == 500, "all came back")
    back = records(settings, TARGET, name)
    for number in range(5):
        mine = [int(record.value or b"-1") for record in back if record.key == f"{name}:{number}".encode()]
        assert mine == sorted(mine)


def test_a_record_without_a_way_back_becomes_a_dead_letter_and_holds_up_nobody(
    settings: Settings, codec: Codec
) -> None:
    """SEC-5: bad records in a retry tier never stop the queue behind them."""
    name, tier = unique(), topics.retry(topics.parse_tier("3s"))
    good = parked("3s", TARGET, f"{name}:good", b"v", 0.1)
    send(
        settings,
        [
            Message(tier, f"{name}:bare".encode(), b"no headers", partition=0),
            Message(
                tier, f"{name}:odd".encode(), b"x", parked("3s", "no.such.topic", "k", b"", 0).headers, partition=0
            ),
            Message(tier, f"{name}:loop".encode(), b"x", parked("3s", tier, "k", b"", 0).headers, partition=0),
            Message(tier, good.key, good.value, good.headers, partition=0),
        ],
    )
    with running(RetryWorker(settings, codec, group=unique("group")).run):
        until(lambda: len(records(settings, TARGET, name)) == 1, "the good one came back")
    (bare,) = records(settings, "dead.transform", name)
    found = codec.decode("failed_record", bare.value)
    assert (found["value"], found["destination"]) == (b"no headers", "retry")
    dead = [codec.decode("failed_record", record.value) for record in records(settings, "dead.odoo", name)]
    assert sorted((record["key"], record["reason"], record["target"]) for record in dead) == [
        (f"{name}:loop", "data", ""), (f"{name}:odd", "data", ""),
    ]  # fmt: skip


def test_a_target_that_refuses_a_record_does_not_stop_the_queue(
    settings: Settings, codec: Codec, topic: MakeTopic
) -> None:
    """Too large for its target: dead letter with its bytes, the rest goes on."""
    name, small = unique(), topic("small", config={"max.message.bytes": "20000"})

    class Known(RetryWorker):
        """The tests' own topic counts as a target."""

        def __init__(self) -> None:
            super().__init__(settings, codec, group=unique("group"))
            self._targets |= {small}

    big = parked("3s", small, f"{name}:big", random.Random(1).randbytes(50_000), 0.1)
    send(settings, [big, parked("3s", small, f"{name}:small", b"v", 0.1)])
    with running(Known().run):
        until(lambda: len(records(settings, small, name)) >= 1, "the small one came back")
        until(lambda: len(records(settings, "dead.odoo", name)) == 1, "the big one is dead")
    (dead,) = records(settings, "dead.odoo", name)
    assert codec.decode("failed_record", dead.value)["value"] == big.value


def test_a_wrong_clock_in_a_header_does_not_stop_the_queue(settings: Settings, codec: Codec) -> None:
    """Due in a year, in a tier of three seconds: three seconds it is."""
    name = unique()
    send(settings, [parked("3s", TARGET, name, b"v", 365 * 86400.0)])
    with running(RetryWorker(settings, codec, group=unique("group")).run):
        until(lambda: len(records(settings, TARGET, name)) == 1, "it came back")


def test_a_second_worker_takes_over_waiting_partitions_without_loss(settings: Settings, codec: Codec) -> None:
    """Rebalances while heads wait: every record comes back at its time, whoever owns its partition then."""
    name, group = unique(), unique("group")
    with running(RetryWorker(settings, codec, group=group).run) as first:
        send(settings, [parked("7s", TARGET, f"{name}:{i}", b"v", 5.0) for i in range(60)])
        time.sleep(1.0)
        with running(RetryWorker(settings, codec, group=group).run):
            time.sleep(2.0)  # both own some
            first.set()  # the second owns all
            until(lambda: len(set(keys(settings, name))) == 60, "60 records came back")
    for record in records(
        settings, TARGET, name
    ):  # one may come twice: sent, and the partition given away before the commit
        failure = decode_failure(record.headers)
        assert failure is not None
        assert record.timestamp_ms >= failure.due - 5


def keys(settings: Settings, name: str) -> list[bytes | None]:
    return [record.key for record in records(settings, TARGET, name)]


def test_waiting_and_due_records_are_counted(settings: Settings, codec: Codec) -> None:
    """OPS-1: due and waiting are different things."""
    name, group = unique(), unique("group")
    with running(RetryWorker(settings, codec, group=group).run):  # so that what others left behind is done
        until(lambda: sum(depth.due for depth in depths(settings, group, time.time())) == 0, "nothing is due")
    before = now_ms()
    send(settings, [parked("7s", TARGET, f"{name}:{i}", b"v", 7.0) for i in range(30)])
    found = depths(settings, group, before / 1000)
    assert sum(depth.waiting for depth in found) >= 30
    later = depths(settings, group, now_ms() / 1000 + 8)
    assert sum(depth.due for depth in later) >= 30
    assert threading.active_count() >= 1
