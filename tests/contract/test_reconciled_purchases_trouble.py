"""REC-1: what goes wrong while both sides are read ends in a line that says so, never in "balanced" and never in a difference."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.alibaba.purchase_book import open_book as open_there
from connectors.alibaba.source import order_rows
from connectors.odoo.client import Odoo
from connectors.odoo.purchase_book import PurchaseBook
from connectors.odoo.settings import OdooSettings
from streams.reconcile.findings import Result
from streams.reconcile.looking import Reconciler
from streams.reconcile.settings import ReconcileSettings
from tests.contract.alibaba_box import Json
from tests.contract.purchase_books import PLACE, Both, both, told

LIST, VIEW, ANY = "getBuyerOrderList", "get.buyerView", "/openapi/param2"


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Both]:
    with both(tmp_path) as found:
        yield found


@pytest.mark.parametrize(
    "faults",
    [
        [{"kind": "status", "code": 503, "path": LIST}], [{"kind": "reset", "path": LIST}], [{"kind": "malformed", "path": LIST}],
        [{"kind": "truncated", "path": LIST}], [{"kind": "duplicate_page", "path": LIST}], [{"kind": "acl_decline", "path": LIST}],
        [{"kind": "malformed", "path": ANY}],
    ],
    ids=lambda faults: faults[0]["kind"],
)  # fmt: skip
async def test_a_platform_that_does_not_answer_rightly_is_no_balance(sides: Both, faults: list[Json]) -> None:
    """REC-1: it could not look, and says so in a line; when it is over, it can."""
    numbers = [sides.wanted(place) for place in range(4)]
    await sides.buy(*numbers)
    sides.later()
    sides.shop.box.faults(*faults)
    sides.buyer = sides.buyer.model_copy(update={"attempts": 1})
    report = await sides.report()
    assert (report.result, list(report.findings)) == (Result.FAILED, [])
    assert report.failure
    sides.shop.box.faults()
    assert (await sides.report()).result is Result.BALANCED


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "code": 503, "path": LIST, "limit": 1}, {"kind": "duplicate_page", "path": LIST, "limit": 2},
        {"kind": "truncated", "path": LIST, "limit": 1}, {"kind": "bad_record", "path": LIST},
        {"kind": "absent_order", "path": LIST, "limit": 1},
    ],
    ids=lambda fault: fault["kind"],
)  # fmt: skip
async def test_what_passes_by_is_no_difference(sides: Both, fault: Json) -> None:
    """REC-1: calls are tried again, a list that does not hold what it counts is read again, an order is read by itself."""
    await sides.buy(*[sides.wanted(place) for place in range(4)])
    sides.later()
    sides.shop.box.faults(fault)
    report = await sides.report()
    assert (report.result, told(report), report.there) == (Result.BALANCED, [], 4)


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"url": "http://127.0.0.1:9"}, {"db": "another"}], ids=str)
async def test_an_odoo_that_cannot_be_asked_is_no_balance(sides: Both, change: dict[str, str]) -> None:
    """REC-1."""
    sides.home = OdooSettings(
        **{**sides.home.model_dump(include={"url", "db", "login", "environment"}), "password": "x", **change}
    )
    report = await sides.report()
    assert (report.result, report.failure != "") == (Result.FAILED, True)
    assert "wrong" not in report.failure


@pytest.mark.parametrize("kind", ["malformed", "truncated", "status"])
async def test_an_odoo_that_does_not_answer_rightly_is_no_balance(sides: Both, kind: str) -> None:
    """REC-1."""
    await sides.buy(sides.wanted())
    sides.later()
    fault = {"kind": kind, **({"code": 503} if kind == "status" else {})}
    sides.odoo.http.put("/sandbox/faults", json={"rules": [fault]}).raise_for_status()
    report = await sides.report()
    assert (report.result, list(report.findings)) == (Result.FAILED, [])
    sides.odoo.http.put("/sandbox/faults", json={"rules": []}).raise_for_status()
    assert (await sides.report()).result is Result.BALANCED


async def test_rows_of_odoo_that_hold_nothing_that_can_be_read_are_no_balance(sides: Both) -> None:
    """REC-1: an answer of another shape ends it in a line, not in a traceback."""
    number = sides.wanted()
    await sides.buy(number)
    sides.later()

    class Odd(Odoo):
        async def rows(self, model: str, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
            found = await super().rows(model, *args, **kwargs)
            return [{**row, "amount_untaxed": "much"} for row in found] if model == "purchase.order" else found

    odd = PurchaseBook(Odd(sides.home), "alibaba:main", "CW-")
    whole = open_there(sides.buyer, "alibaba:main", sides.deps)
    report = await Reconciler(PLACE, ReconcileSettings(), odd, whole).report(
        sides.now() - timedelta(days=9), sides.now()
    )
    assert report.failure == "purchase.order: what Odoo answered cannot be read (InvalidOperation)"
    for book in (odd, whole):
        await book.aclose()


async def test_the_list_does_not_go_back_for_ever(sides: Both) -> None:
    """REC-1: what the platform forgot is not called missing."""
    assert "goes back 90 days" in (await sides.report(days=91)).failure


async def test_an_order_the_list_hides_is_asked_for_by_its_number(sides: Both) -> None:
    """REC-1: the list may lag or lose; what the vendor reference names is looked at before it is called missing."""
    numbers = [sides.wanted(place) for place in range(3)]
    await sides.buy(*numbers)
    sides.later()
    sides.shop.box.control(f"/sandbox/orders/{sides.order_of(numbers[1])}/hide", seconds=9_999)
    report = await sides.report()
    assert (told(report), report.there, report.matched) == ([], 2, 3)


async def test_orders_made_while_the_list_is_read_move_nothing(sides: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """REC-1: the newest come first, so each new one would push another over the edge of its page."""
    await sides.buy(*[sides.wanted(place) for place in range(4)])
    sides.later()
    asked, pages = order_rows, []

    async def busy(client: Any, query: dict[str, Any], priority: Any) -> Any:
        found = await asked(client, query, priority)
        sides.later(1)
        pages.append(sides.by_hand())
        return found

    monkeypatch.setattr("connectors.alibaba.purchase_book.order_rows", busy)
    report = await sides.report(days=0.9)
    assert (told(report), report.there, len(pages) >= 2) == ([], 4, True)
