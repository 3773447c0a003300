"""The hop with nothing but librdkafka's consumer and producer: how fast it can be in one Python process."""

from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from confluent_kafka import Consumer, Producer
from work import report, task, transform  # type: ignore[import-not-found] # found beside this script, in any environment


def main() -> None:
    plan = task()
    consumer = Consumer(
        {
            "bootstrap.servers": plan["bootstrap"], "group.id": f"plain-{uuid.uuid4()}", "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )  # fmt: skip
    producer = Producer(
        {
            "bootstrap.servers": plan["bootstrap"], "enable.idempotence": True, "acks": "all", "linger.ms": 5,
            "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000,
        }
    )  # fmt: skip
    failed = 0

    def delivered(error: object, message: object) -> None:
        nonlocal failed
        failed += error is not None

    consumer.subscribe([plan["source"]])
    began, done = 0.0, 0
    while done < plan["records"]:
        messages = consumer.consume(500, timeout=1.0)
        began = began or (time.perf_counter() if messages else 0.0)
        for message in messages:
            producer.produce(
                plan["target"],
                transform(message.value()),
                message.key(),
                headers=message.headers(),
                on_delivery=delivered,
            )
        producer.poll(0)
        done += len(messages)
        if messages:
            consumer.commit(asynchronous=True)
    assert producer.flush(60) == 0
    assert failed == 0
    seconds = time.perf_counter() - began
    consumer.close()
    report(done, seconds)


main()
