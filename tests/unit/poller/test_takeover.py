"""Taking over a partition's flows, and taking one again after its cursor was refused (EVT-3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.kit.ports import Page
from schemas.record import Record
from streams.kafka import BrokerError
from streams.poller import takeover
from streams.poller.cursors import advanced, first_cursor
from streams.poller.errors import CursorError, FencedError
from streams.poller.loop import Tools
from streams.poller.settings import PollSettings
from streams.poller.takeover import Ground, PartitionOwner
from streams.settings import ConfigurationError
from tests.unit.failure.samples import codec
from tests.unit.poller.kit import KEY, NOW, flow
from tests.unit.poller.test_loop import Clock, Recorder, ScriptedSource, page


@dataclass
class World:
    """A cursor topic and a group, as far as a partition's owner sees them."""

    log: list[str] = field(default_factory=list)
    refuse: list[Exception] = field(default_factory=list)  # what the next writes meet
    unreachable: int = 0  # how often opening fails first
    confirmations: list[bool] = field(default_factory=list)  # what the group says, then yes
    stored: Record | None = None

    def store(self, value: bytes, env: str = "sandbox") -> None:
        self.stored = Record("poll.cursors", 0, 0, 0, KEY.encode(), value, (("env", env.encode()),))

    async def is_ours(self, _partition: int) -> bool:
        self.log.append("ask the group")
        return self.confirmations.pop(0) if self.confirmations else True


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    ours = World()

    class Writer:
        def __init__(self, *_: Any) -> None:
            """Opens nothing."""

        def open(self) -> None:
            if ours.unreachable:
                ours.unreachable -= 1
                raise BrokerError("away")
            ours.log.append("fence")

        def write(self, _key: bytes, value: bytes, _headers: Mapping[str, str]) -> None:
            if ours.refuse:
                raise ours.refuse.pop(0)
            ours.log.append("write")
            ours.store(value)

        def close(self) -> None:
            """Nothing is open."""

    def read(*_: Any) -> dict[bytes, Record]:
        ours.log.append("read")
        return {} if ours.stored is None else {KEY.encode(): ours.stored}

    monkeypatch.setattr(takeover, "CursorWriter", Writer)
    monkeypatch.setattr(takeover, "read_cursors", read)
    return ours


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Endless(ScriptedSource):
    """Stops its owner when it is asked for a page after `polls` polls."""

    owner: PartitionOwner

    async def pages(self, position: str) -> AsyncIterator[Page]:
        if not self.polls:
            self.owner.stop()
            await asyncio.Event().wait()
        async for item in super().pages(position):
            yield item


def owner_of(world: World, threads: ThreadPoolExecutor, source: Endless, clock: Clock) -> PartitionOwner:
    publisher: Any = Recorder(log=world.log)
    tools = Tools(PollSettings(jitter=0), publisher, clock, lambda: 0.0, lambda _step: None, "me")
    ground = Ground({}, "poll.cursors", str, codec(), "sandbox", lambda _flow: source, threads)
    source.owner = PartitionOwner(0, [flow()], ground, tools, world.is_ours)
    return source.owner


async def test_predecessor_is_fenced_before_its_cursor_is_read(world: World, threads: ThreadPoolExecutor) -> None:
    """EVT-3: what is read after the fence stays the newest."""
    source = Endless([[page("1")]])
    await owner_of(world, threads, source, Clock()).run()
    assert world.log == ["fence", "read", "publish 1", "write"]


async def test_take_over_is_tried_until_the_broker_is_back(world: World, threads: ThreadPoolExecutor) -> None:
    world.unreachable = 3
    clock = Clock()
    await owner_of(world, threads, Endless([[page("1")]]), clock).run()
    assert clock.waits[:3] == [5, 10, 20]
    assert world.log == ["fence", "read", "publish 1", "write"]


@pytest.mark.parametrize("refused", [FencedError("timed out"), CursorError("who knows")])
async def test_true_owner_takes_its_flow_again(world: World, threads: ThreadPoolExecutor, refused: Exception) -> None:
    """The broker ended the transaction while it was away; nobody else has the flow."""
    world.refuse = [refused]
    source = Endless([[page("1")], [page("1")]])
    await owner_of(world, threads, source, Clock()).run()
    assert world.log == [
        "fence", "read", "publish 1", "ask the group", "fence", "read", "publish 1", "write",
    ]  # fmt: skip
    assert source.log.count("poll from ''") == 2, "the page is read again from where the cursor stands"


async def test_cursor_that_was_written_after_all_is_gone_on_from(world: World, threads: ThreadPoolExecutor) -> None:
    """An answer lost after commit: reading tells."""
    source = Endless([[page("1")], [page("2")]])
    owner = owner_of(world, threads, source, Clock())
    written = advanced(first_cursor(KEY, NOW), page("1"), "me", NOW)
    world.refuse = [CursorError("who knows")]

    async def meanwhile(_partition: int) -> bool:
        world.store(codec().encode("cursor", written))
        return True

    owner._is_ours = meanwhile
    await owner.run()
    assert source.log[-2:] == ["poll from 'after 1'", "closed"]
    assert [entry for entry in world.log if entry.startswith("publish")] == ["publish 1", "publish 2"]


async def test_replaced_poller_writes_nothing_more(world: World, threads: ThreadPoolExecutor) -> None:
    """EVT-3: it fences nobody, and stays stopped until the partition is taken from it."""
    world.refuse = [FencedError("another poller")]
    world.confirmations = [False] * 3
    clock = Clock()
    owner = owner_of(world, threads, Endless([[page("1")], [page("2")]]), clock)
    clock.at[3] = owner.stop
    await owner.run()
    assert world.log == ["fence", "read", "publish 1", *["ask the group"] * 3]
    assert clock.waits == [5, 10, 20]


async def test_question_to_the_group_does_not_hold_up_a_stop(world: World, threads: ThreadPoolExecutor) -> None:
    """The group's thread may be waiting for this very flow to end."""
    world.refuse = [FencedError("another poller")]
    owner = owner_of(world, threads, Endless([[page("1")]]), Clock())

    async def no_answer(_partition: int) -> bool:
        owner.stop()
        await asyncio.Event().wait()
        return True

    owner._is_ours = no_answer
    await asyncio.wait_for(owner.run(), 5)


@pytest.mark.parametrize(
    ("env", "value", "said"),
    [("production", None, "must not share"), ("sandbox", b"rubbish", "cannot be read")],
)
async def test_cursor_that_is_not_ours_or_damaged_ends_the_process(
    world: World, threads: ThreadPoolExecutor, env: str, value: bytes | None, said: str
) -> None:
    """AUTH-7, and: beginning anew is for a person to decide."""
    world.store(value or codec().encode("cursor", first_cursor(KEY, NOW)), env)
    with pytest.raises(ConfigurationError, match=said):
        await owner_of(world, threads, Endless([]), Clock()).run()
