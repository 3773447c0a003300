"""Entries of `edge.boxes` as Kafka records, and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.codec import Codec
from schemas.record import Message, Record
from schemas.records import EdgeBox
from streams.gateway.book import CONFIGURATION, CREDENTIAL, ENROLMENT, HEALTH, REVOCATION, SPOOL, THROUGH, TWICE, key_of


def enrolment(box: str, code_hash: str, expires_at: datetime, *, by: str, at: datetime) -> EdgeBox:
    """A code was made."""
    return _entry(ENROLMENT, box, by, at, code_hash=code_hash, expires_at=expires_at)


def credential(
    box: str, name: str, token_hash: str, enrolment_offset: int, *, called: str, agent_version: str, by: str, at: datetime
) -> EdgeBox:  # fmt: skip
    """A token was given for the code made there."""
    return _entry(
        CREDENTIAL, box, by, at, credential=name, token_hash=token_hash, enrolment=enrolment_offset, name=called,
        agent_version=agent_version,
    )  # fmt: skip


def revocation(box: str, *, by: str, at: datetime) -> EdgeBox:
    """Every credential and code so far is over."""
    return _entry(REVOCATION, box, by, at)


def configuration(box: str, content: Mapping[str, Any], *, by: str, at: datetime) -> EdgeBox:
    """What the Box shall work by, whole."""
    return _entry(CONFIGURATION, box, by, at, content=json.dumps(content, sort_keys=True))


def through(
    box: str, sequence: int, event_id: str, writer: str, *, by: str, at: datetime, spool: str = ""
) -> EdgeBox:  # fmt: skip
    """Everything up to there is safe, sent by this spool."""
    content = json.dumps({"spool": spool})
    return _entry(THROUGH, box, by, at, through=sequence, event_id=event_id, writer=writer, content=content)


def spool(box: str, credential: str, name: str, *, by: str, at: datetime) -> EdgeBox:
    """This spool speaks for the Box from here on."""
    return _entry(SPOOL, box, by, at, credential=credential, content=json.dumps({"spool": name}))


def twice(box: str, credential: str, *, by: str, at: datetime) -> EdgeBox:
    """A second spool has spoken under this credential."""
    return _entry(TWICE, box, by, at, credential=credential)


def health(box: str, content: Mapping[str, Any], *, by: str, at: datetime) -> EdgeBox:
    """How the Box says it is."""
    return _entry(HEALTH, box, by, at, content=json.dumps(content, sort_keys=True))


def message(codec: Codec, topic: str, entry: EdgeBox) -> Message:
    """An entry, to be sent."""
    return Message(topic, key_of(entry).encode(), codec.encode("edge_box", entry))


def tombstone(topic: str, key: str) -> Message:
    """Throws away what stands under the key."""
    return Message(topic, key.encode(), None)


def read(codec: Codec, record: Record) -> tuple[str, EdgeBox | None]:
    """(key, entry; None for a tombstone). Raises ValueError for what is no record of ours."""
    key = (record.key or b"").decode()
    return key, (codec.decode("edge_box", record.value) if record.value is not None else None)


def _entry(kind: str, box: str, by: str, at: datetime, **said: Any) -> EdgeBox:
    entry = EdgeBox(
        kind=kind, box=box, at=at, by=by, code_hash="", expires_at=None, enrolment=-1, credential="", token_hash="", name="",
        agent_version="", content="{}", through=0, event_id="", writer="",
    )  # fmt: skip
    entry.update(said)  # type: ignore[typeddict-item] # names of the fields above
    return entry
