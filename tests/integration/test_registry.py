"""EVT-1: every topic's schema is in a real registry under FULL_TRANSITIVE; many processes may start at once; a bad change is refused."""

from __future__ import annotations

import json
import threading
import uuid

import httpx
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.codec import Codec, load_schema, schema_names
from schemas.registry import COMPATIBILITY, Registry, RegistryError
from schemas.topics import topic_table
from tests.unit.stages.samples import order


def test_processes_that_start_at_once_all_register(registry_url: str) -> None:
    """Apicurio answers 409 to the losers of the race for the global rule: that is no incompatible schema."""
    rule = registry_url.replace("/ccompat/v7", "/registry/v3/admin/rules/COMPATIBILITY")
    httpx.delete(rule, trust_env=False)
    errors: list[Exception] = []

    def start() -> None:
        try:
            with Registry({"url": registry_url}) as registry:
                registry.register(topic_table())
        except Exception as error:  # noqa: BLE001 - collected for the main thread
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with SchemaRegistryClient({"url": registry_url}) as client:
        assert COMPATIBILITY in str(client.get_config().compatibility_level)


def test_every_record_has_an_id_and_is_read_back_by_another_process(registry_url: str) -> None:
    made = order()
    with Registry({"url": registry_url}) as writer, Registry({"url": registry_url}) as reader:
        writer.register(topic_table())
        assert len({writer.id_of(name) for name in schema_names()}) == len(schema_names())
        assert Codec(reader).decode("order", Codec(writer).encode("order", made)) == made


def test_an_incompatible_change_is_refused_by_the_registry_itself(registry_url: str) -> None:
    subject = f"test.{uuid.uuid4().hex}-value"
    broken = load_schema("cursor") | {"fields": [*load_schema("cursor")["fields"], {"name": "new", "type": "string"}]}
    with SchemaRegistryClient({"url": registry_url}) as client:
        client.register_schema(subject, Schema(json.dumps(load_schema("cursor")), "AVRO"))
        with pytest.raises(SchemaRegistryError, match="409"):
            client.register_schema(subject, Schema(json.dumps(broken), "AVRO"))


def test_a_registry_that_cannot_be_reached_is_named() -> None:
    with (
        Registry({"url": "http://127.0.0.1:9", "max.retries": 0, "timeout": 1}) as registry,
        pytest.raises(RegistryError, match=r"127\.0\.0\.1:9.*CAUSEWAY_REGISTRY__URL"),
    ):
        registry.register(topic_table())
