"""REC-1: the platform's list of orders as a book: every order of a time once, or an error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.purchase_book import PurchaseBook, open_book
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.times import moment, stamp
from connectors.kit.books import Entry, MadeBy
from connectors.kit.errors import DataError, RuleError, TransientError
from connectors.kit.ports import Deps, NoMappings
from connectors.kit.rate import Priority

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
Row = dict[str, Any]


def row(number: int, made: datetime, reference: str = "", **base: Any) -> Row:
    """An order of two of one spec, 92.50 and 8 of freight."""
    told = {
        "idOfStr": str(10**18 + number), "status": "waitbuyerpay", "createTime": stamp(made), "modifyTime": stamp(made), "totalAmount": 100.5,
        "sumProductPayment": 92.5, "shippingFee": 8, "outOrderId": reference, **base,
    }  # fmt: skip
    item = {
        "productID": 7, "skuID": 8, "specId": "ab", "subItemIDString": "5", "name": "x", "quantity": 2, "price": 46.25, "itemAmount": 92.5,
        "status": "waitbuyerpay",
    }  # fmt: skip
    return {"baseInfo": {name: value for name, value in told.items() if value != ""}, "productItems": [item]}


class Platform:
    """Answers `order_list` and `order_view`; `lies`: what the count is too large by, `hides`: reads that lack the first order."""

    def __init__(self, *rows: Row) -> None:
        self.rows = list(rows)
        self.lies, self.hides, self.calls = 0, 0, 0
        self.views: dict[str, Row] = {}
        self.by_reference = True
        self.priorities: set[Priority] = set()

    async def call(self, name: str, asked: dict[str, Any], *, priority: Priority) -> Any:
        self.calls += 1
        self.priorities.add(priority)
        if name == "order_view":
            found = self.views.get(asked["orderId"]) or next(
                (one for one in self.rows if _id(one) == asked["orderId"]), None
            )
            if found is None:
                raise DataError("no such order", code="ORDER_NOT_EXIST")
            return {"result": json.loads(json.dumps(found), parse_float=Decimal)}
        rows = [one for one in self.rows if self._belongs(one, asked)]
        total, size, page = len(rows) + self.lies, asked["pageSize"], asked["page"]
        if self.hides and rows:
            self.hides -= 1
            rows = rows[1:]
        return {
            "result": json.loads(json.dumps(rows[size * (page - 1) : size * page]), parse_float=Decimal),
            "totalRecord": total,
        }

    def _belongs(self, one: Row, asked: dict[str, Any]) -> bool:
        if "outOrderId" in asked:
            return not self.by_reference or one["baseInfo"].get("outOrderId") == asked["outOrderId"]
        made, begin, end = (
            moment(text) for text in (one["baseInfo"]["createTime"], asked["createStartTime"], asked["createEndTime"])
        )
        return begin <= made <= end  # type: ignore[operator] # all of them are times


def _id(one: Row) -> str:
    return str(one["baseInfo"]["idOfStr"])


def book(platform: Platform, **settings: Any) -> PurchaseBook:
    purchases = {"reference_prefix": "CW-"}
    return PurchaseBook(AlibabaSettings(purchases=purchases, **settings), cast(AlibabaClient, platform), lambda: NOW)


async def listed(found: PurchaseBook, days: float = 5) -> list[Entry]:
    return [one async for one in found.entries(NOW - timedelta(days=days))]


def hours(*ago: float) -> list[Row]:
    return [row(at, NOW - timedelta(hours=one)) for at, one in enumerate(ago)]


@pytest.mark.parametrize("size", [1, 2, 3, 20])
@pytest.mark.parametrize("window", [1, 24, 240])
async def test_every_order_of_the_time_is_told_once(size: int, window: float) -> None:
    """REC-1: whatever pages and windows; both ends belong to a window; behind all other calls."""
    platform = Platform(*hours(0.5, 1, 24, 48, 48, 119, 120, 121))
    found = await listed(book(platform, page_size=size, window_hours=window))
    assert sorted(one.id[-1] for one in found) == list("0123456")
    assert platform.priorities == {Priority.REPORTS}


async def test_windows_with_more_than_a_query_gives_are_halved() -> None:
    """REC-1."""
    platform = Platform(*hours(*(number / 2 for number in range(1, 40))))
    found = await listed(book(platform, result_cap=3, page_size=2))
    assert len({one.id for one in found}) == len(found) == 39
    crowd = Platform(*hours(1, 1, 1, 1, 1))
    with pytest.raises(TransientError, match="more orders in a second"):
        await listed(book(crowd, result_cap=3))


async def test_a_list_that_loses_an_order_is_read_again_and_never_believed() -> None:
    """REC-1: what it lost would be called missing."""
    platform = Platform(*hours(1, 2, 3))
    platform.hides = 2
    assert len(await listed(book(platform))) == 3
    platform.hides = 10**6
    with pytest.raises(TransientError, match="do not hold the orders it counts"):
        await listed(book(platform))
    platform.hides, platform.lies = 0, 1
    with pytest.raises(TransientError, match="do not hold"):
        await listed(book(platform))


async def test_an_order_without_a_number_is_an_error() -> None:
    """REC-1: nobody knows which one is hidden by it."""
    with pytest.raises(TransientError):
        await listed(book(Platform(*hours(1), {"baseInfo": {"createTime": stamp(NOW)}})))


async def test_an_order_that_cannot_be_read_is_asked_for_by_itself_then_told() -> None:
    """REC-1: the rest goes on."""
    bad, good = hours(1, 2)
    whole = json.loads(json.dumps(bad))
    bad["baseInfo"]["totalAmount"] = "much"
    platform = Platform(bad, good)
    (first, second) = await listed(book(platform))
    assert ("totalAmount" in first.problem, first.numbers, second.problem) == (True, (first.id,), "")
    platform.views[_id(bad)] = whole
    assert [one.problem for one in await listed(book(platform))] == ["", ""]


async def test_an_entry_says_what_is_compared() -> None:
    """REC-1: no name, address or shop of anybody in it."""
    (found,) = await listed(book(Platform(row(1, NOW - timedelta(hours=1), "CW-P7"))))
    assert (found.state, found.amount, found.apart, found.currency) == ("to_pay", Decimal("100.5"), Decimal(8), "CNY")
    assert [(one.codes, one.quantity) for one in found.lines] == [(("7/ab",), Decimal(2))]
    assert (found.names, found.numbers, found.made_by) == (("CW-P7",), (found.id,), MadeBy.US)
    assert found.made_at == found.changed_at == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("reference", "names", "made_by"),
    [
        ("CW-P7", ("CW-P7",), "us"), ("CW-P7-2", ("CW-P7-2", "CW-P7"), "us"), ("CW-P7-1", ("CW-P7-1",), "us"), ("CW-P7-02", ("CW-P7-02",), "us"),
        ("CW-2026-12345", ("CW-2026-12345",), "us"), ("CW-P7-x", ("CW-P7-x",), "us"), ("", (), "hand"), ("P7", (), "others"),
    ],
)  # fmt: skip
async def test_names_it_may_be_of(reference: str, names: tuple[str, ...], made_by: str) -> None:
    """REC-1, PO-2: as the sink names parts."""
    (found,) = await listed(book(Platform(row(1, NOW - timedelta(hours=1), reference))))
    assert (found.names, found.made_by) == (names, made_by)


def test_it_begins_when_purchases_were_switched_on() -> None:
    """REC-1, PO-1: of this account."""
    account = {"app_key": "1", "app_secret": "x"}
    settings = AlibabaSettings(
        accounts={"main": account, "second": {**account, "not_before": NOW}},
        purchases={"not_before": NOW - timedelta(days=1)},
    )
    deps = Deps("staging", NoMappings(), lambda: NOW)
    begins = [open_book(settings, f"alibaba:{name}", deps).begin for name in ("main", "second")]
    assert begins == [NOW - timedelta(days=1), NOW]


def test_codes_of_odoo_in_the_platforms_words() -> None:
    """REC-1: what is no code here is none."""
    called = book(Platform()).called
    assert [called(one) for one in ("7/8/ab", "7//", "7", "7/8", "junk", "")] == ["7/ab", "7", "7", "", "", ""]


async def found(platform: Platform, names: Sequence[str] = (), numbers: Sequence[str] = ()) -> list[str]:
    return [one.id[-1] for one in await book(platform).find(names, numbers)]


async def test_orders_are_found_by_reference_with_all_parts_and_by_number() -> None:
    """REC-1: however old; what stands in a vendor reference besides is no number of an order."""
    old = NOW - timedelta(days=400)
    platform = Platform(
        row(1, old, "CW-P7"), row(2, old, "CW-P7-2"), row(3, old, "CW-P7-3"), row(4, old), row(5, old, "CW-P7-5")
    )
    number = str(10**18 + 4)
    assert await found(platform, ["CW-P7"]) == ["1", "2", "3"]
    assert await found(platform, ["CW-P9"], [number, str(10**18 + 9), "4711", "inv", number + "0" * 9]) == ["4"]
    assert await found(platform, ["CW-P7"], [str(10**18 + 1)]) == ["1", "2", "3"]


async def test_a_list_that_does_not_go_by_reference_finds_nothing_out() -> None:
    """REC-1, EVT-4: else every purchase order would have every order."""
    platform = Platform(row(1, NOW, "CW-P7"))
    platform.by_reference = False
    with pytest.raises(RuleError, match="does not go by outOrderId"):
        await found(platform, ["CW-P8"])


async def test_another_order_than_was_asked_for_is_no_answer() -> None:
    platform = Platform(row(1, NOW))
    platform.views[str(10**18 + 2)] = row(3, NOW)
    with pytest.raises(TransientError, match="not that order"):
        await found(platform, (), [str(10**18 + 2)])
