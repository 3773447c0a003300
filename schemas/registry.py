"""The schema registry: Confluent's API, served by Confluent, Apicurio or Karapace alike.

Subjects are named `<topic>-value`; records that only travel inside another one (the body of a delivery) by their full name.
Ids are asked once and kept, so a registry that goes away stops nobody who is already running (EVT-1).

A 404 means two things: the registry does not know this schema or subject, and says so in a body with a code of its own (40401, 40402, 40403); or
nothing there is a registry: a path that lacks `/apis/ccompat/v7`, another service. Who took the second for the first would find nothing
readable and call everything empty, so without such a body the list of subjects decides, asked once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from confluent_kafka.schema_registry import ConfigCompatibilityLevel, Schema, SchemaRegistryClient, ServerConfig
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.codec import load_schema, schema_names
from schemas.topics import OUTCOMES, Topic, topic_table

COMPATIBILITY = "FULL_TRANSITIVE"


_FULL_TRANSITIVE = ServerConfig(compatibility=ConfigCompatibilityLevel[COMPATIBILITY])
_PATH = "/apis/ccompat/v7"  # Apicurio's address of this API; others serve it at their root
_UNKNOWN_CODES = range(40400, 40500)  # Confluent's error codes: subject, version, schema not found
_NO_SUCH_PLACE = (404, 405)
_OTHER_ANSWER = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
)  # a body that is no JSON, or other JSON than the client expects


class RegistryError(RuntimeError):
    """The registry refused or could not be reached: says which subject and what to do."""


class NoRegistryError(RegistryError):
    """Something answers at the address, and it is no schema registry, or one without our schemas: says what to set."""


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
        self._is_registry = False  # once looked and found so
        self._is_ours = False

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
        return [self._register(subject, name) for subject, name in subjects(topics)]

    def _demand_compatibility(self) -> None:
        """FULL_TRANSITIVE for all subjects. Several processes start at once: the loser of that race finds it set (Apicurio answers 409)."""
        try:
            self._client.set_config(config=_FULL_TRANSITIVE)
        except SchemaRegistryError as error:
            if error.http_status_code != 409:
                self._is_unknown(error)
                raise RegistryError(f"the schema registry at {self.url} refused {COMPATIBILITY}: {error}") from error
            found = self._call(self.url, self._client.get_config)
            if str(found.compatibility_level or found.compatibility).rpartition(".")[2] != COMPATIBILITY:
                raise RegistryError(
                    f"the schema registry at {self.url} keeps {found.compatibility}, not {COMPATIBILITY}"
                ) from error
        except Exception as error:
            raise self._away(error) from error

    def id_of(self, name: str) -> int:
        """The id of the current schema of a record name. Raises RegistryError when it was never registered."""
        if name not in self._ids:
            topic = next((t for t in topic_table() if t.value == name), None)
            subject = subject_of(topic.name) if topic else _full_name(name)
            found = self._call(subject, lambda: self._client.lookup_schema(subject, _schema(name)))
            self._remember(name, int(found.schema_id))
        return self._ids[name]

    def schema_of(self, schema_id: int) -> dict[str, Any]:
        """The schema with that id. Raises KeyError when there is none, RegistryError when the registry cannot be asked or is not ours."""
        if schema_id not in self._schemas:
            try:
                found = self._client.get_schema(schema_id)
            except SchemaRegistryError as error:
                if self._is_unknown(error):
                    self._demand_ours(error)
                    raise KeyError(schema_id) from error
                raise RegistryError(f"the schema registry at {self.url} refused schema {schema_id}: {error}") from error
            except Exception as error:
                raise self._away(error) from error
            self._schemas[schema_id] = json.loads(found.schema_str or "null")
        return self._schemas[schema_id]

    def _register(self, subject: str, name: str) -> Registered:
        schema = _schema(name)
        try:
            known = self._client.lookup_schema(subject, schema)
            schema_id, created = int(known.schema_id or 0), False
        except SchemaRegistryError as error:
            if not self._is_unknown(error):
                raise RegistryError(f"the schema registry at {self.url} refused {subject}: {error}") from error
            schema_id = int(self._call(subject, lambda: self._client.register_schema(subject, schema)))
            created = True
        except Exception as error:
            raise self._away(error) from error
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
            if self._is_unknown(error):
                raise RegistryError(
                    f"{what} is not registered at {self.url}: run `causeway schemas register`"
                ) from error
            raise RegistryError(f"the schema registry at {self.url} refused {what}: {error}") from error
        except Exception as error:
            raise self._away(error) from error

    def _is_unknown(self, error: SchemaRegistryError) -> bool:
        """Whether a registry says with this that it does not know what was asked for. Raises NoRegistryError when nobody there is a registry."""
        if error.http_status_code not in _NO_SUCH_PLACE:
            return False
        if error.error_code not in _UNKNOWN_CODES and not self._is_registry:
            self._demand_registry(error)
        return error.http_status_code == 404

    def _demand_registry(self, cause: SchemaRegistryError) -> None:
        """Raises NoRegistryError when there is no list of subjects either."""
        try:
            found: Any = self._client.get_subjects()
        except SchemaRegistryError as error:
            if error.http_status_code in _NO_SUCH_PLACE:
                raise self._no_registry() from cause
            raise RegistryError(f"the schema registry at {self.url} refused the list of subjects: {error}") from error
        except Exception as error:
            raise self._away(error) from error
        if not isinstance(found, list):
            raise self._no_registry() from cause
        self._is_registry = True

    def _demand_ours(self, cause: SchemaRegistryError) -> None:
        """A registry that never heard of our outcomes has not the schemas our records were written with: they are not unreadable, it is the
        wrong one, or empty. Raises NoRegistryError."""
        if self._is_ours:
            return
        try:
            self._client.get_versions(subject_of(OUTCOMES))
        except SchemaRegistryError as error:
            if not self._is_unknown(error):
                raise RegistryError(f"the schema registry at {self.url} refused a subject: {error}") from error
            raise NoRegistryError(
                f"the schema registry at {self.url} holds none of Causeway's schemas: is it another one, or has it lost its data? "
                "Is CAUSEWAY_REGISTRY__URL right?"
            ) from cause
        except Exception as error:
            raise self._away(error) from error
        self._is_ours = True

    def _no_registry(self) -> NoRegistryError:
        hint = "CAUSEWAY_REGISTRY__URL wrong" if _PATH in self.url else f"{_PATH} missing"
        return NoRegistryError(f"no schema registry at {self.url}; is {hint}?")

    def _away(self, error: Exception) -> RegistryError:
        """Nobody answered, or somebody in another language."""
        if isinstance(error, RegistryError):
            return error
        if isinstance(error, _OTHER_ANSWER):
            return self._no_registry()
        return RegistryError(
            f"the schema registry at {self.url} cannot be reached: {error}; is CAUSEWAY_REGISTRY__URL right?"
        )


def subjects(topics: Iterable[Topic]) -> list[tuple[str, str]]:
    """Every subject and its record name: one for each topic with a schema, one for each record that only travels inside others."""
    wanted = [(subject_of(topic.name), topic.value) for topic in topics if topic.value]
    carried = {name for _, name in wanted}
    return [*wanted, *((_full_name(name), name) for name in schema_names() if name not in carried)]


def _schema(name: str) -> Schema:
    return Schema(json.dumps(load_schema(name)), "AVRO")


def _full_name(name: str) -> str:
    schema = load_schema(name)
    return f"{schema['namespace']}.{schema['name']}"
