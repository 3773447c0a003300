"""EDGE-3, EDGE-4, SEC-1: a Box revoked in the middle of sending loses and doubles nothing; codes that are over, used or lost harm nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge_iotbox.deliverer import NOT_ALLOWED_SECONDS
from edge_iotbox.gateway import GatewayError
from streams.gateway import entries
from tests.contract.agents_kit import Line, World, begun, world
from tests.unit.gateway.kit import BOX, CODE, gateway, with_code

__all__ = ["world"]  # the fixture


def revoke(world: World) -> None:
    world.kafka.write(entries.revocation(BOX, by="ann", at=datetime.now(UTC)))


@pytest.mark.parametrize("step", ["before", "published", "written"])
@pytest.mark.parametrize("is_lost", [False, True])
def test_revoked_with_a_batch_in_flight(
    world: World, step: str, is_lost: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """What was promised stands there once; the rest stays in the spool, the agent says so once, asks hourly, and sends it when it is enrolled."""
    agent = begun(world, "a1", "a2")
    struck: list[str] = []

    def at(reached: str) -> None:
        if reached == step and not struck:
            struck.append(reached)
            revoke(world)

    world.made = gateway(world.kafka, 5, at)
    at("before")
    agent.deliverer.most_events = 3
    agent.press(*(f"b{number}" for number in range(1, 8)))
    agent.line.lose = lambda path: is_lost
    agent.deliverer.once()
    agent.line.lose = lambda path: False
    in_flight = [] if step == "before" else ["b1", "b2", "b3"]
    assert world.values() == ["a1", "a2", *in_flight]
    for _ in range(2):
        assert agent.deliverer.once() == NOT_ALLOWED_SECONDS or is_lost
    assert agent.state == "not_allowed"
    assert caplog.text.count("do=causeway-edge enrol") == 1
    kept = agent.left()
    assert kept == (
        [f"b{number}" for number in range(1, 8)]
        if is_lost
        else [f"b{number}" for number in range(len(in_flight) + 1, 8)]
    )
    world.enrol(agent.folder)
    assert agent.send() == "good"
    assert world.values() == ["a1", "a2", *(f"b{number}" for number in range(1, 8))]


def test_a_restart_between_revocation_and_enrolment_doubles_nothing(world: World) -> None:
    agent = begun(world, "a1")
    agent.press("b1", "b2")
    agent.line.lose = lambda path: True
    agent.deliverer.once()
    assert world.values() == ["a1", "b1", "b2"]
    revoke(world)
    agent.end()
    agent = world.begin(agent.folder)
    agent.press("b3")
    assert agent.send() == "not_allowed"
    agent.end()
    world.enrol(agent.folder)
    agent = world.begin(agent.folder)
    assert agent.send() == "good"
    assert world.values() == ["a1", "b1", "b2", "b3"]


def refused(world: World, code: str) -> str:
    with pytest.raises(GatewayError) as caught:
        Line(lambda: world.made.app, lambda: "", None).enrol(code, BOX, "", "")
    assert caught.value.why == "status_403"
    return str(caught.value)


def test_codes_that_are_over_used_replaced_or_revoked_give_nothing(world: World) -> None:
    """SEC-1: and a credential that stands goes on counting."""
    agent = begun(world, "a1")
    with_code(world.kafka, minutes=1)
    world.made.clock.passed = 60 * 60
    assert "unknown, used or over" in refused(world, CODE)
    with_code(world.kafka, code="OLD", minutes=600)
    with_code(world.kafka, code="NEW", minutes=600)
    refused(world, "OLD")
    agent.press("a2")
    assert agent.send() == "good"
    assert Line(lambda: world.made.app, lambda: "", None).enrol("NEW", BOX, "", "")[0]
    refused(world, "NEW")
    agent.press("a3")
    assert agent.send() == "not_allowed", "replaced by the one that was used"
    with_code(world.kafka, code="LAST", minutes=600)
    revoke(world)
    refused(world, "LAST")
    assert agent.left() == ["a3"]


def test_a_code_whose_answer_was_lost_is_used_up_and_the_next_one_goes_on(world: World) -> None:
    agent = begun(world, "a1")
    with_code(world.kafka, minutes=600)
    line = Line(lambda: world.made.app, lambda: "", None)
    line.lose = lambda path: True
    with pytest.raises(GatewayError) as caught:
        line.enrol(CODE, BOX, "", "")
    assert caught.value.why == "network"
    refused(world, CODE)
    agent.press("a2")
    assert agent.send() == "not_allowed"
    world.enrol(agent.folder)
    assert agent.send() == "good"
    assert world.values() == ["a1", "a2"]
