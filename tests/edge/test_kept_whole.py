"""EDGE-3: on a nearly full card a file is written whole or stays as it was, and an event that nobody takes is kept before it is let go."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.deliverer import Deliverer
from edge_iotbox.listener import Shared
from edge_iotbox.numbers import write_durably
from edge_iotbox.spool import SpoolFullError
from edge_iotbox.verdicts import Refused, Taken, Verdict
from schemas.hardware import Event
from tests.edge.test_deliverer import Given, left, sending

CONTENT = bytes(range(256)) * 80
real_write = os.write


def card(room: int, most: int = 2**20, refuses: bool = True) -> Callable[[int, Any], int]:
    """os.write onto a card with so much room, `most` bytes in one call; full, it refuses, or takes nothing without a word."""
    taken = 0

    def write(handle: int, content: Any) -> int:
        nonlocal taken
        part = bytes(content)[: min(most, room - taken)]
        if not part and refuses:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken += len(part)
        return real_write(handle, part) if part else 0

    return write


def test_a_card_that_takes_a_part_at_a_time_gets_all_of_it(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("edge_iotbox.numbers.os.write", card(2 * len(CONTENT), most=len(CONTENT) // 2 - 1))
    write_durably(tmp_path / "file", CONTENT)
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("room", [0, 8192, len(CONTENT) - 1])
@pytest.mark.parametrize("refuses", [True, False])
def test_a_card_that_has_room_for_a_part_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: Any, room: int, refuses: bool
) -> None:
    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr("edge_iotbox.numbers.os.write", card(room, refuses=refuses))
    with pytest.raises(OSError, match="No space left"):
        write_durably(tmp_path / "file", CONTENT)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


def kept(folder: Path) -> list[str]:
    lines = (folder / "refused.jsonl").read_text().splitlines()
    return [json.loads(line)["event"]["value"] for line in lines]


class Picky(Given):
    """Takes all but scans of these values."""

    def __init__(self, *never: str) -> None:
        super().__init__()
        self.never, self.taken = never, list[tuple[int, str]]()

    def send(self, events: Sequence[Event]) -> Verdict:
        for index, event in enumerate(events):
            if event.value in self.never:
                return Refused(index, "no")
        self.taken += [(event.sequence, event.kind) for event in events]
        return Taken(self.taken[-1][0] if self.taken else 0)


def picky(folder: Path, *never: str) -> tuple[Deliverer, Shared, Picky]:
    """Of an agent that has asked; four scans wait, "0" to "3"."""
    _, shared, _ = sending(folder)
    sender = Picky(*never)
    deliverer = Deliverer(sender, shared, folder / "refused.jsonl")
    deliverer.once()
    return deliverer, shared, sender


def test_an_event_nobody_takes_stays_in_the_spool_until_its_copy_is_written(
    tmp_path: Path, monkeypatch: Any, caplog: Any
) -> None:
    """It was told as dropped while its only copy had been cut."""
    deliverer, shared, sender = picky(tmp_path, "0", "2")
    assert deliverer.once() == 0.0
    before = (tmp_path / "refused.jsonl").read_bytes()
    with monkeypatch.context() as full:
        full.setattr("edge_iotbox.numbers.os.write", card(len(before) + 1))
        assert [deliverer.once(), deliverer.once()] == [0.0, 0.0]
        assert sender.taken == [(1, "dropped"), (2, "scan")], "what stands before it does not wait"
        assert min(deliverer.once(), deliverer.once()) > 0
    assert left(shared) == [3, 4]
    assert (tmp_path / "refused.jsonl").read_bytes() == before
    assert (shared.counters.set_aside, shared.counters.sender_state) == (1, "refused_not_kept")
    assert "refused_not_kept sequence=3 problem=[Errno 28] No space left on device do=make" in caplog.text
    for _ in range(3):  # there is room again: kept, told; one event, then more again
        deliverer.once()
    assert kept(tmp_path) == ["0", "2"]
    assert sender.taken[2:] == [(3, "dropped"), (4, "scan")]
    assert (left(shared), shared.counters.set_aside) == ([], 2)


def test_an_event_that_the_spool_cannot_let_go_of_is_kept_once(tmp_path: Path, monkeypatch: Any) -> None:
    """Each try would add it again, and push out what was kept before."""
    deliverer, shared, _ = picky(tmp_path, "0")

    def full(_sequence: int, _why: str) -> None:
        raise SpoolFullError("full")

    with monkeypatch.context() as card_full:
        card_full.setattr(shared.spool, "set_aside", full)
        assert min(deliverer.once(), deliverer.once()) > 0
    assert left(shared) == [1, 2, 3, 4]
    deliverer.once()
    assert kept(tmp_path) == ["0"]
    assert shared.counters.set_aside == 1
