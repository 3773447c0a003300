"""What the benches of scale run on: Kafka and registry of their own, both sandboxes, one worker with all stages, one poller, each a process.

Unlike the demo's world everything is as by default, unless a bench says otherwise: six partitions, the intervals of the poller, retry tiers,
the ladder on which feeds are asked for. Quotas are Walmart's published ones times `factor`, in the sandbox and in the settings alike.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from connectors.walmart.rates import WalmartRates
from streams.demo.odoo import OdooTarget, connect
from streams.demo.processes import Process, ProcessError
from streams.demo.world import free_port
from streams.stack import Endpoints
from tests.bench.cluster import Say, cluster
from tests.bench.errors import BenchError
from tests.bench.scale_follow import Follow

ACCOUNT = "bench"
_CLIENT, _SECRET = "sandbox-client", "sandbox-secret"
_START_SECONDS = 180.0
# Feeds of the sandbox are over within two seconds; whoever does not measure the following of feeds need not wait by Walmart's ladder.
QUICK = {
    "CAUSEWAY_RETRY__TIERS": json.dumps(["1s", "2s", "4s", "8s", "15s", "30s", "60s", "120s", "300s"]),
    "CAUSEWAY_WALMART__FEEDS__LADDER_SECONDS": json.dumps([2, 4, 8, 15, 30]),
    "CAUSEWAY_WALMART__FEEDS__THEN_SECONDS": "30",
}
Json = dict[str, Any]


@dataclass(slots=True)
class ScaleWorld:
    """`flows`: flow -> phase of the account; `env`: further settings; `factor`: times the published quotas."""

    folder: Path
    endpoints: Endpoints
    factor: float
    flows: Mapping[str, str]
    env: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    walmart_url: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}")
    odoo: OdooTarget = field(
        default_factory=lambda: OdooTarget(f"http://127.0.0.1:{free_port()}", "sandbox", "admin", "sandbox-admin")
    )
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=120, trust_env=False))

    def start_sandboxes(self) -> None:
        """Raises ProcessError."""
        port = self.walmart_url.rpartition(":")[2]
        self._run("walmart", "connectors.walmart.sandbox", "--port", port, "--rate-factor", str(self.factor))
        target = ("--db", self.odoo.db, "--login", self.odoo.login, "--password", self.odoo.password)
        self._run("odoo", "connectors.odoo.sandbox", "--port", self.odoo.url.rpartition(":")[2], *target)
        for name in ("walmart", "odoo"):
            self.processes[name].wait_for_line("listening on", _START_SECONDS)

    def start_pipeline(self) -> None:
        """Raises ProcessError."""
        self._run("worker", "streams.cli", "worker")
        self.processes["worker"].wait_for_line("runtime_started", _START_SECONDS)
        self._run("poller", "streams.cli", "poll", "run")

    def stop(self) -> None:
        for name in ("poller", "worker", "odoo", "walmart"):
            if name in self.processes:
                self.processes[name].stop()
        self.http.close()

    # -- what people and marketplaces do

    def warehouse(self, what: str, body: Json) -> Json:
        """Somebody in Odoo's warehouse does something. Raises BenchError."""
        return self._post(f"{self.odoo.url}/sandbox/warehouse/{what}", body)

    def list_items(self, skus: list[str]) -> None:
        """Walmart knows these, with a stock of 0."""
        self._post(f"{self.walmart_url}/sandbox/items", {"items": [{"sku": sku, "stock": 0} for sku in skus]})

    def items(self, *, history: bool) -> dict[str, Json]:
        """SKU -> what Walmart holds of it; with `history` all numbers it ever had."""
        found: dict[str, Json] = self._get(f"/sandbox/snapshot?sections=items&history={str(history).lower()}")["items"]
        return found

    def item(self, sku: str) -> Json:
        return self._get(f"/sandbox/items/{sku}")

    def feeds(self) -> list[Json]:
        found: list[Json] = self._get("/sandbox/snapshot?sections=feeds")["feeds"]
        return found

    def refused(self) -> int:
        """Calls answered with 429."""
        return int(self._get("/sandbox/state")["calls"]["by_status"].get("429", 0))

    def rpc(self) -> Any:
        """A logged-in client of Odoo."""
        return connect(self.odoo)

    def memory(self) -> dict[str, int]:
        """Resident memory of worker and poller, bytes."""
        return {name: resident_bytes(self.processes[name].pid) for name in ("worker", "poller")}

    def tail(self) -> str:
        return "\n".join(f"{name}:\n{self.processes[name].tail(6)}" for name in ("worker", "poller"))

    # -- how

    def _run(self, name: str, module: str, *args: str) -> None:
        env = self._settings() if module == "streams.cli" else {}
        process = self.processes[name] = Process(name, module, args, env, self.folder)
        process.start()

    def _settings(self) -> dict[str, str]:
        account = f"CAUSEWAY_WALMART__ACCOUNTS__{ACCOUNT.upper()}__CLIENT"
        rates = {
            f"CAUSEWAY_WALMART__RATES__{name.upper()}": str(one.default * self.factor)
            for name, one in WalmartRates.model_fields.items()
        }
        return {
            "CAUSEWAY_ENVIRONMENT": "sandbox",
            "CAUSEWAY_KAFKA__BOOTSTRAP": self.endpoints.bootstrap,
            "CAUSEWAY_REGISTRY__URL": self.endpoints.registry_url,
            "CAUSEWAY_WALMART__BASE_URL": self.walmart_url,
            f"{account}_ID": _CLIENT,
            f"{account}_SECRET": _SECRET,
            **rates,
            "CAUSEWAY_PHASES": json.dumps({"walmart": {ACCOUNT: dict(self.flows)}}),
            "CAUSEWAY_ODOO__CAPTURE__MODE": "poll",
            "CAUSEWAY_ODOO__URL": self.odoo.url,
            "CAUSEWAY_ODOO__DB": self.odoo.db,
            "CAUSEWAY_ODOO__LOGIN": self.odoo.login,
            "CAUSEWAY_ODOO__PASSWORD": self.odoo.password,
            "CAUSEWAY_ODOO__ENVIRONMENT": "sandbox",
            **self.env,
        }

    def _post(self, url: str, body: Json) -> Json:
        return self._answer(self.http.post(url, json=body))

    def _get(self, path: str) -> Json:
        return self._answer(self.http.get(self.walmart_url + path))

    def _answer(self, answer: httpx.Response) -> Json:
        if answer.status_code != httpx.codes.OK:
            raise BenchError(f"the sandbox refuses {answer.request.url.path}: {answer.text[:200]}")
        found: Json = answer.json()
        return found


@contextmanager
def scale_world(
    say: Say, name: str, factor: float, flows: Mapping[str, str], env: Mapping[str, str] | None = None
) -> Iterator[tuple[ScaleWorld, Follow]]:
    """The world with its sandboxes running, the pipeline still to be started, and who listens to it. Raises BenchError."""
    with TemporaryDirectory(prefix="causeway-bench-") as folder, cluster(say, registry=True, own=True) as endpoints:
        world = ScaleWorld(Path(folder), endpoints, factor, flows, env or {})
        follow = Follow(endpoints)
        try:
            world.start_sandboxes()
            yield world, follow
        except (ProcessError, httpx.HTTPError) as error:
            raise BenchError(f"{name}: {error}") from error
        finally:
            follow.close()
            world.stop()


def until(condition: Callable[[], bool], seconds: float, what: str, world: ScaleWorld) -> None:
    """Raises BenchError when it does not hold within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {seconds:.0f} s; the logs end:\n{world.tail()}")


def resident_bytes(pid: int | None) -> int:
    """Memory of a process that is in RAM now. Raises BenchError when it does not run."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError as error:
        raise BenchError(f"the memory of process {pid} cannot be read: {error}") from error
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def load() -> str:
    """The machine's load of the last minute, for beside a number."""
    return f"load {os.getloadavg()[0]:.0f}"
