"""The partition of a key is the one that every Kafka client computes."""

from __future__ import annotations

import pytest

from streams.poller.partition import murmur2, partition_of

# Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2 (signed 32-bit there).
PUBLISHED = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("data", "expected"), PUBLISHED.items())
def test_hash_is_the_published_one(data: bytes, expected: int) -> None:
    assert murmur2(data) == expected % 2**32


def test_sign_bit_is_dropped_before_the_modulo() -> None:
    """EVT-3: `toPositive` masks, it does not negate."""
    assert partition_of(b"21", 1000) == (-973932308 & 0x7FFFFFFF) % 1000
    assert partition_of(b"abc", 6) == 479470107 % 6


def test_everything_falls_somewhere() -> None:
    assert {partition_of(f"walmart:a{n}:orders".encode(), 6) for n in range(100)} == set(range(6))
    assert partition_of(b"", 1) == 0
