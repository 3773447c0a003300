"""What each part of the stack needs to run: configuration, command, environment. Nothing here starts anything."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from streams.stack.process import Identity, command_line
from streams.stack.settings import StackSettings

BROKER = "broker"
REGISTRY = "registry"

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

# One node that is broker and controller. Replication is 1 because there is one broker; few partitions of the internal
# topics because each costs start-up time; no rebalance delay because nobody joins late here.
BROKER_SETTINGS = {
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
    "message.max.bytes": str(5 * 1024 * 1024),
    "replica.fetch.max.bytes": str(5 * 1024 * 1024),
}


def broker_properties(settings: StackSettings) -> str:
    """server.properties of the broker."""
    kafka, controller = f"127.0.0.1:{settings.kafka_port}", f"127.0.0.1:{settings.controller_port}"
    values = BROKER_SETTINGS | {
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{kafka},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{kafka}",
        "log.dirs": str(settings.folder / "kafka"),
    }
    return "".join(f"{name}={escaped(value)}\n" for name, value in values.items())


def escaped(value: str) -> str:
    """A value as java.util.Properties reads it: Latin-1, backslash escapes (its `load` documents both)."""
    return "".join(f"\\u{ord(c):04x}" if ord(c) > 126 else "\\\\" if c == "\\" else c for c in value)


def broker_command(java: str, lib: Path, settings: StackSettings) -> list[str]:
    """The broker itself."""
    return [
        java,
        f"-Xms{min(256, settings.broker_heap_mb)}m",
        f"-Xmx{settings.broker_heap_mb}m",
        *_common(BROKER, settings, f"127.0.0.1:{settings.kafka_port}"),
        *_kafka_class_path(lib, settings),
        "kafka.Kafka",
        str(settings.folder / "server.properties"),
    ]


def format_command(java: str, lib: Path, settings: StackSettings, cluster_id: str) -> list[str]:
    """Prepares an empty data folder; leaves a prepared one as it is."""
    return [
        java,
        "-Xmx128m",
        "-XX:TieredStopAtLevel=1",
        *_kafka_class_path(lib, settings),
        "kafka.tools.StorageTool",
        *("format", "--ignore-formatted", "--cluster-id", cluster_id),
        *("--config", str(settings.folder / "server.properties")),
    ]


def registry_command(java: str, lib: Path, settings: StackSettings) -> list[str]:
    """The registry itself, tuned to start fast and stay small: it answers a few requests and caches do the rest."""
    runner = next(lib.glob("*-runner.jar"), lib / "runner.jar")
    return [
        java,
        f"-Xmx{settings.registry_heap_mb}m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        *_common(REGISTRY, settings, f"127.0.0.1:{settings.registry_port}"),
        "-jar",
        str(runner),
    ]


def registry_environment(settings: StackSettings) -> dict[str, str]:
    """Apicurio 3's settings: schemas in the local Kafka, or in a file when the user's own Kafka is used.

    Nothing of ours is written into a Kafka that belongs to someone else, and its credentials need not be known here.
    """
    if settings.external_bootstrap:
        database = settings.folder / "registry" / "schemas"
        storage = {
            "APICURIO_STORAGE_KIND": "sql",
            "APICURIO_STORAGE_SQL_KIND": "h2",
            # Each commit is written through, so kill -9 loses no schema.
            "APICURIO_DATASOURCE_URL": f"jdbc:h2:file:{database};WRITE_DELAY=0",
        }
    else:
        storage = {
            "APICURIO_STORAGE_KIND": "kafkasql",
            "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": settings.bootstrap,
            # The default of 5000 is waited for in full at each start, when the topics are empty or read to the end.
            "APICURIO_KAFKASQL_CONSUMER_POLL_TIMEOUT": "200",
        }
    return storage | {
        "QUARKUS_HTTP_HOST": "127.0.0.1",
        "QUARKUS_HTTP_PORT": str(settings.registry_port),
        "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
        "QUARKUS_LOG_CONSOLE_COLOR": "false",
    }


def child_environment(env: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The user's environment without what would reconfigure the parts, in a locale that can name any folder."""
    kept = {
        name: value for name, value in env.items() if not re.match(r"(QUARKUS|APICURIO|REGISTRY|KAFKA|LOG4J)_", name)
    }
    return {**kept, "LC_ALL": "C.UTF-8", **own}


def address(pid: int) -> str | None:
    """Where a running part listens, as its command line says."""
    prefix = "-Dcauseway.address="
    return next((a.removeprefix(prefix) for a in command_line(pid) if a.startswith(prefix)), None)


def _common(part: str, settings: StackSettings, where: str) -> list[str]:
    return [
        Identity(part, settings.folder).marker,
        f"-Dcauseway.address={where}",
        # Out of memory means dead and restarted, never half alive.
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={settings.folder / 'logs' / f'{part}-crash-%p.log'}",
        "-Djava.awt.headless=true",
        "-Dfile.encoding=UTF-8",
    ]


def _kafka_class_path(lib: Path, settings: StackSettings) -> list[str]:
    log4j = (settings.folder / "log4j2.xml").as_uri()
    return [f"-Dlog4j2.configurationFile={log4j}", "-cp", f"{lib}{os.sep}*"]
