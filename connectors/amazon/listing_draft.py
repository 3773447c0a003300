"""A product of Odoo -> the attributes of a listing (PRD-1, PRD-3, PRD-5). Pure: no IO, no clock.

Two ways to a listing: an offer on a page that Amazon has (`LISTING_OFFER_ONLY`: the page's ASIN, condition, price), and a product with a page of
its own (`LISTING`), whose attributes come from tables. An attribute is a list of objects, one for each marketplace; texts say their language.
Everything wrong with it is told at once; when only our tables lack a line, `MappingMissing` says what it waits for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from connectors.amazon.listing_items import ALL, SKUS
from connectors.amazon.listing_settings import ATTRIBUTES, TEXTS
from connectors.amazon.marketplaces import BY_ID
from connectors.kit.catalogue import problems as codes
from connectors.kit.catalogue.drafting import (
    category_problems,
    identified,
    image_problems,
    no_variant_line,
    product_type_of,
    sku_problems,
    texts,
    variant_line,
)
from connectors.kit.catalogue.filling import filled
from connectors.kit.catalogue.first_price import PRICE, FirstPricing
from connectors.kit.catalogue.gtin import Gtin
from connectors.kit.catalogue.problems import FieldProblem, refusal
from connectors.kit.catalogue.prohibited import Prohibited
from connectors.kit.catalogue.tables import Tables
from connectors.kit.catalogue.variants import group_of, variant_problems
from connectors.kit.currencies import smallest
from schemas.records import Image, Money, Product

SOURCE = "amazon"
LISTING, OFFER_ONLY, PRODUCT_ONLY = "LISTING", "LISTING_OFFER_ONLY", "LISTING_PRODUCT_ONLY"
MAIN_IMAGE, MORE_IMAGES = "main_product_image_locator", "other_product_image_locator_"
MOST_IMAGES = 9
OFFER = "purchasable_offer"
# What of an offer is said besides its price.
CONDITION = "condition_type"
# Amazon's words for the language of a marketplace's texts; where it has several, the country's own.
LANGUAGES = {
    "US": "en_US", "CA": "en_CA", "MX": "es_MX", "BR": "pt_BR", "GB": "en_GB", "DE": "de_DE", "FR": "fr_FR", "IT": "it_IT", "ES": "es_ES",
    "NL": "nl_NL", "SE": "sv_SE", "PL": "pl_PL", "TR": "tr_TR", "AE": "ar_AE", "SA": "ar_SA", "EG": "ar_EG", "IN": "en_IN", "JP": "ja_JP",
    "AU": "en_AU", "SG": "en_SG",
}  # fmt: skip
_IDENTIFIERS = {"UPC": "upc", "EAN": "ean", "GTIN": "gtin", "ISBN": "isbn"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DraftOptions:
    """account: the seller account; own_use_gtins: whether numbers of the ranges for a shop's own use may be sent (sandboxes)."""

    account: str
    prohibited: Prohibited = field(default_factory=Prohibited)
    most_images: int = MOST_IMAGES
    own_use_gtins: bool = False

    @property
    def scope(self) -> str:
        return f"{SOURCE}:{self.account}"


@dataclass(frozen=True, slots=True)
class Draft:
    """blocks: values by what they are (`listing_settings`); gtin: 14 digits; variation: what it is a child of; images: to be checked
    and served, the main one first; notes: what was changed on the way."""

    product_type: str
    requirements: str
    blocks: Mapping[str, Mapping[str, Any]]
    identifier: tuple[str, str]
    images: tuple[Image, ...] = ()
    variation: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def parent(self) -> str:
        """SKU of its parent, "" where it has none."""
        return str(self.variation.get("child_parent_sku_relationship", {}).get("parent_sku", ""))

    def parent_attributes(self, marketplace: str) -> Json:
        """Of the parent: what the variants share, as far as one of them tells; nothing to buy, no barcode."""
        differ = {name.lower() for name in str(self.variation.get("variation_theme", {}).get("name", "")).split("/")}
        shared = {
            block: {name: value for name, value in values.items() if name not in differ and name != CONDITION}
            for block, values in self.blocks.items()
        }
        theme = {"variation_theme": self.variation.get("variation_theme", {}), "parentage_level": {"value": "parent"}}
        return replace(self, requirements=PRODUCT_ONLY, blocks=shared, variation=theme).attributes(marketplace)

    def attributes(self, marketplace: str, urls: Sequence[str] = ()) -> Json:
        """As one marketplace takes them; without price."""
        here = {"marketplace_id": marketplace}
        country = BY_ID[marketplace].country if marketplace in BY_ID else ""
        language = {"language_tag": LANGUAGES[country]} if country in LANGUAGES else {}
        found: Json = {}
        for block, more in ((ATTRIBUTES, here), (TEXTS, {**language, **here})):
            for name, value in self.blocks.get(block, {}).items():
                found[name] = [{**_object(one), **more} for one in (value if isinstance(value, list) else [value])]
        found |= {name: [{**value, **here}] for name, value in self.variation.items()}
        if self.requirements == LISTING:
            kind, number = self.identifier
            found["externally_assigned_product_identifier"] = [{"type": kind, "value": number, **here}]
        for place, url in enumerate(urls[:MOST_IMAGES]):
            found[f"{MORE_IMAGES}{place}" if place else MAIN_IMAGE] = [{"media_location": url, **here}]
        return found


def on_page(product: Product, asin: str, tables: Tables, options: DraftOptions) -> Draft:
    """An offer on a page that is there: the page shows what Amazon knows. Raises ItemError with all problems."""
    gtin, wrong = identified(product, options.own_use_gtins)
    wrong += sku_problems(product, SKUS)
    found = filled(
        product, [line for line in tables.lines_for("") if line.name == CONDITION], tables.around, options.scope
    )
    if wrong := [*wrong, *found.problems]:
        raise refusal(wrong)
    blocks = {ATTRIBUTES: {**found.values.get(ATTRIBUTES, {}), "merchant_suggested_asin": asin}}
    return Draft("PRODUCT", OFFER_ONLY, blocks, _identifier(gtin), notes=tuple(found.notes))


def own_page(product: Product, tables: Tables, options: DraftOptions, siblings: Sequence[Product] = ()) -> Draft:
    """A listing with all it says. siblings: what is known of its variant group.

    Raises ItemError (data) with all problems, MappingMissing when only a table lacks a line."""
    product_type = product_type_of(product, tables)
    lines = tables.lines_for(product_type or "")
    found = filled(product, lines, tables.around, options.scope)
    gtin, wrong = identified(product, options.own_use_gtins)
    wrong += [*category_problems(product, product_type, options.scope, "Amazon"), *found.problems]
    wrong += sku_problems(product, SKUS)
    shown = {**found.values.get(ATTRIBUTES, {}), **found.values.get(TEXTS, {})}
    wrong += options.prohibited.problems(dict(texts(product, found.sources, shown)), product["brand"])
    variation: Json = {}
    wrong += _varied(product, siblings, tables, product_type or "", variation)
    wrong += image_problems(product)
    if wrong:
        raise refusal(wrong)
    images = tuple(product["images"][: options.most_images])
    return Draft(product_type or "", LISTING, found.values, _identifier(gtin), images, variation, tuple(found.notes))


def first_prices(product: Product, marketplaces: Sequence[str], account: str, first: FirstPricing) -> dict[str, Json]:
    """Marketplace -> the offer of a new listing there: what the price flow decided, where it is switched on, else Odoo's sales price. Raises
    MappingMissing while nothing is decided, ItemError where there is none in a marketplace's currency."""
    if not (marketplaces and first.decides(account)):
        return {marketplace: _first_offer(product["list_price"], marketplace) for marketplace in marketplaces}
    price = first.of(account, product["sku"], sorted({BY_ID[one].currency for one in marketplaces if one in BY_ID}))
    if isinstance(price, FieldProblem):
        raise refusal([price])
    return {marketplace: _first_offer(price, marketplace) for marketplace in marketplaces}


def _first_offer(price: Money | None, marketplace: str) -> Json:
    currency = BY_ID[marketplace].currency if marketplace in BY_ID else ""
    if price is None or (currency and price["currency"] != currency) or Decimal(price["amount"]) <= 0:
        told = f"{price['amount']} {price['currency']}" if price else "missing"
        detail = (
            f"a new listing needs a price in {currency or 'the currency of its marketplace'}, and this one is {told}"
        )
        raise refusal([FieldProblem(codes.MISSING_REQUIRED, PRICE, detail)])
    amount = Decimal(price["amount"]).quantize(smallest(price["currency"]))
    our_price = [{"schedule": [{"value_with_tax": amount}]}]
    offer = {"marketplace_id": marketplace, "currency": price["currency"], "audience": ALL, "our_price": our_price}
    return {OFFER: [offer]}


def _identifier(gtin: Gtin | None) -> tuple[str, str]:
    """(type, number) as Amazon takes it: a UPC or EAN by its own length."""
    if gtin is None:
        return "", ""
    if gtin.upc:
        return _IDENTIFIERS["UPC"], gtin.upc
    return (_IDENTIFIERS["EAN"], gtin.ean13) if gtin.ean13 else (_IDENTIFIERS["GTIN"], gtin.gtin14)


def _varied(
    product: Product, siblings: Sequence[Product], tables: Tables, product_type: str, variation: Json
) -> Iterator[FieldProblem]:
    """Puts the variant group in: which parent it is a child of, and by what the children differ."""
    group = group_of(product, siblings)
    if group is None:
        return
    yield from variant_problems(product, siblings)
    names = []
    for attribute in group.attributes:
        line = variant_line(attribute, tables.lines_for(product_type))
        if line is None:
            yield no_variant_line(attribute)
        else:
            names.append(line.name)
    theme = "/".join(name.upper() for name in names)
    variation |= {
        "parentage_level": {"value": "child"},
        "child_parent_sku_relationship": {"child_relationship_type": "variation", "parent_sku": parent_sku(group.id)},
        "variation_theme": {"name": theme},
    }


def parent_sku(group: str) -> str:
    """The SKU of the parent that the variants of a template share."""
    return f"PARENT-{group}"[:40]


def _object(value: Any) -> Json:
    return dict(value) if isinstance(value, dict) else {"value": value}
