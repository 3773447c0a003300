"""Avro's binary encoding by the standard library, for the one record `hardware_event`: strings, longs, booleans, and unions of null with these.

Source: Apache Avro 1.11 specification, "Binary encoding". A contract test holds every byte against fastavro.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

_HEAD = struct.Struct(">bI")  # Confluent's wire format: a zero byte, the schema's id


@cache
def schema() -> dict[str, Any]:
    """The current schema of the record."""
    found: dict[str, Any] = json.loads(schema_text())
    return found


def schema_text() -> str:
    """As it stands in schemas/avro."""
    return resources.files("schemas.avro").joinpath("hardware_event.avsc").read_text(encoding="utf-8")


def encode(schema_id: int, record: Mapping[str, Any]) -> bytes:
    """A record -> Confluent's wire format. Raises ValueError naming the field that does not fit."""
    out = bytearray(_HEAD.pack(0, schema_id))
    for field in schema()["fields"]:
        name = field["name"]
        try:
            _put(out, field["type"], record[name])
        except (KeyError, TypeError, UnicodeError) as error:
            raise ValueError(f"{name}: does not fit {field['type']}") from error
    return bytes(out)


def _put(out: bytearray, kind: Any, value: Any) -> None:
    if isinstance(kind, list):
        place = 0 if value is None else 1
        if kind[0] != "null" or len(kind) != 2:
            raise TypeError(f"a union that is not null and another: {kind}")
        _long(out, place)
        if place:
            _put(out, kind[1], value)
    elif kind == "string":
        content = value.encode() if isinstance(value, str) else _wrong(value)
        _long(out, len(content))
        out += content
    elif kind == "long" and isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        _long(out, value)
    elif kind == "boolean" and isinstance(value, bool):
        out.append(value)
    else:
        _wrong(value)


def _wrong(value: Any) -> bytes:
    raise TypeError(type(value).__name__)


def _long(out: bytearray, value: int) -> None:
    """Zig-zag, then seven bits a byte, the lowest first."""
    left = (value << 1) ^ (value >> 63)
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
