"""`causeway dead`: look at dead letters, send them back, edit them, discard them.

Exit codes of every command: 0 done; 1 something failed, was declined, or could not be read; 2 wrong usage or configuration, a name or id that
is not known; 3 Kafka or the registry cannot be reached. `replay` also: 1 not all of it is held by its destination now, 4 stopped because too
many failed again, 130 cancelled.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.failure_desk import (
    EXIT_CANCELLED,
    EXIT_FAILED,
    EXIT_STOPPED,
    JsonOption,
    NoteOption,
    YesOption,
    audit_view,
    confirm,
    fail,
    fail_unreadable,
    open_desk,
    print_json,
    print_record,
)  # fmt: skip

app = typer.Typer(no_args_is_help=True, help="Dead letters: look at them, send them back, edit or discard them.")

Destination = Annotated[
    list[str] | None, typer.Option("--destination", "-d", help="odoo, walmart, transform, ...; one at a time.")
]
Reasons = Annotated[list[str] | None, typer.Option("--reason", "-r", help="data, bug, auth, ...; may be repeated.")]
Operation = Annotated[str, typer.Option("--operation", help="upsert_order, ...")]
Key = Annotated[str, typer.Option("--key", "-k", help="Natural key, with * and ?, for example 'walmart:MAIN:*'.")]
Text = Annotated[str, typer.Option("--text", "-t", help="Found in detail, key, origin, correlation.")]
Older = Annotated[str | None, typer.Option("--older", help="Failed longer ago than this: 90s, 15m, 36h, 7d.")]
Newer = Annotated[str | None, typer.Option("--newer", help="Failed within this time.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=0, help="At most so many, the oldest first; 0 = all.")]
Force = Annotated[bool, typer.Option("--force", help="Also those that were replayed often and failed each time.")]
Ids = Annotated[
    list[str] | None, typer.Argument(help="Ids of dead letters or their beginnings, instead of or besides filters.")
]
OneId = Annotated[str, typer.Argument(help="Id of a dead letter, or its beginning.")]


@app.command("list")
def list_(
    destination: Destination = None, reason: Reasons = None, operation: Operation = "", key: Key = "", text: Text = "",
    older: Older = None, newer: Newer = None, limit: Limit = 50,
    every: Annotated[bool, typer.Option("--all", "-a", help="Also those something was done with, and superseded ones.")] = False,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Dead letters that wait for a person, oldest failure first."""
    from streams.cli.dead_choice import filter_of, read
    from streams.cli.dead_view import listing_json, print_listing
    from streams.failure.overtaken import marked

    desk = open_desk()
    reading = read(desk, filter_of(destination, reason, operation, key, text, older, newer, every=every))
    shown = marked(desk.settings, desk.codec, reading.letters[:limit] if limit else reading.letters)
    if json:
        print_json(listing_json(reading, shown))
        fail_unreadable(len(reading.unreadable))
    else:
        print_listing(reading, shown, desk)


@app.command()
def show(
    letter: OneId,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Show personal data; needs --reason and is audited.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why personal data must be seen.")] = "",
    json: JsonOption = False,
) -> None:  # fmt: skip
    """One dead letter with everything known of it, opened down to its innermost record. Personal data is masked."""
    from schemas.views import view_record
    from streams.cli.dead_choice import one
    from streams.cli.dead_view import standing
    from streams.failure.overtaken import marked

    if unmasked and not reason.strip():
        raise fail("--unmasked shows personal data: say why with --reason; it is kept in the audit trail")
    desk = open_desk()
    (found,) = marked(desk.settings, desk.codec, [one(desk, letter)])
    if unmasked:
        audit_view(desk, found.id, reason, found.failed["correlation"])
    record = view_record("failed_record", found.failed, desk.codec, masked=not unmasked)
    record |= {"lies_at": found.origin, **standing(found)}
    print_json(record) if json else print_record(record)


@app.command()
def plan(
    ids: Ids = None, destination: Destination = None, reason: Reasons = None, operation: Operation = "", key: Key = "", text: Text = "",
    older: Older = None, newer: Newer = None, limit: Limit = 0, force: Force = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file to write; default replay-ID.json.")] = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Write down what a replay would send where, and what it would leave out and why. Nothing is sent."""
    from streams.cli.dead_choice import filter_of, plan_over
    from streams.cli.dead_view import print_plan, write

    desk = open_desk()
    wanted = filter_of(destination, reason, operation, key, text, older, newer, ids or ())
    made = plan_over(desk, wanted, limit, force)
    if out is not None or not json:
        path = out or Path(f"replay-{made.id}.json")
        write(path, made.as_json())
    if json:
        print_json(made.as_json())
        return
    print_plan(made)
    typer.echo(f"Written to {path}. Send it with: causeway dead replay {path}")


@app.command()
def replay(
    what: Annotated[list[str] | None, typer.Argument(help="A plan file, or ids of dead letters, or nothing when filters say it.")] = None,
    destination: Destination = None, reason: Reasons = None, operation: Operation = "", key: Key = "", text: Text = "",
    older: Older = None, newer: Newer = None, limit: Limit = 0, force: Force = False,
    every: Annotated[bool, typer.Option("--all", help="All dead letters; needed when no filter is given.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent and send nothing.")] = False,
    rate: Annotated[float, typer.Option("--rate", min=0, help="Records a second; 0 = as fast as it goes.")] = 50.0,
    stop_ratio: Annotated[float, typer.Option("--stop-ratio", min=0, max=1, help="Stop when more than this share failed again.")] = 0.2,
    stop_minimum: Annotated[int, typer.Option("--stop-minimum", min=1, help="Answers needed before the ratio counts.")] = 20,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the last outcomes.")] = 120.0,
    report: Annotated[Path | None, typer.Option("--report", help="Also write the report to this file, as JSON.")] = None,
    note: NoteOption = "", yes: YesOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Send dead letters back to the destination that failed them, and say what became of each. Ctrl-C stops cleanly."""
    from streams.cli.dead_choice import filter_of, plan_of
    from streams.cli.dead_replay import run_with_progress
    from streams.cli.dead_view import print_plan, print_report, write
    from streams.failure.replay import Options

    desk = open_desk()
    wanted = filter_of(destination, reason, operation, key, text, older, newer)
    made = plan_of(desk, what or [], wanted, limit, force, every)
    if dry_run:
        print_json(made.as_json()) if json else print_plan(made)
        return
    if not made.replayable:
        print_plan(made) if not json else print_json(made.as_json() | {"good": not made.entries})
        raise typer.Exit(EXIT_FAILED if made.entries else 0)
    if not json:
        print_plan(made)
    confirm(f"Send {len(made.replayable)} records?", yes)
    result = run_with_progress(desk, made, Options(rate, stop_ratio, stop_minimum, wait, note), quiet=json)
    if report is not None:
        write(report, result.as_json())
    print_json(result.as_json()) if json else print_report(result)
    if result.stopped:
        raise typer.Exit(EXIT_CANCELLED if result.stopped == "cancelled" else EXIT_STOPPED)
    raise typer.Exit(0 if result.is_good else EXIT_FAILED)


@app.command()
def discard(
    ids: Ids = None, destination: Destination = None, reason: Reasons = None, operation: Operation = "", key: Key = "", text: Text = "",
    older: Older = None, newer: Newer = None, limit: Limit = 0,
    note: NoteOption = "", yes: YesOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Decide that these dead letters are not going to be sent. They stay in their topic until its retention ends; the note says why."""
    from streams.cli.dead_choice import filter_of, meant
    from streams.cli.dead_view import print_letters
    from streams.failure.discard import discard as put_away

    wanted = filter_of(destination, reason, operation, key, text, older, newer, ids or ())
    if not note.strip():
        raise fail("a discarded record is never delivered: say why with --note")
    if wanted.is_empty:
        raise fail("say which: ids or filters")
    desk = open_desk()
    letters = meant(desk, wanted, limit)
    if not json:
        print_letters(letters[:20], desk)
    if letters:
        confirm(f"Discard {len(letters)} records?", yes)
    put_away(desk.settings, desk.codec, [letter.failed for letter in letters], actor=desk.actor, at=desk.now, note=note)
    if json:
        print_json({"discarded": [letter.id for letter in letters]})
    else:
        typer.echo(f"{len(letters)} discarded.")


@app.command()
def edit(
    letter: OneId,
    sets: Annotated[list[str] | None, typer.Option("--set", help="PLACE=VALUE: lines[0].quantity=2 is of the first line; may be repeated.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="The whole edited record as JSON; - reads standard input.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the edit and send nothing.")] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the outcome; 0 = only send.")] = 30.0,
    note: NoteOption = "", yes: YesOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Change the record of a dead letter and send it to where it failed. Without --set or --file, $EDITOR opens it (personal data included).

    The edit must fit the record's schema, and amounts, quantities, currencies and times must be some. The original stays in the dead letters,
    marked as edited. What became of the new record is told; exit code 1 when it failed again.
    """
    from streams.cli.dead_choice import one
    from streams.cli.dead_edit import edit_letter

    desk = open_desk()
    edit_letter(desk, one(desk, letter), sets or [], file, dry_run=dry_run, wait=wait, note=note, yes=yes, json=json)
