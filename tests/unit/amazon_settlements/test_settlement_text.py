"""Bytes of settlement reports: charsets, packing, damage (FIN-1, SEC-5)."""

from __future__ import annotations

import gzip

import pytest

from connectors.amazon import settlement_text
from connectors.amazon.settlement_text import charset_of, lines_of, packed, pieces, unpacked
from connectors.amazon.settlements import to_settlement
from connectors.kit.errors import DataError
from tests.unit.amazon_settlements.reports import amount, report

GERMAN = report(amount("Order/ItemPrice/Principal", "10.00", sku="GRÖSSE-M"), currency="EUR")
JAPANESE = report(amount("Order/ItemPrice/Principal", "1000", sku="緑茶・表"), currency="JPY")


@pytest.mark.parametrize(
    ("content", "content_type", "charset"),
    [
        (GERMAN.encode(), "", "utf-8-sig"),
        (GERMAN.encode("utf-8-sig"), "text/plain", "utf-8-sig"),
        (GERMAN.encode("cp1252"), "", "cp1252"),
        (GERMAN.encode("cp1252"), "text/plain;charset=Cp1252", "cp1252"),
        (GERMAN.encode("cp1252"), 'text/tab-separated-values; charset="ISO-8859-1"', "cp1252"),
        (GERMAN.encode("cp1252"), "text/plain; charset=UTF-8", "cp1252"),  # what is said does not fit
        (GERMAN.encode(), "text/plain; charset=ISO-8859-1", "cp1252"),  # what is said fits, so it is believed
        # The file's own mark says more than the name somebody gave it; one that does not hold says nothing.
        (GERMAN.encode("utf-8-sig"), "text/plain; charset=ISO-8859-1", "utf-8-sig"),
        (gzip.compress(GERMAN.encode("utf-8-sig")), "text/plain; charset=Cp1252", "utf-8-sig"),
        (b"\xef\xbb\xbf" + GERMAN.encode("cp1252"), "text/plain; charset=Cp1252", "cp1252"),
        (JAPANESE.encode("cp932"), "", "cp932"),
        (JAPANESE.encode("cp932"), "text/plain; charset=Shift_JIS", "cp932"),
        (JAPANESE.encode("cp932"), "text/plain; charset=Windows-31J", "cp932"),
        (JAPANESE.encode("cp932"), "text/plain; charset=klingon", "cp932"),
        (JAPANESE.encode("cp932"), "text/plain; charset=base64", "cp932"),
        (JAPANESE.encode(), "", "utf-8-sig"),
        (gzip.compress(JAPANESE.encode("cp932")), "", "cp932"),
    ],
)
def test_the_charset_is_what_is_said_and_fits_else_what_it_looks_like(
    content: bytes, content_type: str, charset: str
) -> None:
    assert charset_of(content, content_type) == charset


@pytest.mark.parametrize("name", ["utf-8-sig", "cp932"])
def test_lines_are_whole_wherever_a_piece_ends(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A character of several bytes is cut in two by the end of a piece."""
    monkeypatch.setattr(settlement_text, "PIECE", 3)
    assert "\n".join(lines_of(JAPANESE.encode(name), name)) == JAPANESE


def test_a_marked_file_keeps_its_columns_whatever_its_charset_is_called() -> None:
    """FIN-1: read as Windows-1252 the first column would be called `\xef\xbb\xbfsettlement-id`, which no reader knows."""
    content = GERMAN.encode("utf-8-sig")
    charset = charset_of(content, "text/plain; charset=ISO-8859-1")
    payload = packed("1", content, charset, {"reportId": "7"})
    settlement, *_ = to_settlement(payload, "main")
    assert [line["sku"] for line in settlement.body["lines"]] == ["GRÖSSE-M"]
    assert next(lines_of(content, charset)).startswith("settlement-id\t")


def test_the_last_line_may_end_without_a_line_end() -> None:
    assert list(lines_of(b"a\nb\n\nc", "utf-8-sig")) == ["a", "b", "", "c"]


def test_the_same_file_is_the_same_payload_however_it_came() -> None:
    """FIN-2, ORD-2: plain or packed at any level, at any time."""
    plain = GERMAN.encode("cp1252")
    payloads = {
        packed("1", one, "cp1252", {"reportId": "7"})
        for one in (plain, gzip.compress(plain, 1), gzip.compress(plain, 9, mtime=5))
    }
    assert len(payloads) == 1
    content, charset = unpacked(payloads.pop())
    assert (b"".join(pieces(content)), charset) == (plain, "cp1252")
    assert content[4:8] == b"\0\0\0\0"  # no time of packing


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "expected an object"),
        (b'{"charset": "utf-8"}', "gzip: expected text, found nothing"),
        (b'{"charset": "utf-7", "gzip": ""}', "charset: expected a charset"),
        (b'{"gzip": ""}', "charset: expected text"),
        (b'{"charset": "utf-8", "gzip": "*"}', "gzip: expected base64"),
    ],
)
def test_a_payload_that_is_none_of_ours_is_told(payload: bytes, words: str) -> None:
    """SEC-5"""
    with pytest.raises(DataError, match=words):
        to_settlement(payload, "main")


def test_damaged_and_endless_files_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-5: never a crash, never all the memory."""
    whole = gzip.compress(GERMAN.encode())
    for damaged in (whole[:-20], whole[:20] + b"xx" + whole[22:]):
        with pytest.raises(DataError, match="damaged gzip"):
            list(pieces(damaged))
    with pytest.raises(DataError, match="line without end"):
        list(lines_of(b"x" * 3_000_000, "utf-8-sig"))
    with pytest.raises(DataError, match="is not utf-8-sig"):
        list(lines_of(b"\xff\xfe", "utf-8-sig"))
    monkeypatch.setattr(settlement_text, "MOST_BYTES", 1_000_000)
    with pytest.raises(DataError, match="more than 1000000 bytes"):
        list(pieces(gzip.compress(b"0" * 2_000_000)))
    monkeypatch.setattr(settlement_text, "MOST_PAYLOAD", 100)
    with pytest.raises(DataError, match="bytes packed, more than 100"):
        packed("1", GERMAN.encode(), "utf-8-sig", {})
