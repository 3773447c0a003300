"""EDGE-4, OPS-5: what `causeway status` shows of Boxes is what they said; who is silent, drops or has gaps stands out."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

from streams.cli import app
from streams.cli.status_view import page
from streams.gateway import entries
from streams.gateway.book import Book, key_of
from streams.gateway.overview import BoxLine, overview
from streams.observe.status import Unknown
from tests.unit.gateway.kit import BOX, NOW
from tests.unit.observe.test_status import status_of

WELL = {"spool_events": 3, "oldest_seconds": 12.5, "dropped": 0, "poll_gaps": 0}


def enrolled(book: Book, offset: int, box: str, health: dict[str, Any] | None, at: datetime = NOW) -> None:
    said = [
        entries.enrolment(box, "c", NOW, by="ann", at=at),
        entries.credential(box, f"k{offset}", "h", offset, called="", agent_version="", by="gw", at=at),
    ]
    if health is not None:
        said.append(entries.health(box, health, by="gw", at=at))
    for place, entry in enumerate(said, start=offset):
        book.apply(place, key_of(entry), entry)


def test_boxes_as_they_last_said_and_none_that_is_not_missed() -> None:
    book = Book()
    enrolled(book, 0, BOX, WELL, NOW - timedelta(seconds=40))
    enrolled(book, 10, "packing-2", None, NOW - timedelta(minutes=6))
    enrolled(book, 20, "sold", WELL)
    gone = entries.revocation("sold", by="ann", at=NOW)
    book.apply(30, key_of(gone), gone)
    waiting = entries.enrolment("new", "c", NOW + timedelta(minutes=5), by="ann", at=NOW)
    book.apply(31, key_of(waiting), waiting)
    assert overview(book, NOW) == (
        BoxLine(BOX, NOW - timedelta(seconds=40), 40.0, False, 3, 12.5, 0, 0),
        BoxLine("packing-2", NOW - timedelta(minutes=6), 360.0, True, None, None, None, None),
    )


def shown(*boxes: BoxLine, unknown: str = "") -> str:
    console = Console(width=150, record=True, color_system="truecolor", force_terminal=True, file=io.StringIO())
    console.print(page(status_of(), Table(), Unknown(unknown) if unknown else boxes))
    return console.export_text(styles=True)


def test_the_page_tells_who_is_silent_what_waits_and_what_was_lost() -> None:
    well = BoxLine(BOX, NOW, 40.0, False, 3, 65.0, 0, 0)
    text = shown(well)
    for told in ("IoT Boxes", BOX, "40 s ago", "1 m 5 s"):
        assert told in text
    assert "\x1b[31m6 m ago" in shown(replace(well, silent_seconds=360.0, is_silent=True))
    assert "\x1b[31m7\x1b" in shown(replace(well, dropped=7))
    assert "\x1b[33m2\x1b" in shown(replace(well, poll_gaps=2))
    assert "used twice" not in text
    assert "\x1b[31mused twice" in shown(replace(well, used_twice=True))
    assert "registry [away]" in shown(unknown="registry [away]")


def test_a_box_whose_credential_is_used_twice_stands_out() -> None:
    """EDGE-3"""
    book = Book()
    enrolled(book, 0, BOX, WELL)
    told = entries.twice(BOX, "k0", by="gw", at=NOW)
    book.apply(9, key_of(told), told)
    assert [line.used_twice for line in overview(book, NOW)] == [True]


def test_where_there_are_no_boxes_the_page_does_not_speak_of_them() -> None:
    assert "IoT" not in shown()


def test_programs_get_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    line = BoxLine(BOX, NOW, 40.0, False, 3, 65.0, 0, 0)
    monkeypatch.setattr("streams.observe.status.look", lambda *_, **__: status_of())
    monkeypatch.setattr("streams.cli.stack.with_stack", lambda action: [])
    monkeypatch.setattr("streams.cli.status._boxes", lambda: (line,))
    done = CliRunner().invoke(app, ["status", "--json"])
    assert done.exit_code == 0, done.output
    assert f'"boxes":[{{"box":"{BOX}"' in done.output
    assert '"spool_events":3' in done.output
