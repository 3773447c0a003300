"""Which SKUs Walmart takes: item spec 5.0 has `sku` as 1 to 50 characters."""

from __future__ import annotations

from connectors.kit.reading import Reader

LONGEST_SKU = 50
WANTED_SKU = f"at most {LONGEST_SKU} printable characters, no space at its ends"


def is_sku(text: str) -> bool:
    """Whether an item there may be called so."""
    return 0 < len(text) <= LONGEST_SKU and text == text.strip() and text.isprintable()


def needed_sku(body: Reader) -> str:
    """The SKU a number or price is for. Raises DataError for one no item of Walmart's can have, which would wait for that item for ever."""
    sku = body.needed_text("sku")
    if not is_sku(sku):
        raise body["sku"].wrong(WANTED_SKU)
    return sku
