"""`causeway poll`: run the poller, wish something of it, see how far it has read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from streams.poller.desk import Desk, FlowStatus, Sent

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Run the poller, wish something of it, see how far it has read.")

AccountArgument = Annotated[str, typer.Argument(help="source:account, for example walmart:main")]
FlowArgument = Annotated[str, typer.Argument(help="orders, ...")]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command()
def run() -> None:
    """Poll every configured account until SIGTERM. Any number of these share the accounts among themselves.

    Exit codes: 0 asked to stop; 2 wrong configuration, or no password for what is polled; 3 Kafka or the registry cannot be reached; 70 failed:
    start it again, nothing is lost.
    """
    import asyncio

    from streams.poller.run import run_process

    _answered(lambda: asyncio.run(run_process()))


@app.command()
def now(account: AccountArgument, flow: FlowArgument, json: JsonOption = False) -> None:
    """Poll now instead of waiting for the schedule."""
    _say_sent(_at_desk(lambda desk: desk.poll_now(account, flow)), json)


@app.command()
def resync(
    account: AccountArgument,
    flow: FlowArgument,
    since: Annotated[
        str, typer.Option(help="ISO 8601 with zone, for example 2026-01-31T00:00:00Z; a date is midnight UTC")
    ],
    json: JsonOption = False,
) -> None:
    """Read everything changed since then once more, in the bulk lane, beside the normal polling. Says where a flow reads less far back."""
    moment = _answered(lambda: parse_since(since, datetime.now(UTC)))
    _say_sent(_at_desk(lambda desk: desk.resync(account, flow, moment)), json)


@app.command()
def fetch(
    account: AccountArgument,
    flow: FlowArgument,
    ids: Annotated[list[str], typer.Argument(help="the source's ids")],
    json: JsonOption = False,
) -> None:
    """Read these ids now."""
    _say_sent(_at_desk(lambda desk: desk.fetch(account, flow, tuple(ids))), json)


@app.command()
def cursors(json: JsonOption = False) -> None:
    """How far each flow of each account has been read."""
    found = _at_desk(lambda desk: desk.cursors())
    if json:
        _print_json([status.as_json() for status in found])
        return
    from rich.console import Console

    Console(highlight=False, emoji=False).print(cursor_table(found, datetime.now(UTC)))


def parse_since(text: str, now: datetime) -> datetime:
    """An aware UTC time in the past. Raises ConfigurationError saying how to write it."""
    from streams.settings import ConfigurationError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"--since: {text!r} is not a time: write for example 2026-01-31T00:00:00Z") from None
    is_date = len(text) == len("2026-01-31")
    if moment.tzinfo is None and not is_date:
        raise ConfigurationError(f"--since: {text!r} has no zone: add Z for UTC, or +01:00")
    moment = moment.replace(tzinfo=UTC) if is_date else moment.astimezone(UTC)
    if moment > now:
        raise ConfigurationError(f"--since: {text} is in the future")
    return moment


def cursor_table(found: list[FlowStatus], now: datetime) -> Table:
    """For people."""
    from rich.table import Table

    table = Table(
        "account",
        "flow",
        "read until",
        "behind",
        "pages",
        "records",
        "poller",
        "written",
        "failing",
        box=None,
        pad_edge=False,
    )
    for status in found:
        if status.cursor is None:
            table.add_row(status.key.owner, status.key.flow, "[yellow]never polled[/]")
            continue
        cursor = status.cursor
        until = cursor["read_until"]
        table.add_row(
            status.key.owner, status.key.flow,
            f"{until:%Y-%m-%d %H:%M:%S}" if until else "", f"{(now - until).total_seconds():.0f} s" if until else "",
            str(cursor["pages"]), str(cursor["records"]), cursor["owner"], f"{cursor['at']:%Y-%m-%d %H:%M:%S}",
            f"[red]{cursor['failing_reason']}[/] since {cursor['failing_since']:%Y-%m-%d %H:%M:%S}" if cursor["failing_since"] else "",
        )  # fmt: skip
    return table


def _at_desk(action: Callable[[Desk], T]) -> T:
    """Do something at the desk of the configured cluster."""

    def act() -> T:
        from streams.poller.desk import open_desk

        return action(open_desk())

    return _answered(act)


def _answered(action: Callable[[], T]) -> T:
    """What fails is told on standard error and by the exit code."""
    from schemas.registry import RegistryError
    from streams.kafka import BrokerError
    from streams.runtime.errors import InfrastructureError
    from streams.settings import ConfigurationError

    try:
        return action()
    except ConfigurationError as error:
        code, text = 2, str(error)
    except (BrokerError, RegistryError) as error:
        code, text = 3, str(error)
    except InfrastructureError as error:
        code, text = 70, str(error)
    typer.echo(text, err=True)
    raise typer.Exit(code)


def _say_sent(sent: Sent, json: bool) -> None:
    if json:
        _print_json(sent.as_json())
    else:
        typer.echo(f"{sent.action} of {sent.key} asked for, command {sent.id}")
        if sent.since is not None:
            typer.echo(
                f"reads what changed since {sent.since:%Y-%m-%d %H:%M:%S} UTC"
                + (f": {sent.limit}" if sent.limit else "")
            )


def _print_json(value: object) -> None:
    import orjson

    sys.stdout.write(orjson.dumps(value).decode() + "\n")
