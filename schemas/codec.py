"""Avro in Confluent wire format: a zero byte, the schema id in four bytes (big endian), the record.

Source of the format: Confluent Schema Registry documentation, "Wire format".
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Protocol

import fastavro

_HEAD = struct.Struct(">bI")
MAX_RECORD_BYTES = 4 * 1024 * 1024


class DecodeError(ValueError):
    """Bytes that are no record of ours: says what is wrong with them."""


class SchemaIds(Protocol):
    """Where schema ids come from: the registry, or a table in a test."""

    def id_of(self, name: str) -> int:
        """The id of the current schema of that record name."""
        ...

    def schema_of(self, schema_id: int) -> dict[str, Any]:
        """The schema with that id. Raises KeyError when the registry has none."""
        ...


@cache
def load_schema(name: str) -> dict[str, Any]:
    """The current schema of `schemas/avro/NAME.avsc` as a dictionary. Raises FileNotFoundError for an unknown name."""
    text = resources.files("schemas.avro").joinpath(f"{name}.avsc").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def schema_names() -> list[str]:
    """All record names that have a schema, sorted."""
    files = resources.files("schemas.avro").iterdir()
    return sorted(file.name.removesuffix(".avsc") for file in files if file.name.endswith(".avsc"))


@cache
def parsed_schema(name: str) -> Any:
    """The current schema of a record name, parsed by fastavro."""
    return fastavro.parse_schema(load_schema(name))


class Codec:
    """Encodes with the current schemas, decodes what any of their versions wrote. Ids are looked up once and kept.

    schemas    name -> the current schema, parsed; those of `schemas/avro` unless others are given
    """

    def __init__(self, ids: SchemaIds, schemas: Callable[[str], Any] = parsed_schema) -> None:
        self._ids = ids
        self._schemas = schemas
        self._heads: dict[str, bytes] = {}
        self._pairs: dict[tuple[int, str], tuple[Any, Any]] = {}

    def encode(self, name: str, value: Mapping[str, Any]) -> bytes:
        """A record -> bytes. Raises ValueError naming the field that does not fit the schema."""
        head = self._heads.get(name)
        if head is None:
            head = self._heads[name] = _HEAD.pack(0, self._ids.id_of(name))
        out = io.BytesIO()
        out.write(head)
        try:
            fastavro.schemaless_writer(out, self._schemas(name), value, strict_allow_default=True)
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(f"a {name} record does not fit its schema: {_first_line(error)}") from error
        return out.getvalue()

    def decode(self, name: str, data: bytes | None) -> Any:
        """Bytes -> the record as the current schema of `name` reads it. Raises DecodeError."""
        if not data:
            raise DecodeError(f"no bytes where a {name} record was expected")
        if len(data) > MAX_RECORD_BYTES:
            raise DecodeError(f"{len(data)} bytes are more than the {MAX_RECORD_BYTES} a {name} record may have")
        if len(data) < _HEAD.size or data[0] != 0:
            raise DecodeError(f"not Confluent wire format: starts with {data[:5].hex()}")
        writer, reader = self._pair(_HEAD.unpack_from(data)[1], name)
        body = io.BytesIO(data)
        body.seek(_HEAD.size)
        try:
            record = fastavro.schemaless_reader(body, writer, reader)
        except Exception as error:  # damaged bytes make fastavro raise nearly anything
            raise DecodeError(
                f"the bytes are no {name} record: {type(error).__name__}: {_first_line(error)}"
            ) from error
        if body.read(1):
            raise DecodeError(f"bytes are left over after the {name} record")
        return record

    def _pair(self, schema_id: int, name: str) -> tuple[Any, Any]:
        """The schema that wrote it, and the current one where that is another: fastavro would compare the two for every record."""
        known = self._pairs.get((schema_id, name))
        if known is None:
            try:
                schema = self._ids.schema_of(schema_id)
            except KeyError as error:
                raise DecodeError(f"the registry knows no schema {schema_id} (expected a {name} record)") from error
            writer, current = fastavro.parse_schema(schema), self._schemas(name)
            known = self._pairs[schema_id, name] = (writer, None if writer == current else current)
        return known


def _first_line(error: Exception) -> str:
    """Errors of the Avro library quote the datum, which may be personal: only the kind of problem is kept, cut before the first value."""
    text = str(error).split("\n", 1)[0]
    if " on field " in text:
        return f"wrong type on field {text.split(' on field ')[-1][:120]}"
    return text[:120] if text.startswith("no value and no default for") else type(error).__name__
