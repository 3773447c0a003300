"""What a demo is asked for, what is shown while it runs, how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streams.demo.agree import FlowReport, balanced
from streams.demo.compare import Comparison
from streams.demo.odoo import OdooTarget
from streams.demo.packed import PackingReport
from streams.observe.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run. `faults` and `mix` are presets of the sandboxes: none|default|heavy and plain|default|heavy."""

    orders: int = 200
    faults: str = "default"
    seed: int = 1
    mix: str = ""
    folder: Path = Path(".causeway/demo")
    odoo: OdooTarget | None = None
    both_ways: bool = True

    @property
    def order_mix(self) -> str:
        """The mix of orders that goes with the faults, unless one was chosen."""
        return self.mix or {"none": "plain"}.get(self.faults, self.faults)


@dataclass(slots=True)
class View:
    """What is shown while it runs."""

    sold: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    retried: int = 0
    faults: int = 0
    seconds: float = 0.0
    flows: list[FlowReport] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """How it ended."""

    comparison: Comparison
    ledger: Ledger
    seconds: float
    faults: int
    addresses: dict[str, str]
    flows: tuple[FlowReport, ...] = ()
    packing: PackingReport | None = None

    @property
    def balanced(self) -> bool:
        """The orders, and every flow of the day after."""
        return self.comparison.balanced and balanced(self.flows)

    def as_json(self) -> dict[str, Any]:
        """The last line of `--json`."""
        found, counts = self.comparison, self.comparison.counts
        return {
            "in": found.orders_in,
            "applied": counts["applied"],
            "held": counts["held"],
            "excluded": counts["excluded"],
            "dead": counts["dead"],
            "balanced": self.balanced,
            "doubled": len(found.doubled),
            "missing": len(found.missing),
            "cents_off": found.cents_off,
            "seconds": round(self.seconds, 1),
            "flows": self._flows(),
            "packing": self.packing.as_json() if self.packing else {},
        }

    def _flows(self) -> dict[str, dict[str, dict[str, int]]]:
        """Marketplace -> flow -> how it went."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for one in self.flows:
            told = {"expected": one.expected, "arrived": one.arrived, "problems": len(one.problems)}
            found.setdefault(one.market, {})[one.flow] = told
        return found
