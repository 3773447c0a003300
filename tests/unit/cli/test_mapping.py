"""`causeway mapping set sku`: what an entry does beyond orders, and what about it is ambiguous, is said (ORD-9)."""

from __future__ import annotations

import pytest

from tests.unit.cli import samples
from tests.unit.cli.samples import Kafka
from tests.unit.stock.samples import WALMART, Bench, level


@pytest.fixture(autouse=True)
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """Empty topics."""
    made = Kafka()
    made.stand_in(monkeypatch, ("failure.mappings", "failure.held_list", "stages.stock.explain"), ("failure.mappings",))
    return made


def causeway(*words: str) -> str:
    """What a command of `causeway mapping` says."""
    return samples.causeway("mapping", *words, code=0)


def test_where_numbers_go_is_said_and_who_had_the_word_until_now_is_kept(kafka: Kafka) -> None:
    """The route stage tells that one anew as well."""
    said = causeway("set", "sku", "walmart", "THEIRS", "OURS")
    assert "Stock, prices and the listing of OURS go to walmart as THEIRS within moments." in said
    assert "causeway mapping set sku walmart OURS OURS" in said  # where there is an item of its own word
    assert "If they do not" not in causeway("set", "sku", "walmart", "OURS", "OURS")
    causeway("set", "sku", "walmart", "THEIRS", "OTHER")
    causeway("remove", "sku", "walmart", "THEIRS", "--yes")
    assert [dict(message.headers).get("before") for message in kafka.on("mappings")] == [None, None, b"OURS", b"OTHER"]
    assert "listing" not in causeway("set", "carrier", "walmart", "Standard", "UPS")


def test_several_items_of_one_sku_are_said(kafka: Kafka) -> None:
    causeway("set", "sku", "walmart", "A", "OURS")
    said = causeway("set", "sku", "walmart", "B", "OURS", "--account", "main")
    assert "as A, B within moments" in said
    assert "2 items of it: each is told the whole number" in said


async def test_a_word_that_odoo_has_for_another_product_is_said(kafka: Kafka) -> None:
    bench = await Bench(channels=[WALMART]).start()
    await bench.levels(level(10, sku="THEIRS"))
    kafka.send_all(bench.sent.on("stock.ledger"))
    assert "Odoo has a product THEIRS as well" in causeway("set", "sku", "walmart", "THEIRS", "OURS")
    assert "as well" not in causeway("set", "sku", "walmart", "THEIRS", "THEIRS")
