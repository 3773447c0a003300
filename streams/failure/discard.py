"""Deciding that failed records are not going to be delivered: noted and audited, the records stay where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from schemas.codec import Codec
from schemas.record import Message
from schemas.records import Outcome
from schemas.topics import OUTCOMES
from streams.failure.actions import noted
from streams.kafka import SyncProducer
from streams.settings import Settings

DISCARDED = "discarded"


def discard(
    settings: Settings, codec: Codec, failed: Sequence[Mapping[str, Any]], *, actor: str, at: datetime, note: str, more: Sequence[Message] = ()
) -> None:  # fmt: skip
    """Note it for each, tell it to `outcomes`, then send `more` (the tombstones of held records). Raises BrokerError."""
    with SyncProducer(settings.kafka.librdkafka()) as producer:
        producer.send_all(
            [
                message
                for record in failed
                for message in (
                    *noted(codec, record, DISCARDED, "discard", actor=actor, at=at, note=note),
                    _outcome(codec, record, at),
                )
            ]
        )
        producer.send_all(list(more))


def _outcome(codec: Codec, failed: Mapping[str, Any], at: datetime) -> Message:
    headers: Mapping[str, bytes] = failed["headers"]

    def text(name: str) -> str:
        return bytes(headers.get(name, b"")).decode(errors="replace")

    outcome = Outcome(
        id=text("id"), destination=failed["destination"], operation=failed["operation"], source=text("source"), account="",
        key=failed["key"], version=failed["version"], checksum=text("checksum"), result=DISCARDED, reason=failed["reason"],
        detail="discarded by a person", remote_model="", remote_id="", attempt=failed["attempts"], lane="",
        correlation=failed["correlation"], fetched_at=None, at=at, status="", entity=text("entity"),
        job="", notes=[], about={},
    )  # fmt: skip
    return Message(OUTCOMES, failed["key"].encode(), codec.encode("outcome", outcome), tuple(headers.items()))
