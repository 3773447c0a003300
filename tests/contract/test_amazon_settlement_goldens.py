"""Settlement reports of four countries and what is made of each, line by line (FIN-1).

python -m tests.contract.test_amazon_settlement_goldens        writes what is made of them now; look at every difference
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.amazon.settlements import fetched, summary_of, to_settlement
from connectors.kit.currencies import smallest
from tests.unit.failure.samples import codec

FOLDER = Path(__file__).parent / "recorded" / "amazon_settlements"
COUNTRIES = ("us", "uk", "de", "jp")
# Country -> charset, thousands sign, decimal mark: what a plain reader has to be told.
WRITTEN = {
    "us": ("utf-8", ",", "."),
    "uk": ("utf-8-sig", ",", "."),
    "de": ("cp1252", ".", ","),
    "jp": ("cp932", ",", "."),
}


def content_of(country: str) -> bytes:
    return (FOLDER / f"{country}.txt").read_bytes()


def payload_of(country: str, account: str = "main") -> bytes:
    return fetched(content_of(country), "", account, {"reportId": f"report-{country}"}).payload


def settlement_of(country: str, account: str = "main") -> Mapping[str, Any]:
    record, *_ = to_settlement(payload_of(country, account), account)
    return record.body


def orders_of(country: str, account: str = "main") -> list[Mapping[str, Any]]:
    _, *parts = to_settlement(payload_of(country, account), account)
    return [part.body for part in parts]


def plain_rows(country: str) -> list[dict[str, str]]:
    """The file as the standard library reads it."""
    charset, thousands, mark = WRITTEN[country]
    lines = content_of(country).decode(charset).splitlines()
    rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        row |= {name: row[name].replace(thousands, "").replace(mark, ".") for name in ("amount", "total-amount")}
    return rows


def shown(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def made(country: str) -> dict[str, Any]:
    """All that is made of a report, as JSON has it."""
    found = {"settlement": settlement_of(country), "orders": orders_of(country)}
    made: dict[str, Any] = json.loads(json.dumps(found, default=shown))
    return made


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_report_becomes_what_is_recorded_of_it(country: str) -> None:
    """FIN-1: every line, every order, in every country's form."""
    assert made(country) == json.loads((FOLDER / f"{country}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("country", COUNTRIES)
def test_no_amount_is_lost_or_changed(country: str) -> None:
    """FIN-2: line by line what stands in the file; the sum is what Amazon paid, to the smallest coin."""
    summary, *rows = plain_rows(country)
    body = settlement_of(country)
    assert [Decimal(line["amount"]) for line in body["lines"]] == [Decimal(row["amount"]) for row in rows]
    total = sum((Decimal(line["amount"]) for line in body["lines"]), Decimal(0))
    assert total == Decimal(body["deposit"]) == Decimal(summary["total-amount"])
    assert total == total.quantize(smallest(body["currency"]))
    assert [line["sku"] for line in body["lines"]] == [row["sku"] for row in rows]
    assert [(line["order_id"], line["line_id"]) for line in body["lines"]] == [
        (row["order-id"], row["order-item-code"]) for row in rows
    ]


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_records_fit_the_schema(country: str) -> None:
    """EVT-1"""
    for record in to_settlement(payload_of(country), "main"):
        encoded = codec().encode(record.entity, record.body)
        assert codec().decode(record.entity, encoded) == record.body


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_report_read_twice_is_the_same_record(country: str) -> None:
    """FIN-2: plain or packed, today or tomorrow: same payload, same key, same version, never newer than its reading."""
    content = content_of(country)
    first = fetched(content, "", "main", {"reportId": "1"})
    again = fetched(gzip.compress(content, 1), "application/gzip", "main", {"reportId": "1"})
    assert first == again
    record, *_ = to_settlement(first.payload, "main")
    assert (record.key, record.version) == (first.key, first.version)
    ends_at = record.body["ends_at"]
    assert record.version == int(ends_at.timestamp() * 1000)
    assert record.key == f"amazon:main:settlement:{record.body['settlement_id']}"


def test_of_which_settlement_and_currency_a_file_is_shows_before_it_is_taken() -> None:
    """FIN-1: one seller's list has reports of all currencies, each for another account."""
    found = [summary_of(content_of(country)) for country in COUNTRIES]
    assert [(one.settlement_id[-1], one.currency) for one in found] == [
        ("1", "USD"),
        ("2", "GBP"),
        ("3", "EUR"),
        ("4", "JPY"),
    ]


@pytest.mark.parametrize("country", COUNTRIES)
def test_what_orders_brought_and_what_is_about_none_is_the_deposit(country: str) -> None:
    """FIN-1: margins and taxes of all orders, the rest of the rows, and the reserve."""
    body = settlement_of(country)
    orders = orders_of(country)
    rest = [line for line in body["lines"] if not line["order_id"]]
    brought = sum((Decimal(one["margin"]) + Decimal(one["tax"]) for one in orders), Decimal(0))
    assert brought + sum((Decimal(line["amount"]) for line in rest), Decimal(0)) == Decimal(body["deposit"])
    assert [one["order_id"] for one in orders] == list(
        dict.fromkeys(line["order_id"] for line in body["lines"] if line["order_id"])
    )


def test_the_reports_show_every_kind_there_is() -> None:
    """The recorded files are worth what they cover."""
    kinds = {line["kind"] for country in COUNTRIES for line in settlement_of(country)["lines"]}
    assert kinds == {
        "sale", "shipping", "tax", "facilitator_tax", "promotion", "commission", "fee", "refund", "refund_tax", "adjustment", "reserve", "unknown",
    }  # fmt: skip


def main() -> None:
    for country in COUNTRIES:
        found = made(country)
        lines = ",\n   ".join(json.dumps(line, ensure_ascii=False) for line in found["settlement"].pop("lines"))
        head = json.dumps(found["settlement"], ensure_ascii=False)[:-1]
        orders = ",\n  ".join(json.dumps(order, ensure_ascii=False) for order in found["orders"])
        text = f'{{\n "settlement": {head}, "lines": [\n   {lines}\n ]}},\n "orders": [\n  {orders}\n ]\n}}\n'
        (FOLDER / f"{country}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
