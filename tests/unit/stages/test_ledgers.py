"""INV-2, PRC-1, PO-4: what a stage knows of each key is kept as it lies in the topic, and what a chunk changes counts when it is safe."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from schemas.codec import Codec
from schemas.record import Record
from schemas.records import PriceLedger
from schemas.topics import PRICE_LEDGER
from streams.stages.ledgers import Ledgers
from tests.unit.failure.samples import codec


def ledger(sku: str, price: bytes = b"") -> PriceLedger:
    return PriceLedger(key=f"sku:{sku}", sku=sku, price=price, offers=[], at=datetime(2026, 11, 1, tzinfo=UTC))


def ledgers() -> tuple[Ledgers[PriceLedger], Codec]:
    found = codec()
    return Ledgers(found, "price_ledger", PRICE_LEDGER), found


def test_what_a_chunk_changed_is_known_once_it_is_kept() -> None:
    books, _ = ledgers()
    books.open(0)
    draft = books.draft(0)
    draft.put("sku:A", ledger("A", b"1"))
    assert draft["sku:A"]["price"] == b"1", "the next record of the chunk sees it"
    assert books.draft(0).get("sku:A") is None, "nothing is safe yet"
    draft.keep(draft.messages())
    assert books.draft(0)["sku:A"]["price"] == b"1"
    assert [one["sku"] for one in books.each(0)] == ["A"]
    assert "sku:A" not in books.draft(1)


def test_the_topic_restores_it_and_what_cannot_be_read_is_told(caplog: pytest.LogCaptureFixture) -> None:
    books, written = ledgers()
    books.open(2)
    with caplog.at_level(logging.WARNING):
        for offset, value in enumerate([written.encode("price_ledger", ledger("A")), b"damaged", None]):
            books.learn(Record(PRICE_LEDGER, 2, offset, 0, b"sku:A" if offset == 0 else b"sku:B", value, ()))
    assert [one["sku"] for one in books.each(2)] == ["A"]
    assert [record.getMessage() for record in caplog.records] == ["price_ledger_unreadable origin=price.ledger/2/1"]
    books.drop(2)
    assert 2 not in books
