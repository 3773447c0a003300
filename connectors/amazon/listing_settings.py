"""How products become listings at Amazon: the general part with Amazon's own tables as defaults."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from connectors.kit.catalogue.files import TableFiles
from connectors.kit.catalogue.prohibited import COMPETITORS
from connectors.kit.catalogue.settings import CatalogueSettings

DATA = Path(__file__).parent / "data"
CORE, EXAMPLE = DATA / "core.csv", DATA / "example"
# Parts of a listing a table's line can be for: values as they are, and texts, which have a language.
ATTRIBUTES, TEXTS = "attributes", "texts"


class AmazonListings(CatalogueSettings):
    """All of it has defaults; without a category table a product that Amazon has no page for waits for its category."""

    competitors: tuple[str, ...] = Field(
        ("walmart", *(name for name in COMPETITORS if name != "amazon")), description="shops no text may name"
    )
    offer_on_pages: bool = Field(
        True,
        description="a product whose barcode Amazon has a page for becomes an offer on that page; else a page of its own is asked for",
    )
    own_use_gtins: bool = Field(False, description="whether barcodes of a shop's own range are sent (sandboxes)")
    check_definitions: bool = Field(
        True,
        description="whether listings are checked against Amazon's schema of their product type before they are sent",
    )
    reference_hours: float = Field(24, gt=0, le=8760, description="how long definitions of product types are kept")
    stale_days: float = Field(30, ge=0, le=3650, description="how long they still serve when Amazon cannot be asked")
    cache_folder: str = Field(
        "", description="where they are kept; empty = the user's cache folder, for a sandbox memory only"
    )
    publish_ladder_seconds: tuple[float, ...] = Field(
        (30, 300, 900, 3600, 14_400), min_length=1, description="what was taken is looked at at these ages"
    )
    publish_hours: float = Field(
        48, gt=0, description="a listing that is neither published nor refused by then needs a person"
    )
    remove: bool = Field(
        False, description="a product no longer for sale is deleted at Amazon; else only its stock is set to 0"
    )

    def files(self) -> TableFiles:
        """Amazon's own tables come first, so that the user's lines stand instead of them."""
        own = self.table_files((ATTRIBUTES, TEXTS))
        return TableFiles(own.categories, (CORE, *own.attributes), own.colours, own.values, own.blocks)
