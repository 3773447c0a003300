"""Straight to Kafka, for Boxes that may talk to the cluster: the extra `edge-kafka`. The same key, headers and bytes as the gateway's.

Idempotent producer, acks=all: an event is safe once the broker has said so. What was delivered before a crash and not yet noted comes again with
the same id, by which downstream drops it; the gateway's check of numbers has no counterpart here.
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_iotbox.avro import encode, schema_text
from edge_iotbox.settings import KafkaSettings, SettingsError
from edge_iotbox.verdicts import Later, Refused, Taken, Verdict
from schemas.hardware import Event, headers_of, to_json
from schemas.headers import encode_headers

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message, Producer

logger = logging.getLogger(__name__)

CERTIFICATE = "certificate"
_LOOK_SECONDS = 5.0


def librdkafka(settings: KafkaSettings) -> dict[str, Any]:
    """The producer's configuration. Raises SettingsError, OSError for a password file that cannot be read."""
    if not settings.bootstrap:
        raise SettingsError("kafka.bootstrap: set host:port of the brokers")
    config: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": settings.security,
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",  # as the gateway: a device has one partition, whichever way its events come
        "compression.type": "gzip",
        "linger.ms": 5,
        "message.timeout.ms": settings.timeout_seconds * 1000,
        "queue.buffering.max.kbytes": 4096,
        "log.connection.close": False,
        "log_level": 2,  # it would write a line at each of its tries, several a second; `Trouble` tells what is new
    }
    if settings.ca_file:
        config["ssl.ca.location"] = settings.ca_file
    if settings.security.startswith("sasl"):
        if not (settings.sasl_username and settings.sasl_password_file):
            raise SettingsError("kafka.sasl_username and kafka.sasl_password_file: set both, or kafka.security = ssl")
        password = Path(settings.sasl_password_file).read_text(encoding="utf-8").strip()
        config |= {
            "sasl.mechanism": settings.sasl_mechanism,
            "sasl.username": settings.sasl_username,
            "sasl.password": password,
        }
    return config


def schema_id_of(settings: KafkaSettings) -> int:
    """The settings', else what the registry has for this very schema; it is never registered from here. Raises SettingsError."""
    if settings.schema_id:
        return settings.schema_id
    if not settings.registry:
        raise SettingsError("kafka.schema_id or kafka.registry: set one of them")
    url = f"{settings.registry.rstrip('/')}/subjects/{settings.topic}-value?normalize=true"
    if not url.startswith(("http://", "https://")):
        raise SettingsError("kafka.registry: must be http:// or https://")
    body = json.dumps({"schema": schema_text()}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/vnd.schemaregistry.v1+json"})  # noqa: S310 - checked above
    context = ssl.create_default_context(cafile=settings.ca_file or None) if url.startswith("https:") else None
    try:
        with urllib.request.urlopen(request, timeout=settings.timeout_seconds, context=context) as answer:  # noqa: S310 - checked above
            return int(json.load(answer)["id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"kafka.registry: does not tell the schema's id ({error}); set kafka.schema_id") from error


class SenderBrokenError(RuntimeError):
    """The client says that it can never send again: the agent ends and is started anew, with all its events."""


class Trouble:
    """What the client says of its connections; records only tell that their time was up. `look`: what is wrong with the brokers' certificate."""

    def __init__(self, look: Callable[[], str] = lambda: "") -> None:
        self.word, self.fatal, self._look = "", "", look

    def told(self, error: KafkaError) -> None:
        """librdkafka's `error_cb`."""
        if error.fatal():
            self.fatal = error.str()
        word = CERTIFICATE if CERTIFICATE in error.str() else error.name().lower()
        if word not in (self.word, "_all_brokers_down"):
            self.word = word
            found = self._look() if word == CERTIFICATE else ""
            logger.warning("kafka_trouble why=%s problem=%s", word, found or error.str())

    def over(self) -> None:
        self.word = ""


class KafkaSender:
    """Sends a batch and waits for every event's own answer; only the leading run that arrived counts."""

    def __init__(
        self, producer: Producer, topic: str, environment: str, schema_id: Callable[[], int], seconds: float,
        trouble: Trouble | None = None,
    ) -> None:  # fmt: skip
        self._producer, self._topic, self._environment, self._seconds = producer, topic, environment, seconds
        self._ask_id, self._schema_id = schema_id, 0
        self._trouble = trouble or Trouble()

    def send(self, events: Sequence[Event]) -> Verdict:
        """Never raises for what a network does. Raises SenderBrokenError."""
        if not events:
            return Later("not_known")
        try:
            self._schema_id = self._schema_id or self._ask_id()
        except SettingsError as error:
            logger.warning("schema_id_unknown problem=%s", error)
            return Later("registry")
        arrived = [False] * len(events)
        problems: list[str] = []
        for index, event in enumerate(events):
            if verdict := self._produce(index, event, arrived, problems):
                self._producer.purge()
                self._producer.flush(self._seconds)
                return verdict
        self._producer.flush(self._seconds + 5)
        through = next(
            (event.first_sequence - 1 for event, good in zip(events, arrived, strict=True) if not good),
            events[-1].sequence,
        )
        if self._trouble.fatal:
            raise SenderBrokenError(self._trouble.fatal)
        if through < events[0].first_sequence:
            return Later(self._trouble.word or (problems[0] if problems else "broker"))
        self._trouble.over()
        return Taken(through)

    def close(self) -> None:
        self._producer.flush(self._seconds)

    def _produce(self, index: int, event: Event, arrived: list[bool], problems: list[str]) -> Verdict | None:
        try:
            value = encode(self._schema_id, to_json(event))
        except ValueError as error:
            return Refused(index, str(error))

        def told(error: KafkaError | None, _message: Message) -> None:
            arrived[index] = error is None
            if error is not None:
                problems.append(error.name().lower())

        headers: list[tuple[str, str | bytes | None]] = list(encode_headers(headers_of(event, self._environment)))
        try:
            self._producer.produce(self._topic, key=event.key.encode(), value=value, headers=headers, on_delivery=told)
        except BufferError:
            self._producer.flush(self._seconds)
            return Later("buffer_full")
        self._producer.poll(0)
        return None


def certificate_problem(settings: KafkaSettings) -> str:
    """What is wrong with the certificate of the first broker that shows one, for example `127.0.0.1:9093: certificate has expired`. librdkafka keeps
    that to itself. Empty when nothing is, or nobody answers."""
    for place in settings.bootstrap.split(","):
        host, _, port = place.strip().rpartition(":")
        try:
            context = ssl.create_default_context(cafile=settings.ca_file or None)
            with socket.create_connection((host.strip("[]"), int(port)), _LOOK_SECONDS) as plain:
                context.wrap_socket(plain, server_hostname=host.strip("[]")).close()
        except ssl.SSLCertVerificationError as error:
            return f"{place.strip()}: {error.verify_message}"
        except (OSError, ValueError):
            continue
    return ""


def kafka_sender(settings: KafkaSettings) -> KafkaSender:
    """Connects when the first event is sent. Raises SettingsError, also when the extra is not installed."""
    try:
        from confluent_kafka import Producer
    except ImportError as error:
        raise SettingsError('send.way = kafka needs the extra: pip install "causeway[edge-kafka]"') from error
    trouble = Trouble(lambda: certificate_problem(settings))
    producer = Producer({**librdkafka(settings), "error_cb": trouble.told}, logger=logger)
    return KafkaSender(
        producer,
        settings.topic,
        settings.environment,
        lambda: schema_id_of(settings),
        settings.timeout_seconds,
        trouble,
    )


def check_kafka(settings: KafkaSettings) -> tuple[bool, str]:
    """Whether the cluster answers and the schema's id is known; in words."""
    try:
        from confluent_kafka import KafkaException

        sender = kafka_sender(settings)
        number = schema_id_of(settings)
        sender._producer.list_topics(settings.topic, timeout=settings.timeout_seconds)
    except ImportError:
        return False, 'needs the extra: pip install "causeway[edge-kafka]"'
    except (SettingsError, OSError, KafkaException) as error:
        return False, str(error)
    return True, f"{settings.bootstrap} answers; schema id {number}"
