"""Returns over the sandbox: both reports, each return once and with its later states, whatever is killed (RET-1, REC-2, REC-3)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from connectors.amazon.reports import reports_of
from connectors.amazon.return_mapping import to_return
from connectors.amazon.return_rows import BY_AMAZON, BY_SELLER
from connectors.amazon.returns import AmazonReturns
from connectors.kit.errors import DataError, TransientError
from connectors.kit.ports import Page
from schemas.records import ReturnOrder
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, all_of, connected


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER,)) as found:
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box)
    yield one
    await one.aclose()


@pytest.fixture
async def source(amazon: Connected) -> AsyncIterator[AmazonReturns]:
    client = amazon.client()
    one = AmazonReturns(amazon.settings, "main", client, reports_of(amazon.settings, client), amazon.now, amazon.sleep)
    yield one
    await one.aclose()


def sold(box: Box, count: int, *, fba: float, seed: int = 1) -> list[str]:
    """Orders that are shipped, by the seller or by Amazon."""
    return box.add(count, seed=seed, mix={"base": "plain", "fba": fba, "shipped": 1.0})


def returned(box: Box, order_id: str, timeline: str = "manual") -> str:
    (return_id,) = box.control("/sandbox/returns", orderId=order_id, timeline=timeline)["returnIds"]
    return str(return_id)


def returns(pages: list[Page]) -> dict[str, ReturnOrder]:
    """By order; the newest of each."""
    found: dict[str, ReturnOrder] = {}
    for item in (item for page in pages for item in page.items):
        (record,) = to_return(item.payload, "main")
        assert record.key == item.key
        body: ReturnOrder = record.body  # type: ignore[assignment]
        found[body["customer_order_id"]] = body
    return found


def asked(box: Box, method: str = "POST") -> int:
    calls = box.app.calls.latest
    return sum(1 for call in calls if call.method == method and call.path == "/reports/2021-06-30/reports")


async def test_a_return_and_what_becomes_of_it(box: Box, source: AmazonReturns) -> None:
    """RET-1: announced, arrived, over; told again by each poll with its state of then."""
    (order_id,) = sold(box, 1, fba=0.0)
    return_id = returned(box, order_id)
    box.clock.tick(7200)
    pages = await all_of(source.pages(""))
    body = returns(pages)[order_id]
    assert body["key"] == f"amazon:main:return:{return_id}"
    assert (body["physical"], body["service"]) == ("announced", "open")
    (item, *_) = box.order(order_id, US_SELLER)["orderItems"]
    assert [line["line_id"] for line in body["lines"]] == [item["orderItemId"]]
    assert pages[-1].last
    assert pages[-1].read_until is not None
    for kind, states in (("receive", ("received", "open")), ("close", ("received", "closed"))):
        box.control(f"/sandbox/returns/{return_id}/change", kind=kind)
        box.clock.tick(6 * 3600)
        pages = await all_of(source.pages(pages[-1].position))
        body = returns(pages)[order_id]
        assert (body["physical"], body["service"]) == states


async def test_what_the_seller_gave_back_by_hand_is_told(box: Box, source: AmazonReturns) -> None:
    """RET-1, RET-2: goods and money are apart; a return is refunded once, and the buyer gets what one unit cost with its tax."""
    (order_id,) = sold(box, 1, fba=0.0)
    return_id = returned(box, order_id, "refunded")
    box.clock.tick(7200)
    body = returns(await all_of(source.pages("")))[order_id]
    assert (body["physical"], body["financial"]) == ("received", "refunded")
    (held,) = box.http.get("/sandbox/snapshot", params={"sections": "returns"}).json()["returns"]
    assert body["total_refund"] == {"amount": f"{held['refunded'] / 100:.2f}", "currency": "USD"}
    assert held["refunded"] > 0
    again = box.http.post(f"/sandbox/returns/{return_id}/change", json={"kind": "refund"})
    assert again.status_code == 400


async def test_how_new_a_report_has_to_be_is_configuration(box: Box) -> None:
    """REC-2: within the hour a report that is there does, whatever came back since; with 0 minutes each poll has its own."""
    amazon = connected(box, reading={"report_minutes": 0})
    client = amazon.client()
    patient, eager = (
        AmazonReturns(settings, "main", client, reports_of(settings, client), amazon.now, amazon.sleep)
        for settings in (connected(box).settings, amazon.settings)
    )
    positions = {source: (await all_of(source.pages("")))[-1].position for source in (patient, eager)}
    (order_id,) = sold(box, 1, fba=0.0)
    returned(box, order_id)
    box.clock.tick(60)
    found = {source: returns(await all_of(source.pages(position))) for source, position in positions.items()}
    assert (set(found[patient]), set(found[eager])) == (set(), {order_id})
    await eager.aclose()
    await patient.aclose()
    await amazon.aclose()


async def test_units_that_came_back_to_amazon(box: Box, source: AmazonReturns) -> None:
    """RET-1, ORD-10: of the other report; which item it was is asked of the order, once."""
    orders = sold(box, 3, fba=1.0)
    for order_id in orders:
        returned(box, order_id, "received")
    box.clock.tick(7200)
    pages = await all_of(source.pages(""))
    found = returns(pages)
    assert set(found) == set(orders)
    for order_id, body in found.items():
        (item, *_) = box.order(order_id, US_SELLER)["orderItems"]
        assert [(line["line_id"], line["sku"]) for line in body["lines"]] == [
            (item["orderItemId"], item["product"]["sellerSku"])
        ]
        assert (body["physical"], body["service"]) == ("received", "closed")
    box.clock.tick(6 * 3600)
    began = box.clock()
    again = await all_of(source.pages(pages[-1].position))
    assert [item for page in again for item in page.items] == [item for page in pages for item in page.items]
    assert not [call for call in box.app.calls.latest if call.path.startswith("/orders/") and call.at >= began]


async def test_an_order_that_is_not_there_yet_is_asked_for_again(
    box: Box, source: AmazonReturns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RET-1: what the return is of is told as soon as Amazon knows the order, not after the next start."""
    (order_id,) = sold(box, 1, fba=1.0)
    returned(box, order_id, "received")
    box.clock.tick(7200)

    async def unknown(*_: object) -> None:
        return None

    with monkeypatch.context() as early:
        early.setattr(source._client, "get_order", unknown)
        first = await all_of(source.pages(""))
    assert [line["line_id"] for line in returns(first)[order_id]["lines"]] == [""]
    box.clock.tick(6 * 3600)
    (item, *_) = box.order(order_id, US_SELLER)["orderItems"]
    again = returns(await all_of(source.pages(first[-1].position)))
    assert [line["line_id"] for line in again[order_id]["lines"]] == [item["orderItemId"]]


async def test_more_than_a_page_of_returns_and_a_kill_in_the_middle(
    box: Box, amazon: Connected, source: AmazonReturns
) -> None:
    """REC-2: the position stays with the report until its last page is safe; nobody asks for it twice."""
    orders = sold(box, 30, fba=0.0)
    for order_id in orders:
        returned(box, order_id)
    box.clock.tick(7200)
    position = ""
    async for page in source.pages(""):
        position = page.position
        if page.items:
            break
    assert len(page.items) == 25
    assert json.loads(position)["reports"][BY_SELLER]["report"]
    client = amazon.client()
    other = AmazonReturns(
        amazon.settings, "main", client, reports_of(amazon.settings, client), amazon.now, amazon.sleep
    )
    pages = await all_of(other.pages(position))
    await other.aclose()
    assert set(returns(pages)) == set(orders)
    assert asked(box) == 2  # one of each type


async def test_nothing_came_back(source: AmazonReturns) -> None:
    """An empty report and a cancelled one are no failure."""
    pages = await all_of(source.pages(""))
    assert not [item for page in pages for item in (*page.items, *page.problems)]
    assert pages[-1].read_until is not None


async def test_only_the_reports_of_who_ships(box: Box) -> None:
    amazon = connected(box, accounts={"main": account_of(US_SELLER, fulfilled_by=["MERCHANT"])})
    client = amazon.client()
    source = AmazonReturns(
        amazon.settings, "main", client, reports_of(amazon.settings, client), amazon.now, amazon.sleep
    )
    pages = await all_of(source.pages(""))
    await source.aclose()
    assert {page.request.split()[-1] for page in pages} == {BY_SELLER}
    await amazon.aclose()


async def test_a_report_that_fails_waits_and_the_other_goes_on(box: Box, source: AmazonReturns) -> None:
    """ERR-3: FATAL of the first; the second is read; after the pause the first comes."""
    (own,), (amazons,) = sold(box, 1, fba=0.0), sold(box, 1, fba=1.0, seed=2)
    returned(box, own)
    returned(box, amazons, "received")
    box.clock.tick(7200)
    box.faults({"kind": "report_fatal", "limit": 1})
    pages = await all_of(source.pages(""))
    assert set(returns(pages)) == {amazons}
    assert pages[-1].read_until is None
    box.clock.tick(1801)
    pages = await all_of(source.pages(pages[-1].position))
    assert own in returns(pages)


async def test_resync_and_fetch(box: Box, amazon: Connected, source: AmazonReturns) -> None:
    """REC-3: from a day on; one by its id; what is not there is a problem; what is not ready is tried again."""
    (old, new) = sold(box, 2, fba=0.0)
    first = returned(box, old)
    box.clock.tick(100 * 86_400)
    second = returned(box, new)
    box.clock.tick(7200)
    assert set(returns(await all_of(source.resync(amazon.now() - timedelta(days=120))))) == {old, new}
    assert set(returns(await all_of(source.resync(amazon.now() - timedelta(days=10))))) == {new}
    pages = await all_of(source.fetch([second, first]))
    assert set(returns(pages)) == {new}
    assert [problem.key for page in pages for problem in page.problems] == [f"amazon:main:return:{first}"]
    box.clock.tick(7200)
    box.faults({"kind": "report_fatal"})
    with pytest.raises(TransientError, match=BY_AMAZON):
        await all_of(source.resync(amazon.now() - timedelta(days=10)))
    with pytest.raises(DataError, match="position"):
        await all_of(source.pages("{}"))


async def test_units_of_another_accounts_marketplace_are_left_to_it(box: Box) -> None:
    """AUTH-2: Amazon's own report has returns of the whole seller; of orders of other marketplaces there is nothing here to return."""
    (order_id,) = sold(box, 1, fba=1.0)
    returned(box, order_id, "received")
    box.clock.tick(7200)
    amazon = connected(box, accounts={"main": account_of(US_SELLER, fulfilled_by=["AMAZON"])})
    client = amazon.client()
    source = AmazonReturns(
        amazon.settings, "main", client, reports_of(amazon.settings, client), amazon.now, amazon.sleep
    )
    source._orders[order_id] = ("A2EUQ1WTGCTBG2", {})
    assert returns(await all_of(source.pages(""))) == {}
    source._orders.clear()
    assert set(returns(await all_of(source.pages("")))) == {order_id}
    await source.aclose()
    await amazon.aclose()
