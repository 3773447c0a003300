"""The local stack keeps what it promises, on real processes."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

RECORD = '{"type": "record", "name": "Thing", "fields": [{"name": "a", "type": "string"}]}'


def test_session_stack_serves_records_and_schemas(bootstrap: str, registry_url: str, topic: Callable[..., str]) -> None:
    """EVT-1: a record written is read back, a schema registered is found again."""
    name = topic("stack", partitions=2)
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(name, value=b"hello", partition=1)
    assert producer.flush(20) == 0

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": name, "auto.offset.reset": "earliest"})
    consumer.subscribe([name])
    try:
        message = consumer.poll(20)
    finally:
        consumer.close()
    assert message is not None
    assert (message.value(), message.partition()) == (b"hello", 1)

    with SchemaRegistryClient({"url": registry_url}) as registry:
        identifier = registry.register_schema(f"thing-{uuid.uuid4().hex[:8]}", Schema(RECORD, "AVRO"))
        assert "Thing" in str(registry.get_schema(identifier).schema_str)
