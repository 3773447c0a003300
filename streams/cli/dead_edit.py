"""`causeway dead edit`: get the edited document, check it, show what changes, send it, say what became of it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from streams.cli.failure_desk import EXIT_FAILED, Desk, audit_view, confirm, fail, print_json
from streams.failure.dead import Letter
from streams.failure.edit import (
    Draft,
    EditError,
    apply_sets,
    changed_places,
    edited_messages,
    open_draft,
    parse_json,
    wrong_values,
)
from streams.failure.edit_outcome import send, words_of
from streams.failure.plan import superseded_words, target_problem
from streams.failure.verdicts import FAILED, NO_ANSWER, Verdict


def edit_letter(
    desk: Desk,
    letter: Letter,
    sets: Sequence[str],
    file: Path | None,
    *,
    dry_run: bool,
    wait: float,
    note: str,
    yes: bool,
    json: bool,
) -> None:
    """Edit and send one letter, and say what became of it. Ends the program saying what is wrong with the edit."""
    _refuse_done(desk, letter)
    try:
        draft = open_draft(desk.codec, letter)
        document = _edited(desk, draft, sets, file)
        key = desk.settings.checksum_key.get_secret_value().encode()
        message, noted = edited_messages(desk.codec, draft, document, actor=desk.actor, at=desk.now, note=note, key=key)
    except EditError as error:
        raise fail(str(error), EXIT_FAILED) from None
    places = changed_places(draft.document, document)
    new_id = dict(message.headers)["id"].decode()
    left = [str(problem) for problem in wrong_values(draft, document)[1]]
    if not json:
        typer.echo(f"Changed: {', '.join(places)}")
        for problem in left:
            typer.echo(f"Wrong too, and not changed: {problem}", err=True)
    told: dict[str, Any] = {"left_wrong": left} | {
        "failed_id": letter.id,
        "new_id": new_id,
        "target": message.topic,
        "changed": places,
        "sent": not dry_run,
    }
    if dry_run:
        print_json(told) if json else typer.echo("It fits its schema, and its values can be read; nothing was sent.")
        return
    confirm(f"Send the edited record to {message.topic}?", yes)
    verdict = send(desk.settings, desk.codec, letter, message, noted, wait)
    told |= {"result": verdict.result, "reason": verdict.reason, "detail": verdict.detail}
    print_json(told) if json else typer.echo(_sent_words(message.topic, new_id, verdict, wait))
    if verdict.result in FAILED:
        raise typer.Exit(EXIT_FAILED)


def _sent_words(topic: str, new_id: str, verdict: Verdict, wait: float) -> str:
    sent = f"Sent to {topic} as {new_id}."
    if verdict.result == NO_ANSWER:
        return (
            f"{sent} No outcome within {wait:g} s: `causeway trace {verdict.key}` shows it when it is there."
            if wait
            else sent
        )
    return f"{sent} Outcome: {words_of(verdict)}"


def _refuse_done(desk: Desk, letter: Letter) -> None:
    if letter.action is not None:
        raise fail(f"{letter.id} was {letter.action['action']} already by {letter.action['actor']}", EXIT_FAILED)
    if letter.superseded_by:
        raise fail(f"{letter.id} is {superseded_words(letter)}: edit that one", EXIT_FAILED)
    topics = frozenset(topic.name for topic in desk.settings.topic_table())
    if problem := target_problem(letter.failed["destination"], letter.failed["target"], topics):
        raise fail(problem, EXIT_FAILED)


def _edited(desk: Desk, draft: Draft, sets: Sequence[str], file: Path | None) -> Any:
    if file is not None and sets:
        raise fail("--file has the whole record: give no --set besides it")
    if sets:
        return apply_sets(draft.document, sets)
    if file is not None:
        return parse_json(_text_of(file))
    return parse_json(_in_editor(desk, draft))


def _text_of(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise fail(f"{file} cannot be read: {error}") from None


def _in_editor(desk: Desk, draft: Draft) -> str:
    """The editor shows personal data, so that it was opened is written down first."""
    if not sys.stdin.isatty():
        raise fail("there is no terminal for an editor: use --set or --file")
    audit_view(desk, draft.letter.id, "opened in an editor", draft.letter.failed["correlation"])
    return _typed(draft.text())


def _typed(text: str) -> str:
    """What $VISUAL or $EDITOR makes of the text. The file is readable by this user only and gone afterwards."""
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="causeway-") as folder:
        path = Path(folder) / "record.json"
        path.write_text(text, encoding="utf-8")
        try:
            code = subprocess.run([*editor, str(path)], check=False).returncode  # noqa: S603 - the user's own editor
        except OSError as error:
            raise fail(f"the editor {editor[0]} cannot be started: {error.strerror}; set EDITOR") from None
        if code != 0:
            raise fail(f"the editor ended with {code}: nothing was done", EXIT_FAILED)
        return _text_of(path)
