"""Stock numbers out to the sandbox, one by one and by feed (INV-1, INV-4)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.ports import Result
from schemas.reasons import Reason
from tests.contract.walmart_box import Box
from tests.contract.walmart_out import Worlds, box, skus, stock, stocks, worlds

__all__ = ["box", "worlds"]  # the fixtures


async def test_many_numbers_go_in_one_feed_and_each_has_its_outcome(box: Box, worlds: Worlds) -> None:
    """INV-1: at most 200 in one feed; INV-4: what Walmart says of one SKU touches no other."""
    world = worlds()
    process = world.process()
    batch = [*stocks(skus(box, 120), 7, 1), stock("nobody", 3, 1)]
    first = await process.deliver(*batch)
    assert {one.result for one in first} == {Result.SUBMITTED}
    assert len({one.job for one in first}) == 1
    await process.settle()
    assert [process.last(one).result for one in batch[:-1]] == [Result.APPLIED] * 120
    assert {tuple(world.history(one.body["sku"])) for one in batch[:-1]} == {(7,)}
    lost = process.last(batch[-1])
    assert (lost.reason, lost.waiting_for) == (Reason.MAPPING, "listing:walmart:main:nobody")


async def test_none_of_an_item_that_is_not_there_is_what_a_0_says(box: Box, worlds: Worlds) -> None:
    """INV-4: by call or by feed, it waits for no listing, and asks for none."""
    world = worlds()
    process = world.process()
    alone = stock("nobody", 0, 1, urgent=True)
    (called,) = await process.deliver(alone)
    batch = [*stocks(skus(box, 60), 7, 1), stock("nowhere", 0, 1)]
    await process.deliver(*batch)
    await process.settle()
    for found in (called, process.last(batch[-1])):
        assert (found.result, found.remote_id, found.notes) == (Result.APPLIED, "0", ("not_listed",))


async def test_an_urgent_number_goes_alone_and_at_once(box: Box, worlds: Worlds) -> None:
    world = worlds()
    process, sku = world.process(), skus(box, 1)[0]
    (found,) = await process.deliver(stock(sku, 2, 1, urgent=True))
    assert (found.result, found.remote_model, found.remote_id) == (Result.APPLIED, "inventory", "2")
    assert world.history(sku) == [2]


async def test_ship_nodes_have_a_feed_of_their_own(box: Box, worlds: Worlds) -> None:
    node = "10000003527"
    world = worlds(account={"ship_node": node})
    process, many = world.process(), skus(box, 30)
    await process.deliver(*stocks(many[:-1], 8, 1))
    await process.deliver(stock(many[-1], 3, 2, urgent=True))
    await process.settle()
    kinds = [feed["feedType"] for feed in box.call("GET", "/v3/feeds").json()["results"]["feed"]]
    assert kinds == ["MP_INVENTORY"]
    for sku, amount in ((many[0], 8), (many[-1], 3)):
        written = world.item(sku)["stock_history"]
        assert [(one["node"], one["amount"]) for one in written] == [(node, amount)]


async def test_a_sku_with_a_space_and_a_plus_reaches_its_item(box: Box, worlds: Worlds) -> None:
    sku = "a b+c/d%ä"
    box.http.post("/sandbox/items", json={"items": [{"sku": sku}]}).raise_for_status()
    (found,) = await worlds().process().deliver(stock(sku, 2, 1, urgent=True))
    assert found.result is Result.APPLIED


@pytest.mark.parametrize(("given", "sent", "notes"), [("3.9", "3", ()), ("5000", "999", ("capped",)), ("0", "0", ())])
async def test_numbers_are_whole_and_capped(box: Box, worlds: Worlds, given: str, sent: str, notes: Any) -> None:
    """INV-2: cap 999 for Walmart."""
    (found,) = await worlds().process().deliver(stock(skus(box, 1)[0], given, 1, urgent=True))
    assert (found.remote_id, found.notes) == (sent, notes)


@pytest.mark.parametrize("given", ["-1", "many", ""])
async def test_what_is_no_number_is_a_data_error(box: Box, worlds: Worlds, given: str) -> None:
    (found,) = await worlds().process().deliver(stock(skus(box, 1)[0], given, 1))
    assert found.reason is Reason.DATA
