"""PRD-1, PRD-3: identifiers with their check digits, amounts, and multipart bodies as the sandbox reads them."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.walmart.sandbox.errors import ApiError
from connectors.walmart.sandbox.item_rules import ItemError, amount_of, cents_of, check_digit, gtin_of, sku_of
from connectors.walmart.sandbox.multipart import the_file


@pytest.mark.parametrize(
    ("digits", "digit"),
    [
        ("03600029145", 2),
        ("400638133393", 1),
        ("629104150021", 3),
        ("0000000000000", 0),
    ],  # GS1's own and others' examples
)
def test_check_digits(digits: str, digit: int) -> None:
    assert check_digit(digits) == digit


@pytest.mark.parametrize(
    ("kind", "number", "gtin"),
    [
        ("UPC", "036000291452", "00036000291452"),
        ("EAN", "4006381333931", "04006381333931"),
        ("GTIN", "04006381333931", "04006381333931"),
        ("ISBN", "0306406152", "09780306406157"),
        ("ISBN", "9780306406157", "09780306406157"),
        ("ISBN", "080442957X", "09780804429573"),
    ],
)
def test_identifiers_become_gtins(kind: str, number: str, gtin: str) -> None:
    assert gtin_of({"productIdType": kind, "productId": number}) == gtin


@pytest.mark.parametrize(
    ("kind", "number", "code"),
    [
        ("UPC", "036000291453", "ERR_PDI_0047"),
        ("ISBN", "0306406153", "ERR_PDI_0047"),
        ("ISBN", "X306406152", "ERR_PDI_0047"),
        ("UPC", "36000291452", "ERR_PDI_0034"),
        ("UPC", "03600029145x", "ERR_PDI_0034"),
        ("EAN", 4006381333931, "ERR_PDI_0034"),
        ("ASIN", "B000000000", "ERR_PDI_0034"),
    ],
)
def test_wrong_identifiers_say_why(kind: str, number: Any, code: str) -> None:
    with pytest.raises(ItemError) as caught:
        gtin_of({"productIdType": kind, "productId": number})
    assert caught.value.errors[0].code == code


def test_prices_and_amounts_and_skus_have_their_bounds() -> None:
    assert (cents_of(Decimal("19.99"), "price"), cents_of(7, "price")) == (1999, 700)
    for price in (Decimal("19.999"), 0, -1, True, "1", None, 10**9):
        with pytest.raises(ItemError):
            cents_of(price, "price")
    assert amount_of({"unit": "EACH", "amount": 0}) == 0
    for amount in (-1, Decimal("1.0"), True, "1", None):
        with pytest.raises(ItemError):
            amount_of({"unit": "EACH", "amount": amount})
    for sku in ("", "x" * 51, 5, None):
        with pytest.raises(ItemError):
            sku_of(sku)


BODY = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f.json"\r\n\r\n{"a":\r\n1}\r\n--b--\r\n'


def test_the_file_of_a_multipart_body() -> None:
    part = the_file("multipart/form-data; boundary=b", BODY)
    assert (part.filename, part.content) == ("f.json", b'{"a":\r\n1}')
    for content_type, body in (
        ("application/json", BODY),
        ("multipart/form-data", BODY),
        ("multipart/form-data; boundary=c", BODY),
        ("multipart/form-data; boundary=b", BODY.replace(b"--b--", b"")),
        ("multipart/form-data; boundary=b", BODY.replace(b'"file"', b'"data"')),
    ):
        with pytest.raises(ApiError):
            the_file(content_type, body)
