"""EVT-4: parts that the list shows late are found by the numbers that were made for the purchase order."""

from __future__ import annotations

from typing import Any, cast

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.purchase_lookup import Whose, standing_of
from connectors.alibaba.purchase_numbers import with_known
from connectors.alibaba.purchase_plan import parts_of
from tests.unit.test_alibaba_cancelling import There, delivery, number

CODES = tuple(f"7/8/s{at}" for at in range(101))  # three parts


async def held(there: There, hidden: tuple[str, ...], known: str) -> tuple[list[list[str]], list[str], list[str]]:
    """(numbers by part, those that nobody can place, what was asked for by its number), while the list hides some."""
    given = delivery(*CODES, known=known)
    parts, _ = parts_of(cast(Any, given.body), "CW-")
    client = cast(AlibabaClient, there)
    every = dict(there.orders)
    there.orders = {one: order for one, order in every.items() if one not in hidden}
    standings = [await standing_of(client, part, Whose.of(given)) for part in parts]
    there.orders = every
    there.asked.clear()
    found, lost = await with_known(client, given, standings)
    asked = [asked["orderId"] for name, asked in there.asked if name == "order_view"]
    return [[order.order_id for order in one.orders] for one in found], lost, asked


async def test_each_missing_part_has_the_order_that_bears_its_reference() -> None:
    """EVT-4: what is shown is not asked for again; where all parts are there, or none is, nothing is."""
    there = There()
    one, two, three = (there.has(f"CW-P7{end}", code=CODES[0]) for end in ("", "-2", "-3"))
    known = ",".join((one, two, three))
    assert await held(there, (two, three), known) == ([[one], [two], [three]], [], [two, three])
    assert await held(there, (), known) == ([[one], [two], [three]], [], [])
    assert await held(there, (), f"{known},{number(77)}") == ([[one], [two], [three]], [], [])
    assert await held(there, (one, two, three), known) == ([[], [], []], [one, two, three], [])


async def test_what_is_not_shown_or_bears_another_name_is_placed_by_nobody() -> None:
    """EVT-4: unless it is cancelled."""
    there = There()
    one, other, dead = there.has("CW-P7"), there.has("CW-P5"), there.has("CW-P5", "cancel")
    known = ",".join((one, other, dead, number(77)))
    assert await held(there, (), known) == ([[one], [], []], [other, number(77)], [other, dead, number(77)])
