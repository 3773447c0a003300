"""What `causeway dead`, `held`, `mapping` and `trace` share: opening the cluster, options, asking, printing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.console import Console
    from rich.table import Table

    from connectors.kit.ports import Connector
    from schemas.codec import Codec
    from streams.settings import Settings

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
NoteOption = Annotated[str, typer.Option("--note", help="Why; kept in the audit trail.")]

EXIT_FAILED, EXIT_USAGE, EXIT_WORLD, EXIT_STOPPED, EXIT_CANCELLED = 1, 2, 3, 4, 130


@dataclass(frozen=True, slots=True)
class Desk:
    """The configured cluster, opened, and who sits here."""

    settings: Settings
    codec: Codec
    actor: str

    @property
    def now(self) -> datetime:
        """The clock, aware UTC."""
        return datetime.now(UTC)


def open_desk(connectors: Collection[Connector] | None = None) -> Desk:
    """Raises ConfigurationError; that Kafka or the registry cannot be reached shows when they are asked.

    `connectors`: those there are, where the caller has looked for them already.
    """
    from schemas.codec import Codec
    from schemas.registry import Registry
    from streams.connectors import discover, load_connected_settings
    from streams.terminal import who

    settings = load_connected_settings(discover() if connectors is None else connectors)
    return Desk(settings, Codec(Registry(settings.registry.client())), who())


def table(*columns: str) -> Table:
    """A plain table; ids are never cut, keys are folded."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, no_wrap=column == "id", min_width=12 if column == "id" else None, overflow="fold")
    return made


def cut(text: str, most: int = 72) -> str:
    """What fits into a cell; the rest is shown by `show` and --json. 72: a price's key with the longest SKU a marketplace takes."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def console() -> Console:
    """Fitted to the terminal; a pipe gets every line whole."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 1000)


def print_table(made: Table) -> None:
    """On standard output."""
    console().print(made)


def print_json(value: object) -> None:
    """One JSON object on standard output."""
    import orjson

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")


def print_record(record: dict[str, Any]) -> None:
    """One failed record, a line for each part that says something, the innermost record last."""
    import orjson

    for name, content in record.items():
        if name != "value" and content not in ("", None, {}):
            typer.echo(f"{name:<14} {content}")
    value = record["value"]
    typer.echo("value")
    typer.echo(value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def audit_view(desk: Desk, subject: str, why: str, correlation: str) -> None:
    """Somebody is going to see personal data: written down before anything is shown. Raises BrokerError."""
    from streams.failure.actions import audit_message
    from streams.kafka import SyncProducer

    entry = audit_message(
        desk.codec, "view_unmasked", subject, actor=desk.actor, at=desk.now, note=why, correlation=correlation
    )
    with SyncProducer(desk.settings.kafka.librdkafka()) as producer:
        producer.send_all([entry])


def fail(text: str, code: int = EXIT_USAGE) -> typer.Exit:
    """Say it on standard error; raise what this returns."""
    typer.echo(text, err=True)
    return typer.Exit(code)


def confirm(question: str, yes: bool) -> None:
    """Ask, unless told not to. Ends the program when the answer is no or nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise fail(f"{question} There is nobody to ask: say --yes.")
    if not typer.confirm(question):
        raise fail("Nothing was done.", EXIT_FAILED)


def age_of(moment: datetime, now: datetime) -> str:
    """`12s`, `5m`, `3h`, `2d` ago."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def age(text: str | None) -> timedelta | None:
    """An age option; ends the program saying how to write it."""
    from streams.failure.dead import parse_age

    try:
        return parse_age(text) if text else None
    except ValueError as error:
        raise fail(str(error)) from None


def total(found: int, unreadable: int) -> int | None:
    """What a list may call its total: None when it found nothing but could not read everything, for then nobody knows."""
    return found if found or not unreadable else None


def end_list(found: int, unreadable: int, line: str) -> None:
    """The last line of a list, `line` where it is true; the exit code tells of what could not be read."""
    if found or not unreadable:
        typer.echo(("at least " if unreadable else "") + line)
    fail_unreadable(unreadable)


def fail_unreadable(count: int) -> None:
    """Ends the program when something could not be read."""
    if count:
        raise fail(
            f"{count} records cannot be read, so this is not all; `causeway verify registry` says whether the schema registry is the right one",
            EXIT_FAILED,
        )


def counted(records: Sequence[dict[str, Any]]) -> str:
    """`odoo data 3, odoo bug 1`."""
    from collections import Counter

    counts = Counter((record["destination"], record["reason"]) for record in records)
    return ", ".join(f"{destination} {reason} {count}" for (destination, reason), count in sorted(counts.items()))


def summary_of(failed: dict[str, Any]) -> dict[str, Any]:
    """A failed record without its value, as JSON values: what lists show. Its detail is masked already."""
    left_out = ("value", "headers")
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in failed.items()
        if name not in left_out
    }
