"""The seller's and Amazon's side of listings: items to add, changes, issues, every number there was; the page and the snapshot.

POST /sandbox/items                {"catalog": true} | {"count": 1000, "prefix": "CWT-N"} | {"items": [{"sku": ...}]}, with "stock",
                                   "marketplaces", "fba", "seed" for all of them; an item: sku, name, price_cents, gtin, product_type,
                                   asin, stock, image, fba
GET  /sandbox/items/SKU            one item with every number and price it ever had
POST /sandbox/items/SKU/change     {"kind": "stock" | "price" | "rename" | "issue" | "suppress" | "clear" | "delete", ...}
"""

import random
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox import listing_views as views
from connectors.amazon.sandbox.definitions_types import LISTING, TYPES, type_of
from connectors.amazon.sandbox.errors import ApiError
from connectors.amazon.sandbox.fba_store import FbaStock
from connectors.amazon.sandbox.listing_attributes import Attributes
from connectors.amazon.sandbox.listing_catalogue import BRAND
from connectors.amazon.sandbox.listing_issues import ACTIONS, SUPPRESSED, Issue
from connectors.amazon.sandbox.listing_rules import OWN_CHANNEL
from connectors.amazon.sandbox.listing_store import PARENT, QUANTITY, Change, Listing
from connectors.amazon.sandbox.listing_work import ListingWork, note_of
from connectors.amazon.sandbox.marketplaces import MARKETPLACES, Marketplace, marketplace
from connectors.kit.sandbox.catalog import ean13
from connectors.kit.sandbox.page import Table
from connectors.kit.sandbox.steering import Json, NotThereError, account_in, answered, known, number
from connectors.kit.sandbox.wanted_items import wanted_items

# What the channel of Amazon's own warehouses is called in a region.
AMAZON_CHANNELS = {"na": "AMAZON_NA", "eu": "AMAZON_EU", "fe": "AMAZON_JP"}
_COMMON = ("stock", "marketplaces", "fba")
_ITEM = {"sku", "name", "price_cents", "gtin", "product_type", "asin", "image", *_COMMON}
# What invented items are: product type, and what one of it is called.
_KINDS = [(one.name, one.title) for one in TYPES.values() if one.name != "PRODUCT"]
_SHOWN = 50


class ListingControl:
    def __init__(self, work: ListingWork) -> None:
        self.work = work
        self.world = work.world

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/items", self.add, methods=["POST"]),
            Route("/sandbox/items/{sku:path}/change", self.change, methods=["POST"]),
            Route("/sandbox/items/{sku:path}", self.item, methods=["GET"]),
        ]

    async def add(self, request: Request) -> Response:
        return await answered(request, self._add)

    async def change(self, request: Request) -> Response:
        sku = request.path_params["sku"]
        return await answered(request, lambda body: self._change(sku, body))

    async def item(self, request: Request) -> Response:
        def shown(_: Json) -> Json:
            now, account = self.world.now(), account_in(self.world.sellers, request.query_params)
            found = self.work.store.get(account, request.path_params["sku"])
            if found is None:
                raise NotThereError("no such item")
            return self.told(found, now, history=True)

        return await answered(request, shown)

    def told(self, listing: Listing, now: float, *, history: bool = False) -> Json:
        """The truth of a listing."""
        around = self.work.around(listing, now)
        sold = around.sold
        shown: Json = {
            "sku": listing.sku,
            "asin": listing.asin,
            "gtin": listing.gtin,
            "parent": next((str(one.get("parent_sku", "")) for one in listing.attributes.get(PARENT, [])), ""),
            "marketplaces": {
                place: {**held, "status": views.statuses(listing, around, place)}
                for place, held in listing.places.items()
            },
            "name": next((views.name_of(listing, around, place) for place in listing.places), ""),
            "prices": [
                {"marketplace": one["marketplaceId"], "type": one["offerType"], **one["price"]}
                for one in views.offers(listing, list(listing.places), around.now_ms)
            ],
            "issues": [one["code"] for one in listing.all_issues],
            "stock": {"available": views.available(listing, sold), "sold": sold},
            "pending": len(self.work.store.queued(listing.account, listing.sku)),
        }
        if history:
            kinds = self.work.store.kinds(listing.account, listing.sku)
            shown["history"] = {kind: self.work.store.history(listing.account, listing.sku, kind) for kind in kinds}
            shown["stock_history"] = shown["history"].pop(QUANTITY, [])
            shown["attributes"] = listing.attributes
        return shown

    def snapshot(self, account: str, now: float) -> Json:
        counts, found = self.work.store.counts(account), {}
        for listing in self.work.store.all(account):
            writes, stale = counts.get(listing.sku, (0, 0))
            found[listing.sku] = {**self.told(listing, now), "stock_writes": writes, "stale_stock_writes": stale}
        return found

    def tables(self, account: str) -> list[Table]:
        now, found = self.world.clock() + self.world.ahead, self.work.store.all(account)
        rows = []
        for listing in found[:_SHOWN]:
            told = self.told(listing, now)
            statuses = ", ".join(
                f"{MARKETPLACES[place].country} {'/'.join(held['status']) or '-'}"
                for place, held in told["marketplaces"].items()
            )
            prices = ", ".join(f"{one['amount']} {one['currencyCode']}" for one in told["prices"])
            rows.append(
                (
                    listing.sku,
                    listing.asin,
                    told["name"],
                    statuses,
                    prices,
                    told["stock"]["available"],
                    " ".join(told["issues"]),
                )
            )
        columns = ("SKU", "ASIN", "Name", "Status", "Prices", "Available", "Issues")
        note = f"{len(found)} in all; the first {len(rows)}."
        return [Table(f"Listings of {account}", columns, rows, note, "No listings. POST /sandbox/items adds some.")]

    def _add(self, body: Json) -> Json:
        account, now = account_in(self.world.sellers, body), self.world.now()
        fresh, before = wanted_items(body, _COMMON, _KINDS, lambda sku: self.work.store.known(account, sku))
        with self.world.database.transaction():
            for one in fresh:
                self._add_item(account, one, now)
        return {"added": len(fresh), "known": before, "skus": [one["sku"] for one in fresh]}

    def _add_item(self, account: str, wanted: Json, now: float) -> None:
        known(wanted, _ITEM)
        sku, name = str(wanted["sku"]), str(wanted.get("name", wanted["sku"]))
        places = [marketplace(one) for one in wanted.get("marketplaces", self.world.sellers[account].marketplaces)]
        if foreign := [one.country for one in places if one.id not in self.world.sellers[account].marketplaces]:
            raise ValueError(f"marketplaces: not the seller's: {', '.join(foreign)}")
        kind = str(wanted.get("product_type", type_of(name)))
        if kind not in TYPES:
            raise ValueError(f"product_type: one of {', '.join(TYPES)} is expected")
        ids = tuple(place.id for place in places)
        change = Change("put", ids, now, "control", "", kind, LISTING, _attributes(sku, name, wanted, places))
        listing = self.work.at_once(account, sku, change, now)
        if wanted.get("fba") is not None and listing is not None:
            units = int(number(wanted, "fba", 0, 10**9))
            for place in ids:
                fn_sku = f"X00{listing.asin[-7:]}"
                stock = FbaStock(
                    account, place, sku, listing.asin, fn_sku, name, int(now * 1000), units={"fulfillable": units}
                )
                self.work.fba.put(stock)

    def _change(self, sku: str, body: Json) -> Json:
        """stock: {"quantity"}; price: {"amount": "19.99", "marketplace"}; rename: {"name"}; issue: {"code", "message", "severity",
        "attributes", "action", "marketplaces", "after": seconds}; suppress: an issue that takes it off sale; clear: no such issues any more;
        delete."""
        account, now, kind = account_in(self.world.sellers, body), self.world.now(), str(body.get("kind"))
        found = self.work.store.get(account, sku)
        if found is None:
            raise ApiError(404, "no such item")
        if kind in ("issue", "suppress"):
            after = number(body, "after", 0, 10**9, 0)
            self.work.store.queue(account, sku, now + after, note_of(_issue(body, kind), now))
            self.work.advance(now)
        elif kind == "clear":
            self.work.store.put(replace(found, noted=[]))
        elif kind == "delete":
            self.work.store.delete(account, sku)
            return {"sku": sku, "deleted": True}
        else:
            patch = _patch(found, kind, body)
            change = Change("patch", tuple(found.places), now, "control", "", "PRODUCT", patches=[patch])
            self.work.at_once(account, sku, change, now)
        changed = self.work.store.get(account, sku)
        return self.told(changed, now) if changed is not None else {}


def _attributes(sku: str, name: str, wanted: Json, places: list[Marketplace]) -> Attributes:
    """A full listing, as a seller would have written it."""
    cents = int(number(wanted, "price_cents", 1, 10**8, 1999))
    gtin = str(wanted.get("gtin") or ean13(f"202{random.Random(f'gtin:{sku}').randrange(10**9):09d}"))
    found: Attributes = {"purchasable_offer": [], "condition_type": [], "externally_assigned_product_identifier": []}
    texts = {"item_name": name, "brand": BRAND, "product_description": name, "bullet_point": name}
    values = {"country_of_origin": "US", "supplier_declared_dg_hz_regulation": "not_applicable"}
    for place in places:
        here = {"marketplace_id": place.id}
        price = float(place.money(place.minor(cents))["amount"])
        offer = {
            "currency": place.currency,
            "audience": "ALL",
            "our_price": [{"schedule": [{"value_with_tax": price}]}],
        }
        found["purchasable_offer"].append({**here, **offer})
        found["condition_type"].append({**here, "value": "new_new"})
        found["externally_assigned_product_identifier"].append({**here, "type": "ean", "value": gtin[-13:]})
        for field, text in texts.items():
            found.setdefault(field, []).append({**here, "value": text, "language_tag": place.language})
        for field, text in values.items():
            found.setdefault(field, []).append({**here, "value": text})
        image = wanted.get("image", f"https://images.example/{sku}.jpg")
        if image:
            found.setdefault("main_product_image_locator", []).append({**here, "media_location": str(image)})
        if "asin" in wanted:
            found.setdefault("merchant_suggested_asin", []).append({**here, "value": str(wanted["asin"])})
    channel: Json = {"fulfillment_channel_code": AMAZON_CHANNELS[places[0].region]}
    if wanted.get("fba") is None:
        channel = {"fulfillment_channel_code": OWN_CHANNEL}
        if wanted.get("stock") is not None:
            channel["quantity"] = int(number(wanted, "stock", 0, 10**9))
    return {**found, "fulfillment_availability": [channel]}


def _patch(found: Listing, kind: str, body: Json) -> Json:
    if kind == "stock":
        name, value = (
            "fulfillment_availability",
            [{"fulfillment_channel_code": OWN_CHANNEL, "quantity": int(number(body, "quantity", 0, 10**9))}],
        )
    elif kind == "price":
        place = (
            marketplace(str(body["marketplace"])) if "marketplace" in body else MARKETPLACES[next(iter(found.places))]
        )
        price: Json = {"our_price": [{"schedule": [{"value_with_tax": float(body["amount"])}]}]}
        name, value = (
            "purchasable_offer",
            [{"marketplace_id": place.id, "currency": place.currency, "audience": "ALL", **price}],
        )
    elif kind == "rename":
        here = {"value": str(body["name"])}
        value = [{**here, "marketplace_id": one, "language_tag": MARKETPLACES[one].language} for one in found.places]
        name = "item_name"
    else:
        raise ValueError("kind: one of stock, price, rename, issue, suppress, clear, delete is expected")
    return {"op": "merge", "path": f"/attributes/{name}", "value": value}


def _issue(body: Json, kind: str) -> Issue:
    action = str(body.get("action", SUPPRESSED if kind == "suppress" else ""))
    severity = str(body.get("severity", "ERROR"))
    if (action and action not in ACTIONS) or severity not in ("ERROR", "WARNING", "INFO"):
        raise ValueError(f"action: one of {', '.join(ACTIONS)}; severity: ERROR, WARNING or INFO")
    return Issue(
        code=str(body.get("code", "18742")),
        message=str(body.get("message", "Restricted Products Policy Violation")),
        attributes=tuple(map(str, body.get("attributes", ()))),
        severity=severity,
        category=str(body.get("category", "")),
        marketplaces=tuple(marketplace(str(one)).id for one in body.get("marketplaces", ())),
        action=action,
    )
