"""One outcome event for each record and destination: the pipeline's own ledger (`in = applied + held + excluded + dead`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from schemas.codec import Codec
from schemas.headers import DETAIL_LIMIT_CHARACTERS, Headers, encode_headers
from schemas.record import Message
from schemas.records import Outcome
from schemas.topics import OUTCOMES


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one record: the part of an outcome that the deciding stage knows."""

    destination: str
    operation: str
    result: str
    reason: str = ""
    detail: str = ""
    remote_model: str = ""
    remote_id: str = ""
    attempt: int = 1
    lane: str = ""
    status: str = ""
    job: str = ""
    notes: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)


def outcome_message(
    codec: Codec, key: bytes, account: str, headers: Headers, verdict: Verdict, now: datetime
) -> Message:
    """The event on `outcomes`. `headers` are those of the record it is about; `now` is aware UTC."""
    event = Outcome(
        id=headers.id,
        destination=verdict.destination,
        operation=verdict.operation,
        source=headers.source,
        account=account,
        key=key.decode(errors="replace"),
        version=headers.version,
        checksum=headers.checksum,
        result=verdict.result,
        reason=verdict.reason,
        detail=verdict.detail[:DETAIL_LIMIT_CHARACTERS],
        remote_model=verdict.remote_model,
        remote_id=verdict.remote_id,
        attempt=verdict.attempt,
        lane=verdict.lane,
        correlation=headers.correlation,
        fetched_at=datetime.fromtimestamp(headers.fetched / 1000, UTC) if headers.fetched else None,
        at=now,
        status=verdict.status,
        entity=headers.entity,
        job=verdict.job,
        notes=list(verdict.notes),
        about=dict(verdict.about),
    )
    return Message(OUTCOMES, key, codec.encode("outcome", event), encode_headers(headers))
