"""How a list of changes is read without missing one. Pure: positions and pages in, positions out; `windowed` talks.

What "updated since" truly means at a marketplace, and what is done about it:

- A list takes a window of last-modified times and gives pages by a cursor. Entities that change while we page leave the window (it ends
  before now), and the rest may move up: one may be skipped on the border of two pages. The one that left has a later time and comes with
  the next window. For the one that was skipped, a pass counts where the list says how many it holds: it is complete only when it has read
  as many different ones, by the count of its first page and its last. Otherwise it is read again, in two halves; a window that fits on one
  page cannot shift.
- Entities may appear late, with times before what has been read. Each poll starts an overlap before the last one's end, and now and then
  looks back further. What was seen before changes nothing: later stages drop it by checksum.
- A list may match only so many; longer windows are halved until they fit.
- One flow may be several lists (Walmart: one for each ship node type), so each window is passed once per list.
- A day-old cursor may be refused after a restart: then the window is read again from its first page.

What stays possible: one leaves and another appears late between the same two pages of one pass, or the list does not count, and the skipped
one changed longer ago than the overlap. The wide look-back, and the census of ids, find it.

The position, as JSON text:

    v           1
    read_until  everything changed before this has been read
    poll        how many polls have been completed
    pass        absent between polls: from, to (the window), goal (where this poll ends), node (list being read), cursor (next page, "" =
                first), read (different ones so far), total (the first page's count, -1 = it told none), again (how often re-read)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors.kit.cursor import Overlap, Window, content_of, count_of, from_text, to_text

VERSION = 1
UNKNOWN_TOTAL = -1
# Each reading again halves the window. A list whose counts never agree must not be read for ever: after this many it is taken as it is,
# and the overlap of the next polls has to do.
MOST_REREADS = 3
# A cursor that goes round gives nothing to go on with, so here halving goes on until a window fits on a page or is one second long.
MOST_CIRCLES = 24


@dataclass(frozen=True, slots=True)
class Pass:
    """The reading of one window; the fields are those of the position."""

    window: Window
    goal: datetime
    node: str
    cursor: str = ""
    read: int = 0
    total: int = UNKNOWN_TOTAL
    again: int = 0

    def restarted(self, nodes: Sequence[str]) -> Pass:
        """The same window from its first page."""
        return Pass(self.window, self.goal, nodes[0], again=self.again)

    def split(self, nodes: Sequence[str]) -> Pass | None:
        """Its first half from the first page; None when it cannot be halved."""
        half = self.window.halved()
        return None if half is None else Pass(half, self.goal, nodes[0], again=self.again)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a flow stands. `reading`: the pass it is in, None between polls."""

    read_until: datetime | None = None
    poll: int = 0
    reading: Pass | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page brought: how many not seen before in this pass, what the list says it holds, where it goes on."""

    fresh: int
    total: int | None
    next_cursor: str


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back a poll goes. first: where the very first one begins; oldest: what the source still lists; overlap: see Overlap."""

    first: datetime
    oldest: datetime
    overlap: Overlap


def next_pass(position: Position, now: datetime, reach: Reach, node: str) -> Pass | None:
    """The first pass of a new poll, up to `now`; None when there is nothing to read."""
    begin = reach.first
    if position.read_until is not None:
        begin = min(position.read_until, now) - reach.overlap.of(position.poll)
    begin = max(begin, reach.oldest)
    return Pass(Window(begin, now), now, node) if begin < now else None


def too_many(seen: Seen, cap: int) -> bool:
    """Whether the window holds more than one query may match."""
    return seen.total is not None and seen.total > cap


def after(position: Position, seen: Seen, nodes: Sequence[str]) -> Position:
    """The position after a page of `position.reading`."""
    reading = position.reading
    assert reading is not None
    total = reading.total
    if not reading.cursor:
        total = UNKNOWN_TOTAL if seen.total is None else seen.total
    read = reading.read + seen.fresh
    if seen.next_cursor:
        return replace(position, reading=replace(reading, cursor=seen.next_cursor, read=read, total=total))
    if is_doubtful(read, total, seen.total) and reading.again < MOST_REREADS:
        again = replace(reading, again=reading.again + 1)
        return replace(position, reading=again.split(nodes) or again.restarted(nodes))
    return _after_node(position, reading, nodes)


def is_doubtful(read: int, first_total: int, last_total: int | None) -> bool:
    """Whether a pass may have skipped something: the list changed while it was read, or fewer came than it holds."""
    if first_total == UNKNOWN_TOTAL or last_total is None:
        return False
    return not first_total == last_total == read


def _after_node(position: Position, reading: Pass, nodes: Sequence[str]) -> Position:
    """A list is read to its end: on to the next list, the next window, or the end of the poll."""
    following = nodes.index(reading.node) + 1
    if following < len(nodes):
        return replace(position, reading=Pass(reading.window, reading.goal, nodes[following], again=reading.again))
    done = reading.window.end
    read_until = done if position.read_until is None else max(position.read_until, done)
    if done < reading.goal:
        return Position(read_until, position.poll, Pass(reading.window.after(reading.goal), reading.goal, nodes[0]))
    return Position(read_until, position.poll + 1)


def encode(position: Position) -> str:
    """As JSON text."""
    content: dict[str, Any] = {"v": VERSION, "poll": position.poll}
    if position.read_until is not None:
        content["read_until"] = to_text(position.read_until)
    if (one := position.reading) is not None:
        content["pass"] = {
            "from": to_text(one.window.start),
            "to": to_text(one.window.end),
            "goal": to_text(one.goal),
            "node": one.node,
            "cursor": one.cursor,
            "read": one.read,
            "total": one.total,
            "again": one.again,
        }
    return json.dumps(content, separators=(",", ":"))


def decode(text: str, nodes: Sequence[str]) -> Position:
    """The reverse; "" is the beginning. A pass of a list that is no longer read starts over. Raises DataError for what is no position."""
    content = content_of(text, VERSION)
    until = from_text(content["read_until"], "read_until") if "read_until" in content else None
    reading = _pass(content["pass"], nodes) if isinstance(content.get("pass"), dict) else None
    return Position(until, count_of(content, "poll"), reading)


def _pass(content: dict[str, Any], nodes: Sequence[str]) -> Pass:
    window = Window(from_text(content.get("from"), "pass.from"), from_text(content.get("to"), "pass.to"))
    goal = from_text(content.get("goal"), "pass.goal")
    again = count_of(content, "again")
    node, cursor = str(content.get("node")), content.get("cursor")
    if node not in nodes:
        return Pass(window, goal, nodes[0], again=again)
    if not isinstance(cursor, str) or not cursor:
        return Pass(window, goal, node, again=again)
    total = content.get("total", UNKNOWN_TOTAL)
    total = total if isinstance(total, int) and not isinstance(total, bool) else UNKNOWN_TOTAL
    return Pass(window, goal, node, cursor, count_of(content, "read"), total, again)
