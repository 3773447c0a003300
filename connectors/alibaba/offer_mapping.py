"""An offer of the platform -> the canonical supplier's product (PRD-2, PO-3). Pure.

Two APIs show one, each in its own spelling: `queryProductDetail` (absolute pictures, prices as text, translations) and `cross.productInfo` (capital
IDs, relative pictures, prices as numbers). Prices are yuan in both. By `quoteType` they go by SKU (1) or by quantity (0 without SKUs, 2 with).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.alibaba.times import time_in
from connectors.alibaba.trade import CURRENCY, LONGEST_HTML, NUMBER, tidy
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.money import as_money, quantity_text
from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader, millis_of
from schemas.records import OfferAttribute, OfferVariant, PriceTier, SupplierProduct

ENTITY = "offer"
IMAGE_HOST = "https://cbu01.alicdn.com/"
_BY_SKU = 1
_GRAMS = Decimal(1000)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Form:
    """How an API spells what both have."""

    offer_id: str
    category_id: str
    skus: str
    sale: str
    ranges: str
    images: str
    supplier: str
    attributes: str
    sku_attributes: str
    shipping: str
    weight: str
    attribute: tuple[str, str] = ("attributeName", "value")
    sku_attribute: tuple[str, str] = ("attributeName", "value")


_DETAIL = _Form(
    "offerId", "categoryId", "productSkuInfos", "productSaleInfo", "priceRangeList", "productImage", "sellerOpenId", "productAttribute",
    "skuAttributes", "productShippingInfo", "weight",
)  # fmt: skip
_RELATED = _Form(
    "productID", "categoryID", "skuInfos", "saleInfo", "priceRanges", "image", "supplierLoginId", "attributes", "attributes",
    "shippingInfo", "unitWeight", sku_attribute=("attributeDisplayName", "attributeValue"),
)  # fmt: skip


def offer_key(account: str, offer_id: str) -> str:
    return f"alibaba:{account}:offer:{offer_id}"


def to_supplier_product(payload: bytes, account: str) -> Sequence[Canonical]:
    """One offer. Raises DataError naming field and problem: a field that is needed and missing keeps this offer out, not the others."""
    try:
        content = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: {error}", code="DATA") from None
    offer, form = _found(Reader(content).an_object())
    offer_id = offer.needed_text(form.offer_id)
    if not NUMBER.fullmatch(offer_id):
        raise offer[form.offer_id].wrong("a number")
    sale, shipping = offer[form.sale], offer[form.shipping]
    # `minOrderQuantity` and `batchNumber` stand outside in one form, under `saleInfo` in the other.
    limits = offer if form is _DETAIL else sale
    minimum, batch = _quantity(limits, "minOrderQuantity"), _quantity(limits, "batchNumber")
    updated = time_in(offer, "lastUpdateTime")
    category = offer.text("categoryName") or Reader(content)["category"].text("name")
    unit = sale["unitInfo"] if form is _DETAIL else sale
    body = SupplierProduct(
        key=offer_key(account, offer_id), source="alibaba", account=account, offer_id=offer_id,
        version=millis_of(updated) if updated else 0, status=offer.text("status"), supplier=offer.needed_text(form.supplier),
        supplier_name=offer.text("companyName"), name=_needed_tidy(offer, "subject"), name_translated=tidy(offer.text("subjectTrans")),
        description=_html(offer, "description"), category_id=offer.text(form.category_id), category_name=category,
        images=_images(offer[form.images]), attributes=_attributes(offer, form.attributes, form.attribute), unit=unit.text("unit"),
        unit_translated=unit.text("transUnit"), minimum_quantity=minimum, batch_quantity=batch, prices=_ranges(sale, form),
        variants=_variants(offer, sale, form, minimum), weight=_measure(shipping, form.weight), length=_measure(shipping, "length"),
        width=_measure(shipping, "width"), height=_measure(shipping, "height"), updated_at=updated,
    )  # fmt: skip
    if not body["prices"] and not all(one["prices"] for one in body["variants"]):
        raise sale[form.ranges].wrong("a price")
    return (Canonical("supplier_product", body["key"], body["version"], body),)


def _found(content: Reader) -> tuple[Reader, _Form]:
    related = content["productInfo"]
    if not related.missing:
        return related.an_object(), _RELATED
    return content["result"]["result"].an_object(), _DETAIL


def _variants(offer: Reader, sale: Reader, form: _Form, minimum: str) -> list[OfferVariant]:
    """An offer without SKUs is its own only variant. A SKU without its id or spec cannot be ordered: whoever takes it up leaves it out and says so,
    the others go on."""
    by_sku = sale.text("quoteType") == str(_BY_SKU)
    weights = _weights(offer[form.shipping])
    found = []
    for sku in offer.children(form.skus):
        sku_id = sku.text("skuId")
        prices = [_tier(Decimal(minimum or 1), sku.decimal("price"))] if by_sku and not sku["price"].missing else []
        pictures = [one.text("skuImageUrl") for one in sku.children(form.sku_attributes)]
        found.append(
            OfferVariant(
                sku_id=sku_id,
                spec_id=sku.text("specId"),
                attributes=_attributes(sku, form.sku_attributes, form.sku_attribute),
                prices=prices,
                stock=_quantity(sku, "amountOnSale", zero="0"),
                item_number=tidy(sku.text("cargoNumber")),
                image=next((address for one in pictures if (address := _image(one))), ""),
                weight=weights.get(sku_id, ""),
            )
        )
    if found:
        return found
    stock = _quantity(sale, "amountOnSale", zero="0")
    return [
        OfferVariant(sku_id="", spec_id="", attributes=[], prices=[], stock=stock, item_number="", image="", weight="")
    ]


def _ranges(sale: Reader, form: _Form) -> list[PriceTier]:
    rows = [(row.decimal("startQuantity"), row.decimal("price")) for row in sale.children(form.ranges)]
    return [_tier(start, price) for start, price in sorted(rows)]


def _tier(start: Decimal, price: Decimal) -> PriceTier:
    return PriceTier(from_quantity=quantity_text(start), price=as_money(price, CURRENCY))


def _attributes(holder: Reader, name: str, spelt: tuple[str, str]) -> list[OfferAttribute]:
    called, value = spelt
    return [
        OfferAttribute(
            name=tidy(one.text(called)),
            value=tidy(one.text(value)),
            name_translated=tidy(one.text("attributeNameTrans")),
            value_translated=tidy(one.text("valueTrans")),
        )
        for one in holder.children(name)
        if one.text(called)
    ]


def _images(holder: Reader) -> list[str]:
    addresses = [_image(one) for one in holder.texts("images")] if not holder.missing else []
    return list(dict.fromkeys(one for one in addresses if one))


def _image(text: str) -> str:
    """Absolute, by https; "" for what is no address."""
    if text.startswith("//"):
        text = f"https:{text}"
    if text.startswith("http://"):
        text = f"https://{text.removeprefix('http://')}"
    if not text or text.startswith("https://"):
        return text
    return "" if ":" in text.partition("/")[0] else IMAGE_HOST + text.lstrip("/")


def _weights(shipping: Reader) -> dict[str, str]:
    """SKU -> kilograms; here they come in grams."""
    if shipping.missing:
        return {}
    rows = shipping.children("skuShippingInfoList")
    return {
        row.text("skuId"): quantity_text(row.decimal("weight") / _GRAMS) for row in rows if not row["weight"].missing
    }


def _measure(holder: Reader, name: str) -> str:
    """Decimal text; "" where it is missing or 0, which is how unknown is written there."""
    if holder.missing or holder[name].missing or holder[name].value == "":
        return ""
    number = holder.decimal(name)
    return quantity_text(number) if number > 0 else ""


def _quantity(holder: Reader, name: str, zero: str = "") -> str:
    """Decimal text; "" where it is missing; `zero` where it is 0 or less."""
    if holder.missing or holder[name].missing or holder[name].value == "":
        return ""
    number = holder.decimal(name)
    return quantity_text(number) if number > 0 else zero


def _needed_tidy(holder: Reader, name: str) -> str:
    text = tidy(holder.text(name))
    if not text:
        raise holder[name].wrong("text")
    return text


def _html(holder: Reader, name: str) -> str:
    value: Any = holder[name].value
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_HTML:
        raise holder[name].wrong(f"text of at most {LONGEST_HTML} characters")
    return _CONTROL.sub("", value)
