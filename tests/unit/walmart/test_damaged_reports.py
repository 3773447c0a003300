"""A reconciliation report that was damaged on the way is told from one that is otherwise than expected: the first is read again (ERR-2, FIN-1)."""

from __future__ import annotations

import io
import zipfile

import pytest

from connectors.kit.errors import DataError, TransientError
from connectors.kit.rereading import DamagedError
from connectors.walmart.settlement_file import rows_in, says_zip
from schemas.reasons import Reason

CSV = b"Transaction Type,Amount,Amount Type\r\nSale,12.30,Product Price\r\nSale,-1.20,Commission on Product\r\n"
ROWS = [
    {"Transaction Type": "Sale", "Amount": "12.30", "Amount Type": "Product Price"},
    {"Transaction Type": "Sale", "Amount": "-1.20", "Amount Type": "Commission on Product"},
]
PAGE = b"<html><body>Bad Gateway</body></html>"


def zipped(*contents: bytes, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", how) as archive:
        for number, content in enumerate(contents):
            archive.writestr(zipfile.ZipInfo(f"report-{number}.csv", (2020, 1, 1, 0, 0, 0)), content, how)
    return packed.getvalue()


ZIP = zipped(CSV)


def test_what_is_whole_is_read() -> None:
    for content in (ZIP, zipped(CSV, how=zipfile.ZIP_STORED)):
        assert rows_in(content) == rows_in(content, zip_said=True) == ROWS
    assert rows_in(CSV) == ROWS, "without its zip, if nobody said it was one"


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_zip_cut_anywhere_is_damage(how: int) -> None:
    whole = zipped(CSV, how=how)
    for end in range(len(whole)):
        with pytest.raises(DamagedError):
            rows_in(whole[:end], zip_said=True)


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_zip_changed_anywhere_is_damage_or_says_the_same(how: int) -> None:
    """FIN-1: never another amount, never a crash, never a dead letter at once."""
    whole, damaged = zipped(CSV, how=how), 0
    for at in range(len(whole)):
        for mask in (1 << at % 8, 0xFF):
            changed = bytearray(whole)
            changed[at] ^= mask
            try:
                assert rows_in(bytes(changed), zip_said=True) == ROWS
            except DamagedError:
                damaged += 1
    assert damaged > len(whole)


@pytest.mark.parametrize(
    "content", [b"", PAGE, CSV, ZIP[:2], b"PK nonsense", ZIP[1:], b'{"error": []}', zipped(CSV, CSV), zipped()]
)
def test_said_to_be_a_zip_with_a_report_but_is_not(content: bytes) -> None:
    with pytest.raises(DamagedError) as caught:
        rows_in(content, zip_said=True)
    assert (isinstance(caught.value, TransientError), caught.value.reason) == (True, Reason.TRANSIENT)


@pytest.mark.parametrize(
    "content",
    [b"", PAGE, CSV[:-1] + b"\0", CSV.rstrip(), CSV[:60], CSV[:20], b"Amount,B\r\n1,caf\xe9\r\n", b"A,B\r\n1,2\r\n"],
)
def test_a_bare_report_that_breaks_off_is_damage(content: bytes) -> None:
    """Without a checksum nobody knows that its format has changed before it has come so several times."""
    with pytest.raises(DamagedError):
        rows_in(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"A,B\r\n1,2\r\n", "no column"), (b"Amount,B\r\n1\r\n", "row 2"), (b"Amount,B\r\n1,caf\xe9\r\n", "not UTF-8")],
)
def test_what_lies_in_a_zip_that_is_whole_does_not_change_by_reading_it_again(content: bytes, words: str) -> None:
    """ERR-1: Walmart has changed its format; a person gets to see it at once."""
    with pytest.raises(DataError, match=words):
        rows_in(zipped(content))


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"content-disposition": "attachment; filename=1_20201105.zip"}, True),
        ({"content-disposition": 'attachment; filename="1_20201105.ZIP"'}, True),
        ({"content-type": "application/zip"}, True),
        ({"content-type": "application/octet-stream"}, False),
        ({"content-disposition": "attachment; filename=1.csv", "content-type": "text/csv"}, False),
        ({}, False),
    ],
)
def test_whether_an_answer_says_that_it_is_a_zip(headers: dict[str, str], said: bool) -> None:
    assert says_zip(headers) is said
