"""The newest records of topics: for looking at what may be huge without reading all of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas.record import Record
from streams.kafka import CONNECT_SECONDS, BrokerError, partitions_of, reader, record_of

_STALLED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Span:
    """What is there of one partition: offsets `start` up to, without, `end`."""

    topic: str
    partition: int
    start: int
    end: int

    @property
    def records(self) -> int:
        """At most; compaction leaves gaps."""
        return max(0, self.end - self.start)


def newest(spans: Sequence[Span], most: int) -> list[Span]:
    """The spans cut at their beginning so that together they hold `most` records at most. Small topics are kept whole beside huge ones; within a
    topic each partition keeps its share. Pure."""
    total = sum(span.records for span in spans)
    if total <= most:
        return list(spans)
    sizes: dict[str, int] = {}
    for span in spans:
        sizes[span.topic] = sizes.get(span.topic, 0) + span.records
    kept = _shares(sizes, most)
    return [
        Span(s.topic, s.partition, s.end - s.records * kept[s.topic] // max(1, sizes[s.topic]), s.end) for s in spans
    ]


def _shares(sizes: Mapping[str, int], most: int) -> dict[str, int]:
    """Topic -> how many of its records, from the smallest topic on: each gets what it has, or an equal part of what is left."""
    kept, left = {}, most
    for place, (topic, size) in enumerate(sorted(sizes.items(), key=lambda item: item[1])):
        kept[topic] = min(size, left // (len(sizes) - place))
        left -= kept[topic]
    return kept


class NewestReader:
    """Looks at topics as they are now; `since_ms` (epoch milliseconds) leaves out what is older, `most` bounds the work.

    `total` is how many there are, `is_cut` whether that is more than will be read. Raises BrokerError.
    """

    def __init__(
        self, config: Mapping[str, Any], topics: Sequence[str], *, most: int, since_ms: int | None = None
    ) -> None:
        self._consumer = reader(config)
        try:
            spans = _spans(self._consumer, config, topics, since_ms)
        except KafkaException as error:
            self._consumer.close()
            raise BrokerError(f"Kafka cannot say what {', '.join(topics)} hold: {error.args[0].str()}") from error
        except BrokerError:
            self._consumer.close()
            raise
        self._spans = newest(spans, most)
        self.total = sum(span.records for span in spans)
        self.is_cut = self.total > most

    def records(self) -> Iterator[Record]:
        """Partition by partition in order, once. Raises BrokerError when the broker stops sending."""
        return read_spans(self._consumer, self._spans)


def read_spans(consumer: Consumer, spans: Sequence[Span]) -> Iterator[Record]:
    """What lies in these spans, partition by partition in order; then the consumer is closed. Raises BrokerError when the broker stops sending."""
    ends = {(span.topic, span.partition): span.end for span in spans if span.records}
    try:
        consumer.assign([TopicPartition(s.topic, s.partition, s.start) for s in spans if s.records])
        moved = time.monotonic()
        while ends:
            batch = consumer.consume(5000, timeout=0.2)
            if not batch and time.monotonic() - moved > _STALLED_SECONDS:
                raise BrokerError(f"Kafka sent nothing for {_STALLED_SECONDS:.0f} s although there is more")
            for consumed in batch:
                moved = time.monotonic()
                place = (consumed.topic() or "", consumed.partition() or 0)
                error = consumed.error()
                if error is not None:
                    if error.code() == KafkaError._PARTITION_EOF:
                        ends.pop(place, None)
                    continue
                record = record_of(consumed)
                if place in ends:
                    if record.offset + 1 >= ends[place]:
                        del ends[place]
                    yield record
    finally:
        consumer.close()


def _spans(consumer: Consumer, config: Mapping[str, Any], topics: Sequence[str], since_ms: int | None) -> list[Span]:
    places = partitions_of(consumer, config, topics)
    begins: dict[tuple[str, int], int] = {}
    if since_ms is not None and places:
        asked = [TopicPartition(place.topic, place.partition, since_ms) for place in places]
        answers = consumer.offsets_for_times(asked, timeout=CONNECT_SECONDS)
        begins = {(place.topic, place.partition): place.offset for place in answers}
    spans = []
    for place in places:
        low, high = consumer.get_watermark_offsets(place, timeout=CONNECT_SECONDS)
        begin = begins.get((place.topic, place.partition), low)
        spans.append(Span(place.topic, place.partition, high if begin < 0 else max(begin, low), high))
    return spans
