"""OPS-1, EDGE-4: the alerting rules ask for metrics that exist, by labels that they have, as their kind allows, and say what is shown in words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

from edge_iotbox.health import METRICS as AGENTS
from streams.gateway import metrics

ROOT = Path(__file__).parents[3]
RULES = ROOT / "deploy" / "edge" / "alerts.yaml"
OF_COUNTERS, OF_GAUGES = {"rate", "increase"}, {"delta", "abs"}
FUNCTIONS = {*OF_COUNTERS, *OF_GAUGES, "max", "sum"}
WORDS = {*FUNCTIONS, "by", "or", "and"}
DURATION = re.compile(r"[1-9][0-9]*[smh]")


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def existing() -> dict[str, tuple[str, set[str]]]:
    """Metric -> its kind and labels; those of an agent come with the label of its machine."""
    found = {name: (kind, {"instance"}) for name, (kind, _) in AGENTS.items()}
    for one in vars(metrics).values():
        if isinstance(one, MetricWrapperBase) and not isinstance(one, Histogram):
            is_counter = isinstance(one, Counter)
            kind = "counter" if is_counter else "gauge"
            found[one._name + ("_total" if is_counter else "")] = (kind, set(one._labelnames))
    return found


def problems(rule: dict[str, Any]) -> list[str]:
    """What is wrong with a rule, in words; empty when nothing is."""
    expr, known = rule["expr"], existing()
    plain = re.sub(r'"[^"]*"', '""', expr)
    used = re.findall(r"causeway_\w+", plain)
    found = [f"{name} is no metric" for name in used if name not in known] or ([] if used else ["asks for nothing"])
    grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", plain))))
    matched = set(re.findall(r"(\w+)=~?\"\"", plain))
    for name in used:
        kind, labels = known.get(name, ("", grouped | matched))
        found += [f"{name} has no label {label}" for label in (grouped | matched) - labels]
        over = re.search(rf"(\w+)\({name}(?:{{[^}}]*}})?\[([^\]]*)\]\)", plain)
        if over is None and kind == "counter":
            found.append(f"{name} only grows: how much it is says nothing")
        if over is not None and (over[1] in OF_COUNTERS) != (kind == "counter"):
            found.append(f"{over[1]} is not for a {kind}")
        if over is not None and not DURATION.fullmatch(over[2]):
            found.append(f"{over[2]} is no duration")
    bare = re.sub(r"\[[^\]]*\]|{[^}]*}|by \([^)]*\)|causeway_\w+", " ", plain)
    found += [f"{word} is unknown" for word in re.findall(r"[a-z_]+", bare) if word not in WORDS]
    found += [] if re.search(r"(>|==) \d+$", expr) else ["compares with nothing"]
    found += [] if expr.count("(") == expr.count(")") else ["a bracket is missing"]
    shown = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    found += [f"the words show {label}, which is not there" for label in shown - grouped]
    if "for" in rule and not DURATION.fullmatch(rule["for"]):
        found.append("for is no duration")
    return found


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_each_rule_can_fire_and_says_for_whom(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "annotations"}
    assert problems(rule) == []


def test_no_two_have_one_name() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) > 10


@pytest.mark.parametrize(
    ("expr", "told"),
    [
        ("max by (box) (causeway_box_quiet_seconds) > 1", "causeway_box_quiet_seconds is no metric"),
        ("max by (vox) (causeway_box_silent_seconds) > 1", "causeway_box_silent_seconds has no label vox"),
        ("max by (box) (increase(causeway_box_dropped_records[1h])) > 0", "increase is not for a gauge"),
        ("sum by (box) (delta(causeway_gateway_events_total[1h])) > 0", "delta is not for a counter"),
        ("sum by (box) (causeway_gateway_events_total) > 0", "causeway_gateway_events_total only grows: how much it is says nothing"),
        ("sum by (box) (rate(causeway_gateway_events_total[1 hour])) > 0", "1 hour is no duration"),
        ("maximum by (box) (causeway_box_silent_seconds) > 1", "maximum is unknown"),
        ("max by (box) (causeway_box_silent_seconds)", "compares with nothing"),
        ("max by (box) ((causeway_box_silent_seconds) > 1", "a bracket is missing"),
        ("max(causeway_box_silent_seconds) > 1", "the words show box, which is not there"),
        ("1 > 0", "asks for nothing"),
    ],
)  # fmt: skip
def test_a_rule_that_could_never_fire_is_found(expr: str, told: str) -> None:
    assert told in problems({"alert": "A", "expr": expr, "annotations": {"summary": "{{ $labels.box }}"}})


def test_the_guides_name_every_rule() -> None:
    pages = (ROOT / "docs" / "gateway.md").read_text() + (ROOT / "docs" / "edge.md").read_text()
    assert [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in pages] == []
