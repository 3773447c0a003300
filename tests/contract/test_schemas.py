"""EVT-1: the contracts. Every field documented, types and schemas agree, old records stay readable, personal data is tagged."""

from __future__ import annotations

import typing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from schemas import records
from schemas.codec import Codec, load_schema, schema_names
from schemas.compat import check_released, differences, released
from schemas.topics import topic_table
from tests.unit.failure.samples import SchemaTable

GOLDEN = Path(__file__).parent / "golden"
PRIMITIVES = {"string": "str", "boolean": "bool", "int": "int", "long": "int", "bytes": "bytes"}


def nested_records(schema: Any) -> list[dict[str, Any]]:
    """The record itself and every record defined inside it."""
    if isinstance(schema, list):
        return [found for branch in schema for found in nested_records(branch)]
    if not isinstance(schema, dict):
        return []
    if schema["type"] == "record":
        return [schema, *(found for field in schema["fields"] for found in nested_records(field["type"]))]
    return nested_records(schema.get("items") or schema.get("values"))


ALL_RECORDS = [record for name in schema_names() for record in nested_records(load_schema(name))]


@pytest.mark.parametrize("record", ALL_RECORDS, ids=lambda record: record["name"])
def test_every_record_and_field_says_what_it_is(record: dict[str, Any]) -> None:
    assert record["doc"].endswith(".")
    for field in record["fields"]:
        assert field.get("doc", "").strip(), f"{record['name']}.{field['name']} is not documented"


def python_type(avro: Any) -> str:
    """The TypedDict annotation that stands for an Avro type."""
    if isinstance(avro, list):
        return " | ".join([python_type(branch) for branch in avro if branch != "null"] + ["None"])
    if isinstance(avro, dict):
        if avro["type"] == "array":
            return f"list[{python_type(avro['items'])}]"
        if avro["type"] == "map":
            return f"dict[str, {python_type(avro['values'])}]"
        if avro.get("logicalType") == "timestamp-millis":
            return "datetime"
        return str(avro["name"])
    return PRIMITIVES.get(avro, str(avro))


@pytest.mark.parametrize("record", ALL_RECORDS, ids=lambda record: record["name"])
def test_types_and_schemas_agree(record: dict[str, Any]) -> None:
    typed = getattr(records, record["name"])
    declared = {
        name: hint if isinstance(hint, str) else hint.__forward_arg__ for name, hint in typed.__annotations__.items()
    }
    assert declared == {field["name"]: python_type(field["type"]) for field in record["fields"]}


def test_personal_data_is_tagged() -> None:
    """SEC-2 builds on the tags: names, streets, phones, e-mails, messages of persons, and payloads that hold them."""
    tagged = {
        f"{record['name']}.{field['name']}" for record in ALL_RECORDS for field in record["fields"] if "pii" in field
    }
    expected = {
        "Buyer": {"name", "email", "phone", "company", "tax_id", "tax_exempt_id"},
        "Address": {"name", "company", "street", "street2", "street3", "city", "district", "zip", "phone"},
        "Order": {"gift_message", "buyer_note"},
        "OrderLine": {"gift_message"},
        "RawEvent": {"payload"},
        "Deliver": {"body"},
        "FailedRecord": {"value"},
        "HardwareEvent": {"payload", "value"},
    }
    assert tagged == {f"{record}.{field}" for record, fields in expected.items() for field in fields}


def test_topics_that_carry_tagged_fields_say_so() -> None:
    for topic in topic_table():
        if topic.value:
            inner = nested_records(load_schema(topic.value))
            holds = any("pii" in field for record in inner for field in record["fields"])
            assert topic.pii == holds, topic.name


def test_current_schemas_are_compatible_with_every_release() -> None:
    assert check_released() == []
    assert set(released()) == set(schema_names()), "run `causeway schemas release`"


class OldWriter(SchemaTable):
    """A registry in which every id is that old schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def schema_of(self, schema_id: int) -> dict[str, Any]:
        return self._schema


@pytest.mark.parametrize("name", schema_names())
def test_golden_records_of_every_release_are_still_read(name: str) -> None:
    """Bytes written by released code, kept as files: what an analyst's or a dead letter's old record looks like."""
    files = sorted(GOLDEN.glob(f"{name}.*.bin"))
    assert [int(file.name.split(".")[1]) for file in files] == sorted(released()[name])
    for file in files:
        version = int(file.name.split(".")[1])

        record = Codec(OldWriter(released()[name][version])).decode(name, file.read_bytes())
        assert set(record) == {field["name"] for field in load_schema(name)["fields"]}


def test_an_incompatible_change_is_found() -> None:
    """Break it: a field without a default, a changed type, a field gone that has none."""
    order = load_schema("order")
    fields = order["fields"]
    added = order | {"fields": [*fields, {"name": "new", "type": "string"}]}
    with_default = order | {"fields": [*fields, {"name": "new", "type": "string", "default": ""}]}
    changed = order | {"fields": [f | {"type": "long"} if f["name"] == "order_id" else f for f in fields]}
    removed = order | {"fields": [f for f in fields if f["name"] != "order_id"]}
    assert differences("order", with_default, order, "1") == []
    for broken in (added, changed, removed):
        assert differences("order", broken, order, "1")


def test_datetime_is_what_the_codec_gives() -> None:
    assert typing.get_type_hints(records.Cursor)["at"] is datetime
