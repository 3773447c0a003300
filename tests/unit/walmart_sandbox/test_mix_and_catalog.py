"""TEST-1: mixes come from JSON with clear errors; the catalogue is fit to create products from."""

import pytest

from connectors.kit.sandbox.catalog import BUNDLES, CATALOG, SINGLES, UNKNOWN_SKUS, ean13
from connectors.walmart.sandbox.mix import DEFAULT, HEAVY, mix_from


def test_a_mix_by_name_and_with_changes() -> None:
    assert mix_from("heavy") == HEAVY
    changed = mix_from({"base": "default", "late": 0.5, "lines": [1, 1]})
    assert (changed.late, changed.lines, changed.discount_line) == (0.5, (1, 1), DEFAULT.discount_line)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("odd", "unknown mix"),
        ({"lateness": 1}, "unknown mix fields: lateness"),
        ({"late": 1.5}, "between 0 and 1: late"),
        ({"late": "x"}, "wrong type"),
        ({"lines": []}, "positive weights"),
        ([], "preset's name or an object"),
    ],
)
def test_a_wrong_mix_is_named(given: object, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        mix_from(given)


def test_sixty_products_each_its_own() -> None:
    assert len(CATALOG) == 60
    for attribute in ("sku", "name", "barcode"):
        assert len({getattr(product, attribute) for product in CATALOG}) == 60
    assert not {product.sku for product in CATALOG} & set(UNKNOWN_SKUS)


def test_bundles_are_made_of_single_products() -> None:
    singles = {product.sku: product for product in SINGLES}
    for bundle in BUNDLES:
        assert len(bundle.parts) == 2
        assert bundle.price_cents < sum(singles[sku].price_cents * count for sku, count in bundle.parts)


# Published check digits: GS1's own example and a book's ISBN.
@pytest.mark.parametrize("whole", ["6291041500213", "9780306406157"])
def test_check_digit(whole: str) -> None:
    assert ean13(whole[:12]) == whole
