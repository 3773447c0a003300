"""What the stock stage counts (OPS-1)."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter(
    "causeway_stock_records_total",
    "Stock levels and demands by what became of them: folded, repeated, failed",
    ["result"],
)
OFFERS = Counter("causeway_stock_offers_total", "Numbers told to channels", ["channel", "urgent"])
SKUS = Gauge("causeway_stock_skus", "SKUs in the memory of this process")
WAITING = Gauge("causeway_stock_waiting_skus", "SKUs whose new number waits for the next flush")
WINDOW = Histogram(
    "causeway_stock_oversell_window_seconds",
    "From seeing an order on one channel to the lower number for another",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
