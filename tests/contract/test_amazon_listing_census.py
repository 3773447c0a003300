"""Listings that are gone, over the sandbox: found by what the pipeline holds and nobody has read lately (PRD-2, REC-4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from datetime import datetime, timedelta

import pytest

from connectors.amazon.catalogue import listing_mapping
from connectors.amazon.listing_census import AmazonListingCensus
from connectors.kit.metrics import CENSUS_IDS
from connectors.kit.ports import Page
from schemas.records import Listing
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, all_of, connected
from tests.unit.failure.samples import codec
from tests.waiting import until


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER,)) as found:
        found.control("/sandbox/items", items=[{"sku": sku} for sku in ("READ", "MISSED", "A, B/\u00c4%")], stock=3)
        found.clock.tick(600)
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box)
    yield one
    await one.aclose()


def census(amazon: Connected, held: Collection[str], read: Collection[str]) -> AmazonListingCensus:
    """A census of a pipeline that holds these SKUs as shown, and another account's; `read`: those published lately."""

    async def known(entity: str) -> frozenset[str]:
        assert entity == "listing"
        return frozenset(
            {"walmart:main:item:OTHER", "amazon:uk:item:OTHER", *(f"amazon:main:item:{sku}" for sku in held)}
        )

    async def seen(source: str, entity: str, since: datetime) -> Mapping[str, int]:
        assert (source, entity, since) == ("amazon", "item", amazon.now() - timedelta(days=2))
        return {f"amazon:main:item:{sku}": 0 for sku in read}

    return AmazonListingCensus(amazon.settings, "main", amazon.client(), amazon.now, known, seen)


def asked(box: Box) -> int:
    """Listings that were asked for one by one."""
    return sum(f"/listings/2021-08-01/items/{US_SELLER.seller_id}/" in call.path for call in box.app.calls.latest)


def statuses(amazon: Connected, pages: list[Page]) -> dict[str, str]:
    mapping, found = listing_mapping(amazon.settings), {}
    for item in (item for page in pages for item in page.items):
        (record,) = mapping(item.payload, "main")
        assert (record.key, record.version) == (item.key, 0)
        body: Listing = codec().decode("listing", codec().encode("listing", record.body))
        found[body["sku"]] = body["status"]
    return found


async def test_what_amazon_does_not_know_is_told_as_gone(box: Box, amazon: Connected) -> None:
    """PRD-2: its last status would stand for ever; what is there was missed and comes in; what was read is not asked for."""
    before = asked(box)
    counted = CENSUS_IDS.labels("amazon", "main", "listing_census", "vanished")._value.get()
    pages = await all_of(census(amazon, ("READ", "MISSED", "A, B/\u00c4%", "DELETED"), ("READ",)).pages(""))
    assert statuses(amazon, pages) == {"MISSED": "published", "A, B/\u00c4%": "published", "DELETED": "retired"}
    until(lambda: asked(box) == before + 3, "each is asked for, once")
    assert CENSUS_IDS.labels("amazon", "main", "listing_census", "vanished")._value.get() == counted + 1
    assert [(page.last, page.read_until) for page in pages] == [(False, None), (True, amazon.now())]


async def test_a_listing_that_was_deleted_is_gone_and_one_made_again_is_back(box: Box, amazon: Connected) -> None:
    box.control("/sandbox/items/READ/change", kind="delete")
    assert statuses(amazon, await all_of(census(amazon, ("READ",), ()).pages(""))) == {"READ": "retired"}
    box.control("/sandbox/items", items=[{"sku": "READ"}], stock=1)
    assert statuses(amazon, await all_of(census(amazon, (), ()).fetch(["READ"]))) == {"READ": "published"}


async def test_nothing_is_asked_while_all_was_read(box: Box, amazon: Connected) -> None:
    before = asked(box)
    (page,) = await all_of(census(amazon, ("READ", "MISSED"), ("READ", "MISSED")).pages(""))
    assert (page.items, page.last, asked(box)) == ((), True, before)


async def test_many_that_are_gone_come_in_pages(amazon: Connected) -> None:
    """EVT-3: a kill in between costs the page it was in, for what was published is among what was read."""
    skus = [f"GONE-{number:02}" for number in range(45)]
    pages = await all_of(census(amazon, skus, ()).pages(""))
    assert [len(page.items) for page in pages] == [20, 20, 5, 0]
    assert set(statuses(amazon, pages).values()) == {"retired"}
