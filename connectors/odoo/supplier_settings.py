"""What can be configured of suppliers' products: CAUSEWAY_ODOO__SUPPLIER_PRODUCTS__NAMES, __PRICES, __CURRENCY, ..."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, field_validator

from connectors.kit.catalogue.ownership import Owner
from connectors.kit.settings import Part

# What may stand in the patterns of references and barcodes.
PARTS = ("account", "offer_id", "sku_id", "item_number")
# Odoo's fields that a supplier may be made the owner of.
FIELDS = frozenset({"name", "default_code", "barcode", "weight"})
# The platform's units -> Odoo's, by the names Odoo 18 ships them with.
UNITS = {
    **dict.fromkeys("件个只套条双张把支瓶台块本盒包袋卷片根副顶枚对枝串", "Units"),
    "打": "Dozens", "千克": "kg", "公斤": "kg", "kg": "kg", "克": "g", "g": "g", "吨": "t", "米": "m", "厘米": "cm", "升": "L",
}  # fmt: skip


class SupplierProductSettings(Part):
    """How what a supplier offers comes into Odoo's products and vendors' prices (PRD-2, PO-3)."""

    names: Literal["translated", "original"] = Field(
        "translated",
        description="language of products, attributes and their values; what has no translation stays as it is",
    )
    default_code: str = Field(
        "1688-{offer_id}-{sku_id}",
        description="internal reference of a new variant; {account}, {offer_id}, {sku_id} and {item_number} may stand in it",
    )
    barcode: str = Field(
        "",
        description="the same for its barcode; empty = none, for the platform states none. A product that has that barcode is taken for it",
    )
    prices: Literal["tiers", "minimum", "lowest"] = Field(
        "tiers",
        description="vendor prices: a row for each quantity from which another price holds, the price at the smallest order, or the lowest one",
    )
    currency: Literal["keep", "convert"] = Field(
        "keep", description="vendor prices in the supplier's currency, or converted into the company's"
    )
    activate_currency: bool = Field(
        True, description="make the supplier's currency active in Odoo where it is not; else the offer is held"
    )
    rates: dict[str, Decimal] = Field(
        default_factory=dict,
        description="currency -> what one unit of it is in the company's currency; without an entry Odoo's own rate of the day",
    )
    vendors: Literal["make", "hold"] = Field(
        "make",
        description="make a supplier Odoo does not know a vendor, or hold its offers until a contact has its reference",
    )
    units: dict[str, str] = Field(
        default_factory=dict, description="the platform's unit -> name of Odoo's, beside the defaults; empty = not that one"
    )  # fmt: skip
    categories: dict[str, str] = Field(
        default_factory=dict,
        description="the platform's category (its number, or its name) -> Odoo's, with those above it: All / Dresses. Mappings of kind "
        "product_category come first",
    )
    default_category: str = Field("", description="Odoo's category of what has none of its own; empty = Odoo's default")
    owners: dict[str, Owner] = Field(
        default_factory=dict,
        description="name, default_code, barcode, weight -> odoo, marketplace (the supplier), fill or propose",
    )
    default_owner: Owner = Field("fill", description="owner of the fields not named in owners, once the product exists")
    cost: Literal["new", "off"] = Field(
        "new",
        description="cost of new products: the price at the smallest order in the company's currency, or Odoo's default",
    )
    sale_ok: bool = Field(
        False,
        description="whether new products can be sold; off, so that no channel is told of one before a person has looked",
    )
    lead_days: int = Field(0, ge=0, le=365, description="lead time of new vendor prices; 0 = Odoo's default")
    images: bool = Field(True, description="bring the main picture of an offer into a template that has none")
    image_hosts: tuple[str, ...] = Field(
        (), description="host or host:port from which pictures are fetched also by plain http or at a private address"
    )
    image_seconds: float = Field(15, gt=0, le=120, description="longest wait for a picture")

    @field_validator("default_code", "barcode")
    @classmethod
    def _pattern(cls, value: str) -> str:
        try:
            value.format(**dict.fromkeys(PARTS, ""))
        except (KeyError, IndexError, ValueError, AttributeError):
            raise ValueError(f"only {', '.join(f'{{{one}}}' for one in PARTS)} may stand in it") from None
        return value

    @field_validator("default_code")
    @classmethod
    def _needed(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("a product without an internal reference would not be found again")
        return value

    @field_validator("rates")
    @classmethod
    def _positive(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        if wrong := sorted(name for name, rate in value.items() if not rate.is_finite() or rate <= 0):
            raise ValueError(f"a rate is a number above 0: {', '.join(wrong)[:80]}")
        return {name.upper(): rate for name, rate in value.items()}

    @field_validator("owners")
    @classmethod
    def _known(cls, value: dict[str, Owner]) -> dict[str, Owner]:
        if wrong := sorted(set(value) - FIELDS):
            raise ValueError(f"{', '.join(wrong)[:80]}: want one of {', '.join(sorted(FIELDS))}")
        return value

    def unit_of(self, word: str) -> str:
        """Odoo's name of the platform's unit; "" for one nobody has said anything of."""
        return {**UNITS, **self.units}.get(word.strip(), "")
