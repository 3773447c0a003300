"""PRD-1: what we make is what a marketplace takes: our items against the sandbox's own rules and the spec it serves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.kit import exact_json
from connectors.kit.catalogue.files import load
from connectors.kit.catalogue.plugins import conversions
from connectors.kit.catalogue.problems import ItemError
from connectors.kit.sandbox.catalog import CATALOG
from connectors.walmart.listing import ListingOptions, listing_of
from connectors.walmart.listing_settings import EXAMPLE, ListingSettings
from connectors.walmart.listing_spec import ItemSpec, part_for, product_types_in
from connectors.walmart.sandbox.item_rules import full_item
from connectors.walmart.sandbox.item_spec import feed_schema
from connectors.walmart.sandbox.product_types import TYPES, taxonomy
from schemas.records import Money, Product
from tests.unit.kit.catalogue.samples import product

SETTINGS = ListingSettings(
    categories=(EXAMPLE / "categories.csv",),
    attributes=(EXAMPLE / "attributes.toml",),
    values={"power": EXAMPLE / "power.csv"},
)
TABLES = load(SETTINGS.files(), conversions(points=[]), SETTINGS.html())
CUSTOM = {
    "x_prop65": False, "x_length_m": 15, "x_capacity_ml": 500, "x_pieces": 1000, "x_power_source": "usb",
    "x_material": "Steel, Rubber", "x_size": "M",
}  # fmt: skip
# Where the products of one type are in Odoo.
CATEGORIES = {"T-Shirts": "All / Saleable / Clothing / Shirts", "Cell Phone Stands": "All / Saleable / Phone Stands"}


def served(product_type: str) -> ItemSpec:
    """The spec as it comes over the wire."""
    schema = exact_json.loads(json.dumps(feed_schema("MP_ITEM", SETTINGS.spec_version, TYPES)).encode())
    part = part_for(schema, product_type)
    assert part is not None
    return ItemSpec(part["orderable"], part["visible"])


OPTIONS = ListingOptions(
    "demo", own_use_gtins=True, product_types=product_types_in(taxonomy()), specs={one.name: served(one.name) for one in TYPES}
)  # fmt: skip


def taken(one: Product) -> dict[str, Any]:
    """The item as the sandbox reads it. Raises its ItemError when it does not take it."""
    sent = listing_of(one, TABLES, OPTIONS).with_images(["https://media.example/a.jpg", "https://media.example/b.jpg"])
    entry: dict[str, Any] = exact_json.loads(exact_json.dumps(sent))
    full_item(entry)
    return entry


@pytest.mark.parametrize("product_type", [one.name for one in TYPES])
def test_an_item_of_every_product_type_is_taken(product_type: str) -> None:
    category = CATEGORIES.get(
        product_type, "All" if product_type == "Other Home Decor" else f"All / Saleable / {product_type}"
    )
    fields = {name: json.dumps(value) for name, value in CUSTOM.items()}
    entry = taken(product(category=category, attributes={"Color": "Slate", "Size": "M"}, fields=fields))
    assert list(entry["Visible"]) == [product_type]


def test_the_demos_whole_catalogue_is_taken_with_nothing_but_what_odoo_holds_of_it() -> None:
    for one in CATALOG:
        whole = product(
            sku=one.sku, name=one.name, barcode=one.barcode, category="All", brand="", description="",
            list_price=Money(amount=f"{one.price_cents / 100:.2f}", currency="USD"), weight_kg=str(one.weight_grams / 1000),
        )  # fmt: skip
        entry = taken(whole)
        assert entry["Orderable"]["sku"] == one.sku


def test_what_the_sandbox_would_refuse_we_refuse_before_sending() -> None:
    with pytest.raises(ItemError) as caught:
        taken(product(category="All / Saleable / Water Bottles", attributes={}))
    assert {problem.field.split(" ")[0] for problem in caught.value.problems} == {"capacity", "color"}
