"""OPS-5, OPS-1: `causeway status` says what runs, what waits and what failed, in seconds, and says what it cannot know."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from schemas.record import Message
from schemas.topics import OUTCOMES
from streams.connectors import discover
from streams.worker import stage_names
from tests.integration.failure_kit import parked
from tests.integration.observe.observed import LIMIT_SECONDS, Observed, broken
from tests.waiting import until


def status(scene: Observed, *args: str, **env: str) -> dict[str, Any]:
    done = scene.cli("status", "--json", *args, **env)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def stage(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in found["stages"] if item["stage"] == name)


def test_a_running_pipeline_is_told(scene: Observed) -> None:
    worker = f"127.0.0.1:{scene.ports['worker']}"
    found = status(scene, "--endpoint", worker)
    assert all(item["members"] == 1 for item in found["stages"])
    assert (found["retry_members"], found["release_members"], found["poller_members"]) == (1, 1, 1)
    flows = {(flow["account"], flow["flow"]): flow for flow in found["flows"]}
    read = {
        "alibaba:demo": ("messages", "orders", "parcels", "products"),
        "amazon:demo": (
            "catalogue",
            "census",
            "fba_stock",
            "listing_census",
            "orders",
            "returns",
            "settlements",
        ),
        "walmart:demo": ("items", "orders", "returns", "settlements"),
    }
    assert set(flows) == {(account, name) for account, names in read.items() for name in names}
    assert all(flow["configured"] for flow in flows.values())
    assert flows["walmart:demo", "orders"]["behind_seconds"] < LIMIT_SECONDS
    assert found["processes"] == [
        {"endpoint": worker, "problem": "", "breakers": [], "paused": [], "failing": [], "refused": []}
    ]
    assert found["orders"]["counts"]["applied"] == 3
    assert found["orders"]["counts"]["held"] == 1
    assert found["orders"]["is_cut"] is False


def test_dead_and_held_are_counted_by_reason_and_owner(scene: Observed) -> None:
    counts = {
        (item["state"], item["destination"], item["reason"], item["owner"]): item["records"]
        for item in status(scene)["failed"]["counts"]
    }
    assert counts["held", "odoo", "mapping", "catalogue"] == 1
    dead = sum(count for (state, *_), count in counts.items() if state == "dead")
    assert len(list(broken())) - 1 <= dead  # one may be discarded by now


def test_people_get_a_page_and_no_endpoint_is_said(scene: Observed) -> None:
    shown = scene.cli("status").stdout
    assert "unknown: no metrics endpoint configured" in shown
    assert re.search(r"held\s+odoo\s+mapping\s+catalogue\s+1", shown)
    assert re.search(r"transform\s+1 running\s+\d", shown)


def test_lag_waiting_and_due_are_told_apart_while_nothing_runs(scene: Observed) -> None:
    scene.stop("worker")
    try:
        began = time.time()
        scene.send([scene.raw_message(f"77{number:011d}", b"{}") for number in range(20)])
        scene.send([parked("1s", "deliver.odoo.bulk", f"walmart:demo:{n}", b"x", 1.0) for n in range(3)])
        scene.send([parked("60s", "deliver.odoo.bulk", f"walmart:demo:{n}", b"x", 60.0) for n in range(5)])
        until(lambda: time.time() - began > 2.5, so_far=lambda: "")
        found = status(scene)
        behind = stage(found, "transform")
        assert (behind["members"], found["retry_members"]) == (0, 0)
        assert behind["lag_records"] >= 20  # the poller goes on fetching
        assert 2 <= behind["lag_seconds"] <= time.time() - began + 30
        tiers = {tier["tier"]: tier for tier in found["retry"]}
        assert (tiers["1s"]["due"], tiers["1s"]["waiting"]) == (3, 0)
        assert tiers["1s"]["overdue_seconds"] > 0.5
        assert (tiers["1m"]["due"], tiers["1m"]["waiting"]) == (0, 5)
        assert 0 < tiers["1m"]["next_due_seconds"] <= 60
        assert "not running" in scene.cli("status").stdout
    finally:
        scene.start("worker", "worker").wait_for_line("runtime_started", LIMIT_SECONDS)
    until(lambda: stage(status(scene), "transform")["lag_records"] < 5, so_far=lambda: "transform did not catch up")


def test_of_a_hundred_thousand_outcomes_it_reads_the_newest_and_says_so(scene: Observed) -> None:
    outcome = scene.records(OUTCOMES)[0]
    assert outcome.value is not None
    scene.stop("worker")  # it would route them all
    try:
        scene.send([Message(OUTCOMES, outcome.key, outcome.value, outcome.headers)] * 100_001)
        found = status(scene)
        assert found["orders"]["is_cut"] is True
        assert found["orders"]["outcomes"] <= 50_000
        assert stage(found, "route")["lag_records"] >= 100_001
        assert "newest" in scene.cli("status").stdout
    finally:
        scene.start("worker", "worker").wait_for_line("runtime_started", LIMIT_SECONDS)


def test_a_registry_that_is_down_hides_only_what_needs_it(scene: Observed) -> None:
    found = status(scene, CAUSEWAY_REGISTRY__URL="http://127.0.0.1:9/apis/ccompat/v7")
    assert "cannot be" in found["failed"]["unknown"]
    assert [stage["stage"] for stage in found["stages"]][:4] == ["transform", "route", "stock", "pricing"]
    assert [stage["stage"] for stage in found["stages"]] == [
        name for name in stage_names(discover())[:-2] if name != "packing"
    ]  # without retry and release; no packing station is configured
    assert found["poller_members"] == 1


def test_a_broker_that_is_down_is_one_line_and_exit_code_3(scene: Observed) -> None:
    done = scene.cli("status", CAUSEWAY_KAFKA__BOOTSTRAP="127.0.0.1:9")
    assert done.returncode == 3
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Kafka at 127.0.0.1:9 cannot be reached" in done.stderr
    as_json = scene.cli("status", "--json", CAUSEWAY_KAFKA__BOOTSTRAP="127.0.0.1:9")
    assert "cannot be reached" in json.loads(as_json.stdout)["error"]


def test_an_open_breaker_and_its_paused_lane_are_told(scene: Observed) -> None:
    """ERR-4: with Odoo's password wrong, the lane waits in order, and everybody can see why."""
    from tests.integration.observe.observed import order, sell

    scene.stop("worker")
    wrong = {"CAUSEWAY_ODOO__PASSWORD": "no-such-password"}
    scene.start("worker", "worker", **wrong).wait_for_line("runtime_started", LIMIT_SECONDS)
    try:
        sell(scene, [order("9900000000009")])
        endpoint = f"127.0.0.1:{scene.ports['worker']}"
        seen: dict[str, Any] = {}

        def is_told() -> bool:
            seen.update(status(scene, "--endpoint", endpoint)["processes"][0])
            return bool(seen["breakers"] and seen["paused"])

        until(is_told, so_far=lambda: str(seen))
        assert seen["breakers"] == ["odoo upsert_order"]
        assert seen["paused"][0]["stage"] == "deliver.odoo.critical"
        assert "breaker" in seen["paused"][0]["reason"]
    finally:
        scene.stop("worker")
        scene.start("worker", "worker").wait_for_line("runtime_started", LIMIT_SECONDS)
