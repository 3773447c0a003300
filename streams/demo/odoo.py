"""The demo's own look at Odoo, past the pipeline: products before the flow, what it holds afterwards. By odoorpc, as any client would."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from connectors.kit.sandbox.catalog import CATALOG
from streams.demo.goods import picture

_PAGE = 1000
_GREY = (150, 150, 150)
_PICTURES = 10


@dataclass(frozen=True, slots=True)
class OdooTarget:
    """The Odoo that orders go to. `sandbox` is False for a real server, which keeps what it has."""

    url: str
    db: str
    login: str
    password: str = field(repr=False)
    sandbox: bool = True


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """One sale.order as Odoo shows it. `total` in the order's currency, taxes included."""

    odoo_id: int
    name: str
    reference: str
    state: str
    total: Decimal


def connect(target: OdooTarget) -> Any:
    """A logged-in odoorpc client."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        import odoorpc

        where = urlsplit(target.url)
        protocol = "jsonrpc+ssl" if where.scheme == "https" else "jsonrpc"
        client = odoorpc.ODOO(
            where.hostname, protocol, where.port or (443 if where.scheme == "https" else 80), timeout=120
        )
        client.login(target.db, target.login, target.password)
    return client


def seed_products(target: OdooTarget) -> int:
    """Make the catalogue's products, by external id: doing it again changes nothing. Returns how many there are."""
    fields = ["id", "name", "default_code", "barcode", "list_price", "weight", "type", "is_storable"]
    rows = [
        [f"causeway_demo.{product.sku}", product.name, product.sku, product.barcode, product.price_cents / 100,
         product.weight_grams / 1000, "consu", "1"]
        for product in CATALOG
    ]  # fmt: skip
    context = {"mode": "update", "noupdate": True}
    answer = connect(target).execute_kw("product.product", "load", [fields, rows], {"context": context})
    if not answer["ids"]:
        raise RuntimeError(f"Odoo at {target.url} did not take the demo's products: {answer['messages'][:3]}")
    return len(answer["ids"])


def add_pictures(target: OdooTarget) -> None:
    """Give the catalogue's products a picture, those that have none: without one nothing may be listed.

    Written to their templates: of several products in one call a real server gives it to the first only.
    """
    client = connect(target)
    domain = [["default_code", "in", [product.sku for product in CATALOG]]]
    ids = client.execute_kw("product.product", "search", [domain], {})
    fields = ["image_1920", "product_tmpl_id"]
    rows = client.execute_kw("product.product", "read", [ids, fields], {"context": {"bin_size": True}})
    without = sorted({row["product_tmpl_id"][0] for row in rows if not row["image_1920"]})
    for start in range(0, len(without), _PICTURES):
        # Few at a time: a real server makes four smaller ones of each, and ends a call that takes long.
        part = without[start : start + _PICTURES]
        client.execute_kw("product.template", "write", [part, {"image_1920": picture(_GREY)}], {})


def held_orders(target: OdooTarget, references: set[str]) -> dict[str, list[HeldOrder]]:
    """Marketplace order id -> every sale.order that names it, also cancelled and archived ones. More than one is a doubled order."""
    client = connect(target)
    found: dict[str, list[HeldOrder]] = {}
    wanted = sorted(references)
    for start in range(0, len(wanted), _PAGE):
        part = wanted[start : start + _PAGE]
        domain = ["|", ["client_order_ref", "in", part], ["origin", "in", part]]
        names = ["name", "client_order_ref", "origin", "state", "amount_total"]
        for row in client.execute_kw("sale.order", "search_read", [domain, names], {"order": "id"}):
            reference = row["client_order_ref"] if row["client_order_ref"] in references else row["origin"]
            held = HeldOrder(row["id"], row["name"], reference, row["state"], Decimal(str(row["amount_total"])))
            found.setdefault(reference, []).append(held)
    return found
