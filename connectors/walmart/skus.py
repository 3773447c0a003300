"""Which SKUs Walmart takes: item spec 5.0 has `sku` as 1 to 50 characters."""

from __future__ import annotations

from connectors.kit.skus import Skus

SKUS = Skus(longest=50)
