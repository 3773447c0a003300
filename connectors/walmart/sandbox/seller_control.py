"""The sandbox's own side for items, stock, feeds, returns and settlements. Bad requests get 400 and say why."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.kit.sandbox.catalog import ean13
from connectors.kit.sandbox.steering import NotThereError, account_in, answered, known, number, wanted_sections
from connectors.kit.sandbox.wanted_items import wanted_items
from connectors.walmart.sandbox import snapshot
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.errors import ApiError
from connectors.walmart.sandbox.feed_work import wpid_of
from connectors.walmart.sandbox.item_store import (
    ACTIVE,
    IN_PROGRESS,
    PUBLISHED,
    RETIRED,
    SYSTEM_PROBLEM,
    UNPUBLISHED,
    Item,
)
from connectors.walmart.sandbox.product_types import TYPES, type_of
from connectors.walmart.sandbox.return_bodies import EXCEPTIONS, REASONS, Wanted
from connectors.walmart.sandbox.return_bodies import TYPES as RETURN_TYPES
from connectors.walmart.sandbox.settlements import Wish
from connectors.walmart.sandbox.stock_store import Origin
from connectors.walmart.sandbox.world import World

_COMMON = ("stock", "published", "wfs")
# What invented items are: product type, and what one of it is called.
_KINDS = [(one.name, one.name.removesuffix("s")) for one in TYPES]
_CHANGES: Mapping[str, dict[str, Any]] = {
    "publish": {"published": PUBLISHED, "lifecycle": ACTIVE, "reasons": ()},
    "unpublish": {"published": UNPUBLISHED},
    "system_problem": {"published": SYSTEM_PROBLEM},
    "in_progress": {"published": IN_PROGRESS, "reasons": ()},
    "retire": {"published": UNPUBLISHED, "lifecycle": RETIRED},
}


class SellerControl:
    """Handlers at /sandbox. Every call may name an `account`; the first is meant otherwise."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/items", self.add_items, methods=["POST"]),
            Route("/sandbox/items/{sku:path}/change", self.change_item, methods=["POST"]),
            Route("/sandbox/items/{sku:path}", self.item, methods=["GET"]),
            Route("/sandbox/feeds/{id}/finish", self.finish_feed, methods=["POST"]),
            Route("/sandbox/returns", self.add_returns, methods=["POST"]),
            Route("/sandbox/returns/{id}/change", self.change_return, methods=["POST"]),
            Route("/sandbox/settlements", self.settle, methods=["POST"]),
            Route("/sandbox/snapshot", self.snapshot, methods=["GET"]),
        ]

    async def add_items(self, request: Request) -> Response:
        return await answered(request, self._add_items)

    async def change_item(self, request: Request) -> Response:
        sku = request.path_params["sku"]
        return await answered(request, lambda body: self._change_item(sku, body))

    async def item(self, request: Request) -> Response:
        """One item with every stock number and price it ever had."""

        def told(_: Json) -> Json:
            account = account_in(self.world.accounts, request.query_params)
            found = self.world.items.get(account, request.path_params["sku"])
            if found is None:
                raise NotThereError("no such item")
            return snapshot.item(self.world, found, self.world.now(), history=True)

        return await answered(request, told)

    async def finish_feed(self, request: Request) -> Response:
        """Lets a stuck feed end now."""

        def finished(body: Json) -> Json:
            now, account = self.world.now(), account_in(self.world.accounts, body)
            feed = self.world.feeds.get(account, request.path_params["id"])
            if feed is None:
                raise ApiError("CONTENT_NOT_FOUND", "no such feed")
            self.world.feeds.end_at(feed, now)
            self.world.now()
            return snapshot.feed(self.world, account, feed.feed_id, now)

        return await answered(request, finished)

    async def add_returns(self, request: Request) -> Response:
        return await answered(request, self._add_returns)

    async def change_return(self, request: Request) -> Response:
        """{"kind": "ship" | "receive" | "lose" | "cancel" | "refund"}"""

        def changed(body: Json) -> Json:
            account, return_id = account_in(self.world.accounts, body), request.path_params["id"]
            step = str(body.get("kind"))
            return snapshot.one_return(self.world, self.world.returns.step(account, return_id, step, self.world.now()))

        return await answered(request, changed)

    async def settle(self, request: Request) -> Response:
        """Publishes a settlement; fields as in Wish, adjustments as [["text", cents], ...]."""

        def settled(body: Json) -> Json:
            known(body, {*Wish.__dataclass_fields__, "account"})
            fields = {name: value for name, value in body.items() if name != "account"}
            extra = tuple((str(text), int(cents)) for text, cents in fields.pop("adjustments", ()))
            wish = Wish(**fields, adjustments=extra)
            if not 1 <= wish.offers <= 9 or wish.days < 1 or (wish.date and len(wish.date) != 8):
                raise ValueError("offers: 1 to 9; days: at least 1; date: MMDDYYYY")
            return self.world.settlements.publish(account_in(self.world.accounts, body), wish, self.world.now())

        return await answered(request, settled)

    async def snapshot(self, request: Request) -> Response:
        """What the marketplace holds. Query: account, sections=items,orders,feeds,returns,settlements, history=true."""

        def told(_: Json) -> Json:
            account = account_in(self.world.accounts, request.query_params)
            wanted = wanted_sections(request.query_params.get("sections"), snapshot.SECTIONS)
            return snapshot.of(self.world, account, wanted, history=request.query_params.get("history") == "true")

        return await answered(request, told)

    def _add_items(self, body: Json) -> Json:
        """{"catalog": true} | {"count": 1000, "prefix": "CWT-N"} | {"items": [{"sku": ...}]}, with "stock", "published",
        "wfs", "seed" for all of them. Items that are there already stay as they are."""
        account, now = account_in(self.world.accounts, body), self.world.now()
        fresh, before = wanted_items(body, _COMMON, _KINDS, lambda sku: self.world.items.known(account, sku))
        with self.world.database.transaction():
            for one in fresh:
                self._add_item(account, one, now)
        return {"added": len(fresh), "known": before, "skus": [one["sku"] for one in fresh]}

    def _add_item(self, account: str, wanted: Json, now: float) -> None:
        sku, name = str(wanted["sku"]), str(wanted.get("name", wanted["sku"]))
        gtin = str(wanted.get("gtin") or self._free_gtin(account, sku)).zfill(14)
        cents = int(number(wanted, "price_cents", 1, 10**8, 1999))
        product_type = str(wanted.get("product_type", type_of(name)))
        item = Item(
            account=account,
            sku=sku,
            gtin=gtin,
            wpid=wpid_of(gtin),
            name=name,
            product_type=product_type,
            price_cents=cents,
            published=str(wanted.get("published", PUBLISHED)),
            wfs=bool(wanted.get("wfs", False)),
            created=int(now * 1000),
            modified=int(now * 1000),
        )
        origin = Origin(now, now, "control")
        self.world.items.put([item])
        self.world.stock.wrote_price(account, sku, cents, "BASE", origin)
        if wanted.get("stock") is not None:
            node = self.world.settings.nodes_of(account)[0]
            self.world.stock.write(account, sku, node, int(number(wanted, "stock", 0, 10**9)), origin)

    def _free_gtin(self, account: str, sku: str) -> str:
        rng = random.Random(f"gtin:{sku}")
        while True:
            gtin = ean13(f"202{rng.randrange(10**9):09d}")
            if not self.world.items.by_gtin(account, gtin.zfill(14)):
                return gtin

    def _change_item(self, sku: str, body: Json) -> Json:
        """{"kind": "publish" | "unpublish" | "system_problem" | "in_progress" | "retire" | "delete" | "rename", "reasons": [...],
        "name": ...}"""
        account, now, kind = account_in(self.world.accounts, body), self.world.now(), str(body.get("kind"))
        found = self.world.items.get(account, sku)
        if found is None:
            raise ApiError("CONTENT_NOT_FOUND", "no such item")
        if kind == "delete":
            self.world.items.delete(account, sku)
            self.world.stock.delete(account, sku)
            return {"sku": sku, "deleted": True}
        if kind == "rename":
            fields: dict[str, Any] = {"name": str(body["name"])}
        elif kind in _CHANGES:
            fields = {"reasons": tuple(body.get("reasons", ()))} | _CHANGES[kind]
        else:
            raise ValueError(f"kind: one of {', '.join(_CHANGES)}, delete, rename is expected")
        changed = replace(found, **fields, modified=int(now * 1000), due_at=None, due={})
        self.world.items.put([changed])
        return snapshot.item(self.world, changed, now, history=False)

    def _add_returns(self, body: Json) -> Json:
        """{"count": 5, "seed": 1} for orders of its own choice, or {"purchaseOrderId": ..., "lines": [{"line": "1", "quantity": 1,
        "reason": ..., "exception": ..., "keep_it": false}], "kind": "REFUND"}; "timeline" for both."""
        names = {"count", "seed", "purchaseOrderId", "lines", "kind", "timeline", "account"}
        known(body, names)
        account, now = account_in(self.world.accounts, body), self.world.now()
        timeline = str(body.get("timeline", "received"))
        if "purchaseOrderId" in body:
            kind = body.get("kind", "REFUND")
            if kind not in RETURN_TYPES:
                raise ValueError(f"kind: one of {', '.join(RETURN_TYPES)} is expected")
            order = self.world.order(account, str(body["purchaseOrderId"]), now)
            lines = [_wanted(line) for line in body.get("lines", [{}])]
            made = [self.world.returns.open(order, lines, now, kind, timeline)]
        else:
            count, seed = int(number(body, "count", 1, 10_000)), int(number(body, "seed", -(2**63), 2**63, 0))
            made = self.world.returns.open_some(account, count, seed, now, timeline)
        return {"added": len(made), "returnOrderIds": [one.return_id for one in made]}


def _wanted(line: Mapping[str, Any]) -> Wanted:
    reason, exception = line.get("reason", REASONS[0]), line.get("exception", "")
    if exception and exception not in EXCEPTIONS:
        raise ValueError(f"exception: one of {', '.join(EXCEPTIONS)} is expected")
    quantity = int(number(dict(line), "quantity", 1, 10**6, 1))
    return Wanted(str(line.get("line", "1")), quantity, str(reason), str(exception), bool(line.get("keep_it", False)))
