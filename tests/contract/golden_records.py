"""Writes the golden record of each newly released schema: bytes as released code writes them, kept for ever.

python -m tests.contract.golden_records        after `causeway schemas release`
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.codec import load_schema, schema_names
from schemas.compat import released
from tests.unit.failure.samples import codec

FOLDER = Path(__file__).parent / "golden"
_MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_PRIMITIVES: dict[str, Any] = {"boolean": True, "int": 7, "long": 1_772_366_400_000, "bytes": b"golden"}


def sample(avro: Any, name: str, known: dict[str, Any]) -> Any:
    """A value of an Avro type, every optional part filled. `known`: named records defined so far."""
    if isinstance(avro, list):
        return sample(avro[1], name, known)
    if isinstance(avro, str):
        if avro in known:
            return sample(known[avro], name, known)
        return _PRIMITIVES.get(avro, f"golden {name}")
    if avro["type"] == "record":
        known[avro["name"]] = avro
        return {field["name"]: sample(field["type"], field["name"], known) for field in avro["fields"]}
    if avro["type"] == "array":
        return [sample(avro["items"], name, known)]
    if avro["type"] == "map":
        return {"golden": sample(avro["values"], name, known)}
    return _MOMENT if "logicalType" in avro else sample(avro["type"], name, known)


def main() -> None:
    """Files that exist are left alone: they are what old code wrote."""
    FOLDER.mkdir(exist_ok=True)
    for name in schema_names():
        file = FOLDER / f"{name}.{max(released()[name])}.bin"
        if not file.exists():
            file.write_bytes(codec().encode(name, sample(load_schema(name), name, {})))
            print(file.name)


if __name__ == "__main__":
    main()
