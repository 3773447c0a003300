"""What shows whether capture misses anything (EVT-6, OPS-1). Labels: our names of flows and kinds."""

from __future__ import annotations

from prometheus_client import Counter

CENSUS_ONLY = Counter(
    "causeway_capture_census_only_total",
    "Changes that no poll had seen: found by looking further back (late), by the census of ids (new, deleted, gone)",
    ["flow", "kind"],
)
REPEATED = Counter(
    "causeway_capture_repeated_rows_total", "Changed rows of the overlap that were published before", ["flow"]
)
ENTITIES = Counter("causeway_capture_entities_total", "Entities read whole", ["flow"])
