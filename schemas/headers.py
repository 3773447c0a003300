"""Record headers: ten that every record carries, and one bounded set that a failure adds (design: few and bounded).

    id           deterministic id of the fact            source       walmart, odoo, ...
    entity       order, acknowledgement, ...             version      the source's own order, an integer as text
    checksum     of the content                          correlation  follows one entity through the whole pipeline
    traceparent  W3C trace context                       fetched      when the source was read, epoch milliseconds UTC
    env          sandbox, staging or production
    lane         empty, or the lane a resync or replay was asked to keep to (`bulk`); such records pass the dedupe

A failed record carries `failure.*` as well. A later failure replaces the set, it never grows.
No header holds personal data or a secret (SEC-3): ids, checksums, times, reasons and bounded, masked text only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from schemas.reasons import Reason
from schemas.record import RawHeaders

DETAIL_LIMIT_CHARACTERS = 500
_FAILURE_PREFIX = "failure."
_LATEST_MS = 253_402_300_799_000  # the end of the year 9999


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers, decoded. `version` orders states of one key: greater is newer."""

    id: str
    source: str
    entity: str
    version: int
    checksum: str
    correlation: str
    fetched: int
    env: str
    traceparent: str = ""
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with a record, so far. Times are epoch milliseconds UTC.

    destination   whose delivery failed: `odoo`, `walmart`, or the stage's own name
    target        the topic the record goes back to
    reason        one of the eight; `detail` is masked and at most 500 characters
    attempt       how often it has been tried
    streak        how often in a row the reason was this one: a reason's own limit counts these
    job           the job at the destination it waits for, empty when it waits for none
    due           when it may be tried again, 0 when it is not going to be
    origin        `topic/partition/offset` of the record that failed first
    waiting_for   what releases a held record, for example `sku:walmart:ACCOUNT:SKU`
    """

    destination: str
    target: str
    reason: Reason
    detail: str
    attempt: int
    first_at: int
    last_at: int
    due: int
    origin: str
    waiting_for: str = ""
    streak: int = 1
    job: str = ""

    def bounded(self) -> Failure:
        """The same with `detail` cut to its limit."""
        return replace(self, detail=self.detail[:DETAIL_LIMIT_CHARACTERS])


def encode_headers(headers: Headers, failure: Failure | None = None) -> RawHeaders:
    """Headers and at most one failure set -> what Kafka carries."""
    plain = tuple((name, str(getattr(headers, name)).encode()) for name in _HEADER_NAMES)
    if failure is None:
        return plain
    bounded = failure.bounded()
    return plain + tuple((_FAILURE_PREFIX + name, str(getattr(bounded, name)).encode()) for name in _FAILURE_NAMES)


def decode_headers(raw: RawHeaders) -> Headers:
    """What Kafka carries -> Headers. Raises ValueError naming the header that is missing or unreadable."""
    headers = Headers(**_decode(raw, "", _HEADER_TYPES, optional=("traceparent", "lane")))
    if not -(2**63) <= headers.version < 2**63:
        raise ValueError("record header 'version' is not a 64-bit integer")
    if not 0 <= headers.fetched <= _LATEST_MS:
        raise ValueError("record header 'fetched' is no time in epoch milliseconds")
    return headers


def decode_failure(raw: RawHeaders) -> Failure | None:
    """The failure set, or None for a record that has not failed. Raises ValueError for a damaged set."""
    if not any(name.startswith(_FAILURE_PREFIX) for name, _ in raw):
        return None
    return Failure(**_decode(raw, _FAILURE_PREFIX, _FAILURE_TYPES, optional=("waiting_for", "streak", "job")))


def without_failure(raw: RawHeaders) -> RawHeaders:
    """The headers as they were before anything failed."""
    return tuple(item for item in raw if not item[0].startswith(_FAILURE_PREFIX))


def _decode(raw: RawHeaders, prefix: str, types: dict[str, Any], optional: tuple[str, ...]) -> dict[str, Any]:
    found = dict(raw)
    values: dict[str, Any] = {}
    for name, kind in types.items():
        content = found.get(prefix + name)
        if content is None:
            if name in optional:
                continue
            raise ValueError(f"record header {prefix + name!r} is missing")
        try:
            values[name] = kind(content.decode())
        except ValueError as error:
            raise ValueError(f"record header {prefix + name!r} is not a {kind.__name__}: {content[:40]!r}") from error
    return values


_KINDS: dict[str, Any] = {"str": str, "int": int, "Reason": Reason}
_HEADER_TYPES: dict[str, Any] = {field.name: _KINDS[str(field.type)] for field in fields(Headers)}
_FAILURE_TYPES: dict[str, Any] = {field.name: _KINDS[str(field.type)] for field in fields(Failure)}
_HEADER_NAMES = tuple(_HEADER_TYPES)
_FAILURE_NAMES = tuple(_FAILURE_TYPES)
