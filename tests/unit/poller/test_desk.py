"""REC-3: what a resync reads is said when it is asked for, also what it leaves out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from connectors.odoo import CONNECTOR as ODOO
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.watches import PLANS
from streams.cli.poll import app
from streams.poller.commands import Action
from streams.poller.desk import Sent, reached
from streams.poller.flows import Flow, FlowKey
from tests.unit.poller.kit import NOW, flow

LONG_AGO = NOW - timedelta(days=30)


def odoo(name: str) -> Flow:
    return Flow(FlowKey("odoo", "main", name), ODOO, timedelta(seconds=5))


@pytest.mark.parametrize("name", list(PLANS))
def test_documents_of_odoo_are_read_so_far_back_as_configured_and_products_whole(name: str) -> None:
    """REC-3: nothing is left out in silence."""
    settings = OdooSettings.model_validate({"capture": {"start_days_back": 7}})
    begin, limit = reached(odoo(name), settings, LONG_AGO, NOW)
    if PLANS[name].products:
        assert (begin, limit) == (LONG_AGO, "")
    else:
        assert begin == NOW - timedelta(days=7)
        assert "last 7 days only, by CAUSEWAY_ODOO__CAPTURE__START_DAYS_BACK" in limit


def test_what_lies_within_reach_is_read_as_asked() -> None:
    """REC-3: nothing to say then."""
    since = NOW - timedelta(days=6)
    assert reached(odoo("pickings"), OdooSettings(), since, NOW) == (since, "")
    assert reached(flow(), None, LONG_AGO, NOW) == (LONG_AGO, "")  # a connector that reads as far as is asked


@pytest.mark.parametrize(
    ("limit", "said"),
    [("changes of the last 7 days only, by SETTING", ": changes of the last 7 days only, by SETTING"), ("", "")],
)
def test_the_command_says_from_when_on_it_reads(monkeypatch: pytest.MonkeyPatch, limit: str, said: str) -> None:
    """REC-3: for people and, with --json, for machines."""
    sent = Sent("c1", FlowKey("odoo", "main", "pickings"), Action.RESYNC, datetime(2026, 11, 14, 12, tzinfo=UTC), limit)
    monkeypatch.setattr("streams.cli.poll._at_desk", lambda action: sent)
    shown = CliRunner().invoke(app, ["resync", "odoo:main", "pickings", "--since", "2026-01-01"])
    assert shown.output.splitlines()[1] == f"reads what changed since 2026-11-14 12:00:00 UTC{said}"
    machine = CliRunner().invoke(app, ["resync", "odoo:main", "pickings", "--since", "2026-01-01", "--json"])
    assert f'"limit":"{limit}"' in machine.output
