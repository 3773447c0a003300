"""Does it answer? Real questions to the broker and the registry."""

from __future__ import annotations

import logging
import socket
from urllib.parse import urlsplit

import httpx
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.stack.errors import StackError

# librdkafka prints connection trouble; while a broker starts that is no news.
_silent = logging.Logger("causeway.stack.silent", level=logging.CRITICAL)

# Where Apicurio keeps the schemas. It would create them with the broker's retention: a week later they would be gone.
JOURNAL_TOPICS = ("kafkasql-journal", "kafkasql-snapshots")
KEEP_FOREVER = {"retention.ms": "-1", "retention.bytes": "-1"}


def port_open(address: str, *, seconds: float = 0.5) -> bool:
    """Whether something accepts connections at host:port."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=seconds).close()
    except OSError:
        return False
    return True


def cluster_id(bootstrap: str, *, seconds: float = 5.0) -> str | None:
    """The id of the cluster that answers a metadata request with at least one broker; None when none does."""
    if not port_open(bootstrap):
        return None
    try:
        metadata = _admin(bootstrap).list_topics(timeout=seconds)
    except KafkaException:
        return None
    return metadata.cluster_id if metadata.brokers else None


def registry_answers(url: str, *, seconds: float = 5.0) -> bool:
    """Whether the registry lists its subjects: it has read its journal and serves."""
    parts = urlsplit(url)
    if not port_open(f"{parts.hostname}:{parts.port or 80}"):
        return False
    try:
        answer = httpx.get(f"{url}/subjects", timeout=seconds, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK


def ensure_journal(bootstrap: str, *, seconds: float) -> None:
    """Create the registry's own topics so that they never expire. Raises StackError."""
    topics = [NewTopic(name, num_partitions=1, replication_factor=1, config=KEEP_FOREVER) for name in JOURNAL_TOPICS]
    admin = _admin(bootstrap)  # held: its destruction would cancel the requests
    for future in admin.create_topics(topics, operation_timeout=seconds).values():
        try:
            future.result(timeout=seconds)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise StackError(
                    f"Kafka at {bootstrap} refused to make the registry's topics: {error.args[0].str()}"
                ) from error


def _admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap, "socket.timeout.ms": 5000}, logger=_silent)
