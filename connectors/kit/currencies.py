"""How many decimal digits amounts of a currency have (ISO 4217, minor units). One table for all that rounds money."""

from __future__ import annotations

from decimal import Decimal

# All others have two.
_NONE = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


def digits_of(currency: str) -> int:
    """Digits behind the point: 2 for USD, 0 for JPY, 3 for KWD."""
    return 0 if currency in _NONE else 3 if currency in _THREE else 2


def smallest(currency: str) -> Decimal:
    """The smallest amount of the currency: a cent, a yen."""
    return Decimal(1).scaleb(-digits_of(currency))
