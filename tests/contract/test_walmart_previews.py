"""OPS-7: what acknowledging would change at Walmart is said by reading alone; every operation can say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.walmart.sink import OPERATIONS
from tests.contract.benches.walmart import acknowledgement
from tests.contract.test_walmart_connector import Patient
from tests.contract.walmart_box import Box, walmart_box


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as found:
        yield found


async def told(box: Box, *orders: str) -> list[list[tuple[str, str, str]]]:
    sink = Patient(box).sink()
    found = await sink.preview([acknowledgement(po) for po in orders])
    await sink.aclose()
    return [[(one.field, one.now, one.would_be) for one in differences] for differences in found]


async def test_an_acknowledgement_is_told_while_walmart_waits_for_it(box: Box) -> None:
    """OPS-7, FUL-1: one that is waited for, one of an order that is not there; afterwards nothing is left to change."""
    waiting, cancelled = box.add(2)
    box.clock.now += 3
    box.http.post(f"/sandbox/orders/{cancelled}/change", json={"kind": "cancel_order"}).raise_for_status()
    before = box.state()["writes"]
    assert await told(box, waiting, cancelled, "404") == [
        [("status", "created", "acknowledged")], [], [("order", "not there", "acknowledged")],
    ]  # fmt: skip
    assert box.state()["writes"] == before
    sink = Patient(box).sink()
    assert (await sink.deliver([acknowledgement(waiting)]))[0].ok
    await sink.aclose()
    assert await told(box, waiting) == [[]]


async def test_every_operation_can_say_what_it_would_write(box: Box) -> None:
    """OPS-7: `causeway shadow diff` never shows "nothing" for want of an answer."""
    sink: Any = Patient(box).sink()
    await sink.aclose()
    assert sink.operations.previewed == OPERATIONS
