"""What several contract suites look at."""

from __future__ import annotations

from collections import defaultdict

import pytest

from connectors.kit.budget import Budget
from connectors.kit.rate import Priority


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[Priority]]:
    """Operation -> the priorities its calls were made with (RATE-1)."""
    found: dict[str, set[Priority]] = defaultdict(set)
    take = Budget.take

    async def noted(budget: Budget, operation: str, priority: Priority = Priority.ORDERS) -> float:
        found[operation].add(priority)
        return await take(budget, operation, priority)

    monkeypatch.setattr(Budget, "take", noted)
    return found
