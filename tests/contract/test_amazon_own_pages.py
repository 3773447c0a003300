"""A page that our own write has made is not taken for somebody else's (INV-4, EVT-4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.amazon.listing_draft import OFFER_ONLY
from connectors.amazon.listing_maker import ListingMaker, Made
from connectors.amazon.listing_settings import AmazonListings
from connectors.kit.errors import TransientError
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, connected
from tests.unit.kit.catalogue.samples import product

OURS = "4006381333931"


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER,)) as found:
        yield found


async def test_a_listing_that_appears_between_two_looks_becomes_no_offer_on_its_own_page(box: Box) -> None:
    """It was not there when the batch was looked at: the answer to the write that made it was lost."""
    amazon, maker = connected(box), ListingMaker(AmazonListings())
    box.control("/sandbox/items", items=[{"sku": "N-1", "name": "Lamp", "gtin": OURS}])
    ours, theirs = await maker.make(
        amazon.client(), "main", [product(sku="N-1", barcode=OURS), product(sku="N-2", barcode=OURS)]
    )
    assert isinstance(ours, TransientError)
    assert isinstance(theirs, Made), "another SKU of the same barcode is an offer on that page"
    assert theirs.draft.requirements == OFFER_ONLY
    await maker.aclose()
    await amazon.aclose()
