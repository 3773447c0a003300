"""Which partition a key belongs to: murmur2 as Kafka's Java producer and librdkafka's `murmur2_random` compute it.

Source of the rule: org.apache.kafka.common.utils.Utils.murmur2 and BuiltInPartitioner.partitionForKey (32-bit MurmurHash2 of Austin Appleby with
seed 0x9747b28c; the sign bit is dropped before the modulo).
"""

from __future__ import annotations

_SEED = 0x9747B28C
_MIX = 0x5BD1E995
_SHIFT = 24
_WORD = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit hash, unsigned."""
    hashed = _SEED ^ len(data)
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        block = int.from_bytes(data[start : start + 4], "little") * _MIX & _WORD
        block = (block ^ block >> _SHIFT) * _MIX & _WORD
        hashed = (hashed * _MIX & _WORD) ^ block
    if tail := data[whole:]:
        hashed = (hashed ^ int.from_bytes(tail, "little")) * _MIX & _WORD
    hashed = (hashed ^ hashed >> 13) * _MIX & _WORD
    return hashed ^ hashed >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key in a topic of that many partitions."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
