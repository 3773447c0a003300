"""Small canonical offers of suppliers for tests; every part replaceable by name."""

from __future__ import annotations

from typing import Any, cast

from schemas.records import OfferAttribute, OfferVariant, PriceTier, SupplierProduct
from tests.builders import money

WORDS = {"颜色": "Color", "尺码": "Size", "白色": "White", "黑色": "Black", "红色": "Red"}


def tier(quantity: int | str, price: str, currency: str = "CNY") -> PriceTier:
    return {"from_quantity": str(quantity), "price": money(price, currency)}


def attribute(name: str, value: str) -> OfferAttribute:
    return {"name": name, "value": value, "name_translated": WORDS.get(name, ""), "value_translated": WORDS.get(value, "")}  # fmt: skip


def variant(sku: str, *prices: PriceTier, color: str = "", size: str = "", **changes: Any) -> OfferVariant:
    """Its spec is named after its SKU."""
    chosen = [attribute(name, value) for name, value in (("颜色", color), ("尺码", size)) if value]
    base: OfferVariant = {
        "sku_id": sku, "spec_id": f"spec{sku}" if sku else "", "attributes": chosen, "prices": list(prices), "stock": "100",
        "item_number": "", "image": "", "weight": "",
    }  # fmt: skip
    return cast(OfferVariant, {**base, **changes})


def offer_of(number: str, *variants: OfferVariant, **changes: Any) -> SupplierProduct:
    """A published offer of the supplier SELLER-number; one price, for two and more."""
    base: SupplierProduct = {
        "key": f"alibaba:main:offer:{number}", "source": "alibaba", "account": "main", "offer_id": number, "version": 1,
        "status": "published", "supplier": f"SELLER-{number}", "supplier_name": f"Trading Company {number}", "name": f"棉麻连衣裙 {number}",
        "name_translated": f"Linen dress {number}", "description": "", "category_id": "1031910", "category_name": "连衣裙", "images": [],
        "attributes": [], "unit": "件", "unit_translated": "Piece", "minimum_quantity": "2", "batch_quantity": "",
        "prices": [tier(2, "18.50")], "variants": list(variants) or [variant("")], "weight": "0.3", "length": "", "width": "", "height": "",
        "updated_at": None,
    }  # fmt: skip
    return cast(SupplierProduct, {**base, **changes})
