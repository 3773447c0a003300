"""EVT-2, TEST-3: nothing that was taken from the fetch buffer is passed by, whatever happens between taking and handing out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from schemas.record import Record
from streams.runtime.app import StageApp, build_app
from streams.runtime.chunk import Chunk, Partition
from streams.runtime.consumer import ChunkConsumer, ChunkThread
from streams.runtime.errors import MisuseError
from streams.runtime.lanes import Lanes, Parcel
from streams.runtime.progress import Progress
from streams.runtime.settings import RuntimeSettings
from streams.runtime.stage import StageLimits
from streams.settings import KafkaSettings
from tests.unit.runtime.fakes import FakeStage

A, B = TP("t", 0), TP("t", 1)


class Log:
    """What stands in for the broker and aiokafka: two logs, a position in each, committed offsets. Fetching moves the position."""

    def __init__(self) -> None:
        self.ends = {A: 20, B: 20}
        self.positions = {A: 0, B: 0}
        self.committed: dict[TP, int] = {}
        self.commit_works = True
        self.before_answer: list[Any] = []  # called once each, between taking and answering

    async def fetch(self, active_partitions: Mapping[TP, int], timeout: float) -> dict[TP, Sequence[Any]]:  # noqa: ASYNC109
        taken: dict[TP, Sequence[Any]] = {}
        for tp, room in active_partitions.items():
            stop = min(self.ends[tp], self.positions[tp] + room)
            if stop > self.positions[tp]:
                taken[tp] = [_fetched(tp, offset) for offset in range(self.positions[tp], stop)]
                self.positions[tp] = stop
        while self.before_answer:
            await self.before_answer.pop()()
        return taken

    async def seek_to_committed(self) -> dict[TP, int | None]:
        for tp, offset in self.committed.items():
            self.positions[tp] = offset
        return {tp: self.committed.get(tp) for tp in self.positions}

    async def seek_back(self, tp: TP, offset: int | None) -> None:
        self.positions[tp] = offset or 0

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        if self.commit_works:
            self.committed.update(offsets)
        return self.commit_works


def _fetched(tp: TP, offset: int) -> Any:
    return SimpleNamespace(
        topic=tp.topic, partition=tp.partition, offset=offset, timestamp=1, timestamp_type=0, key=None,
        value=b"%d" % offset, headers=(),
    )  # fmt: skip


class Rig:
    """A consumer of the real class over `Log`, and lanes that work nothing off by themselves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log = Log()
        self.stage = FakeStage(limits=StageLimits(chunk_records=10, pending_chunks=2))
        self.lanes = Lanes(self.stage, Progress(), lambda error: pytest.fail(repr(error)))
        self.app: StageApp = build_app(
            self.stage, self.lanes, KafkaSettings(bootstrap="127.0.0.1:9"), RuntimeSettings()
        )
        self.consumer: ChunkConsumer = self.app.consumer
        for name, replacement in {
            "_getmany": self.log.fetch, "seek_to_committed": self.log.seek_to_committed, "_seek_back": self.log.seek_back,
            "assignment": lambda: {A, B}, "_confirm": self.log.commit,
        }.items():  # fmt: skip
            monkeypatch.setattr(self.consumer, name, replacement)
        self.consumer._set_active_tps({A, B})

    async def fetch(self) -> list[Parcel]:
        """One turn of Faust's loop."""
        return [message.value async for _, message in self.consumer.getmany(timeout=1.0)]

    def finish(self, *parcels: Parcel) -> None:
        for parcel in parcels:
            self.lanes._marks.finish(parcel.partition, parcel.ticket)


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    made = Rig(monkeypatch)
    await made.consumer.perform_seek()
    yield made
    made.consumer._thread.thread_loop.close()


def ranges(parcels: Sequence[Parcel]) -> list[tuple[int, int, int]]:
    return sorted((p.chunk.partition, p.chunk.first_offset, p.chunk.last_offset) for p in parcels)


async def test_one_fetch_hands_out_chunks_of_every_partition_as_far_as_there_is_room(rig: Rig) -> None:
    taken = await rig.fetch()
    assert ranges(taken) == [(0, 0, 9), (0, 10, 19), (1, 0, 9), (1, 10, 19)]
    assert taken[0].chunk.records[3] == Record("t", taken[0].chunk.partition, 3, 1, None, b"3", ())
    rig.log.ends[A] = 40
    assert await asyncio.wait_for(rig.fetch(), 5) == [], "all lanes are full"
    rig.finish(*[parcel for parcel in taken if parcel.chunk.partition == 0][:1])
    assert ranges(await rig.fetch()) == [(0, 20, 29)]


async def test_only_finished_chunks_are_committed_and_in_order(rig: Rig) -> None:
    a1, a2 = [parcel for parcel in await rig.fetch() if parcel.chunk.partition == 0]
    rig.finish(a2)
    await rig.consumer.commit()
    assert rig.log.committed == {}
    rig.finish(a1)
    await rig.consumer.commit()
    assert rig.log.committed == {A: 20}


async def test_commit_that_the_broker_did_not_confirm_is_made_again(rig: Rig) -> None:
    taken = await rig.fetch()
    rig.finish(*taken)
    rig.log.commit_works = False
    await rig.consumer.commit()
    rig.log.commit_works = True
    await rig.consumer.commit()
    assert rig.log.committed == {A: 20, B: 20}


async def test_fetch_that_began_before_a_rebalance_is_read_again(rig: Rig) -> None:
    """The records were taken, then flow stopped: aiokafka's position is behind them, and nothing was committed yet."""

    async def rebalance() -> None:
        rig.consumer.stop_flow()

    rig.log.before_answer.append(rebalance)
    assert await rig.fetch() == []
    rig.consumer.resume_flow()
    assert ranges(await rig.fetch()) == [(0, 0, 9), (0, 10, 19), (1, 0, 9), (1, 10, 19)]


async def test_fetch_that_began_before_a_seek_to_the_committed_offset_is_not_trusted(rig: Rig) -> None:
    """Otherwise offsets beyond the seek would be handed out first, and committing them would pass what lies between."""
    taken = await rig.fetch()
    rig.finish(*[parcel for parcel in taken if parcel.chunk.first_offset == 0])
    await rig.consumer.commit()
    rig.log.ends = {A: 30, B: 30}
    rig.log.before_answer.append(rig.consumer.perform_seek)
    assert await rig.fetch() == []
    assert ranges(await rig.fetch()) == [(0, 10, 19), (0, 20, 29), (1, 10, 19), (1, 20, 29)]


async def test_partition_without_a_committed_offset_begins_at_its_start(rig: Rig) -> None:
    """Faust seeks only where something is committed, and goes on wherever a lost fetch has left the position."""
    rig.log.committed = {B: 5}
    rig.log.positions = {A: 20, B: 20}
    await rig.consumer.perform_seek()
    assert ranges(await rig.fetch()) == [(0, 0, 9), (0, 10, 19), (1, 5, 14), (1, 15, 19)]


async def test_flow_that_stops_half_way_through_handing_out_leaves_the_rest_to_be_read_again(rig: Rig) -> None:
    seen = []
    async for _, message in rig.consumer.getmany(timeout=1.0):
        seen.append(message.value)
        rig.consumer.stop_flow()
    assert len(seen) == 1
    rig.consumer.resume_flow()
    seen += await rig.fetch()
    assert ranges(seen) == [(0, 0, 9), (0, 10, 19), (1, 0, 9), (1, 10, 19)]


async def test_seek_drops_what_is_out(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def seek(tp: TP, offset: int) -> None:
        rig.log.positions[tp] = offset

    monkeypatch.setattr(rig.consumer, "_seek", seek)
    before = await rig.fetch()
    await rig.consumer.seek(A, 5)
    rig.finish(*before)
    await rig.consumer.commit()
    assert rig.log.committed == {B: 20}, "what was out of A when it was sought counts no more"
    assert ranges(await rig.fetch()) == [(0, 5, 14), (0, 15, 19)]


async def test_revoked_partitions_drop_what_is_out_after_committing_what_is_done(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def faust_revokes(self: Any, revoked: set[TP]) -> None:
        await self.wait_empty()

    monkeypatch.setattr(ChunkConsumer.__mro__[1], "on_partitions_revoked", faust_revokes)
    rig.lanes.assign({Partition(*A), Partition(*B)})
    await asyncio.sleep(0)
    taken = await rig.fetch()
    done = [parcel for parcel in taken if parcel.partition == Partition(*A)]
    rig.finish(*done)
    await rig.consumer.on_partitions_revoked({A, B})
    assert rig.log.committed == {A: 20}
    assert not any(parcel.ticket.is_live for parcel in taken if parcel not in done)
    assert rig.lanes.positions() == {}
    assert rig.stage.calls == ["assigned", "revoked"]


async def test_log_that_was_cut_back_is_read_from_where_it_is(rig: Rig) -> None:
    """An unclean election lost the end of the log: offsets below the committed one come, and are worked off."""
    rig.log.committed = {A: 20, B: 20}
    await rig.consumer.perform_seek()
    rig.log.positions, rig.log.ends = {A: 0, B: 20}, {A: 10, B: 20}
    taken = await rig.fetch() + await rig.fetch()
    assert ranges(taken) == [(0, 0, 9)]
    rig.finish(*taken)
    await rig.consumer.commit()
    assert rig.log.committed[A] == 10


async def test_fetch_error_of_one_partition_comes_after_what_was_taken_of_others(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = rig.consumer._thread

    async def fetch(self: Any, consumer: Any, tps: Any, timeout: float, max_records: int) -> Any:  # noqa: ASYNC109
        if B in tps:
            raise PermissionError("topic")
        return {A: ["record"]}

    monkeypatch.setattr(ChunkThread.__mro__[1], "_fetch_records", fetch)
    assert await thread._fetch_records(None, {A: 10, B: 10}, timeout=1.0) == {A: ["record"]}
    with pytest.raises(PermissionError):
        await thread._fetch_records(None, {A: 10, B: 10}, timeout=1.0)


async def test_agents_with_concurrency_are_refused(rig: Rig) -> None:
    """faust #606: with more than one actor Faust commits past events in flight."""
    with pytest.raises(MisuseError, match="asks for concurrency 2"):
        rig.app.agent(rig.app.topic("t"), concurrency=2)
    with pytest.raises(MisuseError, match="isolated"):
        rig.app.agent(rig.app.topic("t"), isolated_partitions=True)
    (agent,) = rig.app.agents.values()
    assert agent.concurrency == 1


async def test_tables_are_refused(rig: Rig) -> None:
    with pytest.raises(MisuseError, match="compacted topics"):
        rig.app.Table("state")


async def test_the_app_reads_nothing_from_the_environment_and_leaves_nothing_switched_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_URL", "kafka://elsewhere:9092")
    monkeypatch.setenv("DEBUG", "1")
    app = build_app(rig.stage, rig.lanes, KafkaSettings(bootstrap="a:1,b:2"), RuntimeSettings())
    assert [str(url) for url in app.conf.broker] == ["kafka://a:1", "kafka://b:2"]
    assert (app.conf.debug, app.conf.web_enabled, app.conf.topic_allow_declare) == (False, False, False)
    assert app.conf.consumer_metadata_max_age_ms == 15_000
    assert app.conf.id == rig.stage.name
    assert not app.boot_strategy._should_enable_kafka_producer()


def test_chunk_knows_its_ends() -> None:
    piece = Chunk("t", 1, tuple(Record("t", 1, offset, 0, None, None) for offset in (3, 7, 8)))
    assert (piece.first_offset, piece.last_offset, len(piece), str(piece)) == (3, 8, 3, "t/1/3-8")
    assert [record.offset for record in piece.part(1, 3).records] == [7, 8]
