"""EVT-4: a delivery returns when every message is acknowledged, and says whether a failure is the record's or the world's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import KafkaError, KafkaException

from schemas.record import Message
from streams.runtime.errors import DeliveryError, RejectedError
from streams.runtime.producer import Producer


class FakeLibrdkafka:
    """Keeps the three calls that are used: reports come out of `poll`, `room` messages fit in the buffer."""

    room = 1_000_000
    made: list[FakeLibrdkafka]

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.sent: list[tuple[Any, ...]] = []
        self.waiting: list[tuple[Callable[..., None], str]] = []
        self.errors: dict[bytes, int] = {}
        self.is_answering = True
        type(self).made.append(self)

    def produce(self, topic: str, value: bytes, key: bytes, partition: int, *, on_delivery: Any, headers: Any) -> None:
        if len(self.waiting) >= self.room:
            raise BufferError
        if value == b"too big for the client":
            raise KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE))
        self.sent.append((topic, value, key, partition, headers))
        self.waiting.append((on_delivery, topic))

    def poll(self, timeout: float) -> int:
        if not self.is_answering:
            return 0
        waiting, self.waiting = self.waiting, []
        first = len(self.sent) - len(waiting)
        for number, (report, topic) in enumerate(waiting):
            code = self.errors.get(self.sent[first + number][1])
            report(KafkaError(code) if code is not None else None, _Reported(topic))
        return len(waiting)

    def __len__(self) -> int:
        return len(self.waiting)

    def purge(self) -> None:
        self.waiting.clear()


class _Reported:
    def __init__(self, topic: str) -> None:
        self._topic = topic

    def topic(self) -> str:
        return self._topic


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeLibrdkafka]:
    class Fresh(FakeLibrdkafka):
        made: list[FakeLibrdkafka] = []  # noqa: RUF012 - one list per test

    monkeypatch.setattr(confluent_kafka, "Producer", Fresh)
    return Fresh


def messages(*values: bytes) -> list[Message]:
    return [Message("out", b"k", value, (("id", b"1"),)) for value in values]


async def test_returns_when_all_are_acknowledged(fake: type[FakeLibrdkafka]) -> None:
    producer = Producer({"bootstrap.servers": "x"})
    await producer.start()
    inner = fake.made[0]
    inner.is_answering = False
    task = asyncio.create_task(producer.deliver(messages(b"1", b"2", b"3")))
    for _ in range(5):
        await asyncio.sleep(0.002)
    assert not task.done()
    assert producer.outstanding == 3
    inner.is_answering = True
    await asyncio.wait_for(task, 5)
    assert producer.outstanding == 0
    assert inner.sent[0] == ("out", b"1", b"k", -1, [("id", b"1")])
    assert await producer.stop(1.0) == 0


async def test_full_buffer_is_waited_out(fake: type[FakeLibrdkafka]) -> None:
    fake.room = 10
    producer = Producer({})
    await asyncio.wait_for(producer.deliver(messages(*(b"%d" % number for number in range(95)))), 5)
    assert [sent[1] for sent in fake.made[0].sent] == [b"%d" % number for number in range(95)]
    await producer.stop(1.0)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({b"2": KafkaError.MSG_SIZE_TOO_LARGE}, RejectedError),  # the record's fault
        ({b"2": KafkaError.INVALID_RECORD}, RejectedError),
        ({b"2": KafkaError._MSG_TIMED_OUT}, DeliveryError),  # the world's
        ({b"2": KafkaError.TOPIC_AUTHORIZATION_FAILED}, DeliveryError),
        (
            {b"1": KafkaError.MSG_SIZE_TOO_LARGE, b"2": KafkaError._MSG_TIMED_OUT},
            DeliveryError,
        ),  # the world's outweighs
        ({b"1": KafkaError._MSG_TIMED_OUT, b"2": KafkaError.MSG_SIZE_TOO_LARGE}, DeliveryError),
    ],
)
async def test_failures(fake: type[FakeLibrdkafka], codes: dict[bytes, int], expected: type[Exception]) -> None:
    producer = Producer({})
    await producer.start()
    fake.made[0].errors = codes
    with pytest.raises(expected, match="on topic out"):
        await producer.deliver(messages(b"1", b"2", b"3"))
    await producer.deliver(messages(b"3"))
    await producer.stop(1.0)


async def test_message_the_client_itself_refuses_fails_after_the_others_are_settled(fake: type[FakeLibrdkafka]) -> None:
    producer = Producer({})
    with pytest.raises(RejectedError):
        await producer.deliver(messages(b"1", b"too big for the client", b"2"))
    assert [sent[1] for sent in fake.made[0].sent] == [b"1"]
    assert producer.outstanding == 0
    await producer.stop(1.0)


async def test_stop_gives_up_after_its_limit_and_says_how_much(fake: type[FakeLibrdkafka]) -> None:
    producer = Producer({})
    await producer.start()
    fake.made[0].is_answering = False
    task = asyncio.create_task(producer.deliver(messages(b"1", b"2")))
    await asyncio.sleep(0.01)
    task.cancel()
    assert await producer.stop(0.05) == 2


async def test_settings_that_the_promise_rests_on() -> None:
    config = Producer({"bootstrap.servers": "x"})._config
    assert config["enable.idempotence"] is True
    assert config["acks"] == "all"


async def test_nothing_to_deliver_needs_no_broker(fake: type[FakeLibrdkafka]) -> None:
    await Producer({}).deliver([])
    assert fake.made == []
