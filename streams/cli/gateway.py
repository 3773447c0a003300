"""`causeway gateway`: run the gateway for agents of IoT Boxes; enrol, look at, configure and revoke Boxes.

Exit codes: 0 done; 1 no such Box; 2 wrong usage or configuration; 3 Kafka or the registry cannot be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.failure_desk import (
    EXIT_FAILED,
    JsonOption,
    NoteOption,
    YesOption,
    confirm,
    fail,
    open_desk,
    print_json,
    print_table,
    table,
)

if TYPE_CHECKING:
    from streams.cli.failure_desk import Desk
    from streams.gateway.desk import BoxDesk

app = typer.Typer(no_args_is_help=True, help="IoT Boxes: the gateway their agents post to, and who may.")

BoxArgument = Annotated[
    str, typer.Argument(metavar="BOX", help="The Box's identifier, usually its MAC address: b8:27:eb:00:00:01")
]


@app.command()
def run() -> None:
    """Answer agents of IoT Boxes until SIGTERM, at CAUSEWAY_GATEWAY__HOST and __PORT. Any number of gateways may run, behind one address or several.

    Exit codes: 0 asked to stop; 2 wrong configuration; 3 Kafka or the registry cannot be reached.
    """
    import asyncio

    from schemas.registry import RegistryError
    from streams.gateway.run import run_process
    from streams.kafka import BrokerError
    from streams.settings import ConfigurationError

    try:
        asyncio.run(run_process())
    except ConfigurationError as error:
        raise fail(str(error)) from None
    except (BrokerError, RegistryError) as error:
        raise fail(str(error), 3) from None


@app.command()
def enrol(
    box: BoxArgument,
    minutes: Annotated[
        int | None, typer.Option(min=1, max=1440, help="How long the code can be used; default: as configured.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a one-time code for a Box, shown once. A Box that has a token keeps it until the code is used."""
    desk, boxes = _opened()
    code = _done(lambda: boxes.enrol(box, minutes or desk.settings.gateway.code_minutes, actor=desk.actor, at=desk.now))
    if json:
        print_json({"box": code.box, "code": code.code, "expires_at": code.expires_at, "replaces": code.standing})
        return
    typer.echo(
        f"{code.code}\n\nOn {code.box}, before {code.expires_at:%H:%M:%S} UTC: causeway-edge enrol {code.code}\n"
        "It works once and is not shown again."
    )
    if code.standing:
        typer.echo("The Box has a token: it goes on counting until the code is used.")


@app.command()
def boxes(json: JsonOption = False) -> None:
    """Every Box: when it was last heard of, how far its events are safe, how it says it is."""
    from streams.gateway.desk import as_json

    desk, book = _opened()
    found = [as_json(box, desk.now) for box in book.book().boxes()]
    if json:
        print_json({"boxes": found})
        return
    if not found:
        typer.echo("there are no Boxes; `causeway gateway enrol BOX` makes a code for the first")
        return
    rows = table("box", "state", "last seen", "through", "spool", "dropped", "gaps", "skew", "clock", "config", "agent")
    for box in found:
        rows.add_row(*_row(box))
    print_table(rows)


@app.command()
def revoke(box: BoxArgument, note: NoteOption = "", yes: YesOption = False, json: JsonOption = False) -> None:
    """End a Box's token and any code of it. Its agent keeps what it hears and says so; a new code lets it in again."""
    desk, boxes = _opened()
    confirm(f"Revoke {box}?", yes)
    known = _done(lambda: boxes.revoke(box, actor=desk.actor, at=desk.now, note=note))
    if json:
        print_json({"box": known.name, "was": known.state(desk.now)})
    else:
        typer.echo(f"{known.name} revoked (was {known.state(desk.now)})")


@app.command()
def configure(
    box: BoxArgument,
    settings: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="devices, spool_megabytes, spool_days, batch_events, "
                                                  "send_seconds, health_seconds, log_level; an empty value takes one back")],
    note: NoteOption = "",
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Set what a Box shall work by; it learns of it with its next call. Credentials, addresses and code cannot be set from here."""
    desk, boxes = _opened()
    wanted = _done(lambda: boxes.configure(box, settings, actor=desk.actor, at=desk.now, note=note))
    if json:
        print_json({"box": box, "config": dict(wanted)})
    else:
        typer.echo(
            "\n".join(f"{name} = {value}" for name, value in sorted(wanted.items())) or "nothing is set from here"
        )


def _opened() -> tuple[Desk, BoxDesk]:
    from streams.gateway.desk import BoxDesk

    desk = open_desk()
    return desk, BoxDesk(desk.settings, desk.codec)


def _done(action: Any) -> Any:
    from streams.gateway.desk import DeskError

    try:
        return action()
    except DeskError as error:
        raise fail(str(error), EXIT_FAILED if "there is no Box" in str(error) else 2) from None


def _row(box: dict[str, Any]) -> list[str]:
    from rich.markup import escape

    health, silent = box["health"], box["silent_seconds"]
    skew, clock = health.get("skew_ms"), box["clock_error_seconds"]
    if box["used_twice_at"]:
        box = {**box, "state": "used twice"}
    state = {"used twice": "[red]used twice[/]", "revoked": "[red]revoked[/]", "expired": "[yellow]expired[/]"}.get(
        box["state"], box["state"]
    )
    version = str(box["config_version"]) if box["config_version"] else ""
    return [
        escape(box["box"]),
        state,
        "never" if silent is None else f"{silent} s ago",
        str(box["through"]),
        *(str(health.get(name, "")) for name in ("spool_events", "dropped", "poll_gaps")),
        "" if skew is None else f"{skew} ms",
        "" if clock is None else f"{clock:+.1f} s",
        version if not version or box["has_config"] else f"{version} [yellow]not yet there[/]",
        escape(str(health.get("agent_version", ""))),
    ]
