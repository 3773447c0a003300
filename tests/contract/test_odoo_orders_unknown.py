"""ORD-8: an order in a state nobody knows comes in, and a person is told: once for each word, also when answers get lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.ports import Result
from connectors.odoo.orders_unknown import NOTE, SUMMARY
from tests.builders import order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put_orders, sink_of


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


def teleported(number: str, sku: str, word: str = "Teleported", version: int = 1) -> Any:
    return order(number, [order_line(sku)], status="unknown", source_status=word, version=version)


def activities(box: OdooBox, number: str) -> list[dict[str, Any]]:
    domain = [["res_model", "=", "sale.order"], ["res_id", "=", box.order(number)["id"]], ["summary", "=", SUMMARY]]
    return box.rows("mail.activity", domain, ["summary", "note"])


def notes(box: OdooBox, number: str) -> list[str]:
    domain = [
        ["model", "=", "sale.order"],
        ["res_id", "=", box.order(number)["id"]],
        ["body", "ilike", "does not know"],
    ]
    bodies = [str(row["body"]) for row in box.rows("mail.message", domain, ["body"])]
    return [body for body in bodies if SUMMARY not in body]  # what Odoo says of an activity that is done


async def test_an_order_in_an_unknown_state_comes_in_and_a_person_is_told(box: OdooBox) -> None:
    """ORD-8: a quotation with an activity and a note in the marketplace's own word; an order in a known state has neither."""
    sku, number, fine = f"SKU-{tag()}", tag(), tag()
    box.product(sku)
    async with sink_of(box) as sink:
        outcomes = await put_orders(sink, teleported(number, sku), order(fine, [order_line(sku)]))
    assert [outcome.ok for outcome in outcomes] == [True, True]
    assert [NOTE in outcome.notes for outcome in outcomes] == [True, False]
    assert box.order(number)["state"] == "draft"
    (activity,) = activities(box, number)
    assert "Teleported" in activity["note"]
    (said,) = notes(box, number)
    assert "Teleported" in said
    assert (activities(box, fine), notes(box, fine)) == ([], [])


async def test_it_is_told_once_for_each_word(box: OdooBox) -> None:
    """ORD-8, EVT-4: not again when the activity is done, nor for a newer version in the same state; another word is news."""
    sku, number = f"SKU-{tag()}", tag()
    box.product(sku)
    async with sink_of(box) as sink:
        await put_orders(sink, teleported(number, sku))
        box.call("mail.activity", "action_feedback", [activities(box, number)[0]["id"]])
        (again,) = await put_orders(sink, teleported(number, sku, version=2))
        assert (again.result, NOTE in again.notes) == (Result.ALREADY_APPLIED, True)
        assert (activities(box, number), len(notes(box, number))) == ([], 1)
        await put_orders(sink, teleported(number, sku, "Frozen", version=3))
    assert (len(activities(box, number)), len(notes(box, number))) == (1, 2)


@pytest.mark.parametrize("model", ["mail.activity", "mail.message"])
async def test_a_lost_answer_tells_nothing_twice(box: OdooBox, model: str) -> None:
    """EVT-4."""
    sku, number = f"SKU-{tag()}", tag()
    box.product(sku)
    async with sink_of(box) as sink:
        box.proxy.lose(model, "load", 2)
        (first,) = await put_orders(sink, teleported(number, sku))
        assert not first.ok
        (second,) = await put_orders(sink, teleported(number, sku))
    assert second.ok, second.detail
    assert (len(activities(box, number)), len(notes(box, number))) == (1, 1)
