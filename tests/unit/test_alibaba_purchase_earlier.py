"""EVT-4: what was made at 1688 while a creation was sent under a name that nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.doubts import Doubt
from connectors.alibaba.purchase_earlier import maybe_its, standings_of
from connectors.alibaba.purchase_lookup import Standing
from connectors.alibaba.purchase_plan import PurchasePart, parts_of
from connectors.alibaba.times import moment
from connectors.kit.errors import TransientError
from connectors.kit.rate import Priority
from tests.unit.test_alibaba_cancelling import GONE, OTHERS, There, delivery
from tests.unit.test_alibaba_purchase_plan import line, purchase

DOUBT = Doubt(1_795_000_900, called=("CW-P9",), since=1_795_000_000)
BEGIN, END = (datetime.fromtimestamp(at, UTC) for at in (1_794_999_700, 1_795_001_200))
Row = dict[str, Any]


def row(number: int, reference: str = "CW-P7", offer: str = "7", **base: Any) -> Row:
    told = {"idOfStr": str(10**18 + number), "status": "waitbuyerpay", "outOrderId": reference, **base}
    items = [{"productID": offer, "specId": "zz", "quantity": 1}] if offer else []
    return {"baseInfo": told, "productItems": items}


class Platform:
    """Its list, page by page; `more`: what its count is too large by."""

    def __init__(self, *rows: Row, more: int = 0) -> None:
        self.rows, self.more = rows, more
        self.asked: list[dict[str, Any]] = []

    async def call(self, name: str, asked: dict[str, Any], *, priority: Priority) -> Any:
        assert (name, priority) == ("order_list", Priority.ORDERS)
        self.asked.append(asked)
        begin = asked["pageSize"] * (asked["page"] - 1)
        rows = self.rows[begin : begin + asked["pageSize"]]
        return {"result": list(rows), "totalRecord": len(self.rows) + self.more}


def parts() -> list[PurchasePart]:
    found, problems = parts_of(purchase(line(1, "7/8/ab")), "CW-")
    assert not problems
    return found


async def words(
    platform: Platform, doubt: Doubt | None = DOUBT, some: list[PurchasePart] | None = None, prefix: str = "CW-"
) -> str:
    client = cast(AlibabaClient, platform)
    found = await maybe_its(client, doubt, parts() if some is None else some, prefix)
    return " ".join(one["text"] for one in found)


@pytest.mark.parametrize(
    ("made", "is_told"),
    [
        (row(1), True),
        (row(1, offer=""), True),  # nobody knows what is in it
        (row(1, offer="9"), False),
        (row(1, reference=""), False),
        (row(1, reference="P7"), False),
        (row(1, status="cancel"), False),
    ],
)
async def test_living_orders_of_ours_with_goods_of_it_are_told(made: Row, is_told: bool) -> None:
    """EVT-4: another's prefix, other goods, by hand, cancelled: none of them."""
    said = await words(Platform(made))
    assert (f"{10**18 + 1} (CW-P7)" in said or f"{10**18 + 1} ()" in said) is is_told
    assert bool(said) is is_told


async def test_an_order_by_hand_is_none_of_ours_without_a_prefix_either() -> None:
    """EVT-4."""
    assert await words(Platform(row(1, reference="")), prefix="") == ""
    assert str(10**18 + 1) in await words(Platform(row(1, reference="P7")), prefix="")


async def test_of_one_that_is_gone_nobody_knows_the_goods() -> None:
    """PO-1."""
    assert str(10**18 + 1) in await words(Platform(row(1, offer="9")), some=[])


async def test_the_time_goes_from_its_beginning_to_its_end_and_a_little_more() -> None:
    """EVT-4: clocks differ; where every name is known nothing is asked."""
    platform = Platform()
    assert await words(platform) == ""
    (asked,) = platform.asked
    assert (moment(asked["createStartTime"]), moment(asked["createEndTime"])) == (BEGIN, END)
    assert await words(platform, Doubt(1000, called=("CW-P9",))) == await words(platform, None) == ""
    assert len(platform.asked) == 1


async def test_every_page_is_read_and_a_list_that_lost_one_is_not_believed() -> None:
    """EVT-4: the one it lost may be the one."""
    some = [row(number, offer="7" if number > 39 else "9") for number in range(46)]
    platform = Platform(*some)
    said = await words(platform)
    assert [one["page"] for one in platform.asked] == [1, 2, 3]
    assert [str(10**18 + number) in said for number in range(39, 46)] == [False, *[True] * 5, False]
    assert "and 1 more" in said
    assert "more" not in await words(Platform(*some[:45]))
    with pytest.raises(TransientError, match="do not hold the orders it counts"):
        await words(Platform(row(1), more=1))
    liar = Platform(row(1), more=10**6)
    with pytest.raises(TransientError, match="do not hold"):
        await words(liar)
    assert [one["page"] for one in liar.asked] == [1, 2]
    with pytest.raises(TransientError, match="cannot be read"):
        await words(Platform({"baseInfo": {}}))
    full = Platform(*some[:40])
    assert str(10**18 + 39) not in await words(full)
    assert [one["page"] for one in full.asked] == [1, 2]


async def standing(
    there: There, *called: str, name: str = "P7", codes: tuple[str, ...] = ("7/8/ab",)
) -> list[Standing]:
    given = delivery(*codes, name=name)
    some, _ = parts_of(cast(Any, given.body), "CW-")
    doubt = Doubt(1, called=called) if called else None
    return await standings_of(cast(AlibabaClient, there), given, some, doubt)


def numbers(found: list[Standing]) -> list[list[str]]:
    return [[one.order_id for one in each.orders] for each in found]


async def test_todays_name_comes_first_and_each_name_is_asked_for_once() -> None:
    """EVT-4: where today's has one, no other is asked for; without a doubt never."""
    there = There()
    assert numbers(await standing(there, "CW-P7", "CW-P5", "CW-P6")) == [[]]
    assert there.asked_for() == ["CW-P7", "CW-P5", "CW-P6"]
    before, today = there.has("CW-P5"), there.has("CW-P7", GONE)
    assert numbers(await standing(there, "CW-P5")) == [[today]]
    assert numbers(await standing(there, "CW-P5", name="P8")) == [[before]]
    assert numbers(await standing(there, name="P8")) == [[]]


async def test_under_a_name_it_was_sent_by_goods_may_be_others_by_now() -> None:
    """EVT-4: it was edited as well; under a name that nothing was sent by they are another's."""
    there = There()
    made = there.has("CW-P5", code=OTHERS)
    (found,) = await standing(there, "CW-P5")
    assert ([one.order_id for one in found.orders], list(found.problems), len(found.differences)) == ([made], [], 2)
    (found,) = await standing(there, "CW-P6", name="P5")
    assert ([one.order_id for one in found.others], found.exists, len(found.problems)) == ([made], False, 1)


async def test_the_first_name_that_has_one_has_all_parts() -> None:
    """EVT-4: also those that are missing, for they are ordered under it."""
    there = There()
    codes = tuple(f"7/8/s{at}" for at in range(51))
    second = there.has("CW-P5-2", code=codes[-1])
    there.has("CW-P6")
    found = await standing(there, "CW-P4", "CW-P5", "CW-P6", codes=codes)
    assert ([one.part.reference for one in found], numbers(found)) == (["CW-P5", "CW-P5-2"], [[], [second]])


async def test_a_name_like_a_part_that_has_others_is_for_a_person() -> None:
    """EVT-4: by number and name; where it has none the next name is asked for."""
    there = There()
    made = there.has("CW-P5-2", code=OTHERS)
    (found,) = await standing(there, "CW-P5-3", "CW-P5-2", "CW-P6")
    assert (found.exists, [f"{made} (CW-P5-2)" in one["text"] for one in found.problems]) == (False, [True])
    assert there.asked_for() == ["CW-P7", "CW-P5-3", "CW-P5-2"]
    last = there.has("CW-P6")
    assert numbers(await standing(there, "CW-P5-3", "CW-P6")) == [[last]]
