"""Catalog Items 2022-04-01: searchCatalogItems by identifiers or keywords, getCatalogItem (amazon.md section 11).

Every block is a list by marketplace. The sandbox's pages are the same in all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox.definitions_api import marketplaces_of
from connectors.amazon.sandbox.errors import ApiError, invalid
from connectors.amazon.sandbox.gate import Passed, listed, only, whole
from connectors.amazon.sandbox.listing_catalogue import Catalogue, Page
from connectors.amazon.sandbox.listing_search import included
from connectors.amazon.sandbox.listing_store import ListingStore
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.seals import Seal
from connectors.kit.sandbox.steering import Json

ASIN_LENGTH = 10
PATH = "/catalog/2022-04-01/items"
BLOCKS = (
    "attributes",
    "classifications",
    "dimensions",
    "identifiers",
    "images",
    "productTypes",
    "relationships",
    "salesRanks",
    "summaries",
    "vendorDetails",
)
ID_TYPES = ("ASIN", "EAN", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC")
_WORDS = {"keywords", "brandNames", "classificationIds", "keywordsLocale"}
_IDS = {"identifiers", "identifiersType", "sellerId"}
_COMMON = {"marketplaceIds", "includedData", "locale", "pageSize", "pageToken"}


class CatalogApi(Part):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._store = ListingStore(world.database)
        self.catalogue = Catalogue(self._store)
        self._seal = Seal("catalog", world.settings.seed)

    def routes(self) -> list[Route]:
        return [Route(PATH, self.search, methods=["GET"]), Route(f"{PATH}/{{asin:path}}", self.item, methods=["GET"])]

    async def item(self, request: Request) -> Response:
        passed, params = self.world.gate.enter(request, "getCatalogItem"), request.query_params
        only(params, {"marketplaceIds", "includedData", "locale"})
        places, wanted = marketplaces_of(passed, request), included(params, BLOCKS)
        asin = request.path_params["asin"]
        if len(asin) != ASIN_LENGTH or not asin.isalnum():
            raise invalid("asin: ten letters and digits.")
        page = self.catalogue.by_asin(asin)
        if page is None:
            raise ApiError(404, "The resource specified does not exist.", "No such ASIN.")
        return passed.answer(shown(page, places, wanted))

    async def search(self, request: Request) -> Response:
        passed, params = self.world.gate.enter(request, "searchCatalogItems"), request.query_params
        only(params, _COMMON | _WORDS | _IDS)
        places, wanted = marketplaces_of(passed, request, 1), included(params, BLOCKS)
        found = self._identified(passed, params) if "identifiers" in params else self._worded(passed, params)
        size, query = whole(params, "pageSize", 1, 20, 10), self._query(params)
        offset = self._offset(params["pageToken"], query) if "pageToken" in params else 0
        page = found[offset : offset + size]
        body: Json = {"numberOfResults": len(found)}
        tokens = {"nextToken": offset + size} if offset + size < len(found) else {}
        tokens |= {"previousToken": max(0, offset - size)} if offset else {}
        if tokens:
            body["pagination"] = {name: self._seal.closed([query, at]) for name, at in tokens.items()}
        if "identifiers" not in params:
            body["refinements"] = {"brands": _brands(found), "classifications": []}
        return passed.answer({**body, "items": [shown(one, places, wanted) for one in page]})

    def _identified(self, passed: Passed, params: Mapping[str, str]) -> list[Page]:
        ids, kind = listed(params, "identifiers", 20), params.get("identifiersType")
        if foreign := sorted(_WORDS & set(params)):
            raise invalid(f"{foreign[0]} cannot be used with identifiers.")
        if kind not in ID_TYPES:
            raise invalid(f"identifiersType: one of {', '.join(ID_TYPES)} is expected.")
        if kind == "SKU" and params.get("sellerId") != passed.account:
            raise invalid("sellerId is required when identifiersType is SKU.")
        found = (self._page(passed.account, str(kind), one) for one in ids)
        return list({page.asin: page for page in found if page is not None}.values())

    def _page(self, account: str, kind: str, text: str) -> Page | None:
        if kind == "ASIN":
            return self.catalogue.by_asin(text)
        if kind == "SKU":
            listing = self._store.get(account, text)
            return self.catalogue.by_asin(listing.asin) if listing else None
        return self.catalogue.by_gtin(text) if text.isdigit() and len(text) <= 14 else None

    def _worded(self, passed: Passed, params: Mapping[str, str]) -> list[Page]:
        words = [word.casefold() for word in listed(params, "keywords", 20)]
        if not words or _IDS & set(params):
            raise invalid("Either keywords or identifiers is required.")
        brands = {brand.casefold() for brand in listed(params, "brandNames", 100)}
        return [
            page
            for page in self.catalogue.all(passed.account)
            if all(word in page.title.casefold() for word in words) and (not brands or page.brand.casefold() in brands)
        ]

    def _query(self, params: Mapping[str, str]) -> list[list[str]]:
        return sorted([name, value] for name, value in params.items() if name not in ("pageToken", "pageSize"))

    def _offset(self, token: str, query: list[list[str]]) -> int:
        try:
            before, offset = self._seal.opened(token)
        except ValueError as error:
            raise invalid("pageToken is not valid.") from error
        if before != query:
            raise invalid("pageToken belongs to another search.")
        return int(offset)


def shown(page: Page, places: Sequence[str], wanted: Sequence[str]) -> Json:
    """Item of the model."""
    found: Json = {"asin": page.asin}
    if "attributes" in wanted:
        here = {"marketplace_id": places[0]}
        found["attributes"] = {"item_name": [{"value": page.title, **here}], "brand": [{"value": page.brand, **here}]}
    blocks: dict[str, Json] = {
        "classifications": {"classifications": []},
        "dimensions": {"package": {"weight": {"unit": "grams", "value": page.weight_grams}}}
        if page.weight_grams
        else {},
        "identifiers": {"identifiers": identifiers(page)},
        "images": {
            "images": [{"variant": "MAIN", "link": page.image, "height": 1000, "width": 1000}] if page.image else []
        },
        "productTypes": {"productType": page.product_type},
        "relationships": {"relationships": []},
        "salesRanks": {"displayGroupRanks": []},
        "summaries": _summary(page),
        "vendorDetails": {},
    }
    for name, block in blocks.items():
        if name in wanted:
            found[name] = [{"marketplaceId": place, **block} for place in places]
    return found


def identifiers(page: Page) -> list[Json]:
    if not page.gtin:
        return []
    upc = page.gtin[2:] if page.gtin.startswith("00") else ""
    kinds: dict[str, Any] = {"GTIN": page.gtin, "EAN": page.gtin[1:] if page.gtin.startswith("0") else "", "UPC": upc}
    return [{"identifierType": kind, "identifier": text} for kind, text in kinds.items() if text]


def _summary(page: Page) -> Json:
    kind = "PRODUCT_BUNDLE" if page.bundle else "BASE_PRODUCT"
    return {"brand": page.brand, "itemName": page.title, "itemClassification": kind, "packageQuantity": 1}


def _brands(pages: Sequence[Page]) -> list[Json]:
    brands = sorted({page.brand for page in pages if page.brand})
    return [{"numberOfResults": sum(page.brand == brand for page in pages), "brandName": brand} for brand in brands]
