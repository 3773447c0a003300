"""A supplier's offer -> the product, its variants and their prices as Odoo will hold them. Pure (PRD-2, PO-3).

Only what differs among an offer's variants becomes an attribute. What is wrong with one variant leaves that one out, with a note that says why;
what all of them need and is missing is an error of the offer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from connectors.kit.errors import DataError
from connectors.odoo.money import ZERO, number
from connectors.odoo.supplier_prices import Least, Tier, tiers_of
from connectors.odoo.supplier_settings import SupplierProductSettings
from schemas.checksum import checksum
from schemas.records import OfferAttribute, OfferVariant, SupplierProduct

PUBLISHED = "published"
_MOST_CHARACTERS = 250
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")  # what may stand between the strokes of a supplier's code


@dataclass(frozen=True, slots=True)
class VariantPlan:
    """What can be ordered. choices: (attribute, value) as Odoo shows them; code: OFFER/SKU/SPEC; weight in kilograms, None = unknown."""

    sku_id: str
    code: str
    default_code: str
    barcode: str
    said: str
    weight: Decimal | None
    choices: tuple[tuple[str, str], ...]
    currency: str
    tiers: tuple[Tier, ...]

    @property
    def id(self) -> str:
        """Its part of external ids and of what is remembered."""
        return self.sku_id or "single"


@dataclass(frozen=True, slots=True)
class OfferPlan:
    """vendor: reference of the contact; said: the product's name in the supplier's own words; shape: tells templates of other attributes apart;
    skipped: SKUs that are offered and were left out; notes: codes of what was left out."""

    key: str
    source: str
    account: str
    offer_id: str
    vendor: str
    vendor_name: str
    published: bool
    name: str
    said: str
    category_id: str
    category_name: str
    unit: str
    image: str
    shape: str
    attributes: tuple[str, ...]
    variants: tuple[VariantPlan, ...]
    skipped: frozenset[str]
    notes: tuple[str, ...]


def vendor_reference(source: str, account: str, supplier: str) -> str:
    return f"{source}:{account}:{supplier}"


def plan_offer(product: SupplierProduct, settings: SupplierProductSettings, least: Least | None = None) -> OfferPlan:
    """`least`: the smallest order instead of the supplier's. Raises DataError naming the field that is missing or makes no sense."""
    for name in ("offer_id", "supplier", "name"):
        if not str(product[name]).strip():
            raise DataError(f"{name}: missing")
    if not _ID.fullmatch(product["offer_id"]):
        raise DataError("offer_id: not a number")
    published = product["status"] == PUBLISHED
    notes = [] if published else [f"not_published:{product['status'] or 'unknown'}"]
    found = _Attributes(product, settings) if published else None
    variants = _variants(product, settings, found, notes, least) if found else ()
    if settings.names == "translated" and published and not product["name_translated"]:
        notes.append("untranslated")
    return OfferPlan(
        key=product["key"], source=product["source"], account=product["account"], offer_id=product["offer_id"],
        vendor=vendor_reference(product["source"], product["account"], product["supplier"]),
        vendor_name=product["supplier_name"].strip(), published=published,
        name=_shown(product["name"], product["name_translated"], settings), said=product["name"][:_MOST_CHARACTERS],
        category_id=product["category_id"], category_name=product["category_name"], unit=product["unit"].strip(),
        image=next(iter(product["images"]), ""), shape=checksum(list(found.names) if found else [])[:12],
        attributes=tuple(found.shown[one] for one in found.names) if found else (), variants=variants,
        skipped=_skipped(product, variants) if published else frozenset(), notes=tuple(notes),
    )  # fmt: skip


def _skipped(product: SupplierProduct, variants: Sequence[VariantPlan]) -> frozenset[str]:
    return frozenset(one["sku_id"] for one in product["variants"]) - {one.sku_id for one in variants}


class _Attributes:
    """Which attributes tell an offer's variants apart, and what they are called.

    names    as the supplier writes them, in the order of the offer
    shown    name -> what Odoo calls it; two that are translated alike keep their own word beside it
    """

    def __init__(self, product: SupplierProduct, settings: SupplierProductSettings) -> None:
        self._settings = settings
        variants = product["variants"]
        every: dict[str, dict[str, OfferAttribute]] = {}
        for variant in variants:
            for one in variant["attributes"]:
                if one["value"]:
                    every.setdefault(one["name"], {})[one["value"]] = one
        self.names = [name for name, values in every.items() if len(values) > 1]
        firsts = [next(iter(every[name].values())) for name in self.names]
        self.shown = _apart([(one["name"], one["name_translated"]) for one in firsts], self._word)
        self._values = {
            name: _apart([(one["value"], one["value_translated"]) for one in every[name].values()], self._word)
            for name in self.names
        }

    def choices(self, variant: OfferVariant) -> tuple[tuple[str, str], ...]:
        """Raises DataError for a variant that does not say what it is."""
        found = []
        for name in self.names:
            value = _value(variant, name)
            if not value:
                raise DataError(f"attributes: {name} missing", code="no_attribute")
            found.append((self.shown[name], self._values[name][value]))
        return tuple(found)

    def words(self, variant: OfferVariant) -> str:
        """The same in the supplier's own words."""
        return " ".join(_value(variant, name) for name in self.names)

    def _word(self, own: str, translated: str) -> str:
        return _shown(own, translated, self._settings)


def _value(variant: OfferVariant, name: str) -> str:
    return next((one["value"] for one in variant["attributes"] if one["name"] == name), "")


def _apart(pairs: Sequence[tuple[str, str]], word: Callable[[str, str], str]) -> dict[str, str]:
    """Own word -> the word to show, no two the same."""
    shown = {own: word(own, translated) for own, translated in pairs}
    alike = [one.casefold() for one in shown.values()]
    return {own: f"{one} ({own})" if alike.count(one.casefold()) > 1 and one != own else one for own, one in shown.items()}  # fmt: skip


def _variants(
    product: SupplierProduct,
    settings: SupplierProductSettings,
    attributes: _Attributes,
    notes: list[str],
    least: Least | None,
) -> tuple[VariantPlan, ...]:
    """Raises DataError when none can be used."""
    if not product["variants"]:
        raise DataError("variants: missing")
    found: list[VariantPlan] = []
    minimum = number(product["minimum_quantity"] or "1", "minimum_quantity")
    if minimum <= ZERO:
        raise DataError("minimum_quantity: not above 0")
    least = least or Least(minimum)
    why = ""
    for index, variant in enumerate(product["variants"]):
        try:
            one = _variant(product, index, variant, least, settings, attributes)
            _check_new(one, found, f"variants[{index}]")
            found.append(one)
        except DataError as error:
            why = why or str(error)
            notes.append(f"variant_skipped:{variant['sku_id'] or 'single'}:{error.code or 'bad_price'}")
    if not found:
        raise DataError(f"variants: none can be used; {why}")
    return _without_shared_barcodes(found, notes)


def _without_shared_barcodes(found: Sequence[VariantPlan], notes: list[str]) -> tuple[VariantPlan, ...]:
    """No two products of Odoo may have one barcode."""
    every = [one.barcode for one in found if one.barcode]
    if len(set(every)) < len(every):
        notes.append("barcode_shared")
    return tuple(replace(one, barcode="") if every.count(one.barcode) > 1 else one for one in found)


def _check_new(one: VariantPlan, found: Sequence[VariantPlan], where: str) -> None:
    """Raises DataError for a second one that nothing tells from the first."""
    if any(one.id == other.id or one.choices == other.choices for other in found):
        raise DataError(f"{where}: the same as another one", code="same_attributes")


def _variant(
    product: SupplierProduct,
    index: int,
    variant: OfferVariant,
    least: Least,
    settings: SupplierProductSettings,
    attributes: _Attributes,
) -> VariantPlan:
    where = f"variants[{index}]"
    if len(product["variants"]) > 1 and not variant["sku_id"]:
        raise DataError(f"{where}.sku_id: missing", code="no_sku_id")
    if variant["sku_id"] and not variant["spec_id"]:
        raise DataError(f"{where}.spec_id: missing", code="no_spec_id")
    for name in ("sku_id", "spec_id"):
        if variant[name] and not _ID.fullmatch(variant[name]):
            raise DataError(f"{where}.{name}: not an id", code=f"bad_{name}")
    currency, tiers = tiers_of(variant["prices"] or product["prices"], least, settings.prices, f"{where}.prices")
    if not tiers:
        raise DataError(f"{where}.prices: missing", code="no_price")
    choices = attributes.choices(variant)
    words = {
        "account": product["account"], "offer_id": product["offer_id"], "sku_id": variant["sku_id"],
        "item_number": variant["item_number"],
    }  # fmt: skip
    said = f"{product['name']} {attributes.words(variant)}".strip()
    return VariantPlan(
        sku_id=variant["sku_id"], code=f"{product['offer_id']}/{variant['sku_id']}/{variant['spec_id']}",
        default_code=_written(settings.default_code, words), barcode=_written(settings.barcode, words),
        said=said[:_MOST_CHARACTERS], weight=_weight(variant["weight"] or product["weight"]), choices=choices,
        currency=currency, tiers=tiers,
    )  # fmt: skip


def _written(pattern: str, words: Mapping[str, str]) -> str:
    """Without the strokes that an empty part leaves behind."""
    return pattern.format(**words).strip(" -_/")


def _weight(text: str) -> Decimal | None:
    """A weight that makes no sense says nothing: nobody would leave a variant out for it."""
    try:
        found = number(text, "weight") if text else ZERO
    except DataError:
        return None
    return found if found > ZERO else None


def _shown(own: str, translated: str, settings: SupplierProductSettings) -> str:
    word = translated.strip() if settings.names == "translated" else ""
    return (word or own.strip())[:_MOST_CHARACTERS]
