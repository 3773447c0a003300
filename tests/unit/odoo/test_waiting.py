"""What held records wait for: one word Odoo does not answer keeps no other back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import pytest

from connectors.kit.errors import AuthError, ConnectorError, DataError, ForbiddenError, TransientError
from connectors.odoo.client import Odoo
from connectors.odoo.money import number
from connectors.odoo.references import References
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.models import number as said
from connectors.odoo.source.models import plain
from connectors.odoo.waiting import Waiting
from tests.builders import NoMappings


class Products:
    async def find(self, wanted: Any) -> set[Any]:
        return set()


class Nothing:
    products = Products()

    def forget(self) -> None: ...


async def resolved(error: ConnectorError) -> list[str]:
    async def refuse(rest: str) -> bool:
        raise error

    async def there(rest: str) -> bool:
        return True

    waiting = Waiting(
        cast(Odoo, None), OdooSettings(), cast(References, Nothing()), NoMappings(), {"odd": refuse, "fine": there}
    )
    return await waiting.over(["odd:1", "fine:1"])


@pytest.mark.parametrize("error", [ForbiddenError("no right"), DataError("odd"), ConnectorError("a bug")])
async def test_a_word_odoo_refuses_to_answer_keeps_no_other_waiting(error: ConnectorError) -> None:
    """ORD-9: a missing right on invoices must not hold what waits for a product."""
    assert await resolved(error) == ["fine:1"]


@pytest.mark.parametrize("error", [AuthError("login"), TransientError("down")])
async def test_what_concerns_every_word_is_told(error: ConnectorError) -> None:
    """ERR-4"""
    with pytest.raises(type(error)):
        await resolved(error)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.5, "2.5"),
        (-0.0, "0"),
        (2e-7, "0"),
        (1e22, "1" + 22 * "0"),
        (2.00000000001520000000000152e25, "20000000000152000000000000"),
    ],
)
def test_any_number_a_person_can_enter_is_read(value: float, text: str) -> None:
    """EVT-6: two barcodes scanned into a price must not stop the flow the product is in."""
    assert plain(said(value)) == text


@pytest.mark.parametrize("text", ["1000000000000", "1e30", "-1e300"])
def test_an_absurd_amount_is_a_data_exception(text: str) -> None:
    """ORD-6: named, not a fault of the program."""
    with pytest.raises(DataError, match="total: has more than 12 digits"):
        number(text, "total")
    assert number("999999999999.99", "total") == Decimal("999999999999.99")
