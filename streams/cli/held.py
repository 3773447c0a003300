"""`causeway held`: records that wait for a mapping or an approval; look at them, release them by hand, discard them.

Exit codes: 0 done; 1 declined, no such record, or not all could be read; 2 wrong usage or configuration; 3 Kafka or the registry cannot be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.failure_desk import (
    EXIT_FAILED,
    JsonOption,
    NoteOption,
    YesOption,
    age_of,
    confirm,
    counted,
    cut,
    end_list,
    fail,
    fail_unreadable,
    open_desk,
    print_json,
    print_record,
    print_table,
    summary_of,
    table,
    total,
)  # fmt: skip

if TYPE_CHECKING:
    from streams.cli.failure_desk import Desk
    from streams.failure.heldbook import Held

app = typer.Typer(no_args_is_help=True, help="Held records: what waits for a mapping or an approval.")

Destination = Annotated[
    list[str] | None, typer.Option("--destination", "-d", help="odoo, walmart, ...; one at a time.")
]
WaitingFor = Annotated[str, typer.Option("--waiting-for", "-w", help="For example sku:walmart:MAIN:B-1.")]
Key = Annotated[str, typer.Option("--key", "-k", help="Natural key.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids of held records, or their beginnings.")]


@app.command("list")
def list_(
    destination: Destination = None, waiting_for: WaitingFor = "", key: Key = "", json: JsonOption = False
) -> None:
    """What is held now, oldest first, and what it waits for."""
    from streams.failure.held_list import read_held

    desk = open_desk()
    where = _checked(desk, destination)
    reading = read_held(desk.settings, desk.codec, destination=where, waiting_for=waiting_for, key=key)
    if json:
        records = [summary_of(item.failed) for item in reading.items]
        found = total(len(records), len(reading.unreadable))
        print_json({"total": found, "unreadable": reading.unreadable, "records": records})
        fail_unreadable(len(reading.unreadable))
        return
    _print_table(reading.items, desk)
    if reading.unreadable:
        typer.echo(f"{len(reading.unreadable)} records cannot be read: {', '.join(reading.unreadable[:5])}")
    words = counted([item.failed for item in reading.items]) or "none"
    end_list(len(reading.items), len(reading.unreadable), f"{len(reading.items)} held: {words}")


@app.command()
def show(
    record: Annotated[str, typer.Argument(help="Id of a held record, or its beginning.")], json: JsonOption = False
) -> None:
    """One held record, opened down to its innermost record. Personal data is masked."""
    from schemas.views import mask_record

    desk = open_desk()
    items = _items(desk, [record], None, "", "")
    if len(items) != 1:
        raise fail(f"{len(items)} held records begin with {record}: write more of the id", EXIT_FAILED)
    seen = mask_record("failed_record", items[0].failed, desk.codec)
    print_json(seen) if json else print_record(seen)


@app.command()
def release(
    ids: Ids = None, destination: Destination = None, waiting_for: WaitingFor = "", key: Key = "",
    every: Annotated[bool, typer.Option("--all", help="Everything held; needed when nothing else is said.")] = False,
    note: NoteOption = "", yes: YesOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Send held records back to their destination now, whatever they wait for. What still cannot be delivered is held again."""
    from streams.failure.held import release as send_back
    from streams.kafka import SyncProducer

    items, desk = _chosen(ids, destination, waiting_for, key, every)
    if items:
        confirm(f"Release {len(items)} records?", yes)
        with SyncProducer(desk.settings.kafka.librdkafka()) as producer:
            send_back(producer, desk.codec, items, actor=desk.actor, at=desk.now, note=note or "by hand")
    if json:
        print_json({"released": [item.id for item in items]})
    else:
        typer.echo(f"{len(items)} released.")


@app.command()
def discard(
    ids: Ids = None, destination: Destination = None, waiting_for: WaitingFor = "", key: Key = "",
    note: NoteOption = "", yes: YesOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Decide that held records are not going to be delivered. The note says why and is kept in the audit trail."""
    from streams.failure.discard import discard as put_away
    from streams.failure.heldbook import tombstone

    if not note.strip():
        raise fail("a discarded record is never delivered: say why with --note")
    items, desk = _chosen(ids, destination, waiting_for, key, every=False)
    if items:
        confirm(f"Discard {len(items)} records?", yes)
        failed, ends = [item.failed for item in items], [tombstone(item) for item in items]
        put_away(desk.settings, desk.codec, failed, actor=desk.actor, at=desk.now, note=note, more=ends)
    if json:
        print_json({"discarded": [item.id for item in items]})
    else:
        typer.echo(f"{len(items)} discarded.")


def _chosen(
    ids: list[str] | None, destination: list[str] | None, waiting_for: str, key: str, every: bool
) -> tuple[list[Held], Desk]:
    if not (ids or destination or waiting_for or key or every):
        raise fail("say which: ids, --waiting-for, --key, --destination, or --all")
    desk = open_desk()
    return _items(desk, ids or [], destination, waiting_for, key), desk


def _checked(desk: Desk, destinations: list[str] | None) -> str:
    from streams.cli.known import check_destination, one_destination
    from streams.failure.held_list import held_topics

    destination = one_destination(destinations)
    check_destination(destination, held_topics(desk.settings), "held")
    return destination


def _items(desk: Desk, ids: list[str], destination: list[str] | None, waiting_for: str, key: str) -> list[Held]:
    from streams.failure.held_list import read_held

    where = _checked(desk, destination)
    if not all(start.strip() for start in ids):
        raise fail("an id is empty; `causeway held list` shows them")
    reading = read_held(desk.settings, desk.codec, destination=where, waiting_for=waiting_for, key=key, ids=ids)
    found = reading.items
    missing = [start for start in ids if not any(item.id.startswith(start) for item in found)]
    if missing:
        fail_unreadable(len(reading.unreadable))
        raise fail(f"nothing is held under {', '.join(missing)}", EXIT_FAILED)
    return found


def _print_table(items: list[Held], desk: Desk) -> None:
    from rich.markup import escape

    if not items:
        return
    rows = table("id", "destination", "operation", "key", "waits for", "owner", "held for", "releases")
    for item in items:
        failed = item.failed
        row = (
            item.id[:12], failed["destination"], failed["operation"], failed["key"], item.waiting_for or "a person", failed["owner"],
            age_of(failed["first_failure"], desk.now), str(failed["replays"]),
        )  # fmt: skip
        rows.add_row(*(escape(cut(cell)) for cell in row))
    print_table(rows)
