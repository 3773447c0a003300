"""`causeway verify`: what works with the configured accounts, call by call and right by right, without changing anything (AUTH-5)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connectors.kit.ports import Check, Connector, Deps
    from streams.settings import Settings


def verify(
    connector: Annotated[
        list[str] | None, typer.Argument(help="Only these: kafka, registry, walmart, odoo. All when not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Try every configured account and say what works, what does not, and what to do. Changes nothing. Exit 1 when something fails."""
    import asyncio

    checks = asyncio.run(_checks(connector or ()))
    if as_json:
        typer.echo(
            json.dumps([{"subject": c.subject, "ok": c.ok, "detail": c.detail, "remedy": c.remedy} for c in checks])
        )
    else:
        for check in checks:
            mark = typer.style("ok   ", fg="green") if check.ok else typer.style("FAILS", fg="red", bold=True)
            typer.echo(
                f"{mark}  {check.subject}: {check.detail}"
                + (f"\n       -> {check.remedy}" if check.remedy and not check.ok else "")
            )
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


async def _checks(wanted: Sequence[str]) -> list[Check]:
    from connectors.kit.ports import Deps, NoMappings
    from schemas.topics import PARTNERS
    from streams.cli.verify_flows import flow_checks, operations_of, routed
    from streams.connectors import discover, load_connected_settings, part_of
    from streams.worker import now

    connectors = discover()
    names = ("kafka", "registry", *(c.name for c in connectors))
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise typer.BadParameter(f"there is no {', '.join(unknown)}; there are: {', '.join(names)}")
    settings = load_connected_settings(connectors)
    checks: list[Check] = _unchecked_names(settings, connectors)
    if not wanted or "kafka" in wanted:
        checks.append(_kafka(settings))
    if not wanted or "registry" in wanted:
        checks.append(_registry(settings))
    checks += _environments(settings, [c for c in connectors if not wanted or c.name in wanted])
    channels = [
        (connector.name, account)
        for connector in connectors
        if connector.sink and connector.name in PARTNERS
        for account in connector.accounts(part_of(settings, connector))
    ]
    checks += flow_checks(settings.phases, channels, connectors, wanted)
    every = routed(settings.phases, channels)
    for connector in connectors:
        if connector.verifier is None or (wanted and connector.name not in wanted):
            continue
        on = operations_of(connector.name, every) if channels else None
        checks += await _verified(connector, settings, Deps(settings.environment.value, NoMappings(), now, on))
    return checks


def _unchecked_names(settings: Settings, connectors: Sequence[Connector]) -> list[Check]:
    """Names of accounts in the configuration that cannot be held against those there are."""
    from connectors.kit.ports import Check
    from streams.connectors import unchecked_names

    places = unchecked_names(settings, connectors)
    if not places:
        return []
    detail = "no account of that marketplace is configured here, so nobody can tell whether these exist: "
    return [Check("configuration", True, detail + ", ".join(places))]


def _environments(settings: Settings, connectors: Sequence[Connector]) -> list[Check]:
    """What a worker or poller refuses to start with."""
    from connectors.kit.ports import Check
    from streams.worker import environment_problems

    environment = settings.environment.value
    remedy = f"make it agree with CAUSEWAY_ENVIRONMENT={environment}, or change that; no worker or poller starts before"
    problems = environment_problems(settings, connectors)
    found = [Check(f"{name}: environment", False, problem, remedy) for name, problem in problems.items()]
    if connectors and not found:
        names = ", ".join(connector.name for connector in connectors)
        found.append(Check("environment", True, f"{environment}: nothing of another is configured for {names}"))
    return found


async def _verified(connector: Connector, settings: Settings, deps: Deps) -> Sequence[Check]:
    from connectors.kit.errors import ConnectorError
    from connectors.kit.ports import Check
    from streams.connectors import part_of

    assert connector.verifier is not None
    part = part_of(settings, connector)
    if not connector.accounts(part):
        return [Check(connector.name, True, "no account is configured")]
    try:
        return await connector.verifier(part, deps).verify()
    except ConnectorError as error:
        return [Check(connector.name, False, str(error))]
    except ValueError as error:
        return [Check(connector.name, False, str(error), "mend the configuration")]


def _kafka(settings: Settings) -> Check:
    from confluent_kafka.admin import AdminClient

    from connectors.kit.ports import Check
    from streams.kafka import QUIET, BrokerError, partitions_of

    config = settings.kafka.librdkafka()
    table = settings.topic_table()
    try:
        found = {
            place.topic
            for place in partitions_of(AdminClient({**QUIET, **config}), config, [topic.name for topic in table])
        }
    except BrokerError as error:
        return Check("kafka", False, str(error), "is CAUSEWAY_KAFKA__BOOTSTRAP right, and the broker up?")
    missing = [topic.name for topic in table if topic.name not in found]
    if missing:
        return Check(
            "kafka",
            False,
            f"{len(missing)} topics are missing, for example {missing[0]}",
            "run `causeway schemas register`",
        )
    return Check("kafka", True, f"{settings.kafka.bootstrap}, {len(table)} topics")


def _registry(settings: Settings) -> Check:
    from connectors.kit.ports import Check
    from schemas.codec import schema_names
    from schemas.registry import Registry, RegistryError, subjects
    from streams.cli.registry_words import remedy_of

    with Registry(settings.registry.client()) as registry:
        try:
            ids = [registry.id_of(name) for name in schema_names()]
        except RegistryError as error:
            return Check("registry", False, str(error), remedy_of(error))
    count = len(subjects(settings.topic_table()))
    return Check("registry", True, f"{registry.url}, {len(ids)} schemas under {count} subjects")
