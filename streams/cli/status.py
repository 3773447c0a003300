"""`causeway status`: what runs, what waits, what failed."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from streams.gateway.overview import BoxLine
    from streams.observe.status import Status, Unknown
    from streams.stack import PartStatus

WATCH_SECONDS = 2.0
EXIT_BROKER_DOWN = 3


def status(
    json: Annotated[bool, typer.Option("--json", help="Print JSON; with --watch one object a line.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds until Ctrl-C.")] = False,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            envvar="CAUSEWAY_STATUS_ENDPOINTS",
            help="host:port of a process's metrics endpoint; repeat for several, in the variable with blanks between.",
        ),
    ] = None,
) -> None:
    """What runs, how far each stage is behind, what waits for a retry or for a person, what became of the orders, and how IoT Boxes are.

    Exit codes: 0 looked; 2 wrong configuration; 3 Kafka cannot be reached.
    """
    from streams.cli.stack import with_stack
    from streams.kafka import BrokerError

    try:
        if watch:
            _watch(json, endpoint or ())
        else:
            _print(with_stack(lambda stack: stack.status()), _look(endpoint or ()), _boxes(), json)
    except BrokerError as error:
        _without_broker(str(error), json)
        raise typer.Exit(EXIT_BROKER_DOWN) from None


def _look(endpoints: Sequence[str]) -> Status:
    from datetime import UTC, datetime

    from streams.connectors import discover, load_connected_settings
    from streams.observe.status import look

    connectors = discover()
    settings = load_connected_settings(connectors)
    own = [f"127.0.0.1:{settings.stage.metrics_port}"] if settings.stage.metrics_port else []
    return look(settings, connectors, list(endpoints) or own, now=datetime.now(UTC))


def _boxes() -> Sequence[BoxLine] | Unknown:
    """IoT Boxes, by what the gateways wrote down. Raises BrokerError."""
    from datetime import UTC, datetime

    from schemas.codec import Codec
    from schemas.registry import Registry, RegistryError
    from streams.connectors import discover, load_connected_settings
    from streams.gateway.desk import BoxDesk
    from streams.gateway.overview import overview
    from streams.observe.status import Unknown

    settings = load_connected_settings(discover())
    try:
        with Registry(settings.registry.client()) as registry:
            return overview(BoxDesk(settings, Codec(registry)).book(), datetime.now(UTC))
    except (RegistryError, ValueError) as error:  # ValueError: an entry that cannot be read
        return Unknown(str(error))


def _watch(json: bool, endpoints: Sequence[str]) -> None:
    from rich.console import Console
    from rich.live import Live

    from streams.cli.stack import with_stack

    try:
        if json:
            while True:
                _print(with_stack(lambda stack: stack.status()), _look(endpoints), _boxes(), json)
                time.sleep(WATCH_SECONDS)
        with Live(
            console=Console(highlight=False, emoji=False), screen=sys.stdout.isatty(), auto_refresh=False
        ) as live:
            while True:
                live.update(_page(with_stack(lambda stack: stack.status()), _look(endpoints), _boxes()), refresh=True)
                time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        return


def _print(parts: Sequence[PartStatus], found: Status, boxes: Sequence[BoxLine] | Unknown, json: bool) -> None:
    if json:
        _print_json({"stack": _parts(parts), **found.as_json(), "boxes": boxes})
        return
    from streams.cli.failure_desk import console

    console().print(_page(parts, found, boxes))


def _without_broker(problem: str, json: bool) -> None:
    """One line, and the local parts, which need no broker to be seen."""
    from streams.cli.failure_desk import console
    from streams.cli.stack import stack_table, with_stack

    parts = with_stack(lambda stack: stack.status())
    if json:
        _print_json({"stack": _parts(parts), "error": problem})
    else:
        console().print(stack_table(parts))
    typer.echo(problem, err=True)


def _page(parts: Sequence[PartStatus], found: Status, boxes: Sequence[BoxLine] | Unknown) -> RenderableType:
    from streams.cli.stack import stack_table
    from streams.cli.status_view import page

    return page(found, stack_table(parts), boxes)


def _parts(parts: Sequence[PartStatus]) -> list[dict[str, object]]:
    return [
        {
            "part": part.part,
            "state": part.state,
            "address": part.address,
            "pid": part.pid,
            "resident_bytes": part.resident_bytes,
            "log": str(part.log) if part.log else None,
        }
        for part in parts
    ]


def _print_json(value: object) -> None:
    import orjson

    sys.stdout.write(orjson.dumps(value).decode() + "\n")
    sys.stdout.flush()
