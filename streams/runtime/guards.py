"""Names inside Faust, mode and aiokafka that the runtime builds on although they are not public: checked at start, before anything is read.

Faust is pinned; the day it changes, this says which assumption broke instead of records getting lost.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable

import aiokafka
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher
from faust import App
from faust.app.base import BootStrategy
from faust.serializers.schemas import Schema
from faust.topics import Topic
from faust.transport import consumer as base
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage
from mode import Service
from mode.threads import ServiceThread

from streams.runtime.errors import FaustChangedError

# Owner, name, and the parameters that it must have (for what we override or call).
_METHODS: tuple[tuple[type, str, tuple[str, ...]], ...] = (
    (base.Consumer, "_new_offset", ("self", "tp")),
    (base.Consumer, "_filter_tps_with_pending_acks", ("self", "topics")),
    (base.Consumer, "_should_commit", ("self", "tp", "offset")),
    (base.Consumer, "_add_gap", ("self", "tp", "offset_from", "offset_to")),
    (base.Consumer, "_get_active_partitions", ("self",)),
    (base.Consumer, "_drain_messages", ("self", "fetcher")),
    (base.Consumer, "getmany", ("self", "timeout")),
    (base.Consumer, "perform_seek", ("self",)),
    (base.Consumer, "seek", ("self", "partition", "offset")),
    (base.Consumer, "wait_empty", ("self",)),
    (base.Consumer, "commit", ("self", "topics", "start_new_transaction")),
    (base.Consumer, "maybe_wait_for_commit_to_finish", ("self",)),
    (base.Consumer, "on_partitions_assigned", ("self", "assigned", "generation_id")),
    (base.Consumer, "on_partitions_revoked", ("self", "revoked")),
    (base.ThreadDelegateConsumer, "_commit", ("self", "offsets")),
    (base.ThreadDelegateConsumer, "_getmany", ("self", "active_partitions", "timeout")),
    (base.ThreadDelegateConsumer, "seek_to_committed", ("self",)),
    (base.ThreadDelegateConsumer, "close", ("self",)),
    (driver.Consumer, "_new_consumer_thread", ("self",)),
    (driver.Consumer, "verify_event_path", ("self", "now", "tp")),
    (driver.AIOKafkaConsumerThread, "_create_worker_consumer", ("self", "transport")),
    (
        driver.AIOKafkaConsumerThread,
        "_fetch_records",
        ("self", "consumer", "active_partitions", "timeout", "max_records"),
    ),
    (driver.AIOKafkaConsumerThread, "stop", ("self",)),
    (driver.AIOKafkaConsumerThread, "seek_to_beginning", ("self", "partitions")),
    (driver.AIOKafkaConsumerThread, "seek_wait", ("self", "partitions")),
    (BootStrategy, "_should_enable_web", ("self",)),
    (BootStrategy, "_should_enable_kafka_producer", ("self",)),
    (Schema, "compile", ("self", "app", "on_key_decode_error", "on_value_decode_error", "default_propagate")),
    (App, "on_first_start", ("self",)),
    (App, "create_event", ("self", "key", "value", "headers", "message")),
    (App, "agent", ("self", "channel", "name", "concurrency")),
    (App, "Table", ("self", "name")),
    (Topic, "__init__", ("self", "app", "topics", "schema", "acks", "internal")),
    (ConsumerMessage, "__init__", ("self", "topic", "partition", "offset", "timestamp", "generation_id")),
    (Service, "wait_until_stopped", ("self",)),
    (Fetcher, "fetched_records", ("self", "partitions", "timeout", "max_records")),
)

# Owner and attributes that its instances set in their own code.
_ATTRIBUTES: tuple[tuple[type, tuple[str, ...]], ...] = (
    (base.Consumer, ("_read_offset", "flow_active", "can_resume_flow")),
    (base.ThreadDelegateConsumer, ("_thread",)),
    (ServiceThread, ("_thread",)),
    (Service, ("_started",)),
    (App, ("rebalancing", "consumer_generation_id", "conf", "_consumer")),
    (aiokafka.AIOKafkaConsumer, ("_fetch_max_wait_ms", "_retry_backoff_ms", "_client")),
    (AIOKafkaClient, ("_retry_backoff",)),
)

_DRIVER_NAMES = ("Transport", "Consumer", "AIOKafkaConsumerThread", "ensure_aiokafka_TP")


def check_faust() -> None:
    """Raises FaustChangedError naming everything that is missing or has another signature."""
    problems = [*_missing_methods(), *_missing_attributes()]
    if problems:
        raise FaustChangedError("the installed Faust does not fit this runtime: " + "; ".join(problems))


def _missing_methods() -> Iterable[str]:
    for owner, name, wanted in _METHODS:
        method = getattr(owner, name, None)
        if method is None:
            yield f"{owner.__module__}.{owner.__qualname__}.{name} is gone"
            continue
        found = inspect.signature(method).parameters
        missing = [parameter for parameter in wanted if parameter not in found]
        if missing:
            yield f"{owner.__module__}.{owner.__qualname__}.{name} has no parameter {', '.join(missing)}"


def _missing_attributes() -> Iterable[str]:
    for owner, names in _ATTRIBUTES:
        known = _names_in(owner)
        yield from (f"{owner.__module__}.{owner.__qualname__} knows no {name}" for name in names if name not in known)
    for name in _DRIVER_NAMES:
        if not hasattr(driver, name):
            yield f"{driver.__name__}.{name} is gone"


def _names_in(owner: type) -> set[str]:
    """Names that a class declares, or that its methods read and write."""
    found: set[str] = set(dir(owner))
    for base_class in owner.__mro__:
        found.update(vars(base_class).get("__annotations__", ()))
        for member in vars(base_class).values():
            code = getattr(inspect.unwrap(member) if callable(member) else member, "__code__", None)
            found.update(getattr(code, "co_names", ()))
    return found
