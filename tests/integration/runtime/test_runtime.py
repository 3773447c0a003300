"""Promise: several stages run in one process, each in its own group, and say how far they are; when one cannot go on, all end in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.cluster import ClusterMetadata
from faust.assignor.partition_assignor import PartitionAssignor
from mode.threads import WorkerThread

from schemas.record import Message
from streams.runtime import Chunk, Partition, Runtime, RuntimeSettings, StageContext, StageLimits
from streams.runtime.consumer import ChunkConsumer, ChunkThread
from streams.settings import KafkaSettings
from tests.integration.runtime.kit import LIMIT_SECONDS, QUICK, committed, fill, reading
from tests.waiting import soon

SETTINGS = RuntimeSettings(**QUICK)


class Forward:
    """Copies from one topic to the next."""

    limits = StageLimits()

    def __init__(self, source: str, target: str) -> None:
        self.name = f"forward-{source}"
        self.topics = (source,)
        self._target = target
        self.calls: list[str] = []
        self.start_error: Exception | None = None

    async def start(self, context: StageContext) -> None:
        if self.start_error is not None:
            raise self.start_error
        self._producer = context.producer

    async def stop(self) -> None:
        self.calls.append("stop")

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        self.calls.append("assigned")

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        self.calls.append("revoked")

    async def process(self, chunk: Chunk) -> None:
        await self._producer.deliver([Message(self._target, r.key, r.value, r.headers) for r in chunk.records])

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        raise error


async def test_stages_of_one_process_hand_on_and_report(bootstrap: str, topic: Callable[..., str]) -> None:
    first, second, third = topic("a", partitions=2), topic("b", partitions=2), topic("c")
    values = [b"%d" % number for number in range(2_000)]
    stages = [Forward(first, second), Forward(second, third)]
    runtime = Runtime(stages, KafkaSettings(bootstrap=bootstrap), SETTINGS)
    running = asyncio.create_task(runtime.run())
    await asyncio.to_thread(fill, bootstrap, first, values)
    with reading(bootstrap, third) as out:
        await soon(lambda: len(out.poll()) == len(values))
    assert runtime.is_ready()
    assert runtime.is_healthy()
    await soon(lambda: [s.lag for sights in runtime.sights().values() for s in sights] == [0] * 4)
    await soon(lambda: sum(committed(bootstrap, stages[1].name, second).values()) == len(values))
    assert runtime.pauses() == {stage.name: () for stage in stages}
    runtime.stop()
    assert await asyncio.wait_for(running, LIMIT_SECONDS) == 0
    assert [stage.calls for stage in stages] == [["assigned", "revoked", "stop"]] * 2
    assert runtime.producer.outstanding == 0


async def test_stage_that_does_not_start_ends_the_process_and_the_others_in_order(
    bootstrap: str, topic: Callable[..., str]
) -> None:
    source = topic("a")
    good, bad = Forward(source, source), Forward(source, source)
    bad.name, bad.start_error = f"bad-{source}", PermissionError("no rights in Odoo")
    assert (
        await asyncio.wait_for(Runtime([good, bad], KafkaSettings(bootstrap=bootstrap), SETTINGS).run(), LIMIT_SECONDS)
        == 70
    )
    assert good.calls[-1] == "stop"
    assert bad.calls == []


async def test_stage_that_ends_while_its_consumer_thread_comes_up_leaves_no_thread(
    bootstrap: str, topic: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """mode leaves a thread alone that is not up yet: it would go on by itself and call the event loop that is gone."""
    source, comes_up, before = topic("a"), threading.Event(), set(threading.enumerate())
    begin, stop = ChunkThread._start_thread, ChunkThread.stop

    def late(self: ChunkThread) -> None:
        comes_up.wait(LIMIT_SECONDS)
        begin(self)

    async def stopped(self: ChunkThread) -> None:
        asyncio.get_running_loop().call_later(0.05, comes_up.set)
        await stop(self)

    monkeypatch.setattr(ChunkThread, "_start_thread", late)
    monkeypatch.setattr(ChunkThread, "stop", stopped)
    good, bad = Forward(source, source), Forward(source, source)
    bad.name, bad.start_error = f"bad-{source}", PermissionError("no rights in Odoo")
    runtime = Runtime([good, bad], KafkaSettings(bootstrap=bootstrap), SETTINGS)
    assert await asyncio.wait_for(runtime.run(), LIMIT_SECONDS) == 70
    assert comes_up.is_set(), "the thread was there"
    left = [one for one in threading.enumerate() if isinstance(one, WorkerThread) and one not in before]
    assert left == []


async def test_crash_inside_faust_ends_the_process(
    bootstrap: str, topic: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def getmany(self: Any, timeout: float) -> AsyncIterator[Any]:  # noqa: ASYNC109 - Faust's signature
        if timeout >= 0:
            raise RuntimeError("something inside Faust")
        yield

    monkeypatch.setattr(ChunkConsumer, "getmany", getmany)
    stage = Forward(topic("a"), topic("b"))
    assert (
        await asyncio.wait_for(Runtime([stage], KafkaSettings(bootstrap=bootstrap), SETTINGS).run(), LIMIT_SECONDS)
        == 70
    )
    assert stage.calls[-1] == "stop"


async def test_group_that_met_while_the_broker_knew_no_topics_reads_soon(
    bootstrap: str, topic: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPS-8: seen after a broker's restart: a worker had no partitions for five minutes, and nobody was told."""
    source, target = topic("a"), topic("b")
    known, shared = ClusterMetadata.partitions_for_topic, PartitionAssignor.assign
    meetings: list[int] = []

    def partitions_for_topic(self: ClusterMetadata, topic: str) -> Any:
        return known(self, topic) if meetings else None

    def assign(self: Any, cluster: ClusterMetadata, member_metadata: Any) -> Any:
        found = shared(self, cluster, member_metadata)
        # Known a moment later, when aiokafka has kept what it was shared out by.
        asyncio.get_running_loop().call_soon(meetings.append, len(meetings))
        return found

    monkeypatch.setattr(ClusterMetadata, "partitions_for_topic", partitions_for_topic)
    monkeypatch.setattr(PartitionAssignor, "assign", assign)
    runtime = Runtime([Forward(source, target)], KafkaSettings(bootstrap=bootstrap), replace(SETTINGS, metadata=2.0))
    running = asyncio.create_task(runtime.run())
    await asyncio.to_thread(fill, bootstrap, source, [b"1"])
    with reading(bootstrap, target) as out:
        await soon(lambda: out.poll() == {b"1": 1})
    assert len(meetings) > 1, "the first shared out nothing"
    runtime.stop()
    assert await asyncio.wait_for(running, LIMIT_SECONDS) == 0
