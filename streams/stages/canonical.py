"""A canonical record -> the message that carries it. Pure."""

from __future__ import annotations

from dataclasses import replace

from connectors.kit.ports import Canonical
from schemas.checksum import checksum, event_id
from schemas.codec import Codec
from schemas.headers import Headers, encode_headers
from schemas.record import Message
from schemas.topics import ENTITIES


def canonical_headers(
    record: Canonical, value: bytes, cause: Headers, checksum_key: bytes, *, is_ours: bool = False
) -> Headers:
    """Headers of a canonical record that follows from `cause`: same correlation and trace, its own id, version and checksum.

    A change dated in the future would make every later, rightly dated one look old: no version that a source states is newer than its
    reading. Version 0: the source states none, so the reading itself counts. `is_ours`: the version is our own, made after the reading.
    """
    content = checksum(value[5:], checksum_key)  # without the schema id, which says nothing about the content
    version = record.version if is_ours else min(record.version or cause.fetched, cause.fetched)
    return replace(
        cause, id=event_id(cause.source, record.key, content), entity=record.entity, version=version, checksum=content
    )


def canonical_message(
    codec: Codec, record: Canonical, cause: Headers, checksum_key: bytes, *, is_ours: bool = False
) -> Message:
    """On the topic where all states of the entity travel."""
    value = codec.encode(record.entity, record.body)
    headers = canonical_headers(record, value, cause, checksum_key, is_ours=is_ours)
    return Message(ENTITIES[record.entity].every, record.key.encode(), value, encode_headers(headers))
