"""TEST-3: a chaos plan is drawn from its seed, strikes everything, and can be had again."""

from __future__ import annotations

from schemas.topics import SOURCES, Lane
from tests.chaos.__main__ import PIPELINE, TARGETS
from tests.chaos.plan import Action, draw

PROCESSES = ("flow", "sink-1", "sink-2", "poller-1", "odoo")


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert draw(7, 60, PROCESSES) == draw(7, 60, PROCESSES)
    assert draw(7, 60, PROCESSES) != draw(8, 60, PROCESSES)


def test_every_process_the_broker_and_the_registry_are_struck() -> None:
    for seed in range(50):
        plan = draw(seed, 60, PROCESSES)
        assert {event.target for event in plan if event.action in (Action.KILL, Action.TERM, Action.STOP)} == set(
            PROCESSES
        )
        kinds = {event.action for event in plan}
        assert kinds & {Action.BROKER_KILL, Action.BROKER_RESTART}
        assert Action.REGISTRY_DOWN in kinds
        assert [event.at for event in plan] == sorted(event.at for event in plan)


def test_what_the_flows_of_every_marketplace_go_through_is_struck() -> None:
    """TEST-3: its sandbox, each lane to it, each stage, and where its pictures are fetched."""
    assert {*SOURCES, "odoo", "pictures"} <= set(TARGETS)
    assert set(PIPELINE) <= set(TARGETS)
    stages = {word for args in PIPELINE.values() for word in args}
    assert {f"deliver.{name}.{lane.value}" for name in (*SOURCES, "odoo") for lane in Lane} <= stages
