"""Items, prices and the taxonomy over HTTP (walmart.md sections 8 and 9)."""

import json
import random
import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.fault_rules import BAD_RECORD
from connectors.kit.sandbox.faults import faults_of
from connectors.walmart.sandbox import product_types
from connectors.walmart.sandbox.charges import Json, amount
from connectors.walmart.sandbox.errors import ITEMS, PRICES, ApiError
from connectors.walmart.sandbox.feed_work import price_of
from connectors.walmart.sandbox.gate import Passed, exact, invalid, json_body, number_of
from connectors.walmart.sandbox.item_rules import ItemError
from connectors.walmart.sandbox.item_spec import MAX_TYPES, feed_schema
from connectors.walmart.sandbox.item_store import Item, ItemFilter
from connectors.walmart.sandbox.stock_store import Origin
from connectors.walmart.sandbox.world import World

MAX_OFFSET = 10_000
ID_TYPES = ("SKU", "GTIN", "UPC", "EAN", "ISBN", "ITEM_ID")
SPEC_FEEDS = ("MP_ITEM", "MP_MAINTENANCE")
PRICE_MESSAGE = (
    "Thank you. Your price has been updated. Please allow up to five minutes for this change to be reflected."
)
RETIRE_MESSAGE = "Thank you. Your item has been submitted for retirement. Please note that it can take up to 48 hours."


@dataclass
class _Scroll:
    """An open item cursor: the SKUs as they were when it was opened."""

    account: str
    skus: list[str]
    expires: float


class ItemApi:
    """Handlers over a World. Item cursors live in memory, as short as they live."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._scrolls: dict[str, _Scroll] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/v3/items", self.items, methods=["GET"]),
            Route("/v3/items/taxonomy", self.taxonomy, methods=["GET"]),
            Route("/v3/items/spec", self.spec, methods=["POST"]),
            Route("/v3/items/{id:path}", self.item, methods=["GET"]),
            Route("/v3/items/{id:path}", self.retire, methods=["DELETE"]),
            Route("/v3/utilities/taxonomy", self.taxonomy, methods=["GET"]),
            Route("/v3/utilities/taxonomy/departments", self.departments, methods=["GET"]),
            Route("/v3/utilities/taxonomy/departments/{id}", self.department, methods=["GET"]),
            Route("/v3/price", self.price, methods=["PUT"]),
        ]

    async def items(self, request: Request) -> Response:
        operation = "items_query" if request.query_params else "items"
        passed = self.world.gate.enter(request, operation, "item")
        limit = number_of(request, "limit", 1, self.world.settings.item_page_max, 20)
        offset = number_of(request, "offset", 0, MAX_OFFSET, 0)
        wanted = ItemFilter(
            exact(request, "sku"),
            request.query_params.get("lifecycleStatus"),
            request.query_params.get("publishedStatus"),
            request.query_params.get("variantGroupId"),
        )
        cursor = request.query_params.get("nextCursor")
        if cursor is None:
            total = self.world.items.count(passed.account.client_id, wanted)
            found = self.world.items.page(passed.account.client_id, wanted, limit, offset)
        else:
            cursor, scroll = self._scroll(passed, cursor, wanted)
            total = len(scroll.skus)
            known = (self.world.items.get(scroll.account, sku) for sku in scroll.skus[offset : offset + limit])
            found = [item for item in known if item is not None]
        if not found and (offset or wanted != ItemFilter()):
            raise ApiError("CONTENT_NOT_FOUND", "no items match", component=ITEMS)
        body: Json = {"ItemResponse": self._shown(request, found), "totalItems": total}
        body |= {} if cursor is None else {"nextCursor": cursor}
        return JSONResponse(body, headers=passed.headers)

    def _scroll(self, passed: Passed, cursor: str, wanted: ItemFilter) -> tuple[str, _Scroll]:
        """The cursor stays the same for all pages; its life begins anew with each use."""
        self._scrolls = {name: one for name, one in self._scrolls.items() if one.expires > passed.now}
        expires = passed.now + self.world.settings.cursor_seconds
        account = passed.account.client_id
        if cursor == "*":
            cursor = secrets.token_urlsafe(48)
            self._scrolls[cursor] = _Scroll(account, self.world.items.skus(account, wanted), expires)
        scroll = self._scrolls.get(cursor)
        if scroll is None or scroll.account != account:
            raise invalid("nextCursor", "the cursor is invalid or expired")
        scroll.expires = expires
        return cursor, scroll

    async def item(self, request: Request) -> Response:
        """One item; the answer is a list all the same."""
        operation = "item_query" if request.query_params else "item"
        passed = self.world.gate.enter(request, operation, "item")
        kind = request.query_params.get("productIdType", "SKU")
        if kind not in ID_TYPES:
            raise invalid("productIdType", f"one of {', '.join(ID_TYPES)} is expected")
        found = self._by_id(passed.account.client_id, kind, request.path_params["id"])
        if not found:
            raise ApiError("CONTENT_NOT_FOUND", "no such item", field="id", component=ITEMS)
        body = {"ItemResponse": self._shown(request, found), "totalItems": len(found)}
        return JSONResponse(body, headers=passed.headers)

    def _by_id(self, account: str, kind: str, text: str) -> list[Item]:
        if kind == "SKU":
            item = self.world.items.get(account, text)
            return [item] if item is not None else []
        if kind == "ITEM_ID":
            return self.world.items.by_wpid(account, text)
        return self.world.items.by_gtin(account, text.zfill(14))

    async def retire(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "retire", "item", change=True)
        found = self._by_id(passed.account.client_id, "SKU", request.path_params["id"])
        if not found:
            raise ApiError("CONTENT_NOT_FOUND", "no such item", field="sku", component=ITEMS)
        self.world.items.put([self.world.feed_work.retired(found[0], passed.now)])
        body = {"sku": found[0].sku, "message": RETIRE_MESSAGE, "additionalAttributes": None, "errors": None}
        return JSONResponse(body, headers=passed.headers)

    async def price(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "price", "price", change=True)
        await json_body(request)
        body = json.loads(await request.body(), parse_float=Decimal)
        sku = body.get("sku") if isinstance(body, dict) else None
        item = self.world.items.get(passed.account.client_id, sku) if isinstance(sku, str) else None
        if item is None:
            raise ApiError("CONTENT_NOT_FOUND", "no such item", field="sku", component=PRICES)
        try:
            cents, kind = price_of(body)
        except ItemError as error:
            first = error.errors[0]
            text = first.description
            raise ApiError("INVALID_REQUEST_CONTENT", text, field=first.field, component=PRICES) from error
        origin = Origin(passed.now, passed.now, "put", request.headers["WM_QOS.CORRELATION_ID"])
        self.world.feed_work.set_price(item, cents, kind, origin)
        answer = {"mart": "WALMART_US", "sku": item.sku, "message": PRICE_MESSAGE}
        return JSONResponse({"ItemPriceResponse": answer}, headers=passed.headers)

    async def taxonomy(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "taxonomy", "item")
        return JSONResponse({"status": "SUCCESS", "payload": product_types.taxonomy()}, headers=passed.headers)

    async def departments(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "taxonomy", "item")
        return JSONResponse({"status": "SUCCESS", "payload": product_types.departments()}, headers=passed.headers)

    async def department(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "taxonomy", "item")
        found = product_types.department(request.path_params["id"])
        if found is None:
            raise ApiError("CONTENT_NOT_FOUND", "no such department", field="departmentId", component=ITEMS)
        return JSONResponse({"status": "SUCCESS", "response": found}, headers=passed.headers)

    async def spec(self, request: Request) -> Response:
        """{"feedType": "MP_ITEM", "version": ..., "productTypes": [...]} -> {"schema": ...}"""
        passed = self.world.gate.enter(request, "item_spec", "item")
        body = await json_body(request)
        wanted = body if isinstance(body, dict) else {}
        if wanted.get("feedType") not in SPEC_FEEDS:
            raise _content("feedType", f"one of {', '.join(SPEC_FEEDS)} is expected")
        version = wanted.get("version")
        if version not in self.world.settings.item_versions:
            raise _content("version", "this version of the item spec is not served")
        names = wanted.get("productTypes")
        if not isinstance(names, list) or not 1 <= len(names) <= MAX_TYPES:
            raise _content("productTypes", f"1 to {MAX_TYPES} product types are expected")
        unknown = [name for name in names if name not in product_types.BY_NAME]
        if unknown:
            raise _content("productTypes", f"unknown product types: {', '.join(map(str, unknown))}")
        types = [product_types.BY_NAME[name] for name in names]
        return JSONResponse({"schema": feed_schema(wanted["feedType"], version, types)}, headers=passed.headers)

    def _shown(self, request: Request, items: list[Item]) -> list[Any]:
        shown = [shown_item(item) for item in items]
        faults = faults_of(request.scope)
        if shown and faults.strikes(BAD_RECORD):
            rng = random.Random(f"{faults.plan.seed}:{faults.plan.counts[BAD_RECORD]}")
            at = rng.randrange(len(shown))
            shown[at] = {**shown[at], "price": rng.choice(("much", None, [])), "shelf": "not JSON"}
        return shown


def shown_item(item: Item) -> Json:
    """An item as the API gives it."""
    upc = item.gtin[2:] if item.gtin.startswith("00") else ""
    shelf = json.dumps(product_types.shelf_of(item.product_type), separators=(",", ":"))
    shown: Json = {
        "mart": "WALMART_US",
        "sku": item.sku,
        "wpid": item.wpid,
        "upc": upc,
        "gtin": item.gtin,
        "productName": item.name,
        "shelf": shelf,
        "productType": item.product_type,
        "price": {"currency": "USD", "amount": amount(item.price_cents)},
        "publishedStatus": item.published,
    }
    if item.reasons:
        shown["unpublishedReasons"] = {"reason": list(item.reasons)}
    shown["lifecycleStatus"] = item.lifecycle
    if item.variant_group:
        pairs = [{"name": name, "value": value} for name, value in item.variant_attributes]
        shown["variantGroupId"] = item.variant_group
        shown["variantGroupInfo"] = {"isPrimary": item.is_primary, "groupingAttributes": pairs}
    return shown


def _content(field: str, description: str) -> ApiError:
    return ApiError("INVALID_REQUEST_CONTENT", description, field=field, component=ITEMS)
