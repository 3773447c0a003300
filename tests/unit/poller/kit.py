"""What unit tests of the poller share: connectors, flows, settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.kit.ports import Connector
from connectors.kit.settings import Part
from streams.connectors import compose_settings
from streams.failure.routing import FailureRouting
from streams.poller.flows import Flow, FlowKey, Names
from streams.poller.records import Shaper
from streams.settings import Settings
from tests.unit.failure.samples import codec

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = FlowKey("shop", "main", "orders")


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


def shaper(prefix: str = "") -> Shaper:
    return Shaper(
        names=Names(prefix),
        codec=codec(),
        routing=FailureRouting(codec(), Settings()),
        environment="sandbox",
        checksum_key=b"k",
        random_bytes=lambda count: bytes(range(1, count + 1)),
    )
