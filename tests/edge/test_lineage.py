"""EDGE-3: by its names the gateway tells a spool from a copy; they are on the card before anybody hears them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_iotbox.gateway import Gateway
from edge_iotbox.lineage import NAME, Kept, Lineage, read_lineage
from edge_iotbox.verdicts import AskFirst, Later, NotAllowed, Taken, Verdict, verdict_of
from schemas.edge_contract import MAX_SPOOL_NAMES
from schemas.hardware import id_of
from tests.edge.samples import event
from tests.edge.servers import TOKEN, FakeGateway, served
from tests.edge.stage import draft, opened


def counting(start: int) -> Callable[[int], bytes]:
    return lambda count: start.to_bytes(count, "big")


def name(number: int) -> str:
    return f"{number:016x}"


def test_each_start_has_a_name_which_is_kept_before_it_is_told(tmp_path: Path) -> None:
    first = Lineage(tmp_path, counting(1))
    assert not (tmp_path / NAME).exists(), "looking makes nothing"
    assert first.header() == name(1)
    assert read_lineage(tmp_path).names == (name(1),)
    assert first.header() == name(1)
    assert Lineage(tmp_path, counting(2)).header() == f"{name(2)} {name(1)}"
    third = Lineage(tmp_path, counting(3))
    assert third.header() == f"{name(3)} {name(2)} {name(1)}"
    third.heard()
    assert (third.header(), read_lineage(tmp_path).names) == (name(3), (name(3),))


def test_of_very_many_names_the_one_that_was_heard_stays(tmp_path: Path) -> None:
    for number in range(1, MAX_SPOOL_NAMES + 50):
        Lineage(tmp_path, counting(number)).header()
    names = read_lineage(tmp_path).names
    assert len(names) == MAX_SPOOL_NAMES
    assert (names[0], names[-1]) == (name(1), name(MAX_SPOOL_NAMES + 49))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff", b'{"names": ["x"], "settled": ""}', b'{"names": 7, "settled": ""}', b'{"names": []}'],
)
def test_names_that_cannot_be_read_are_none(tmp_path: Path, content: bytes) -> None:
    """The gateway asks for a new enrolment then; the events stay."""
    (tmp_path / NAME).write_bytes(content)
    assert read_lineage(tmp_path) == Kept()
    assert Lineage(tmp_path, counting(5)).header() == name(5)


def test_the_credential_it_settled_under_is_kept_as_a_digest(tmp_path: Path) -> None:
    lineage = Lineage(tmp_path)
    lineage.header()
    assert not lineage.is_settled(TOKEN)
    lineage.settled(TOKEN)
    assert Lineage(tmp_path).is_settled(TOKEN)
    assert not Lineage(tmp_path).is_settled("another")
    assert TOKEN not in (tmp_path / NAME).read_text()


def test_a_name_that_cannot_be_kept_is_not_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with served(FakeGateway()) as end:
        gateway = Gateway(end.url, lambda: TOKEN, lineage=Lineage(tmp_path / "gone"))
        assert gateway.send([]) == Later("lineage_not_written")
        assert gateway.health({}) == Later("lineage_not_written")
        gateway.close()
    assert end.calls == []
    assert "do=make the spool's folder writable" in caplog.text


def test_under_another_credential_it_asks_before_it_sends(tmp_path: Path) -> None:
    tokens = [TOKEN]
    with served(FakeGateway()) as end:
        gateway = Gateway(end.url, lambda: tokens[-1], lineage=Lineage(tmp_path))
        batch = [event(1)]
        assert gateway.send(batch) == AskFirst()
        assert end.calls == []
        assert gateway.send([]) == Taken(0, 0, strict=True)
        assert gateway.send(batch) == Taken(1, 0)
        assert gateway.send([]) == Taken(1, 0)
        tokens.append("another-token-0002")
        end.token = tokens[-1]
        assert gateway.send([event(2)]) == AskFirst()
        assert gateway.send([]) == Taken(1, 0, strict=True)
        gateway.close()


@pytest.mark.parametrize(
    ("through", "last", "left"),
    [
        (0, "", [1, 2, 3]),  # nothing there yet
        (2, "own", [3]),  # our second one: so the first is there too
        (3, "own", []),
        (
            2,
            "f" * 32,
            [3, 4, 5, 6],
        ),  # another spool's: nothing of ours is there; a gap tells of the numbers that were not ours
        (3, "", [4, 5, 6, 7]),
        (9, "f" * 32, [10, 11, 12, 13]),
    ],
)
def test_what_waits_is_let_go_only_where_the_last_event_there_is_one_of_it(
    tmp_path: Path, through: int, last: str, left: list[int]
) -> None:
    spool = opened(tmp_path)
    made = spool.append([draft(value) for value in "abc"])
    own = made[through - 1].id if last == "own" else last
    spool.settle(through, own)
    found = spool.batch()
    assert [one.sequence for one in found] == left
    assert [one.value for one in found if one.kind == "scan"] == list("abc")[through if last == "own" else 0 :]
    assert all(one.id == id_of(one) for one in found)
    spool.give_back()
    assert spool.settle(through, own) == 0, "a second time changes nothing"
    assert [one.sequence for one in spool.batch()] == left
    spool.close()


def test_settling_survives_a_restart_before_anything_was_sent(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.append([draft(value) for value in "ab"])
    spool.settle(5, "f" * 32)
    spool.close()
    again = opened(tmp_path)
    assert again.settle(5, "f" * 32) == 0
    assert [one.value for one in again.batch() if one.kind == "scan"] == ["a", "b"]
    again.close()


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (403, b'{"error": "x", "reason": "other_spool"}', NotAllowed("other_spool")),
        (403, b'{"error": "x"}', NotAllowed()),
        (428, b"", AskFirst()),
        (200, b'{"through": 3, "last": "ab", "strict": true}', Taken(3, None, "ab", strict=True)),
        (200, b'{"through": 3, "last": 7, "strict": 1}', Taken(3)),
    ],
)
def test_what_the_gateway_says_of_spools(status: int, body: bytes, verdict: Verdict) -> None:
    assert verdict_of(status, {}, body) == verdict


def test_the_file_is_what_the_page_says(tmp_path: Path) -> None:
    Lineage(tmp_path, counting(1)).header()
    assert json.loads((tmp_path / NAME).read_text()) == {"names": [name(1)], "settled": ""}
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0
