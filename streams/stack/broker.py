"""Apache Kafka as one node that is broker and controller."""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.stack import jars, probe, process
from streams.stack.errors import CrashedError
from streams.stack.parts import Port, child_environment, common_options, last_lines
from streams.stack.process import Identity
from streams.stack.settings import StackSettings

LOG4J = """<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN" shutdownHook="disable">
  <Appenders>
    <Console name="out" target="SYSTEM_OUT">
      <PatternLayout pattern="%d{yyyy-MM-dd'T'HH:mm:ss,SSS} %-5p %c{1} %m%n"/>
    </Console>
  </Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="out"/></Root>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
  </Loggers>
</Configuration>
"""

FIVE_MIB = str(5 * 1024 * 1024)

# Replication is 1 because there is one broker; the internal topics have few partitions because each costs start-up
# time; no rebalance delay because nobody joins late here.
FIXED = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "delete.topic.enable": "true",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "10",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "5",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    # A killed broker is let in again only when its last session has run out: 9 s by default.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "message.max.bytes": FIVE_MIB,
    "replica.fetch.max.bytes": FIVE_MIB,
}


@dataclass(frozen=True)
class Broker:
    """The Kafka of the settings."""

    settings: StackSettings
    title: str = "Kafka"
    bundle: jars.Bundle = jars.BROKER

    @property
    def identity(self) -> Identity:
        return Identity("broker", self.settings.folder)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.settings.kafka_port}"

    @property
    def external(self) -> str | None:
        return self.settings.external_bootstrap

    @property
    def ports(self) -> Sequence[Port]:
        return (
            Port(self.settings.kafka_port, "Kafka", "CAUSEWAY_STACK__KAFKA_PORT"),
            Port(self.settings.controller_port, "Kafka's controller", "CAUSEWAY_STACK__CONTROLLER_PORT"),
        )

    def prepare(self, java: str, lib: Path, env: Mapping[str, str]) -> None:
        """Write the configuration and, once, format the data folder. Raises CrashedError."""
        folder = self.settings.folder
        (folder / "log4j2.xml").write_text(LOG4J, encoding="utf-8")
        (folder / "server.properties").write_text(properties(self.settings), encoding="ascii")
        id_file = folder / "cluster.id"
        if not id_file.exists():
            id_file.write_text(new_cluster_id(), encoding="ascii")
        if (folder / "kafka" / "meta.properties").exists():
            return
        answer = process.run(self._format_command(java, lib), env=child_environment(env, {}))
        if answer.returncode:
            end = last_lines(answer.stderr or answer.stdout, 3)
            raise CrashedError(f"Kafka could not prepare {folder / 'kafka'}:\n{end}")

    def command(self, java: str, lib: Path) -> list[str]:
        heap = self.settings.broker_heap_mb
        return [
            java,
            f"-Xms{min(256, heap)}m",
            f"-Xmx{heap}m",
            *common_options(self.identity, self.address),
            *self._class_path(lib),
            "kafka.Kafka",
            str(self.settings.folder / "server.properties"),
        ]

    def environment(self) -> dict[str, str]:
        return {}

    def client_address(self, address: str) -> str:
        return address

    def answers(self, address: str) -> bool:
        """Whether the broker of this folder, not another one, lists its brokers."""
        try:
            own = (self.settings.folder / "cluster.id").read_text(encoding="ascii").strip()
        except OSError:
            return False
        return probe.cluster_id(address) == own

    def _format_command(self, java: str, lib: Path) -> list[str]:
        folder = self.settings.folder
        cluster_id = (folder / "cluster.id").read_text(encoding="ascii").strip()
        quick = ["-Xmx128m", "-XX:TieredStopAtLevel=1"]
        arguments = ["format", "--ignore-formatted", "--cluster-id", cluster_id]
        config = ["--config", str(folder / "server.properties")]
        return [java, *quick, *self._class_path(lib), "kafka.tools.StorageTool", *arguments, *config]

    def _class_path(self, lib: Path) -> list[str]:
        log4j = (self.settings.folder / "log4j2.xml").as_uri()
        return [f"-Dlog4j2.configurationFile={log4j}", "-cp", f"{lib}{os.sep}*"]


def properties(settings: StackSettings) -> str:
    """server.properties of the broker."""
    kafka, controller = f"127.0.0.1:{settings.kafka_port}", f"127.0.0.1:{settings.controller_port}"
    values = FIXED | {
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{kafka},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{kafka}",
        "log.dirs": str(settings.folder / "kafka"),
    }
    return "".join(f"{name}={escaped(value)}\n" for name, value in values.items())


def escaped(value: str) -> str:
    """A value as java.util.Properties reads it: Latin-1, backslash escapes (its `load` documents both)."""
    doubled = value.replace("\\", "\\\\")
    return "".join(c if ord(c) < 127 else _utf16(c) for c in doubled)


def _utf16(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def new_cluster_id(random_bytes: Callable[[], bytes] = lambda: uuid.uuid4().bytes) -> str:
    """A random id in the form Kafka gives its own: 16 bytes, base64 for URLs, no padding.

    None begins with a dash: as Kafka's own never do, because its tools would take it for an option.
    """
    while (made := base64.urlsafe_b64encode(random_bytes()).decode().rstrip("=")).startswith("-"):
        pass
    return made
