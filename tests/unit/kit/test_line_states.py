"""States of the parts of an order."""

import pytest

from connectors.kit.line_states import least_advanced, source_words


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        (["shipped", "created"], "created"),  # the part to be worked on
        (["acknowledged", "pending"], "pending"),
        (["cancelled", "delivered"], "delivered"),
        (["cancelled"], "cancelled"),
        (["unknown", "created"], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_least_advanced_part_counts(parts: list[str], status: str) -> None:
    """ORD-8 stands on this."""
    assert least_advanced(parts) == status


def test_source_words_come_once_in_their_order() -> None:
    assert source_words(["Shipped", "Created", "", "Shipped"]) == "Shipped,Created"
