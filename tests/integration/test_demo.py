"""The main job: orders sold on a marketplace that lies reach Odoo once each, to the cent; what is done in Odoo and by buyers reaches the other
side once; and every ledger balances (TEST-1, TEST-3, EVT-4, FUL-2, FUL-3, INV-2, INV-4, PRC-1, PRD-1..4, RET-1, RET-2, FIN-2, ORD-10). Two
marketplaces sell the same goods of one Odoo, and each balances by itself, flow by flow. What its buyers order at a supplier's platform is there once,
to the cent, and its parcels come back to the receipts (PO-1, PO-2, LOG-1). What is scanned and weighed at an IoT Box, whose agent is killed and which
hangs and starts anew, is in Kafka once or told of as lost; every transfer is checked, held while it is wrong, weighed in Odoo (EDGE-3, EDGE-5).

The whole demo as a user starts it: its own Kafka, registry, sandboxes and processes; few orders, all default faults.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from streams.demo.agree import FLOWS
from streams.demo.bought import FLOWS as SUPPLIER_FLOWS
from streams.demo.packed import FLOWS as PACKING_FLOWS
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
    code, out, err = _ended([*command, "--data", str(tmp_path / "demo")], env)
    assert code == 0, f"exit code {code}, its last words:\n{err[-3000:]}"
    report = json.loads(out.splitlines()[-1])
    verdict = "in applied held excluded dead balanced doubled missing cents_off seconds flows packing"
    assert sorted(report) == sorted(verdict.split())
    assert report["in"] == 60 == report["applied"] + report["held"] + report["excluded"] + report["dead"]
    assert report["balanced"] is True
    assert (report["doubled"], report["missing"], report["cents_off"]) == (0, 0, 0)
    assert report["applied"] > 50
    flows = report["flows"]
    own = {"alibaba": SUPPLIER_FLOWS, "packing": PACKING_FLOWS}
    assert set(flows) == {"alibaba", "amazon", "packing", "walmart"}
    for market, found in flows.items():
        assert set(found) == set(own.get(market, FLOWS)), market
        for name, flow in found.items():
            assert (flow["arrived"], flow["problems"]) == (flow["expected"], 0), f"{market} {name}"
            assert flow["expected"] > 0, f"{market} {name}"
    packing = report["packing"]
    assert packing["transfers"] >= 4
    assert packing["gaps"] >= 2, "the agent was killed, the Box hung"
    for kind in ("scans", "weights"):
        assert packing[kind]["pressed"] == packing[kind]["in_kafka"] + packing[kind]["told_lost"], kind
        assert 0 < packing[kind]["checked"] <= packing[kind]["in_kafka"], kind
    assert packing["scans"]["told_lost"] > 0, "what is scanned while the Box is away"


def _ended(command: Sequence[str], env: Mapping[str, str]) -> tuple[int, str, str]:
    """Its exit code, output and errors. One that takes too long is asked to stop, so that it takes what it started with it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    try:
        out, err = process.communicate(timeout=TEST_SECONDS - 180)
    except subprocess.TimeoutExpired:
        process.terminate()
        out, err = process.communicate(timeout=120)
        err = f"{err}\nit took longer than {TEST_SECONDS - 180:.0f} s"
    return process.returncode, out, err
