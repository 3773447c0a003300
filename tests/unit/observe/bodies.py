"""One record of every kind with something recognisable in every field, and the Kafka records that carry them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.codec import load_schema
from schemas.headers import Failure, encode_headers
from schemas.record import Record
from schemas.records import Deliver
from streams.stages.outcomes import Verdict, outcome_message
from tests.unit.failure.samples import NOW, codec, headers

CODEC = codec()
AT = datetime.fromtimestamp(NOW / 1000, UTC)
_NUMBERS = (
    "quantity",
    "on_hand",
    "reserved",
    "demanded",
    "done",
    "cancelled",
    "amount",
    "deposit",
    "previous",
    "remaining",
)


def body_of(name: str, **changes: Any) -> dict[str, Any]:
    """A body of the record; every text says the name of its field, every number is 2."""
    made = _sample(load_schema(name), name, {})
    assert isinstance(made, dict)
    return made | changes


def _sample(avro: Any, name: str, known: dict[str, Any]) -> Any:
    if isinstance(avro, list):
        return _sample(avro[1], name, known)
    if isinstance(avro, str):
        if avro in known:
            return _sample(known[avro], name, known)
        plain: dict[str, Any] = {"boolean": True, "int": 2, "long": 2, "bytes": b"<bytes>"}
        return plain.get(avro, "2" if name in _NUMBERS else f"<{name}>")
    if avro["type"] == "record":
        known[avro["name"]] = avro
        return {field["name"]: _sample(field["type"], field["name"], known) for field in avro["fields"]}
    if avro["type"] == "array":
        return [_sample(avro["items"], name, known)]
    if avro["type"] == "map":
        return {"<name>": _sample(avro["values"], name, known)}
    return AT if "logicalType" in avro else _sample(avro["type"], name, known)


def on(
    topic: str, key: str, value: bytes | None, seconds: float = 0, failure: Failure | None = None, **changes: Any
) -> Record:
    """A record of the topic, written so many seconds after the beginning."""
    raw = encode_headers(headers(**changes), failure)
    return Record(topic, 0, int(seconds * 10), NOW + int(seconds * 1000), key.encode(), value, raw)


def sent(
    destination: str,
    operation: str,
    key: str,
    seconds: float,
    topic: str = "",
    failure: Failure | None = None,
    **changes: Any,
) -> Record:
    """A delivery, on its lane or on `topic`."""
    value = Deliver(
        id=changes.pop("id", "d" * 32), destination=destination, operation=operation, kind="command", lane="critical", source="odoo",
        account="main", key=key, version=1, checksum="c", correlation="corr-1", created_at=AT, schema="shipment", body=b"",
    )  # fmt: skip
    return on(topic or f"deliver.{destination}.critical", key, CODEC.encode("deliver", value), seconds, failure)


def ended(
    destination: str, operation: str, key: str, result: str, seconds: float, delivery: str = "d", **changes: Any
) -> Record:
    """The outcome of a delivery."""
    verdict = Verdict(destination, operation, result, **changes)
    message = outcome_message(
        CODEC, key.encode(), "main", headers(id=delivery), verdict, AT + timedelta(seconds=seconds)
    )
    return on("outcomes", key, message.value, seconds)
