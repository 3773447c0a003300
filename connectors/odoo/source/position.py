"""Where a flow of Odoo stands. Pure: positions in, positions out.

A poll is one pass over the flow's watched models. Of each it lists the rows with `write_date >= begin`, by id, page by page. `begin` is the
beginning of the poll before, less an overlap longer than Odoo's longest transaction: write_date is when a transaction started, so a row may
appear that much after its date. There is no upper end: a row that changes while the pass goes on has a date after its beginning, and comes
with the next. So the keyset by id is complete, hundreds of rows in one second or not, and nothing has to be held back until its second is over.

The position, as JSON text; times are UTC in whole seconds of Odoo's clock:

    v         1
    until     everything changed before this has been read
    poll      how many polls have been completed
    swept     when everything was last read, of flows that do that
    version   the newest version given to what is versioned by the time of its reading, milliseconds
    journal   outbox mode: the last poll read the journal or what was there before it, so from now on it tells everything
    pass      absent between polls: kind, from, begun, at (index of the watched model), after (last id of it), all (everything has to be read)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.kit.cursor import content_of, count_of, from_text, to_text
from connectors.kit.errors import DataError

VERSION = 1
POLL, WIDE, SWEEP, JOURNAL = "poll", "wide", "sweep", "journal"
KINDS = (POLL, WIDE, SWEEP, JOURNAL)
_DATELESS = (SWEEP, JOURNAL)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass. `begin` None: of a sweep or the journal, which ask no dates. `everything`: a sweep has to follow."""

    kind: str
    begin: datetime | None
    begun: datetime
    at: int = 0
    after: int = 0
    everything: bool = False

    def next_model(self) -> Pass:
        """The watched model is read to its end."""
        return replace(self, at=self.at + 1, after=0)

    def as_sweep(self) -> Pass:
        """Every entity is read, by id; what changes meanwhile comes with the next poll."""
        return Pass(SWEEP, None, self.begun)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a flow stands. `reading`: the pass it is in, None between polls."""

    until: datetime | None = None
    poll: int = 0
    swept: datetime | None = None
    version: int = 0
    journal: bool = False
    reading: Pass | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back polls look.

    first    what a first poll begins with, None = by reading everything
    sweep    how often everything is read, zero = only at first, None = never
    journal  Odoo keeps one
    """

    usual: timedelta
    wide: timedelta
    wide_every: int
    first: timedelta | None
    sweep: timedelta | None = None
    journal: bool = False


def begun(position: Position, now: datetime, reach: Reach, *, unwatched: bool = False) -> Position:
    """The position with the pass of a new poll, which begins now. `unwatched`: nobody has polled for long, so what
    leaves no date may have changed."""
    return replace(position, reading=_next(position, now, reach, unwatched))


def _next(position: Position, now: datetime, reach: Reach, unwatched: bool) -> Pass:
    if position.until is None:
        if reach.first is None:
            return Pass(SWEEP, None, now)
        return Pass(POLL, now - reach.first, now)
    everything = _is_due(position, now, reach)
    # The clock of the database may have been set back: then from where it stands now.
    until = min(position.until, now)
    if reach.journal and position.journal:
        return Pass(JOURNAL, None, now, everything=everything)
    if everything or (unwatched and reach.sweep is not None):
        return Pass(POLL, until - reach.usual, now, everything=True)
    if reach.wide_every and position.poll % reach.wide_every == 0 and reach.wide > reach.usual:
        return Pass(WIDE, until - reach.wide, now)
    return Pass(POLL, until - reach.usual, now)


def _is_due(position: Position, now: datetime, reach: Reach) -> bool:
    if reach.sweep is None:
        return False
    return position.swept is None or bool(reach.sweep and now - position.swept >= reach.sweep)


def ended(position: Position, *, journal: bool = False) -> Position:
    """The pass is over: the poll is, or a sweep follows. `journal`: Odoo keeps one."""
    reading = position.reading
    assert reading is not None
    if reading.everything:
        return replace(position, reading=reading.as_sweep())
    swept = reading.begun if reading.kind == SWEEP else position.swept
    return replace(position, until=reading.begun, poll=position.poll + 1, swept=swept, journal=journal, reading=None)


def encode(position: Position) -> str:
    """As JSON text."""
    content: dict[str, Any] = {"v": VERSION, "poll": position.poll}
    if position.until is not None:
        content["until"] = to_text(position.until)
    if position.swept is not None:
        content["swept"] = to_text(position.swept)
    if position.version:
        content["version"] = position.version
    if position.journal:
        content["journal"] = True
    if (one := position.reading) is not None:
        content["pass"] = {"kind": one.kind, "begun": to_text(one.begun), "at": one.at, "after": one.after}
        if one.begin is not None:
            content["pass"]["from"] = to_text(one.begin)
        if one.everything:
            content["pass"]["all"] = True
    return json.dumps(content, separators=(",", ":"))


def decode(text: str) -> Position:
    """The reverse; "" is the beginning. Raises DataError for what is no position."""
    content = content_of(text, VERSION)
    return Position(
        until=_time(content, "until"),
        poll=count_of(content, "poll"),
        swept=_time(content, "swept"),
        version=count_of(content, "version"),
        journal=content.get("journal") is True,
        reading=_pass(content["pass"]) if isinstance(content.get("pass"), dict) else None,
    )


def _time(content: Mapping[str, Any], field: str) -> datetime | None:
    return from_text(content[field], field) if field in content else None


def _pass(content: Mapping[str, Any]) -> Pass:
    kind = content.get("kind")
    if kind not in KINDS:
        raise DataError("position.pass.kind: unknown; resync to start over")
    begin = from_text(content["from"], "pass.from") if "from" in content else None
    if begin is None and kind not in _DATELESS:
        raise DataError("position.pass.from: missing; resync to start over")
    return Pass(
        kind,
        begin,
        from_text(content.get("begun"), "pass.begun"),
        count_of(content, "at"),
        count_of(content, "after"),
        everything=content.get("all") is True,
    )
