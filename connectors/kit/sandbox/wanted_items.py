"""Items a control call wants a marketplace's sandbox to have: those of the catalogue, invented ones by number, or as they are given."""

import random
from collections.abc import Callable, Sequence

from connectors.kit.sandbox.catalog import CATALOG, MARKER
from connectors.kit.sandbox.steering import Json, known, number, objects

MAX_ITEMS = 100_000
Kind = tuple[str, str]


def wanted_items(
    body: Json, common: Sequence[str], kinds: Sequence[Kind], is_known: Callable[[str], bool]
) -> tuple[list[Json], int]:
    """{"catalog": true} | {"count": 1000, "prefix": "CWT-N"} | {"items": [{"sku": ...}]}, with "seed" and `common` for all of them.

    Gives those whose SKU is not there yet, each with sku, name, price_cents, product_type ... and what is common, and how many are there already.
    kinds: (product type, what one of it is called), of which invented ones are drawn. Raises ValueError, KeyError."""
    known(body, {"catalog", "count", "prefix", "items", "seed", "account", *common})
    wanted = [dict(one) for one in objects(body, "items")]
    wanted += _catalog_items() if body.get("catalog") else []
    wanted += _numbered(int(number(body, "count", 0, MAX_ITEMS, 0)), str(body.get("prefix", f"{MARKER}N")), body, kinds)
    shared = {name: body[name] for name in common if name in body}
    fresh = [{**shared, **one} for one in wanted if not is_known(str(one["sku"]))]
    return fresh, len(wanted) - len(fresh)


def _catalog_items() -> list[Json]:
    return [{"sku": one.sku, "name": one.name, "price_cents": one.price_cents, "gtin": one.barcode} for one in CATALOG]


def _numbered(count: int, prefix: str, body: Json, kinds: Sequence[Kind]) -> list[Json]:
    """Invented items: SKU, name, price and product type from the seed."""
    rng = random.Random(f"{body.get('seed', 0)}:items")
    made = []
    for place in range(1, count + 1):
        kind, title = rng.choice(kinds)
        name, cents = f"{title} No. {place}", rng.randrange(499, 9_999)
        made.append({"sku": f"{prefix}{place:06d}", "name": name, "price_cents": cents, "product_type": kind})
    return made
