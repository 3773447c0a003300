"""Settlement reports over the sandbox: each read once, by the account of its currency (FIN-1, REC-2, REC-3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.amazon.reports import reports_of
from connectors.amazon.sandbox.reports import Asked, Made
from connectors.amazon.sandbox.settings import EU_SELLER, Seller
from connectors.amazon.settlement_source import AmazonSettlements, settlement_mapping
from connectors.amazon.settlements import REPORT
from connectors.kit.errors import DataError, TransientError
from connectors.kit.ports import Page
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, all_of, connected
from tests.contract.test_amazon_settlement_goldens import content_of


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER, EU_SELLER)) as found:
        yield found


@asynccontextmanager
async def source(amazon: Connected, account: str = "main") -> AsyncIterator[AmazonSettlements]:
    one = AmazonSettlements(amazon.settings, account, reports_of(amazon.settings, amazon.client(account)), amazon.now)
    try:
        yield one
    finally:
        await one.aclose()
        await amazon.aclose()


def paid_out(box: Box, content: bytes, report_id: str, seller: Seller = US_SELLER, *, days_ago: float = 1) -> None:
    """Amazon makes a report, as it does at each payout."""
    world, at = box.app.world.reports, box.clock.now - days_ago * 86_400
    world.announce(REPORT)
    made = Made(content, "text/plain")
    start = int((at - 14 * 86_400) * 1000)
    world.publish(
        Asked(seller.seller_id, report_id, REPORT, (seller.marketplaces[0],), start, int(at * 1000), {}, at), made
    )


def keys(pages: list[Page]) -> list[str]:
    return [item.key for page in pages for item in page.items]


async def test_each_report_is_read_once_and_every_cent_arrives(box: Box) -> None:
    """FIN-1, FIN-2: what is downloaded is the canonical settlement of the file; the next poll has nothing."""
    paid_out(box, content_of("us"), "1001")
    async with source(connected(box)) as settlements:
        (page,) = await all_of(settlements.pages(""))
        ((item,), last) = page.items, page.last
        assert last
        assert page.read_until == settlements._now()
        mapping = settlement_mapping(connected(box).settings)
        record, *orders = mapping(item.payload, "main")
        assert (record.key, record.version) == (item.key, item.version)
        total = sum((Decimal(line["amount"]) for line in record.body["lines"]), Decimal(0))
        assert total == Decimal(record.body["deposit"]) == Decimal("914.61")
        assert len(orders) == len({one.key for one in orders}) > 1
        assert {(one.entity, one.version) for one in orders} == {("settled_order", record.version)}
        (empty,) = await all_of(settlements.pages(page.position))
        assert (empty.items, empty.last) == ((), True)
        paid_out(box, content_of("us").replace(b"914.61", b"914.60"), "1002", days_ago=0.5)
        (again,) = await all_of(settlements.pages(empty.position))
        assert len(again.items) == 1


async def test_a_kill_between_two_reports_reads_the_second(box: Box) -> None:
    """REC-2: oldest first, and none twice."""
    for number in range(3):
        paid_out(box, content_of("us").replace(b"914.61", b"914.6%d" % number), f"{number}", days_ago=9 - number)
    async with source(connected(box)) as settlements:
        pages = settlements.pages("")
        first = await anext(pages)
        rest = await all_of(settlements.pages(first.position))
    assert [page.request[-1] for page in [first, *rest]] == ["0", "1", "2"]
    assert [page.last for page in [first, *rest]] == [False, False, True]


async def test_each_account_of_a_seller_takes_its_currency(box: Box) -> None:
    """FIN-1: pounds and euros of one list; yen nobody has are said once, with the account to configure."""
    paid_out(box, content_of("uk"), "2001", EU_SELLER)
    paid_out(box, content_of("de"), "2002", EU_SELLER)
    paid_out(box, content_of("jp"), "2003", EU_SELLER)
    accounts = {
        "uk": account_of(EU_SELLER, marketplaces=["UK"]), "de": account_of(EU_SELLER, marketplaces=["DE", "FR"]), "us": account_of(US_SELLER),
    }  # fmt: skip
    found = {}
    for name in accounts:
        amazon = connected(box, accounts=accounts)
        async with source(amazon, name) as settlements:
            pages = await all_of(settlements.pages(""))
            assert await all_of(settlements.pages(pages[-1].position)) == [
                Page((), pages[-1].position, amazon.now(), request="GET /reports/2021-06-30/reports")
            ]
        problems = [problem.detail for page in pages for problem in page.problems]
        bodies = [
            settlement_mapping(amazon.settings)(item.payload, name)[0].body for page in pages for item in page.items
        ]
        found[name] = ([body["currency"] for body in bodies], problems)
    assert [currencies for currencies, _ in found.values()] == [["GBP"], ["EUR"], []]
    ((told,), others) = found["uk"][1], found["de"][1] + found["us"][1]
    assert others == []
    assert "is in JPY" in told
    assert "CAUSEWAY_AMAZON__ACCOUNTS__JPY" in told


async def test_a_report_that_cannot_be_read_is_a_problem_and_the_rest_goes_on(box: Box) -> None:
    paid_out(box, b"not\ta\tsettlement\n1\t2\t3\n", "1", days_ago=3)
    paid_out(box, content_of("us"), "2", days_ago=2)
    async with source(connected(box)) as settlements:
        broken, fine = await all_of(settlements.pages(""))
    assert ([problem.entity for problem in broken.problems], broken.items) == (["settlement"], ())
    assert [problem.key for problem in broken.problems] == ["amazon:main:settlement:report-1"]
    assert (len(fine.items), fine.problems) == (1, ())


async def test_a_store_of_documents_that_is_down_loses_nothing(box: Box) -> None:
    """ERR-2: no position goes past a report that was not read."""
    paid_out(box, content_of("us"), "1")
    box.faults({"kind": "status", "code": 503, "path": "^/documents/"})
    async with source(connected(box)) as settlements:
        with pytest.raises(TransientError):
            await anext(settlements.pages(""))
        box.faults()
        (page,) = await all_of(settlements.pages(""))
    assert len(page.items) == 1


async def test_resync_and_fetch(box: Box) -> None:
    """REC-3: from a time on, and by the ids of reports; one that is not there is a problem."""
    paid_out(box, content_of("us"), "1", days_ago=40)
    paid_out(box, content_of("us").replace(b"914.61", b"914.60"), "2", days_ago=2)
    amazon = connected(box)
    async with source(amazon) as settlements:
        assert [page.request[-1] for page in await all_of(settlements.resync(amazon.now() - timedelta(days=7)))] == [
            "2"
        ]
        assert len(keys(await all_of(settlements.resync(amazon.now() - timedelta(days=60))))) == 2
        found, missing = await all_of(settlements.fetch(["1", "9"]))
        assert (len(found.items), found.last, missing.last) == (1, False, True)
        assert [problem.key for problem in missing.problems] == ["amazon:main:settlement:report-9"]
        with pytest.raises(DataError, match="position"):
            await anext(settlements.pages("[]"))
