"""ORD-4: what is not imported, and why; TEST-4: test orders never pass in production."""

from __future__ import annotations

from typing import Any

import pytest

from streams.settings import Environment, FilterSettings
from streams.stages.filters import exclusion
from tests.unit.stages.samples import line, order

SANDBOX, PRODUCTION = Environment.SANDBOX, Environment.PRODUCTION


@pytest.mark.parametrize(
    ("changes", "filters", "environment", "reason"),
    [
        ({}, {}, SANDBOX, None),
        ({"test": True}, {}, SANDBOX, "test_order"),
        ({"test": True}, {"test": True}, SANDBOX, None),
        ({"test": True}, {"test": True}, PRODUCTION, "test_order"),  # no setting lets one into production
        ({"status": "pending"}, {}, SANDBOX, "pending"),
        ({"status": "pending"}, {"pending": True}, SANDBOX, None),
        ({"fulfilment": "marketplace"}, {}, SANDBOX, "fulfilment"),
        ({"fulfilment": "marketplace", "status": "pending"}, {}, SANDBOX, "fulfilment"),  # never ours, whenever
        ({"marketplace": "CA", "status": "pending"}, {"marketplaces": ("US",)}, SANDBOX, "marketplace"),
        ({"fulfilment": "marketplace"}, {"fulfilment": ("seller", "marketplace")}, SANDBOX, None),
        ({"marketplace": "CA"}, {"marketplaces": ("US",)}, SANDBOX, "marketplace"),
        ({"status": "shipped"}, {"statuses": ("created",)}, SANDBOX, "status"),
        (
            {"lines": [line(sku="A-1"), line("2", sku="B-1")]},
            {"sku_pattern": "^B-"},
            SANDBOX,
            None,
        ),  # one match is enough
        ({"lines": [line(sku="A-1")]}, {"sku_pattern": "^B-"}, SANDBOX, "sku"),
    ],
)
def test_exclusion(
    changes: dict[str, Any], filters: dict[str, Any], environment: Environment, reason: str | None
) -> None:
    assert exclusion(order(**changes), FilterSettings(**filters), environment) == reason
