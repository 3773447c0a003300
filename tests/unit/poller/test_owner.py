"""Commands on their way to flows and back: offsets move over a leading run of finished commands only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.reasons import Reason
from schemas.record import Record
from streams.poller import owner as module
from streams.poller.flows import FlowKey
from streams.poller.loop import RealClock, Tools
from streams.poller.owner import Owner
from streams.poller.settings import PollSettings
from streams.poller.takeover import Ground
from streams.poller.tracks import Wish
from tests.unit.failure.samples import codec
from tests.unit.poller.kit import KEY, NOW, shaper


@dataclass
class Member:
    """What is asked of the group."""

    log: list[str] = field(default_factory=list)

    def commit(self, partition: int, offset: int) -> None:
        self.log.append(f"commit {partition}:{offset}")

    def pause(self, partition: int) -> None:
        self.log.append(f"pause {partition}")

    def resume(self, partition: int) -> None:
        self.log.append(f"resume {partition}")

    async def is_ours(self, partition: int) -> bool:
        return True

    def commits(self) -> list[str]:
        return [entry for entry in self.log if entry.startswith("commit")]


@dataclass
class Desk:
    """Takes wishes instead of a flow, and refusals instead of a publisher."""

    wishes: list[Wish] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def ask(self, wish: Wish) -> None:
        self.wishes.append(wish)

    async def note(self, _record: Record, _flow: FlowKey | None, _reason: Reason, detail: str) -> None:
        self.refused.append(detail)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


Setup = tuple[Owner, Member, Desk]


@pytest.fixture
async def setup(threads: ThreadPoolExecutor) -> Setup:
    """An owner of partition 0 whose one flow is the desk."""
    desk, member = Desk(), Member()
    publisher: Any = SimpleNamespace(refused=desk.note)
    ground = Ground({}, "poll.cursors", str, codec(), "sandbox", lambda _flow: None, threads)  # type: ignore[arg-type, return-value]  # unused
    tools = Tools(PollSettings(), publisher, RealClock(), lambda: 0.0, lambda _step: None, "me")
    owner = Owner({}, ground, tools)
    owner.member = member
    owner._owned[0] = (SimpleNamespace(loops={KEY: desk}), None)  # type: ignore[assignment]  # stands for the flows
    return owner, member, desk


def command(offset: int, key: FlowKey = KEY, value: bytes | None = None) -> Record:
    message = shaper().command(key, f"c{offset}", "poll_now", NOW)
    return Record("poll.commands", 0, offset, 0, message.key, value or message.value, message.headers)


async def test_offset_waits_for_the_first_unfinished_command(setup: Setup) -> None:
    """REC-3: a command counts as done when it is, whatever came after it."""
    owner, member, desk = setup
    for offset in range(3):
        await owner.received(command(offset))
    first, second, third = (wish.done for wish in desk.wishes)
    second()
    third()
    assert member.commits() == []
    first()
    assert member.commits() == ["commit 0:3"]


async def test_command_that_cannot_be_carried_out_is_refused_and_done(setup: Setup) -> None:
    """SEC-5."""
    owner, member, desk = setup
    await owner.received(command(0, value=b"rubbish"))
    await owner.received(command(1, FlowKey("shop", "other", "orders")))
    assert len(desk.refused) == 2
    assert "not configured here" in desk.refused[1]
    assert member.commits() == ["commit 0:1", "commit 0:2"]


async def test_command_of_a_partition_given_up_is_left_to_its_next_owner(setup: Setup) -> None:
    """Neither refused nor done: no dead letter, no offset."""
    owner, member, desk = setup
    owner._owned.clear()
    await owner.received(command(0))
    assert (desk.refused, member.commits()) == ([], [])


async def test_command_finished_after_its_partition_was_given_up_moves_no_offset(setup: Setup) -> None:
    owner, member, desk = setup
    await owner.received(command(0))
    owner._marks.forget(0)
    desk.wishes[0].done()
    assert member.commits() == []


async def test_flood_of_commands_is_taken_in_portions(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-5: memory stays bounded."""
    monkeypatch.setattr(module, "PENDING_COMMANDS", 2)
    owner, member, desk = setup
    for offset in range(2):
        await owner.received(command(offset))
    assert member.log == ["pause 0"]
    done: Callable[[], None] = desk.wishes[0].done
    done()
    assert member.log == ["pause 0", "commit 0:1", "resume 0"]


async def test_partition_assigned_again_is_read_again(setup: Setup) -> None:
    """A pause from its time here before must not outlive it."""
    owner, member, _ = setup
    await owner.assigned([1])
    await owner.revoked([1])
    assert member.log == ["resume 1"]
