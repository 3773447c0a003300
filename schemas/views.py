"""Records for people: decoded down to the innermost payload, as plain JSON values, personal data masked unless asked otherwise (ERR-5).

What is personal is said by the schemas (`pii` on a field). A source's own JSON has no schema, so there everything textual is masked that is
not under a name known to be harmless: a new field of a marketplace is hidden until somebody says it may be seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.codec import Codec, DecodeError, load_schema
from schemas.masking import MASK, mask_text
from schemas.topics import topic_table
from schemas.walk import kind_of, named_types, one_type

_ID_FIELDS = re.compile(r"(^|_)(id|key|checksum|target|origin|sku|correlation|traceparent|waiting_for)$")
_HARMLESS = re.compile(
    r"(id|ids|sku|status|currency|amount|price|quantity|qty|number|date|time|type|code|method|carrier|unit|reason|version|country|node)$",
    re.IGNORECASE,
)
_PERSONAL = re.compile(
    r"name|mail|phone|mobile|address|street|city|postal|zip|buyer|customer(?!order)|recipient|contact|company|tax_?(?:id|number)|vat|note"
    r"|message|comment|birth|iban|account_?(?:no|number)|tracking",
    re.IGNORECASE,
)
_ORDER_IDS = frozenset({"customerOrderId", "buyerOrderId"})
# What harmless names hold: one word (an id, a code, a number) or a point in time. Several words may be anybody's.
_ONE_VALUE = re.compile(r"\S{1,100}|[\d:.,+/TZ -]{1,40}")
_FREE_WORDS = re.compile(r"sku$", re.IGNORECASE)  # sellers write them as they like, and nobody can work without them
_FIELD_NAME = re.compile(r"[\w.@$:-]{1,64}")
_MAX_DEPTH = 40


def mask_record(name: str, value: Mapping[str, Any], codec: Codec | None = None) -> dict[str, Any]:
    """The record `name` with everything personal masked; see `view_record`."""
    return view_record(name, value, codec, masked=True)


def view_record(
    name: str, value: Mapping[str, Any], codec: Codec | None = None, *, masked: bool = True
) -> dict[str, Any]:
    """The record as JSON values: times as ISO text, nested payloads decoded where `codec` can, else `<n bytes>`."""
    schema = load_schema(name)
    shown = _View(codec, masked, named_types(schema)).value(schema, value, "")
    assert isinstance(shown, dict)
    return shown


def value_schema_of(topic: str) -> str:
    """The name of the records a topic carries, empty when the topic table does not know it."""
    return next((entry.value for entry in topic_table() if entry.name == topic), "")


class _View:
    """Walks a value along its schema; `named` are the record types of the schema."""

    def __init__(self, codec: Codec | None, masked: bool, named: dict[str, Any]) -> None:
        self._codec = codec
        self._masked = masked
        self._named = named

    def value(self, schema: Any, value: Any, field: str) -> Any:
        if value is None:
            return None
        schema, _ = one_type(schema, self._named)
        kind = kind_of(schema)
        if kind == "record":
            return {item["name"]: self._field(item, value) for item in schema["fields"] if item["name"] in value}
        if kind == "array":
            return [self.value(schema["items"], item, field) for item in value]
        if kind == "map":
            return {name: self.value(schema["values"], item, name) for name, item in value.items()}
        return self._leaf(value, field)

    def _field(self, item: Mapping[str, Any], record: Mapping[str, Any]) -> Any:
        value, pii = record[item["name"]], item.get("pii")
        if pii == "payload":
            return self._payload(record, value)
        if pii and self._masked:
            return mask_value(value)
        return self.value(item["type"], value, item["name"])

    def _leaf(self, value: Any, field: str) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        if isinstance(value, str) and self._masked and not _ID_FIELDS.search(field):
            return mask_text(value)
        return value

    def _payload(self, record: Mapping[str, Any], value: bytes | None) -> Any:
        """The innermost record, by what the outer one says of it: its schema, the topic it goes back to, or its media type."""
        if value is None:
            return None
        if "content_type" in record:
            return self._json(value)
        name = str(record.get("schema") or value_schema_of(str(record.get("target", ""))))
        try:
            if self._codec is not None and name:
                return view_record(name, self._codec.decode(name, value), self._codec, masked=self._masked)
        except (DecodeError, FileNotFoundError, RecursionError):
            pass  # damaged, or of a schema that is gone: its size is all that can be said
        return _size(value)

    def _json(self, value: bytes) -> Any:
        try:
            content = json.loads(value)
        except (ValueError, RecursionError):
            return _size(value)
        return mask_json(content) if self._masked else content


def mask_value(value: Any) -> Any:
    """Stars for what is there, nothing for what is not: that a field is empty, or how long it is, is often the whole problem."""
    if value is None or value == "":
        return value
    return f"{MASK} ({len(value)} characters)" if isinstance(value, str) else MASK


def mask_json(content: Any, name: str = "", depth: int = 0) -> Any:
    """A source's own JSON with all text masked that is not under a harmless name; numbers under a personal name too."""
    if depth > _MAX_DEPTH:
        return MASK
    if isinstance(content, dict):
        return {_shown_name(key): mask_json(item, _name_below(name, key), depth + 1) for key, item in content.items()}
    if isinstance(content, list):
        return [mask_json(item, name, depth + 1) for item in content]
    if content is None or isinstance(content, bool) or _is_harmless(name, content):
        return content
    return mask_value(str(content))


def _name_below(name: str, key: str) -> str:
    """A personal name holds for everything under it."""
    return name if name and _is_personal(name) else key


def _shown_name(key: str) -> str:
    """A key that is no name of a field is content."""
    return key if _FIELD_NAME.fullmatch(key) and mask_text(key) == key else mask_value(key)


def _is_personal(name: str) -> bool:
    return name not in _ORDER_IDS and bool(_PERSONAL.search(name))


def _is_harmless(name: str, content: Any) -> bool:
    if _is_personal(name):
        return False
    if not isinstance(content, str):
        return True
    is_value = bool(_FREE_WORDS.search(name) or _ONE_VALUE.fullmatch(content))
    return bool(is_value and _HARMLESS.search(name) and mask_text(content) == content)


def _size(value: bytes) -> str:
    return f"<{len(value)} bytes>"
