"""A record the broker refuses does not take its page along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from connectors.kit.ports import Fetched, Page
from schemas.reasons import Reason
from schemas.record import Message, Record
from streams.poller.publisher import Publisher
from streams.runtime.errors import DeliveryError, RejectedError
from tests.unit.failure.samples import codec
from tests.unit.poller.kit import KEY, NOW, shaper


@dataclass
class Broker:
    """Takes messages up to a size."""

    largest: int = 2000
    taken: list[Message] = field(default_factory=list)
    is_down: bool = False

    async def deliver(self, messages: Sequence[Message]) -> None:
        if self.is_down:
            raise DeliveryError("down")
        if any(len(m.value or b"") > self.largest for m in messages):
            raise RejectedError("too large")
        self.taken.extend(messages)


def page(*sizes: int) -> Page:
    return Page(tuple(Fetched(f"shop:main:{n}", "order", b"x" * size) for n, size in enumerate(sizes)), "p")


async def test_page_is_delivered_whole() -> None:
    broker = Broker()
    await Publisher(shaper(), broker, lambda: NOW).page(KEY, page(1, 2), "")
    assert [m.key for m in broker.taken] == [b"shop:main:0", b"shop:main:1"]


async def test_record_too_large_becomes_a_dead_letter_and_the_rest_is_kept() -> None:
    """SEC-5: visible, nothing lost, nobody held up."""
    broker = Broker()
    await Publisher(shaper(), broker, lambda: NOW).page(KEY, page(1, 5000, 2), "")
    assert [(m.topic, m.key) for m in broker.taken] == [
        ("raw.shop.orders", b"shop:main:0"), ("dead.transform", b"shop:main:1"), ("raw.shop.orders", b"shop:main:2"),
    ]  # fmt: skip
    detail = codec().decode("failed_record", broker.taken[1].value)["detail"]
    assert "bytes" in detail


async def test_broker_that_is_down_is_told() -> None:
    with pytest.raises(DeliveryError):
        await Publisher(shaper(), Broker(is_down=True), lambda: NOW).page(KEY, page(1), "")


async def test_refused_command_too_large_to_keep_is_told_without_its_value() -> None:
    """SEC-5: a hostile command of nearly the largest size must not stop the poller."""
    broker = Broker()
    record = Record("poll.commands", 0, 1, 0, b"k", b"x" * 1990)
    await Publisher(shaper(), broker, lambda: NOW).refused(record, KEY, Reason.DATA, "rubbish")
    failed = codec().decode("failed_record", broker.taken[0].value)
    assert (failed["value"], failed["target"]) == (None, "")
