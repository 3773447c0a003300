"""The memory is flat: so many bytes a SKU, whatever happened to it before (INV-2, TEST-2)."""

from __future__ import annotations

import sys

import pytest

from schemas.headers import Headers, encode_headers
from schemas.record import Record
from streams.stages.stock.memory import Table, newest_values, sku_of
from tests.unit.stock.samples import WALMART, Bench, known, level

SKUS = 300
LOCATIONS = [{"warehouse": name, "on_hand": "500", "reserved": "20"} for name in ("WH", "EAST")]


def bytes_per_sku(table: Table) -> float:
    entries = sum(sys.getsizeof(sku) + sys.getsizeof(value) for sku, value in table.values.items())
    return (entries + sys.getsizeof(table.values)) / len(table.values)


async def test_a_sku_takes_half_a_kilobyte_and_does_not_grow_with_every_reading() -> None:
    """10,000 SKUs in two warehouses with an order each: about 5 MB."""
    bench = await Bench(channels=[WALMART]).start()
    for version in range(1, 4):
        await bench.levels(
            *(
                level(
                    sku=f"CWT-{number:06}", version=version, locations=LOCATIONS,
                    orders=[known(f"walmart:main:{version}", 1, 1)],
                )
                for number in range(SKUS)
            )
        )  # fmt: skip
        await bench.flush()
    table = bench.stage.shelf.table(0)
    assert len(table.values) == SKUS
    assert bytes_per_sku(table) < 600
    assert (table.waiting, table.due_ms) == ({}, {})


def written(sku: str, at: int, value: bytes = b"v") -> Record:
    headers = encode_headers(Headers("i", "odoo", "stock_ledger", at, "c", "", at, "sandbox"))
    return Record("stock.ledger", 0, 0, 0, f"sku:{sku}".encode(), value, headers)


def test_the_newest_ledger_is_the_one_with_the_greatest_time() -> None:
    values, at = newest_values(
        [written("A", 2, b"new"), written("A", 1, b"late"), written("B", 1, b"old"), written("B", 1, b"same")]
    )
    assert values == {"A": b"new", "B": b"same"}
    assert at == {"A": 2, "B": 1}


def test_records_that_cannot_be_read_are_passed_over() -> None:
    no_headers = Record("stock.ledger", 0, 0, 0, b"sku:A", b"v")
    no_value = written("A", 1, b"")
    assert newest_values([no_headers, no_value]) == ({}, {})


@pytest.mark.parametrize("key", [None, b"", b"sku:", b"walmart:main:1", b"\xff"])
def test_a_key_that_is_no_skus(key: bytes | None) -> None:
    with pytest.raises(ValueError, match="is not sku:SKU"):
        sku_of(key)


def test_batches_of_a_partition_have_growing_times() -> None:
    table = Table()
    assert [table.next_batch_ms(now) for now in (10, 10, 5, 20)] == [10, 11, 12, 20]
