"""Records to fail, and a schema table in place of the registry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas.codec import Codec, load_schema, schema_names
from schemas.headers import Headers, encode_headers
from schemas.record import RawHeaders, Record
from schemas.records import Deliver

NOW = 1_700_000_000_000
KEY = "walmart:ACME:1796277083022"


class SchemaTable:
    """Every current schema, numbered by name."""

    def id_of(self, name: str) -> int:
        return schema_names().index(name) + 1

    def schema_of(self, schema_id: int) -> dict[str, Any]:
        if not 0 < schema_id <= len(schema_names()):
            raise KeyError(schema_id)
        return load_schema(schema_names()[schema_id - 1])


def codec() -> Codec:
    return Codec(SchemaTable())


def headers(**changes: Any) -> Headers:
    values: dict[str, Any] = {
        "id": "d" * 32, "source": "walmart", "entity": "order", "version": 7, "checksum": "c" * 32,
        "correlation": "corr-1", "fetched": NOW - 1000, "env": "sandbox", "traceparent": "00-1-2-01",
    }  # fmt: skip
    return Headers(**values | changes)


def deliver_value(kind: str = "state", key: str = KEY, body: bytes = b"") -> bytes:
    record = Deliver(
        id="d" * 32, destination="odoo", operation="upsert_order", kind=kind, lane="critical", source="walmart",
        account="ACME", key=key, version=7, checksum="c" * 32, correlation="corr-1",
        created_at=datetime.fromtimestamp(NOW / 1000, UTC), schema="acknowledge_order", body=body,
    )  # fmt: skip
    return codec().encode("deliver", record)


def record(raw: RawHeaders | None = None, **changes: Any) -> Record:
    values: dict[str, Any] = {
        "topic": "deliver.odoo.critical", "partition": 3, "offset": 41, "timestamp_ms": NOW - 500, "key": KEY.encode(),
        "value": deliver_value(), "headers": encode_headers(headers()) if raw is None else raw,
    }  # fmt: skip
    return Record(**values | changes)
