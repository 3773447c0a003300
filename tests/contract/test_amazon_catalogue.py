"""The catalogue over the sandbox: listings in, their status and issues followed (PRD-2, PRD-4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from connectors.amazon.catalogue import AmazonCatalogue, listing_mapping
from connectors.amazon.sandbox.settings import EU_SELLER
from connectors.kit.ports import Page
from connectors.kit.sandbox.catalog import CATALOG
from schemas.records import Listing
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, all_of, connected
from tests.unit.failure.samples import codec


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER, EU_SELLER)) as found:
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box)
    yield one
    await one.aclose()


def source(amazon: Connected, account: str = "main") -> AmazonCatalogue:
    return AmazonCatalogue(amazon.settings, account, amazon.client(account), amazon.now)


def listings(amazon: Connected, pages: list[Page], account: str = "main") -> dict[str, Listing]:
    mapping, found = listing_mapping(amazon.settings), {}
    for item in (item for page in pages for item in page.items):
        (record,) = mapping(item.payload, account)
        assert record.key == item.key
        body: Listing = codec().decode("listing", codec().encode("listing", record.body))
        found[body["sku"]] = body
    assert not [problem for page in pages for problem in page.problems]
    return found


def price_of(body: Listing) -> tuple[str, str]:
    assert body["price"] is not None
    return body["price"]["amount"], body["price"]["currency"]


async def test_the_whole_catalogue_is_read(box: Box, amazon: Connected) -> None:
    """PRD-2: every item with its ASIN, price, quantity and page by page."""
    box.control("/sandbox/items", catalog=True, stock=5)
    box.clock.tick(600)
    found = listings(amazon, await all_of(source(amazon).pages("")))
    assert set(found) == {one.sku for one in CATALOG}
    for one in CATALOG:
        body = found[one.sku]
        assert body["title"] == one.name
        assert price_of(body) == (f"{one.price_cents / 100:.2f}", "USD")
        assert (body["status"], body["attributes"]["quantity"], body["attributes"]["fulfilment"]) == (
            "published",
            "5",
            "seller",
        )
        assert body["item_id"].startswith("B0")


async def test_more_than_a_search_gives(box: Box, amazon: Connected) -> None:
    """PRD-2: Amazon pages through 1000 at most; made over some days, all are read."""
    for day in range(3):
        box.control("/sandbox/items", count=350, prefix=f"D{day}-", seed=day)
        box.clock.tick(86_400)
    found = listings(amazon, await all_of(source(amazon).pages("")))
    assert len(found) == 1050


async def test_an_issue_that_comes_later_is_seen(box: Box, amazon: Connected) -> None:
    """PRD-4: taken off sale by Amazon; what is wrong stands in the listing. So is a price that somebody changed."""
    box.control("/sandbox/items", items=[{"sku": "LAMP"}, {"sku": "CHAIR"}], stock=3)
    box.clock.tick(600)
    first = await all_of(source(amazon).pages(""))
    assert {body["status"] for body in listings(amazon, first).values()} == {"published"}
    box.clock.tick(3 * 3600)
    box.control(
        "/sandbox/items/LAMP/change", kind="suppress", code="18742", message="Restricted", attributes=["item_name"]
    )
    box.control("/sandbox/items/CHAIR/change", kind="price", amount="12.34")
    box.clock.tick(600)
    changed = listings(amazon, await all_of(source(amazon).pages(first[-1].position)))
    assert changed["CHAIR"]["price"] == {"amount": "12.34", "currency": "USD"}
    assert changed["LAMP"]["status"] == "unpublished"
    assert changed["LAMP"]["problems"] == [{"code": "18742", "field": "item_name", "detail": "Restricted"}]


@pytest.mark.parametrize(("seconds", "seen"), [(150, set()), (2, {"LAMP"})])
async def test_only_a_sandbox_is_asked_for_what_changed_a_moment_ago(box: Box, seconds: int, seen: set[str]) -> None:
    amazon = connected(box, horizon_seconds=seconds)
    box.control("/sandbox/items", items=[{"sku": "LAMP"}])
    box.clock.tick(5)
    assert set(listings(amazon, await all_of(source(amazon).pages("")))) == seen
    await amazon.aclose()


async def test_what_amazon_ships_has_no_quantity_of_the_sellers(box: Box, amazon: Connected) -> None:
    """ORD-10"""
    box.control("/sandbox/items", items=[{"sku": "FBA-1", "fba": 40}])
    box.clock.tick(600)
    (body,) = listings(amazon, await all_of(source(amazon).pages(""))).values()
    assert body["attributes"]["fulfilment"] == "marketplace"
    assert "quantity" not in body["attributes"]


async def test_an_account_reads_its_own_marketplaces(box: Box) -> None:
    """AUTH-2: one seller, two accounts; each sees its price."""
    accounts = {name: account_of(EU_SELLER, marketplaces=[name.upper()]) for name in ("uk", "de")}
    amazon = connected(box, accounts=accounts)
    items = [{"sku": "BOTH", "marketplaces": ["UK", "DE"]}, {"sku": "ONLY", "marketplaces": ["DE"]}]
    box.control("/sandbox/items", account=EU_SELLER.seller_id, items=items)
    box.clock.tick(600)
    found = {name: listings(amazon, await all_of(source(amazon, name).pages("")), name) for name in accounts}
    await amazon.aclose()
    assert {name: set(bodies) for name, bodies in found.items()} == {"uk": {"BOTH"}, "de": {"BOTH", "ONLY"}}
    assert [price_of(bodies["BOTH"])[1] for bodies in found.values()] == ["GBP", "EUR"]


async def test_odd_skus_are_fetched(box: Box, amazon: Connected) -> None:
    """REC-3"""
    box.control("/sandbox/items", items=[{"sku": "A, B/Ä%"}])
    found = listings(amazon, await all_of(source(amazon).fetch(["A, B/Ä%"])))
    assert list(found) == ["A, B/Ä%"]
