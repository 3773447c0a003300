"""PO-1: which orders live at 1688 of a purchase order that cannot be ordered as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.doubts import Doubt
from connectors.alibaba.purchase_living import behind, living_of
from connectors.alibaba.purchase_lookup import Whose
from connectors.alibaba.purchase_plan import parts_of
from connectors.kit.ports import Delivery
from tests.unit.test_alibaba_cancelling import GONE, OTHERS, OURS, There, delivery, number


@pytest.fixture
def there() -> There:
    return There()


async def living(there: There, given: Delivery, doubt: Doubt | None = None) -> list[tuple[str, str, Sequence[str]]]:
    parts, _ = parts_of(cast(Any, given.body), "CW-")
    found = await living_of(cast(AlibabaClient, there), given, parts, doubt, "CW-")
    return [(one.order.order_id, one.reference, one.line_ids) for one in found]


async def test_by_number_and_by_name_each_once_as_far_as_it_lives(there: There) -> None:
    """PO-1: with its lines where its name leads to it."""
    named, renamed, dead = there.has("CW-P7"), there.has("CW-P5"), there.has("CW-P5", GONE)
    known = ",".join((named, renamed, dead, number(77)))
    assert await living(there, delivery(known=known)) == [(named, "CW-P7", ["1"]), (renamed, "CW-P5", ())]


async def test_without_a_good_line_its_name_is_looked_for_and_without_a_name_nothing(there: There) -> None:
    """PO-1: what is there is its own by its number."""
    made = there.has("CW-P7")
    assert [one for one, *_ in await living(there, delivery("junk", supplier_reference=made))] == [made]
    there.asked.clear()
    assert await living(there, delivery("junk", name="", known=made)) == [(made, "CW-P7", ())]
    assert there.asked_for() == []


async def test_under_a_name_it_had_when_it_may_have_been_sent(there: There) -> None:
    """EVT-4: whatever its goods are by now; of today's name what has its goods, unless that may have been sent too."""
    made, other = there.has("CW-P5", code=OTHERS), there.has("CW-P7", code=OTHERS)
    assert await living(there, delivery()) == []
    assert [one for one, *_ in await living(there, delivery(), Doubt(1, called=("CW-P7", "CW-P5")))] == [other, made]
    assert [one for one, *_ in await living(there, delivery(), Doubt(1, called=("CW-P5",)))] == [made]


async def test_behind_the_last_part_known_numbers_count_until_there_is_none(there: There) -> None:
    """PO-1: it was larger; such a name may be another purchase order's."""
    some = [there.has(f"CW-P7-{place}", GONE if place == 3 else "waitbuyerpay", OURS) for place in (2, 3, 4, 6)]
    client, given = cast(AlibabaClient, there), delivery(known=",".join(some))
    found = await behind(client, given, 1, Whose.of(given), "CW-")
    assert [(one.order.order_id, one.reference) for one in found] == [(some[0], "CW-P7-2"), (some[2], "CW-P7-4")]
    assert await behind(client, given, 1, Whose.of(delivery()), "CW-") == []
    written = delivery(supplier_reference=f"{some[0]}")
    assert [one for one, *_ in await living(there, written)] == [some[0]]
