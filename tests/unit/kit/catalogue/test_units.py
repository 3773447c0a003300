"""PRD-1: imperial <-> metric, exact."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.catalogue.units import UNITS, convert, trimmed, unit_named


@pytest.mark.parametrize(
    ("value", "source", "target", "places", "expected"),
    [
        ("1", "lb", "kg", 8, "0.45359237"),  # the definition
        ("1", "in", "cm", 2, "2.54"),
        ("1", "gal", "l", 9, "3.785411784"),
        ("1", "kg", "lb", 3, "2.205"),
        ("16", "oz", "lb", 3, "1.000"),
        ("1", "m", "in", 2, "39.37"),
        ("3", "ft", "yd", 1, "1.0"),
        ("500", "ml", "fl oz", 2, "16.91"),
        ("0.001", "m3", "l", 1, "1.0"),
        ("0.0005", "kg", "g", 0, "1"),  # half away from zero
        ("2.5", "Pounds", "oz", 0, "40"),
        ("10", "Litres", "qt (US)", 1, "10.6"),
    ],
)
def test_conversions(value: str, source: str, target: str, places: int, expected: str) -> None:
    found = convert(Decimal(value), source, target, places)
    assert str(found) == expected


def test_other_dimensions_and_unknown_units_are_refused() -> None:
    with pytest.raises(ValueError, match="kg is a mass, m a length"):
        convert(Decimal(1), "kg", "m")
    with pytest.raises(ValueError, match="no unit 'stone'"):
        convert(Decimal(1), "stone", "kg")
    with pytest.raises(ValueError, match="no measure"):
        convert(Decimal("NaN"), "kg", "lb")


PAIRS = [(one, other) for one in sorted(UNITS) for other in sorted(UNITS) if UNITS[one][0] == UNITS[other][0]]


@given(st.decimals("-100000", "100000", places=3), st.sampled_from(PAIRS))
def test_there_and_back_is_the_same_to_the_places_kept(value: Decimal, pair: tuple[str, str]) -> None:
    there = convert(value, *pair, places=20)
    assert convert(there, pair[1], pair[0], places=3) == value


def test_spellings() -> None:
    assert [unit_named(name) for name in ("LBS", "Kilograms", "inches", "cm.", "Gal (US)", "bar")] == [
        "lb", "kg", "in", "cm", "gal", None,
    ]  # fmt: skip


def test_numbers_without_zeros_at_their_end() -> None:
    assert [str(trimmed(Decimal(text))) for text in ("2.500", "100", "0.0", "1E+3")] == ["2.5", "100", "0", "1000"]
