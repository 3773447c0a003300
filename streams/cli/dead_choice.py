"""Which dead letters a command of `causeway dead` means: filters, ids and plans, checked against what there is.

What cannot be meant (an unknown reason, destination or id, a letter that something was done with) ends the program with words and exit code 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from schemas.reasons import Reason
from streams.cli.failure_desk import EXIT_FAILED, Desk, age, fail, fail_unreadable
from streams.cli.known import check_destination, one_destination
from streams.failure.dead import Filter, Letter, Reading, dead_topics, read_dead
from streams.failure.plan import Plan, PlanError, make_plan, parse_plan, superseded_words


def filter_of(
    destination: list[str] | None, reason: list[str] | None, operation: str, key: str, text: str, older: str | None, newer: str | None,
    ids: Sequence[str] = (), *, every: bool = False,
) -> Filter:  # fmt: skip
    """What the options say. `every`: also those something was done with, or superseded."""
    known = [word.value for word in Reason]
    if unknown := [word for word in reason or () if word not in known]:
        raise fail(f"there is no reason {unknown[0]!r}; there are: {', '.join(known)}")
    return Filter(
        one_destination(destination),
        tuple(reason or ()),
        operation,
        key,
        text,
        age(older),
        age(newer),
        tuple(ids),
        every,
    )


def read(desk: Desk, wanted: Filter) -> Reading:
    """All that the filter means, oldest failure first."""
    check_destination(wanted.destination, dead_topics(desk.settings), "dead")
    return read_dead(desk.settings, desk.codec, wanted, desk.now)


def one(desk: Desk, wanted_id: str) -> Letter:
    """The letter of that id, or of which it is the beginning, whatever was done with it."""
    if not wanted_id.strip():
        raise fail("say which: the id of a dead letter, or its beginning; `causeway dead list` shows them")
    reading = read(desk, Filter(ids=(wanted_id,), all=True))
    letters = reading.letters
    if not letters:
        fail_unreadable(len(reading.unreadable))
    if len(letters) != 1:
        many = f"{len(letters)} dead letters begin with {wanted_id}: write more of the id"
        raise fail(many if letters else f"there is no dead letter {wanted_id}", EXIT_FAILED)
    return letters[0]


def meant(desk: Desk, wanted: Filter, limit: int) -> list[Letter]:
    """Those something is to be done with, at most `limit` of them (0 = all), the oldest first."""
    if wanted.ids:
        if not all(start.strip() for start in wanted.ids):
            raise fail("an id is empty; `causeway dead list` shows them")
        there = read(desk, Filter(ids=wanted.ids, all=True)).letters
        problems = [problem for start in wanted.ids if (problem := _problem_of(start, there))]
        if problems:
            raise fail("\n".join(problems))
    letters = read(desk, wanted).letters
    return letters[:limit] if limit else letters


def plan_over(desk: Desk, wanted: Filter, limit: int, force: bool) -> Plan:
    """The plan to send back what the filter means."""
    topics = [topic.name for topic in desk.settings.topic_table()]
    return make_plan(meant(desk, wanted, limit), topics, wanted, by=desk.actor, at=desk.now, force=force)


def plan_of(desk: Desk, what: list[str], wanted: Filter, limit: int, force: bool, every: bool) -> Plan:
    """The plan in the file that `what` names, or one made now of the ids in it and the filter. `every`: an empty filter is meant."""
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
    return plan_over(desk, wanted, limit, force)


def _problem_of(start: str, there: list[Letter]) -> str:
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
