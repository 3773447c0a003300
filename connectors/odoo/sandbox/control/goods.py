"""Goods: counted stock, new products in numbers, prices, other changes of a product."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from connectors.odoo.sandbox.control.client import HandError, Hands

COUNTING = {"inventory_mode": True}
BATCH = 500


class Stock(BaseModel):
    """levels: what is counted, by SKU: on hand becomes exactly this. warehouse: its code; default the first one."""

    model_config = ConfigDict(extra="forbid")
    levels: dict[str, float]
    warehouse: str | None = None


class Products(BaseModel):
    """count products `<prefix>00001`...; those that are there already are left alone. values: more fields of each;
    stock: counted for the new ones."""

    model_config = ConfigDict(extra="forbid")
    count: int = Field(gt=0, le=200_000)
    prefix: str = "SKU-"
    start: int = 1
    stock: float | None = None
    price: float = 10.0
    values: dict[str, Any] = {}
    warehouse: str | None = None


class Price(BaseModel):
    """Without pricelist the sales price of the product; with one (made when missing) a fixed price there."""

    model_config = ConfigDict(extra="forbid")
    sku: str
    price: float
    pricelist: str | None = None
    min_quantity: float = 0.0
    date_start: str | None = None
    date_end: str | None = None


class Product(BaseModel):
    """values: fields of product.product, such as {"name": ...}."""

    model_config = ConfigDict(extra="forbid")
    sku: str
    values: dict[str, Any]


def set_stock(hands: Hands, body: Stock) -> dict[str, Any]:
    """{"levels": on hand by SKU in that place}; an inventory adjustment in one transaction."""
    place = hands.stock_location(body.warehouse)
    products = hands.products(list(body.levels))
    _count(hands, place, {products[sku]: quantity for sku, quantity in body.levels.items()})
    return {"levels": _on_hand(hands, place, products)}


def _count(hands: Hands, place: int, levels: dict[int, float]) -> None:
    domain = [["product_id", "in", list(levels)], ["location_id", "=", place]]
    beside: dict[int, float] = {}
    seen: set[int] = set()
    # Of several quants of a place the oldest is counted, so the others are taken off.
    for quant in hands.rows("stock.quant", domain, ["product_id", "quantity"]):
        if quant["product_id"] in seen:
            beside[quant["product_id"]] = beside.get(quant["product_id"], 0.0) + quant["quantity"]
        seen.add(quant["product_id"])
    values = [
        {"product_id": product, "location_id": place,
         "inventory_quantity_auto_apply": quantity - beside.get(product, 0.0)}
        for product, quantity in levels.items()
    ]  # fmt: skip
    hands.call("stock.quant", "create", values, context=COUNTING)


def _on_hand(hands: Hands, place: int, products: dict[str, int]) -> dict[str, float]:
    domain = [["product_id", "in", list(products.values())], ["location_id", "=", place]]
    total: dict[int, float] = {}
    for quant in hands.rows("stock.quant", domain, ["product_id", "quantity"]):
        total[quant["product_id"]] = total.get(quant["product_id"], 0.0) + quant["quantity"]
    return {sku: total.get(product, 0.0) for sku, product in products.items()}


def make_products(hands: Hands, body: Products) -> dict[str, Any]:
    """{"made", "first", "last"}: how many are new, and the range of SKUs."""
    skus = [f"{body.prefix}{number:05}" for number in range(body.start, body.start + body.count)]
    place = hands.stock_location(body.warehouse)
    made = 0
    for start in range(0, len(skus), BATCH):
        batch = skus[start : start + BATCH]
        rows = hands.rows("product.product", [["default_code", "in", batch]], ["default_code"])
        new = [sku for sku in batch if sku not in {row["default_code"] for row in rows}]
        values = [
            {"name": f"Product {sku}", "default_code": sku, "type": "consu", "is_storable": True,
             "list_price": body.price, **body.values}
            for sku in new
        ]  # fmt: skip
        ids = hands.call("product.product", "create", values) if new else []
        if body.stock is not None and ids:
            _count(hands, place, dict.fromkeys(ids, body.stock))
        made += len(new)
    return {"made": made, "first": skus[0], "last": skus[-1]}


def set_price(hands: Hands, body: Price) -> dict[str, Any]:
    """{"product": id} or {"item": id of the pricelist's rule}."""
    product = hands.product(body.sku)
    if body.pricelist is None:
        hands.call("product.product", "write", [product], {"list_price": body.price})
        return {"product": product}
    pricelist = _pricelist(hands, body.pricelist)
    key = [["pricelist_id", "=", pricelist], ["product_id", "=", product], ["min_quantity", "=", body.min_quantity],
           ["date_start", "=", body.date_start or False]]  # fmt: skip
    found = hands.rows("product.pricelist.item", key, [])
    values = {"compute_price": "fixed", "fixed_price": body.price, "date_end": body.date_end or False}
    if found:
        hands.call("product.pricelist.item", "write", [found[0]["id"]], values)
        return {"item": found[0]["id"]}
    own = {"pricelist_id": pricelist, "applied_on": "0_product_variant", "product_id": product}
    more = {"min_quantity": body.min_quantity, "date_start": body.date_start or False}
    return {"item": hands.call("product.pricelist.item", "create", {**own, **more, **values})}


def _pricelist(hands: Hands, name: str) -> int:
    found = hands.rows("product.pricelist", [["name", "=", name]], [])
    return int(found[0]["id"] if found else hands.call("product.pricelist", "create", {"name": name}))


def change_product(hands: Hands, body: Product) -> dict[str, Any]:
    """{"product": id}"""
    if not body.values:
        raise HandError("values: name at least one field")
    product = hands.product(body.sku)
    hands.call("product.product", "write", [product], body.values)
    return {"product": product}
