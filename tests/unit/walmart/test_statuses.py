"""States: an order has none of its own, its lines have several."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.errors import DataError
from connectors.kit.reading import Reader
from connectors.walmart.statuses import line_state, order_status


def a_line(*parts: tuple[str, Any]) -> Reader:
    entries = [{"status": word, "statusQuantity": {"amount": amount}} for word, amount in parts]
    return Reader({"orderLineStatuses": {"orderLineStatus": entries}})


@pytest.mark.parametrize(
    ("parts", "status", "cancelled", "shipped"),
    [
        ([("Created", 2)], "created", 0, 0),
        ([("ACKNOWLEDGED", 2)], "acknowledged", 0, 0),
        ([("Shipped", 1), ("Created", 1)], "created", 0, 1),  # the part to be worked on
        ([("Shipped", 1), ("Delivered", 1)], "shipped", 0, 2),
        ([("Cancelled", 1), ("Shipped", 1)], "shipped", 1, 1),
        ([("Cancelled", 2)], "cancelled", 2, 0),
        ([("Refund", 2)], "shipped", 0, 2),
        ([("Teleported", 1), ("Shipped", 1)], "unknown", 0, 1),
        ([], "unknown", 0, 0),
    ],
)
def test_line_state(parts: list[tuple[str, Any]], status: str, cancelled: int, shipped: int) -> None:
    state = line_state(a_line(*parts), Decimal(2))
    assert (state.status, state.cancelled, state.shipped) == (status, Decimal(cancelled), Decimal(shipped))


def test_more_cancelled_than_ordered_is_refused() -> None:
    with pytest.raises(DataError, match="3 cancelled of 2 ordered"):
        line_state(a_line(("Cancelled", 3)), Decimal(2))


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        (["created", "acknowledged"], "created"),
        (["acknowledged", "cancelled"], "acknowledged"),
        (["acknowledged", "shipped"], "partially_shipped"),
        (["created", "delivered"], "partially_shipped"),
        (["shipped", "delivered"], "shipped"),
        (["shipped", "cancelled"], "shipped"),
        (["delivered"], "delivered"),
        (["cancelled", "cancelled"], "cancelled"),
        (["unknown", "shipped"], "unknown"),
        (["unknown", "cancelled"], "unknown"),
        ([], "unknown"),
    ],
)
def test_order_status(parts: list[str], status: str) -> None:
    """ORD-8 stands on this."""
    assert order_status(parts) == status
