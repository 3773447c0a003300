"""PRD-1: what becomes of a product's values in a listing, in each marketplace's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.amazon.listing_draft import DraftOptions, first_prices, on_page, own_page
from connectors.amazon.listing_settings import CORE, AmazonListings
from connectors.kit import exact_json
from connectors.kit.catalogue import files, plugins
from connectors.kit.catalogue.first_price import FirstPricing
from connectors.kit.catalogue.problems import ItemError, MappingMissing
from connectors.kit.catalogue.tables import Tables
from connectors.kit.errors import ConnectorError
from tests.unit.amazon_numbers.samples import DE, US
from tests.unit.kit.catalogue.samples import product

OPTIONS = DraftOptions("main")
CATEGORIES = "category,product_type,path\nAll / Saleable,HOME,Home\n"
LINES = """product_type,block,attribute,from,convert,options,required,default,note
*,attributes,batteries_required,fields.x_batteries,yes_no,yes=true; no=false,no,,
*,attributes,item_weight.value,weight_kg,number,places=3,no,,
*,attributes,item_weight.unit,=kilograms,text,limit=20,no,,
"""


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    (tmp_path / "categories.csv").write_text(CATEGORIES)
    (tmp_path / "lines.csv").write_text(LINES)
    settings = AmazonListings(categories=(tmp_path / "categories.csv",), attributes=(tmp_path / "lines.csv",))
    return files.load(settings.files(), plugins.conversions(()), settings.html())


def test_values_stand_with_their_marketplace_and_texts_with_its_language(tables: Tables) -> None:
    draft = own_page(product(), tables, OPTIONS)
    german, american = (
        draft.attributes(DE),
        draft.attributes(US, ["https://a.example/1.jpg", "https://a.example/2.jpg"]),
    )
    assert german["item_name"] == [{"value": "Desk Lamp with USB Port", "language_tag": "de_DE", "marketplace_id": DE}]
    assert american["item_name"][0]["language_tag"] == "en_US"
    assert [one["value"] for one in american["bullet_point"]] == ["Dimmable", "USB port"]
    assert american["condition_type"] == [{"value": "new_new", "marketplace_id": US}]
    assert american["other_product_image_locator_1"] == [
        {"media_location": "https://a.example/2.jpg", "marketplace_id": US}
    ]
    assert exact_json.dumps(american["item_weight"]) == (
        f'[{{"value":1.35,"unit":"kilograms","marketplace_id":"{US}"}}]'.encode()
    )


@pytest.mark.parametrize(
    ("barcode", "kind", "number"),
    [
        ("4006381333931", "ean", "4006381333931"),
        ("036000291452", "upc", "036000291452"),
        ("10614141000415", "gtin", "10614141000415"),
    ],
)
def test_a_barcode_is_told_as_what_it_is(tables: Tables, barcode: str, kind: str, number: str) -> None:
    found = own_page(product(barcode=barcode), tables, OPTIONS).attributes(US)["externally_assigned_product_identifier"]
    assert found == [{"type": kind, "value": number, "marketplace_id": US}]


def test_an_offer_on_a_page_says_nothing_of_the_product(tables: Tables) -> None:
    draft = on_page(product(category="", images=[], description=""), "B000000001", tables, OPTIONS)
    assert draft.attributes(US) == {
        "condition_type": [{"value": "new_new", "marketplace_id": US}],
        "merchant_suggested_asin": [{"value": "B000000001", "marketplace_id": US}],
    }
    assert draft.requirements == "LISTING_OFFER_ONLY"


def test_a_variant_names_its_parent_and_the_parent_what_they_share(tables: Tables) -> None:
    group: dict[str, Any] = {"variant_group": "3", "variant_attributes": ["Color"], "attributes": {"Color": "Red"}}
    draft = own_page(product(**group), tables, OPTIONS)
    child, parent = draft.attributes(US), draft.parent_attributes(US)
    assert child["color"][0]["value"] == "Red"
    assert child["parentage_level"] == [{"value": "child", "marketplace_id": US}]
    assert child["child_parent_sku_relationship"] == [
        {"child_relationship_type": "variation", "parent_sku": draft.parent, "marketplace_id": US}
    ]
    assert child["variation_theme"] == parent["variation_theme"] == [{"name": "COLOR", "marketplace_id": US}]
    assert parent["parentage_level"] == [{"value": "parent", "marketplace_id": US}]
    assert not {"color", "condition_type", "externally_assigned_product_identifier"} & parent.keys()
    assert parent["item_name"] == child["item_name"]


def test_two_variants_that_are_alike_are_told(tables: Tables) -> None:
    group: dict[str, Any] = {"variant_group": "3", "variant_attributes": ["Color"], "attributes": {"Color": "Red"}}
    twin = product(sku="LAMP-2", product_id=8, **group)
    with pytest.raises(ItemError, match="LAMP-2"):
        own_page(product(**group), tables, OPTIONS, [twin])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sku": "x" * 41}, "at most 40"),
        ({"sku": " "}, "default_code"),
        ({"barcode": ""}, "no GTIN"),
        ({"barcode": "2000000000008"}, "own use"),
        ({"name": "", "brand": ""}, "item_name"),
        ({"name": "Better than Walmart"}, "Walmart"),
        ({"variant_group": "3", "variant_attributes": ["Wood"], "attributes": {"Wood": "Oak"}}, "attributes.Wood"),
    ],
)
def test_what_is_wrong_is_told(tables: Tables, changed: dict[str, Any], words: str) -> None:
    """PRD-3"""
    options = DraftOptions("main", AmazonListings().prohibited())
    with pytest.raises(ItemError, match=words):
        own_page(product(**changed), tables, options)


def test_amazon_may_name_itself_and_no_other_shop() -> None:
    names = AmazonListings().competitors
    assert ("amazon" in names, "walmart" in names, "ebay" in names) == (False, True, True)


def test_a_category_without_a_line_is_waited_for(tables: Tables) -> None:
    with pytest.raises(MappingMissing) as raised:
        own_page(product(category="All / Nowhere"), tables, OPTIONS)
    assert raised.value.waiting_for == "category:amazon:main:All / Nowhere"


def test_the_first_price_is_odoos_with_the_digits_of_its_currency() -> None:
    listed = product(list_price={"amount": "24.9900", "currency": "USD"})
    (offer,) = first_prices(listed, [US], "main", FirstPricing("amazon"))[US]["purchasable_offer"]
    assert exact_json.dumps(offer["our_price"]) == b'[{"schedule":[{"value_with_tax":24.99}]}]'
    assert (offer["marketplace_id"], offer["currency"], offer["audience"]) == (US, "USD", "ALL")


@pytest.mark.parametrize("price", [None, {"amount": "24.99", "currency": "EUR"}, {"amount": "0", "currency": "USD"}])
def test_a_new_listing_needs_a_price_of_its_marketplace(price: Any) -> None:
    with pytest.raises(ConnectorError, match="price in USD"):
        first_prices(product(list_price=price), [US], "main", FirstPricing("amazon"))


def test_amazons_own_table_is_there() -> None:
    assert CORE.is_file()
