"""What was prepared for one batch may be forgotten by another that runs beside it: that is no bug, it is looked up again (ERR-1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.errors import TransientError
from connectors.kit.ports import NoMappings
from connectors.odoo.plan import Service, TaxPlan
from connectors.odoo.products import Products
from connectors.odoo.settings import OdooSettings
from connectors.odoo.taxes import Taxes

SETTINGS = OdooSettings()
NOBODY: Any = None


def service() -> object:
    products = Products(NOBODY, SETTINGS, NoMappings(), lambda: datetime(2026, 3, 1, tzinfo=UTC))
    return products.product(NOBODY, next(iter(Service)))


def tax() -> object:
    return Taxes(NOBODY, SETTINGS).ids([TaxPlan("x", "CA state", "CA", "marketplace")])


@pytest.mark.parametrize("asked", [service, tax])
def test_what_was_forgotten_meanwhile_is_tried_again(asked: Callable[[], object]) -> None:
    with pytest.raises(TransientError, match="looked up again"):
        asked()
