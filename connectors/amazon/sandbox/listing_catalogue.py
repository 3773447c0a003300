"""Amazon's catalogue: the pages of the sandbox's products, and those that listings have made. A page is everyone's."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.amazon.sandbox.definitions_types import type_of
from connectors.amazon.sandbox.generated_items import asin_of
from connectors.amazon.sandbox.listing_changes import Pages
from connectors.amazon.sandbox.listing_store import Listing, ListingStore
from connectors.kit.sandbox.catalog import BUNDLES, CATALOG, Product

BRAND = "Causeway Example"


@dataclass(frozen=True)
class Page:
    """gtin: 14 digits or nothing; image: address of the main image or nothing; sku: of the seller that made it, for the search by SKU."""

    asin: str
    title: str
    brand: str
    product_type: str
    gtin: str
    image: str = ""
    weight_grams: int = 0
    bundle: bool = False


def page_of(product: Product) -> Page:
    gtin = product.barcode.zfill(14)
    more = (product.weight_grams, product in BUNDLES)
    return Page(asin_of(product.sku), product.name, BRAND, type_of(product.name), gtin, "", *more)


_BY_ASIN = {page.asin: page for page in map(page_of, CATALOG)}
_BY_GTIN = {page.gtin: page for page in _BY_ASIN.values()}


class Catalogue:
    """Over the listings of all sellers."""

    def __init__(self, store: ListingStore) -> None:
        self._store = store
        self.pages = Pages(self._asin_of_gtin, self.known, asin_of)

    def by_asin(self, asin: str) -> Page | None:
        if asin in _BY_ASIN:
            return _BY_ASIN[asin]
        made = self._store.by_asin(asin)
        return _made(made) if made else None

    def by_gtin(self, gtin: str) -> Page | None:
        """gtin: as written, of 8 to 14 digits."""
        gtin = gtin.zfill(14)
        if gtin in _BY_GTIN:
            return _BY_GTIN[gtin]
        asin = self._store.asin_of(gtin)
        return self.by_asin(asin) if asin else None

    def all(self, account: str) -> list[Page]:
        """The sandbox's own pages and the seller's."""
        own = {listing.asin: _made([listing]) for listing in self._store.all(account)}
        return list({**own, **_BY_ASIN}.values())

    def known(self, asin: str) -> bool:
        """Whether a page is Amazon's own, which every seller may offer on."""
        return asin in _BY_ASIN

    def title(self, listing: Listing) -> str:
        page = _BY_ASIN.get(listing.asin)
        return page.title if page else ""

    def _asin_of_gtin(self, gtin: str) -> str:
        return _BY_GTIN[gtin].asin if gtin in _BY_GTIN else self._store.asin_of(gtin)


def _made(listings: Sequence[Listing]) -> Page:
    """What the first listing of a page says of it."""
    first = listings[0]

    def text(name: str, part: str = "value") -> str:
        values = first.attributes.get(name, [])
        return str(values[0].get(part, "")) if values else ""

    kind = next(iter(first.places.values()), {}).get("product_type", "PRODUCT")
    image = text("main_product_image_locator", "media_location")
    return Page(first.asin, text("item_name"), text("brand"), str(kind), first.gtin, image)
