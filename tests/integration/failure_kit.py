"""What tests of the failure path on a real broker share: settings with short tiers, a codec, messages in retry tiers, reading back."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from schemas import topics
from schemas.codec import Codec
from schemas.headers import Failure, Headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.registry import Registry
from streams.kafka import SyncProducer, ensure_topics, read_to_end
from streams.settings import KafkaSettings, RegistrySettings, RetrySettings, Settings

LIMIT_SECONDS = 120.0  # reached only when it does not happen at all, also on a slow and busy machine
NEEDED = frozenset(
    {"deliver", "failed_record", "failed_action", "outcome", "audit", "mapping", "order", "acknowledge_order"}
)


def make_settings(bootstrap: str, registry_url: str, tiers: Sequence[str]) -> Settings:
    """Settings whose topics exist and whose schemas are registered. Tiers are a test's own, so that tests do not meet in them."""
    settings = Settings(
        kafka=KafkaSettings(bootstrap=bootstrap),
        registry=RegistrySettings(url=registry_url),
        retry=RetrySettings(tiers=tuple(tiers)),
    )
    ensure_topics(settings)
    _registry(registry_url).register(topic for topic in settings.topic_table() if topic.value in NEEDED)
    return settings


def make_codec(settings: Settings) -> Codec:
    return Codec(_registry(settings.registry.url))


@lru_cache
def _registry(url: str) -> Registry:
    return Registry({"url": url})  # one for all tests: its client keeps connections and cannot be closed


def unique(prefix: str = "t") -> str:
    """A name no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def now_ms() -> int:
    return int(time.time() * 1000)


def headers(correlation: str = "c-1", **changes: Any) -> Headers:
    values: dict[str, Any] = {
        "id": uuid.uuid4().hex, "source": "walmart", "entity": "order", "version": 1, "checksum": "0" * 32,
        "correlation": correlation, "fetched": now_ms(), "env": "sandbox",
    }  # fmt: skip
    return Headers(**values | changes)


def parked(tier: str, target: str, key: str, value: bytes, delay_seconds: float, attempt: int = 1) -> Message:
    """A record in a retry tier, due `delay_seconds` from now."""
    now = now_ms()
    failure = Failure(
        destination="odoo", target=target, reason=Reason.TRANSIENT, detail="down", attempt=attempt, first_at=now,
        last_at=now, due=now + int(delay_seconds * 1000), origin=f"{target}/0/0",
    )  # fmt: skip
    return Message(topics.retry(topics.parse_tier(tier)), key.encode(), value, encode_headers(headers(), failure))


def send(settings: Settings, messages: Sequence[Message]) -> None:
    _producer(settings.kafka.bootstrap).send_all(messages)


@lru_cache
def _producer(bootstrap: str) -> SyncProducer:
    return SyncProducer({"bootstrap.servers": bootstrap})  # kept: a new one needs half a second for its id


def records(settings: Settings, topic: str, key_prefix: str) -> list[Record]:
    """What the topic holds now under keys of that test."""
    found = read_to_end(settings.kafka.librdkafka(), [topic])
    return [record for record in found if (record.key or b"").startswith(key_prefix.encode())]


@contextmanager
def running(run: Callable[[threading.Event], None]) -> Iterator[threading.Event]:
    """`run(stop)` in a thread of its own; stopped and its error raised at the end."""
    stop, errors = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            run(stop)
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(LIMIT_SECONDS)
        assert not thread.is_alive(), "the worker did not stop"
    if errors:
        raise errors[0]
