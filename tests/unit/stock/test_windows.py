"""Windows are aligned to the clock, each channel with its own length (INV-1)."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta

from streams.stages.stock.windows import Windows
from streams.stock_settings import StockSettings
from tests.unit.stock.samples import NOW, WALMART, Bench, level

MINUTE = 60_000


def test_a_window_ends_on_the_quarter_of_the_hour_whenever_we_started() -> None:
    for started in (0, 1, 14 * MINUTE, 15 * MINUTE - 1):
        assert Windows({"w": 15 * MINUTE}, started).next_ms() == 15 * MINUTE
    assert Windows({"w": 15 * MINUTE}, 15 * MINUTE).next_ms() == 30 * MINUTE


def test_each_end_is_told_once_and_what_was_missed_is_not_made_up_for() -> None:
    windows = Windows({"w": 15 * MINUTE, "a": 120 * MINUTE}, 0)
    assert windows.ended(14 * MINUTE) == frozenset()
    assert windows.ended(15 * MINUTE) == {"w"}
    assert windows.ended(16 * MINUTE) == frozenset()
    assert windows.ended(125 * MINUTE) == {"w", "a"}
    assert windows.next_ms() == 135 * MINUTE


def test_nobody_to_tell() -> None:
    assert Windows({}, 0).next_ms() is None


async def test_the_stage_flushes_by_itself_when_a_window_ends() -> None:
    """And goes on after a flush that failed."""
    bench = await Bench(StockSettings(flush_minutes=0.001), [WALMART]).start()  # 60 ms
    started = datetime.now(NOW.tzinfo)

    def clock() -> datetime:
        return NOW + (datetime.now(NOW.tzinfo) - started) + timedelta(milliseconds=1)

    bench.stage.flusher._now = clock
    await bench.levels(level(10))
    bench.stage.flusher.start()
    try:
        async with asyncio.timeout(10):
            await bench.sent.said.wait()
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await bench.stage.stop()
    assert bench.sent.offers()[0]["quantity"] == "10"
