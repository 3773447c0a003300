"""What unit tests of the poller share: a codec without a registry, connectors, flows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.kit.ports import Connector
from connectors.kit.settings import Part
from schemas.codec import Codec, load_schema, schema_names
from streams.connectors import compose_settings
from streams.failure.routing import FailureRouting
from streams.poller.flows import Flow, FlowKey, Names
from streams.poller.records import Shaper
from streams.settings import Settings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = FlowKey("shop", "main", "orders")


class Table:
    """Schema ids without a registry."""

    def id_of(self, name: str) -> int:
        return schema_names().index(name)

    def schema_of(self, schema_id: int) -> dict[str, Any]:
        return load_schema(schema_names()[schema_id])


class ShopSettings(Part):
    names: tuple[str, ...] = ("main",)


def connector(name: str = "shop", **changes: Any) -> Connector:
    values: dict[str, Any] = {
        "name": name, "settings": ShopSettings, "accounts": lambda part: part.names,
        "flows": {"orders": timedelta(minutes=10)}, "source": lambda *_: None,
    }  # fmt: skip
    return Connector(**values | changes)


def flow() -> Flow:
    return Flow(KEY, connector(), timedelta(minutes=10))


def settings(*connectors: Connector, **parts: Any) -> Settings:
    return compose_settings(connectors)(**parts)


def codec() -> Codec:
    return Codec(Table())


def shaper(prefix: str = "") -> Shaper:
    return Shaper(
        names=Names(prefix),
        codec=codec(),
        routing=FailureRouting(codec(), Settings()),
        environment="sandbox",
        checksum_key=b"k",
        random_bytes=lambda count: bytes(range(1, count + 1)),
    )
