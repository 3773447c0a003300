"""Exact conversion between units of mass, length, volume and area. Pure; decimal, never float.

The inch is 2.54 cm, the pound 0.45359237 kg (International Yard and Pound Agreement, 1959), the US gallon 231 cubic inches (NIST Handbook 44,
appendix C): all factors are exact. What is rounded is only the result, half away from zero to the asked places, as packaging labels are.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext

# unit -> (dimension, factor to the dimension's base: kg, m, l)
_INCH, _POUND = Decimal("0.0254"), Decimal("0.45359237")
_GALLON = Decimal("3.785411784")
UNITS: dict[str, tuple[str, Decimal]] = {
    "kg": ("mass", Decimal(1)),
    "g": ("mass", Decimal("0.001")),
    "mg": ("mass", Decimal("0.000001")),
    "t": ("mass", Decimal(1000)),
    "lb": ("mass", _POUND),
    "oz": ("mass", _POUND / 16),
    "m": ("length", Decimal(1)),
    "cm": ("length", Decimal("0.01")),
    "mm": ("length", Decimal("0.001")),
    "km": ("length", Decimal(1000)),
    "in": ("length", _INCH),
    "ft": ("length", _INCH * 12),
    "yd": ("length", _INCH * 36),
    "l": ("volume", Decimal(1)),
    "ml": ("volume", Decimal("0.001")),
    "cl": ("volume", Decimal("0.01")),
    "m3": ("volume", Decimal(1000)),
    "in3": ("volume", _INCH**3 * 1000),
    "ft3": ("volume", (_INCH * 12) ** 3 * 1000),
    "gal": ("volume", _GALLON),
    "qt": ("volume", _GALLON / 4),
    "pt": ("volume", _GALLON / 8),
    "cup": ("volume", _GALLON / 16),
    "fl oz": ("volume", _GALLON / 128),
}
# Other spellings, among them the names of Odoo's units of measure.
_ALIASES = {
    "kilogram": "kg", "gram": "g", "pound": "lb", "ounce": "oz", "tonne": "t", "ton": "t", "milligram": "mg",
    "meter": "m", "metre": "m", "centimeter": "cm", "centimetre": "cm", "millimeter": "mm", "millimetre": "mm",
    "kilometer": "km", "inch": "in", "inche": "in", '"': "in", "foot": "ft", "feet": "ft", "'": "ft", "yard": "yd",
    "liter": "l", "litre": "l", "milliliter": "ml", "millilitre": "ml", "centiliter": "cl", "m³": "m3", "in³": "in3",
    "ft³": "ft3", "gallon": "gal", "gal (us)": "gal", "quart": "qt", "qt (us)": "qt", "pint": "pt",
    "fluid ounce": "fl oz", "fl oz (us)": "fl oz", "floz": "fl oz", "fl. oz": "fl oz",
}  # fmt: skip


def unit_named(name: str) -> str | None:
    """Our name of a unit in any of its spellings, None when it is not known."""
    text = " ".join(name.casefold().split()).rstrip(".")
    for form in (text, text.removesuffix("s")):
        if form in UNITS:
            return form
        if form in _ALIASES:
            return _ALIASES[form]
    return None


def convert(value: Decimal, source: str, target: str, places: int = 3) -> Decimal:
    """value in `source` units -> `target` units with so many places. Raises ValueError for unknown units and other dimensions."""
    if not value.is_finite() or abs(value) >= Decimal(10) ** 15:
        raise ValueError("no measure: it has to be a number of at most 15 digits")
    kind, factor = _found(source)
    target_kind, target_factor = _found(target)
    if kind != target_kind:
        raise ValueError(f"{source} is a {kind}, {target} a {target_kind}")
    with localcontext(prec=60):
        exact = value * factor / target_factor
        try:
            return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        except InvalidOperation:
            raise ValueError(f"{places} places are too many") from None


def trimmed(value: Decimal) -> Decimal:
    """The same number without zeros at the end and without an exponent: 2.500 -> 2.5, 100 stays 100."""
    whole = value.normalize()
    exponent = whole.as_tuple().exponent
    return whole.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else whole


def _found(name: str) -> tuple[str, Decimal]:
    unit = unit_named(name)
    if unit is None:
        raise ValueError(f"no unit {name[:20]!r}; known are {', '.join(UNITS)}")
    return UNITS[unit]
