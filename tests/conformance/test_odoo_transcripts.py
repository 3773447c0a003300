"""TEST-1: the Odoo sandbox answers what a real Odoo 18 server answered, scenario by scenario.

The transcripts (recorded calls and answers, with their replayer) are data beside the project; without them there is
nothing to compare with.
"""

import importlib.util
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from connectors.kit.sandbox.server import running
from connectors.odoo.sandbox.app import create_app
from connectors.odoo.sandbox.settings import SandboxSettings

pytestmark = pytest.mark.conformance
FOLDER = Path(__file__).parents[3] / "shared" / "transcripts"
COVERED = (
    "01-transport", "02-fields", "03-reading", "04-partners", "05-taxes", "06-products", "07-orders-create",
    "08-orders-load", "09-orders-update", "10-confirm-cancel-lock", "11-currency", "12-stock-on-hand", "13-deliveries",
    "14-returns", "15-invoices", "16-settlement", "17-purchases", "18-write-dates", "19-outbox", "20-sales-user", "21-external-ids",
)  # fmt: skip
# Scenarios outside the list, each with why.
LEFT_OUT: dict[str, str] = {}
SETTINGS = SandboxSettings(db="conform", login="admin", password="conform-secret")


@pytest.fixture(scope="module")
def replayer() -> ModuleType:
    path = FOLDER / "replay.py"
    if not path.exists():
        pytest.skip(f"no recorded transcripts at {FOLDER}: they are data that is not part of this repository")
    spec = importlib.util.spec_from_file_location("odoo_transcript_replayer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(create_app(SETTINGS)) as url:
        yield url


def replayed(replayer: ModuleType, url: str, names: Sequence[str]) -> list[Any]:
    """Reports of these scenarios, in order, on one database that was clean at the start."""
    httpx.post(f"{url}/sandbox/reset").raise_for_status()
    server = replayer.Server(url, SETTINGS.db, SETTINGS.login, SETTINGS.password)
    files = [FOLDER / "odoo18" / f"{name}.json" for name in names]
    return [replayer.replay(server, json.loads(file.read_text("utf-8"))) for file in files]


@pytest.mark.parametrize("scenario", COVERED)
def test_scenario_on_a_clean_database(replayer: ModuleType, url: str, scenario: str) -> None:
    [report] = replayed(replayer, url, [scenario])
    assert not report.failures, "\n".join(report.failures)
    assert report.passed > 0


def test_scenarios_one_after_the_other_on_one_database(replayer: ModuleType, url: str) -> None:
    """Without the two that pause for seconds, which change nothing for the others."""
    names = [name for name in COVERED if name not in ("18-write-dates", "19-outbox")]
    reports = replayed(replayer, url, names)
    assert [line for report in reports for line in report.failures] == []


def test_every_recorded_scenario_is_covered_or_left_out_by_name(replayer: ModuleType) -> None:
    recorded = {path.stem for path in (FOLDER / "odoo18").glob("*.json")}
    assert recorded == {*COVERED, *LEFT_OUT}
