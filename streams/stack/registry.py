"""Apicurio Registry, which speaks the Confluent API at /apis/ccompat/v7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.stack import jars, probe
from streams.stack.errors import FetchError
from streams.stack.parts import Port, common_options
from streams.stack.process import Identity
from streams.stack.settings import API_PATH, StackSettings


@dataclass(frozen=True)
class Registry:
    """The schema registry of the settings.

    Its schemas live in the local Kafka. When Kafka is the user's own they live in a file of the data folder: nothing of
    ours is written into a cluster that belongs to someone else, and its credentials need not be known here.
    """

    settings: StackSettings
    title: str = "the schema registry"
    bundle: jars.Bundle = jars.REGISTRY

    @property
    def identity(self) -> Identity:
        return Identity("registry", self.settings.folder)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.settings.registry_port}"

    @property
    def external(self) -> str | None:
        return self.settings.external_registry_url

    @property
    def ports(self) -> Sequence[Port]:
        return (Port(self.settings.registry_port, "the schema registry", "CAUSEWAY_STACK__REGISTRY_PORT"),)

    def prepare(self, java: str, lib: Path, env: Mapping[str, str]) -> None:
        """Make the topics of the schemas. Raises StackError."""
        if not self.settings.external_bootstrap:
            probe.ensure_journal(self.settings.bootstrap, seconds=self.settings.start_seconds)

    def command(self, java: str, lib: Path) -> list[str]:
        """Tuned to start fast and stay small: it answers a few requests, its clients' caches do the rest."""
        runner = next(lib.glob("*-runner.jar"), None)
        if runner is None:
            raise FetchError(f"{lib} holds no registry: remove {lib.parent} and run `causeway up` again")
        return [
            java,
            f"-Xmx{self.settings.registry_heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            *common_options(self.identity, self.address),
            "-jar",
            str(runner),
        ]

    def environment(self) -> dict[str, str]:
        """Apicurio's and Quarkus' settings by their environment names."""
        return (self._file_storage() if self.settings.external_bootstrap else self._kafka_storage()) | {
            "QUARKUS_HTTP_HOST": "127.0.0.1",
            "QUARKUS_HTTP_PORT": str(self.settings.registry_port),
            "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
            "QUARKUS_LOG_CONSOLE_COLOR": "false",
        }

    def client_address(self, address: str) -> str:
        return f"http://{address}{API_PATH}"

    def answers(self, address: str) -> bool:
        return probe.registry_answers(self.client_address(address))

    def _kafka_storage(self) -> dict[str, str]:
        return {
            "APICURIO_STORAGE_KIND": "kafkasql",
            "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": self.settings.bootstrap,
            # 5000 by default, waited for in full at each start once the topic is read to its end.
            "APICURIO_KAFKASQL_CONSUMER_POLL_TIMEOUT": "200",
        }

    def _file_storage(self) -> dict[str, str]:
        database = self.settings.folder / "registry" / "schemas"
        return {
            "APICURIO_STORAGE_KIND": "sql",
            "APICURIO_STORAGE_SQL_KIND": "h2",
            # Each commit is written through, so a killed registry forgets nothing.
            "APICURIO_DATASOURCE_URL": f"jdbc:h2:file:{database};WRITE_DELAY=0",
        }
