"""How the agent is: one set of numbers, told three ways: the metrics file, the report to the gateway, `causeway-edge status`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_iotbox.counters import Counters
from edge_iotbox.spool import Depth

# name -> (type, what it is). Every one is in docs/edge.md.
METRICS: Mapping[str, tuple[str, str]] = {
    "causeway_edge_box_up": ("gauge", "1 while the last poll of the IoT Box worked"),
    "causeway_edge_devices": ("gauge", "Devices that are there"),
    "causeway_edge_heard_total": ("counter", "Events taken from the Box since the agent's start"),
    "causeway_edge_repeated_total": ("counter", "Answers that brought an event again"),
    "causeway_edge_unreadable_total": ("counter", "Answers of the Box that were no event"),
    "causeway_edge_poll_errors_total": ("counter", "Polls that failed"),
    "causeway_edge_poll_gaps_total": (
        "counter",
        "Stretches in which events may have been lost at the Box, since the spool was made",
    ),
    "causeway_edge_refused_total": ("counter", "Events that a full spool did not take"),
    "causeway_edge_sent_total": ("counter", "Events the other side said are safe"),
    "causeway_edge_send_errors_total": ("counter", "Calls to the other side that failed"),
    "causeway_edge_set_aside_total": ("counter", "Events the other side will never take"),
    "causeway_edge_sending": ("gauge", "1 while the last call to the other side worked"),
    "causeway_edge_spool_events": ("gauge", "Events that wait to be sent"),
    "causeway_edge_spool_bytes": ("gauge", "Bytes they take"),
    "causeway_edge_spool_oldest_seconds": ("gauge", "Age of the oldest of them"),
    "causeway_edge_spool_dropped_total": ("counter", "Events the spool had to let go since it was made"),
    "causeway_edge_next_sequence": ("gauge", "Number the next event will have"),
    "causeway_edge_clock_skew_seconds": ("gauge", "The agent's clock minus the Box's; absent while not known"),
    "causeway_edge_clock_trusted": ("gauge", "1 while the agent's clock is known to be synchronised"),
    "causeway_edge_resident_bytes": ("gauge", "Memory of the agent"),
}


def values_of(
    counters: Counters, depth: Depth, now: int, skew_ms: int | None, trusted: bool, resident: int
) -> dict[str, float]:
    """Every metric's value. now: epoch microseconds."""
    oldest = max(0.0, (now - depth.oldest_at) / 1_000_000) if depth.events else 0.0
    values = {
        "box_up": counters.box_up, "devices": counters.devices, "heard_total": counters.heard, "repeated_total": counters.repeated,
        "unreadable_total": counters.unreadable, "poll_errors_total": counters.poll_errors, "poll_gaps_total": counters.poll_gaps,
        "refused_total": counters.refused_full, "sent_total": counters.sent, "send_errors_total": counters.send_errors,
        "set_aside_total": counters.set_aside, "sending": counters.sender_state == "good", "spool_events": depth.events,
        "spool_bytes": depth.bytes, "spool_oldest_seconds": oldest, "spool_dropped_total": depth.dropped, "next_sequence": depth.next_sequence,
        "clock_trusted": trusted, "resident_bytes": resident,
    }  # fmt: skip
    named = {f"causeway_edge_{name}": float(value) for name, value in values.items()}
    return named if skew_ms is None else {**named, "causeway_edge_clock_skew_seconds": skew_ms / 1000}


def text_of(values: Mapping[str, float], info: Mapping[str, str]) -> str:
    """Prometheus' text format; `info` become labels of causeway_edge_info."""
    lines = ["# HELP causeway_edge_info What runs here", "# TYPE causeway_edge_info gauge"]
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in info.items())
    lines.append(f"causeway_edge_info{{{labels}}} 1")
    for name, (kind, words) in METRICS.items():
        if name in values:
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}", f"{name} {values[name]:.12g}"]
    return "\n".join(lines) + "\n"


def write_metrics(path: Path, text: str) -> None:
    """Whole or not at all, for whoever reads it meanwhile. It is for now only: no fsync. Raises OSError."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    os.chmod(beside, 0o644)
    os.replace(beside, path)


def read_metrics(text: str) -> dict[str, float]:
    """The values of a file that `text_of` made."""
    found = re.findall(r"^(causeway_edge_\w+) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def read_info(text: str) -> dict[str, str]:
    """The labels of what runs there, of a file that `text_of` made."""
    found = re.search(r"^causeway_edge_info\{(.*)\} 1$", text, re.MULTILINE)
    return dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found[1])) if found else {}


def report_of(
    values: Mapping[str, float], depth: Depth, now: int, skew_ms: int | None, version: str, config_version: int
) -> dict[str, Any]:
    """The health report by the names of schemas/edge_contract.py. No identifiers of devices, no values."""
    return {
        "sent_at": now, "spool_events": depth.events, "spool_bytes": depth.bytes,
        "oldest_seconds": round(values["causeway_edge_spool_oldest_seconds"], 1), "dropped": depth.dropped,
        "poll_gaps": int(values["causeway_edge_poll_gaps_total"]), "skew_ms": skew_ms,
        "clock_trusted": bool(values["causeway_edge_clock_trusted"]), "rss_bytes": int(values["causeway_edge_resident_bytes"]),
        "agent_version": version, "config_version": config_version, "box_up": bool(values["causeway_edge_box_up"]),
        "devices": int(values["causeway_edge_devices"]), "set_aside": int(values["causeway_edge_set_aside_total"]),
        "refused_full": int(values["causeway_edge_refused_total"]),
    }  # fmt: skip


def resident_bytes() -> int:
    """VmRSS of this process; 0 where there is no /proc."""
    try:
        found = re.search(r"^VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
