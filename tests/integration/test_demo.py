"""The main job: orders sold on a marketplace that lies reach Odoo once each, to the cent; what is done in Odoo and by buyers reaches the other
side once; and every ledger balances (TEST-1, TEST-3, EVT-4, FUL-2, FUL-3, INV-2, INV-4, PRC-1, PRD-1..4, RET-1, RET-2, FIN-2, ORD-10). Two
marketplaces sell the same goods of one Odoo, and each balances by itself, flow by flow.

The whole demo as a user starts it: its own Kafka, registry, sandboxes and processes; few orders, all default faults.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from streams.demo.agree import FLOWS
from tests.integration.conftest import START_SECONDS, TEST_SECONDS


def test_the_demo_balances_under_faults(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "streams.cli",
        "demo",
        "--orders",
        "60",
        "--faults",
        "default",
        "--seed",
        "5",
        "--json",
    ]
    env = {name: value for name, value in os.environ.items() if not name.startswith("CAUSEWAY_")}
    env["CAUSEWAY_STACK__START_SECONDS"] = str(START_SECONDS)
    done = subprocess.run(
        [*command, "--data", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        env=env,
        timeout=TEST_SECONDS - 60,
        check=False,
    )
    assert done.returncode == 0, f"exit code {done.returncode}, its last words:\n{done.stderr[-3000:]}"
    report = json.loads(done.stdout.splitlines()[-1])
    assert sorted(report) == sorted(
        ["in", "applied", "held", "excluded", "dead", "balanced", "doubled", "missing", "cents_off", "seconds", "flows"]
    )
    assert report["in"] == 60 == report["applied"] + report["held"] + report["excluded"] + report["dead"]
    assert report["balanced"] is True
    assert (report["doubled"], report["missing"], report["cents_off"]) == (0, 0, 0)
    assert report["applied"] > 50
    flows = report["flows"]
    assert set(flows) == {"amazon", "walmart"}
    for market, found in flows.items():
        assert set(found) == set(FLOWS), market
        for name, flow in found.items():
            assert (flow["arrived"], flow["problems"]) == (flow["expected"], 0), f"{market} {name}"
            assert flow["expected"] > 0, f"{market} {name}"
