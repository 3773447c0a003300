"""Settings of the local stack: `CAUSEWAY_STACK__...`, or the table `[stack]` of the file CAUSEWAY_CONFIG names."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from streams.stack.errors import StackError

PREFIX = "CAUSEWAY_STACK__"
BOOTSTRAP = "CAUSEWAY_KAFKA__BOOTSTRAP"
REGISTRY_URL = "CAUSEWAY_REGISTRY__URL"
API_PATH = "/apis/ccompat/v7"  # where Apicurio serves the Confluent API


def _table(content: dict[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name, {})
    if not isinstance(found, dict):
        raise StackError(f"{name} in the file of CAUSEWAY_CONFIG is no table: write [{name}]")
    return found


class _ConfigFile(PydanticBaseSettingsSource):
    """`[stack]`, `kafka.bootstrap` and `registry.url` of the configuration file. Raises StackError."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused: `__call__` answers for all fields at once."""
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        path = os.environ.get("CAUSEWAY_CONFIG")
        if not path:
            return {}
        try:
            content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StackError(f"CAUSEWAY_CONFIG names {path}, which cannot be read: {error}") from error
        own = {
            BOOTSTRAP: _table(content, "kafka").get("bootstrap"),
            REGISTRY_URL: _table(content, "registry").get("url"),
        }
        stack = _table(content, "stack")
        return stack | {name: value for name, value in own.items() if value}


class _Unknown(_ConfigFile):
    """Variables of our prefix that name no setting: handed on, so that a typo is refused instead of ignored."""

    def __call__(self) -> dict[str, Any]:
        names = {
            name.lower().removeprefix(PREFIX.lower()): name for name in os.environ if name.upper().startswith(PREFIX)
        }
        return {short: os.environ[name] for short, name in names.items() if short not in self.settings_cls.model_fields}


class StackSettings(BaseSettings):
    """Where the local Kafka and registry live and how large they may grow.

    Two settings of the pipeline itself replace a part of the stack: with `CAUSEWAY_KAFKA__BOOTSTRAP` no broker is
    started, with `CAUSEWAY_REGISTRY__URL` no registry.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, populate_by_name=True, extra="forbid", frozen=True, env_ignore_empty=True
    )

    data: Path = Field(default=Path(".causeway"), description="Folder of everything the stack writes: topics, logs.")
    kafka_port: int = Field(default=9092, ge=1, le=65535, description="Port of Kafka on 127.0.0.1.")
    controller_port: int = Field(default=9093, ge=1, le=65535, description="Port of Kafka's controller on 127.0.0.1.")
    registry_port: int = Field(default=8081, ge=1, le=65535, description="Port of the schema registry on 127.0.0.1.")
    broker_heap_mb: int = Field(default=768, ge=256, description="Largest Java heap of the broker, in MiB.")
    registry_heap_mb: int = Field(default=384, ge=192, description="Largest Java heap of the registry, in MiB.")
    start_seconds: float = Field(default=90.0, gt=0, description="How long a part may take until it answers.")
    stop_seconds: float = Field(default=30.0, gt=0, description="How long a part may take to stop before it is killed.")

    external_bootstrap: str | None = Field(
        default=None, validation_alias=BOOTSTRAP, description="The user's own Kafka, if any."
    )
    external_registry_url: str | None = Field(
        default=None, validation_alias=REGISTRY_URL, description="The user's own registry, if any."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file."""
        return init_settings, env_settings, _ConfigFile(settings_cls), _Unknown(settings_cls)

    @model_validator(mode="after")
    def _check(self) -> Self:
        ports = [self.kafka_port, self.controller_port, self.registry_port]
        if len(set(ports)) != len(ports):
            raise ValueError(
                f"the stack needs three different ports, got {ports}: set CAUSEWAY_STACK__KAFKA_PORT, "
                "CAUSEWAY_STACK__CONTROLLER_PORT, CAUSEWAY_STACK__REGISTRY_PORT"
            )
        if any(c in str(self.data) for c in ",\n\r"):
            raise ValueError("CAUSEWAY_STACK__DATA may hold no comma or line break: Kafka reads it as a list")
        return self

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data.expanduser().resolve()

    @property
    def bootstrap(self) -> str:
        """Where a broker of these settings is reached, the user's own first."""
        return self.external_bootstrap or f"127.0.0.1:{self.kafka_port}"

    @property
    def registry_url(self) -> str:
        """The Confluent-compatible API of the registry of these settings, the user's own first."""
        return self.external_registry_url or f"http://127.0.0.1:{self.registry_port}{API_PATH}"
