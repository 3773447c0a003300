"""The hop with nothing but librdkafka's consumer and producer: how fast it can be in one Python process."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, Message, Producer

from tests.bench.racers.work import COMMIT_SECONDS, PRODUCER, hop, now, plan, report

_BATCH = 500


class _Hop:
    """Consume, hop, produce; once a second wait for all acknowledgements and commit."""

    def __init__(self) -> None:
        self.plan = plan()
        self.began = 0.0
        self.failed = 0
        self._consumer = Consumer(
            {
                "bootstrap.servers": self.plan.bootstrap,
                "group.id": self.plan.group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
        self._producer = Producer({"bootstrap.servers": self.plan.bootstrap, **PRODUCER})

    def run(self) -> None:
        self._consumer.subscribe([self.plan.source])
        done, kept, committed = 0, 0, time.monotonic()
        while done < self.plan.records:
            messages = self._consumer.consume(_BATCH, timeout=0.2)
            if messages and not self.began:
                self.began = now()
            for message in messages:
                self._forward(message)
            self._producer.poll(0)
            done += len(messages)
            if done > kept and time.monotonic() - committed >= COMMIT_SECONDS:
                self._commit()
                kept, committed = done, time.monotonic()
        if done > kept:
            self._commit()
        self._consumer.close()

    def _forward(self, message: Message) -> None:
        value = message.value()
        assert value is not None, message.error()
        hopped, headers = hop(value), message.headers()
        while True:
            try:
                self._producer.produce(
                    self.plan.target, hopped, message.key(), headers=headers, on_delivery=self._delivered
                )
            except BufferError:
                self._producer.poll(0.05)
            else:
                break

    def _commit(self) -> None:
        if self._producer.flush(60) or self.failed:
            raise RuntimeError(f"{self.failed} records were not acknowledged")
        self._consumer.commit(asynchronous=False)

    def _delivered(self, error: object, _: object) -> None:
        self.failed += error is not None


if __name__ == "__main__":
    racer = _Hop()
    racer.run()
    report(racer.began)
