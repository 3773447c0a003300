"""OPS-1, OPS-3: every metric is documented and every documented metric exists, with the labels it has; names say what and in which unit."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, Counter
from prometheus_client.metrics import MetricWrapperBase

from streams.observe.process import _FAMILIES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "seeing.md"
ROW = re.compile(r"^\| `(causeway_\w+)` \| (\w+) \| ([\w, ]+) \|", re.MULTILINE)
UNITS = ("total", "seconds", "records", "calls", "offset", "lanes", "open", "state", "info", "ratio")


def existing() -> dict[str, set[str]]:
    """Metric -> its labels, of all modules that make metrics."""
    found = {name: set(labels) for name, (_, labels) in _FAMILIES.items()}
    for folder in ("streams", "connectors"):
        for path in (ROOT / folder).rglob("*.py"):
            if not re.search(
                r"^from prometheus_client import .*(Counter|Gauge|Histogram|Enum)", path.read_text(), re.MULTILINE
            ):
                continue
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            found |= {_name(m): set(m._labelnames) for m in vars(module).values() if isinstance(m, MetricWrapperBase)}
    return found


def _name(metric: MetricWrapperBase) -> str:
    return str(metric._name) + ("_total" if isinstance(metric, Counter) else "")


def documented() -> dict[str, set[str]]:
    return {name: set(labels.split(", ")) for name, _, labels in ROW.findall(PAGE.read_text())}


def test_every_metric_is_documented_and_every_documented_one_exists() -> None:
    assert documented() == existing()


def test_queries_in_the_documentation_use_metrics_that_exist() -> None:
    known = existing()
    for used in set(re.findall(r"causeway_[a-z_]+", PAGE.read_text())) - set(known):
        assert re.sub(r"_(bucket|count|sum)$", "", used) in known, f"{used} is no metric"


@pytest.mark.parametrize("name", sorted(existing()))
def test_names_say_what_and_in_which_unit(name: str) -> None:
    assert re.fullmatch(rf"causeway_[a-z_]+_({'|'.join(UNITS)})", name)


def test_everything_of_ours_in_the_registry_is_known() -> None:
    """No metric is made where this test does not look."""
    known = existing()
    for family in REGISTRY.collect():
        if family.name.startswith("causeway_"):
            assert family.name in known or f"{family.name}_total" in known
