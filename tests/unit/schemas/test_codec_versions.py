"""EVT-1: records written by an earlier version of a schema are read as the current one, whoever wrote the others."""

from __future__ import annotations

from typing import Any

import fastavro

from schemas.codec import Codec

OLD = {"type": "record", "name": "Thing", "fields": [{"name": "a", "type": "string"}]}
NEW = {**OLD, "fields": [*OLD["fields"], {"name": "b", "type": "int", "default": 5}]}


class Versions:
    """A registry with both versions; the schemas come as text would, not as the same objects."""

    def id_of(self, name: str) -> int:
        return 2

    def schema_of(self, schema_id: int) -> dict[str, Any]:
        return dict({1: OLD, 2: NEW}[schema_id])


def test_records_of_both_versions_are_read_by_one_codec() -> None:
    """EVT-1: an old record has the new field's default; a record of today is read as it was written."""
    old = Codec(_Only(1), lambda name: fastavro.parse_schema(OLD)).encode("thing", {"a": "x"})
    codec = Codec(Versions(), lambda name: fastavro.parse_schema(NEW))
    new = codec.encode("thing", {"a": "y", "b": 7})
    for _ in range(2):  # the second time from what is remembered
        assert codec.decode("thing", old) == {"a": "x", "b": 5}
        assert codec.decode("thing", new) == {"a": "y", "b": 7}


class _Only(Versions):
    def __init__(self, schema_id: int) -> None:
        self._id = schema_id

    def id_of(self, name: str) -> int:
        return self._id
