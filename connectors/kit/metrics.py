"""What all connectors measure alike (OPS-1): calls, tokens, quotas. Labels: our names of systems, operations and quotas; nothing personal.

Prometheus' client keeps them in this process; whoever runs the process serves them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from prometheus_client import Counter, Gauge, Histogram

CALL_SECONDS = Histogram(
    "causeway_http_request_seconds",
    "Calls of outside systems by the HTTP status of the answer (none: no answer came; ok or the error for JSON-RPC)",
    ["system", "operation", "status"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
TOKENS = Counter("causeway_token_fetches_total", "Access tokens asked for: ok, failed", ["system", "result"])
QUOTA_LEFT = Gauge(
    "causeway_quota_left_calls", "Calls left now in this process's share of a quota", ["system", "account", "quota"]
)
QUOTA_SIZE = Gauge("causeway_quota_size_calls", "Calls the whole quota holds when full", ["system", "account", "quota"])
QUOTA_USED = Gauge(
    "causeway_quota_used_ratio",
    "Part of this process's share of a quota that is used up now: 0 untouched, 1 none left",
    ["system", "account", "quota"],
)
QUOTA_BACKLOG = Gauge(
    "causeway_quota_backlog_seconds",
    "How long the work that waits for a quota needs at its rate; 0 while nothing waits",
    ["system", "account", "quota"],
)
CENSUS_IDS = Counter(
    "causeway_census_ids_total",
    "Ids a census listed again: known, earlier (than we began), missing (never seen), outdated (a later change was never seen), vanished",
    ["source", "account", "flow", "found"],
)
Reading = Callable[[], Mapping[str, float]]


def watch_quotas(
    system: str, account: str, sizes: Mapping[str, float], left: Reading, used: Reading | None = None, backlog: Reading | None = None
) -> None:  # fmt: skip
    """Show an account's quotas: name -> calls when full, and functions that say by name, when they are scraped, what is left, which part
    is used and how long the waiting work needs."""
    for name, size in sizes.items():
        QUOTA_SIZE.labels(system, account, name).set(size)
        for gauge, reading in ((QUOTA_LEFT, left), (QUOTA_USED, used), (QUOTA_BACKLOG, backlog)):
            if reading is not None:
                gauge.labels(system, account, name).set_function(partial(_one, reading, name))


def _one(reading: Reading, name: str) -> float:
    return reading()[name]
