"""EVT-3: two pollers of one account never run at once, and an account is never left alone for long."""

from __future__ import annotations

import json
import signal

from streams.poller.cursors import CursorWriter
from streams.poller.flows import FlowKey
from tests.integration.poller_kit import SOURCE, MakeWorld, World, world
from tests.waiting import until

__all__ = ["world"]  # the fixture


def pids(world: World, account: str, since: int = 0) -> list[int]:
    return [page["pid"] for page in world.pages()[since:] if page["account"] == account]


def test_accounts_are_shared_and_each_is_polled_by_one(world: MakeWorld) -> None:
    """Scale-out is Kafka's: a second poller takes over some accounts, gracefully, and nothing is read by both at a time."""
    accounts = tuple(f"a{number}" for number in range(8))
    ours = world(accounts=accounts, partitions=6)
    for account in accounts:
        ours.market(account).change("1")
    first = ours.start()
    until(lambda: all(pids(ours, account) for account in accounts), "the first poller polls all")
    second = ours.start()
    until(lambda: second.has_logged("poll_started"), "the second poller has taken over some")
    begin = len(ours.pages())
    until(lambda: all(len(pids(ours, account, begin)) >= 3 for account in accounts), "all go on")
    owners = {account: set(pids(ours, account, begin)) for account in accounts}
    # The page that was in hand during the handover may stand just after `begin`; from then on each account has one owner.
    assert all(len(set(pids(ours, account, begin)[1:])) == 1 for account in accounts), owners
    assert {pid for found in owners.values() for pid in found} == {first.process.pid, second.process.pid}
    assert not first.has_logged("poll_fenced")
    assert (second.terminate(), first.terminate()) == (0, 0)


def test_stopped_poller_hands_over_at_once(world: MakeWorld) -> None:
    """It leaves the group by itself: nobody waits for its session (two minutes) to time out, only for a heartbeat (20 s)."""
    ours = world(poll={"session_seconds": 120})
    ours.market().change("1")
    first = ours.start()
    until(ours.is_caught_up, "the first poller has read it")
    second = ours.start()
    until(lambda: second.has_logged("poller_started"), "the second poller is there")
    assert first.terminate() == 0
    ours.market().change("2")
    until(ours.is_caught_up, "the second poller has taken over", limit_seconds=110)
    assert second.process.pid in pids(ours, "main")


def test_killed_poller_is_replaced(world: MakeWorld) -> None:
    """Failover after kill -9: when the session ends (6 s here), the other goes on from the cursor."""
    ours = world()
    ours.market().change("1", "2")
    first = ours.start()
    until(ours.is_caught_up, "the first poller has read them")
    second = ours.start()
    until(lambda: second.has_logged("poller_started"), "the second poller is there")
    victim, heir = (first, second) if not second.has_logged("poll_started") else (second, first)
    victim.signal(signal.SIGKILL)
    ours.market().change("3")
    until(ours.is_caught_up, "the other has taken over")
    assert set(ours.raw_states()) >= {("1", 1), ("2", 2), ("3", 3)}
    assert pids(ours, "main")[-1] == heir.process.pid


def test_zombie_is_fenced(world: MakeWorld) -> None:
    """A poller stopped between publishing and its cursor, that wakes up after another has gone on, writes no cursor."""
    ours = world()
    ours.market().change("1", "2", "3", "4")
    zombie = ours.start(crash="page_published", nth=2, by="STOP")
    until(zombie.is_stopped, "the first poller is stopped with page 2 published and its cursor not")
    heir = ours.start()
    ours.market().change("5", "6")
    until(ours.is_caught_up, "the second poller has gone on")
    written = len(ours.cursors())
    zombie.signal(signal.SIGCONT)
    until(lambda: zombie.has_logged("poll_fenced"), "the zombie says that it is fenced")
    until(lambda: len(ours.cursors()) > written, "the second poller goes on")
    positions = [json.loads(cursor["position"])["after"] for _, cursor in ours.cursors()]
    assert positions == sorted(positions), "no cursor went back"
    owners = [cursor["owner"].rpartition(":")[2] for _, cursor in ours.cursors()]
    assert owners[1:] == [str(heir.process.pid)] * (len(owners) - 1), "of the zombie only the first page counts"
    assert not zombie.has_logged("poll_taken_again"), "the group does not confirm it, so it stays stopped"
    assert zombie.process.poll() is None, "its other flows would go on"
    assert zombie.terminate() == 0


def test_restarted_pod_gets_its_flows_back_at_once(world: MakeWorld) -> None:
    """With a stable instance name a restart does not wait for the dead session (five minutes here)."""
    ours = world(poll={"session_seconds": 300, "instance": "pod-0"})
    ours.market().change("1")
    first = ours.start()
    until(ours.is_caught_up, "read")
    first.signal(signal.SIGKILL)
    ours.market().change("2")
    ours.start()
    until(ours.is_caught_up, "read after the restart", limit_seconds=240)


def test_environments_do_not_share_cursors_by_mistake(world: MakeWorld) -> None:
    """AUTH-7: a production poller refuses what a sandbox has written, and says so."""
    ours = world()
    ours.market().change("1")
    assert_read = ours.start()
    until(ours.is_caught_up, "read in the sandbox")
    assert_read.terminate()
    wrong = ours.start(environment="production")
    assert wrong.ended() != 0
    assert "was written by environment 'sandbox', this is 'production'" in wrong.text()


def test_poller_whose_event_loop_hangs_leaves_its_flows_to_others(world: MakeWorld) -> None:
    """OPS-8: its heartbeats would go on for ever, and nobody would poll."""
    ours = world()
    ours.market().change("1")
    hanging = ours.start()
    until(ours.is_caught_up, "read")
    (ours.folder / "trouble.main").write_text("hang")
    until(lambda: hanging.has_logged("poll_loop_hangs"), "the group's thread has noticed")
    (ours.folder / "trouble.main").unlink()
    ours.market().change("2")
    heir = ours.start()
    until(ours.is_caught_up, "another has taken over")
    assert pids(ours, "main")[-1] == heir.process.pid


def test_fenced_poller_that_still_owns_its_flow_takes_it_again(world: MakeWorld) -> None:
    """A broker that was away too long ends a transaction like a successor does: nobody must stay stopped by that."""
    ours = world()
    ours.market().change("1")
    poller = ours.start()
    until(ours.is_caught_up, "read")
    key = FlowKey(SOURCE, "main", "orders")
    CursorWriter(ours.kafka, ours.names.transaction(key), ours.names.cursors, lambda _step: None).open()
    until(lambda: poller.has_logged("poll_fenced"), "its cursor is refused")
    ours.market().change("2")
    until(ours.is_caught_up, "it goes on")
    assert poller.has_logged("poll_taken_again")
    assert poller.terminate() == 0
