"""Editing a dead letter: its innermost record as JSON, changed, held against the schema, sent as a new record. The original stays (ERR-6).

    deliver.*      the canonical record in the delivery's body       raw.*    the source's own JSON
    orders, ...    the canonical record itself

The edited record gets an id of its own, so that nobody takes it for the original, and carries `edited_from` with the failed record's id.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import simplejson

from schemas.checksum import checksum, event_id
from schemas.codec import Codec, DecodeError
from schemas.documents import DocumentError, from_document, to_document
from schemas.headers import Headers, decode_headers, encode_headers
from schemas.record import Message
from schemas.views import value_schema_of, view_record
from streams.failure.actions import action_message, audit_message
from streams.failure.dead import Letter
from streams.failure.edit_values import Problem, problems
from streams.failure.routing import REPLAYS, replays_of

EDITED_FROM = "edited_from"


class EditError(ValueError):
    """An edit that cannot be made: says what is wrong with it, field by field."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A dead letter opened for editing. `name` is the record name of `document`, empty for a source's own JSON."""

    letter: Letter
    outer_name: str
    outer: dict[str, Any]
    name: str
    document: Any

    def text(self) -> str:
        """For an editor."""
        return str(simplejson.dumps(self.document, indent=2, ensure_ascii=False, use_decimal=True)) + "\n"


def open_draft(codec: Codec, letter: Letter) -> Draft:
    """Raises EditError when the value cannot be read as what its target carries."""
    failed = letter.failed
    outer_name = value_schema_of(failed["target"])
    if not outer_name:
        raise EditError(f"there is no topic {failed['target']!r} to go back to, so nothing says how to read the record")
    try:
        outer = codec.decode(outer_name, failed["value"])
        if outer_name == "raw_event":
            return Draft(letter, outer_name, outer, "", parse_json(outer["payload"].decode()))
        if outer_name == "deliver":
            name = outer["schema"]
            return Draft(letter, outer_name, outer, name, to_document(name, codec.decode(name, outer["body"])))
    except (DecodeError, UnicodeDecodeError, FileNotFoundError) as error:
        raise EditError(f"the record cannot be read: {error}") from error
    return Draft(letter, outer_name, outer, outer_name, to_document(outer_name, outer))


def parse_json(text: str) -> Any:
    """JSON with every digit kept. Raises EditError saying where it is wrong."""
    try:
        return simplejson.loads(text, use_decimal=True)
    except (ValueError, RecursionError) as error:
        raise EditError(f"this is no JSON: {error}") from error


def apply_sets(document: Any, sets: Sequence[str]) -> Any:
    """`lines[0].quantity="2"`: the value is JSON, or plain text when it is none. Raises EditError for a place that is not there."""
    changed = copy.deepcopy(document)
    for text in sets:
        place, found, value = text.partition("=")
        if not found:
            raise EditError(f"--set takes PLACE=VALUE, for example lines[0].quantity=2; got {text!r}")
        _set(changed, place.strip(), value)
    return changed


def edited_messages(
    codec: Codec, draft: Draft, document: Any, *, actor: str, at: datetime, note: str, key: bytes = b""
) -> tuple[Message, tuple[Message, ...]]:
    """The new record, and what is noted about it once it is acknowledged. `key` keys the checksum.

    Raises EditError when nothing changed, the document does not fit its schema, or it writes what no destination could read.
    """
    if document == draft.document:
        raise EditError("nothing was changed")
    value, content = _rebuilt(codec, draft, document, key)
    headers = _headers(draft, content, at)
    raw = (
        *encode_headers(headers),
        (REPLAYS, str(replays_of(tuple(draft.letter.failed["headers"].items())) + 1).encode()),
        (EDITED_FROM, draft.letter.id.encode()),
    )
    note_of_it = f"{note} (new id {headers.id})".strip()
    changes = changed_places(draft.document, document)
    noted = (
        action_message(codec, draft.letter.id, "edited", actor=actor, at=at, note=note_of_it),
        audit_message(
            codec, "edit", draft.letter.id, actor=actor, at=at, note=note, before=_masked(draft, draft.document, changes),
            after=_masked(draft, document, changes), correlation=headers.correlation,
        ),
    )  # fmt: skip
    return Message(draft.letter.failed["target"], draft.letter.key, value, raw), noted


def changed_places(before: Any, after: Any, place: str = "") -> list[str]:
    """Where two documents differ: `buyer.email`, `lines[1]`."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        return [
            found
            for name in names
            for found in changed_places(before.get(name), after.get(name), f"{place}.{name}".strip("."))
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            found
            for index, pair in enumerate(zip(before, after, strict=True))
            for found in changed_places(*pair, f"{place}[{index}]")
        ]
    return [] if before == after else [place]


def wrong_values(draft: Draft, document: Any) -> tuple[list[Problem], list[Problem]]:
    """Texts that are no numbers, currencies ... in a document that fits its schema: those the edit wrote, and those that stood there before."""
    if not draft.name:
        return [], []
    changes = changed_places(draft.document, document)
    found = problems(draft.name, document)
    mine = [one for one in found if any(_meet(one.place, change) for change in changes)]
    return mine, [one for one in found if one not in mine]


def _meet(one: str, other: str) -> bool:
    """Whether one place is the other or lies within it."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and long[len(short) : len(short) + 1] in ("", ".", "[")


def _rebuilt(codec: Codec, draft: Draft, document: Any, key: bytes) -> tuple[bytes, str]:
    """The new value and the checksum of its content."""
    if draft.outer_name == "raw_event":
        payload = simplejson.dumps(document, use_decimal=True, ensure_ascii=False).encode()
        content = checksum(payload, key)
        return codec.encode("raw_event", {**draft.outer, "payload": payload, "checksum": content}), content
    try:
        record = from_document(draft.name, document)
        inner = codec.encode(draft.name, record)
    except (DocumentError, ValueError) as error:
        raise EditError(f"it does not fit the schema of {draft.name}: {error}") from error
    if wrong := wrong_values(draft, document)[0]:
        raise EditError(f"the destination could not read it: {'; '.join(map(str, wrong))}")
    content = checksum(document, key)
    if draft.outer_name != "deliver":
        return inner, content
    new_id = _new_id(draft, content)
    return codec.encode("deliver", {**draft.outer, "body": inner, "checksum": content, "id": new_id}), content


def _new_id(draft: Draft, content: str) -> str:
    return event_id("edited", draft.letter.id, content)


def _headers(draft: Draft, content: str, at: datetime) -> Headers:
    """The record's own, or new ones where they are lost: editing is how such a record is mended."""
    failed, outer = draft.letter.failed, draft.outer
    try:
        headers = decode_headers(tuple(failed["headers"].items()))
    except ValueError:
        headers = Headers(
            id="", source=str(outer.get("source", "")), entity=str(outer.get("entity", draft.name)), version=int(outer.get("version", 0)),
            checksum="", correlation=str(outer.get("correlation", "")), fetched=int(at.timestamp() * 1000), env=failed["env"],
        )  # fmt: skip
    return replace(headers, id=_new_id(draft, content), checksum=content)


def _masked(draft: Draft, document: Any, places: Sequence[str]) -> str:
    """The changed places with their values as far as they may be seen."""
    seen = view_record(draft.name, document) if draft.name else None
    return json.dumps(
        {place: _at(seen, place) if seen is not None else "***" for place in places}, ensure_ascii=False, default=str
    )


_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def _steps(place: str) -> list[str | int]:
    if not place or not re.fullmatch(r"[^.\[\]]+(\[\d+\])*(\.[^.\[\]]+(\[\d+\])*)*", place):
        raise EditError(f"{place!r} is no place: write for example lines[0].quantity")
    return [name or int(number) for name, number in _STEP.findall(place)]


def _at(document: Any, place: str) -> Any:
    for step in _steps(place) if place else ():
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _set(document: Any, place: str, text: str) -> None:
    *path, last = _steps(place)
    target = document
    for step in path:
        try:
            target = target[step]
        except (KeyError, IndexError, TypeError):
            raise EditError(f"{place}: there is nothing at {step!r}") from None
    if isinstance(last, int):
        if not isinstance(target, list) or last >= len(target):
            raise EditError(f"{place}: there is no entry {last}")
        target[last] = _value(text, target[last])
    elif isinstance(target, dict):
        before, value = target.get(last), _value(text, target.get(last))
        if isinstance(before, dict) and not isinstance(value, (dict, type(None))):
            inside = " or ".join(f"{place}.{name}" for name in before)
            raise EditError(f"{place} has several values: set {inside}")
        target[last] = value
    else:
        raise EditError(f"{place}: {last!r} is in no object")


def _value(text: str, before: Any) -> Any:
    """JSON, or plain text; where text stood, digits are text too (quantities and amounts are decimal text)."""
    try:
        value = simplejson.loads(text, use_decimal=True)
    except ValueError:
        return text
    return text if isinstance(before, str) and not isinstance(value, str) else value
