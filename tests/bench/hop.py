"""The hop decode -> map -> encode -> produce, side by side: each contender a process of its own, in turns, on the same topic.

A round of a contender, each with an output topic of its own:

    from    the contender has the first record in hand (joining the group and imports do not count)
    to      the broker's time stamp of the last output (the contender then waits for all acknowledgements, or fails)

and after it the output is read: nothing may be missing, and samples must be what the mapping makes of their input.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from tests.bench.cluster import Say, cluster, topics
from tests.bench.environment import python_of_quix
from tests.bench.errors import BenchError
from tests.bench.figures import Measure, Series, turns
from tests.bench.racers.work import Plan, decode, encode, mapped, sold

ROOT = Path(__file__).parents[2]
PARTITIONS = 4
RECORDS = 80_000
ROUNDS = 7
_ROUND_SECONDS = 300.0
_READ_SECONDS = 60.0
_SAMPLE = 97
# The broker stamps when it wrote, so one clock tells for all contenders when they were through.
_STAMPED = {"message.timestamp.type": "LogAppendTime"}
# As the pipeline's records have them; ten small ones.
_HEADERS = [
    ("id", b"6f1b0c9a4e3d2f10"), ("source", b"market"), ("entity", b"order"), ("version", b"1760000000000"), ("checksum", b"9d3f7a1c5b2e8064"),
    ("correlation", b"a1b2c3d4e5f60718"), ("fetched", b"1760000000123"), ("env", b"sandbox"), ("traceparent", b""), ("lane", b""),
]  # fmt: skip


@dataclass(frozen=True)
class Racer:
    """A module of `racers`, and the Python that runs it."""

    name: str
    python: str = sys.executable


def hop(say: Say, *, records: int = RECORDS, rounds: int = ROUNDS) -> list[Measure]:
    """Ours against Quix Streams and against plain librdkafka. Raises BenchError."""
    racers = [Racer("ours"), Racer("quix", python_of_quix(say)), Racer("plain")]
    with cluster(say) as endpoints:
        rates = race(endpoints.bootstrap, racers, say, records=records, rounds=rounds)
    ours = Series(tuple(rates["ours"]))
    return [
        Measure("hop_vs_quix", "records/s", 1.2, ours, Series(tuple(rates["quix"]))),
        Measure("hop_vs_librdkafka", "records/s", 0.75, ours, Series(tuple(rates["plain"]))),
    ]


def race(
    bootstrap: str, racers: Sequence[Racer], say: Say, *, records: int, rounds: int
) -> Mapping[str, Sequence[float]]:
    """Name -> records per second of each round. A first round warms the broker up and does not count."""
    by_name = {racer.name: racer for racer in racers}
    rates: dict[str, list[float]] = {name: [] for name in by_name}
    with topics(bootstrap, ["hop.in"], PARTITIONS, {}) as (source,):
        _fill(bootstrap, source, records)
        for number, name in enumerate(turns(list(by_name), rounds + 1)):
            rate = _round(bootstrap, by_name[name], source, records)
            if number >= len(by_name):
                rates[name].append(rate)
                say(f"hop: {name} {rate:,.0f} records/s")
    return rates


def _round(bootstrap: str, racer: Racer, source: str, records: int) -> float:
    with topics(bootstrap, ["hop.out"], PARTITIONS, _STAMPED) as (target,):
        began = _run(racer, Plan(bootstrap, f"bench.{racer.name}.{uuid.uuid4().hex[:8]}", source, target, records))
        ended = _verified(bootstrap, target, records, racer.name)
    return records / (ended - began)


def _run(racer: Racer, plan: Plan) -> float:
    """Run the contender to its end -> when it had the first record."""
    command = [racer.python, "-m", f"tests.bench.racers.{racer.name}", plan.as_json()]
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "Quix", "CAUSEWAY_"))
    }
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=_ROUND_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"hop: {racer.name} was not through after {_ROUND_SECONDS:.0f} s") from None
    if done.returncode:
        raise BenchError(f"hop: {racer.name} ended with code {done.returncode}: {done.stderr.strip()[-1500:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["began"])


def _fill(bootstrap: str, topic: str, records: int) -> None:
    """Orders, keyed and with headers."""
    producer = Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4", "partitioner": "murmur2_random"}
    )
    for number in range(records):
        value, key = encode("sold", sold(number)), b"market:MAIN:%013d" % number
        while True:
            try:
                producer.produce(topic, value, key, headers=list(_HEADERS))
                break
            except BufferError:
                producer.poll(0.05)
    if producer.flush(_READ_SECONDS):
        raise BenchError(f"hop: Kafka at {bootstrap} did not take the input within {_READ_SECONDS:.0f} s")


def _verified(bootstrap: str, topic: str, records: int, name: str) -> float:
    """When the last output was written, seconds since the epoch. Raises BenchError for output that is missing, too much or wrong."""
    numbers: list[int] = []
    last_ms = 0
    for message in _read(bootstrap, topic):
        key, value = message.key() or b"", message.value() or b""
        number = int(key[-13:])
        numbers.append(number)
        last_ms = max(last_ms, message.timestamp()[1])
        if number % _SAMPLE == 0 and (
            decode("order", value) != mapped(sold(number)) or len(message.headers() or ()) != len(_HEADERS)
        ):
            raise BenchError(f"hop: {name} made something else of record {number}")
    missing = records - len(set(numbers))
    if missing or len(numbers) != records:
        raise BenchError(
            f"hop: {name} wrote {len(numbers)} records for {records}: {missing} are missing, "
            f"{len(numbers) - len(set(numbers))} came twice"
        )
    return last_ms / 1000


def _read(bootstrap: str, topic: str) -> list[Message]:
    """All records of a topic."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench.verify", "enable.auto.commit": False})
    found: list[Message] = []
    try:
        partitions = [TopicPartition(topic, number, 0) for number in range(PARTITIONS)]
        total = sum(consumer.get_watermark_offsets(part, timeout=_READ_SECONDS)[1] for part in partitions)
        consumer.assign(partitions)
        while len(found) < total:
            some = consumer.consume(10_000, timeout=5.0)
            if not some:
                raise BenchError(f"hop: only {len(found)} of {total} records of the output could be read")
            found += some
    finally:
        consumer.close()
    return found
