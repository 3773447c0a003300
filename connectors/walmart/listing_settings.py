"""How products become listings at Walmart: the general part with Walmart's own tables as defaults."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from connectors.kit.catalogue.files import TableFiles
from connectors.kit.catalogue.settings import CatalogueSettings
from connectors.walmart.listing import BLOCKS

DATA = Path(__file__).parent / "data"
CORE, COLOURS = DATA / "core.csv", DATA / "colours.csv"
EXAMPLE = DATA / "example"


class ListingSettings(CatalogueSettings):
    """All of it has defaults; without a category table every product waits for its category."""

    spec_version: str = Field(
        "5.0.20260608-18_15_07-api", min_length=1, description="item spec; Walmart rolls it every few weeks"
    )
    check_spec: bool = Field(
        True, description="whether items are checked against the published item spec before they are sent"
    )
    reference_hours: float = Field(24, gt=0, le=8760, description="how long taxonomy and item spec are kept")
    stale_days: float = Field(30, ge=0, le=3650, description="how long they still serve when Walmart cannot be asked")
    cache_folder: str = Field("", description="where they are kept; empty = the user's cache folder")
    own_use_gtins: bool = Field(False, description="whether barcodes of a shop's own range are sent (sandboxes)")

    def files(self) -> TableFiles:
        """Walmart's own tables come first, so that the user's lines stand instead of them."""
        own = self.table_files(BLOCKS)
        return TableFiles(own.categories, (CORE, *own.attributes), own.colours or (COLOURS,), own.values, BLOCKS)
