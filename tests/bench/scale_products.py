"""TEST-2, PRD-1..4: 1,000 new products in Odoo, until Walmart has published them all.

Everything runs; then somebody imports 1,000 products of eight categories into Odoo in one call, each with its barcode, picture, weight, price and
the fields its product type asks for. They go through change capture, transform, route, the example tables, Walmart's item spec, feeds `MP_ITEM`
at the published quota (10 an hour) and are followed. Pictures are listed by their own address: fetching and converting 1,000 is not measured.

    products             until the last is PUBLISHED at Walmart
    products_confirmed   until the pipeline knows of it: Walmart's feeds are asked after 30 s, 2 min, 5 min ...
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from connectors.kit.sandbox.catalog import ean13
from connectors.walmart.listing_settings import EXAMPLE
from tests.bench.cluster import Say
from tests.bench.figures import Measure, Series
from tests.bench.scale_follow import Follow
from tests.bench.scale_markets import WalmartMarket
from tests.bench.scale_world import ScaleWorld, load, scale_world, until

PRODUCTS = 1_000
FACTOR = 1.0
LIMIT_SECONDS, CONFIRMED_SECONDS = 120.0, 120.0
UPSERT_LISTING = "upsert_listing"
_WAIT_SECONDS = 1_800.0
_PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()  # nobody opens it
_COLOURS = ("Forest Green", "Slate", "Cream", "Black")
# Category in Odoo -> what products of it have besides what all have; the example tables say what becomes of it.
CATEGORIES: Mapping[str, Mapping[str, Any]] = {
    "Plant Pots": {"x_material": "Terracotta"},
    "Wall Clocks": {},
    "Yoga Mats": {"x_material": "Rubber"},
    "Pencil Cases": {},
    "Phone Stands": {},
    "Bath Towels": {"x_size": "70 x 140 cm"},
    "Cutting Boards": {"x_material": "Oak"},
    "Garden Hoses": {"x_length_m": 15.0, "x_prop65": "No"},
}
_FIELDS = {"x_color": "char", "x_material": "char", "x_size": "char", "x_length_m": "float", "x_prop65": "char"}


def products(say: Say, *, count: int = PRODUCTS, factor: float = FACTOR) -> list[Measure]:
    """Raises BenchError."""
    market = WalmartMarket(factor)
    with scale_world(say, "products", [market], {"all": "off", "products": "on"}, _env()) as (world, follow):
        values = _values(_categories(world), count)
        world.start_pipeline()
        follow.open()
        began = time.monotonic()
        world.rpc().execute_kw("product.product", "create", [values], {})
        published = confirmed = 0.0

        def done() -> bool:
            nonlocal published, confirmed
            follow.listen()
            if not published and _published(market) >= count:
                published = time.monotonic() - began
                say(f"products: {count} published after {published:.0f} s, {_feeds(market)}, {load()}")
            if follow.count(UPSERT_LISTING) >= count:
                confirmed = time.monotonic() - began
            return bool(published and confirmed)

        until(done, _WAIT_SECONDS, f"{count} products are published", world)
        say(
            f"products: the pipeline knows of all after {confirmed:.0f} s, {market.refused()} answers 429; {_told(follow)}"
        )
    return [
        Measure("products", "s", LIMIT_SECONDS, Series((published,))),
        Measure("products_confirmed", "s", CONFIRMED_SECONDS, Series((confirmed,))),
    ]


def _env() -> dict[str, str]:
    listings = "CAUSEWAY_WALMART__LISTINGS__"
    return {
        "CAUSEWAY_ODOO__CAPTURE__PRODUCT_FIELDS": json.dumps(sorted(_FIELDS)),
        f"{listings}CATEGORIES": json.dumps([str(EXAMPLE / "categories.csv")]),
        f"{listings}ATTRIBUTES": json.dumps([str(EXAMPLE / "attributes.toml")]),
        f"{listings}VALUES__POWER": str(EXAMPLE / "power.csv"),
        f"{listings}OWN_USE_GTINS": "true",
        f"{listings}IMAGES__ODOO_URL": "https://pictures.example/web/image/{model}/{record_id}/{field}",
    }


def _categories(world: ScaleWorld) -> dict[str, int]:
    """Name -> id, after the fields of products and the categories are made."""
    odoo = world.rpc()
    (model,) = odoo.execute_kw("ir.model", "search", [[["model", "=", "product.template"]]], {})
    fields = [{"name": name, "ttype": kind, "model_id": model} for name, kind in _FIELDS.items()]
    odoo.execute_kw("ir.model.fields", "create", [fields], {})
    (parent,) = odoo.execute_kw("product.category", "search", [[["complete_name", "=", "All / Saleable"]]], {})
    made = odoo.execute_kw(
        "product.category", "create", [[{"name": name, "parent_id": parent} for name in CATEGORIES]], {}
    )
    return dict(zip(CATEGORIES, made, strict=True))


def _values(categories: Mapping[str, int], count: int) -> list[dict[str, Any]]:
    names = list(CATEGORIES)
    return [
        {
            "name": f"{names[number % len(names)].removesuffix('s')} No. {number}",
            "default_code": f"BENCH-{number:05}",
            "barcode": ean13(f"299{number:09d}"),
            "type": "consu",
            "is_storable": True,
            "list_price": 9.99 + number % 40,
            "weight": 0.25 + number % 7,
            "description_sale": "Made for this bench. Does what it says.",
            "categ_id": categories[names[number % len(names)]],
            "image_1920": _PICTURE,
            "x_color": _COLOURS[number % len(_COLOURS)],
            **CATEGORIES[names[number % len(names)]],
        }
        for number in range(1, count + 1)
    ]


def _published(market: WalmartMarket) -> int:
    return sum(item["published"] == "PUBLISHED" for item in market.items().values())


def _feeds(market: WalmartMarket) -> str:
    sizes = [feed["itemsReceived"] for feed in market.feeds()]
    return f"{len(sizes)} feeds of {min(sizes, default=0)} to {max(sizes, default=0)} items"


def _told(follow: Follow) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(follow.results.items()))
