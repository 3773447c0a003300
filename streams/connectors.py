"""Which connectors are installed, and one settings class with a part for each: CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID just works.

A connector is a folder of the `connectors` package whose `__init__.py` has a `CONNECTOR`. Nothing is imported before these functions are called.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any

from pydantic import Field, create_model

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Connector, EntityMapping
from streams.settings import ConfigurationError, Settings, load_settings

PACKAGE = "connectors"


class ConnectorImportError(ConfigurationError):
    """A connector's folder cannot be used: says which and why."""


def discover(package: str = PACKAGE) -> tuple[Connector, ...]:
    """All connectors, by name. Raises ConnectorImportError naming the folder that cannot be imported."""
    found: dict[str, Connector] = {}
    root = importlib.import_module(package)
    for module in pkgutil.iter_modules(root.__path__, f"{package}."):
        if (connector := _connector_of(module.name)) is None:
            continue
        if connector.name in found:
            raise ConnectorImportError(f"{module.name}: another connector is called {connector.name!r} already")
        found[connector.name] = connector
    return tuple(found[name] for name in sorted(found))


def compose_settings(connectors: Iterable[Connector]) -> type[Settings]:
    """The settings class with a field for each connector, named like it. Raises ConfigurationError when a name is taken."""
    fields: dict[str, Any] = {}
    for connector in connectors:
        if connector.name in Settings.model_fields:
            raise ConfigurationError(f"a connector cannot be called {connector.name!r}: the settings have such a part")
        fields[connector.name] = (connector.settings, Field(default_factory=connector.settings))
    return create_model("ConnectedSettings", __base__=Settings, **fields)


def load_connected_settings(connectors: Iterable[Connector], **overrides: Any) -> Settings:
    """Read the whole configuration, connectors' parts included. Raises ConfigurationError listing every problem at once.

    A variable that names no part at all (CAUSEWAY_KAFAK__...) is a problem too: it would be ignored in silence.
    """
    return load_settings(compose_settings(connectors), **overrides)


def part_of(settings: Settings, connector: Connector) -> Any:
    """A connector's part of composed settings. Raises ConfigurationError for settings that were not composed with it."""
    part = getattr(settings, connector.name, None)
    if part is None:
        raise ConfigurationError(
            f"the settings have no part for {connector.name}: read them with load_connected_settings"
        )
    return part


def mappings_of(settings: Settings, connectors: Iterable[Connector]) -> dict[str, dict[str, EntityMapping]]:
    """Connector -> entity -> mapping, as configured. Raises ConfigurationError for tables that a connector cannot use."""
    found = {}
    for connector in connectors:
        try:
            found[connector.name] = connector.entity_mappings(part_of(settings, connector))
        except (ValueError, ConnectorError) as error:
            raise ConfigurationError(f"the configuration of {connector.name} cannot be used: {error}") from error
    return found


def stock_caps(settings: Settings, connectors: Iterable[Connector]) -> dict[str, int]:
    """Marketplace -> the largest stock number it takes, of those that have one."""
    return {
        connector.name: connector.stock_cap(part_of(settings, connector))
        for connector in connectors
        if connector.stock_cap is not None
    }


def _connector_of(module: str) -> Connector | None:
    try:
        offered = getattr(importlib.import_module(module), "CONNECTOR", None)
    except Exception as error:
        raise ConnectorImportError(
            f"the connector {module} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    if offered is not None and not isinstance(offered, Connector):
        raise ConnectorImportError(f"{module}.CONNECTOR is a {type(offered).__name__}, not a Connector")
    return offered
