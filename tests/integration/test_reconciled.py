"""REC-1: the poller reconciles by itself when its time has come and tells it; a look by hand after the mending is told by the same event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemas.codec import Codec
from schemas.record import Message
from schemas.records import Reconciliation
from streams.cli import app
from streams.kafka import SyncProducer
from streams.reconcile.events import read_newest
from streams.reconcile.findings import Report
from streams.reconcile.telling import message_of, record_of
from tests.contract.purchase_books import PLACE, PREFIX, Both, both
from tests.integration.poller_kit import MakeWorld, World, world
from tests.integration.stages_kit import registry_of, settings_of
from tests.waiting import until

__all__ = ["world"]  # the fixture


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Both]:
    with both(tmp_path) as found:
        yield found


def parts(sides: Both) -> dict[str, Any]:
    """Both systems as a configuration says them, secrets and all."""
    account, home = sides.buyer.accounts["main"], sides.home
    keys = {
        "app_key": account.app_key, "app_secret": account.secret().get_secret_value(), "token_file": account.token_file,
        "refresh_token": account.refresh_token.get_secret_value(),
    }  # fmt: skip
    prefix = {"reference_prefix": PREFIX}
    begun = {"not_before": "2026-01-01T00:00:00Z"}
    return {
        "alibaba": {"base_url": sides.buyer.base_url, "accounts": {"main": keys}, "purchases": prefix | begun},
        "odoo": {
            "url": home.url, "db": home.db, "login": home.login, "password": home.password.get_secret_value(), "environment": "sandbox",
            "purchases": prefix,
        },
        "phases": {"alibaba": {"main": {"purchases": "on"}}},
        "reconcile": {"grace_minutes": 0},
    }  # fmt: skip


def told(ours: World) -> Reconciliation:
    return read_newest(ours.settings(), ours.codec(), ours.prefix)[PLACE.key]


@pytest.mark.timeout(600)
def test_the_poller_makes_up_for_a_missed_time_and_tells_what_it_found(sides: Both, world: MakeWorld) -> None:
    """REC-1: daily, in one of two processes, by an event and a metric."""
    ours, never, now = world(), sides.wanted(), sides.now()
    before = record_of(Report(PLACE, now - timedelta(days=40), now - timedelta(days=3)), None, 10)
    message = message_of(ours.codec(), before)
    stale = Message(ours.prefix + message.topic, message.key, message.value)
    with SyncProducer(ours.kafka) as producer:
        producer.send_all([stale])
    running = [ours.start(connector=parts(sides)) for _ in range(2)]
    until(lambda: told(ours)["at"] > before["at"], "it is told", so_far=lambda: running[0].text()[-2000:])
    event = told(ours)
    assert (event["result"], event["odoo_entries"], event["differences"]) == ("differences", 1, 1)
    assert [(one["what"], one["odoo"]) for one in event["findings"]] == [("missing_there", sides.name(never))]
    assert sum("reconciliation_done" in one.text() for one in running) == 1


@pytest.mark.timeout(600)
def test_the_command_tells_the_same_event(
    sides: Both, bootstrap: str, registry_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REC-1: table, JSON, exit code and event, from the program's door to the topic; `since` of a finding is kept, and mended it is balanced."""
    settings = settings_of(bootstrap, registry_url)
    registry_of(registry_url).register(one for one in settings.topic_table() if one.value == "reconciliation")
    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", bootstrap)
    monkeypatch.setenv("CAUSEWAY_REGISTRY__URL", registry_url)
    for name, part in parts(sides).items():
        for key, value in part.items():
            text = value if isinstance(value, str) else json.dumps(value)
            monkeypatch.setenv(f"CAUSEWAY_{name}__{key}".upper(), text)
    number = sides.wanted()
    first, second = _run("--json"), _run("--json")
    assert (first[0], second[0]) == (1, 1)
    (before,), (after,) = (json.loads(text)["reconciliations"][0]["findings"] for _, text in (first, second))
    assert (before["what"], before["odoo"]) == ("missing_there", sides.name(number))
    assert after["first_seen"] == before["first_seen"]
    sides.odoo.call("purchase.order", "button_cancel", [number])
    code, text = _run()
    assert (code, text.splitlines()[-1]) == (0, "balanced")
    event = read_newest(settings, Codec(registry_of(registry_url)))[PLACE.key]
    assert (event["result"], event["findings"]) == ("balanced", [])


def _run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["reconcile", "purchases", *words])
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result.exit_code, result.stdout
