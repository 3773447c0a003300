"""Who is shipped, packed, cancelled and credited in a demo's day: drawn from the seed, nobody twice."""

from __future__ import annotations

import random

from streams.demo.day import CREDITED, PACKED, RETURNED, planned, together
from streams.demo.hands import Sale

SALES = [Sale(number, f"PO{number:02d}", "draft") for number in range(30)]
PLAIN = frozenset(sale.reference for sale in SALES[:4])


def test_some_of_those_that_leave_are_packed_before() -> None:
    """EDGE-5: they are not shipped, credited or in two parcels besides; enough others can come back."""
    plan = planned(SALES, PLAIN, random.Random(3))
    packed = {sale.reference for sale in plan.pack}
    assert len(packed) == PACKED
    others = [{sale.reference for sale in part} for part in (plan.ship, plan.cancel, plan.credit)] + [set(plan.two)]
    assert not any(packed & other for other in others)
    assert len(plan.credit) == CREDITED
    whole = {sale.reference for sale in plan.ship} - plan.two - {sale.reference for sale in plan.credit}
    assert len(whole) >= RETURNED
    assert together([plan, plan]).pack == plan.pack * 2


def test_a_day_of_few_orders_packs_none() -> None:
    plan = planned(SALES[:6], PLAIN, random.Random(3))
    assert plan.pack == ()
    assert plan.ship
