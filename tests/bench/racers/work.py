"""What every contender does with a record: the same mapping, on the same Avro. Needs fastavro and nothing of the pipeline.

A contender runs as `python -m tests.bench.racers.NAME PLAN`, PLAN being the JSON of a `Plan`. It consumes that many records, forwards each
through the mapping with key and headers, and commits once a second only what is acknowledged (at least once). It ends when all its output is
acknowledged, its last line saying when it had the first record in hand. When it was through is read from the output topic.
"""

from __future__ import annotations

import io
import json
import sys
import time
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import fastavro

_ITEM = {
    "type": "record", "name": "Item", "fields": [
        {"name": "sku", "type": "string"}, {"name": "quantity", "type": "int"}, {"name": "cents", "type": "long"},
    ],
}  # fmt: skip
SOLD = {
    "type": "record", "name": "Sold", "fields": [
        {"name": "orderId", "type": "string"}, {"name": "orderDate", "type": "long"}, {"name": "orderStatus", "type": "string"},
        {"name": "currency", "type": "string"}, {"name": "buyerEmail", "type": ["null", "string"]}, {"name": "buyerName", "type": "string"},
        {"name": "postalCode", "type": "string"}, {"name": "countryCode", "type": "string"},
        {"name": "items", "type": {"type": "array", "items": _ITEM}},
    ],
}  # fmt: skip
_LINE = {
    "type": "record", "name": "Line", "fields": [
        {"name": "sku", "type": "string"}, {"name": "quantity", "type": "string"}, {"name": "unit_price", "type": "string"},
        {"name": "amount", "type": "string"},
    ],
}  # fmt: skip
ORDER = {
    "type": "record", "name": "Order", "fields": [
        {"name": "key", "type": "string"}, {"name": "order_id", "type": "string"}, {"name": "version", "type": "long"},
        {"name": "status", "type": "string"}, {"name": "currency", "type": "string"}, {"name": "total", "type": "string"},
        {"name": "email", "type": "string"}, {"name": "name", "type": "string"}, {"name": "zip", "type": "string"},
        {"name": "country", "type": "string"}, {"name": "lines", "type": {"type": "array", "items": _LINE}},
    ],
}  # fmt: skip

SCHEMAS = {"sold": (7, SOLD), "order": (8, ORDER)}
_PARSED = {name: fastavro.parse_schema(schema) for name, (_, schema) in SCHEMAS.items()}
_HEADS = {name: b"\x00" + number.to_bytes(4, "big") for name, (number, _) in SCHEMAS.items()}
_STATUSES = {"Created": "created", "Acknowledged": "acknowledged", "Shipped": "shipped"}
_SOURCE_STATUSES = tuple(_STATUSES)

COMMIT_SECONDS = 1.0
# The same for every contender: nothing is lost by the producer, and it may fill its batches equally well.
PRODUCER = {
    "enable.idempotence": True, "acks": "all", "linger.ms": 5, "compression.type": "lz4", "partitioner": "murmur2_random",
    "queue.buffering.max.messages": 200_000, "queue.buffering.max.kbytes": 262_144,
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What a contender is told. `group` is new each time, so everything in `source` is read from its beginning."""

    bootstrap: str
    group: str
    source: str
    target: str
    records: int

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def plan() -> Plan:
    """The process's argument."""
    return Plan(**json.loads(sys.argv[1]))


def sold(number: int) -> dict[str, Any]:
    """What a marketplace might say of one order, one to three items."""
    return {
        "orderId": f"{number:013d}", "orderDate": 1_760_000_000_000 + number, "orderStatus": _SOURCE_STATUSES[number % 3],
        "currency": "USD", "buyerEmail": f"Buyer.{number}@Relay.Example" if number % 5 else None, "buyerName": "Ava Testwell",
        "postalCode": f"{10000 + number % 89999}", "countryCode": "US",
        "items": [
            {"sku": f"sku-{(number + position) % 9973} ", "quantity": 1 + number % 3, "cents": 999 + number % 5000}
            for position in range(1 + number % 3)
        ],
    }  # fmt: skip


def mapped(record: dict[str, Any]) -> dict[str, Any]:
    """The mapping: words of ours for theirs, amounts as exact decimal text, a total."""
    lines = []
    total = Decimal(0)
    for item in record["items"]:
        price = Decimal(item["cents"]).scaleb(-2)
        amount = price * item["quantity"]
        total += amount
        lines.append(
            {
                "sku": item["sku"].strip().upper(),
                "quantity": str(item["quantity"]),
                "unit_price": str(price),
                "amount": str(amount),
            }
        )
    return {
        "key": f"market:MAIN:{record['orderId']}", "order_id": record["orderId"], "version": record["orderDate"],
        "status": _STATUSES[record["orderStatus"]], "currency": record["currency"], "total": str(total),
        "email": (record["buyerEmail"] or "").strip().lower(), "name": " ".join(record["buyerName"].split()),
        "zip": record["postalCode"], "country": record["countryCode"], "lines": lines,
    }  # fmt: skip


def encode(name: str, record: dict[str, Any]) -> bytes:
    """Record -> Confluent's wire format."""
    out = io.BytesIO()
    out.write(_HEADS[name])
    fastavro.schemaless_writer(out, _PARSED[name], record)
    return out.getvalue()


def decode(name: str, value: bytes) -> dict[str, Any]:
    """Confluent's wire format -> record."""
    if not value.startswith(_HEADS[name]):
        raise ValueError(f"the bytes are no {name} record")
    body = io.BytesIO(value)
    body.seek(5)
    found = fastavro.schemaless_reader(body, _PARSED[name], None)
    assert isinstance(found, dict)
    return found


def hop(value: bytes) -> bytes:
    """Decode, map, encode one record."""
    return encode("order", mapped(decode("sold", value)))


def now() -> float:
    """Seconds since the epoch, the clock that the broker stamps records with too."""
    return time.time()


def report(began: float) -> None:
    """The last line of a contender."""
    print(json.dumps({"began": began}), flush=True)
