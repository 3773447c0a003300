"""Which SKUs a marketplace takes (PRD-3): a delivery for one that no item there can have would wait for that item for ever."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.kit.reading import Reader


@dataclass(frozen=True, slots=True)
class Skus:
    """longest: most characters."""

    longest: int

    @property
    def wanted(self) -> str:
        """What one has to be like, for people."""
        return f"at most {self.longest} printable characters, no space at its ends"

    def fits(self, text: str) -> bool:
        """Whether an item may be called so."""
        return 0 < len(text) <= self.longest and text == text.strip() and text.isprintable()

    def needed(self, body: Reader) -> str:
        """The SKU a delivery is for. Raises DataError for one no item can have."""
        sku = body.needed_text("sku")
        if not self.fits(sku):
            raise body["sku"].wrong(self.wanted)
        return sku
