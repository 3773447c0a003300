"""What vendors call products: codes of their prices (`product.supplierinfo`), by vendor and product. Reading only.

A price without a product is one of all variants of its template. Prices that have ended tell of what can hardly be ordered any more: they come
last, the newest of them first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.odoo.source.models import Row, link, text

PRICE = "product.supplierinfo"
_FIELDS = ("partner_id", "product_tmpl_id", "product_id", "product_code", "date_end")
# `Models.rows`, or `Models.optional` where it is done without.
Read = Callable[[str, Sequence[Any], Iterable[str]], Awaitable[list[Row]]]
Codes = dict[tuple[int, int], list[str]]


async def vendor_codes(read: Read, vendors: Iterable[int], products: Mapping[int, Row]) -> Codes:
    """(vendor, product) -> every code it has or had, each once. products: by id, with their `product_tmpl_id`. Raises what `read` raises."""
    templates: dict[int, list[int]] = {}
    for one, row in products.items():
        templates.setdefault(link(row["product_tmpl_id"]), []).append(one)
    domain = [["partner_id", "in", sorted(set(vendors))], ["product_tmpl_id", "in", sorted(templates)]]
    codes: Codes = {}
    for price in _standing_first(await read(PRICE, domain, _FIELDS) if templates else []):
        only, code = link(price["product_id"]), text(price["product_code"])
        for product in [only] if only else templates.get(link(price["product_tmpl_id"]), []):
            known = codes.setdefault((link(price["partner_id"]), product), [])
            if code and code not in known:
                known.append(code)
    return codes


def _standing_first(prices: Iterable[Row]) -> list[Row]:
    ended = sorted(prices, key=lambda row: text(row.get("date_end")), reverse=True)
    return sorted(ended, key=lambda row: bool(row.get("date_end")))
