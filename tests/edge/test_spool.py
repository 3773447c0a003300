"""EDGE-3: the spool: numbers, limits, what is told of what went, damaged files, a past that was rolled back."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

import pytest

from edge_iotbox.numbers import BLOCK, Numbers, read_numbers, write_numbers
from edge_iotbox.numbers import NAME as NUMBERS
from edge_iotbox.spool import REFUSE, Limits, Spool, SpoolFullError
from edge_iotbox.spool_store import NAME, SpoolDamagedError
from schemas.hardware import from_batch, to_batch
from tests.edge.samples import BOOT
from tests.edge.stage import Receiver, SetClock, deliver_all, draft, opened

LATER_BOOT = BOOT[:-1] + "2"


def fill(spool: Spool, count: int, start: int = 0, clock: SetClock | None = None) -> None:
    for index in range(start, start + count):
        spool.append([draft(f"v{index}", clock)])


def sequences(spool: Spool) -> list[int]:
    return [event.sequence for event in spool.batch()]


def test_numbers_go_on_over_restarts_and_state_is_kept_with_the_event(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    first = spool.append([draft("a"), draft("b")], {"last_event": "1.5"})
    spool.close()
    spool = opened(tmp_path, boot=LATER_BOOT)
    second = spool.append([draft("c", boot=LATER_BOOT)])
    assert [event.sequence for event in first + second] == [1, 2, 3]
    assert spool.state("last_event") == "1.5"
    assert [event.value for event in spool.batch()] == ["a", "b", "c"]
    assert from_batch(json.loads(to_batch(spool.batch()))) == spool.batch()
    assert (spool.depth().events, spool.depth().next_sequence) == (3, 4)


def test_what_is_acknowledged_goes_and_nothing_else(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    fill(spool, 5)
    spool.acknowledge(2)
    spool.acknowledge(1)
    assert sequences(spool) == [3, 4, 5]
    spool.acknowledge(999)  # a number that was never given is not believed
    fill(spool, 1, 5)
    assert sequences(spool) == [6]


def test_a_batch_keeps_its_limits_but_always_moves(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    fill(spool, 5)
    one = len(json.dumps(json.loads(to_batch(spool.batch(1)))["events"][0]))
    assert len(spool.batch(3)) == 3
    assert len(spool.batch(500, one * 2 + 10)) == 2
    assert len(spool.batch(500, 1)) == 1


def test_the_oldest_go_first_and_one_event_stands_for_all_of_them(tmp_path: Path) -> None:
    spool, receiver = opened(tmp_path, Limits(max_bytes=8000)), Receiver()
    fill(spool, 60)
    depth = spool.depth()
    assert depth.bytes <= 8000 + 700
    (dropped, *kept) = spool.batch()
    about = json.loads(dropped.payload)
    assert dropped.kind == "dropped"
    assert (dropped.first_sequence, about["from"], about["through"]) == (1, 1, dropped.sequence)
    assert about["count"] == depth.dropped == 60 - len(kept)
    assert [event.value for event in kept] == [f"v{index}" for index in range(60 - len(kept), 60)]
    deliver_all(spool, receiver)
    assert receiver.through == 60


def test_what_is_lent_is_not_let_go(tmp_path: Path) -> None:
    spool, receiver = opened(tmp_path, Limits(max_bytes=8000)), Receiver()
    fill(spool, 5)
    lent = spool.batch(3)
    fill(spool, 60, 5)
    receiver.take(lent)
    assert [event.value for event in spool.batch(3)] == ["v0", "v1", "v2"]
    spool.acknowledge(receiver.through)
    deliver_all(spool, receiver)
    dropped = [event for event in receiver.taken if event.kind == "dropped"]
    assert receiver.values[:3] == ["v0", "v1", "v2"]
    assert dropped[0].first_sequence == 4
    assert len(receiver.values) + sum(json.loads(event.payload)["count"] for event in dropped) == 65


def test_by_setting_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = opened(tmp_path, Limits(max_bytes=3000, when_full=REFUSE))
    with pytest.raises(SpoolFullError):
        fill(spool, 60)
    kept = spool.depth().events
    assert kept > 1
    assert sequences(spool) == list(range(1, kept + 1))
    spool.acknowledge(kept)
    assert spool.append([draft("again")])[0].sequence == kept + 1


def test_age_counts_by_the_machines_clock_in_one_boot_and_by_trusted_time_over_boots(tmp_path: Path) -> None:
    clock = SetClock(is_trusted=False)
    spool = opened(tmp_path, Limits(max_age_ms=1000), clock)
    fill(spool, 2, 0, clock)
    clock.wall += 10**15  # the clock is set: thirty years on
    assert spool.expire() == 0
    clock.pass_ms(600)
    fill(spool, 1, 2, clock)
    clock.pass_ms(600)
    assert spool.expire() == 2
    assert [event.kind for event in spool.batch()] == ["dropped", "scan"]
    spool.give_back()
    clock.pass_ms(600)
    assert spool.expire() == 1
    (dropped,) = spool.batch()
    assert (dropped.first_sequence, dropped.sequence, json.loads(dropped.payload)["count"]) == (1, 3, 3)
    assert spool.expire() == 0


def test_after_a_restart_the_age_of_untrusted_times_is_unknown(tmp_path: Path) -> None:
    clock = SetClock(is_trusted=False)
    spool = opened(tmp_path, Limits(max_age_ms=1000), clock)
    fill(spool, 1, 0, clock)
    clock.is_trusted = True
    fill(spool, 1, 1, clock)
    spool.close()
    clock.pass_ms(5000)
    spool = opened(tmp_path, Limits(max_age_ms=1000), clock, boot=LATER_BOOT)
    assert spool.expire() == 0  # the older one holds: its time says nothing
    spool.acknowledge(1)
    assert spool.expire() == 1


def test_an_event_the_other_side_never_takes_is_told_as_dropped_in_its_place(tmp_path: Path) -> None:
    spool, receiver = opened(tmp_path), Receiver()
    fill(spool, 3)
    gone = spool.set_aside(2, "refused")
    assert gone is not None
    assert gone.value == "v1"
    assert spool.set_aside(77, "refused") is None
    deliver_all(spool, receiver)
    assert [event.kind for event in receiver.taken] == ["scan", "dropped", "scan"]
    assert json.loads(receiver.taken[1].payload)["why"] == "refused"
    assert spool.depth().dropped == 1


def test_a_row_whose_body_rotted_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    fill(spool, 3)
    spool.close()
    with sqlite3.connect(tmp_path / NAME) as database:
        database.execute("UPDATE events SET body = replace(body, 'v1', 'xx') WHERE sequence = 2")
    database.close()
    spool = opened(tmp_path)
    assert [(event.kind, event.sequence) for event in spool.batch()] == [("scan", 1), ("dropped", 2), ("scan", 3)]


@pytest.mark.parametrize("damage", ["garbage", "short", "page", "other tables"])
def test_a_damaged_file_is_set_aside_and_numbers_go_on_surely_above(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    spool, receiver = opened(tmp_path), Receiver()
    fill(spool, 300)
    receiver.take(spool.batch(100))
    spool.acknowledge(receiver.through)
    spool.close()
    path = tmp_path / NAME
    content = path.read_bytes()
    if damage == "other tables":
        path.unlink()
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE events (a TEXT)")
        database.close()
    else:
        torn = {
            "garbage": b"\x07" * len(content),
            "short": content[:5000],
            "page": content[:4096] + b"\xff" * 8192 + content[12288:],
        }
        path.write_bytes(torn[damage])
    spool = opened(tmp_path, boot=LATER_BOOT)
    assert "spool_damaged" in caplog.text
    assert list((tmp_path / "aside").glob("*/spool.db"))
    fresh = spool.append([draft("new", boot=LATER_BOOT)])
    assert fresh[0].sequence > 300
    deliver_all(spool, receiver)
    gap = receiver.taken[100]
    assert (gap.kind, gap.sequence) == ("gap", fresh[0].sequence - 1)
    assert gap.first_sequence <= 101
    assert receiver.values[-1] == "new"
    assert len(receiver.values) == 101


def test_a_spool_that_vanished_is_told_by_the_numbers_beside_it(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    fill(spool, 5)
    spool.close()
    for path in tmp_path.glob(f"{NAME}*"):
        path.unlink()
    spool = opened(tmp_path)
    (gap,) = spool.batch()
    assert (gap.kind, gap.first_sequence, json.loads(gap.payload)["why"]) == ("gap", 1, "spool_missing")
    assert gap.sequence > 5


def test_without_any_memory_numbers_go_on_where_the_other_side_is(tmp_path: Path) -> None:
    """A new card: what is heard before the first contact gets new numbers, so that it is not taken for repeats."""
    spool, receiver = opened(tmp_path / "a"), Receiver()
    fill(spool, 10)
    deliver_all(spool, receiver)
    spool = opened(tmp_path / "b", boot=LATER_BOOT)
    fill(spool, 3, 100)
    deliver_all(spool, receiver)
    assert receiver.values == [*(f"v{index}" for index in range(10)), "v100", "v101", "v102"]
    assert [event.sequence for event in receiver.taken] == list(range(1, 15))
    assert json.loads(receiver.taken[-1].payload)["why"] == "spool_behind"


def test_a_card_that_forgot_what_it_had_acknowledged_does_not_lose_what_comes_after(tmp_path: Path) -> None:
    """The file of a copy, or a card that lied about fsync: the other side is further than the spool. Two boots offline do not hide it."""
    spool, receiver = opened(tmp_path), Receiver()
    fill(spool, 5)
    deliver_all(spool, receiver)
    spool.checkpoint()
    old = (tmp_path / NAME).read_bytes()
    fill(spool, 5, 5)
    deliver_all(spool, receiver)
    spool.close()
    (tmp_path / NAME).write_bytes(old)
    for boot, values in ((LATER_BOOT, (20, 24)), (BOOT[:-1] + "3", (24, 30))):
        spool = opened(tmp_path, boot=boot)
        fill(spool, values[1] - values[0], values[0])
        spool.close()
    spool = opened(tmp_path, boot=BOOT[:-1] + "4")
    deliver_all(spool, receiver)
    assert receiver.values == [f"v{index}" for index in (*range(10), *range(20, 30))]


def test_a_receiver_that_forgot_gets_a_gap_for_what_is_no_longer_here(tmp_path: Path) -> None:
    spool, receiver = opened(tmp_path), Receiver()
    fill(spool, 10)
    deliver_all(spool, receiver)
    fill(spool, 2, 10)
    forgetful = Receiver()
    deliver_all(spool, forgetful)
    assert [(event.kind, event.first_sequence, event.sequence) for event in forgetful.taken] == [
        ("gap", 1, 10),
        ("scan", 11, 11),
        ("scan", 12, 12),
    ]


def test_numbers_are_reserved_ahead_of_use(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    for index in range(3):
        spool.append([draft(f"{index}-{n}") for n in range(BLOCK - 1)])
        numbers = read_numbers(tmp_path)
        assert numbers is not None
        assert numbers.reserved >= spool.depth().next_sequence - 1


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"reserved":"9","acked":1}', '{"reserved":1,"acked":2}', '{"reserved":true,"acked":0}']
)
def test_a_file_of_numbers_that_is_none_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / NUMBERS).write_text(content)
    assert read_numbers(tmp_path) is None
    write_numbers(tmp_path, Numbers(7, 3))
    assert read_numbers(tmp_path) == Numbers(7, 3)


def test_a_full_card_refuses_and_the_spool_stays_whole(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    fill(spool, 3)
    spool._store._db.execute("PRAGMA max_page_count=8")
    with pytest.raises(SpoolFullError):
        spool.append([draft("x" * 60_000)])
    spool._store._db.execute("PRAGMA max_page_count=1000000")
    fill(spool, 1, 3)
    assert sequences(spool) == [1, 2, 3, 4]


def test_damage_while_running_is_an_error_of_its_own(tmp_path: Path) -> None:
    spool = opened(tmp_path, checkpoint_pages=1)
    fill(spool, 50)
    spool._store._db.execute("DROP TABLE events")
    with pytest.raises(SpoolDamagedError):
        fill(spool, 1)


def test_threads_may_append_at_once(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    threads = [threading.Thread(target=fill, args=(spool, 20, start)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sequences(spool) == list(range(1, 61))
    assert spool.wait(0)


def test_appends_ask_for_fsync_and_acknowledgements_do_not(tmp_path: Path) -> None:
    """What the power cuts take as durable is what SQLite was told to sync (sqlite.org/pragma.html#pragma_synchronous)."""
    spool, said = opened(tmp_path), list[str]()
    spool._store._db.set_trace_callback(said.append)
    fill(spool, 1)
    assert said[:2] == ["PRAGMA synchronous=FULL", "BEGIN IMMEDIATE"]
    assert said[-1] == "COMMIT"
    said.clear()
    spool.acknowledge(1)
    assert said[:2] == ["PRAGMA synchronous=NORMAL", "BEGIN IMMEDIATE"]
