"""Raw `product` -> canonical `product` (PRD-1): measures in kilograms and cubic metres, everything else as written in Odoo."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connectors.kit import exact_json
from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader
from connectors.odoo.capture_mapping.raw import amount, decimal_text, html, money, opened, sku_key, whole
from schemas.checksum import checksum
from schemas.records import Image, Product

# Exact by definition: international pound (1959) and foot.
_KILOGRAMS = {"kg": Decimal(1), "lb": Decimal("0.45359237"), "g": Decimal("0.001"), "oz": Decimal("0.028349523125")}
_CUBIC_METRES = {"m³": Decimal(1), "ft³": Decimal("0.028316846592"), "m3": Decimal(1), "ft3": Decimal("0.028316846592")}
_FINEST = Decimal("0.000001")


def to_product(payload: bytes, account: str) -> Sequence[Canonical]:
    """One SKU. Of one that is not to be sold any more only that is told. Raises DataError."""
    raw = opened(payload)
    sku, key = sku_key(raw)
    active = raw.flag("active")
    attributes = [(one.text("attribute"), one.text("value")) for one in raw.children("attributes")]
    currency = raw.text("currency")
    product: Product = {
        "key": key,
        "sku": sku,
        "product_id": whole(raw, "id"),
        "template_id": whole(raw, "template_id") if active else 0,
        "version": whole(raw, "version"),
        "active": active,
        "name": raw.text("name"),
        "description": html(raw, "description"),
        "barcode": raw.text("barcode"),
        "brand": raw.text("brand"),
        "category": raw.text("category"),
        "list_price": money(amount(raw, "list_price"), currency) if active and currency else None,
        "weight_kg": _measure(raw, "weight", _KILOGRAMS),
        "volume_m3": _measure(raw, "volume", _CUBIC_METRES),
        "unit": raw.text("unit"),
        "images": [_image(one) for one in raw.children("images")],
        "attributes": _joined(attributes),
        "variant_group": _group(raw) if active else "",
        "variant_attributes": sorted(set(raw.texts("choices"))),
        "fields": fields_of(raw),
        "tags": raw.texts("tags"),
    }
    return (Canonical("product", key, product["version"], product),)


def fields_of(raw: Reader) -> dict[str, str]:
    """Configured fields by technical name, as JSON text (PRD-5)."""
    found = raw["fields"]
    content = {} if found.missing else found.an_object().value
    return {str(name)[:200]: exact_json.dumps(value).decode() for name, value in sorted(content.items())}


def _measure(raw: Reader, name: str, factors: dict[str, Decimal]) -> str:
    """0 is Odoo's "not known"."""
    value, unit = amount(raw, name), raw.text(f"{name}_unit").strip().casefold()
    if not value:
        return ""
    if unit not in factors:
        raise raw[f"{name}_unit"].wrong(f"one of {', '.join(factors)}")
    return decimal_text((value * factors[unit]).quantize(_FINEST))


def _group(raw: Reader) -> str:
    several = raw["variants"].value
    return f"odoo:product_template:{whole(raw, 'template_id')}" if isinstance(several, int) and several > 1 else ""


def _joined(attributes: Sequence[tuple[str, str]]) -> dict[str, str]:
    """An attribute with several values at once has them in one text."""
    found: dict[str, str] = {}
    for name, value in attributes:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _image(one: Reader) -> Image:
    return {
        "url": "",
        "model": one.needed_text("model"),
        "record_id": whole(one, "record_id"),
        "field": one.needed_text("field"),
        "checksum": checksum([one.text("mark")]),
    }
