"""Two questions to the cluster, asked with librdkafka's admin client: which topics exist, and where logs begin and end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # missing in its stubs

from streams.runtime.chunk import Partition
from streams.runtime.errors import InfrastructureError, TopicMissingError

_ASK_SECONDS = 10.0
_SILENT: dict[str, Any] = {"log_level": 0, "error_cb": lambda error: None}  # what goes wrong comes back as the answer


def check_topics(config: Mapping[str, Any], topics: Iterable[str], limit_seconds: float) -> None:
    """Raises TopicMissingError naming topics that do not exist, InfrastructureError when the cluster does not answer."""
    client = AdminClient({**config, **_SILENT})
    try:
        existing = client.list_topics(timeout=limit_seconds).topics
    except KafkaException as error:
        raise InfrastructureError(
            f"no answer from Kafka at {config['bootstrap.servers']}: {error.args[0].str()}; check CAUSEWAY_KAFKA__BOOTSTRAP"
        ) from error
    missing = sorted(set(topics) - set(existing))
    if missing:
        raise TopicMissingError(
            f"these topics do not exist: {', '.join(missing)}; create them with `causeway topics create`"
        )


def log_ends(config: Mapping[str, Any]) -> Callable[[Sequence[Partition]], Mapping[Partition, tuple[int, int]]]:
    """A function that says per partition where its log begins and ends. It blocks, and raises KafkaException when the cluster does not answer."""
    client: AdminClient | None = None

    def ask(partitions: Sequence[Partition]) -> Mapping[Partition, tuple[int, int]]:
        nonlocal client
        if client is None:
            client = AdminClient({**config, **_SILENT})
        first = _offsets(client, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        last = _offsets(client, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {partition: (first[partition], last[partition]) for partition in partitions}

    return ask


def _offsets(client: AdminClient, partitions: Sequence[Partition], spec: OffsetSpec) -> dict[Partition, int]:
    asked = {TopicPartition(topic, partition): spec for topic, partition in partitions}
    answers = client.list_offsets(asked, request_timeout=_ASK_SECONDS)
    return {Partition(tp.topic, tp.partition): future.result(_ASK_SECONDS).offset for tp, future in answers.items()}
