"""The example tables make listings that Amazon takes: of the demo's catalogue and of a product of every type they name (PRD-1, PRD-3)."""

from __future__ import annotations

import json

import pytest

from connectors.amazon.listing_draft import DraftOptions, own_page
from connectors.amazon.listing_maker import ListingMaker
from connectors.amazon.listing_settings import EXAMPLE, AmazonListings
from connectors.amazon.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.definitions_types import LISTING, TYPES
from connectors.amazon.sandbox.listing_issues import Issue
from connectors.amazon.sandbox.listing_rules import wrong_values
from connectors.kit import exact_json
from connectors.kit.catalogue.problems import ItemError
from connectors.kit.sandbox.catalog import CATALOG
from schemas.records import Money, Product
from streams.demo import goods
from tests.unit.kit.catalogue.samples import product

SETTINGS = AmazonListings(
    categories=(EXAMPLE / "categories.csv",), attributes=(EXAMPLE / "attributes.toml",), own_use_gtins=True
)
TABLES = ListingMaker(SETTINGS).tables()
OPTIONS = DraftOptions("demo", SETTINGS.prohibited(), own_use_gtins=True)
US = BY_COUNTRY["US"].id
OFFER = {
    "marketplace_id": US,
    "currency": "USD",
    "audience": "ALL",
    "our_price": [{"schedule": [{"value_with_tax": 9.5}]}],
}
ORIGIN = {"Made in": "PT"}


def refused(one: Product) -> list[Issue]:
    """What Amazon's sandbox says against the listing of a product. Raises our own ItemError."""
    draft = own_page(one, TABLES, OPTIONS)
    attributes = draft.attributes(US, ["https://media.example/a.jpg"]) | {"purchasable_offer": [OFFER]}
    sent = exact_json.loads(exact_json.dumps(attributes))
    return wrong_values(json.loads(json.dumps(sent, default=float)), draft.product_type, LISTING, enforced=True)


@pytest.mark.parametrize("line", [line for line in TABLES.categories if "*" not in "".join(line.pattern)], ids=str)
def test_a_product_of_every_category_is_taken(line: object) -> None:
    """PRD-1: with origin and material, which stand with the product."""
    pattern = getattr(line, "pattern", ())
    attributes = {**ORIGIN, "Color": "Slate", "Material": "Oak", "Size": "M"}
    one = product(category=" / ".join(pattern), attributes=attributes, fields={})
    if "desk lamps" in pattern:
        one = product(category=" / ".join(pattern), attributes=attributes, fields={"x_batteries_required": "false"})
    assert refused(one) == []


def test_the_types_of_the_tables_are_types() -> None:
    assert {line.product_type for line in TABLES.categories} <= set(TYPES)


def test_what_stands_with_no_product_is_not_guessed() -> None:
    """PRD-3: Amazon says what a page of its own lacks."""
    found = refused(product(category="All / Saleable / Cutting Boards", attributes={}, fields={}))
    assert {name for issue in found for name in issue.attributes} == {"country_of_origin", "material"}


def test_the_demos_catalogue_is_filled_with_nothing_but_what_odoo_holds_of_it() -> None:
    for one in CATALOG:
        whole = product(
            sku=one.sku, name=one.name, barcode=one.barcode, category="All", brand="", description="", attributes=ORIGIN,
            list_price=Money(amount=f"{one.price_cents / 100:.2f}", currency="USD"), weight_kg=str(one.weight_grams / 1000),
        )  # fmt: skip
        assert refused(whole) == []


@pytest.mark.parametrize("one", goods.PRODUCTS, ids=lambda one: one.name)
def test_what_is_new_in_the_demo_has_what_amazon_needs_or_says_what_not(one: goods.NewProduct) -> None:
    """PRD-1, PRD-3: the same faults as at any other marketplace."""
    for variant in one.variants:
        made = product(
            sku=variant.sku, name=one.name, barcode=variant.barcode, category=one.category, brand="", description=one.description,
            attributes=dict(variant.values), fields={}, **({} if one.colour else {"images": []}),
        )  # fmt: skip
        if not one.faults:
            assert refused(made) == []
            continue
        with pytest.raises(ItemError) as caught:
            refused(made)
        assert tuple(problem.code for problem in caught.value.problems) == one.faults
