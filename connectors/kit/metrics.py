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


def watch_quotas(
    system: str, account: str, sizes: Mapping[str, float], left: Callable[[], Mapping[str, float]]
) -> None:
    """Show an account's quotas: name -> calls when full, and a function that says what is left when it is scraped."""
    for name, size in sizes.items():
        QUOTA_SIZE.labels(system, account, name).set(size)
        QUOTA_LEFT.labels(system, account, name).set_function(partial(_one, left, name))


def _one(left: Callable[[], Mapping[str, float]], name: str) -> float:
    return left()[name]
