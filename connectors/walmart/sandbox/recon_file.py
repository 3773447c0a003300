"""A reconciliation report as the file Walmart sends: a zip that holds one CSV."""

import csv
import io
import zipfile
from collections.abc import Sequence

from connectors.walmart.sandbox.recon_rows import COLUMNS

# The moment of every zip entry, so that the same report is the same bytes each time.
_ZIP_DATE = (2020, 1, 1, 0, 0, 0)


def recon_zip(partner_id: str, date: str, rows: Sequence[dict[str, str]]) -> tuple[str, bytes]:
    """(name, content) of the zip of a report."""
    return f"{partner_id}_{date}.zip", zipped(f"{partner_id}_{date}.csv", COLUMNS, rows)


def zipped(name: str, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> bytes:
    """A zip with one CSV: a header line, then the rows; cells a row lacks are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), text.getvalue().encode(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
