"""The schema registry: Confluent's API, served by Confluent, Apicurio or Karapace alike.

Subjects are named `<topic>-value`; records that only travel inside another one (the body of a delivery) by their full name.
Ids are asked once and kept, so a registry that goes away stops nobody who is already running (EVT-1).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from confluent_kafka.schema_registry import ConfigCompatibilityLevel, Schema, SchemaRegistryClient, ServerConfig
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.codec import load_schema, schema_names
from schemas.topics import Topic, topic_table

COMPATIBILITY = "FULL_TRANSITIVE"


_FULL_TRANSITIVE = ServerConfig(compatibility=ConfigCompatibilityLevel[COMPATIBILITY])


class RegistryError(RuntimeError):
    """The registry refused or could not be reached: says which subject and what to do."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One subject after registration. `created` is False when this exact schema was there before."""

    subject: str
    schema_id: int
    created: bool


def subject_of(topic: str) -> str:
    """The subject of a topic's values."""
    return f"{topic}-value"


class Registry:
    """Registers the schemas of topics and answers ids for the codec. `config` is that of confluent-kafka's SchemaRegistryClient."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.url = str(config["url"])
        self._client = SchemaRegistryClient(config)
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, dict[str, Any]] = {}

    def close(self) -> None:
        """Let go of the connection; ids that were asked for stay known."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def register(self, topics: Iterable[Topic]) -> list[Registered]:
        """Set FULL_TRANSITIVE and register the value schema of each topic that names one, and of the records inside others. Idempotent.

        Raises RegistryError naming the subject when the registry finds the schema incompatible with an earlier version.
        """
        self._demand_compatibility()
        wanted = [(subject_of(topic.name), topic.value) for topic in topics if topic.value]
        carried = {name for _, name in wanted}
        inside = [(_full_name(name), name) for name in schema_names() if name not in carried]
        return [self._register(subject, name) for subject, name in (*wanted, *inside)]

    def _demand_compatibility(self) -> None:
        """FULL_TRANSITIVE for all subjects. Several processes start at once: the loser of that race finds it set (Apicurio answers 409)."""
        try:
            self._client.set_config(config=_FULL_TRANSITIVE)
        except SchemaRegistryError as error:
            if error.http_status_code != 409:
                raise RegistryError(f"the schema registry at {self.url} refused {COMPATIBILITY}: {error}") from error
            found = self._call(self.url, self._client.get_config)
            if str(found.compatibility_level or found.compatibility).rpartition(".")[2] != COMPATIBILITY:
                raise RegistryError(
                    f"the schema registry at {self.url} keeps {found.compatibility}, not {COMPATIBILITY}"
                ) from error
        except Exception as error:
            raise RegistryError(
                f"the schema registry at {self.url} cannot be reached: {error}; is CAUSEWAY_REGISTRY__URL right?"
            ) from error

    def id_of(self, name: str) -> int:
        """The id of the current schema of a record name. Raises RegistryError when it was never registered."""
        if name not in self._ids:
            topic = next((t for t in topic_table() if t.value == name), None)
            subject = subject_of(topic.name) if topic else _full_name(name)
            found = self._call(subject, lambda: self._client.lookup_schema(subject, _schema(name)))
            self._remember(name, int(found.schema_id))
        return self._ids[name]

    def schema_of(self, schema_id: int) -> dict[str, Any]:
        """The schema with that id. Raises KeyError when there is none, RegistryError when the registry cannot be asked."""
        if schema_id not in self._schemas:
            try:
                found = self._client.get_schema(schema_id)
            except SchemaRegistryError as error:
                if error.http_status_code == 404:
                    raise KeyError(schema_id) from error
                raise RegistryError(f"the schema registry at {self.url} refused schema {schema_id}: {error}") from error
            except Exception as error:
                raise RegistryError(
                    f"the schema registry at {self.url} cannot be asked for schema {schema_id}: {error}"
                ) from error
            self._schemas[schema_id] = json.loads(found.schema_str or "null")
        return self._schemas[schema_id]

    def _register(self, subject: str, name: str) -> Registered:
        schema = _schema(name)
        try:
            known = self._client.lookup_schema(subject, schema)
            schema_id, created = int(known.schema_id or 0), False
        except SchemaRegistryError as error:
            if error.http_status_code != 404:
                raise RegistryError(f"the schema registry at {self.url} refused {subject}: {error}") from error
            schema_id = int(self._call(subject, lambda: self._client.register_schema(subject, schema)))
            created = True
        except Exception as error:
            raise RegistryError(
                f"the schema registry at {self.url} cannot be reached for {subject}: {error}"
            ) from error
        self._remember(name, schema_id)
        return Registered(subject, schema_id, created)

    def _remember(self, name: str, schema_id: int) -> None:
        self._ids[name] = schema_id
        self._schemas[schema_id] = load_schema(name)

    def _call(self, what: str, action: Any) -> Any:
        try:
            return action()
        except SchemaRegistryError as error:
            if error.http_status_code == 409:
                raise RegistryError(
                    f"{what}: the schema is not {COMPATIBILITY} compatible with an earlier version: {error}; "
                    "give new fields a default and remove only fields that have one"
                ) from error
            if error.http_status_code == 404:
                raise RegistryError(
                    f"{what} is not registered at {self.url}: run `causeway schemas register`"
                ) from error
            raise RegistryError(f"the schema registry at {self.url} refused {what}: {error}") from error
        except Exception as error:
            raise RegistryError(
                f"the schema registry at {self.url} cannot be reached: {error}; is CAUSEWAY_REGISTRY__URL right?"
            ) from error


def _schema(name: str) -> Schema:
    return Schema(json.dumps(load_schema(name)), "AVRO")


def _full_name(name: str) -> str:
    schema = load_schema(name)
    return f"{schema['namespace']}.{schema['name']}"
