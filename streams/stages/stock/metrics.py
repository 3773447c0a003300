"""What the stock stage counts (OPS-1)."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter(
    "causeway_stock_folded_total",
    "Stock levels and demands by what became of them: folded, repeated, failed",
    ["result"],
)
OFFERS = Counter("causeway_stock_offers_total", "Numbers told to channels", ["channel", "urgent"])
KNOWN = Gauge(
    "causeway_stock_records",
    "SKUs in the memory of this process: known; waiting for the next flush to be told",
    ["state"],
)
WINDOW = Histogram(
    "causeway_stock_oversell_window_seconds",
    "From seeing an order on one channel to the lower number for another",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
