"""The bytes of a settlement report -> its text, a piece at a time; and the small JSON it travels in.

Reports come in the charset of their country, named by the download's Content-Type or not at all. A file that begins with UTF-8's own mark and fits
is UTF-8, whatever is named: the mark is the file's, the name is whose it is that serves it. Else what is named and fits is believed; else it is UTF-8
where that fits, Shift-JIS where Japan's currency or shop is named in it, Windows-1252 for the rest (which fits anything).

A settlement of a big seller has a hundred thousand rows, 25 MB. A raw record holds the file as it came, packed: {"settlementId", "report", "charset",
"gzip": base64}. The same file packs to the same bytes, so a report read twice is the same record.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any, BinaryIO, cast

from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.reading import Reader

MOST_BYTES = 256 * 1024 * 1024  # unpacked: a guard against a file that grows without end
MOST_PAYLOAD = 3 * 1024 * 1024  # a record has at most 4 MiB
PIECE = 64 * 1024
LONGEST_LINE = 1024 * 1024
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)
# Charsets by the name Python has for them -> the wider one that is meant where the narrower is said; others are not believed.
_CHARSETS = {
    "ascii": "utf-8-sig", "utf-8": "utf-8-sig", "utf-8-sig": "utf-8-sig", "shift_jis": "cp932", "cp932": "cp932", "euc_jp": "euc_jp",
    "iso8859-1": "cp1252", "cp1252": "cp1252", "iso8859-15": "iso8859-15", "cp1250": "cp1250", "cp1254": "cp1254", "iso8859-9": "cp1254",
}  # fmt: skip
_FURTHER = {"windows-31j": "cp932", "x-sjis": "cp932"}  # names Python does not have
_JAPANESE = re.compile(rb"\tJPY\t|amazon\.co\.jp", re.IGNORECASE)


def pieces(content: bytes) -> Iterator[bytes]:
    """The file a piece at a time, unpacked where it is gzip. Raises DataError for one that is damaged or grows without end."""
    total = 0
    with _opened(content) as file:
        while piece := _piece(file):
            total += len(piece)
            if total > MOST_BYTES:
                raise DataError(f"the report has more than {MOST_BYTES} bytes", code="DATA")
            yield piece


def charset_of(content: bytes, content_type: str = "") -> str:
    """The name Python has for the charset of a report."""
    if _is_marked(content) and _fits(content, "utf-8-sig"):
        return "utf-8-sig"
    named = _CHARSET.search(content_type)
    if named and (name := _known(named[1])) and _fits(content, name):
        return name
    if _fits(content, "utf-8-sig"):
        return "utf-8-sig"
    is_japanese = any(_JAPANESE.search(piece) for piece in pieces(content))
    return "cp932" if is_japanese and _fits(content, "cp932") else "cp1252"


def lines_of(content: bytes, charset: str) -> Iterator[str]:
    """The text a line at a time. Raises DataError."""
    decoder = codecs.getincrementaldecoder(charset)("strict" if charset != "cp1252" else "replace")
    rest = ""
    try:
        for piece in pieces(content):
            *lines, rest = (rest + decoder.decode(piece)).split("\n")
            yield from lines
            if len(rest) > LONGEST_LINE:
                raise DataError("the report has a line without end", code="DATA")
        yield from (rest + decoder.decode(b"", final=True)).split("\n")
    except UnicodeDecodeError:
        raise DataError(f"the report is not {charset}", code="DATA") from None


def packed(settlement_id: str, content: bytes, charset: str, report: Mapping[str, str]) -> bytes:
    """The payload of a raw record. Raises DataError for a file that is too large for one."""
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=9, mtime=0) as file:
        for piece in pieces(content):
            file.write(piece)
    text = base64.b64encode(target.getvalue()).decode("ascii")
    body = {"settlementId": settlement_id, "report": dict(report), "charset": charset, "gzip": text}
    payload = exact_json.dumps(body)
    if len(payload) > MOST_PAYLOAD:
        raise DataError(
            f"settlement {settlement_id}: {len(payload)} bytes packed, more than {MOST_PAYLOAD}", code="DATA"
        )
    return payload


def unpacked(payload: bytes) -> tuple[bytes, str]:
    """(file, charset) of a payload; the file still packed. Raises DataError."""
    try:
        content: Any = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: not JSON ({type(error).__name__})", code="DATA") from None
    reader = Reader(content).an_object()
    charset = _known(reader.needed_text("charset"))
    if charset is None:
        raise reader["charset"].wrong("a charset")
    if not isinstance(reader["gzip"].value, str):
        raise reader["gzip"].wrong("text")
    try:
        return base64.b64decode(reader["gzip"].value, validate=True), charset
    except (binascii.Error, ValueError):
        raise reader["gzip"].wrong("base64") from None


def _opened(content: bytes) -> IO[bytes]:
    file: BinaryIO = io.BytesIO(content)
    return cast(IO[bytes], gzip.GzipFile(fileobj=file)) if content.startswith(b"\x1f\x8b") else file


def _piece(file: IO[bytes]) -> bytes:
    try:
        return file.read(PIECE)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"the report is damaged gzip ({type(error).__name__})", code="DATA") from None


def _is_marked(content: bytes) -> bool:
    return next(pieces(content), b"").startswith(codecs.BOM_UTF8)


def _known(name: str) -> str | None:
    try:
        return _FURTHER.get(name.lower()) or _CHARSETS.get(codecs.lookup(name).name)
    except LookupError:
        return None


def _fits(content: bytes, charset: str) -> bool:
    decoder = codecs.getincrementaldecoder(charset)("strict")
    try:
        for piece in pieces(content):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
