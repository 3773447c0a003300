"""What can be configured of catalogue-in: CAUSEWAY_ODOO__LISTINGS__FIELDS, __OWNERS, __UNKNOWN, ..."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from connectors.kit.catalogue.ownership import Owner
from connectors.kit.settings import Part

# Odoo's field -> what of a listing says it.
DEFAULT_FIELDS = {"name": "title", "description_sale": "description", "barcode": "barcode", "list_price": "price"}
PARTS = frozenset(
    {"title", "description", "barcode", "price", "brand", "product_type", "category", "item_id", "image_url"}
)


class ListingSettings(Part):
    """How a marketplace's catalogue comes into Odoo's products (PRD-2)."""

    fields: dict[str, str] = Field(
        default_factory=dict,
        description="Odoo field -> title, description, barcode, price, brand, ... or attributes.NAME, beside the defaults; empty = not that one",
    )
    owners: dict[str, Owner] = Field(
        default_factory=dict,
        description="Odoo field -> odoo, marketplace, fill (marketplace where Odoo is empty) or propose",
    )
    default_owner: Owner = Field("odoo", description="owner of the fields not named in owners")
    unknown: Literal["skip", "create"] = Field("skip", description="what becomes of a SKU Odoo has no product for")
    variant_attributes: tuple[str, ...] = Field(
        ("color", "colour", "size"),
        description="attributes that tell variants of one group apart, where products are created",
    )

    @field_validator("fields")
    @classmethod
    def _known(cls, value: dict[str, str]) -> dict[str, str]:
        for said in value.values():
            if said and said not in PARTS and not said.startswith("attributes."):
                raise ValueError(
                    f"{said!r} is no part of a listing; want one of {', '.join(sorted(PARTS))} or attributes.NAME"
                )
        return value

    def wanted(self) -> dict[str, str]:
        """Odoo field -> part of the listing, defaults included."""
        return {name: said for name, said in {**DEFAULT_FIELDS, **self.fields}.items() if said}
