"""FBA Inventory v1: getInventorySummaries with all its rules (amazon.md section 10), and the stock itself by control calls.

startDateTime   both SKU filters are ignored; changes of what is on its way do not count
sellerSkus      sellerSku is ignored
nextToken       dead after 30 s; marketplace and details are still to be given, as for the first page

POST /sandbox/fba               {"catalog": true} | {"items": [{"sku", "name", "fulfillable", "inbound_shipped", ...}]}, "marketplace", "fulfillable"
POST /sandbox/fba/SKU/change    {"fulfillable": 7, ...}, "marketplace": sets the kinds given
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox import moments
from connectors.amazon.sandbox.definitions_api import marketplaces_of
from connectors.amazon.sandbox.errors import ApiError, invalid
from connectors.amazon.sandbox.fba_store import KINDS, FbaStock, FbaStore
from connectors.amazon.sandbox.fba_views import summary
from connectors.amazon.sandbox.gate import listed, only
from connectors.amazon.sandbox.generated_items import asin_of
from connectors.amazon.sandbox.marketplaces import MARKETPLACES, marketplace
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.catalog import CATALOG
from connectors.kit.sandbox.page import Table, shown_time
from connectors.kit.sandbox.seals import Seal
from connectors.kit.sandbox.steering import Json, account_in, answered, known, number

PATH = "/fba/inventory/v1/summaries"
TOKEN_SECONDS = 30.0
PAGE = 50
MAX_SKUS = 50
OLDEST_SECONDS = 18 * 30 * 86_400.0
_PARAMS = {
    "details",
    "granularityType",
    "granularityId",
    "startDateTime",
    "sellerSkus",
    "sellerSku",
    "nextToken",
    "marketplaceIds",
}
_SHOWN = 50


class FbaApi(Part):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.store = FbaStore(world.database)
        self._seal = Seal("fba", world.settings.seed)

    def routes(self) -> list[Route]:
        return [
            Route(PATH, self.summaries, methods=["GET"]),
            Route("/sandbox/fba", self.add, methods=["POST"]),
            Route("/sandbox/fba/{sku:path}/change", self.change, methods=["POST"]),
        ]

    async def summaries(self, request: Request) -> Response:
        passed, params = self.world.gate.enter(request, "getInventorySummaries"), request.query_params
        only(params, _PARAMS)
        (place,) = marketplaces_of(passed, request, 1)
        if params.get("granularityType") != "Marketplace" or params.get("granularityId") != place:
            raise invalid("granularityType: Marketplace; granularityId: the marketplace of marketplaceIds.")
        details = params.get("details", "false")
        if details not in ("true", "false"):
            raise invalid("details: true or false.")
        since, skus, after = self._asked(params, passed.now)
        found = [one for one in self.store.all(passed.account, place) if one.sku > after and fits(one, since, skus)]
        page, more = found[:PAGE], len(found) > PAGE
        payload = {
            "granularity": {"granularityType": "Marketplace", "granularityId": place},
            "inventorySummaries": [summary(one, details=details == "true") for one in page],
        }
        body: Json = {"payload": payload}
        if more:
            token = [since, None if skus is None else sorted(skus), page[-1].sku, passed.now + TOKEN_SECONDS]
            body["pagination"] = {"nextToken": self._seal.closed(token)}
        return passed.answer(body)

    async def add(self, request: Request) -> Response:
        return await answered(request, self._add)

    async def change(self, request: Request) -> Response:
        def changed(body: Json) -> Json:
            known(body, {"account", "marketplace", *KINDS})
            account, place = self._place(body)
            found = self.store.get(account, place, request.path_params["sku"])
            if found is None:
                raise ApiError(404, "no such stock")
            return self.told(self.store.change(found, _units(body), int(self.world.now() * 1000)))

        return await answered(request, changed)

    def told(self, stock: FbaStock) -> Json:
        return {"sku": stock.sku, "marketplace": stock.marketplace, "updated": stock.updated, **stock.units}

    def snapshot(self, account: str, now: float) -> Json:
        found: dict[str, dict[str, Json]] = {}
        for stock in self.store.all(account):
            found.setdefault(stock.marketplace, {})[stock.sku] = self.told(stock)
        return {"fba": found}

    def tables(self, account: str) -> list[Table]:
        found = self.store.all(account)
        rows = [_row(one) for one in found[:_SHOWN]]
        columns = ("SKU", "Marketplace", "Sellable", "Reserved for orders", "Total", "Changed")
        return [
            Table(
                f"FBA stock of {account}",
                columns,
                rows,
                f"{len(found)} in all.",
                "No stock. POST /sandbox/fba adds some.",
            )
        ]

    def _asked(self, params: Mapping[str, str], now: float) -> tuple[int | None, frozenset[str] | None, str]:
        """(changed since, SKUs, the SKU after which to go on), by the rules of precedence."""
        if "nextToken" in params:
            return self._followed(params["nextToken"], now)
        if "startDateTime" in params:
            return _since(params["startDateTime"], now), None, ""
        if skus := listed(params, "sellerSkus", MAX_SKUS):
            return None, frozenset(skus), ""
        return None, frozenset({params["sellerSku"]}) if "sellerSku" in params else None, ""

    def _followed(self, token: str, now: float) -> tuple[int | None, frozenset[str] | None, str]:
        try:
            since, skus, after, expires = self._seal.opened(token)
        except ValueError as error:
            raise invalid("nextToken is not valid.") from error
        if expires <= now:
            raise invalid("nextToken has expired.")
        return since, None if skus is None else frozenset(skus), after

    def _add(self, body: Json) -> Json:
        known(body, {"account", "marketplace", "catalog", "items", *KINDS})
        account, place = self._place(body)
        wanted: list[Json] = [dict(one) for one in body.get("items", [])]
        wanted += [{"sku": one.sku, "name": one.name} for one in CATALOG] if body.get("catalog") else []
        common = {kind: body[kind] for kind in KINDS if kind in body}
        for one in wanted:
            known(one, {"sku", "name", "asin", *KINDS})
            sku = str(one["sku"])
            asin, units = str(one.get("asin", asin_of(sku))), _units({**common, **one})
            stock = FbaStock(
                account,
                place,
                sku,
                asin,
                f"X00{asin[-7:]}",
                str(one.get("name", sku)),
                int(self.world.now() * 1000),
                units=units,
            )
            self.store.put(stock)
        return {"added": len(wanted), "skus": [one["sku"] for one in wanted]}

    def _place(self, body: Json) -> tuple[str, str]:
        account = account_in(self.world.sellers, body)
        mine = self.world.sellers[account].marketplaces
        place = marketplace(str(body["marketplace"])).id if "marketplace" in body else mine[0]
        if place not in mine:
            raise ValueError("marketplace: not the seller's")
        return account, place


def _row(one: FbaStock) -> tuple[str | int, ...]:
    counts = (one.count("fulfillable"), one.count("reserved_orders"), one.count(*KINDS))
    return (one.sku, MARKETPLACES[one.marketplace].country, *counts, shown_time(one.updated / 1000))


def fits(stock: FbaStock, since: int | None, skus: frozenset[str] | None) -> bool:
    """since: epoch milliseconds."""
    return (since is None or stock.updated >= since) and (skus is None or stock.sku in skus)


def _since(text: str, now: float) -> int:
    try:
        moment = moments.read(text)
    except ValueError as error:
        raise invalid("startDateTime: ISO 8601 with its zone is expected.") from error
    if moment < (now - OLDEST_SECONDS) * 1000:
        raise invalid("startDateTime: at most 18 months ago.")
    return moment


def _units(body: Mapping[str, Any]) -> dict[str, int]:
    return {kind: int(number(dict(body), kind, 0, 10**9)) for kind in KINDS if kind in body}
