"""SEC-5: foreign JSON is read by path; what is wrong is named by its place and kind, never by its value."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.errors import DataError
from connectors.kit.reading import LONGEST_TEXT, Reader


def reading(value: Any) -> Reader:
    return Reader({"a": {"b": value}}, "")["a"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        ("  x ", "x"),
        (12, "12"),  # an id as a number
        (None, ""),
        ("", ""),
        ("a\x00b\x07", "ab"),  # NUL kills PostgreSQL
        ("a\ud83d", "a"),  # half a surrogate pair kills UTF-8
        ("日本 🎁", "日本 🎁"),
    ],
)
def test_text(value: Any, text: str) -> None:
    assert reading(value).text("b") == text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (True, "true or false"),
        (["secret"], "a list of 1"),
        ({}, "an object"),
        (Decimal("1.5"), "a number of 1 digits"),
        ("x" * (LONGEST_TEXT + 1), f"text of {LONGEST_TEXT + 1} characters"),
    ],
)
def test_what_is_no_text_is_named_by_path_and_kind(value: Any, found: str) -> None:
    with pytest.raises(DataError, match=r"^a\.b: expected .*, found ") as caught:
        reading(value).text("b")
    assert found in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "number"),
    [(10, "10"), (Decimal("10.10"), "10.10"), ("0.5", "0.5"), (" -3 ", "-3"), (Decimal("1E+2"), "100"), (0, "0")],
)
def test_decimal(value: Any, number: str) -> None:
    assert reading(value).decimal("b") == Decimal(number)


@pytest.mark.parametrize(
    "value",
    [
        None, "", "ten", "1e5", "12,50", "1_000", "٣", True, [], {}, "NaN", Decimal("NaN"), Decimal("Infinity"),
        10**12, 10**40, Decimal("1E+999999"), Decimal("0.1234567"), Decimal("1E-999999"), "9" * 50,
    ],
)  # fmt: skip
def test_what_is_no_sensible_number_is_refused(value: Any) -> None:
    with pytest.raises(DataError, match=r"^a\.b: "):
        reading(value).decimal("b")


MOMENT = datetime(2019, 9, 14, 13, 9, 31, 250000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1568466571250, MOMENT),
        ("1568466571250", MOMENT),
        ("2019-09-14T13:09:31.250Z", MOMENT),
        ("2019-09-14T15:09:31.250+02:00", MOMENT),
        ("2019-09-14T13:09:31.250", MOMENT),  # without a zone it is UTC
        (None, None),
    ],
)
def test_time(value: Any, moment: datetime | None) -> None:
    assert reading(value).time("b") == moment


@pytest.mark.parametrize(
    "value", ["last Tuesday", 0, -1, 10**17, 10**400, 1568466571, True, [], "9999-99-99", "", "0001-01-01"]
)
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(DataError, match=r"^a\.b: expected epoch milliseconds"):
        reading(value).time("b")


@pytest.mark.parametrize(
    ("value", "flag"), [(True, True), ("true", True), ("False", False), (None, False), ("", False)]
)
def test_flag(value: Any, flag: bool) -> None:
    assert reading(value).flag("b") is flag


def test_children_are_a_list_or_one_object() -> None:
    assert [child.path for child in reading([{}, {}]).children("b")] == ["a.b[0]", "a.b[1]"]
    assert [child.path for child in reading({"x": 1}).children("b")] == ["a.b"]
    assert reading(None).children("b") == []
    wrongs: list[Any] = ["text", 3, [3], [[]], [None]]
    for wrong in wrongs:
        with pytest.raises(DataError):
            reading(wrong).children("b")


def test_objects_are_a_list_and_nothing_else() -> None:
    """Of an API that writes lists as lists, one object in the place of a list is damage, not a list of one."""
    assert [child.path for child in reading([{}, {}]).objects("b")] == ["a.b[0]", "a.b[1]"]
    assert reading(None).objects("b") == []
    with pytest.raises(DataError, match=r"a\.b: expected a list"):
        reading({"x": 1}).objects("b")


def test_texts_name_the_element_that_is_wrong() -> None:
    assert reading(["x", 5]).texts("b") == ["x", "5"]
    with pytest.raises(DataError, match=r"^a\.b\[1\]: expected text, found a list of 0"):
        reading(["x", []]).texts("b")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)


@given(anything)
def test_reading_anything_gives_a_value_or_a_data_error(value: Any) -> None:
    reader = Reader(value)
    for read in (
        reader.text,
        reader.decimal,
        reader.time,
        reader.flag,
        reader.children,
        reader.texts,
        reader.needed_time,
    ):
        try:
            read("a")
        except DataError:
            continue
