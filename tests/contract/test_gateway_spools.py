"""EDGE-3, SEC-1: two spools under one credential lose nothing without a word: of copies one goes on, the other keeps all and is told how to go on."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from schemas.hardware import to_batch
from streams.gateway import entries
from streams.gateway.metrics import BoxMetrics
from tests.contract.agents_kit import World, begun, world
from tests.unit.gateway.kit import BOX, NOW, SPOOL, event, events

__all__ = ["world"]  # the fixture


def twice(world: World) -> bool:
    world.made.boxes.read()
    return world.made.boxes.book.box(BOX).twice_at is not None


def test_a_copied_card_loses_nothing_and_is_told(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """One of the two goes on; the other keeps what it has until somebody says that it is the right one, and then sends it under new numbers."""
    first = begun(world, "a1", "a2", "a3")
    second = world.begin(world.copy(first.folder))
    second.press(*(f"b{number}" for number in range(1, 9)))
    assert second.send() == "good"
    first.press("a4", "a5")
    assert first.send() == "other_spool"
    assert first.left() == ["a4", "a5"]
    assert "causeway-edge enrol CODE here" in caplog.text
    assert twice(world)
    world.enrol(first.folder)
    assert not twice(world)
    assert first.send() == "good"
    assert second.send(1) == "good", "it has nothing to send"
    second.press("b9")
    assert second.send() == "not_allowed"
    assert second.left() == ["b9"]
    assert Counter(world.values()) == Counter(["a1", "a2", "a3", *(f"b{number}" for number in range(1, 9)), "a4", "a5"])
    sequences = [one["sequence"] for one in world.kafka.published()]
    assert len(set(sequences)) == len(sequences)


def test_one_that_was_refused_is_refused_after_a_restart_too_and_sends_all_after_a_new_enrolment(world: World) -> None:
    first = begun(world, "a1")
    second = world.begin(world.copy(first.folder))
    second.press("b1", "b2", "b3")
    assert second.send() == "good"
    first.press("a2")
    assert first.send() == "other_spool"
    for _ in range(2):
        first.end()
        first = world.begin(first.folder)
        assert first.send() == "other_spool"
    first.end()
    world.enrol(first.folder)
    first = world.begin(first.folder)
    assert first.send() == "good"
    assert Counter(world.values()) == Counter(["a1", "b1", "b2", "b3", "a2"])


def test_a_card_copied_before_its_first_call_is_known_too(world: World) -> None:
    """Both begin with the same names, and neither was ever heard."""
    card = world.card()
    world.enrol(card)
    both = [world.begin(one) for one in (card, world.copy(card))]
    for name, agent in zip("ab", both, strict=True):
        agent.press(f"{name}1")
    assert [agent.send() for agent in both] == ["good", "other_spool"]
    assert (world.values(), both[1].left()) == (["a1"], ["b1"])


def test_another_spool_under_the_same_credential_is_refused(world: World) -> None:
    """Only the credential's file was copied, or the folder was deleted while that file stands elsewhere."""
    first = begun(world, "a1")
    card = world.card()
    card.mkdir()
    shutil.copy(first.folder / "enrolment.json", card)
    made_anew = world.begin(card)
    made_anew.press("b1")
    assert made_anew.send() == "other_spool"
    first.press("a2")
    assert first.send() == "good", "it is not disturbed"
    world.enrol(card)
    assert made_anew.send() == "good"
    assert world.values() == ["a1", "a2", "b1"]
    first.press("a3")
    assert first.send() == "not_allowed"


def test_restarts_lost_answers_and_days_offline_are_no_second_spool(world: World) -> None:
    """Each start's name may have been heard and its answer lost."""
    agent = begun(world, "a0")
    for number in range(1, 5):
        agent.end()
        agent = world.begin(agent.folder)
        agent.line.lose = lambda path: path.endswith("events")
        agent.press(f"a{number}")
        agent.deliverer.once()
        assert agent.line.statuses == [200]
    assert len(agent.lineage()) > 1
    for _ in range(70):
        agent.end()
        agent = world.begin(agent.folder)
        world.kafka.is_down = True
        agent.deliverer.once()
        assert agent.line.statuses == [503]
    world.kafka.is_down = False
    agent.end()
    agent = world.begin(agent.folder)
    assert agent.send() == "good", agent.line.statuses
    assert len(agent.lineage()) == 1
    assert world.values() == [f"a{number}" for number in range(5)]
    assert not twice(world)


def test_an_old_copy_put_back_is_refused_and_sends_after_a_new_enrolment(world: World) -> None:
    agent = begun(world, "a1")
    agent.press("a2")
    old = world.copy(agent.folder)
    agent.end()
    agent = world.begin(agent.folder)
    agent.press("a3")
    assert agent.send() == "good"
    agent.end()
    back = world.begin(old)
    back.press("b1")
    assert back.send() == "other_spool"
    assert back.left() == ["a2", "b1"]
    world.enrol(old)
    assert back.send() == "good"
    assert [one for one in world.values() if one != "a2"] == ["a1", "a3", "b1"]


def test_a_routine_enrolment_sends_nothing_twice(world: World) -> None:
    """Also when the last answer under the old credential was lost."""
    agent = begun(world, "a1")
    agent.press("a2", "a3")
    agent.line.lose = lambda path: path.endswith("events")
    agent.deliverer.once()
    assert agent.left() == ["a2", "a3"]
    assert world.values() == ["a1", "a2", "a3"]
    agent.line.lose = lambda path: False
    world.enrol(agent.folder)
    agent.press("a4")
    assert agent.send() == "good"
    assert world.values() == ["a1", "a2", "a3", "a4"]


def test_it_is_seen_by_metric_and_command_until_the_box_is_enrolled_anew(world: World) -> None:
    first = begun(world, "a1")
    second = world.begin(world.copy(first.folder))
    assert second.send() == "good"
    metrics = BoxMetrics(world.made.boxes.book, lambda: NOW.timestamp())

    def gauge() -> float | None:
        world.made.boxes.read()
        metrics.changed(BOX)
        return REGISTRY.get_sample_value("causeway_box_used_twice_state", {"box": BOX})

    assert gauge() == 0
    first.press("a2")
    assert first.send() == "other_spool"
    assert gauge() == 1
    noted = len(world.kafka.log)
    first.deliverer.once()
    assert len(world.kafka.log) == noted, "once is enough"
    world.enrol(first.folder)
    assert gauge() == 0


def test_a_refused_spool_does_not_speak_for_the_health_of_the_box_either(world: World) -> None:
    first = begun(world, "a1")
    second = world.begin(world.copy(first.folder))
    assert second.send() == "good"
    second.line.health({"spool_events": 1})
    first.line.health({"spool_events": 2})
    world.made.boxes.read()
    assert world.made.boxes.book.box(BOX).health == {"spool_events": 1}
    assert twice(world)


@pytest.mark.parametrize(
    ("headers", "batch", "status"),
    [
        ({}, events(1, 1), 400),  # an agent that is too old to be told from its copy
        ({}, [], 200),  # `causeway-edge check` asks, and binds nothing
        ({"Causeway-Spool": "none"}, [], 200),
        ({"Causeway-Spool": "none"}, events(1, 1), 400),
        ({"Causeway-Spool": "x"}, [], 400),
        ({"Causeway-Spool": " ".join(["5b00000000000001"] * 201)}, [], 400),
        ({"Causeway-Spool": SPOOL.name}, events(1, 1), 428),  # ask first
        ({"Causeway-Spool": SPOOL.name}, [], 200),
    ],
)
async def test_what_a_call_may_say_of_its_spool(
    world: World, headers: dict[str, str], batch: list[object], status: int
) -> None:
    made = world.made
    offset = world.kafka.write(entries.enrolment(BOX, "c", NOW + timedelta(minutes=9), by="ann", at=NOW))
    from streams.gateway.credentials import Token, token_hash

    token = Token("0123456789ab", "s" * 43)
    world.kafka.write(
        entries.credential(BOX, token.name, token_hash(token), offset, called="", agent_version="", by="gw", at=NOW)
    )
    transport = httpx.ASGITransport(made.app)
    headers = {**headers, "Authorization": f"Bearer {token.text}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway/edge/v1", headers=headers) as client:
        answer = await client.post("/events", content=to_batch(batch))  # type: ignore[arg-type] # events or none
    assert answer.status_code == status
    made.boxes.read()
    assert (made.boxes.book.box(BOX).spool is not None) is (
        status == 200 and headers.get("Causeway-Spool") == SPOOL.name
    )


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_whatever_is_copied_restarted_lost_and_enrolled_anew_nothing_is_lost(seed: int) -> None:
    """EDGE-3: at the end each scan stands on the topic or lies in a spool that was refused; no number stands there for two."""
    with tempfile.TemporaryDirectory() as folder:
        _whatever(random.Random(seed), World(Path(folder)))


def _whatever(chance: random.Random, world: World) -> None:
    card = world.card()
    world.enrol(card)
    agents, pressed = [world.begin(card)], 0
    for _ in range(chance.randint(5, 40)):
        place = chance.randrange(len(agents))
        agent = agents[place]
        agent.line.lose = (lambda path: True) if chance.random() < 0.25 else (lambda path: False)
        match chance.choices(["press", "send", "restart", "copy", "enrol"], [6, 6, 2, 1, 1])[0]:
            case "press":
                count = chance.randint(1, 4)
                agent.press(*(f"v{number}" for number in range(pressed, pressed + count)))
                pressed += count
            case "send":
                agent.deliverer.most_events = chance.randint(1, 6)
                agent.send(chance.randint(1, 4))
            case "restart":
                agent.end()
                agents[place] = world.begin(agent.folder)
            case "copy" if len(agents) < 3:
                agents.append(world.begin(world.copy(agent.folder)))
            case "enrol":
                world.enrol(agent.folder)
    have = set(world.values()).union(*(agent.left() for agent in agents))
    assert have == {f"v{number}" for number in range(pressed)}
    by_number: dict[int, set[str]] = {}
    for one in world.kafka.published():
        by_number.setdefault(one["sequence"], set()).add(one["id"])
    assert [number for number, ids in by_number.items() if len(ids) > 1] == [], (
        "a number of two events: readers drop one"
    )
    for agent in agents:
        agent.end()


def test_a_number_given_twice_by_one_spool_is_refused_and_told(world: World) -> None:
    """What no copy explains (a machine that was put to sleep and woken twice): the last safe number is another event's."""
    agent = begun(world, "a1")
    (known,) = world.kafka.published()
    forged = replace(event(known["sequence"], payload='{"value": "other"}'), box=BOX)
    assert agent.line.send([forged]).__class__.__name__ == "NotAllowed"
    assert twice(world)
