"""TEST-1: values are taken and refused as Odoo takes and refuses them."""

from typing import Any

import pytest

from connectors.odoo.sandbox.engine.fields import Field, choice, rounded, shown, stored


@pytest.mark.parametrize(
    ("value", "digits", "result"),
    [
        (1.005, 2, 1.01),  # 1.00499999999999989 in binary; what one sees counts
        (2.675, 2, 2.68),
        (-1.005, 2, -1.01),
        (12.345, 2, 12.35),
        (10.123456, 2, 10.12),
        (0.5, 0, 1.0),
        (1e-9, 2, 0.0),
    ],
)
def test_rounding_is_half_away_from_zero(value: float, digits: int, result: float) -> None:
    assert rounded(value, digits) == result


@pytest.mark.parametrize(
    ("spec", "value", "result"),
    [
        (Field("float", digits=2), "19.994", 19.99),
        (Field("float"), False, 0.0),
        (Field("integer"), "7", 7),
        (Field("char"), False, None),
        (Field("char"), 5, "5"),
        (Field("boolean"), 1, True),
        (Field("html"), "leave at door", "<p>leave at door</p>"),
        (Field("html"), "a < b & c", "<p>a &lt; b &amp; c</p>"),
        (Field("html"), "<p>kept</p>", "<p>kept</p>"),
        (Field("date"), "2025-03-04 05:06:07", "2025-03-04"),
        (Field("datetime"), "2025-03-04 05:06:07", "2025-03-04 05:06:07"),
        (Field("datetime"), "2025-03-04", "2025-03-04 00:00:00"),
        (choice("draft", "done"), "done", "done"),
        (choice("draft", "done"), False, None),
        (Field("many2one", relation="m"), [3, "Name"], 3),
        (Field("many2one", relation="m"), 0, None),
    ],
)
def test_stored(spec: Field, value: Any, result: Any) -> None:
    assert stored("m", "f", spec, value) == result


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (Field("float"), "abc"),
        (Field("float"), "nan"),
        (Field("integer"), 2**40),
        (Field("datetime"), "2025-03-04T05:06:07Z"),
        (Field("datetime"), "2025-03-04 05:06:07.5"),
        (Field("datetime"), "2025-02-30 00:00:00"),
        (Field("date"), "04/03/2025"),
        (choice("draft"), "nope"),
        (Field("many2one", relation="m"), "12"),
        (Field("many2one", relation="m"), True),
    ],
)
def test_refused(spec: Field, value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        stored("m", "f", spec, value)


def test_times_are_shown_in_seconds_and_empty_values_as_false() -> None:
    assert shown(Field("datetime"), "2025-03-04 05:06:07.123456") == "2025-03-04 05:06:07"
    assert shown(Field("char"), None) is False
    assert shown(Field("float"), 0.0) == 0.0
