"""A packing station for tests: events of its devices, in the words of the Box."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schemas.records import PackingCheck, PackingLedger
from streams.packing_settings import PackingSettings, StationSettings
from streams.stages.packing import station as machine
from streams.stages.packing.station import Rules
from tests.unit.observe.bodies import CODEC

BOX, SCANNER, SCALE = "b8:27:eb:00:00:01", "usb_05e0:1200", "/dev/ttyUSB0"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
BENCH = StationSettings(box=BOX, scanner=SCANNER, scale=SCALE)


def event(sequence: int, device: str = SCANNER, **more: Any) -> dict[str, Any]:
    """A second after the one before."""
    kind = "weight" if device == SCALE else "scan"
    made = {
        "id": f"{sequence:032x}", "box": BOX, "boot": "0" * 32, "sequence": sequence, "first_sequence": sequence, "kind": kind,
        "device": device, "device_class": "", "device_name": "", "payload": "{}", "value": "", "weight": None, "status": "connected",
        "device_time": None, "received_at": 1_772_366_400_000_000 + sequence * 1_000_000, "skew_ms": None,
        "monotonic_ms": sequence * 1000, "clock_trusted": True,
    }  # fmt: skip
    return made | more


def rules(**packing: Any) -> Rules:
    settings = PackingSettings(stations={"bench1": BENCH}, **packing)
    return Rules(
        "bench1", BENCH, settings, lambda check: CODEC.encode("packing_check", check),
        lambda value: CODEC.decode("packing_check", value),
    )  # fmt: skip


@dataclass
class Bench:
    """A station, event by event."""

    rules: Rules = field(default_factory=rules)
    ledger: PackingLedger = field(default_factory=lambda: machine.empty("bench1", NOW))
    checks: list[PackingCheck] = field(default_factory=list)
    strays: int = 0
    sequence: int = 0

    def takes(self, event: dict[str, Any], version: int = 0) -> None:
        step = machine.happened(self.ledger, event, self.rules, version or event["sequence"])
        self.ledger = step.ledger
        self.checks += step.checks
        self.strays += step.strays

    def scan(self, *values: str, **more: Any) -> Bench:
        for value in values:
            self.sequence += 1
            self.takes(event(self.sequence, value=value, **more))
        return self

    def weigh(self, *weights: str | None, **more: Any) -> Bench:
        for weight in weights:
            self.sequence += 1
            self.takes(event(self.sequence, SCALE, weight=weight, **more))
        return self

    def told(self) -> list[tuple[str, dict[str, int], str, str]]:
        """Of each check: transfer, codes, weight, what ended it."""
        return [
            (one["picking"], {scan["code"]: scan["count"] for scan in one["scans"]}, one["weight"], one["ended_by"])
            for one in self.checks
        ]
