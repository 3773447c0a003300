"""PO-1, EVT-4: what became of a purchase order is told once in the same words; on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.odoo_box import OdooBox, odoo_box
from tests.contract.odoo_deliveries import put, sink_of
from tests.contract.odoo_purchases import order_id, purchase, result_of


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


async def tell(box: OdooBox, *results: Any) -> None:
    for one in results:
        async with sink_of(box) as sink:
            await put(sink, "note_purchase", one)


@pytest.mark.parametrize("status", ["created", "cancelled"])
async def test_the_same_words_are_told_once_whatever_the_lines_of_its_orders_are_known_as(
    box: OdooBox, status: str
) -> None:
    """PO-1, EVT-4: which goods are in which order of a split is known by the next look only, in the list's order; nobody is told of it."""
    ours, first, second = purchase(box), order_id(), order_id()
    made = result_of(ours, status, first, second)
    one, other = made["orders"]
    again = [{**other, "line_ids": ["2"]}, {**one, "line_ids": ["1"]}]
    await tell(box, made, {**made, "orders": again, "version": 2}, {**made, "version": 3})
    assert len(ours.notes()) == 1
    dearer = {**one, "freight": {"amount": "9.00", "currency": "CNY"}}
    await tell(box, {**made, "orders": [dearer, other], "version": 4})
    assert len(ours.notes()) == 2
