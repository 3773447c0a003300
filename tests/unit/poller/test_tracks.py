"""Whose turn it is: the normal poll is never delayed by more than a page."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import cast

from connectors.kit.ports import Page
from schemas.record import Record
from streams.poller.commands import Action, Command
from streams.poller.flows import FlowKey
from streams.poller.tracks import Kind, Track, Wish, pick

NOW = 100.0
READING = cast(AsyncIterator[Page], object())


def wish(action: Action = Action.POLL_NOW) -> Wish:
    record = Record("poll.commands", 0, 0, 0, b"k", b"v")
    command = Command(
        "c", FlowKey("walmart", "main", "orders"), action, datetime(2026, 1, 1, tzinfo=UTC), ("1",), record
    )
    return Wish(command, lambda: None)


def test_nothing_to_do_waits_for_the_poll() -> None:
    tracks = [Track(Kind.POLL, due=NOW + 30), Track(Kind.RESYNC)]
    assert pick(tracks, NOW) == (None, 30)


def test_due_poll_and_resync_take_turns() -> None:
    """REC-3: a resync delays the normal poll by one page at most, and goes on itself."""
    poll, resync = Track(Kind.POLL), Track(Kind.RESYNC)
    resync.ask(wish(Action.RESYNC), NOW)
    order = []
    for turn in range(1, 7):
        track, _ = pick([poll, resync], NOW)
        assert track is not None
        track.turn = turn
        order.append(track.kind)
    assert order == [Kind.POLL, Kind.RESYNC] * 3


def test_ids_do_not_stand_behind_a_resync() -> None:
    poll, fetch, resync = Track(Kind.POLL, due=math.inf), Track(Kind.FETCH), Track(Kind.RESYNC, turn=5)
    resync.ask(wish(Action.RESYNC), NOW)
    fetch.ask(wish(Action.FETCH_IDS), NOW)
    assert pick([poll, fetch, resync], NOW)[0] is fetch


def test_wish_cuts_the_wait_short() -> None:
    poll = Track(Kind.POLL, due=NOW + 600)
    poll.ask(wish(), NOW)
    assert pick([poll], NOW)[0] is poll


def test_wish_does_not_cut_short_what_the_source_asked_for() -> None:
    """RATE-1: a throttled account is left alone."""
    poll = Track(Kind.POLL, due=NOW + 600, not_before=NOW + 60)
    poll.ask(wish(), NOW)
    assert pick([poll], NOW) == (None, 60)


def test_poll_answers_the_wishes_it_began_after() -> None:
    poll, early, late = Track(Kind.POLL), wish(), wish()
    poll.ask(early, NOW)
    poll.begin()
    poll.pages = READING
    poll.ask(late, NOW)
    assert poll.end(NOW, 600) == [early]
    assert poll.due == NOW, "asked for while reading: read once more"
    poll.begin()
    assert poll.end(NOW, 600) == [late]
    assert poll.due == NOW + 600


def test_failing_resync_leaves_the_poll_alone_and_keeps_its_wish() -> None:
    poll, resync = Track(Kind.POLL), Track(Kind.RESYNC)
    asked = wish(Action.RESYNC)
    resync.ask(asked, NOW)
    assert resync.end(NOW, 50) == []
    assert pick([poll, resync], NOW)[0] is poll
    assert resync.ready_at() == NOW + 50
    assert resync.answered() == [asked]
    assert resync.ready_at() == math.inf


def test_what_is_asked_for_keeps_to_a_lane_of_its_own() -> None:
    """EVT-5."""
    assert [Track(kind).lane for kind in (Kind.POLL, Kind.FETCH, Kind.RESYNC)] == ["", "normal", "bulk"]
