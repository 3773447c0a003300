"""The stage: changes go out and nothing else, urgent ones at once, each with its explanation (INV-1, INV-2, INV-3, INV-5, INV-6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.headers import decode_headers
from streams.runtime import Chunk, InfrastructureError, MisuseError, Partition, RejectedError
from streams.settings import ConfigurationError
from streams.stock_settings import StockSettings
from tests.unit.stock.samples import AMAZON, CODEC, NOW, WALMART, Bench, demand, known, level, minutes, numbers, record


async def test_the_first_numbers_wait_for_the_window_and_then_reach_every_channel() -> None:
    bench = await Bench().start()
    await bench.levels(level(10, 2))
    assert bench.sent.offers() == []
    assert await bench.flush() == 2
    assert numbers(bench.sent.offers()) == {"walmart": 8, "amazon": 8}
    assert await bench.flush() == 0


async def test_an_order_of_one_channel_lowers_the_others_at_once() -> None:
    """INV-3: before their timers; the channel that sold it is told with its window, for it took the unit off by itself."""
    bench = await Bench().start()
    await bench.levels(level(10))
    await bench.flush()
    bench.sent.clear()
    await bench.demands(demand(2, channel=AMAZON))
    (offer,) = bench.sent.offers()
    assert (offer["channel"], offer["quantity"], offer["previous"], offer["urgent"], offer["why"]) == (
        "walmart", "8", "10", True, "order",
    )  # fmt: skip
    bench.sent.clear()
    assert await bench.flush() == 1
    assert numbers(bench.sent.offers()) == {"amazon": 8}
    assert not bench.sent.offers()[0]["urgent"]


async def test_ten_changes_in_a_window_become_one() -> None:
    """INV-1: collected, and only the last number goes out."""
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(100))
    await bench.flush()
    bench.sent.clear()
    for version in range(2, 12):
        await bench.levels(level(100 - version, version=version))
    assert bench.sent.offers() == []
    assert await bench.flush() == 1
    assert bench.sent.offers()[0]["quantity"] == "89"


async def test_a_number_that_comes_back_within_the_window_is_not_sent() -> None:
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(100))
    await bench.flush()
    await bench.levels(level(90, version=2))
    await bench.levels(level(100, version=3))
    assert await bench.flush() == 0


async def test_what_odoo_accounts_for_changes_nothing() -> None:
    """The order is seen, then reserved in Odoo, then shipped: the number falls once."""
    bench = await Bench(channels=[WALMART, AMAZON]).start()
    await bench.levels(level(10))
    await bench.flush()
    await bench.demands(demand(2, channel=AMAZON))
    await bench.flush()
    bench.sent.clear()
    await bench.levels(level(10, 2, [known("amazon:main:1", 2, 2)], version=2))
    await bench.levels(level(8, 0, [known("amazon:main:1", 2, 0, 2)], version=3))
    await bench.levels(level(8, 0, [], version=4))
    await bench.flush()
    assert bench.sent.offers() == []


async def test_versions_never_go_back_whatever_the_clock_says() -> None:
    """INV-5: the clock of the worker that takes over may be behind."""
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10))
    await bench.flush()
    bench.now = NOW - minutes(60)
    await bench.levels(level(0, version=2))
    await bench.levels(level(5, version=3))
    versions = [offer["version"] for offer in bench.sent.offers()]
    assert versions == sorted(set(versions))
    assert [offer["quantity"] for offer in bench.sent.offers()] == ["10", "0", "5"]
    headers = [decode_headers(message.headers) for message in bench.sent.on("availability")]
    assert [one.version for one in headers] == versions


async def test_an_older_level_changes_nothing() -> None:
    """INV-5: late or repeated."""
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10, version=5))
    await bench.flush()
    bench.sent.clear()
    await bench.levels(level(99, version=4), level(10, version=5))
    await bench.flush()
    assert bench.sent.calls == [] or not any(bench.sent.calls)


async def test_a_resync_says_everything_again_in_its_lane() -> None:
    bench = await Bench().start()
    await bench.levels(level(10))
    await bench.flush()
    bench.sent.clear()
    await bench.levels(level(10), lane="bulk")
    assert numbers(bench.sent.offers()) == {"walmart": 10, "amazon": 10}
    assert {decode_headers(message.headers).lane for message in bench.sent.on("availability")} == {"bulk"}
    assert {offer["why"] for offer in bench.sent.offers()} == {"resync"}


async def test_a_resync_that_finds_a_sold_out_sku_is_urgent() -> None:
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10))
    await bench.flush()
    bench.sent.clear()
    await bench.levels(level(0, version=2), lane="bulk")
    assert bench.sent.offers()[0]["urgent"]
    assert decode_headers(bench.sent.on("availability")[0].headers).lane == ""


async def test_every_number_says_what_it_is_made_of() -> None:
    """INV-6: the terms add up to the number and name their events."""
    bench = await Bench(StockSettings(channels={"walmart": {"buffer": 1, "ratio": "0.5"}}), [WALMART]).start()
    await bench.levels(level(10, 2))
    await bench.demands(demand(2, "A-1"))
    await bench.flush()
    (offer,) = bench.sent.offers()
    assert [(term["name"], term["quantity"], term["event"]) for term in offer["terms"]] == [
        ("on_hand", "10", "WH@1"),
        ("reserved", "-2", "WH@1"),
        ("open_order", "-2", "walmart:main:A-1@1"),
        ("buffer", "-1", "stock.channels.walmart.buffer"),
        ("ratio", "2.5", "stock.channels.walmart.ratio"),
        ("whole", "2", "whole units"),
    ]
    assert offer["quantity"] == "2"
    assert offer["category"] == "All / Toys"


async def test_numbers_go_out_only_behind_their_ledger() -> None:
    """What was said must never be unknown to the next worker, or it would say something older with a lower version (INV-5)."""
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10))
    await bench.flush()
    bench.sent.clear()
    await bench.levels(level(0, version=2))
    assert [[message.topic for message in call] for call in bench.sent.calls] == [["stock.ledger"], ["availability"]]


async def test_killed_between_ledger_and_numbers_the_numbers_are_said_again_the_same() -> None:
    bench = await Bench().start()
    await bench.levels(level(10))
    await bench.flush()
    await bench.levels(level(0, version=2))
    said = bench.sent.on("availability")[-2:]
    fresh = await bench.restart()
    again = fresh.sent.on("availability")
    assert [(one.key, decode_headers(one.headers)) for one in again] == [
        (one.key, decode_headers(one.headers)) for one in said
    ]


async def test_a_restart_knows_what_was_offered_and_what_waits() -> None:
    """The window survives: a number that was not told yet is told with the next flush, and nothing else."""
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10), level(10, sku="B"))
    await bench.flush()
    await bench.levels(level(9, version=2))
    fresh = await bench.restart()
    fresh.sent.clear()
    assert await fresh.flush() == 1
    assert fresh.sent.offers()[0]["quantity"] == "9"
    assert fresh.sent.offers()[0]["previous"] == "10"


async def test_new_settings_are_told_with_the_next_flush() -> None:
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10))
    await bench.flush()
    bench.settings = bench.settings.model_copy(update={"stock": StockSettings(buffer=4)})
    fresh = await bench.restart()
    fresh.sent.clear()
    await fresh.flush()
    (offer,) = fresh.sent.offers()
    assert (offer["quantity"], offer["why"]) == ("6", "settings")


async def test_a_ledger_of_a_worker_that_was_frozen_does_not_win() -> None:
    """It was written later, but is older: what the other worker learned meanwhile counts."""
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10))
    late = bench.sent.on("stock.ledger")[0]
    bench.now += minutes(1)
    await bench.demands(demand(4))
    await bench.flush()
    bench.sent.calls.append([late])
    fresh = await bench.restart()
    fresh.sent.clear()
    await fresh.levels(level(10, version=2))
    await fresh.flush()
    assert fresh.sent.offers() == []
    await fresh.levels(level(20, version=3))
    await fresh.flush()
    assert fresh.sent.offers()[0]["quantity"] == "16"


async def test_a_bad_record_becomes_a_dead_letter_and_the_rest_goes_on() -> None:
    bench = await Bench(channels=[WALMART]).start()
    good = record("inventory", "stock_level", level(10))
    await bench.records(
        replace(good, value=b"\x00nonsense"),
        replace(good, key=b"sku:OTHER"),
        replace(good, key=b"walmart:main:1"),
        replace(good, value=None),
        record("inventory", "stock_level", level("NaN")),
        record("demand", "demand", demand(-1)),
        record("inventory", "stock_level", level(10), env="production"),
        good,
    )
    dead = [CODEC.decode("failed_record", message.value) for message in bench.sent.on("dead.stock")]
    assert [one["reason"] for one in dead] == ["data"] * 7
    assert all(one["target"] in ("inventory", "demand") and one["destination"] == "stock" for one in dead)
    await bench.flush()
    assert numbers(bench.sent.offers()) == {"walmart": 10}


async def test_what_the_broker_refuses_or_our_code_fails_at_becomes_a_dead_letter() -> None:
    bench = await Bench(channels=[WALMART]).start()
    bench.sent.refuses = [RejectedError("too large")]
    chunk = Chunk("inventory", 0, (record("inventory", "stock_level", level(10)),))
    with pytest.raises(RejectedError):
        await bench.stage.process(chunk)
    await bench.stage.failed(chunk, RejectedError("too large"))
    await bench.stage.failed(chunk, KeyError("odd"))
    dead = [CODEC.decode("failed_record", message.value) for message in bench.sent.on("dead.stock")]
    assert [one["reason"] for one in dead] == ["data", "bug"]


async def test_nothing_is_remembered_of_a_chunk_that_was_not_written() -> None:
    bench = await Bench(channels=[WALMART]).start()
    bench.sent.refuses = [InfrastructureError("away")]
    with pytest.raises(InfrastructureError):
        await bench.levels(level(10))
    assert await bench.flush() == 0
    await bench.levels(level(10))
    assert await bench.flush() == 1


async def test_a_flush_that_is_refused_for_one_sku_tells_the_others() -> None:
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10), level(10, sku="B"))
    bench.sent.refuses = [RejectedError("too large"), RejectedError("too large")]
    assert await bench.flush() == 1
    assert await bench.flush() == 1


async def test_a_sku_odoo_never_told_of_is_left_alone() -> None:
    """An order for it is counted, but its number at the marketplace is not ours to change."""
    bench = await Bench(channels=[WALMART, AMAZON]).start()
    await bench.demands(demand(2))
    await bench.flush()
    assert bench.sent.offers() == []
    await bench.levels(level(10))
    await bench.flush()
    assert numbers(bench.sent.offers()) == {"walmart": 8, "amazon": 8}


async def test_an_archived_product_is_taken_off_where_it_was_offered_and_nowhere_else() -> None:
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10), level(10, sku="B", active=False))
    await bench.flush()
    bench.sent.clear()
    await bench.levels(level(10, version=2, active=False))
    (offer,) = bench.sent.offers()
    assert (offer["sku"], offer["quantity"], offer["urgent"]) == ("CWT-1", "0", True)
    assert offer["terms"][0]["name"] == "inactive"
    assert await bench.flush() == 0


async def test_an_order_that_grew_too_old_frees_its_units_with_a_flush() -> None:
    bench = await Bench(StockSettings(shipped_days=7), [WALMART]).start()
    await bench.levels(level(10))
    await bench.demands(demand(2, status="shipped"))
    await bench.flush()
    assert numbers(bench.sent.offers()) == {"walmart": 8}
    bench.now = NOW + minutes(7 * 24 * 60)
    bench.sent.clear()
    assert await bench.flush() == 1
    assert numbers(bench.sent.offers()) == {"walmart": 10}


async def test_topics_of_different_partition_counts_are_refused() -> None:
    bench = await Bench().start()
    with pytest.raises(MisuseError, match="same number of partitions"):
        await bench.stage.assigned({Partition("inventory", 0), Partition("demand", 0), Partition("demand", 1)})


def test_a_channel_that_does_not_exist_is_told_at_the_start() -> None:
    stock = StockSettings(channels={"wallmart": {}}, rules=({"channel": "walmart", "account": "other", "buffer": 1},))
    with pytest.raises(ConfigurationError) as error:
        Bench(stock, [WALMART])
    assert "stock.channels.wallmart: there is no marketplace 'wallmart'" in str(error.value)
    assert "stock.rules[1].account: walmart has no account 'other'; there are: main" in str(error.value)
