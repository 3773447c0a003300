"""Listings are checked against Amazon's own schema of their product type before they are sent (PRD-3, RATE-3)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.amazon.sandbox import definitions_api, definitions_schema
from connectors.kit.ports import Delivery, Outcome, Result
from schemas.reasons import Reason
from tests.contract.amazon_box import Box
from tests.contract.amazon_out import World, goods_box
from tests.contract.out_world import Process
from tests.contract.test_amazon_listings_out import CATEGORIES, KNOWN, TABLE, upsert

NO_ORIGIN = TABLE.replace("limit=2,yes,DE,", "limit=2,no,,")


@pytest.fixture
def box() -> Iterator[Box]:
    with goods_box() as found:
        yield found


@pytest.fixture
async def world(box: Box, tmp_path: Path) -> AsyncIterator[World]:
    async with World(box, listings=listings(tmp_path)) as found:
        found.add("OTHERS-1", name="Known Lamp", stock=3)
        yield found


def listings(folder: Path, table: str = NO_ORIGIN, **changed: Any) -> dict[str, Any]:
    """Tables that leave out what Amazon requires of a HOME."""
    (folder / "categories.csv").write_text(CATEGORIES)
    (folder / "attributes.csv").write_text(table)
    return {
        "categories": (folder / "categories.csv",), "attributes": (folder / "attributes.csv",), "cache_folder": str(folder / "cache"),
        "publish_ladder_seconds": (30, 60, 120), "publish_hours": 1, "own_use_gtins": True, **changed,
    }  # fmt: skip


def calls(world: World, method: str = "GET", path: str = "/definitions/") -> int:
    return sum(one["method"] == method and path in one["path"] for one in world.box.state()["calls"]["latest"])


async def settled(process: Process, one: Delivery) -> Outcome:
    await process.deliver(one)
    await process.settle()
    return process.last(one)


async def test_what_amazon_would_refuse_is_told_by_attribute_and_not_sent(world: World) -> None:
    """PRD-3: once, with what to do; the others go on."""
    process = world.process()
    bad, good = upsert(), upsert("N-2", fields={"x_origin": "IT"}, barcode="4006381333955", product_id=2)
    await process.deliver(bad, good)
    await process.settle()
    found = process.last(bad)
    assert (found.result, found.reason) == (Result.FAILED, Reason.DATA)
    assert found.detail == (
        "country_of_origin: Amazon requires it for this product type; add a line to the attribute table [MISSING_REQUIRED]"
    )
    assert process.last(good).result is Result.APPLIED
    assert [calls(world, "PUT", f"/{sku}") for sku in ("N-1", "N-2")] == [0, 1]
    again = upsert(version=2)
    assert (await settled(process, again)).detail == found.detail, "another version is told anew"
    (repeated,) = await process.deliver(replace(again, id="again"))
    assert (repeated.result, repeated.notes) == (Result.STALE, ("refused_before",))


async def test_an_update_is_checked_as_the_part_it_is(world: World) -> None:
    """Nothing required is missed, what is there has to be right."""
    process = world.process()
    fine = await settled(process, upsert("OTHERS-1", name="A Better Lamp"))
    assert fine.result is Result.APPLIED, fine.detail
    found = await settled(process, upsert("OTHERS-1", version=2, fields={"x_origin": "it"}))
    assert (found.result, found.reason) == (Result.FAILED, Reason.DATA)
    assert found.detail.startswith("country_of_origin.value: breaks the spec's pattern ")
    assert calls(world, "PATCH", "/OTHERS-1") == 1


async def test_an_offer_on_a_page_is_checked_as_an_offer(world: World) -> None:
    found = await settled(world.process(), upsert(barcode=KNOWN, category="", images=[], description=""))
    assert found.result is Result.APPLIED
    assert calls(world, path="/definitions/2020-09-01/productTypes/PRODUCT") == 1


async def test_a_definition_is_asked_for_once(world: World, tmp_path: Path) -> None:
    """RATE-3: also after a restart; after its hours the definition only, as its schema has not changed."""
    for place in range(3):
        await settled(world.process(), upsert(version=place + 1))
    assert (calls(world), calls(world, path="/definition-schemas/")) == (1, 1)
    world.box.clock.tick(25 * 3600)
    await settled(world.process(), upsert(version=9))
    assert (calls(world), calls(world, path="/definition-schemas/")) == (2, 1)
    for file in (tmp_path / "cache" / "amazon" / "definition_schema").iterdir():
        file.unlink()
    await settled(world.process(), upsert(version=10))
    assert (calls(world), calls(world, path="/definition-schemas/")) == (3, 2), "the kept link is too old"


async def test_a_changed_schema_is_read_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """RATE-3: Amazon requires something else from now on."""
    process = world.process()
    await process.deliver(upsert())
    kept = definitions_api._schema

    def changed(*names: str) -> bytes:
        schema = json.loads(kept(*names))
        schema["required"] = ["material"]
        schema["properties"]["material"] = {"type": "array"}
        return json.dumps(schema).encode()

    monkeypatch.setattr(definitions_api, "_schema", changed)
    world.box.clock.tick(25 * 3600)
    (found,) = await process.deliver(upsert(version=2))
    assert found.detail.startswith("material: Amazon requires it")


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "status", "code": 503, "path": "/definitions/"},
        {"kind": "status", "code": 403, "path": "/definitions/"},
        {"kind": "status", "code": 400, "path": "/definitions/"},
        {"kind": "malformed", "path": "/definitions/"},
        {"kind": "status", "code": 403, "path": "/definition-schemas/"},
        {"kind": "malformed", "path": "/definition-schemas/"},
        {"kind": "truncated", "path": "/definition-schemas/"},
    ],
)
async def test_where_amazon_cannot_be_asked_it_is_sent_unchecked(world: World, rule: dict[str, Any]) -> None:
    """Amazon makes the check again; nothing is held because of ours."""
    world.box.faults(rule)
    found = await settled(world.process(), upsert())
    assert (found.result, "INVALID" in found.detail, calls(world, "PUT", "/N-1")) == (Result.FAILED, True, 1)


async def test_a_type_amazon_has_no_definition_of_is_sent_unchecked(world: World) -> None:
    found = await settled(world.process(), upsert(category="All / Odd"))
    assert (found.result, "INVALID" in found.detail, calls(world, "PUT", "/N-1")) == (Result.FAILED, True, 1)


async def test_a_schema_that_is_not_the_announced_one_is_not_believed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions_schema, "checksum", lambda content: "bm9uZQ==")
    found = await settled(world.process(), upsert())
    assert (found.result, "INVALID" in found.detail) == (Result.FAILED, True)


async def test_it_can_be_switched_off(box: Box, tmp_path: Path) -> None:
    async with World(box, listings=listings(tmp_path, check_definitions=False)) as world:
        found = await settled(world.process(), upsert())
        assert ("INVALID" in found.detail, calls(world)) == (True, 0)
