"""A document that came damaged is believed to be whole there, for a while (ERR-1, ERR-2)."""

from __future__ import annotations

import logging

import pytest

from connectors.kit.errors import DataError, TransientError
from connectors.kit.rereading import PATIENCE, DamagedError, Rereading, StaysDamagedError


async def damaged() -> bytes:
    raise DamagedError("document: its end is missing")


async def whole() -> bytes:
    return b"x"


async def refused() -> bytes:
    raise DataError("there is none", code="NONE")


async def tried(rereading: Rereading, document: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(DamagedError):
            await rereading.read(document, damaged)


async def test_a_document_that_stays_damaged_is_told_and_counts_anew() -> None:
    """ERR-1: so many times in a row, of the same document."""
    rereading = Rereading("shop")
    await tried(rereading, "A", PATIENCE - 1)
    assert await rereading.read("A", whole) == b"x"
    await tried(rereading, "A", PATIENCE - 1)
    await tried(rereading, "B", 1)
    with pytest.raises(StaysDamagedError, match=f"its end is missing; so it was each of {PATIENCE} times") as caught:
        await rereading.read("A", damaged)
    assert isinstance(caught.value, DataError)
    await tried(rereading, "A", 1)


async def test_what_else_goes_wrong_goes_on_uncounted() -> None:
    """ERR-2: a refusal is an answer."""
    rereading = Rereading("shop")
    await tried(rereading, "A", PATIENCE - 2)
    with pytest.raises(DataError) as caught:
        await rereading.read("A", refused)
    assert caught.value.code == "NONE"
    await tried(rereading, "A", 1)
    with pytest.raises(StaysDamagedError):
        await rereading.read("A", damaged)


async def test_damage_is_told_by_its_system(caplog: pytest.LogCaptureFixture) -> None:
    """ERR-1: whose document it was, and how often."""
    assert issubclass(DamagedError, TransientError)
    with caplog.at_level(logging.WARNING):
        await tried(Rereading("shop"), "A", 2)
    assert [record.getMessage()[:44] for record in caplog.records] == [
        "shop_document_damaged document=A times=1 err",
        "shop_document_damaged document=A times=2 err",
    ]
