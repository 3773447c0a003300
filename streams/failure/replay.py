"""Carrying out a replay plan: dead letters go back to the destination that failed them, at a rate, watched, and can be stopped at any moment.

For each portion, in this order, so that a kill repeats and never loses:

1. the original records go to their target topics, with `replays` one higher; wait for the acknowledgement
2. `replayed` is noted for each in `dead.actions` and `audit`
3. the outcomes that have arrived are read; if too many failed again, nothing more is sent

The dead letters stay where they are. A record that dies again is a new dead letter that says how often it was replayed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.codec import Codec, DecodeError
from schemas.record import Message
from schemas.topics import OUTCOMES
from streams.failure.actions import noted
from streams.failure.dead import Letter, read_actions
from streams.failure.plan import Entry, Plan, superseded_words
from streams.failure.routing import sent_again
from streams.failure.verdicts import Report, Verdicts
from streams.kafka import CONNECT_SECONDS, BrokerError, SyncProducer, partitions_of, reader, record_of
from streams.settings import Settings

_PORTION = 1000
_TICK_SECONDS = 0.1
_AFTER_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to replay.

    rate           records a second, 0 = as fast as it goes
    stop_ratio     stop when more than this share of the answered failed again, judged from `stop_minimum` answers on
    wait_seconds   how long to wait for the last outcomes
    """

    rate: float = 50.0
    stop_ratio: float = 0.2
    stop_minimum: int = 20
    wait_seconds: float = 120.0
    note: str = ""


Progress = Callable[[Verdicts], None]


class Replay:
    """One run of a plan. `letters`: the dead letters of the plan by failed id, freshly read."""

    def __init__(
        self, settings: Settings, codec: Codec, plan: Plan, letters: Mapping[str, Letter], options: Options, actor: str
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._plan = plan
        self._letters = letters
        self._options = options
        self._actor = actor
        self._verdicts = Verdicts()

    def run(self, stop: threading.Event, progress: Progress = lambda _: None) -> Report:
        """Until everything is sent and answered, or `stop` is set, or too many failed. Raises BrokerError; what was sent is noted."""
        began = time.monotonic()
        entries = self._sendable()
        with (
            SyncProducer(self._settings.kafka.librdkafka()) as producer,
            Outcomes(self._settings, self._codec) as outcomes,
        ):
            producer.open()
            stopped, left = self._send_all(producer, outcomes, entries, stop, progress)
            for entry in left:
                self._verdicts.skip(entry, stopped)
            limit = _AFTER_STOP_SECONDS if stopped else self._options.wait_seconds
            self._wait(outcomes, time.monotonic() + limit, stop if not stopped else threading.Event(), progress)
        return Report(self._plan.id, tuple(self._verdicts.all()), stopped, time.monotonic() - began)

    def _sendable(self) -> list[Entry]:
        """What the plan wants replayed and what has not been dealt with since it was made."""
        actions = read_actions(self._settings, self._codec)
        sendable = []
        for entry in self._plan.entries:
            if entry.problem:
                self._verdicts.skip(entry, entry.problem)
            elif entry.failed_id not in self._letters:
                self._verdicts.skip(entry, "its dead letter is no longer there")
            elif entry.failed_id in actions:
                self._verdicts.skip(entry, f"{actions[entry.failed_id]['action']} since the plan was made")
            elif self._letters[entry.failed_id].superseded_by:
                self._verdicts.skip(entry, superseded_words(self._letters[entry.failed_id]))
            else:
                sendable.append(entry)
        return sendable

    def _send_all(
        self,
        producer: SyncProducer,
        outcomes: Outcomes,
        entries: Sequence[Entry],
        stop: threading.Event,
        progress: Progress,
    ) -> tuple[str, Sequence[Entry]]:
        """Why it stopped, empty when it did not, and what was not sent."""
        began, sent = time.monotonic(), 0
        while sent < len(entries):
            if stop.is_set():
                return "cancelled", entries[sent:]
            if self._verdicts.exceeds(self._options.stop_ratio, self._options.stop_minimum):
                share = f"{self._verdicts.failed} of {self._verdicts.answered}"
                return f"{share} failed again, more than {self._options.stop_ratio:.0%}", entries[sent:]
            allowed = self._allowed(time.monotonic() - began, sent)
            portion = entries[sent : sent + allowed]
            if portion:
                self._send(producer, portion)
                sent += len(portion)
            outcomes.read(self._verdicts, 0.0 if allowed == _PORTION else _TICK_SECONDS)
            progress(self._verdicts)
        return "", ()

    def _allowed(self, elapsed: float, sent: int) -> int:
        if self._options.rate <= 0:
            return _PORTION
        return max(0, min(_PORTION, int(elapsed * self._options.rate) + 1 - sent))

    def _send(self, producer: SyncProducer, portion: Sequence[Entry]) -> None:
        letters = [self._letters[entry.failed_id] for entry in portion]
        for entry, letter in zip(portion, letters, strict=True):
            self._verdicts.expect(entry, str(letter.failed["correlation"]))
        producer.send_all([back(letter) for letter in letters])
        now = datetime.now(UTC)
        producer.send_all([entry for letter in letters for entry in self._noted(letter, now)])

    def _noted(self, letter: Letter, at: datetime) -> tuple[Message, ...]:
        return noted(
            self._codec, letter.failed, "replayed", "replay", actor=self._actor, at=at, plan=self._plan.id, note=self._options.note
        )  # fmt: skip

    def _wait(self, outcomes: Outcomes, until: float, stop: threading.Event, progress: Progress) -> None:
        while self._verdicts.answered < self._verdicts.sent and time.monotonic() < until and not stop.is_set():
            outcomes.read(self._verdicts, _TICK_SECONDS)
            progress(self._verdicts)


class Outcomes:
    """Follows `outcomes` from where it ends now."""

    def __init__(self, settings: Settings, codec: Codec) -> None:
        self._config = settings.kafka.librdkafka()
        self._codec = codec
        self._consumer: Consumer | None = None

    def __enter__(self) -> Outcomes:
        self._consumer = reader(self._config, **{"enable.partition.eof": False})
        places = partitions_of(self._consumer, self._config, [OUTCOMES])
        self._consumer.assign([TopicPartition(p.topic, p.partition, self._end(self._consumer, p)) for p in places])
        return self

    def __exit__(self, *_: object) -> None:
        if self._consumer is not None:
            self._consumer.close()

    def read(self, verdicts: Verdicts, wait_seconds: float) -> None:
        """Hand over what has arrived; waits at most this long for the first."""
        assert self._consumer is not None
        first = self._consumer.poll(wait_seconds)
        if first is None:
            return
        for consumed in [first, *self._consumer.consume(5000, timeout=0)]:
            if consumed.error() is not None:
                continue
            record = record_of(consumed)
            if not verdicts.may_concern(dict(record.headers)):
                continue
            try:
                verdicts.add(self._codec.decode("outcome", record.value))
            except DecodeError:
                continue

    def _end(self, consumer: Consumer, place: TopicPartition) -> int:
        """A number, not Kafka's word for `the end`, which is looked up later than the first record is sent."""
        try:
            edges = consumer.get_watermark_offsets(
                TopicPartition(place.topic, place.partition), timeout=CONNECT_SECONDS
            )
        except KafkaException as error:
            raise BrokerError(f"Kafka cannot say where {OUTCOMES} ends: {error.args[0].str()}") from error
        return edges[1] if edges else 0


def back(letter: Letter) -> Message:
    """The record of a dead letter for its target: key, value and headers byte for byte, `replays` one higher."""
    return Message(
        letter.failed["target"], letter.key, letter.failed["value"], sent_again(tuple(letter.failed["headers"].items()))
    )
