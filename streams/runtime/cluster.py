"""Two questions to the cluster, asked with librdkafka's admin client: which topics exist, and where logs begin and end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.offsets import SILENT, KeptAdmin, begins, ends
from streams.runtime.chunk import Partition
from streams.runtime.errors import InfrastructureError, TopicMissingError


def check_topics(config: Mapping[str, Any], topics: Iterable[str], limit_seconds: float) -> None:
    """Raises TopicMissingError naming topics that do not exist, InfrastructureError when the cluster does not answer."""
    client = AdminClient({**config, **SILENT})
    try:
        existing = client.list_topics(timeout=limit_seconds).topics
    except KafkaException as error:
        raise InfrastructureError(
            f"no answer from Kafka at {config['bootstrap.servers']}: {error.args[0].str()}; check CAUSEWAY_KAFKA__BOOTSTRAP"
        ) from error
    missing = sorted(set(topics) - set(existing))
    if missing:
        raise TopicMissingError(
            f"these topics do not exist: {', '.join(missing)}; `causeway schemas register` makes them"
        )


def log_ends(config: Mapping[str, Any]) -> Callable[[Sequence[Partition]], Mapping[Partition, tuple[int, int]]]:
    """A function that says per partition where its log begins and ends. It blocks, and raises KafkaException when the cluster does not answer."""
    client = KeptAdmin(config)

    def ask(partitions: Sequence[Partition]) -> Mapping[Partition, tuple[int, int]]:
        first = client.ask(partial(begins, places=partitions))
        last = client.ask(partial(ends, places=partitions))
        return {partition: (first[partition], last[partition]) for partition in partitions}

    return ask
