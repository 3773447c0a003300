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
    "Deliveries by result: applied, already_applied, stale, excluded, submitted, held, retry, dead",
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
FACT_DELAY = Histogram(
    "causeway_fact_delay_seconds",
    "From when something happened at its source to the destination holding it",
    ["destination", "operation"],
    buckets=(1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400, 259200),
)
JOB_SECONDS = Histogram(
    "causeway_job_seconds",
    "From handing a job to a destination to knowing how it went",
    ["destination", "operation"],
    buckets=(5, 15, 30, 60, 120, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400),
)
SUBMITTED = Gauge(
    "causeway_submitted_records", "Deliveries that wait for a job at the destination", ["destination", "operation"]
)
CONFLICTS = Counter("causeway_conflicts_total", "Fields on which Odoo and a marketplace differed", ["entity", "action"])
