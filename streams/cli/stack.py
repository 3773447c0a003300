"""`causeway up` and `causeway down`: the local Kafka and schema registry; their part of `causeway status`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from streams.stack import PartStatus, Stack

T = TypeVar("T")
STYLES = {"running": "green", "external": "cyan", "stopped": "dim", "crashed": "red", "silent": "red"}


def mount(app: typer.Typer) -> None:
    """Add this group's commands to the root."""
    app.command("up")(up)
    app.command("down")(down)


def up() -> None:
    """Start Kafka and the schema registry on this machine; what runs already is left alone."""
    where = with_stack(lambda stack: stack.up())
    _say(f"Kafka            [bold]{where.bootstrap}[/]\nschema registry  [bold]{where.registry_url}[/]")


def down() -> None:
    """Stop Kafka and the schema registry of this folder; what the topics hold stays."""
    if not with_stack(lambda stack: stack.down()):
        _say("[dim]nothing of this folder runs[/]")


def with_stack(action: Callable[[Stack], T]) -> T:
    """Do something with the stack the environment describes; what fails is told in red and ends with exit code 1."""
    from pydantic import ValidationError
    from rich.markup import escape

    from streams.stack import Stack, StackError, StackSettings

    try:
        return action(Stack(StackSettings(), say=lambda line: _say(f"[dim]{escape(line)}[/]")))
    except StackError as error:
        _fail(str(error))
    except ValidationError as error:
        _fail("\n".join(_problem(e["loc"], e["msg"]) for e in error.errors()))
    raise typer.Exit(1)


def stack_table(parts: Sequence[PartStatus]) -> Table:
    """What `Stack.status()` found, as a table for people."""
    from rich.table import Table

    table = Table("part", "state", "address", "pid", "memory", "log", box=None, pad_edge=False)
    for part in parts:
        memory = f"{part.resident_bytes / 2**20:.0f} MiB" if part.resident_bytes else ""
        state = f"[{STYLES[part.state]}]{part.state}[/]"
        table.add_row(part.part, state, part.address, str(part.pid or ""), memory, str(part.log or ""))
    return table


def _problem(location: Sequence[int | str], message: str) -> str:
    """One wrong setting by the name of its variable; rules about several of them name their variables themselves."""
    text = message.removeprefix("Value error, ")
    return f"CAUSEWAY_STACK__{str(location[0]).upper()}: {text}" if location else text


def _say(markup: str) -> None:
    from rich.console import Console

    Console(highlight=False, emoji=False, soft_wrap=True).print(markup)


def _fail(message: str) -> None:
    from rich.console import Console

    Console(stderr=True, emoji=False, highlight=False, soft_wrap=True).print(message, style="red", markup=False)
