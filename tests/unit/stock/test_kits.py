"""An order for a kit counts on the kit and, a moment later, on its parts (ORD-10, INV-2)."""

from __future__ import annotations

from typing import Any

from schemas.records import Demand, StockLevel
from streams.stages.stock.kits import demands_of_parts
from streams.stages.stock.ledger import Ledger, asked_of
from tests.unit.stock.samples import AMAZON, CODEC, WALMART, Bench, demand, known, level, numbers


def kit(version: int = 1, sku: str = "KIT", **parts: int) -> StockLevel:
    components = [{"sku": name, "quantity": str(per)} for name, per in parts.items()]
    return level(5, sku=sku, version=version, kit=True, components=components)


def passed_on(bench: Bench) -> list[Demand]:
    return [CODEC.decode("demand", message.value) for message in bench.sent.on("demand")]


def short(found: list[Demand]) -> list[tuple[str, str, str]]:
    return [(one["sku"], one["via"], one["quantity"]) for one in found]


async def test_an_order_for_a_kit_lowers_its_parts() -> None:
    bench = await Bench().start()
    await bench.levels(kit(C=2, D=1), level(10, sku="C"), level(10, sku="D"))
    await bench.flush()
    bench.sent.clear()
    await bench.demands(demand(2, sku="KIT", channel=AMAZON))
    told = passed_on(bench)
    assert short(told) == [("C", "KIT", "4"), ("D", "KIT", "2")]
    await bench.demands(*told)
    by_sku = {offer["sku"]: offer for offer in bench.sent.offers() if offer["channel"] == "walmart"}
    assert {sku: (offer["quantity"], offer["urgent"]) for sku, offer in by_sku.items()} == {
        "KIT": ("3", True), "C": ("6", True), "D": ("8", True),
    }  # fmt: skip


async def test_an_order_seen_before_the_kit_is_known_is_passed_on_with_it() -> None:
    bench = await Bench().start()
    await bench.demands(demand(2, sku="KIT"))
    assert passed_on(bench) == []
    await bench.levels(kit(C=2))
    assert short(passed_on(bench)) == [("C", "KIT", "4")]


async def test_a_cancelled_kit_frees_its_parts() -> None:
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(kit(C=2), level(10, sku="C"))
    await bench.demands(demand(2, sku="KIT"))
    await bench.demands(*passed_on(bench))
    bench.sent.clear()
    await bench.demands(demand(0, sku="KIT", version=2, status="cancelled"))
    assert short(passed_on(bench)) == [("C", "KIT", "0")]
    await bench.demands(*passed_on(bench))
    await bench.flush()
    assert {offer["sku"]: offer["quantity"] for offer in bench.sent.offers()} == {"KIT": "5", "C": "10"}


async def test_odoo_accounts_for_a_part_as_for_any_order() -> None:
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(kit(C=2), level(10, sku="C"))
    await bench.demands(demand(2, sku="KIT"))
    await bench.demands(*passed_on(bench))
    await bench.levels(level(10, 4, [known("walmart:main:1", 4, 4)], sku="C", version=2))
    await bench.flush()
    assert next(offer["quantity"] for offer in bench.sent.offers() if offer["sku"] == "C") == "6"


async def test_a_kit_that_takes_other_parts_asks_the_old_ones_for_nothing() -> None:
    bench = await Bench().start()
    await bench.levels(kit(C=2))
    await bench.demands(demand(1, sku="KIT"))
    bench.sent.clear()
    await bench.levels(kit(version=2, D=3))
    assert short(passed_on(bench)) == [("D", "KIT", "3"), ("C", "KIT", "0")]


async def test_after_a_crash_the_parts_are_told_again() -> None:
    bench = await Bench().start()
    await bench.levels(kit(C=2))
    await bench.demands(demand(1, sku="KIT"))
    fresh = await bench.restart()
    assert short(passed_on(fresh)) == [("C", "KIT", "2")]


def test_a_kit_in_a_kit_is_told_on_the_way_it_came_and_a_circle_ends() -> None:
    def parts(sku: str, via: str, **takes: int) -> list[Any]:
        ledger = Ledger(sku, kit(sku=sku, **takes))
        return short(demands_of_parts(ledger, ledger, [asked_of(demand(2, sku=sku, via=via))]))

    assert parts("B", "A", C=3) == [("C", "A>B", "6")]
    assert parts("B", "A", A=1, C=1) == [("C", "A>B", "2")]
    assert parts("A", "A>B", C=1) == []
    assert parts("A", "", A=1) == []


async def test_numbers_of_kit_and_part_are_told_to_every_channel() -> None:
    bench = await Bench().start()
    await bench.levels(kit(C=2))
    await bench.flush()
    assert numbers(bench.sent.offers()) == {"walmart": 5, "amazon": 5}
