"""The metrics of the stages (OPS-1). Names are `causeway_<what>_<unit>`, counters end in `_total`, labels have few values and no personal data.

Connectors, the poller and the retry worker keep theirs beside their code; docs/seeing.md lists them all.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

TRANSFORMED = Counter(
    "causeway_transformed_total",
    "Raw records by what became of them: new, duplicate, superseded, excluded, failed",
    ["source", "result"],
)
ROUTED = Counter("causeway_routed_total", "Deliveries made", ["destination", "operation", "lane"])
DELIVERED = Counter(
    "causeway_delivered_total",
    "Deliveries by result: applied, already_applied, stale, held, retry, dead",
    ["destination", "operation", "result"],
)
FAILED = Counter(
    "causeway_failures_total", "Failed deliveries by reason, each try counts", ["destination", "operation", "reason"]
)
LATENCY = Histogram(
    "causeway_import_latency_seconds",
    "From reading the source to the destination holding it",
    ["destination", "operation"],
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400),
)
SINK_SECONDS = Histogram(
    "causeway_sink_batch_seconds",
    "One batch at the destination",
    ["destination", "operation"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120),
)
BREAKER_OPEN = Gauge(
    "causeway_breaker_open", "1 while the lane waits for its destination", ["destination", "operation"]
)
