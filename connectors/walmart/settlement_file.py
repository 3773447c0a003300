"""A reconciliation report as it is downloaded -> its rows. Pure.

Walmart sends a zip with one CSV. The zip has a checksum, so what lies in one that is whole is what Walmart wrote: when it is otherwise than expected,
people get to see it. Anything else may have been cut short or changed on the way, which reading it again mends: DamagedError, and how long that is
believed is for the kit's `rereading`.
"""

from __future__ import annotations

import csv
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping

from connectors.kit.errors import DataError
from connectors.kit.rereading import DamagedError

MOST_BYTES = 64 * 1024 * 1024  # of the CSV, unpacked: a guard against a zip that grows without end
_ZIP = b"PK"
# What `zipfile` raises for bytes that are no zip; RuntimeError: a packing it does not know, a file that asks for a password.
_NO_ZIP = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError)


def says_zip(headers: Mapping[str, str]) -> bool:
    """Whether an answer says that its body is a zip, by its type or the name of its file. Names of headers are lower case."""
    name = headers.get("content-disposition", "").lower().rstrip('"; ')
    return name.endswith(".zip") or "zip" in headers.get("content-type", "").lower()


def rows_in(content: bytes, *, zip_said: bool = False) -> list[dict[str, str]]:
    """The rows of a report: of the CSV in a zip, or of a bare CSV unless it was said to be a zip. Raises DamagedError for what is not whole,
    DataError for what Walmart writes otherwise than we know."""
    if zip_said or content.startswith(_ZIP):
        return _read(_unpacked(content))
    # It has no checksum: every line has to be whole, the last one too.
    try:
        rows = _read(content)
    except DataError as error:
        raise DamagedError(str(error)) from None
    if not content.endswith(b"\n"):
        raise DamagedError("the report ends within a row")
    return rows


def _unpacked(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (name,) = [info for info in archive.infolist() if not info.is_dir()]
            with archive.open(name) as file:
                found = file.read(MOST_BYTES + 1)
    except _NO_ZIP as error:
        raise DamagedError(f"the report is no whole zip with one file in it ({type(error).__name__})") from None
    if len(found) > MOST_BYTES:
        raise DataError(f"the report is more than {MOST_BYTES} bytes", code="DATA")
    return found


def _read(content: bytes) -> list[dict[str, str]]:
    try:
        return _rows(content.decode("utf-8-sig", errors="strict"))
    except UnicodeDecodeError as error:
        text = f"byte {error.start} of the report is not UTF-8; Walmart has changed its format"
        raise DataError(text, code="DATA") from None
    except csv.Error as error:
        raise DataError(f"the report is no CSV: {error}", code="DATA") from None


def _rows(text: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if not reader.fieldnames or "Amount" not in reader.fieldnames:
        raise DataError("the report has no column `Amount`; Walmart has changed its format", code="DATA")
    found = []
    for number, row in enumerate(reader, 2):
        if None in row or None in row.values():
            raise DataError(f"row {number} of the report has another number of cells than the header", code="DATA")
        found.append({name.strip(): value.strip() for name, value in row.items() if value.strip()})
    return found
