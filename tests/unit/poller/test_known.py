"""What the pipeline holds as there, by what records say of themselves (EVT-6, PRD-2)."""

from __future__ import annotations

import pytest

from streams.poller.known import is_there
from tests.unit.observe.bodies import body_of


@pytest.mark.parametrize("entity", ["product", "stock_level", "fulfilment_stock"])
@pytest.mark.parametrize("active", [True, False])
def test_records_that_say_whether_they_are_active(entity: str, active: bool) -> None:
    assert is_there(body_of(entity, active=active)) is active


@pytest.mark.parametrize(
    ("status", "there"),
    [
        ("published", True),
        ("unpublished", True),
        ("retired", False),
        ("processing", False),
        ("failed", False),
        ("", False),
    ],
)
def test_a_listing_is_there_when_the_marketplace_shows_it_or_keeps_it_from_being_shown(
    status: str, there: bool
) -> None:
    """PRD-2: one that is being made has nothing that could be gone."""
    assert is_there(body_of("listing", status=status)) is there
