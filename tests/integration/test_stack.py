"""The local stack keeps what it promises, on real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.cimpl import NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from streams.kafka import QUIET
from streams.stack import Endpoints, PartStatus, Stack, StackError
from streams.stack.errors import CrashedError, PortTakenError
from tests.integration.conftest import START_SECONDS, stack_settings

RECORD = Schema('{"type": "record", "name": "Thing", "fields": [{"name": "a", "type": "string"}]}', "AVRO")
WAIT = 120.0  # reached only when it does not happen at all, also on a slow and busy machine


def write(bootstrap: str, topic: str, value: bytes) -> None:
    producer = Producer({**QUIET, "bootstrap.servers": bootstrap})
    producer.produce(topic, value=value)
    assert producer.flush(WAIT) == 0


def read(bootstrap: str, topic: str) -> bytes | None:
    group = f"read.{uuid.uuid4().hex}"
    consumer = Consumer({**QUIET, "bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        message = consumer.poll(WAIT)
    finally:
        consumer.close()
    return message.value() if message else None


def make_topic(bootstrap: str) -> str:
    name = f"stack.{uuid.uuid4().hex[:8]}"
    admin = AdminClient({**QUIET, "bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])[name].result(WAIT)
    return name


def register(url: str, subject: str) -> None:
    with SchemaRegistryClient({"url": url}) as registry:
        registry.register_schema(subject, RECORD)


def subjects(url: str) -> list[str]:
    with SchemaRegistryClient({"url": url}) as registry:
        return list(registry.get_subjects())


def pids(stack: Stack) -> list[int | None]:
    return [part.pid for part in stack.status()]


def states(stack: Stack) -> list[str]:
    return [part.state for part in stack.status()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A name with spaces and letters beyond ASCII: everything below works with it."""
    return tmp_path_factory.mktemp("own stäck \N{OCTOPUS}")


@pytest.fixture(scope="module")
def own(folder: Path) -> Iterator[Stack]:
    """A stack that these tests may stop, kill and restart; each test brings it up first."""
    stack = Stack(stack_settings(folder))
    try:
        yield stack
    finally:
        stack.resume_broker()
        stack.down()
        assert states(stack) == ["stopped", "stopped"]


def test_session_stack_serves_records_and_schemas(stack: Endpoints, topic: Callable[..., str]) -> None:
    """EVT-1: a record written is read back, a schema registered is found again."""
    name = topic("stack", partitions=2)
    write(stack.bootstrap, name, b"hello")
    assert read(stack.bootstrap, name) == b"hello"
    subject = f"thing-{uuid.uuid4().hex[:8]}"
    register(stack.registry_url, subject)
    assert subject in subjects(stack.registry_url)


def test_a_second_up_changes_nothing_and_a_restart_keeps_records_and_schemas(own: Stack) -> None:
    """OPS-5: start is idempotent; stop and start lose nothing."""
    where = own.up()
    topic = make_topic(where.bootstrap)
    write(where.bootstrap, topic, b"kept")
    register(where.registry_url, "kept")
    before = pids(own)
    assert own.up() == where
    assert pids(own) == before
    assert own.down()
    assert states(own) == ["stopped", "stopped"]
    assert own.up() == where
    assert read(where.bootstrap, topic) == b"kept"
    assert "kept" in subjects(where.registry_url)


def test_a_half_dead_stack_is_completed_and_what_lives_is_left_alone(own: Stack) -> None:
    """OPS-8: a killed registry, then a killed broker, are seen as crashed and brought back by `up`."""
    where = own.up()
    broker, registry = pids(own)
    assert own.kill_registry()
    assert states(own) == ["running", "crashed"]
    own.up()
    assert pids(own)[0] == broker
    assert pids(own)[1] not in (None, registry)

    topic = make_topic(where.bootstrap)
    write(where.bootstrap, topic, b"acknowledged")
    assert own.kill_broker()
    assert states(own)[0] == "crashed"
    own.start_broker()
    assert pids(own)[0] not in (None, broker)
    assert read(where.bootstrap, topic) == b"acknowledged"


def test_schemas_and_their_ids_never_expire(own: Stack) -> None:
    """EVT-1: the registry's journal has no retention, unlike a topic made with the broker's defaults."""
    admin = AdminClient({**QUIET, "bootstrap.servers": own.up().bootstrap})
    journal = ConfigResource(ConfigResource.Type.TOPIC, "kafkasql-journal")
    config = admin.describe_configs([journal])[journal].result(WAIT)
    assert (config["retention.ms"].value, config["retention.bytes"].value) == ("-1", "-1")


def test_both_listen_on_this_machine_only(own: Stack) -> None:
    """SEC-3: nothing of the local stack is reachable from outside."""
    own.up()
    ports = {own.settings.kafka_port, own.settings.controller_port, own.settings.registry_port}
    lines = [
        line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    listening = [fields[1].split(":") for fields in lines if fields[3] == "0A"]
    found = {int(port, 16): address for address, port in listening if int(port, 16) in ports}
    assert set(found) == ports
    assert all(address.endswith("0100007F") for address in found.values())


def test_other_ports_than_the_running_ones_are_refused(own: Stack, folder: Path) -> None:
    where = own.up()
    other = Stack(stack_settings(folder))
    with pytest.raises(StackError, match=f"already runs at {where.bootstrap}"):
        other.up()
    assert other.endpoints() == where


def test_a_deaf_broker_is_seen_and_stopped_with_a_word(own: Stack, folder: Path) -> None:
    """OPS-8: alive is not enough; what ignores SIGTERM is killed, and said to be."""
    own.up()
    said: list[str] = []
    hasty = Stack(own.settings.model_copy(update={"stop_seconds": 0.5}), say=said.append)
    own.pause_broker()
    assert states(own)[0] == "silent"
    assert hasty.stop_broker()
    assert any("is killed" in line for line in said)
    assert states(own)[0] == "stopped"


def test_two_commands_at_once_start_one_stack(folder: Path, own: Stack) -> None:
    """OPS-5: the second `causeway up` waits for the first and finds all running; `down` stops it and then has nothing to do."""
    own.down()
    settings = own.settings
    env = os.environ | {
        "CAUSEWAY_STACK__DATA": str(folder),
        "CAUSEWAY_STACK__KAFKA_PORT": str(settings.kafka_port),
        "CAUSEWAY_STACK__CONTROLLER_PORT": str(settings.controller_port),
        "CAUSEWAY_STACK__REGISTRY_PORT": str(settings.registry_port),
        "CAUSEWAY_STACK__START_SECONDS": str(settings.start_seconds),
    }
    env = {
        name: value
        for name, value in env.items()
        if name not in ("CAUSEWAY_KAFKA__BOOTSTRAP", "CAUSEWAY_REGISTRY__URL")
    }
    command = [sys.executable, "-c", "from streams.cli import main; main()"]
    both = [subprocess.Popen([*command, "up"], env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=2 * START_SECONDS)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("starting Kafka" in output for output in outputs) == 1
    assert sum("already runs" in output for output in outputs) == 1
    assert all(own.endpoints().registry_url in output for output in outputs)

    downs = [subprocess.run([*command, "down"], env=env, capture_output=True, text=True, check=True) for _ in range(2)]
    assert "stopped Kafka" in downs[0].stdout
    assert "nothing" in downs[1].stdout


def test_a_taken_port_is_named_with_its_owner_before_anything_starts(tmp_path: Path) -> None:
    """OPS-5: the registry's port is looked at before the broker starts."""
    settings = stack_settings(tmp_path)
    with socket.create_server(("127.0.0.1", settings.registry_port)):
        with pytest.raises(PortTakenError) as caught:
            Stack(settings).up()
        assert f"port {settings.registry_port}" in str(caught.value)
        assert f"pid {os.getpid()}" in str(caught.value)
        assert "CAUSEWAY_STACK__REGISTRY_PORT" in str(caught.value)
    assert states(Stack(settings)) == ["stopped", "stopped"]


def test_a_broker_that_dies_at_start_shows_why(tmp_path: Path) -> None:
    """OPS-5: damaged data ends in the log's last lines and what to do, not in a time-out."""
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "meta.properties").write_text("version=1\ncluster.id=of-another-cluster\nnode.id=7\n")
    stack = Stack(stack_settings(tmp_path))
    with pytest.raises(CrashedError) as caught:
        stack.up()
    text = str(caught.value)
    assert "ended while starting" in text
    assert "Stored node id 7 doesn't match" in text
    assert str(tmp_path / "logs" / "broker.log") in text
    assert states(stack) == ["crashed", "stopped"]
    assert not stack.down()


def test_beside_a_users_own_kafka_the_registry_keeps_schemas_in_a_file(tmp_path: Path, stack: Endpoints) -> None:
    """EVT-1: nothing is written into the user's cluster, and a killed registry forgets nothing."""
    settings = stack_settings(tmp_path).model_copy(update={"external_bootstrap": stack.bootstrap})
    mixed = Stack(settings)
    try:
        where = mixed.up()
        assert where.bootstrap == stack.bootstrap
        register(where.registry_url, "filed")
        assert mixed.kill_registry()
        mixed.up()
        assert subjects(where.registry_url) == ["filed"]
        assert "filed" not in subjects(stack.registry_url)
    finally:
        mixed.down()


def test_memory_of_running_parts_is_known(own: Stack) -> None:
    """OPS-1: resident memory per part, in bytes."""
    own.up()
    found: list[PartStatus] = own.status()
    assert all(part.resident_bytes and 50 * 2**20 < part.resident_bytes < 2**30 for part in found)


def test_signals_reach_only_this_stack(own: Stack, stack: Endpoints, topic: Callable[..., str]) -> None:
    """TEST-3: killing the own broker leaves the session's alone."""
    own.up()
    assert own.kill_broker()
    name = topic("alone")
    write(stack.bootstrap, name, b"alive")
    assert read(stack.bootstrap, name) == b"alive"
