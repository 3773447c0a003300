"""PRD-1, PRD-3: a product becomes a Walmart item, or everything that is wrong with it is told at once."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.catalogue.drafting import product_type_of
from connectors.kit.catalogue.files import load
from connectors.kit.catalogue.plugins import conversions
from connectors.kit.catalogue.problems import ItemError, MappingMissing
from connectors.kit.catalogue.tables import Tables
from connectors.kit.catalogue.waiting import resolved
from connectors.walmart.listing import ListingDraft, ListingOptions, listing_of
from connectors.walmart.listing_settings import EXAMPLE, ListingSettings
from schemas.reasons import Reason
from schemas.records import Money, Product
from tests.unit.kit.catalogue.samples import image, product

OPTIONS = ListingOptions("main")


def read(settings: ListingSettings) -> Tables:
    return load(settings.files(), conversions(points=[]), settings.html())


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("tables")
    categories, attributes = folder / "categories.csv", folder / "attributes.csv"
    categories.write_text("category,product_type\nAll / Saleable / Lamps,Desk Lamps\n", encoding="utf-8")
    attributes.write_text(
        "attribute,from,convert,options\nseason,fields.x_season,map,table=seasons\n", encoding="utf-8"
    )
    (folder / "seasons.csv").write_text("value,becomes\nXmas,Christmas\n", encoding="utf-8")
    values = {"seasons": folder / "seasons.csv"}
    return read(ListingSettings(categories=(categories,), attributes=(attributes,), values=values))


def wrong(one: Product, tables: Tables, options: ListingOptions = OPTIONS, **more: Any) -> list[tuple[str, str]]:
    try:
        listing_of(one, tables, options, **more)
    except (ItemError, MappingMissing) as error:
        return [(problem.code, problem.field.split(" ")[0]) for problem in error.problems]
    return []


def test_a_whole_product(tables: Tables) -> None:
    found = listing_of(product(attributes={"Color": "Navy Blue"}, fields={"x_prop65": "false"}), tables, OPTIONS)
    assert found == ListingDraft(
        sku="LAMP-1",
        product_type="Desk Lamps",
        item={
            "Orderable": {
                "sku": "LAMP-1",
                "price": Decimal("24.99"),
                "ShippingWeight": Decimal("2.976"),
                "productIdentifiers": {"productIdType": "GTIN", "productId": "04006381333931"},
            },
            "Visible": {
                "Desk Lamps": {
                    "productName": "Desk Lamp with USB Port",
                    "brand": "Lumo",
                    "shortDescription": "<p>A lamp for the desk.</p><ul><li>Dimmable</li><li>USB port</li></ul>",
                    "keyFeatures": ["Dimmable", "USB port"],
                    "color": ["Navy Blue"],
                    "colorCategory": ["Blue"],
                    "isProp65WarningRequired": "No",
                    "condition": "New",
                }
            },
        },
        notes=(),
        images=(image(),),
    )


def test_the_law_is_never_guessed(tables: Tables) -> None:
    """PRD-1: Prop 65 is what Odoo says; where it says nothing, nothing is said."""
    visible = listing_of(product(), tables, OPTIONS).item["Visible"]["Desk Lamps"]
    assert "isProp65WarningRequired" not in visible


def test_pictures_get_their_addresses_main_one_first(tables: Tables) -> None:
    one = product(images=[image(url=f"https://p.example/{number}.png") for number in range(12)])
    draft = listing_of(one, tables, OPTIONS)
    assert len(draft.images) == 10
    visible = draft.with_images(["https://m.example/a.jpg", "https://m.example/b.jpg"])["Visible"]["Desk Lamps"]
    assert (visible["mainImageUrl"], visible["productSecondaryImageURL"]) == (
        "https://m.example/a.jpg",
        ["https://m.example/b.jpg"],
    )
    assert "mainImageUrl" not in draft.item["Visible"]["Desk Lamps"]  # the draft itself stays as it was


def test_everything_wrong_is_told_at_once_with_codes(tables: Tables) -> None:
    """PRD-3: prohibited content and missing required fields are data-quality exceptions."""
    bad = product(
        sku="", name="Lamp", description="Sold on Amazon for $5", barcode="4006381333932", brand="", list_price=None,
        weight_kg="", images=[], attributes={"Color": "Blurple"},
    )  # fmt: skip
    with pytest.raises(ItemError) as caught:
        listing_of(bad, tables, OPTIONS)
    assert [(problem.code, problem.field.split(" ")[0]) for problem in caught.value.problems] == [
        ("MISSING_REQUIRED", "price"),
        ("MISSING_REQUIRED", "ShippingWeight"),
        ("MISSING_REQUIRED", "brand"),
        ("BAD_VALUE", "colorCategory"),
        ("BAD_SKU", "sku"),
        ("BAD_GTIN", "barcode"),
        ("COMPETITOR", "description"),
        ("PRICE_IN_TEXT", "description"),
        ("NO_IMAGE", "images"),
    ]
    assert caught.value.reason is Reason.DATA
    assert all(problem.detail for problem in caught.value.problems)
    assert str(caught.value).count("; ") >= 8  # the message tells each


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"barcode": ""}, "MISSING_REQUIRED", "barcode"),
        ({"barcode": "2000000000015"}, "BAD_GTIN", "barcode"),  # a shop's own range
        ({"sku": "x" * 51}, "BAD_SKU", "sku"),
        ({"sku": " x"}, "BAD_SKU", "sku"),
        ({"category": ""}, "NO_CATEGORY", "category"),
        ({"list_price": Money(amount="5", currency="EUR")}, "BAD_VALUE", "price"),
        ({"list_price": Money(amount="0", currency="USD")}, "BAD_VALUE", "price"),
        ({"name": "😀"}, "MISSING_REQUIRED", "productName"),
        ({"attributes": {"Color": "red from www.lumo.example"}}, "URL_IN_TEXT", "color"),
        ({"description": "<script>x</script><p>Lamp</p>"}, "SCRIPT", "description"),
        ({"images": []}, "NO_IMAGE", "images"),
    ],
)
def test_single_faults(tables: Tables, changed: dict[str, Any], code: str, field: str) -> None:
    assert wrong(product(**changed), tables) == [(code, field)]


def test_a_shops_own_numbers_and_items_without_pictures_by_configuration(tables: Tables) -> None:
    lenient = ListingOptions("main", own_use_gtins=True, needs_image=False)
    assert listing_of(product(barcode="2000000000015", images=[]), tables, lenient).images == ()


def test_a_title_is_cut_and_says_so(tables: Tables) -> None:
    draft = listing_of(product(name="LAMP " * 40), tables, OPTIONS)
    assert len(draft.item["Visible"]["Desk Lamps"]["productName"]) <= 150
    assert draft.notes == ("productName RECASED", "productName SHORTENED")


def test_a_category_without_a_line_is_waited_for_by_name(tables: Tables) -> None:
    """PRD-1: held until the table has a line, then released by it."""
    name = "All / Saleable / Shoes: best"
    with pytest.raises(MappingMissing) as caught:
        listing_of(product(category=name), tables, OPTIONS)
    assert caught.value.reason is Reason.MAPPING
    assert caught.value.waiting_for == f"category:walmart:main:{name}"
    assert product_type_of(product(category=name), tables) is None


def test_with_a_fault_of_its_own_it_does_not_wait_for_the_table(tables: Tables) -> None:
    assert wrong(product(category="All / Shoes", barcode=""), tables) == [
        ("NO_CATEGORY", "category"),
        ("MISSING_REQUIRED", "barcode"),
    ]


def test_a_type_walmart_does_not_have_is_waited_for(tables: Tables) -> None:
    options = ListingOptions("main", product_types=frozenset({"Lamps"}))
    with pytest.raises(MappingMissing) as caught:
        listing_of(product(), tables, options)
    assert caught.value.code == "UNKNOWN_TYPE"
    assert resolved([caught.value.waiting_for], tables, "walmart:main") == []  # the same line is no answer
    listing_of(product(), tables, ListingOptions("main", product_types=frozenset({"Desk Lamps"})))


def test_what_is_waited_for_is_there_once_the_table_has_it(tables: Tables) -> None:
    waiting = [
        "category:walmart:main:All / Saleable / Lamps / Desk",
        "category:walmart:main:All / Shoes",
        "category:walmart:other:All / Saleable / Lamps",
        "category:walmart:main:All / Saleable / Lamps:not:Old Lamps",
        "value:walmart:main:colours:Navy",
        "value:walmart:main:colours:Blurple",
        "value:walmart:main:seasons:XMAS",
        "value:walmart:main:seasons:Easter",
        "value:walmart:main:sizes:S",
        "sku:walmart:main:X",
    ]
    assert resolved(waiting, tables, "walmart:main") == [waiting[0], waiting[3], waiting[4], waiting[6]]


def variant(sku: str, number: int, colour: str, **changed: Any) -> Product:
    both = {"attributes": {"Color": colour}, "variant_group": "T3", "variant_attributes": ["Color"], **changed}
    return product(sku=sku, product_id=number, **both)


def test_variants_name_their_group_and_walmarts_attributes(tables: Tables) -> None:
    """PRD-1: variants as variation groups (parent/child)."""
    red, blue = variant("R", 1, "Red"), variant("B", 2, "Blue")
    parts = [listing_of(one, tables, OPTIONS, [red, blue]).item["Visible"]["Desk Lamps"] for one in (red, blue)]
    assert [part["variantGroupId"] for part in parts] == ["T3", "T3"]
    assert [part["variantAttributeNames"] for part in parts] == [["color"], ["color"]]
    assert [part["isPrimaryVariant"] for part in parts] == ["Yes", "No"]
    assert (
        "isPrimaryVariant" not in listing_of(red, tables, OPTIONS).item["Visible"]["Desk Lamps"]
    )  # not known: not said


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"attributes": {}}, "attributes.Color"),
        (
            {"attributes": {"Color": "Red", "Voltage": "12"}, "variant_attributes": ["Color", "Voltage"]},
            "attributes.Voltage",
        ),
        ({"variant_attributes": []}, "variant_attributes"),
    ],
)
def test_variants_that_cannot_be_told_apart(tables: Tables, changed: dict[str, Any], field: str) -> None:
    assert ("VARIANT", field) in wrong(variant("R", 1, "Red", **changed), tables)


def test_two_variants_of_the_same_combination(tables: Tables) -> None:
    red, also = variant("R", 1, "Red"), variant("R2", 2, "Red")
    assert wrong(red, tables, siblings=[red, also]) == [("VARIANT", "variant_attributes")]


def test_the_example_tables_are_right_and_serve_the_demos_kinds() -> None:
    settings = ListingSettings(
        categories=(EXAMPLE / "categories.csv",),
        attributes=(EXAMPLE / "attributes.toml",),
        values={"power": EXAMPLE / "power.csv"},
    )
    found = read(settings)
    hose = product(
        category="All / Saleable / Garden Hoses", brand="",
        fields={"x_length_m": "15.0", "x_prop65": "true", "x_power_source": json.dumps("Mains"), "x_material": '"Rubber"'},
    )  # fmt: skip
    visible = listing_of(hose, found, OPTIONS).item["Visible"]["Garden Hoses"]
    assert visible["assembledProductLength"] == {"measure": Decimal("49.2"), "unit": "ft"}
    assert (visible["brand"], visible["isProp65WarningRequired"], visible["powerSource"]) == (
        "Unbranded",
        "Yes",
        "Corded Electric",
    )
    assert visible["material"] == ["Rubber"]


def test_a_users_line_stands_instead_of_walmarts_own(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("category,product_type\nAll,Desk Lamps\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text(
        "block,attribute,from,required\norderable,ShippingWeight,fields.x_lb,no\n", encoding="utf-8"
    )
    found = read(ListingSettings(categories=(tmp_path / "c.csv",), attributes=(tmp_path / "a.csv",)))
    draft = listing_of(product(weight_kg=""), found, OPTIONS)
    assert "ShippingWeight" not in draft.item["Orderable"]


def test_the_first_price_comes_from_another_field_where_a_line_says_so(tmp_path: Path) -> None:
    """PRC-1: the way out that docs/products.md names, where a new item must not begin with Odoo's sales price."""
    line = "*,orderable,price,fields.x_walmart_price,number,places=2; least=0.01,yes,,"
    assert f"`{line}`" in Path("docs/products.md").read_text(encoding="utf-8")
    (tmp_path / "c.csv").write_text("category,product_type\nAll,Desk Lamps\n", encoding="utf-8")
    head = "product_type,block,attribute,from,convert,options,required,default,note"
    (tmp_path / "a.csv").write_text(f"{head}\n{line}\n", encoding="utf-8")
    found = read(ListingSettings(categories=(tmp_path / "c.csv",), attributes=(tmp_path / "a.csv",)))
    priced = listing_of(product(fields={"x_walmart_price": "17.5"}), found, OPTIONS)
    assert priced.item["Orderable"]["price"] == Decimal("17.5")
    for none in ({}, {"x_walmart_price": "0"}, {"x_walmart_price": "0.004"}):
        assert [field for _, field in wrong(product(fields=none), found)] == ["price"], none
