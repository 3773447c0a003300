"""What the sandbox's sellers sell: 60 products, four of them bundles, as data the demo can create in Odoo too.

TEST-4: every SKU here starts with MARKER. Barcodes are EAN-13 of the range 200..299, which GS1 leaves to shops' own use,
so none is anyone's product.
"""

from dataclasses import dataclass

MARKER = "CWT-"
# An order whose every SKU starts like this is a test order (ORD-4). Walmart's published examples name theirs so
# ("TEST-02"); the API has no flag for it.
TEST_ORDER_PREFIX = "TEST-"
# SKUs that sellers list and that no catalogue holds (ORD-9).
UNKNOWN_SKUS = tuple(f"{MARKER}UNKNOWN-{number:02d}" for number in range(1, 13))


@dataclass(frozen=True)
class Product:
    """One product. price_cents: per unit, USD; weight_grams: with packaging; parts: (SKU, quantity) of a bundle."""

    sku: str
    name: str
    price_cents: int
    barcode: str
    weight_grams: int
    parts: tuple[tuple[str, int], ...] = ()


_KINDS = (
    ("Desk Lamp", 2499, 1350),
    ("Coffee Grinder", 3995, 1800),
    ("Yoga Mat", 1899, 1100),
    ("Water Bottle", 1250, 320),
    ("Garden Hose", 2749, 3900),
    ("Wall Clock", 1674, 890),
    ("Bath Towel", 999, 560),
    ("Cutting Board", 2199, 1450),
    ("Bike Light", 1549, 210),
    ("Puzzle 1000 Pieces", 1785, 780),
    ("Phone Stand", 895, 150),
    ("Cast Iron Pan", 3450, 2900),
    ("Plant Pot", 1120, 1250),
    ("Pencil Case", 649, 180),
)
_FINISHES = ("Slate", "Cream", "Forest Green", "Crème Brûlée")


def ean13(body: str) -> str:
    """Twelve digits with their check digit (GS1 General Specifications 7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _single(number: int) -> Product:
    name, price_cents, weight_grams = _KINDS[number % len(_KINDS)]
    finish = _FINISHES[number // len(_KINDS)]
    barcode = ean13(f"200{number + 1:09d}")
    price = price_cents + 150 * (number // len(_KINDS))
    return Product(f"{MARKER}{number + 1:04d}", f"{name}, {finish}", price, barcode, weight_grams)


def _bundle(number: int, singles: tuple[Product, ...]) -> Product:
    parts = (singles[number], singles[number + 9])
    return Product(
        sku=f"{MARKER}SET-{number + 1:02d}",
        name=f"Set: {parts[0].name} with two {parts[1].name}",
        price_cents=(parts[0].price_cents + 2 * parts[1].price_cents) * 9 // 10,
        barcode=ean13(f"201{number + 1:09d}"),
        weight_grams=parts[0].weight_grams + 2 * parts[1].weight_grams,
        parts=((parts[0].sku, 1), (parts[1].sku, 2)),
    )


SINGLES = tuple(_single(number) for number in range(56))
BUNDLES = tuple(_bundle(number, SINGLES) for number in range(4))
CATALOG = SINGLES + BUNDLES
