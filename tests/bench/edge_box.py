"""What the edge costs on this machine: memory, CPU at 50 events a second, what the spool takes with fsync, time from the Box to the gateway.

python -m tests.bench.edge_box [--seconds 20] [--rate 50] [--python /usr/bin/python3]

The agent is a process of its own, at the simulated Box and a gateway that takes everything.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import httpx

from connectors.kit.sandbox.server import running
from edge_iotbox.enrolment import NAME as ENROLMENT
from edge_iotbox.enrolment import Enrolment, write_enrolment
from edge_iotbox.sandbox.app import create_app
from tests.contract.certificates import certificate
from tests.edge.samples import BOX
from tests.edge.servers import TOKEN, FakeGateway, served, until
from tests.edge.stage import draft, opened

SCANNER = "usb_05e0:1200"
BARE_PYTHON = f"{sys.base_prefix}/bin/python3"  # as on a Box: without what this environment's start-up files bring


def spool_rate(folder: Path, seconds: float) -> dict[str, float]:
    """Appends a second, one event each and ten together, every one through fsync."""
    rates = {}
    for together in (1, 10):
        spool = opened(folder / str(together), boot=str(uuid.uuid4()))
        count, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            spool.append([draft("9780201379624") for _ in range(together)])
            count += together
        rates[f"spool_events_per_second_by_{together}"] = round(count / (time.monotonic() - began), 1)
        spool.close()
    return rates


def agent_costs(folder: Path, seconds: float, rate: float, python: str = BARE_PYTHON) -> dict[str, float]:
    """Resident memory before and under load, CPU share of one core, and from press to gateway."""
    write_enrolment(folder / ENROLMENT, Enrolment(TOKEN, BOX))
    pem = certificate(folder, -1, 30)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    with running(create_app()) as url, served(FakeGateway(), tls) as gateway, httpx.Client(base_url=url) as http:
        environment = {
            **os.environ, "CAUSEWAY_EDGE_BOX__URL": url, "CAUSEWAY_EDGE_SPOOL__FOLDER": str(folder), "CAUSEWAY_EDGE_SPOOL__VOLATILE_ALLOWED": "yes",
            "CAUSEWAY_EDGE_SEND__GATEWAY": gateway.url, "CAUSEWAY_EDGE_LOG__METRICS_FILE": str(folder / "metrics.prom"),
            "CAUSEWAY_EDGE_LOG__CLOCK_ALWAYS_TRUSTED": "yes", "MALLOC_ARENA_MAX": "1",
            "CAUSEWAY_EDGE_SEND__CA_FILE": str(pem), "PYTHONPATH": str(Path(__file__).parents[2]),
        }  # fmt: skip
        with subprocess.Popen(
            [python, "-m", "edge_iotbox", "run"], env=environment, stderr=subprocess.DEVNULL
        ) as process:
            try:
                until(lambda: len(gateway.receiver.taken) >= 8, "the devices")
                idle, before, began, pressed = resident(process.pid), cpu_seconds(process.pid), time.monotonic(), 0
                while (passed := time.monotonic() - began) < seconds:
                    if pressed < passed * rate:
                        http.post("/sandbox/press", json={"device": SCANNER, "value": f"{time.time_ns()}"})
                        pressed += 1
                    else:
                        time.sleep(0.002)
                used = (cpu_seconds(process.pid) - before) / (time.monotonic() - began)
                until(lambda: len(gateway.receiver.values) == pressed, "all scans", 60)
                loaded, own = resident(process.pid), resident(process.pid, "RssAnon")
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)
    waits = sorted(
        (event.received_at - int(event.value) // 1000) / 1000
        for event in gateway.receiver.taken
        if event.kind == "scan"
    )
    return {
        "events_per_second": round(pressed / seconds, 1),
        "rss_mb_idle": idle,
        "rss_mb_loaded": loaded,
        "rss_mb_of_its_own": own,
        "cpu_share_of_a_core": round(used, 3),
        "box_to_agent_ms_median": round(waits[len(waits) // 2], 1),
        "box_to_agent_ms_p99": round(waits[len(waits) * 99 // 100], 1),
    }


def resident(pid: int, name: str = "VmRSS") -> float:
    """In MB (10**6 bytes). VmRSS counts pages of shared libraries too, RssAnon only its own."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return round(int(found[1]) * 1024 / 1e6, 1) if found else 0.0


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=20.0)
    options.add_argument("--rate", type=float, default=50.0)
    options.add_argument(
        "--python",
        default=BARE_PYTHON,
        help="what runs the agent; /usr/bin/python3 takes less memory than one built by hand",
    )
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        found = {
            **agent_costs(place / "agent", args.seconds, args.rate, args.python),
            **spool_rate(place / "spool", args.seconds / 4),
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
