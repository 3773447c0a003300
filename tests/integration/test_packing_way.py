"""EDGE-5: scans and weights on `hardware-events` become a checked, weighed or held transfer in Odoo's sandbox, on a real broker: packing, route and
deliver stages, and the worker that releases what is held. Only consumer groups are left out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.odoo.packing import WORD
from connectors.odoo.sink import OdooSink
from schemas.checksum import checksum
from schemas.codec import Codec
from schemas.hardware import Event, headers_of, id_of, to_json
from schemas.headers import encode_headers
from schemas.record import Message, Record
from schemas.topics import ENTITIES, HARDWARE_EVENTS, PACKING_EVENTS, Lane, deliver, held
from streams.failure.breaker import Breakers
from streams.failure.held import ReleaseWorker
from streams.failure.routing import FailureRouting
from streams.kafka import read_to_end
from streams.packing_settings import PackingSettings, StationSettings
from streams.phases import Phase
from streams.runtime import Partition, Stage, StageContext
from streams.runtime.progress import Progress
from streams.settings import RetrySettings, Settings
from streams.stages.deliver import DeliverStage
from streams.stages.packing.stage import PackingStage
from streams.stages.route import Router, RouteStage, Switches
from streams.worker import now
from tests.builders import order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put_orders, sink_of
from tests.integration.failure_kit import now_ms, running, unique
from tests.integration.stages_kit import BrokerProducer, chunks, registry_of, settings_of
from tests.waiting import until

SCANNER, SCALE, STRANGER = "usb_05e0:1200", "/dev/ttyUSB0", "usb_1:2"
CHECKS, DELIVERIES = ENTITIES["packing_check"].every, deliver("odoo", Lane.CRITICAL)


@dataclass
class Bench:
    """A packing station of a Box no other test has, and everything behind it. `phase`: of its flow."""

    settings: Settings
    odoo: OdooBox
    sink: OdooSink
    name: str
    phase: Phase = Phase.ON
    since_ms: int = field(default_factory=now_ms)
    sequence: int = 0
    taken: set[str] = field(default_factory=set)
    sent: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.codec = Codec(registry_of(self.settings.registry.url))
        self.routing = FailureRouting(self.codec, self.settings)
        self.producer = BrokerProducer(self.settings)

    async def happened(self, device: str, *values: str, **more: Any) -> None:
        """Scans, or weights of the scale, a second apart, as the gateway publishes them."""
        for value in values:
            self.sequence += 1
            said = {"kind": "weight", "weight": value} if device == SCALE else {"kind": "scan", "value": value}
            event = Event(
                id="0" * 32, box=f"box-{self.name}", boot="0" * 32, sequence=self.sequence, first_sequence=self.sequence, device=device,
                received_at=1_772_366_400_000_000 + self.sequence * 1_000_000, monotonic_ms=self.sequence * 1000, **said | more,
            )  # fmt: skip
            value_ = self.codec.encode("hardware_event", to_json(Event(**{**to_json(event), "id": id_of(event)})))
            message = Message(HARDWARE_EVENTS, event.key.encode(), value_, encode_headers(headers_of(event, "sandbox")))
            self.sent.append(message)
            await self.producer.deliver([message])

    async def work(self) -> None:
        """Every stage starts anew, until nothing is left."""
        for _ in range(12):
            found = self._fresh(HARDWARE_EVENTS, PACKING_EVENTS, CHECKS, DELIVERIES)
            if not found:
                return
            packing = PackingStage(self.settings, self.codec, self.routing, now)
            await self._through(packing, [one for one in found if one.topic in PackingStage.topics])
            switches = Switches({"odoo"}, (), {"iotbox": {self.name: {"packing": self.phase}}})
            router = Router(self.codec, self.routing, now, switches)
            await self._through(RouteStage(router, 100), [one for one in found if one.topic == CHECKS])
            stage = DeliverStage(
                self.settings, Lane.CRITICAL, self.sink, Breakers(50, 1, 1), self.codec, self.routing, now
            )
            await self._through(stage, [one for one in found if one.topic == DELIVERIES])
        raise AssertionError("it does not end")

    async def _through(self, stage: Stage, records: Sequence[Record]) -> None:
        if not records:
            return
        await stage.start(StageContext(self.producer, Progress()))  # type: ignore[arg-type] # all of it that stages use
        try:
            await stage.assigned({Partition(one.topic, one.partition) for one in records})
            for chunk in chunks(records):
                await stage.process(chunk)
        finally:
            await stage.stop()

    def of(self, *topics: str) -> list[Record]:
        found = read_to_end(self.settings.kafka.librdkafka(), list(topics), since_ms=self.since_ms)
        return [one for one in found if self.name.encode() in (one.key or b"")]

    def _fresh(self, *topics: str) -> list[Record]:
        found = [one for one in self.of(*topics) if one.origin not in self.taken]
        self.taken |= {one.origin for one in found}
        return found

    def outcomes(self) -> list[tuple[str, str]]:
        told = [self.codec.decode("outcome", one.value) for one in self.of("outcomes")]
        return [(one["result"], one["reason"] or "") for one in told]

    def holds(self) -> list[str]:
        """What is held for Odoo, newest of each key."""
        newest = {one.key: one.value for one in self.of(held("odoo"))}
        return [self.codec.decode("failed_record", value)["detail"] for value in newest.values() if value]


@dataclass
class Transfer:
    """A confirmed order of 2 of one product."""

    odoo: OdooBox
    number: str
    sku: str

    def row(self) -> dict[str, Any]:
        domain = [["sale_id", "=", self.odoo.order(self.number)["id"]]]
        (row,) = self.odoo.rows("stock.picking", domain, ["name", "note", "shipping_weight"])
        return row

    @property
    def name(self) -> str:
        return str(self.row()["name"])

    @property
    def is_held(self) -> bool:
        return WORD in (self.row()["note"] or "")

    def notes(self) -> list[str]:
        domain = [["model", "=", "stock.picking"], ["res_id", "=", self.row()["id"]]]
        return [
            one["body"]
            for one in self.odoo.rows("mail.message", domain, ["body"])
            if "<p>Packing station" in one["body"]
        ]


@pytest.fixture
async def bench(bootstrap: str, registry_url: str) -> AsyncIterator[Bench]:
    name = unique("b")
    stations = {name: StationSettings(box=f"box-{name}", scanner=SCANNER, scale=SCALE)}
    settings = settings_of(
        bootstrap, registry_url, packing=PackingSettings(stations=stations), retry=RetrySettings(held_check_seconds=1)
    )
    registry_of(registry_url).register(settings.topic_table())
    with odoo_box() as odoo:
        async with sink_of(odoo, stages={"acknowledged": "confirmed"}) as sink:
            yield Bench(settings, odoo, sink, name)


@pytest.fixture
async def transfer(bench: Bench) -> Transfer:
    made = Transfer(bench.odoo, tag(), f"SKU-{tag()}")
    bench.odoo.stock(bench.odoo.product(made.sku), 5)
    (outcome,) = await put_orders(bench.sink, order(made.number, [order_line(made.sku, 2)], status="acknowledged"))
    assert outcome.ok, outcome.detail
    return made


@pytest.mark.timeout(600)
async def test_scans_check_a_transfer_and_the_scale_weighs_it(bench: Bench, transfer: Transfer) -> None:
    """EVT-4: the gateway publishes every event a second time; it counts once. Weights travel apart, so a check may have been told without before."""
    await bench.happened(SCANNER, transfer.name, transfer.sku)
    await bench.happened(STRANGER, "somebody else's scan")
    await bench.happened(SCANNER, transfer.sku)
    await bench.happened(SCALE, "0.4", "1.25")
    await bench.happened(SCANNER, transfer.name)
    await bench.work()
    once = bench.outcomes()
    assert {result for result, _ in once} in ({"applied"}, {"applied", "stale"})
    await bench.producer.deliver(bench.sent)
    await bench.work()
    assert bench.outcomes() == once
    assert (transfer.row()["shipping_weight"], transfer.is_held) == (1.25, False)
    (note,) = transfer.notes()
    assert "2 units checked, all right" in note
    assert {one.key for one in bench.of(PACKING_EVENTS)} == {f"station:{bench.name}".encode()}


@pytest.mark.timeout(600)
async def test_a_wrong_item_holds_it_until_it_is_packed_right(bench: Bench, transfer: Transfer) -> None:
    """The exception stands where all stand, and goes by itself: ERR-2, OPS-4."""
    other = f"SKU-{tag()}"
    bench.odoo.product(other)
    await bench.happened(SCANNER, transfer.name, transfer.sku, other, "O-BTN.validate")
    await bench.work()
    assert transfer.is_held
    (detail,) = bench.holds()
    assert f"{other}: does not belong to it" in detail
    assert transfer.name in detail
    await bench.happened(SCANNER, transfer.name, transfer.sku, transfer.sku, transfer.name)
    await bench.work()
    assert WORD not in (transfer.row()["note"] or "")
    with running(ReleaseWorker(bench.settings, bench.codec, {"odoo": bench.sink}, group=unique("group")).run):
        await asyncio.to_thread(
            until, lambda: not bench.holds(), "nothing is held any more"
        )  # it asks the sink in this loop
    await bench.work()
    assert [result for result, _ in bench.outcomes()][-2:] == ["applied", "stale"]
    assert (transfer.is_held, len(transfer.notes())) == (False, 2)


@pytest.mark.timeout(600)
async def test_a_station_in_shadow_writes_nothing(bench: Bench, transfer: Transfer) -> None:
    """OPS-7"""
    bench.phase = Phase.SHADOW
    await bench.happened(SCANNER, transfer.name, transfer.name, "nobody's", "O-BTN.validate")
    await bench.work()
    assert bench.outcomes() == [("shadow", "")]
    assert (transfer.notes(), transfer.is_held) == ([], False)
    assert len(bench.of("shadow.odoo")) == 1


@pytest.mark.timeout(600)
async def test_a_transfer_nobody_knows_is_a_dead_letter_that_says_what_to_do(bench: Bench) -> None:
    name = f"WH/OUT/9{int(checksum(bench.name.encode())[:8], 16)}"
    await bench.happened(SCANNER, name, "A", name)
    await bench.work()
    (letter,) = [bench.codec.decode("failed_record", one.value) for one in bench.of("dead.odoo")]
    assert letter["reason"] == "data"
    assert f"Odoo has no transfer {name}" in letter["detail"]
