"""What every marketplace asks of a product before it is listed, whatever the form of its items (PRD-1, PRD-3). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from connectors.kit.catalogue import problems as codes
from connectors.kit.catalogue.gtin import Gtin, gtin_in
from connectors.kit.catalogue.problems import FieldProblem
from connectors.kit.catalogue.tables import AttributeLine, Source, Tables
from connectors.kit.catalogue.waiting import category_name
from connectors.kit.errors import DataError
from connectors.kit.skus import Skus
from schemas.records import Product


def product_type_of(product: Product, tables: Tables) -> str | None:
    """The product type its category is mapped to, None when no line fits."""
    line = tables.category(product["category"])
    return line.product_type if line else None


def category_problems(
    product: Product, product_type: str | None, scope: str, name: str, types: Collection[str] | None = None
) -> Iterator[FieldProblem]:
    """scope: `marketplace:account`; name: the marketplace's, for people; types: all product types that exist, None when not known."""
    category = product["category"]
    if not category:
        yield FieldProblem(codes.NO_CATEGORY, "category", "the product has no category in Odoo; give it one")
    elif product_type is None:
        detail = f"{category[:120]!r} has no line in the category tables; add one with its product type"
        yield FieldProblem(codes.NO_CATEGORY, "category", detail, category_name(scope, category))
    elif types is not None and product_type not in types:
        # Held like a missing line: the table names a type that is not there (any more).
        detail = f"{name} has no product type {product_type!r}; set it right in the category tables"
        yield FieldProblem(codes.UNKNOWN_TYPE, "category", detail, category_name(scope, category, product_type))


def sku_problems(product: Product, skus: Skus) -> Iterator[FieldProblem]:
    if not product["sku"].strip():
        detail = "the product has no internal reference (default_code) in Odoo; give it one"
        yield FieldProblem(codes.BAD_SKU, "sku", detail)
    elif not skus.fits(product["sku"]):
        yield FieldProblem(codes.BAD_SKU, "sku", skus.wanted)


def identified(product: Product, own_use: bool = False) -> tuple[Gtin | None, list[FieldProblem]]:
    """The product's GTIN, or what is wrong with its barcode. own_use: numbers of the ranges for a shop's own use are taken (sandboxes)."""
    if not product["barcode"].strip():
        return None, [FieldProblem(codes.MISSING_REQUIRED, "barcode", "no GTIN, UPC or EAN; fill the barcode in Odoo")]
    try:
        gtin = gtin_in(product["barcode"])
    except DataError as error:
        return None, [FieldProblem(codes.BAD_GTIN, "barcode", str(error).removeprefix("barcode: "))]
    if gtin.own_use and not own_use:
        detail = (
            "is of the range for a shop's own use (02, 04, 2...), which no marketplace takes; use the maker's number"
        )
        return None, [FieldProblem(codes.BAD_GTIN, "barcode", detail)]
    return gtin, []


def variant_line(attribute: str, lines: Sequence[AttributeLine]) -> AttributeLine | None:
    """The first line that is filled from a variant attribute of Odoo."""
    wanted = f"attributes.{attribute}".casefold()
    return next((line for line in lines if any(str(source).casefold() == wanted for source in line.sources)), None)


def no_variant_line(attribute: str) -> FieldProblem:
    """Nothing tells the variants of a group apart there."""
    detail = f"no line of the attribute tables is filled from attributes.{attribute}, which tells the variants apart; add one"
    return FieldProblem(codes.VARIANT, f"attributes.{attribute}", detail)


def texts(product: Product, sources: Mapping[str, Source], shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a reader of the page sees: name and description as written, and every other text that a person could have typed. shown: the values
    that stand on the page, by their lines' names."""
    yield "name", product["name"]
    yield "description", product["description"]
    for name, source in sources.items():
        value = shown.get(name) if source.kind in ("attributes", "fields") else None
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, list):
            yield name, ". ".join(str(one) for one in value)


def image_problems(product: Product) -> Iterator[FieldProblem]:
    if not product["images"]:
        yield FieldProblem(codes.NO_IMAGE, "images", "no picture; add one of at least 1000 x 1000 pixels in Odoo")
