"""Where partitions begin and end, and which offset a moment has: asked of the broker, no record is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from confluent_kafka import OFFSET_INVALID, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

Place = tuple[str, int]  # topic, partition
Answer = TypeVar("Answer")

ASK_SECONDS = 10.0
SILENT: Mapping[str, Any] = {"log_level": 0, "error_cb": lambda error: None}  # what goes wrong comes back as the answer
_SPEC: Any = OffsetSpec  # its methods have no types


class KeptAdmin:
    """An admin client for questions that are asked again and again, opened at the first.

    It is thrown away when the broker refuses: librdkafka's keeps the leaders' epochs of before a restart of the broker, and is refused for
    ever (FENCED_LEADER_EPOCH, 2.16.0).
    """

    def __init__(
        self, config: Mapping[str, Any], open_client: Callable[[dict[str, Any]], AdminClient] = AdminClient
    ) -> None:
        self._config = config
        self._open = open_client
        self._client: AdminClient | None = None

    def ask(self, question: Callable[[AdminClient], Answer]) -> Answer:
        """What `question` makes of the client; blocks as long as it does, and raises what it raises."""
        if self._client is None:
            self._client = self._open({**self._config, **SILENT})
        try:
            return question(self._client)
        except KafkaException:
            self._client = None
            raise


def begins(client: AdminClient, places: Iterable[Place]) -> dict[Place, int]:
    """The first offset that is still there, of each. Raises KafkaException."""
    return _asked(client, dict.fromkeys(places, _SPEC.earliest()))


def ends(client: AdminClient, places: Iterable[Place]) -> dict[Place, int]:
    """The offset the next record will have, of each; records of open and aborted transactions count. Raises KafkaException."""
    return _asked(client, dict.fromkeys(places, _SPEC.latest()))


def at_times(client: AdminClient, moments: Mapping[Place, int]) -> dict[Place, int]:
    """The first record not older than its moment (epoch milliseconds), of each; -1 where all are older. Raises KafkaException."""
    return _asked(client, {place: _SPEC.for_timestamp(moment) for place, moment in moments.items()})


def _asked(client: AdminClient, wanted: Mapping[Place, Any]) -> dict[Place, int]:
    if not wanted:
        return {}
    asked = {TopicPartition(*place): spec for place, spec in wanted.items()}
    answers = client.list_offsets(asked, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=ASK_SECONDS)
    return {
        (place.topic, place.partition): _offset(future.result(2 * ASK_SECONDS)) for place, future in answers.items()
    }


def _offset(answer: Any) -> int:
    """A broker that does not answer in time is told as an offset that cannot be, not as an error (confluent-kafka 2.16.0): the end of a topic would
    seem to be before its beginning, and all of it read."""
    if answer.offset == OFFSET_INVALID:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "the broker did not say the offset in time"))
    return int(answer.offset)
