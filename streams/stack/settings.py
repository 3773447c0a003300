"""Settings of the local stack, read once from the environment (`CAUSEWAY_STACK__...`)."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class StackSettings(BaseSettings):
    """Where the local Kafka and registry live and how large they may grow.

    Two settings of the pipeline itself replace a part of the stack: with `CAUSEWAY_KAFKA__BOOTSTRAP` no broker is
    started, with `CAUSEWAY_REGISTRY__URL` no registry.
    """

    model_config = SettingsConfigDict(
        env_prefix="CAUSEWAY_STACK__", populate_by_name=True, extra="ignore", frozen=True, env_ignore_empty=True
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
        default=None, validation_alias="CAUSEWAY_KAFKA__BOOTSTRAP", description="The user's own Kafka, if any."
    )
    external_registry_url: str | None = Field(
        default=None, validation_alias="CAUSEWAY_REGISTRY__URL", description="The user's own registry, if any."
    )

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
        return self.external_registry_url or f"http://127.0.0.1:{self.registry_port}/apis/ccompat/v7"
