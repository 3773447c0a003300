"""A product of Odoo -> an item for Walmart's feed MP_ITEM 5.0 (PRD-1, PRD-3, PRD-5). Pure: no IO, no clock.

An item has two blocks: `Orderable` (how it is sold) and `Visible`, keyed by the product type (what the page shows). Which attribute comes from
what is in tables; here stands only what every item has: SKU, GTIN, pictures, the variant group. Sources: Walmart's item spec 5.0 as its
`POST /v3/items/spec` answers in 2026, and the product details policy (marketplacelearn.walmart.com, July 2025).

Everything wrong with an item is told at once (`problems.ItemError`); when only our tables lack a line, `MappingMissing` says what it waits for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.kit.catalogue import problems as codes
from connectors.kit.catalogue.filling import filled
from connectors.kit.catalogue.gtin import gtin_in
from connectors.kit.catalogue.problems import FieldProblem, refusal
from connectors.kit.catalogue.prohibited import Prohibited
from connectors.kit.catalogue.tables import AttributeLine, Source, Tables
from connectors.kit.catalogue.variants import group_of, variant_problems
from connectors.kit.errors import DataError
from connectors.walmart.listing_spec import ItemSpec
from connectors.walmart.skus import WANTED_SKU, is_sku
from schemas.records import Image, Product

SOURCE = "walmart"
BLOCKS = ("visible", "orderable")
MAIN_IMAGE, MORE_IMAGES = "mainImageUrl", "productSecondaryImageURL"
# Stands for the picture while an item is checked: its address is known only once the picture is stored.
PENDING_IMAGE = "https://pictures.invalid/pending.jpg"
# In what a product waits for: the category needs a line, and not one that names this product type again.
OTHER_THAN = ":not:"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ListingOptions:
    """account: the seller account; product_types: all that exist, None when not known; specs: published item specs by product type;
    own_use_gtins: whether numbers of the ranges for a shop's own use may be sent (sandboxes)."""

    account: str
    prohibited: Prohibited = field(default_factory=Prohibited)
    most_images: int = 10
    needs_image: bool = True
    own_use_gtins: bool = False
    product_types: frozenset[str] | None = None
    specs: Mapping[str, ItemSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListingDraft:
    """item: {"Orderable": {...}, "Visible": {product_type: {...}}}, without pictures; images: to be checked and served, the main one first;
    notes: what was changed on the way, `attribute CODE`."""

    sku: str
    product_type: str
    item: Json
    notes: tuple[str, ...]
    images: tuple[Image, ...]

    def with_images(self, urls: Sequence[str]) -> Json:
        """The item to send, with its pictures' addresses in the order of `images`."""
        visible = dict(self.item["Visible"][self.product_type])
        if urls:
            visible[MAIN_IMAGE] = urls[0]
        if len(urls) > 1:
            visible[MORE_IMAGES] = list(urls[1:])
        return {**self.item, "Visible": {self.product_type: visible}}


def product_type_of(product: Product, tables: Tables) -> str | None:
    """The product type its category is mapped to, None when no line fits."""
    line = tables.category(product["category"])
    return line.product_type if line else None


def listing_of(
    product: Product, tables: Tables, options: ListingOptions, siblings: Sequence[Product] = ()
) -> ListingDraft:
    """siblings: what is known of its variant group, for telling double combinations and naming the variant that stands for all.

    Raises ItemError (data) with all problems, MappingMissing when only a table lacks a line: `category:walmart:ACCOUNT:NAME`,
    `value:walmart:ACCOUNT:TABLE:VALUE`.
    """
    line = tables.category(product["category"])
    product_type = line.product_type if line else ""
    lines = tables.lines_for(product_type)
    found = filled(product, lines, tables.around, f"{SOURCE}:{options.account}")
    orderable, visible = found.values.get("orderable", {}), found.values.get("visible", {})
    wrong = [*_category_problems(product, product_type, line is not None, options), *found.problems]
    wrong += [*_sku_problems(product), *_identifier(product, orderable, options)]
    wrong += _grouped(product, siblings, lines, visible)
    wrong += options.prohibited.problems(dict(_texts(product, found.sources, visible)), product["brand"])
    images = tuple(product["images"][: options.most_images])
    if options.needs_image and not images:
        wrong.append(
            FieldProblem(codes.NO_IMAGE, "images", "no picture; add one of at least 1000 x 1000 pixels in Odoo")
        )
    orderable = {"sku": product["sku"], **orderable}
    notes = list(found.notes)
    if (spec := options.specs.get(product_type)) is not None:
        orderable, visible, more = spec.placed(orderable, visible, _optional(lines))
        notes += more
        wrong += spec.problems(orderable, {MAIN_IMAGE: PENDING_IMAGE, **visible}, _told_of(wrong))
    if wrong:
        raise refusal(wrong)
    item = {"Orderable": orderable, "Visible": {product_type: visible}}
    return ListingDraft(product["sku"], product_type, item, tuple(notes), images)


def _category_problems(
    product: Product, product_type: str, is_mapped: bool, options: ListingOptions
) -> Iterator[FieldProblem]:  # fmt: skip
    name = product["category"]
    if not name:
        yield FieldProblem(codes.NO_CATEGORY, "category", "the product has no category in Odoo; give it one")
    elif not is_mapped:
        detail = f"{name[:120]!r} has no line in the category tables; add one with its product type"
        yield FieldProblem(codes.NO_CATEGORY, "category", detail, f"category:{SOURCE}:{options.account}:{name}")
    elif options.product_types is not None and product_type not in options.product_types:
        # Held like a missing line: the table names a type Walmart does not have (any more).
        detail = f"Walmart has no product type {product_type!r}; set it right in the category tables"
        waiting_for = f"category:{SOURCE}:{options.account}:{name}{OTHER_THAN}{product_type}"
        yield FieldProblem(codes.UNKNOWN_TYPE, "category", detail, waiting_for)


def _sku_problems(product: Product) -> Iterator[FieldProblem]:
    sku = product["sku"]
    if not sku.strip():
        yield FieldProblem(
            codes.BAD_SKU, "sku", "the product has no internal reference (default_code) in Odoo; give it one"
        )
    elif not is_sku(sku):
        yield FieldProblem(codes.BAD_SKU, "sku", WANTED_SKU)


def _identifier(product: Product, orderable: Json, options: ListingOptions) -> list[FieldProblem]:
    """Puts productIdentifiers in."""
    if not product["barcode"].strip():
        return [FieldProblem(codes.MISSING_REQUIRED, "barcode", "no GTIN, UPC or EAN; fill the barcode in Odoo")]
    try:
        gtin = gtin_in(product["barcode"])
    except DataError as error:
        return [FieldProblem(codes.BAD_GTIN, "barcode", str(error).removeprefix("barcode: "))]
    if gtin.own_use and not options.own_use_gtins:
        detail = (
            "is of the range for a shop's own use (02, 04, 2...), which no marketplace takes; use the maker's number"
        )
        return [FieldProblem(codes.BAD_GTIN, "barcode", detail)]
    orderable.setdefault("productIdentifiers", {"productIdType": "GTIN", "productId": gtin.gtin14})
    return []


def _grouped(
    product: Product, siblings: Sequence[Product], lines: Sequence[AttributeLine], visible: Json
) -> list[FieldProblem]:  # fmt: skip
    """Puts the variant group in: id, Walmart's names of what differs, and whether this variant stands for all."""
    group = group_of(product, siblings)
    if group is None:
        return []
    wrong = variant_problems(product, siblings)
    names = []
    for attribute in group.attributes:
        name = _walmart_name(attribute, lines)
        if name is None:
            detail = f"no line of the attribute tables is filled from attributes.{attribute}, which tells the variants apart; add one"
            wrong.append(FieldProblem(codes.VARIANT, f"attributes.{attribute}", detail))
        else:
            names.append(name)
    visible |= {"variantGroupId": group.id, "variantAttributeNames": names}
    if group.primary is not None:
        visible["isPrimaryVariant"] = "Yes" if group.primary else "No"
    return wrong


def _walmart_name(attribute: str, lines: Sequence[AttributeLine]) -> str | None:
    """The first visible attribute filled from a variant attribute of Odoo."""
    wanted = f"attributes.{attribute}".casefold()
    for line in lines:
        if line.block == "visible" and any(str(source).casefold() == wanted for source in line.sources):
            return line.name
    return None


def _texts(product: Product, sources: Mapping[str, Source], visible: Json) -> Iterator[tuple[str, str]]:
    """What a reader of the page sees: name and description as written, and every other text that a person could have typed."""
    yield "name", product["name"]
    yield "description", product["description"]
    for name, source in sources.items():
        value = visible.get(name) if source.kind in ("attributes", "fields") else None
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, list):
            yield name, ". ".join(str(one) for one in value)


def _optional(lines: Sequence[AttributeLine]) -> frozenset[str]:
    """Attributes that a table offers to every type without asking for them: a type that does not know one is listed without it."""
    return frozenset(line.attribute[0] for line in lines if line.is_general and not line.required)


def _told_of(problems: Sequence[FieldProblem]) -> frozenset[str]:
    """Attributes something is wrong with already, so that the spec need not say it again."""
    names = {problem.field.split(" ")[0].split(".")[0] for problem in problems}
    return frozenset(names | ({"productIdentifiers"} if "barcode" in names else set()))
