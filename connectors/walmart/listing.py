"""A product of Odoo -> an item for Walmart's feed MP_ITEM 5.0 (PRD-1, PRD-3, PRD-5). Pure: no IO, no clock.

An item has two blocks: `Orderable` (how it is sold) and `Visible`, keyed by the product type (what the page shows). Which attribute comes from
what is in tables; here stands only what every item has: SKU, GTIN, pictures, the variant group. Sources: Walmart's item spec 5.0 as its
`POST /v3/items/spec` answers in 2026, and the product details policy (marketplacelearn.walmart.com, July 2025).

Everything wrong with an item is told at once (`problems.ItemError`); when only our tables lack a line, `MappingMissing` says what it waits for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.kit.catalogue.drafting import (
    category_problems,
    identified,
    image_problems,
    no_variant_line,
    sku_problems,
    texts,
    variant_line,
)
from connectors.kit.catalogue.filling import filled
from connectors.kit.catalogue.problems import FieldProblem, refusal
from connectors.kit.catalogue.prohibited import Prohibited
from connectors.kit.catalogue.tables import AttributeLine, Tables
from connectors.kit.catalogue.variants import group_of, variant_problems
from connectors.walmart.listing_spec import ItemSpec
from connectors.walmart.skus import SKUS
from schemas.records import Image, Product

SOURCE = "walmart"
BLOCKS = ("visible", "orderable")
MAIN_IMAGE, MORE_IMAGES = "mainImageUrl", "productSecondaryImageURL"
# Stands for the picture while an item is checked: its address is known only once the picture is stored.
PENDING_IMAGE = "https://pictures.invalid/pending.jpg"
PRICE = "price"
PENDING_PRICE = Decimal("1.00")  # the same, of an item that is checked before its price is known, and never sent
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


def listing_of(
    product: Product, tables: Tables, options: ListingOptions, siblings: Sequence[Product] = (), price: Decimal | FieldProblem | None = None
) -> ListingDraft:  # fmt: skip
    """siblings: what is known of its variant group, for telling double combinations and naming the variant that stands for all.
    price: what it costs, or why that is not known; None = as the tables say.

    Raises ItemError (data) with all problems, MappingMissing when only a table lacks a line: `category:walmart:ACCOUNT:NAME`,
    `value:walmart:ACCOUNT:TABLE:VALUE`.
    """
    line = tables.category(product["category"])
    product_type = line.product_type if line else ""
    lines = tables.lines_for(product_type)
    if price is not None:
        lines = tuple(line for line in lines if line.attribute != (PRICE,))
    scope = f"{SOURCE}:{options.account}"
    found = filled(product, lines, tables.around, scope)
    orderable, visible = found.values.get("orderable", {}), found.values.get("visible", {})
    types, mapped = options.product_types, product_type if line else None
    wrong = [*category_problems(product, mapped, scope, "Walmart", types), *found.problems]
    gtin, unidentified = identified(product, options.own_use_gtins)
    if gtin is not None:
        orderable.setdefault("productIdentifiers", {"productIdType": "GTIN", "productId": gtin.gtin14})
    wrong += [*sku_problems(product, SKUS), *unidentified]
    wrong += _grouped(product, siblings, lines, visible)
    wrong += options.prohibited.problems(dict(texts(product, found.sources, visible)), product["brand"])
    images = tuple(product["images"][: options.most_images])
    if options.needs_image:
        wrong += image_problems(product)
    orderable = {"sku": product["sku"], **orderable}
    if price is not None:
        orderable[PRICE] = PENDING_PRICE if isinstance(price, FieldProblem) else price
    notes = list(found.notes)
    if (spec := options.specs.get(product_type)) is not None:
        orderable, visible, more = spec.placed(orderable, visible, _optional(lines))
        notes += more
        wrong += spec.problems(orderable, {MAIN_IMAGE: PENDING_IMAGE, **visible}, _told_of(wrong))
    if wrong:
        raise refusal(wrong)
    if isinstance(price, FieldProblem):
        # No fault of the product: told alone, or one exception would change its words with the hour it came in.
        raise refusal([price])
    item = {"Orderable": orderable, "Visible": {product_type: visible}}
    return ListingDraft(product["sku"], product_type, item, tuple(notes), images)


def _grouped(
    product: Product, siblings: Sequence[Product], lines: Sequence[AttributeLine], visible: Json
) -> list[FieldProblem]:  # fmt: skip
    """Puts the variant group in: id, Walmart's names of what differs, and whether this variant stands for all."""
    group = group_of(product, siblings)
    if group is None:
        return []
    wrong = variant_problems(product, siblings)
    names = []
    shown = [line for line in lines if line.block == "visible"]
    for attribute in group.attributes:
        line = variant_line(attribute, shown)
        if line is None:
            wrong.append(no_variant_line(attribute))
        else:
            names.append(line.name)
    visible |= {"variantGroupId": group.id, "variantAttributeNames": names}
    if group.primary is not None:
        visible["isPrimaryVariant"] = "Yes" if group.primary else "No"
    return wrong


def _optional(lines: Sequence[AttributeLine]) -> frozenset[str]:
    """Attributes that a table offers to every type without asking for them: a type that does not know one is listed without it."""
    return frozenset(line.attribute[0] for line in lines if line.is_general and not line.required)


def _told_of(problems: Sequence[FieldProblem]) -> frozenset[str]:
    """Attributes something is wrong with already, so that the spec need not say it again."""
    names = {problem.field.split(" ")[0].split(".")[0] for problem in problems}
    return frozenset(names | ({"productIdentifiers"} if "barcode" in names else set()))
