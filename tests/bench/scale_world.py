"""What the benches of scale run on: Kafka and registry of their own, a sandbox for each marketplace and for Odoo, one worker with all stages, one
poller, each a process.

Unlike the demo's world everything is as by default, unless a bench says otherwise: six partitions, the intervals of the poller, retry tiers,
the ladder on which feeds are asked for. What is a marketplace's own is in `scale_markets`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from streams.demo.odoo import OdooTarget, connect
from streams.demo.processes import Process, ProcessError
from streams.demo.world import free_port
from streams.stack import Endpoints
from tests.bench.cluster import Say, cluster
from tests.bench.errors import BenchError
from tests.bench.scale_follow import Follow
from tests.bench.scale_markets import ACCOUNT, Json, Market, answer_of

_START_SECONDS = 180.0


@dataclass(slots=True)
class ScaleWorld:
    """`flows`: flow -> phase of the account, alike at all marketplaces; `env`: further settings."""

    folder: Path
    endpoints: Endpoints
    markets: Sequence[Market]
    flows: Mapping[str, str]
    env: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)  # in the order of their start
    odoo: OdooTarget = field(
        default_factory=lambda: OdooTarget(f"http://127.0.0.1:{free_port()}", "sandbox", "admin", "sandbox-admin")
    )
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=120, trust_env=False))

    def start_sandboxes(self) -> None:
        """Raises ProcessError."""
        for market in self.markets:
            self._run(market.name, market.module, *market.arguments())
        target = ("--db", self.odoo.db, "--login", self.odoo.login, "--password", self.odoo.password)
        self._run("odoo", "connectors.odoo.sandbox", "--port", self.odoo.url.rpartition(":")[2], *target)
        for process in self.processes.values():
            process.wait_for_line("listening on", _START_SECONDS)

    def start_pipeline(self) -> None:
        """Raises ProcessError."""
        self._run("worker", "streams.cli", "worker")
        self.processes["worker"].wait_for_line("runtime_started", _START_SECONDS)
        self._run("poller", "streams.cli", "poll", "run")

    def command(self, *words: str) -> str:
        """What `causeway` says with these words. Raises BenchError when it does not succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli", *words],
            env={**os.environ, **self._settings()},
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
        if done.returncode:
            raise BenchError(f"causeway {' '.join(words)}: {done.stdout[-500:]} {done.stderr[-500:]}")
        return done.stdout

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.stop()
        for http in (self.http, *(market.http for market in self.markets)):
            http.close()

    # -- what people and marketplaces do

    def warehouse(self, what: str, body: Json) -> Json:
        """Somebody in Odoo's warehouse does something. Raises BenchError."""
        return answer_of(self.http.post(f"{self.odoo.url}/sandbox/warehouse/{what}", json=body))

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
        return {
            "CAUSEWAY_ENVIRONMENT": "sandbox",
            "CAUSEWAY_KAFKA__BOOTSTRAP": self.endpoints.bootstrap,
            "CAUSEWAY_REGISTRY__URL": self.endpoints.registry_url,
            **{name: value for market in self.markets for name, value in market.env().items()},
            "CAUSEWAY_PHASES": json.dumps({market.name: {ACCOUNT: dict(self.flows)} for market in self.markets}),
            "CAUSEWAY_ODOO__CAPTURE__MODE": "poll",
            "CAUSEWAY_ODOO__URL": self.odoo.url,
            "CAUSEWAY_ODOO__DB": self.odoo.db,
            "CAUSEWAY_ODOO__LOGIN": self.odoo.login,
            "CAUSEWAY_ODOO__PASSWORD": self.odoo.password,
            "CAUSEWAY_ODOO__ENVIRONMENT": "sandbox",
            **self.env,
        }


@contextmanager
def scale_world(
    say: Say, name: str, markets: Sequence[Market], flows: Mapping[str, str], env: Mapping[str, str] | None = None
) -> Iterator[tuple[ScaleWorld, Follow]]:
    """The world with its sandboxes running, the pipeline still to be started, and who listens to it. Raises BenchError."""
    with TemporaryDirectory(prefix="causeway-bench-") as folder, cluster(say, registry=True, own=True) as endpoints:
        world = ScaleWorld(Path(folder), endpoints, markets, flows, env or {})
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
