"""OPS-7: what was told in shadow counts as told, so switching a flow on sends what shadow kept, and nobody has to think of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from schemas.record import Message, Record
from streams.failure.routing import FailureRouting
from streams.phases import Phase, Pilot
from streams.runtime import Partition, Progress, StageContext
from streams.settings import Settings
from streams.stages.catching_up import CatchingUp
from streams.stages.route import Router, RouteStage, Switches
from streams.stages.skus import Skus
from tests.unit.observe.bodies import body_of
from tests.unit.stages.references import tables
from tests.unit.stages.test_route import CANCELLATION, CHANNEL, CODEC, NOW, OFFER, canonical, on_orders

PRICE = body_of(
    "price_offer", key="price:walmart:MAIN:CWT-0001", sku="CWT-0001", channel="walmart", account="MAIN", category=""
)
PRODUCT = body_of("product", key="sku:CWT-0001", sku="CWT-0001", category="All / Shoes")


class World:
    """Shadow topics, filled by a route stage in shadow, and the stage that starts with other phases."""

    def __init__(self, *records: Record, skus: Skus | None = None) -> None:
        self.skus = skus or Skus()
        self.shadow: list[Record] = []
        self.asked: list[list[int]] = []
        self.calls: list[list[Message]] = []
        router = self.router(Switches({"odoo", "walmart"}, (CHANNEL,)))
        self.keep([message for record in records for message in router.messages(record)])

    def router(self, switches: Switches) -> Router:
        return Router(CODEC, FailureRouting(CODEC, Settings()), lambda: NOW, switches, self.skus)

    def keep(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.topic.startswith("shadow."):
                number = len(self.shadow)
                self.shadow.append(Record(message.topic, 3, number, 0, message.key, message.value, message.headers))

    def read(self, numbers: Sequence[int]) -> list[Record]:
        self.asked.append(list(numbers))
        return [record for record in self.shadow if record.partition in numbers]

    async def deliver(self, messages: Sequence[Message]) -> None:
        self.calls.append(list(messages))
        self.keep(messages)

    async def start(self, phases: dict[str, Phase] | None = None, pilot: Pilot | None = None) -> list[tuple[str, str]]:
        """A route stage with these phases begins. Returns topic and key of what it delivers."""
        pilots = {"walmart": {"main": pilot}} if pilot else {}
        router = self.router(Switches({"odoo", "walmart"}, (CHANNEL,), {"walmart": {"main": phases or {}}}, pilots))
        catching_up = CatchingUp(CODEC, router.switches, self.skus, "sandbox", self.read, lambda: NOW)
        stage = RouteStage(router, 10, catching_up=catching_up)
        await stage.start(StageContext(self, Progress()))  # type: ignore[arg-type] # what stages use of it
        self.calls.clear()
        await stage.assigned({Partition("orders", 5), Partition("outcomes", 3), Partition("mappings", 0)})
        return [(m.topic, (m.key or b"").decode()) for m in self.calls[0]]


FACTS: tuple[tuple[str, dict[str, Any]], ...] = (("availability", OFFER), ("price_offer", PRICE), ("product", PRODUCT))


def told() -> list[Record]:
    return [canonical(entity, body) for entity, body in FACTS]


@pytest.mark.parametrize(("flow", "sent"), [
    ("stock", ("deliver.walmart.normal", "stock:walmart:MAIN:CWT-0001")), ("prices", ("deliver.walmart.normal", "price:walmart:MAIN:CWT-0001")),
    ("products", ("deliver.walmart.bulk", "listing:walmart:MAIN:CWT-0001")),
])  # fmt: skip
async def test_switching_a_flow_on_sends_what_shadow_kept_of_it(flow: str, sent: tuple[str, str]) -> None:
    """Once: what went out is in shadow no more."""
    world = World(*told())
    assert await world.start() == []
    assert await world.start({flow: Phase.ON}) == [sent]
    assert await world.start({flow: Phase.ON}) == []
    assert world.asked == [[3]] * 3  # of each partition one worker looks, the one that has its number of outcomes


async def test_the_delivery_is_the_one_that_was_kept_and_is_safe_before_its_end_is_written() -> None:
    """A kill in between sends it again under the same id."""
    world = World(*told())
    (kept,) = [record for record in world.shadow if b"stock:" in (record.key or b"")]
    await world.start({"stock": Phase.ON})
    deliveries, ends = world.calls
    assert [(one.value, one.headers) for one in deliveries] == [(kept.value, kept.headers)]
    assert [(one.topic, one.key, one.value is None) for one in ends] == [
        ("shadow.walmart", kept.key, True), ("audit", b"walmart:MAIN", False),
    ]  # fmt: skip


async def test_the_newest_of_each_key_goes_out() -> None:
    world = World(canonical("availability", OFFER), canonical("availability", OFFER | {"quantity": "1"}))
    await world.start({"stock": Phase.ON})
    sent = CODEC.decode("deliver", world.calls[0][0].value)
    assert CODEC.decode("availability", sent["body"])["quantity"] == "1"


async def test_what_may_have_been_done_another_way_waits_for_a_person() -> None:
    """Orders that an older integration brought, shipments and refunds made by hand."""
    world = World(on_orders(), canonical("cancellation", CANCELLATION))
    assert len(world.shadow) == 2
    assert await world.start({"all": Phase.ON}) == []


@pytest.mark.parametrize(("pilot", "count"), [
    (Pilot(skus="CWT-"), 3), (Pilot(skus="THEIRS"), 0), (Pilot(skus="XYZ"), 0), (Pilot(categories=("All / Shoes",)), 3),
    (Pilot(categories=("All / Hats",)), 2),  # number and price of no category lie in every scope
])  # fmt: skip
async def test_what_lies_outside_the_pilot_scope_stays(pilot: Pilot, count: int) -> None:
    """Also where the marketplace calls it otherwise; and what a wider scope lets in later goes out then."""
    world = World(*told(), skus=Skus(tables(("walmart", "", "THEIRS", "CWT-0001"))))
    assert len(await world.start({"all": Phase.ON}, pilot)) == count
    assert len(await world.start({"all": Phase.ON})) == 3 - count
