"""A packing station in a demo: a simulated IoT Box with a scanner and a scale, the agent beside it, what the pipeline is told of both (EDGE-5)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streams.demo.market import Control
from streams.demo.processes import Process, ProcessError

STATION = "bench1"
BOX = "b8:27:eb:00:00:01"
SCANNER, SCALE = "usb_05e0:1200", "/dev/ttyUSB0"  # as the simulated Box names those it has
SCAN, WEIGHT = "scan", "weight"
_KIND = {SCANNER: SCAN, SCALE: WEIGHT}
_COMMAND_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody used a device of the Box.

    kind   of its event: `scan` or `weight`;  value  what was scanned or weighed
    at     when, epoch microseconds of our clock
    time   of the event by the Box's clock, epoch microseconds; None: the Box was away and told nobody
    """

    kind: str
    value: str
    at: int
    time: int | None


class Station:
    """`control`: of the simulated Box; `gateway`: the port of `causeway gateway`; `folder`: of the demo."""

    title = "IoT Box sandbox"

    def __init__(self, url: str, control: Control, folder: Path, gateway: int) -> None:
        self.url = url
        self._control = control
        self._folder = folder
        self._gateway = gateway

    # -- processes

    def process(self, logs: Path) -> Process:
        """The Box."""
        args = ["--port", self.url.rpartition(":")[2], "--mac", BOX]
        return Process("iotbox", "edge_iotbox.sandbox", args, {}, logs)

    def agent(self, logs: Path) -> Process:
        """The agent beside it, once it is enrolled."""
        return Process("agent", "edge_iotbox", ["run"], self._agent_env(), logs)

    def env(self) -> Mapping[str, str]:
        """Settings of the pipeline's processes: the gateway's port, the station, and that its checks are written."""
        station = f"CAUSEWAY_PACKING__STATIONS__{STATION.upper()}"
        return {
            "CAUSEWAY_GATEWAY__PORT": str(self._gateway),
            f"{station}__BOX": BOX,
            f"{station}__SCANNER": SCANNER,
            f"{station}__SCALE": SCALE,
            f"CAUSEWAY_PHASES__IOTBOX__{STATION.upper()}__PACKING": "on",
        }

    def enrol(self, env: Mapping[str, str]) -> None:
        """As people do it: a one-time code from the gateway's side, typed at the agent's. Raises ProcessError."""
        told = _said("streams.cli", "gateway", "enrol", BOX, "--json", env=env)
        _said("edge_iotbox", "enrol", str(json.loads(told)["code"]), "--name", STATION, env=self._agent_env())

    def _agent_env(self) -> dict[str, str]:
        folder = self._folder / "data" / "agent"
        return {
            "CAUSEWAY_EDGE_BOX__URL": self.url,
            "CAUSEWAY_EDGE_SPOOL__FOLDER": str(folder),
            "CAUSEWAY_EDGE_SPOOL__VOLATILE_ALLOWED": "yes",  # a demo's folder may be memory
            "CAUSEWAY_EDGE_SEND__GATEWAY": f"http://127.0.0.1:{self._gateway}",
            "CAUSEWAY_EDGE_LOG__METRICS_FILE": str(folder / "metrics.prom"),
            "CAUSEWAY_EDGE_LOG__CLOCK_ALWAYS_TRUSTED": "yes",
        }

    # -- hands on it

    def scan(self, code: str) -> Pressed:
        """A code before the scanner."""
        return self._press(SCANNER, code, code)

    def weigh(self, kilograms: float) -> Pressed:
        """Something on the scale, or with 0 off it. A scale that shows the same as before tells nothing."""
        return self._press(SCALE, str(kilograms), kilograms)

    def hang(self) -> None:
        """The poll after the next event is never answered."""
        self._control("POST", "/sandbox/faults", {"rules": [{"kind": "hang", "limit": 1}]})

    def restart(self, seconds: float) -> None:
        """It is away so long and has forgotten everything."""
        self._control("POST", "/sandbox/restart", {"seconds": seconds})

    def is_away(self) -> bool:
        """Whether it is starting anew."""
        return bool(self._control("GET", "/sandbox/state", None)["away"])

    def _press(self, device: str, said: str, value: object) -> Pressed:
        at = time.time_ns() // 1000
        times = self._control("POST", "/sandbox/press", {"device": device, "value": value})["events"]
        return Pressed(_KIND[device], said, at, round(times[0] * 1_000_000) if times else None)


def _said(module: str, *args: str, env: Mapping[str, str]) -> str:
    """What a command prints. Raises ProcessError with its errors."""
    command = [sys.executable, "-m", module, *args]
    try:
        done = subprocess.run(  # noqa: S603 - our own modules, no shell
            command, env={**os.environ, **env}, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=True,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        raise ProcessError(f"{module} {' '.join(args[:2])} ended with {error.returncode}: {error.stderr}") from None
    except subprocess.TimeoutExpired:
        raise ProcessError(f"{module} {' '.join(args[:2])} did not end") from None
    return done.stdout
