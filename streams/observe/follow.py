"""Following the outcome events live, for the demo, chaos runs and whoever wants to watch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer

from schemas.codec import Codec, DecodeError
from schemas.records import Outcome
from schemas.topics import OUTCOMES
from streams.kafka import partitions_of, reader, record_of


class OutcomeFollower:
    """All outcomes from the beginning, as they come. Belongs to no group and commits nothing."""

    def __init__(self, config: Mapping[str, Any], codec: Codec) -> None:
        self._codec = codec
        self._consumer: Consumer = reader(config)
        self._consumer.assign(partitions_of(self._consumer, config, [OUTCOMES]))

    def poll(self, timeout_seconds: float) -> list[Outcome]:
        """What came since the last call, waiting at most that long for the first. Records of other makers' schemas are passed over."""
        found: list[Outcome] = []
        for consumed in self._consumer.consume(2000, timeout=timeout_seconds):
            if consumed.error() is None:
                try:
                    found.append(self._codec.decode("outcome", record_of(consumed).value))
                except DecodeError:
                    continue
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
