"""The hop decode -> transform -> encode -> produce, side by side: each contender a process of its own, in turns, on the same topic.

python -m tests.bench.hop --bootstrap 127.0.0.1:9092 [--records 100000] [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.bench.contenders.work import encode, order

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PARTITIONS = 4
_HEADERS = [("id", b"0123456789abcdef"), ("source", b"walmart"), ("correlation", b"fedcba9876543210")]


@dataclass(frozen=True)
class Contender:
    """A script, and the Python that runs it (another environment's, for what is not installed here)."""

    name: str
    script: Path
    python: str = sys.executable


def contenders() -> list[Contender]:
    """Those that need nothing but this environment."""
    folder = HERE / "contenders"
    return [Contender("plain", folder / "plain.py"), Contender("ours", folder / "ours.py")]


def measure(
    bootstrap: str, racers: Sequence[Contender], *, records: int = 100_000, rounds: int = 3
) -> Mapping[str, Sequence[float]]:
    """Name -> records per second of each round. Contenders take turns, so that a slow minute of the machine hits all."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    source, target = make_topics(admin)
    fill(bootstrap, source, records)
    task = json.dumps({"bootstrap": bootstrap, "source": source, "target": target, "records": records})
    found: dict[str, list[float]] = {racer.name: [] for racer in racers}
    try:
        for _ in range(rounds):
            for racer in racers:
                found[racer.name].append(run(racer, task))
    finally:
        for future in admin.delete_topics([source, target]).values():
            future.result(timeout=20)
    return found


def run(racer: Contender, task: str) -> float:
    """One round of one contender -> records per second."""
    done = subprocess.run(
        [racer.python, str(racer.script), task],
        cwd=ROOT,
        env=None,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{racer.name} failed with code {done.returncode}: {done.stderr[-2000:]}")
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    return float(answer["records"] / answer["seconds"])


def make_topics(admin: AdminClient) -> tuple[str, str]:
    """A source and a target of their own."""
    names = [f"bench.hop.{side}.{uuid.uuid4().hex[:8]}" for side in ("in", "out")]
    for future in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names]).values():
        future.result(timeout=20)
    return names[0], names[1]


def fill(bootstrap: str, topic: str, records: int) -> None:
    """Write orders, keyed and with headers as the pipeline's records have them."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4"})
    for number in range(records):
        record = order(number)
        value, key = encode(record), record["id"].encode()
        while True:
            try:
                producer.produce(topic, value, key, headers=list(_HEADERS))
                break
            except BufferError:
                producer.poll(0.05)
    assert producer.flush(60) == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.bootstrap, contenders(), records=options.records, rounds=options.rounds)
    ours = statistics.median(found["ours"])
    for name, rates in found.items():
        middle = statistics.median(rates)
        if options.json and name != "ours":
            print(
                json.dumps(
                    {
                        "bench": f"hop/{name}",
                        "ours": round(ours),
                        "peer": round(middle),
                        "limit": 0.75,
                        "unit": "records/s",
                    }
                )
            )
        elif not options.json:
            print(
                f"{name:8} {middle:8.0f} records/s  ours = {ours / middle:.2f} x   rounds: {', '.join(f'{rate:.0f}' for rate in rates)}"
            )


if __name__ == "__main__":
    main()
