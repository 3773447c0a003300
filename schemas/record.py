"""A Kafka record as the pipeline sees it: bytes and where they came from. Nothing here depends on a Kafka client."""

from __future__ import annotations

from dataclasses import dataclass

RawHeaders = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One consumed record; value and headers are still bytes.

    `key` is the natural key in UTF-8 (`walmart:ACCOUNT:ORDERID`), `value` Avro in Confluent wire format, None for a tombstone.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: RawHeaders = ()

    @property
    def origin(self) -> str:
        """Where it stands, for logs and dead letters: `topic/partition/offset`."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Message:
    """One record to produce. `partition` None leaves the choice to the key."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: RawHeaders = ()
    partition: int | None = None
