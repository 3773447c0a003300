"""What the failure path counts, named once (OPS-1)."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RETRY_LATENESS = Histogram(
    "causeway_retry_lateness_seconds",
    "How long after it was due a record was back in its target topic",
    ["tier"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800),
)
RETRY_SENT = Counter("causeway_retry_sent_total", "Records brought back to their target topic", ["tier", "target"])
RETRY_BURIED = Counter("causeway_retry_buried_total", "Records in retry topics that could not be carried on", ["tier"])
RETRY_RECORDS = Gauge(
    "causeway_retry_records", "Records in retry tiers: waiting until they are due, or due", ["tier", "state"]
)
HELD_RECORDS = Gauge(
    "causeway_held_records", "Records held until something is mended", ["destination", "reason", "owner"]
)
HELD_OLDEST = Gauge("causeway_held_oldest_seconds", "Age of the oldest held record", ["destination", "reason", "owner"])
HELD_RELEASED = Counter("causeway_held_released_total", "Held records released", ["destination", "by"])
PARKED = Counter(
    "causeway_failed_records_total", "Records that ended dead or held, by reason", ["state", "destination", "reason"]
)
