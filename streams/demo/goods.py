"""What is new in the shop during a demo: products a person makes in Odoo, most of them ready to be listed, two of them not. Plain data.

The sandbox's marker stands before each SKU (TEST-4), and barcodes are of the range shops use for themselves, so none is anyone's product.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connectors.kit.sandbox.catalog import MARKER, ean13

NEW = f"{MARKER}NEW-"
ORIGIN = "Made in"  # Amazon wants to know it of what it has no page for
STOCK = 25  # units of each, counted as soon as it is there: the marketplace has not heard of it yet
SIDE = 1200  # pixels of a picture; Walmart asks for 1000


@dataclass(frozen=True, slots=True)
class Variant:
    """One SKU. values: attribute -> value; those that differ between the variants of a product make them variants."""

    sku: str
    barcode: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewProduct:
    """One template in Odoo.

    title     as the marketplace shall show it; name is what was typed
    faults    codes of what is wrong with it; one that has any must not be listed, and is told of once, with all of them
    price     USD, decimal text; weight_kg: with packaging
    """

    name: str
    category: str
    variants: tuple[Variant, ...]
    price: str
    weight_kg: float
    description: str
    title: str = ""
    colour: tuple[int, int, int] | None = (120, 120, 120)
    faults: tuple[str, ...] = ()

    @property
    def shown_title(self) -> str:
        return self.title or self.name


def _variant(number: int, end: str = "", barcode: bool = True, **values: str) -> Variant:
    code = ean13(f"299{number:09d}") if barcode else ""
    return Variant(f"{NEW}{number:02d}{end}", code, {ORIGIN: "PT", **values})


SALEABLE = "All / Saleable"  # the example tables know the categories below it
PRODUCTS: tuple[NewProduct, ...] = (
    NewProduct(
        "WALL CLOCK, SILENT SWEEP, 30 CM ✨", f"{SALEABLE} / Wall Clocks", (_variant(1, Color="Slate"),), "24.90", 0.9,
        "<p>A wall clock without ticking.</p><ul><li>30 cm across</li><li>runs on one battery</li></ul>",
        title="Wall Clock, Silent Sweep, 30 CM", colour=(90, 100, 110),
    ),
    NewProduct(
        "Plant Pot with Saucer", f"{SALEABLE} / Plant Pots", (_variant(2, Color="Terracotta", Material="Clay"),), "14.50", 1.6,
        "Fired clay, for plants inside and outside.", colour=(190, 90, 60),
    ),
    NewProduct(
        "Cutting Board, End Grain", f"{SALEABLE} / Cutting Boards", (_variant(3, Material="Oak"),), "39.00", 2.4,
        "Glued from blocks of oak, oiled twice.", colour=(170, 130, 80),
    ),
    NewProduct(
        "Pencil Case, Canvas", f"{SALEABLE} / Pencil Cases",
        (_variant(4, "-G", Color="Green"), _variant(5, "-B", Color="Blue")), "8.75", 0.2, "Room for twenty pencils and a ruler.",
        colour=(60, 110, 140),
    ),
    NewProduct(
        "Phone Stand, Folding", f"{SALEABLE} / Phone Stands", (_variant(6, Color="Black"),), "9.95", 0.15,
        "The same as on eBay, there for $12.99.", colour=(40, 40, 40), faults=("COMPETITOR", "PRICE_IN_TEXT"),
    ),
    NewProduct(
        "Cutting Board, Travel Size", f"{SALEABLE} / Cutting Boards", (_variant(7, barcode=False, Material="Beech"),), "12.00", 0.5,
        "Fits into a lunch box.", colour=None, faults=("MISSING_REQUIRED", "NO_IMAGE"),
    ),
)  # fmt: skip


def ready() -> Iterator[tuple[NewProduct, Variant]]:
    """Those that can be listed as they are."""
    return ((product, variant) for product in PRODUCTS if not product.faults for variant in product.variants)


def faulty() -> Iterator[tuple[NewProduct, Variant]]:
    """Those that have to become one exception each."""
    return ((product, variant) for product in PRODUCTS if product.faults for variant in product.variants)


def picture(colour: tuple[int, int, int], side: int = SIDE) -> str:
    """A picture of one colour as Odoo takes it: a PNG in base64."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()
