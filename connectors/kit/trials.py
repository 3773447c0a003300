"""Test orders: what must never reach a production Odoo (TEST-4). Pure."""

from __future__ import annotations

from collections.abc import Sequence

TEST_SKU_PREFIX = "TEST-"


def is_test(skus: Sequence[str]) -> bool:
    """Whether this is a test order: every SKU starts with `TEST-`. No marketplace's API has a flag for it."""
    return bool(skus) and all(sku.upper().startswith(TEST_SKU_PREFIX) for sku in skus)
