"""REC-3, ORD-1: what people and programs ask of a running poller is done once it can be, seen when it cannot be, and in nobody's way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.headers import decode_headers
from schemas.record import Message
from streams.kafka import SyncProducer
from streams.poller.desk import Desk
from streams.settings import ConfigurationError
from tests.integration.poller_kit import CONNECTOR, EPOCH, MakeWorld, World, commands_committed, world
from tests.waiting import until

__all__ = ["world"]  # the fixture

SELDOM = {"intervals": {"fake.orders": "1h"}}


def desk(ours: World) -> Desk:
    return Desk(ours.settings(), [CONNECTOR], ours.codec(), names=ours.names, requested_by="tester")


def committed(ours: World) -> int:
    return sum(offset for _, offset in commands_committed(ours))


def test_poll_now_cuts_the_wait_short(world: MakeWorld) -> None:
    ours = world(poll=SELDOM)
    ours.market().change("1")
    running = ours.start()
    until(ours.is_caught_up, "the first poll")
    ours.market().change("2")
    desk(ours).poll_now("fake:main", "orders")
    until(ours.is_caught_up, "the second poll, an hour early")
    until(lambda: committed(ours) == 1, "the command is done")
    assert running.terminate() == 0


def test_commands_wait_for_the_first_poller(world: MakeWorld) -> None:
    """Wishes made while nobody runs are wishes."""
    ours = world(poll=SELDOM)
    ours.market().change("1", "2")
    desk(ours).fetch("fake:main", "orders", ("2",))
    ours.start()
    until(lambda: committed(ours) == 1, "the command is done")
    assert len(ours.pages("fetch")) == 1


def test_resync_fills_the_bulk_lane_while_polling_goes_on(world: MakeWorld) -> None:
    """REC-3, EVT-5: in its own lane, without moving the cursor, new orders in between; asked again, it is read again."""
    ours = world()
    ours.market().change(*[f"old-{number}" for number in range(90)])
    ours.start()
    until(ours.is_caught_up, "all is read")
    desk(ours).resync("fake:main", "orders", EPOCH + timedelta(seconds=30))
    until(lambda: ours.pages("resync"), "the resync has begun")
    ours.market().change("new")
    until(lambda: committed(ours) == 1, "the resync is done")
    until(ours.is_caught_up, "the new order is read")
    bulk = ours.raw_states(lane="bulk")
    assert {number for _, number in bulk} >= set(range(31, 91)), "everything changed since then"
    assert min(number for _, number in bulk) == 31
    assert set(ours.raw_states()) == {*((f"old-{number}", number + 1) for number in range(90)), ("new", 91)}
    positions = [cursor["position"] for _, cursor in ours.cursors()]
    assert positions.count('{"after": 90}') >= 1
    assert positions == sorted(positions, key=lambda text: int(text[10:-1]))


def test_resync_publishes_the_same_facts_under_the_same_ids(world: MakeWorld) -> None:
    """ORD-5: so nothing is doubled further down."""
    ours = world(poll=SELDOM)
    ours.market().change("1", "2")
    ours.start()
    until(ours.is_caught_up, "read")
    desk(ours).resync("fake:main", "orders", EPOCH)
    until(lambda: committed(ours) == 1, "resynced")
    ids = [decode_headers(record.headers).id for record, _ in ours.raw()]
    assert (len(ids), len(set(ids))) == (4, 2)


def test_id_that_does_not_exist_is_a_dead_letter(world: MakeWorld) -> None:
    """ERR-5: visible, while the others are read."""
    ours = world(poll=SELDOM)
    ours.market().change("1")
    ours.start()
    until(ours.is_caught_up, "read")
    desk(ours).fetch("fake:main", "orders", ("1", "404"))
    until(lambda: committed(ours) == 1, "fetched")
    assert (ours.raw_states(), ours.raw_states(lane="normal")) == ([("1", 1)], [("1", 1)])
    (dead,) = ours.dead()
    assert (dead["key"], dead["detail"], dead["reason"]) == ("fake:main:404", "no such order", "data")


def test_hostile_commands_become_dead_letters_and_hold_up_nobody(world: MakeWorld) -> None:
    """SEC-5."""
    ours = world(poll=SELDOM, partitions=1)
    ours.market().change("1")
    rubbish = [
        Message(ours.names.commands, b"fake:main:orders", b"\x00\x00\x00\x00\x00rubbish"),
        Message(ours.names.commands, None, None),
        Message(ours.names.commands, b"\xff\xfe", b"x" * 1000),
    ]
    with SyncProducer(ours.kafka) as producer:
        producer.send_all(rubbish)
    ours.send_command("explode")
    ours.send_command("poll_now", account="unknown")
    running = ours.start()
    ours.send_command("poll_now")
    until(lambda: committed(ours) == 6, "all are done")
    assert len(ours.dead()) == 5
    assert running.terminate() == 0


def test_unreadable_page_is_told_by_the_cursor_until_the_source_is_mended(world: MakeWorld) -> None:
    """OPS-1: the position stays where it was; status says why. Mended, a wish goes on at once, and nothing of it is left."""
    ours = world(poll={**SELDOM, "stopped_seconds": 3600})
    ours.market().change("1")
    (ours.folder / "trouble.main").write_text("data")
    ours.start()
    until(ours.cursor, "the cursor says so")
    cursor = ours.cursor()
    assert cursor is not None
    assert (cursor["failing_reason"], cursor["failing_detail"]) == ("data", "the page is no JSON: line 1")
    assert cursor["failing_since"]
    assert cursor["next_try"]
    assert cursor["next_try"] - cursor["failing_since"] > timedelta(minutes=50)
    assert (cursor["position"], cursor["pages"]) == ("", 0)
    (ours.folder / "trouble.main").unlink()
    ours.send_command("poll_now")
    until(ours.is_caught_up, "read after the wish")
    cursor = ours.cursor()
    assert cursor is not None
    assert cursor["failing_since"] is None
    assert ours.dead() == []


def test_bug_in_a_connector_shows_no_data(world: MakeWorld) -> None:
    """SEC-3: neither in the cursor nor in the log."""
    ours = world()
    ours.market().change("1")
    (ours.folder / "trouble.main").write_text("bug")
    running = ours.start()
    until(ours.cursor, "the cursor says so")
    cursor = ours.cursor()
    assert cursor is not None
    assert cursor["failing_reason"] == "bug"
    assert cursor["failing_detail"].startswith("KeyError at _trouble")
    assert "jane" not in running.text()


def test_desk_shows_how_far_each_flow_was_read(world: MakeWorld) -> None:
    """OPS-5."""
    ours = world(accounts=("main", "idle"), poll=SELDOM)
    ours.market().change("1", "2")
    assert [status.cursor for status in desk(ours).cursors()] == [None, None]
    ours.start()
    until(lambda: all(status.cursor for status in desk(ours).cursors()), "both are read")
    idle, main = desk(ours).cursors()
    assert (idle.key.account, main.key.account) == ("idle", "main")
    assert main.cursor is not None
    assert (main.cursor["records"], main.cursor["read_until"]) == (2, EPOCH + timedelta(seconds=2))
    assert main.as_json()["position"] == '{"after": 2}'


def test_desk_refuses_what_nobody_polls(world: MakeWorld) -> None:
    ours = world()
    with pytest.raises(ConfigurationError, match="configured are: fake:main orders"):
        desk(ours).poll_now("fake:main", "returns")
