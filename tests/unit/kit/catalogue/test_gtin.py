"""PRD-1: GTIN from barcode with check digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.catalogue.gtin import gtin_in
from connectors.kit.errors import DataError


def check_digit(body: str) -> str:
    """By hand, as GS1 writes it: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


@pytest.mark.parametrize(
    ("written", "gtin14", "kind"),
    [
        ("036000291452", "00036000291452", "UPC"),
        ("0 36000 29145 2", "00036000291452", "UPC"),
        ("4006381333931", "04006381333931", "EAN"),
        ("96385074", "00000096385074", "EAN"),  # EAN-8
        ("10614141000415", "10614141000415", "GTIN"),  # an indicator digit in front: a case of them
        ("978-0-471-11709-4", "09780471117094", "ISBN"),
        ("0-471-11709-9", "09780471117094", "ISBN"),  # the ten digits of the same book
        ("097522980X", "09780975229804", "ISBN"),  # X is ten
    ],
)
def test_every_form_becomes_14_digits(written: str, gtin14: str, kind: str) -> None:
    found = gtin_in(written)
    assert (found.gtin14, found.kind) == (gtin14, kind)


def test_upc_and_ean_are_there_where_they_fit() -> None:
    assert gtin_in("036000291452").upc == "036000291452"
    assert gtin_in("4006381333931").upc is None
    assert gtin_in("4006381333931").ean13 == "4006381333931"
    assert gtin_in("10614141000415").ean13 is None


@given(st.sampled_from([7, 11, 12, 13]).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size)))
def test_a_right_digit_is_taken_and_every_other_is_refused(body: str) -> None:
    """PRD-1: the check digit decides; PRD-3: a wrong one is a data problem that names the field."""
    right = check_digit(body)
    if body.strip("0") or right != "0":
        assert gtin_in(body + right).gtin14 == (body + right).zfill(14)
    for wrong in set("0123456789") - {right}:
        with pytest.raises(DataError) as caught:
            gtin_in(body + wrong, "x_ean")
        assert caught.value.code == "BAD_GTIN"
        assert str(caught.value).startswith("x_ean: ")


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("", "this has 0"),
        ("123456789", "this has 9"),
        ("40063813339AB", "11 and 2 other characters"),
        ("00000000000000", "only zeros"),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", "other characters"),  # Arabic digits are no digits of a GTIN
        ("4006381333932", "by the other digits it is 1"),
    ],
)
def test_what_is_wrong_is_said(written: str, what: str) -> None:
    with pytest.raises(DataError, match=what):
        gtin_in(written)


def test_numbers_for_a_shops_own_use_are_told() -> None:
    assert gtin_in("2000000000015").own_use
    assert gtin_in("0412345678903"[:12] + check_digit("041234567890")).own_use
    assert not gtin_in("4006381333931").own_use
    assert not gtin_in("10614141000415").own_use
