"""Everything that can be configured, in one typed object: read once at the root, checked at start with all problems at once, handed down.

From the environment with prefix `CAUSEWAY_` and `__` between levels (`CAUSEWAY_KAFKA__BOOTSTRAP`), or from a TOML file named by
`CAUSEWAY_CONFIG`; the environment wins. Secrets are SecretStr: they print as stars. A connector's part is its own class in its own folder.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from connectors.kit.settings import Part
from schemas.reasons import DEFAULT_POLICIES, LastResort, Policy, Reason
from schemas.topics import DEFAULT_TIERS, Topic, parse_tier, topic_table
from streams.gateway.settings import GatewaySettings
from streams.packing_settings import PackingSettings
from streams.phases import Phase, Pilot, flow_name, without_case
from streams.poller.settings import PollSettings
from streams.pricing_settings import PricingSettings
from streams.reconcile.settings import ReconcileSettings
from streams.settings_places import CONFIG, PREFIX, FileError, Key, Said, likely, merged, read_said
from streams.settings_words import in_words
from streams.stock_settings import StockSettings
from streams.supply_settings import SupplySettings


class ConfigurationError(Exception):
    """The configuration cannot work: one line per problem, each naming the setting and what to write."""


# Of our prefix, but read elsewhere: the file's name, the local stack, its installer, options of `causeway status`.
_OTHER_VARIABLES = {"CONFIG", "STACK", "NO_APT", "STATUS_ENDPOINTS"}
_SERVER = re.compile(
    r"(?:\w+://)?(?:\[[0-9a-fA-F:]+\]|[^\s:/\[\]]+):\d{1,5}"
)  # whoever leaves the port out would get librdkafka's 9092 in silence

# What the names in a configuration are checked with: (what was said, file and environment joined; the settings, None while something else
# is wrong with them) -> every name that does not exist, where it is and what is wrong with it.
NameCheck = Callable[[Mapping[str, Any], "Settings | None"], list[tuple[Key, str]]]


class Environment(StrEnum):
    """Which world this is. Test orders pass only in `sandbox` and `staging` (TEST-4)."""

    SANDBOX = "sandbox"
    STAGING = "staging"
    PRODUCTION = "production"


class KafkaSettings(Part):
    """The cluster and how to prove who we are to it."""

    bootstrap: str = Field("127.0.0.1:9092", description="host:port[,host:port...]")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = ""
    sasl_username: str = ""
    sasl_password: SecretStr = SecretStr("")
    ssl_ca_location: str = Field("", description="PEM file of the authority that signed the brokers' certificates")
    ssl_certificate_location: str = Field("", description="PEM file of our own certificate, for mutual TLS")
    ssl_key_location: str = ""

    @field_validator("bootstrap")
    @classmethod
    def _with_ports(cls, value: str) -> str:
        bare = [server.strip() for server in value.split(",") if not _SERVER.fullmatch(server.strip())]
        if bare:
            raise ValueError(f"want host:port[,host:port...]; there is no port in {', '.join(map(repr, bare))}")
        return value

    def librdkafka(self) -> dict[str, Any]:
        """The same for confluent-kafka clients."""
        config = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security_protocol,
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": self.sasl_password.get_secret_value(),
            "ssl.ca.location": self.ssl_ca_location,
            "ssl.certificate.location": self.ssl_certificate_location,
            "ssl.key.location": self.ssl_key_location,
        }
        return {name: value for name, value in config.items() if value}


class RegistrySettings(Part):
    """The schema registry (Confluent's API)."""

    url: str = "http://127.0.0.1:8081/apis/ccompat/v7"
    username: str = ""
    password: SecretStr = SecretStr("")
    ssl_ca_location: str = ""

    def client(self) -> dict[str, Any]:
        """The same for confluent-kafka's SchemaRegistryClient."""
        config: dict[str, Any] = {"url": self.url}
        if self.username:
            config["basic.auth.user.info"] = f"{self.username}:{self.password.get_secret_value()}"
        if self.ssl_ca_location:
            config["ssl.ca.location"] = self.ssl_ca_location
        return config


class TopicSettings(Part):
    """How topics are made when they do not exist yet."""

    partitions: int = Field(6, ge=1, le=1000, description="of every keyed topic; changing it later moves keys")
    replication: int = Field(1, ge=1, le=32767, description="3 on a real cluster")


class RetrySettings(Part):
    """ERR-1, ERR-2: the tiers, and per reason how often and what then."""

    tiers: tuple[str, ...] = Field(
        tuple(f"{int(tier.total_seconds())}s" for tier in DEFAULT_TIERS), description="growing delays: 30s, 1m, ... 24h"
    )
    attempts: dict[Reason, int] = Field(
        default_factory=dict, description="reason -> how often in all, instead of the default"
    )
    last_resort: dict[Reason, LastResort] = Field(
        default_factory=dict, description="reason -> dead or held, instead of the default"
    )
    held_check_seconds: float = Field(
        30, gt=0, description="how often destinations are asked whether what held records wait for exists by now"
    )

    @field_validator("tiers")
    @classmethod
    def _growing(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        delays = [parse_tier(text) for text in value]
        if not delays or any(later <= earlier for earlier, later in itertools.pairwise(delays)):
            raise ValueError("retry tiers must be at least one delay, each longer than the one before")
        return value

    def delays(self) -> tuple[Any, ...]:
        """The tiers as timedeltas."""
        return tuple(parse_tier(text) for text in self.tiers)

    def policies(self) -> dict[Reason, Policy]:
        """The defaults of `schemas.reasons` with what is configured here."""
        return {
            reason: Policy(
                default.severity,
                default.owner,
                self.attempts.get(reason, default.attempts),
                self.last_resort.get(reason, default.last_resort),
            )
            for reason, default in DEFAULT_POLICIES.items()
        }


class BreakerSettings(Part):
    """ERR-4: when a destination's lane is paused and how it is probed."""

    failures: int = Field(5, ge=1, description="transient, throttled or auth failures in a row that open it")
    probe_after_seconds: float = Field(15, gt=0, description="first pause before one delivery is tried")
    probe_limit_seconds: float = Field(300, gt=0, description="the pause doubles up to this")


class StageSettings(Part):
    """How stages work."""

    chunk_records: int = Field(2000, ge=1, le=100_000, description="most records in one unit of work")
    stalled_after_seconds: float = Field(
        120, gt=0, description="lag without progress for this long ends the process (OPS-8)"
    )
    session_seconds: float = Field(
        30, ge=6, le=300, description="a worker unheard of for this long loses its partitions to another"
    )
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus endpoint of this process; 0 = none")
    metrics_host: str = Field("127.0.0.1", description="address it listens on; 0.0.0.0 in a container")


class FilterSettings(Part):
    """ORD-4: which orders are not imported. Excluded orders are counted with their reason, never silent."""

    statuses: tuple[str, ...] = Field((), description="import only these canonical statuses; empty = all but pending")
    fulfilment: tuple[str, ...] = Field(("seller",), description="seller, marketplace, third_party")
    marketplaces: tuple[str, ...] = Field((), description="empty = all")
    sku_pattern: str = Field("", description="regular expression; orders none of whose SKUs match are excluded")
    pending: bool = Field(False, description="import pending orders too")
    test: bool = Field(False, description="import test orders; refused in production")


class LogSettings(Part):
    """Structured logs to standard error."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["text", "json"] = "text"


class _Environment(EnvSettingsSource):
    """What should be JSON and is not is left as it is: the setting itself then refuses it, by its name and together with all that is wrong."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """See the class."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class Settings(BaseSettings):
    """The root. `load_settings()` builds it and turns problems into ConfigurationError."""

    model_config = SettingsConfigDict(env_prefix="CAUSEWAY_", env_nested_delimiter="__", extra="ignore", frozen=True)

    environment: Environment = Environment.SANDBOX
    checksum_key: SecretStr = Field(
        SecretStr(""), description="keys the checksums, so they tell nothing about personal data"
    )
    kafka: KafkaSettings = KafkaSettings()
    registry: RegistrySettings = RegistrySettings()
    topics: TopicSettings = TopicSettings()
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    stage: StageSettings = StageSettings()
    filters: FilterSettings = FilterSettings()
    phases: dict[str, dict[str, dict[Annotated[str, AfterValidator(flow_name)], Phase]]] = Field(
        default_factory=dict,
        description="marketplace or supplier's platform, account, flow (or `all`) -> off, shadow or on; shadow where nothing is said"
        "; packing stations: `iotbox`, station, `packing`",
    )
    pilot: dict[str, dict[str, Pilot]] = Field(
        default_factory=dict,
        description="marketplace or supplier's platform, account -> SKUs and categories that flows switched on are kept to",
    )
    pricing: PricingSettings = PricingSettings()
    poll: PollSettings = PollSettings()
    reconcile: ReconcileSettings = ReconcileSettings()
    stock: StockSettings = StockSettings()
    supply: SupplySettings = SupplySettings()
    packing: PackingSettings = PackingSettings()
    gateway: GatewaySettings = GatewaySettings()
    log: LogSettings = LogSettings()

    @field_validator("phases", "pilot")
    @classmethod
    def _small(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return without_case(value)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource, file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """The environment wins over the TOML file of CAUSEWAY_CONFIG."""
        path = os.environ.get(CONFIG, "")
        toml = (TomlConfigSettingsSource(settings_cls, Path(path)),) if path else ()
        return (init_settings, _Environment(settings_cls), *toml)

    def topic_table(self) -> tuple[Topic, ...]:
        """The topic table with this configuration's partitions and tiers."""
        return topic_table(self.topics.partitions, self.retry.delays())


def load_settings(kind: type[Settings] = Settings, names: NameCheck | None = None, /, **overrides: Any) -> Settings:
    """Read the configuration; `kind` may be a class with more parts, `names` what checks the names in it (`streams.connectors`).

    Raises ConfigurationError listing every problem at once: where it was said, problem, never the value of a secret.
    """
    try:
        said = read_said()
    except FileError as error:
        raise ConfigurationError(str(error)) from None
    problems: list[str] = [] if kind is Settings else _unknown_parts(kind, said)
    settings: Settings | None = None
    try:
        settings = kind(**overrides)
    except ValidationError as error:
        problems += in_words(error, said, kind)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the configuration cannot be read: {type(error).__name__}: {error}") from None
    else:
        settings, more = _beside_local_stack(settings, said)
        problems += more
    if names is not None:
        problems += [f"  {said.place(key)}: {text}" for key, text in names(_joined(kind, said), settings)]
    if settings is None or problems:
        raise ConfigurationError("the configuration has problems:\n" + "\n".join(problems))
    return settings


def _joined(kind: type[Settings], said: Said) -> dict[str, Any]:
    """What was said, as it was written, file and environment joined."""
    return merged({name.lower(): part for name, part in said.content.items()}, _Environment(kind)())


def _unknown_parts(kind: type[Settings], said: Said) -> list[str]:
    """Tables and variables that name no part of the configuration: pydantic passes them over, so a typo would be ignored in silence."""
    parts = {name.upper() for name in kind.model_fields}
    variables = {name: name.removeprefix(PREFIX).split("__")[0] for name in said.variables}
    wrong = [
        (name, part) for name, part in sorted(variables.items())
        if part not in parts | _OTHER_VARIABLES and not part.startswith(("TEST_", "EDGE_"))  # the edge has settings of its own
    ]  # fmt: skip
    tables = [name for name in said.content if name.upper() not in parts | {"STACK"}]
    return [f"  {name}: there is no such setting{likely(part, parts)}" for name, part in wrong] + [
        f"  {said.file}, {name}: there is no such setting{likely(name, [*kind.model_fields, 'stack'])}"
        for name in tables
    ]


def _beside_local_stack(settings: Settings, said: Said) -> tuple[Settings, list[str]]:
    """Whoever names no cluster of his own means the local stack, at the ports `CAUSEWAY_STACK__...` or `[stack]` give it."""
    from streams.stack.errors import StackError
    from streams.stack.settings import StackSettings

    own_cluster = "bootstrap" in settings.kafka.model_fields_set
    own_registry = "url" in settings.registry.model_fields_set
    if own_cluster and own_registry:
        return settings, []
    try:
        stack = StackSettings()
    except StackError as error:
        return settings, [f"  {error}"]
    except ValidationError as error:
        return settings, in_words(error, said, StackSettings, ("stack",))
    kafka, registry = settings.kafka, settings.registry
    if not own_cluster:
        kafka = kafka.model_copy(update={"bootstrap": stack.bootstrap})
    if not own_registry:
        registry = registry.model_copy(update={"url": stack.registry_url})
    return settings.model_copy(update={"kafka": kafka, "registry": registry}), []
