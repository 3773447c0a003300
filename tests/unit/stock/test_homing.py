"""ORD-9, INV-3: an order counts on the SKU that the cross-reference says now, whenever the entry was made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from schemas.record import Record
from streams.failure.mappings import MappingTable
from streams.stages.skus import Skus
from streams.stages.stock.homing import Homing
from tests.unit.stages.references import entry_record, tables
from tests.unit.stock.samples import AMAZON, CODEC, WALMART, Bench, demand, known, level, numbers

ENTRY = ("sku", "walmart", "", "THEIRS")


async def begin(table: MappingTable) -> Bench:
    bench = await Bench(skus=Skus(table)).start()
    await bench.levels(level(10, sku="OURS"), level(10, sku="OTHER"))
    await bench.flush()
    bench.sent.clear()
    return bench


async def settle(bench: Bench) -> list[dict[str, Any]]:
    """Look and take what was said, until nothing more is. Returns the demands, in order."""
    said: list[dict[str, Any]] = []
    for _ in range(5):
        before = len(bench.sent.on("demand"))
        await bench.stage.send_home()
        new = bench.sent.on("demand")[before:]
        if not new:
            return said
        said += [CODEC.decode("demand", message.value) for message in new]
        await bench.records(*_records(new))
    raise AssertionError("it never settles")


def _records(messages: Iterable[Any]) -> list[Record]:
    return [Record("demand", 0, 900 + n, 0, m.key, m.value, m.headers) for n, m in enumerate(messages)]


async def test_an_entry_made_later_moves_what_an_order_asks() -> None:
    """The number of the right SKU falls at once on the other channel, as with any order."""
    table = tables()
    bench = await begin(table)
    await bench.demands(demand(3, sku="THEIRS", external="THEIRS"))
    assert await settle(bench) == []
    table.apply(entry_record(ENTRY, "OURS"))
    said = await settle(bench)
    assert [(one["sku"], one["quantity"], one["external"]) for one in said] == [
        ("OURS", "3", "THEIRS"),
        ("THEIRS", "0", "THEIRS"),
    ]
    (offer,) = bench.sent.offers()
    assert (offer["sku"], offer["channel"], offer["quantity"], offer["urgent"]) == ("OURS", "amazon", "7", True)


async def test_it_follows_the_entry_wherever_it_points_and_back() -> None:
    table = tables(("walmart", "", "THEIRS", "OURS"))
    bench = await begin(table)
    await bench.demands(demand(3, sku="OURS", external="THEIRS"))
    for internal, sku in (("OTHER", "OTHER"), ("OURS", "OURS"), (None, "THEIRS")):
        table.apply(entry_record(ENTRY, internal))
        said = await settle(bench)
        assert (said[0]["sku"], said[0]["quantity"]) == (sku, "3")
    await bench.flush()
    assert numbers(offer for offer in bench.sent.offers() if offer["sku"] == "OURS") == {
        "amazon": 10
    }  # walmart was never told less


async def test_only_the_account_of_the_entry_moves() -> None:
    table = tables()
    bench = await begin(table)
    await bench.demands(
        demand(3, "1", sku="THEIRS", external="THEIRS"), demand(2, "2", sku="THEIRS", external="THEIRS", channel=AMAZON)
    )
    table.apply(entry_record(("sku", *WALMART, "THEIRS"), "OURS"))
    assert [one["order_key"] for one in await settle(bench)] == ["walmart:main:1", "walmart:main:1"]


async def test_what_was_remembered_without_the_marketplaces_word_moves_too() -> None:
    """Ledgers from before demands told it."""
    table = tables()
    bench = await begin(table)
    await bench.demands(demand(3, sku="THEIRS"))
    table.apply(entry_record(ENTRY, "OURS"))
    assert [(one["sku"], one["quantity"]) for one in await settle(bench)] == [("OURS", "3"), ("THEIRS", "0")]


@pytest.mark.parametrize("levels", [
    [[known("walmart:main:1", 3, 3)]],  # reserved
    [[known("walmart:main:1", 3, 0, 3)], []],  # shipped, and Odoo forgot the move
])  # fmt: skip
async def test_what_odoo_holds_as_this_sku_stays(levels: list[list[Any]]) -> None:
    """An entry changes nothing about orders that are in Odoo already: moved, they would count on a SKU that Odoo never reserves."""
    table = tables(("walmart", "", "THEIRS", "OURS"))
    bench = await begin(table)
    await bench.demands(demand(3, sku="OURS", external="THEIRS"))
    for version, orders in enumerate(levels, 2):
        await bench.levels(level(10, 3, orders, sku="OURS", version=version))
    table.apply(entry_record(ENTRY, "OTHER"))
    assert await settle(bench) == []


async def test_an_older_state_that_is_moved_does_not_replace_a_newer_one() -> None:
    """The newer state was routed by the new entry before the older one was moved."""
    table = tables()
    bench = await begin(table)
    await bench.demands(demand(3, sku="THEIRS", external="THEIRS"))
    table.apply(entry_record(ENTRY, "OURS"))
    await bench.demands(demand(1, sku="OURS", external="THEIRS", version=2))
    await settle(bench)
    await bench.flush()
    assert {int(offer["quantity"]) for offer in bench.sent.offers() if offer["sku"] == "OURS"} == {9}


async def test_two_words_for_one_sku_count_both() -> None:
    table = tables(("walmart", "", "A", "OURS"), ("walmart", "", "B", "OURS"))
    bench = await begin(table)
    await bench.demands(demand(3, sku="OURS", external="A"), demand(2, sku="OURS", external="B"))
    await bench.flush()
    assert numbers(bench.sent.offers()) == {"walmart": 5, "amazon": 5}


async def test_of_two_items_of_one_sku_the_one_that_was_not_sold_is_told_at_once() -> None:
    """INV-3: on one account too; an item that was sold counts down by itself."""
    table = tables(("walmart", "", "A", "OURS"), ("walmart", "", "B", "OURS"))
    bench = await begin(table)
    await bench.demands(demand(3, sku="OURS", external="A"))
    assert [(offer["channel"], offer["urgent"]) for offer in bench.sent.offers()] == [
        ("walmart", True),
        ("amazon", True),
    ]


async def test_it_looks_when_an_entry_changes_and_again_after_a_failure() -> None:
    table, looks, again, done = tables(), 0, asyncio.Event(), asyncio.Event()

    async def look() -> int:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ConnectionError("no broker")
        (again if looks == 2 else done).set()
        return 0

    homing = Homing(Skus(table), look, every_seconds=0.001)
    homing.start()
    try:
        await asyncio.wait_for(again.wait(), 5)
        table.apply(entry_record(ENTRY, "OURS"))
        await asyncio.wait_for(done.wait(), 5)
    finally:
        await homing.stop()
