"""Which connectors are installed, and one settings class with a part for each: CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID just works.

A connector is a folder of the `connectors` package whose `__init__.py` has a `CONNECTOR`. Nothing is imported before these functions are called.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from pydantic import Field, create_model

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Connector, EntityMapping
from connectors.kit.settings import Part
from schemas.topics import EDGE, PARTNERS, SOURCES, SUPPLIERS
from streams.phases import Phase, flows_of, phase_of
from streams.settings import ConfigurationError, Settings, load_settings
from streams.settings_names import Known, unchecked, wrong_names
from streams.settings_places import Key, dotted, tables

logger = logging.getLogger(__name__)

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

    A variable or table that names no part at all (CAUSEWAY_KAFAK__..., `[stok]`) is a problem too, and so is an account, marketplace or flow
    that does not exist: it would be ignored in silence. Accounts of a marketplace that has none in this process cannot be known; that is logged.
    """
    there = tuple(connectors)

    def names(raw: Mapping[str, Any], settings: Settings | None) -> list[tuple[Key, str]]:
        known = known_names(there, settings, raw)
        if places := unchecked(raw, known):
            logger.warning("accounts_unknown count=%d first=%s", len(places), dotted(places[0]))
        return wrong_names(raw, known) + (_disagreeing(there, settings) if settings is not None else [])

    settings = load_settings(compose_settings(there), names, **overrides)
    parts = _parts(there, settings)
    return settings.model_copy(update={name: part.beside(parts) for name, part in parts.items()})


def _parts(connectors: Iterable[Connector], settings: Settings) -> dict[str, Part]:
    return {one.name: part_of(settings, one) for one in connectors}


def _disagreeing(connectors: Iterable[Connector], settings: Settings) -> list[tuple[Key, str]]:
    """Parts that do not fit to one another, and flows that are on without what they need."""
    there = tuple(connectors)
    parts, found = _parts(there, settings), list[tuple[Key, str]]()
    for connector in there:
        part = parts[connector.name]
        on = {account: _on(settings, connector.name, account) for account in connector.accounts(part)}
        for check in (partial(part.beside, parts), partial(part.check_switched_on, on)):
            try:
                check()
            except ValueError as error:
                found.append(((connector.name,), str(error)))
    return found


def _on(settings: Settings, partner: str, account: str) -> list[str]:
    """The flows of an account that are on."""
    if partner not in PARTNERS:
        return []
    return [flow.value for flow in flows_of(partner) if phase_of(settings.phases, partner, account, flow) is Phase.ON]


def unchecked_names(settings: Settings, connectors: Iterable[Connector]) -> list[str]:
    """Settings about accounts of which this process cannot know whether they exist: it has none of that marketplace."""
    raw = settings.model_dump(include={"phases", "pilot", "pricing", "stock", "packing"})
    return [dotted(key) for key in unchecked(raw, known_names(connectors, settings, raw))]


def known_names(connectors: Iterable[Connector], settings: Settings | None, raw: Mapping[str, Any]) -> Known:
    """The marketplaces, accounts and flows there are. While something else is wrong (no settings), accounts are those that were written down."""
    accounts: dict[str, dict[str, tuple[str, ...]]] = {"sold": {}, "bought": {}}
    flows = {}
    for connector in connectors:
        flows[connector.name] = tuple(connector.flows)
        if connector.sink is None or connector.name not in PARTNERS:
            continue
        part = getattr(settings, connector.name, None)
        written = raw.get(connector.name)
        names = [name for name, _ in tables(written.get("accounts"))] if isinstance(written, Mapping) else []
        place = accounts["sold" if connector.name in SOURCES else "bought"]
        place[connector.name] = tuple(connector.accounts(part) if part is not None else map(str.lower, names))
    if stations := _stations(settings, raw):
        accounts["bought"][EDGE] = stations
    return Known(accounts["sold"], flows, accounts["bought"])


def _stations(settings: Settings | None, raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Packing stations, whose flows are switched on like those of accounts."""
    packing = raw.get("packing")
    written = packing.get("stations") if isinstance(packing, Mapping) else None
    return (
        tuple(settings.packing.stations) if settings is not None else tuple(name.lower() for name, _ in tables(written))
    )


def check_credentials(settings: Settings, needs: Iterable[tuple[Connector, str]]) -> None:
    """What is needed to log in is there for each connector that something needs (`what for`, in words); a process that starts without would take
    its share of the work and let it lie. Raises ConfigurationError with a line for each, naming what needs it first."""
    first: dict[str, tuple[Connector, str]] = {}
    for connector, what_for in needs:
        first.setdefault(connector.name, (connector, what_for))
    problems = []
    for connector, what_for in first.values():
        part: Part = part_of(settings, connector)
        try:
            part.check_credentials()
        except ValueError as error:
            problems.append(f"{what_for} needs {connector.name}: {error}")
    if problems:
        raise ConfigurationError("\n".join(problems))


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


def written_to(settings: Settings, connectors: Iterable[Connector]) -> tuple[Connector, ...]:
    """Those with a sink that deliveries are expected for. Of suppliers' platforms those with an account: who buys nowhere runs nothing for it."""
    return tuple(
        connector
        for connector in connectors
        if connector.sink and (connector.name not in SUPPLIERS or connector.accounts(part_of(settings, connector)))
    )


def stock_caps(settings: Settings, connectors: Iterable[Connector]) -> dict[str, int]:
    """Marketplace -> the largest stock number it takes, of those that have one."""
    return {
        connector.name: connector.stock_cap(part_of(settings, connector))
        for connector in connectors
        if connector.stock_cap is not None
    }


def stock_minutes(connectors: Iterable[Connector]) -> dict[str, float]:
    """Marketplace -> how often numbers that are not urgent go there, of those that say so themselves."""
    return {one.name: one.stock_every.total_seconds() / 60 for one in connectors if one.stock_every is not None}


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
