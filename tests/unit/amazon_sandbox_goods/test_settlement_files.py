"""TEST-1, FIN-1: a settlement is written as its country writes it, and read back to what it was."""

import csv
from decimal import Decimal
from typing import Any

import pytest

from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.moments import read
from connectors.amazon.sandbox.settlement_flat_file import COLUMNS, STYLES, Head, written
from connectors.amazon.sandbox.settlement_rows import Row
from connectors.amazon.settlements import fetched, to_settlement

START, END, POSTED = (read(text) for text in ("2026-11-01T05:23:19Z", "2026-11-15T05:23:19Z", "2026-11-09T07:08:09Z"))
ORDER = {
    "order-id": "999-0000001-0000001",
    "sku": "S-1",
    "quantity-purchased": "2",
    "order-item-code": "7",
    "marketplace-name": "Amazon",
}
ROWS = [
    Row(("Order", "ItemPrice", "Principal"), 123_456, POSTED, ORDER),
    Row(("Order", "ItemFees", "Commission"), -18_518, POSTED, ORDER),
    Row(("other-transaction", "other-transaction", "Storage Fee"), -5, POSTED),
]
HEAD = Head("18800000001", START, END, END, 104_933)
Json = dict[str, Any]


def content(country: str) -> bytes:
    return written(HEAD, ROWS, BY_COUNTRY[country])


def plain(country: str) -> list[dict[str, str]]:
    lines = content(country).decode(STYLES[country].charset).splitlines()
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize(
    ("country", "start", "total", "posted"),
    [
        ("US", "2026-11-01 05:23:19 UTC", "1049.33", "2026-11-09"),
        ("UK", "01/11/2026 05:23:19 UTC", "1049.33", "09/11/2026"),
        ("DE", "01.11.2026 05:23:19 UTC", "1049,33", "09.11.2026"),
        ("JP", "2026/11/01 05:23:19 UTC", "104933", "2026/11/09"),
    ],
)
def test_dates_and_amounts_as_the_country_writes_them(country: str, start: str, total: str, posted: str) -> None:
    head, *rows = plain(country)
    assert (head["settlement-start-date"], head["total-amount"], head["amount"]) == (start, total, "")
    assert {row["posted-date"] for row in rows} == {posted}
    assert list(rows[0])[: len(COLUMNS)] == list(COLUMNS)


@pytest.mark.parametrize("country", sorted(STYLES))
def test_every_countrys_file_is_read_back_to_what_it_was(country: str) -> None:
    """FIN-2: nothing is lost between the sandbox and the connector's reader."""
    place = BY_COUNTRY[country]
    found = fetched(content(country), STYLES[country].content_type, "main", {"reportId": "1"})
    record, *_ = to_settlement(found.payload, "main")
    amounts = [int(Decimal(line["amount"]).scaleb(place.digits)) for line in record.body["lines"]]
    assert amounts == [row.minor for row in ROWS]
    assert (record.body["currency"], int(Decimal(record.body["deposit"]).scaleb(place.digits))) == (
        place.currency,
        HEAD.total,
    )
    moments = (record.body["starts_at"], record.body["ends_at"], record.body["lines"][0]["posted_at"])
    assert [int(one.timestamp() * 1000) for one in moments] == [START, END, POSTED]
    assert (record.body["lines"][0]["sku"], record.body["lines"][0]["quantity"]) == ("S-1", "2")


def test_what_a_charset_cannot_write_stops_nothing() -> None:
    rows = [Row(("other-transaction", "other-transaction", "Größe 緑"), 1, POSTED)]
    texts = {
        country: written(HEAD, rows, BY_COUNTRY[country]).decode(STYLES[country].charset)
        for country in ("DE", "JP", "US")
    }
    assert "Größe ?" in texts["DE"]
    assert "緑" in texts["JP"]
    assert "Größe 緑" in texts["US"]
