"""RATE-3: reference data is cached with expiry and a hit-rate metric."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from connectors.kit.cache import ReferenceCache, default_folder
from connectors.kit.errors import AuthError, TransientError

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Shop:
    """Answers with how often it was asked; fails when told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.failing: Exception | None = None
        self.batches: list[Sequence[str]] = []

    async def fetch(self) -> Any:
        self.asked += 1
        await asyncio.sleep(0)
        if self.failing:
            raise self.failing
        return {"answer": self.asked, "price": Decimal("1.10")}

    async def many(self, keys: Sequence[str]) -> Mapping[str, Any]:
        self.batches.append(keys)
        return {key: (await self.fetch())["answer"] for key in keys}


def counted(what: str) -> dict[str, float]:
    labels = {"system": "shop", "what": what}
    return {
        result: REGISTRY.get_sample_value("causeway_reference_cache_total", {**labels, "result": result}) or 0.0
        for result in ("hit", "miss", "stale", "error")
    }


async def asked(cache: ReferenceCache, shop: Shop, what: str = "taxonomy", key: str = "v1") -> Any:
    return (await cache.get(what, key, shop.fetch, expires=HOUR, stale=DAY))["answer"]


async def test_asked_once_until_it_expires_and_counted() -> None:
    clock, shop = Clock(), Shop()
    cache = ReferenceCache("shop", None, clock)
    before = counted("taxonomy")
    assert [await asked(cache, shop) for _ in range(3)] == [1, 1, 1]
    clock.now += timedelta(minutes=59)
    assert await asked(cache, shop) == 1
    clock.now += timedelta(minutes=1)
    assert await asked(cache, shop) == 2
    assert await asked(cache, shop, key="v2") == 3  # another key
    after = counted("taxonomy")
    assert {name: after[name] - before[name] for name in after} == {"hit": 3, "miss": 3, "stale": 0, "error": 0}


async def test_a_restart_does_not_ask_again(tmp_path: Path) -> None:
    clock, shop = Clock(), Shop()
    assert await asked(ReferenceCache("shop", tmp_path, clock), shop) == 1
    after = ReferenceCache("shop", tmp_path, clock)
    assert await asked(after, shop) == 1
    assert (await after.get("taxonomy", "v1", shop.fetch, expires=HOUR))["price"] == Decimal("1.10")
    clock.now += HOUR
    assert await asked(ReferenceCache("shop", tmp_path, clock), shop) == 2


async def test_an_old_answer_serves_while_the_system_fails_and_it_is_not_pressed() -> None:
    clock, shop = Clock(), Shop()
    cache = ReferenceCache("shop", None, clock)
    await asked(cache, shop)
    before = counted("taxonomy")["stale"]
    clock.now += 2 * HOUR
    shop.failing = TransientError("down")
    assert [await asked(cache, shop) for _ in range(3)] == [1, 1, 1]
    assert shop.asked == 2  # once more, then a pause
    clock.now += timedelta(seconds=61)
    assert await asked(cache, shop) == 1
    assert shop.asked == 3
    assert counted("taxonomy")["stale"] == before + 4
    shop.failing = None
    clock.now += timedelta(seconds=61)
    assert await asked(cache, shop) == 4


async def test_too_old_an_answer_and_none_at_all_are_errors() -> None:
    clock, shop = Clock(), Shop()
    cache = ReferenceCache("shop", None, clock)
    shop.failing = TransientError("down")
    before = counted("taxonomy")["error"]
    with pytest.raises(TransientError):
        await asked(cache, shop)
    shop.failing = None
    await asked(cache, shop)
    shop.failing = TransientError("down")
    clock.now += HOUR + DAY
    with pytest.raises(TransientError):
        await asked(cache, shop)
    assert counted("taxonomy")["error"] == before + 2


async def test_a_refusal_is_not_hidden_behind_an_old_answer() -> None:
    clock, shop = Clock(), Shop()
    cache = ReferenceCache("shop", None, clock)
    await asked(cache, shop)
    clock.now += 2 * HOUR
    shop.failing = AuthError("no")
    with pytest.raises(AuthError):
        await asked(cache, shop)


async def test_many_who_ask_at_once_are_one_call() -> None:
    cache, shop = ReferenceCache("shop", None, Clock()), Shop()
    assert await asyncio.gather(*(asked(cache, shop) for _ in range(10))) == [1] * 10
    assert shop.asked == 1


async def test_several_keys_are_asked_for_together_and_only_those_that_are_missing() -> None:
    clock, shop = Clock(), Shop()
    cache = ReferenceCache("shop", None, clock)
    await cache.get_many("spec", ["a", "b"], shop.many, expires=HOUR, at_most=2)
    found = await cache.get_many("spec", ["c", "a", "d", "e", "a"], shop.many, expires=HOUR, at_most=2)
    assert shop.batches == [["a", "b"], ["c", "d"], ["e"]]
    assert list(found) == ["c", "a", "d", "e"]
    assert found["a"] == 1
    assert await cache.get_many("spec", [], shop.many, expires=HOUR) == {}


def damage(folder: Path, content: bytes) -> None:
    (path,) = folder.rglob("*.json")
    path.write_bytes(content)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"key": ["taxonomy", "other"], "fetched_at": "x", "value": 1}']
)
async def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    clock, shop = Clock(), Shop()
    await asked(ReferenceCache("shop", tmp_path, clock), shop)
    damage(tmp_path, content)
    assert await asked(ReferenceCache("shop", tmp_path, clock), shop) == 2


async def test_a_folder_that_cannot_be_written_costs_work_not_the_answer(tmp_path: Path) -> None:
    (tmp_path / "shop").write_bytes(b"a file where a folder belongs")
    assert await asked(ReferenceCache("shop", tmp_path, Clock()), Shop()) == 1


async def test_a_clock_set_back_does_not_keep_it_for_ever() -> None:
    clock, shop = Clock(), Shop()
    cache = ReferenceCache("shop", None, clock)
    await asked(cache, shop)
    clock.now -= DAY
    assert await asked(cache, shop) == 2


async def test_forgotten_it_is_asked_for_again(tmp_path: Path) -> None:
    shop = Shop()
    cache = ReferenceCache("shop", tmp_path, Clock())
    await asked(cache, shop)
    cache.forget("taxonomy", "v1")
    assert await asked(cache, shop) == 2


def test_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "causeway" / "reference"
