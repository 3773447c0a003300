"""What every contender of the hop does with a record: decode, transform, encode. Needs fastavro and nothing of the pipeline.

A contender is a script. Its one argument is a JSON object {bootstrap, source, target, records}; it consumes that many records, produces as many,
and prints {"records", "seconds"} as its last line: the time from the first record in hand to the last acknowledgement.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import fastavro

SCHEMA = fastavro.parse_schema(
    {
        "type": "record",
        "name": "Order",
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "account", "type": "string"},
            {"name": "status", "type": "string"},
            {"name": "total", "type": "string"},
            {"name": "currency", "type": "string"},
            {"name": "created", "type": "long"},
            {
                "name": "lines",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Line",
                        "fields": [
                            {"name": "sku", "type": "string"},
                            {"name": "quantity", "type": "int"},
                            {"name": "price", "type": "string"},
                        ],
                    },
                },
            },
        ],
    }
)
PREFIX = b"\x00\x00\x00\x00\x07"  # Confluent's wire format: a zero byte and the schema id


def order(number: int) -> dict[str, Any]:
    """A small order."""
    return {
        "id": f"{number:012d}", "account": "DEFAULT", "status": "created", "total": "41.97", "currency": "USD", "created": 1_760_000_000_000 + number,
        "lines": [{"sku": f"SKU-{number % 9973}", "quantity": 1 + number % 3, "price": "13.99"} for _ in range(1 + number % 2)],
    }  # fmt: skip


def encode(record: dict[str, Any]) -> bytes:
    """Record -> wire format."""
    out = io.BytesIO()
    out.write(PREFIX)
    fastavro.schemaless_writer(out, SCHEMA, record)
    return out.getvalue()


def decode(value: bytes) -> dict[str, Any]:
    """Wire format -> record."""
    found = fastavro.schemaless_reader(io.BytesIO(value[5:]), SCHEMA, None)
    assert isinstance(found, dict)
    return found


def transform(value: bytes) -> bytes:
    """The hop of one record."""
    record = decode(value)
    record["status"] = "confirmed"
    record["lines"] = [{**line, "sku": line["sku"].lower()} for line in record["lines"]]
    return encode(record)


def task() -> dict[str, Any]:
    """The script's argument."""
    found = json.loads(sys.argv[1])
    assert isinstance(found, dict)
    return found


def report(records: int, seconds: float) -> None:
    """The script's last line."""
    print(json.dumps({"records": records, "seconds": seconds}), flush=True)
