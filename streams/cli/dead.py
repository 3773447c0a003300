"""`causeway dead`: look at dead letters, send them back, edit them, discard them.

Exit codes of every command: 0 done; 1 something failed or was declined; 2 wrong usage or configuration, a name or id that is not known;
3 Kafka or the registry cannot be reached. `replay` also: 1 not all of it is held by its destination now, 4 stopped because too many failed
again, 130 cancelled.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.failure_desk import (
    EXIT_CANCELLED,
    EXIT_FAILED,
    EXIT_STOPPED,
    JsonOption,
    NoteOption,
    YesOption,
    age,
    age_of,
    confirm,
    counted,
    cut,
    fail,
    open_desk,
    print_json,
    print_table,
    summary_of,
    table,
)  # fmt: skip

if TYPE_CHECKING:
    from streams.cli.failure_desk import Desk
    from streams.failure.dead import Filter, Letter, Reading
    from streams.failure.plan import Plan
    from streams.failure.verdicts import Report

app = typer.Typer(no_args_is_help=True, help="Dead letters: look at them, send them back, edit or discard them.")

Destination = Annotated[str, typer.Option("--destination", "-d", help="odoo, walmart, transform, ...")]
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
    destination: Destination = "", reason: Reasons = None, operation: Operation = "", key: Key = "", text: Text = "",
    older: Older = None, newer: Newer = None, limit: Limit = 50,
    every: Annotated[bool, typer.Option("--all", "-a", help="Also those something was done with, and superseded ones.")] = False,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Dead letters that wait for a person, oldest failure first."""
    desk = open_desk()
    reading = _read(desk, _filter(destination, reason, operation, key, text, older, newer, (), every))
    shown = reading.letters[:limit] if limit else reading.letters
    if json:
        records = [summary_of(letter.failed) | _standing(letter) for letter in shown]
        print_json(
            {
                "total": len(reading.letters),
                "shown": len(shown),
                "superseded": reading.superseded,
                "unreadable": reading.unreadable,
                "records": records,
            }
        )
        return
    _print_table(shown, desk)
    if len(shown) < len(reading.letters):
        typer.echo(f"The oldest {len(shown)} of them; --limit 0 shows all.")
    if reading.unreadable:
        typer.echo(
            f"{len(reading.unreadable)} records cannot be read as dead letters: {', '.join(reading.unreadable[:5])}"
        )
    if reading.superseded:
        typer.echo(f"{reading.superseded} older ones of the same keys are superseded by these; --all shows them.")
    typer.echo(
        f"{len(reading.letters)} dead letters: {counted([letter.failed for letter in reading.letters]) or 'none'}"
    )


@app.command()
def show(
    letter: OneId,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Show personal data; needs --reason and is audited.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why personal data must be seen.")] = "",
    json: JsonOption = False,
) -> None:  # fmt: skip
    """One dead letter with everything known of it, opened down to its innermost record. Personal data is masked."""
    from schemas.views import view_record

    if unmasked and not reason.strip():
        raise fail("--unmasked shows personal data: say why with --reason; it is kept in the audit trail")
    desk = open_desk()
    found = _one(desk, letter)
    if unmasked:
        _audit_view(desk, found, reason)
    record = view_record("failed_record", found.failed, desk.codec, masked=not unmasked)
    record |= {"lies_at": found.origin, **_standing(found)}
    if json:
        print_json(record)
        return
    import orjson

    value = record.pop("value")
    for name, content in record.items():
        if content not in ("", None, {}):
            typer.echo(f"{name:<14} {content}")
    typer.echo("value")
    typer.echo(value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


@app.command()
def plan(
    ids: Ids = None, destination: Destination = "", reason: Reasons = None, operation: Operation = "", key: Key = "", text: Text = "",
    older: Older = None, newer: Newer = None, limit: Limit = 0, force: Force = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file to write; default replay-ID.json.")] = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Write down what a replay would send where, and what it would leave out and why. Nothing is sent."""
    desk = open_desk()
    made = _plan(desk, _filter(destination, reason, operation, key, text, older, newer, ids or (), False), limit, force)
    if out is not None or not json:
        path = out or Path(f"replay-{made.id}.json")
        _write(path, made.as_json())
    if json:
        print_json(made.as_json())
        return
    _print_plan(made)
    typer.echo(f"Written to {path}. Send it with: causeway dead replay {path}")


@app.command()
def replay(
    what: Annotated[list[str] | None, typer.Argument(help="A plan file, or ids of dead letters, or nothing when filters say it.")] = None,
    destination: Destination = "", reason: Reasons = None, operation: Operation = "", key: Key = "", text: Text = "",
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
    from streams.failure.replay import Options

    desk = open_desk()
    wanted = _filter(destination, reason, operation, key, text, older, newer, (), False)
    made = _plan_of(desk, what or [], wanted, limit, force, every)
    if dry_run:
        print_json(made.as_json()) if json else _print_plan(made)
        return
    if not made.replayable:
        _print_plan(made) if not json else print_json(made.as_json() | {"good": not made.entries})
        raise typer.Exit(EXIT_FAILED if made.entries else 0)
    if not json:
        _print_plan(made)
    confirm(f"Send {len(made.replayable)} records?", yes)
    options = Options(rate, stop_ratio, stop_minimum, wait, note)
    result = _run(desk, made, options, quiet=json)
    if report is not None:
        _write(report, result.as_json())
    print_json(result.as_json()) if json else _print_report(result)
    if result.stopped:
        raise typer.Exit(EXIT_CANCELLED if result.stopped == "cancelled" else EXIT_STOPPED)
    raise typer.Exit(0 if result.is_good else EXIT_FAILED)


@app.command()
def discard(
    ids: Ids = None, destination: Destination = "", reason: Reasons = None, operation: Operation = "", key: Key = "", text: Text = "",
    older: Older = None, newer: Newer = None, limit: Limit = 0,
    note: NoteOption = "", yes: YesOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Decide that these dead letters are not going to be sent. They stay in their topic until its retention ends; the note says why."""
    from streams.failure.discard import discard as put_away

    wanted = _filter(destination, reason, operation, key, text, older, newer, ids or (), False)
    if not note.strip():
        raise fail("a discarded record is never delivered: say why with --note")
    if wanted.is_empty:
        raise fail("say which: ids or filters")
    desk = open_desk()
    letters = _meant(desk, wanted)
    letters = letters[:limit] if limit else letters
    if letters and not json:
        _print_table(letters[:20], desk)
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
    sets: Annotated[list[str] | None, typer.Option("--set", help="PLACE=VALUE, for example lines[0].quantity=2; may be repeated.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="The whole edited record as JSON; - reads standard input.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the edit and send nothing.")] = False,
    note: NoteOption = "", yes: YesOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Change the record of a dead letter and send it to where it failed. Without --set or --file, $EDITOR opens it (personal data included).

    The edit must fit the record's schema. The original stays in the dead letters, marked as edited.
    """
    from streams.cli.dead_edit import edit_letter

    desk = open_desk()
    edit_letter(desk, _one(desk, letter), sets or [], file, dry_run=dry_run, note=note, yes=yes, json=json)


def _filter(
    destination: str, reason: list[str] | None, operation: str, key: str, text: str, older: str | None, newer: str | None,
    ids: list[str] | tuple[str, ...], every: bool,
) -> Filter:  # fmt: skip
    from schemas.reasons import Reason
    from streams.failure.dead import Filter

    known = [word.value for word in Reason]
    if unknown := [word for word in reason or () if word not in known]:
        raise fail(f"there is no reason {unknown[0]!r}; there are: {', '.join(known)}")
    return Filter(destination, tuple(reason or ()), operation, key, text, age(older), age(newer), tuple(ids), every)


def _read(desk: Desk, wanted: Filter) -> Reading:
    from streams.cli.known import check_destination
    from streams.failure.dead import dead_topics, read_dead

    check_destination(wanted.destination, dead_topics(desk.settings), "dead")
    return read_dead(desk.settings, desk.codec, wanted, desk.now)


def _meant(desk: Desk, wanted: Filter) -> list[Letter]:
    """Those something is to be done with. Ends the program for an id that is not known or that something was done with already."""
    from streams.failure.dead import Filter

    if wanted.ids:
        there = _read(desk, Filter(ids=wanted.ids, all=True)).letters
        problems = [problem for start in wanted.ids if (problem := _problem_of(start, there))]
        if problems:
            raise fail("\n".join(problems))
    return _read(desk, wanted).letters


def _problem_of(start: str, there: list[Letter]) -> str:
    from streams.failure.plan import superseded_words

    found = [letter for letter in there if letter.id.startswith(start)]
    if not found:
        file = "it is no file either; " if start.endswith(".json") or "/" in start else ""
        return f"there is no dead letter {start}; {file}`causeway dead list` shows them"
    if any(letter.is_open for letter in found):
        return ""
    letter = found[-1]
    if letter.action is not None:
        return f"{letter.id} was {letter.action['action']} already by {letter.action['actor']}"
    return f"{letter.id} is {superseded_words(letter)}"


def _one(desk: Desk, wanted_id: str) -> Letter:
    from streams.failure.dead import Filter

    letters = _read(desk, Filter(ids=(wanted_id,), all=True)).letters
    if len(letters) != 1:
        many = f"{len(letters)} dead letters begin with {wanted_id}: write more of the id"
        raise fail(many if letters else f"there is no dead letter {wanted_id}", EXIT_FAILED)
    return letters[0]


def _plan(desk: Desk, wanted: Filter, limit: int, force: bool) -> Plan:
    from streams.failure.plan import make_plan

    letters = _meant(desk, wanted)
    letters = letters[:limit] if limit else letters
    topics = [topic.name for topic in desk.settings.topic_table()]
    return make_plan(letters, topics, wanted, by=desk.actor, at=desk.now, force=force)


def _plan_of(desk: Desk, what: list[str], wanted: Filter, limit: int, force: bool, every: bool) -> Plan:
    from dataclasses import replace

    from streams.failure.plan import PlanError, parse_plan

    if len(what) == 1 and Path(what[0]).is_file():
        if not wanted.is_empty:
            raise fail("a plan file says what is sent: give no filters besides it")
        try:
            return parse_plan(Path(what[0]).read_text(encoding="utf-8"))
        except (PlanError, OSError, UnicodeDecodeError) as error:
            raise fail(f"{what[0]}: {error}") from None
    wanted = replace(wanted, ids=tuple(what))
    if wanted.is_empty and not every:
        raise fail("say which: a plan file, ids, filters, or --all")
    return _plan(desk, wanted, limit, force)


def _run(desk: Desk, made: Plan, options: Any, quiet: bool) -> Report:
    from streams.cli.dead_replay import run_with_progress
    from streams.failure.dead import Filter

    letters = {letter.id: letter for letter in _read(desk, Filter(all=True)).letters}
    return run_with_progress(desk, made, letters, options, quiet=quiet)


def _audit_view(desk: Desk, letter: Letter, why: str) -> None:
    """Written before anything is shown."""
    from streams.failure.actions import audit_message
    from streams.kafka import SyncProducer

    entry = audit_message(
        desk.codec,
        "view_unmasked",
        letter.id,
        actor=desk.actor,
        at=desk.now,
        note=why,
        correlation=letter.failed["correlation"],
    )
    with SyncProducer(desk.settings.kafka.librdkafka()) as producer:
        producer.send_all([entry])


def _standing(letter: Letter) -> dict[str, Any]:
    return {"action": _action(letter), "superseded_by": letter.superseded_by}


def _action(letter: Letter) -> dict[str, Any] | None:
    return None if letter.action is None else letter.action | {"at": letter.action["at"].isoformat()}


def _print_table(letters: list[Letter], desk: Desk) -> None:
    from rich.markup import escape

    if not letters:
        return
    rows = table(
        "id",
        "destination",
        "operation",
        "key",
        "reason",
        "tries",
        "replays",
        "failed",
        "detail",
    )
    for letter in letters:
        failed = letter.failed
        done = f"[superseded by {letter.superseded_by[:12]}] " if letter.superseded_by else ""
        done = f"[{letter.action['action']}] " if letter.action else done
        row = (
            letter.id[:12], failed["destination"], failed["operation"], cut(failed["key"]), failed["reason"], str(failed["attempts"]),
            str(failed["replays"]), f"{age_of(failed['last_failure'], desk.now)} ago", done + failed["detail"][:100],
        )  # fmt: skip
        rows.add_row(*map(escape, row))
    print_table(rows)


def _print_plan(made: Plan) -> None:
    from collections import Counter

    targets = Counter(entry.target for entry in made.replayable)
    typer.echo(f"Plan {made.id}: {len(made.replayable)} of {len(made.entries)} dead letters would be sent.")
    for target, count in sorted(targets.items()):
        typer.echo(f"  {count:>6} to {target}")
    for problem, count in Counter(entry.problem for entry in made.entries if entry.problem).most_common(20):
        typer.echo(f"  {count:>6} left out: {problem}")


def _print_report(result: Report) -> None:
    from rich.markup import escape

    from streams.failure.verdicts import GOOD

    bad = [verdict for verdict in result.verdicts if verdict.result not in GOOD]
    if bad:
        rows = table("id", "key", "result", "reason", "detail")
        for verdict in bad[:50]:
            rows.add_row(
                *map(
                    escape,
                    (verdict.failed_id[:12], cut(verdict.key), verdict.result, verdict.reason, verdict.detail[:100]),
                )
            )
        print_table(rows)
    for word, count in sorted(result.counts().items()):
        typer.echo(f"  {count:>6} {word}")
    ended = f"Stopped: {result.stopped}" if result.stopped else "Done"
    typer.echo(f"{ended}, after {result.seconds:.1f} s.")


def _write(path: Path, content: dict[str, Any]) -> None:
    import orjson

    try:
        path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise fail(f"{path} cannot be written: {error.strerror}") from None
