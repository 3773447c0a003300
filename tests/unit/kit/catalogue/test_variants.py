"""PRD-1: variants as variation groups; what tells them apart is there and differs."""

from __future__ import annotations

from connectors.kit.catalogue.variants import group_of, grouped, variant_problems
from schemas.records import Product
from tests.unit.kit.catalogue.samples import product


def variant(sku: str, number: int, colour: str, **changed: object) -> Product:
    both = {"attributes": {"Color": colour}, "variant_group": "T3", "variant_attributes": ["Color"], **changed}
    return product(sku=sku, product_id=number, **both)


def test_a_product_without_variants_has_no_group() -> None:
    assert group_of(product()) is None
    assert variant_problems(product()) == []


def test_one_of_the_known_variants_stands_for_the_group() -> None:
    red, blue, other = variant("R", 9, "Red"), variant("B", 8, "Blue"), variant("X", 1, "Red", variant_group="T4")
    assert [group.primary for one in (red, blue) if (group := group_of(one, [red, blue, other]))] == [False, True]
    alone = group_of(red)
    assert alone is not None
    assert (alone.id, alone.attributes, alone.primary) == ("T3", ("Color",), None)


def test_a_missing_value_is_named() -> None:
    found = variant_problems(variant("R", 9, " "))
    assert [(one.code, one.field) for one in found] == [("VARIANT", "attributes.Color")]


def test_two_variants_of_the_same_values_are_told_both_ways() -> None:
    red, also_red = variant("R", 9, "Red"), variant("R2", 8, " red")
    assert "is also R2" in variant_problems(red, [red, also_red])[0].detail
    assert "is also R" in variant_problems(also_red, [red, also_red])[0].detail
    retired = variant("R2", 8, "red", active=False)
    assert variant_problems(red, [retired]) == []


def test_a_group_without_anything_that_differs_is_a_problem() -> None:
    found = variant_problems(product(variant_group="T3"))
    assert [(one.code, one.field) for one in found] == [("VARIANT", "variant_attributes")]


def test_products_by_group() -> None:
    red, blue = variant("R", 9, "Red"), variant("B", 8, "Blue")
    assert grouped([red, product(), blue]) == {"T3": [red, blue]}
