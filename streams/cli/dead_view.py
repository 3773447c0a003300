"""What `causeway dead` prints, and the files it writes: the list of letters, a plan, the report of a replay."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.markup import escape

from streams.cli.failure_desk import (
    Desk,
    age_of,
    counted,
    cut,
    end_list,
    fail,
    print_table,
    summary_of,
    table,
    total,
)
from streams.failure.dead import Letter, Reading
from streams.failure.plan import Plan
from streams.failure.verdicts import GOOD, Report

_COLUMNS = ("id", "destination", "operation", "key", "reason", "tries", "replays", "failed", "detail")


def listing_json(reading: Reading, shown: list[Letter]) -> dict[str, Any]:
    """The list as one object."""
    return {
        "total": total(len(reading.letters), len(reading.unreadable)),
        "shown": len(shown),
        "superseded": reading.superseded,
        "unreadable": reading.unreadable,
        "records": [summary_of(letter.failed) | standing(letter) for letter in shown],
    }


def print_listing(reading: Reading, shown: list[Letter], desk: Desk) -> None:
    """The letters, and what is not among them."""
    print_letters(shown, desk)
    if len(shown) < len(reading.letters):
        typer.echo(f"The oldest {len(shown)} of them; --limit 0 shows all.")
    if reading.unreadable:
        typer.echo(
            f"{len(reading.unreadable)} records cannot be read as dead letters: {', '.join(reading.unreadable[:5])}"
        )
    if reading.superseded:
        typer.echo(f"{reading.superseded} older ones of the same keys are superseded by these; --all shows them.")
    if overtaken := sum(letter.is_overtaken for letter in shown):
        words = (
            "the destination holds a newer state since. Replayed they change nothing and are answered; or discard them"
        )
        typer.echo(f"{overtaken} of these overtaken: {words}.")
    words = counted([letter.failed for letter in reading.letters]) or "none"
    end_list(len(reading.letters), len(reading.unreadable), f"{len(reading.letters)} dead letters: {words}")


def print_letters(letters: list[Letter], desk: Desk) -> None:
    """A table; nothing when there are none."""
    if not letters:
        return
    rows = table(*_COLUMNS)
    for letter in letters:
        failed = letter.failed
        done = "[overtaken] " if letter.is_overtaken else ""
        done = f"[superseded by {letter.superseded_by[:12]}] " if letter.superseded_by else done
        done = f"[{letter.action['action']}] " if letter.action else done
        row = (
            letter.id[:12], failed["destination"], failed["operation"], cut(failed["key"]), failed["reason"], str(failed["attempts"]),
            str(failed["replays"]), f"{age_of(failed['last_failure'], desk.now)} ago", done + failed["detail"][:100],
        )  # fmt: skip
        rows.add_row(*map(escape, row))
    print_table(rows)


def standing(letter: Letter) -> dict[str, Any]:
    """What was done with it and what stands for it now, as JSON values."""
    action = None if letter.action is None else letter.action | {"at": letter.action["at"].isoformat()}
    return {"action": action, "superseded_by": letter.superseded_by, "overtaken": letter.is_overtaken}


def print_plan(made: Plan) -> None:
    """How many go where, and why others do not."""
    targets = Counter(entry.target for entry in made.replayable)
    typer.echo(f"Plan {made.id}: {len(made.replayable)} of {len(made.entries)} dead letters would be sent.")
    for target, count in sorted(targets.items()):
        typer.echo(f"  {count:>6} to {target}")
    for problem, count in Counter(entry.problem for entry in made.entries if entry.problem).most_common(20):
        typer.echo(f"  {count:>6} left out: {problem}")


def print_report(result: Report) -> None:
    """What became of the records of a replay, those that failed again by name."""
    bad = [verdict for verdict in result.verdicts if verdict.result not in GOOD]
    if bad:
        rows = table("id", "key", "result", "reason", "detail")
        for verdict in bad[:50]:
            row = (verdict.failed_id[:12], cut(verdict.key), verdict.result, verdict.reason, verdict.detail[:100])
            rows.add_row(*map(escape, row))
        print_table(rows)
    for word, count in sorted(result.counts().items()):
        typer.echo(f"  {count:>6} {word}")
    ended = f"Stopped: {result.stopped}" if result.stopped else "Done"
    typer.echo(f"{ended}, after {result.seconds:.1f} s.")


def write(path: Path, content: dict[str, Any]) -> None:
    """As JSON. Ends the program when it cannot be written."""
    try:
        path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise fail(f"{path} cannot be written: {error.strerror}") from None
