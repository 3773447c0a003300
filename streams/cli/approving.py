"""What `causeway price` and `causeway supplier` share: proposals chosen by id, asking, and writing down what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.failure_desk import EXIT_FAILED, confirm, fail

if TYPE_CHECKING:
    from streams.cli.failure_desk import Desk

Proposals = Annotated[list[str], typer.Argument(help="Ids of proposals, or their beginnings (8 characters at least).")]

LISTS = {"price": "causeway price proposals", "supplier": "causeway supplier proposals"}
_ANSWERS = {
    "price": "answer with `causeway price approve ID` or `causeway price reject ID`",
    "supplier": "answer with `causeway supplier approve ID` or `causeway supplier reject ID`; `--offer NUMBER` instead of ids takes all of an offer",
}
_WHOSE = {"price": "prices", "supplier": "suppliers"}


def chosen_of(waiting: Sequence[Mapping[str, Any]], ids: Sequence[str], listed_by: str) -> list[Mapping[str, Any]]:
    """Those that wait and have these ids, each once. Ends the program for an id that none or several have. `listed_by`: the command that lists
    them."""
    chosen: dict[str, Mapping[str, Any]] = {}
    for wanted in ids:
        found = [item for item in waiting if len(wanted) >= 8 and item["id"].startswith(wanted)]
        if len(found) != 1:
            raise fail(
                f"{wanted}: {len(found) or 'no'} proposals that wait have this id; see `{listed_by}`{_elsewhere(listed_by)}",
                EXIT_FAILED,
            )
        chosen |= {found[0]["id"]: found[0]}
    return list(chosen.values())


def waiting_words(count: int, group: str) -> str:
    """The last line of a list: how to answer, where there is something to answer. `group`: price or supplier."""
    return f"{count} wait; {_ANSWERS[group]}" if count else f"nothing waits{_elsewhere(LISTS[group])}"


def _elsewhere(listed_by: str) -> str:
    """Where the other proposals are: ids do not tell which they are."""
    return "".join(
        f"; those of {whose}: `{LISTS[group]}`" for group, whose in _WHOSE.items() if LISTS[group] != listed_by
    )


def answer_proposals(
    desk: Desk, chosen: Sequence[Mapping[str, Any]], said: Sequence[str], state: str, note: str, yes: bool
) -> None:
    """Show what would be `said`, ask, write it down."""
    from streams.approvals import answer

    for line in said:
        typer.echo(line)
    confirm(f"{len(chosen)} changes: {state}?", yes)
    answer(desk.settings, desk.codec, chosen, state, desk.actor, note, desk.now)
    typer.echo(f"{len(chosen)} {state}")
