"""Global Trade Item Numbers: UPC-A, EAN-8, EAN-13, GTIN-14, ISBN-10 -> one form with a checked digit. Pure.

GS1 General Specifications 7.9: the last digit is computed from the others; leading zeros do not change it, so every form is also a
GTIN-14 with zeros in front. Numbers beginning 02, 04 or 2 (as EAN-13) are each shop's own ("restricted circulation", GS1 prefixes
020-029, 040-049, 200-299): no marketplace can tell whose they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stdnum import ean, isbn
from stdnum.exceptions import ValidationError

from connectors.kit.catalogue.problems import BAD_GTIN
from connectors.kit.errors import DataError

_SEPARATORS = re.compile(r"[\s-]")
_DIGITS = re.compile(r"[0-9]+")
_KINDS = {8: "EAN", 12: "UPC", 13: "EAN", 14: "GTIN"}
_OWN_USE = re.compile("02|04|2")


@dataclass(frozen=True, slots=True)
class Gtin:
    """A checked number. gtin14: 14 digits; kind: what it was written as: UPC, EAN, GTIN or ISBN."""

    gtin14: str
    kind: str

    @property
    def upc(self) -> str | None:
        """The 12 digits of a UPC-A, None when it cannot be written so."""
        return self.gtin14[2:] if self.gtin14.startswith("00") else None

    @property
    def ean13(self) -> str | None:
        """The 13 digits of an EAN-13, None when it cannot be written so."""
        return self.gtin14[1:] if self.gtin14.startswith("0") else None

    @property
    def own_use(self) -> bool:
        """Whether the number is of the ranges that any shop may use for itself."""
        return self.ean13 is not None and bool(_OWN_USE.match(self.ean13))


def gtin_in(text: str, field: str = "barcode") -> Gtin:
    """The number in a text with or without spaces and hyphens. Raises DataError (BAD_GTIN) naming the field and what is wrong."""
    digits = _SEPARATORS.sub("", text)
    if len(digits) == 10 and isbn.is_valid(digits.upper()):
        return Gtin("0" + isbn.to_isbn13(digits.upper()), "ISBN")
    if not _DIGITS.fullmatch(digits) or len(digits) not in _KINDS:
        raise _wrong(field, f"a GTIN has 8, 12, 13 or 14 digits; this has {_counted(digits)}")
    if not digits.strip("0"):
        raise _wrong(field, "only zeros")
    try:
        ean.validate(digits)
    except ValidationError:
        expected = ean.calc_check_digit(digits[:-1])
        raise _wrong(
            field, f"the check digit of {digits} is {digits[-1]}, by the other digits it is {expected}"
        ) from None
    kind = "ISBN" if len(digits) == 13 and digits.startswith(("978", "979")) else _KINDS[len(digits)]
    return Gtin(digits.zfill(14), kind)


def _wrong(field: str, what: str) -> DataError:
    return DataError(f"{field}: {what}", code=BAD_GTIN)


def _counted(text: str) -> str:
    if _DIGITS.fullmatch(text):
        return f"{len(text)}"
    others = len(re.sub("[0-9]", "", text))
    return f"{len(text) - others} and {others} other characters"
