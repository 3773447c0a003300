"""Stock over HTTP: single SKU, all SKUs, ship nodes, and Walmart's own warehouses (walmart.md section 7)."""

import base64
import binascii
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.faults import faults_of
from connectors.walmart.sandbox import item_rules
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.errors import INVENTORY, ApiError
from connectors.walmart.sandbox.gate import Passed, exact, invalid, json_body, number_of, required
from connectors.walmart.sandbox.item_rules import ItemError
from connectors.walmart.sandbox.item_store import Item, ItemFilter
from connectors.walmart.sandbox.query import iso_of, moment_of
from connectors.walmart.sandbox.stock_store import Origin, Stock
from connectors.walmart.sandbox.world import World

MAX_LISTED, MAX_WFS = 50, 300
CURSOR_LOOP = "cursor_loop"


class InventoryApi:
    """Handlers over a World."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return [
            Route("/v3/inventory", self.read, methods=["GET"]),
            Route("/v3/inventory", self.write, methods=["PUT"]),
            Route("/v3/inventories", self.all, methods=["GET"]),
            Route("/v3/inventories/{sku:path}", self.nodes, methods=["GET"]),
            Route("/v3/inventories/{sku:path}", self.write_nodes, methods=["PUT"]),
            Route("/v3/fulfillment/inventory", self.wfs, methods=["GET"]),
            Route("/v3/settings/shipping/shipnodes", self.ship_nodes, methods=["GET"]),
        ]

    async def read(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "inventory_read", "inventory")
        item = self._item(passed, required(request, "sku"))
        node = self._node(passed, request.query_params.get("shipNode"))
        amount = next((one.amount for one in self._stock(passed, item) if one.node == node), 0)
        return JSONResponse({"sku": item.sku, "quantity": _each(amount)}, headers=passed.headers)

    async def write(self, request: Request) -> Response:
        """An absolute number; the answer echoes it."""
        passed = self.world.gate.enter(request, "inventory_write", "inventory", change=True)
        sku, body = required(request, "sku"), await json_body(request)
        if not isinstance(body, dict) or body.get("sku") != sku:
            raise _content("sku", "the SKU is required in the query and in the body, the same in both")
        amount = _amount(body.get("quantity"))
        item = self._item(passed, sku)
        node = self._node(passed, request.query_params.get("shipNode"))
        self._put(request, passed, item, node, amount)
        return JSONResponse({"sku": item.sku, "quantity": _each(amount)}, headers=passed.headers)

    async def all(self, request: Request) -> Response:
        """All SKUs with their nodes. The cursor is opaque, changes with each page and holds for the same limit only."""
        passed = self.world.gate.enter(request, "inventories_read", "inventory")
        limit, account = number_of(request, "limit", 1, MAX_LISTED, 10), passed.account.client_id
        offset = _offset(request.query_params.get("nextCursor"), limit)
        skus = self.world.items.skus(account, ItemFilter(), wfs=False)
        page = skus[offset : offset + limit]
        meta: Json = {"totalCount": len(skus)}
        following = offset if page and faults_of(request.scope).strikes(CURSOR_LOOP) else offset + len(page)
        if page and following < len(skus):
            meta["nextCursor"] = _cursor(following, limit)
        stock, reserved = self.world.stock.of_many(account, page), self.world.reserved(account, passed.now)
        default = self.world.settings.nodes_of(account)[0]
        rows = [
            {"sku": sku, "nodes": _nodes(stock.get(sku) or [_nothing(default)], reserved[sku], default)} for sku in page
        ]
        return JSONResponse({"meta": meta, "elements": {"inventories": rows}}, headers=passed.headers)

    async def nodes(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "inventories_read", "inventory")
        item, account = self._item(passed, request.path_params["sku"]), passed.account.client_id
        wanted, default = request.query_params.get("shipNode"), self.world.settings.nodes_of(account)[0]
        stock = self._stock(passed, item) or [_nothing(default)]
        if wanted is not None:
            node = self._node(passed, wanted)
            stock = [one for one in stock if one.node == node] or [_nothing(node)]
        shown = _nodes(stock, self.world.reserved(account, passed.now)[item.sku], default)
        return JSONResponse({"sku": item.sku, "nodes": shown}, headers=passed.headers)

    async def write_nodes(self, request: Request) -> Response:
        """A number per node. 200 also when some or all nodes fail: each says for itself."""
        passed = self.world.gate.enter(request, "inventories_write", "inventory", change=True)
        body, item = await json_body(request), self._item(passed, request.path_params["sku"])
        nodes = body.get("inventories", {}).get("nodes") if isinstance(body, dict) else None
        if not isinstance(nodes, list) or not nodes or not all(isinstance(node, dict) for node in nodes):
            raise _content("inventories.nodes", "a list of ship nodes is expected")
        shown = [self._write_node(request, passed, item, node) for node in nodes]
        return JSONResponse({"sku": item.sku, "nodes": shown}, headers=passed.headers)

    def _write_node(self, request: Request, passed: Passed, item: Item, wanted: Json) -> Json:
        node = wanted.get("shipNode")
        try:
            known = self._node(passed, node if isinstance(node, str) else "")
            self._put(request, passed, item, known, _amount(wanted.get("inputQty")))
        except ApiError as error:
            return {"shipNode": str(node), "status": "Failure", "errors": [error.as_json()]}
        return {"shipNode": known, "status": "Success"}

    async def wfs(self, request: Request) -> Response:
        """Stock in Walmart's warehouses, of the items sold from there."""
        passed = self.world.gate.enter(request, "wfs_inventory", "inventory")
        limit, offset = number_of(request, "limit", 1, MAX_WFS, 10), number_of(request, "offset", 0, 10**9, 0)
        since = moment_of(request.query_params, "fromModifiedDate")
        until = moment_of(request.query_params, "toModifiedDate", end=True)
        wanted = ItemFilter(sku=exact(request, "sku"))
        account = passed.account.client_id
        found = []
        stock = self.world.stock.of_many(account, self.world.items.skus(account, wanted, wfs=True))
        for sku, nodes in stock.items():
            changed = max(int(node.applied_at * 1000) for node in nodes)
            if (since is None or changed >= since) and (until is None or changed <= until):
                found.append({"sku": sku, "shipNodes": [self._wfs_node(passed, sku, node) for node in nodes]})
        head = {"totalCount": len(found), "limit": limit, "offset": offset}
        body = {"headers": head, "payload": {"inventory": found[offset : offset + limit]}}
        return JSONResponse(body, headers=passed.headers)

    def _wfs_node(self, passed: Passed, sku: str, stock: Stock) -> Json:
        held = self.world.reserved(passed.account.client_id, passed.now)[sku]
        return {
            "modifiedDate": iso_of(int(stock.applied_at * 1000)),
            "availToSellQty": max(0, stock.amount - stock.sold - held),
            "onHandQty": max(0, stock.amount - stock.sold),
            "shipNodeType": "WFSFulfilled",
        }

    async def ship_nodes(self, request: Request) -> Response:
        """A bare array."""
        passed = self.world.gate.enter(request, "ship_nodes", "inventory")
        nodes = self.world.settings.nodes_of(passed.account.client_id)
        return JSONResponse([_ship_node(number, node) for number, node in enumerate(nodes)], headers=passed.headers)

    def _item(self, passed: Passed, sku: str) -> Item:
        item = self.world.items.get(passed.account.client_id, sku)
        if item is None:
            raise ApiError("CONTENT_NOT_FOUND", "no item with this SKU is set up", field="sku", component=INVENTORY)
        return item

    def _node(self, passed: Passed, wanted: str | None) -> str:
        nodes = self.world.settings.nodes_of(passed.account.client_id)
        if wanted is None:
            return nodes[0]
        if wanted not in nodes:
            raise ApiError("INVALID_REQUEST_PARAM", "unknown ship node", field="shipNode", component=INVENTORY)
        return wanted

    def _stock(self, passed: Passed, item: Item) -> list[Stock]:
        return self.world.stock.of(passed.account.client_id, item.sku)

    def _put(self, request: Request, passed: Passed, item: Item, node: str, amount: int) -> None:
        if item.wfs:
            raise _content("sku", "the stock of items fulfilled by Walmart is counted by Walmart")
        origin = Origin(passed.now, passed.now, "put", request.headers["WM_QOS.CORRELATION_ID"])
        self.world.stock.write(passed.account.client_id, item.sku, node, amount, origin)


def _amount(quantity: Any) -> int:
    try:
        return item_rules.amount_of(quantity)
    except ItemError as error:
        raise _content(error.errors[0].field, error.errors[0].description) from error


def _content(field: str, description: str) -> ApiError:
    return ApiError("INVALID_REQUEST_CONTENT", description, field=field, component=INVENTORY)


def _nothing(node: str) -> Stock:
    return Stock(node, 0, 0, 0, 0.0, 0.0)


def _nodes(stock: list[Stock], reserved: int, default: str) -> list[Json]:
    """inputQty is the number last written and does not fall when units ship; what may be sold is what is left of it."""
    shown = []
    for one in stock:
        held = reserved if one.node == default else 0
        left = max(0, one.amount - one.sold)
        quantities = {"inputQty": one.amount, "availToSellQty": max(0, left - held), "reservedQty": min(held, left)}
        shown.append({"shipNode": one.node, **{name: _each(count) for name, count in quantities.items()}})
    return shown


def _each(count: int) -> Json:
    return {"unit": "EACH", "amount": count}


def _ship_node(number: int, node: str) -> Json:
    place = {"addressLine1": f"{number + 1} Sandbox Road", "city": "Austin", "state": "TX", "country": "USA"}
    return {
        "shipNode": node,
        "nodeType": "PHYSICAL",
        "shipNodeName": "Virtual Seller ShipNode" if number == 0 else f"Warehouse {number}",
        "status": "ACTIVE",
        "timeZone": "CST",
        "distributorSupportedServices": ["TWO_DAY_DELIVERY"],
        "postalAddress": {**place, "postalCode": "78701"},
        "shippingDetails": [{"twoDayShipping": [{"carrierMethodName": "FEDEX", "carrierMethodType": "GROUND"}]}],
    }


def _cursor(offset: int, limit: int) -> str:
    return base64.urlsafe_b64encode(f"inventories {limit} {offset}".encode()).decode()


def _offset(cursor: str | None, limit: int) -> int:
    if cursor is None:
        return 0
    try:
        name, known, offset = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
    except (binascii.Error, ValueError):
        name = known = offset = ""
    if name != "inventories" or known != str(limit) or not offset.isdigit():
        raise invalid("nextCursor", "the cursor is invalid or expired")
    return int(offset)


def shown_stock(stock: list[Stock], reserved: int) -> Json:
    """For the control endpoint: the total, what is reserved, and each node."""
    left = sum(max(0, one.amount - one.sold) for one in stock)
    return {
        "amount": sum(one.amount for one in stock),
        "reserved": reserved,
        "available": max(0, left - reserved),
        "nodes": [asdict(one) for one in stock],
    }
