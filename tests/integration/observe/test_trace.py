"""OPS-5: `causeway trace` tells one order's whole journey; in clear only with a reason, which is audited first (ERR-5, SEC-4)."""

from __future__ import annotations

import json
from typing import Any

from streams.demo.sandboxed import ACCOUNT
from tests.integration.observe.observed import GOOD, NAME, RETRIED, UNKNOWN, Observed


def traced(scene: Observed, *args: str) -> dict[str, Any]:
    done = scene.cli("trace", *args, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_applied_order_is_told_from_fetched_to_acknowledged(scene: Observed) -> None:
    found = traced(scene, GOOD)
    assert (found["key"], found["state"], found["acknowledged"]) == (f"walmart:{ACCOUNT}:{GOOD}", "applied", True)
    assert found["remote_id"].isdigit()
    kinds = [step["kind"] for step in found["steps"]]
    assert kinds[:4] == ["fetched", "canonical", "sent", "outcome"]
    applied = next(step for step in found["steps"] if step["facts"].get("result") == "applied")
    assert applied["facts"]["remote_id"] == found["remote_id"]


def test_the_full_key_finds_the_same(scene: Observed) -> None:
    short, full = traced(scene, RETRIED), traced(scene, f"walmart:{ACCOUNT}:{RETRIED}")
    assert [step["origin"] for step in short["steps"]] == [step["origin"] for step in full["steps"]][
        : len(short["steps"])
    ]


def test_an_unconfigured_account_is_found_by_reading_everything(scene: Observed) -> None:
    """The command may run where no account is configured."""
    found = json.loads(scene.cli("trace", GOOD, "--json", CAUSEWAY_WALMART__ACCOUNTS="{}").stdout)
    assert found["key"] == f"walmart:{ACCOUNT}:{GOOD}"


def test_a_retry_shows_its_tier_reason_and_return(scene: Observed) -> None:
    steps = traced(scene, RETRIED)["steps"]
    waiting = next(step for step in steps if step["kind"] == "retry")
    assert (waiting["facts"]["tier"], waiting["facts"]["reason"], waiting["facts"]["attempt"]) == ("1s", "transient", 1)
    back = next(step for step in steps if step["kind"] == "sent" and "back from retry" in step["text"])
    assert back["at"] > waiting["at"]


def test_a_held_order_says_what_it_waits_for_and_who_acts(scene: Observed) -> None:
    found = traced(scene, UNKNOWN)
    assert found["state"] == "held"
    held = next(step for step in found["steps"] if step["kind"] == "held")
    assert held["facts"]["owner"] == "catalogue"
    assert held["facts"]["waiting_for"].startswith("sku:walmart:")


def test_what_was_done_with_a_dead_letter_is_part_of_it(scene: Observed) -> None:
    number = "9900000000101"
    letter = next(step for step in traced(scene, number)["steps"] if step["kind"] == "dead")
    done = scene.cli("dead", "discard", letter["facts"]["id"], "--note", "not an order", "--yes")
    assert done.returncode == 0, done.stderr
    last = next(step for step in traced(scene, number)["steps"] if step["kind"] == "action")
    assert (last["facts"]["action"], last["facts"]["note"]) == ("discarded", "not an order")


def test_personal_data_is_shown_only_for_a_reason_and_that_is_audited(scene: Observed) -> None:
    refused = scene.cli("trace", GOOD, "--unmasked")
    assert refused.returncode == 2
    assert "--reason" in refused.stderr
    shown = scene.cli("trace", GOOD, "--unmasked", "--reason", "customer called")
    assert NAME in shown.stdout
    entries = [scene.codec.decode("audit", record.value) for record in scene.records("audit")]
    entry = next(entry for entry in entries if entry["action"] == "view_unmasked")
    assert (entry["subject"], entry["note"]) == (f"walmart:{ACCOUNT}:{GOOD}", "customer called")


def test_an_unknown_order_is_said_plainly(scene: Observed) -> None:
    done = scene.cli("trace", "0000000000000")
    assert done.returncode == 1
    assert "no topic holds anything of 0000000000000" in done.stderr
    assert "Traceback" not in done.stderr
