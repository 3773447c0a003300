"""The end of the failure path: a record whose dead letter the broker refuses too (it is too large with all that is said of it)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from schemas.reasons import Reason
from schemas.record import Message, Record
from streams.failure.routing import FailureRouting
from streams.runtime import RejectedError


class Delivers(Protocol):
    """The part of the runtime's producer that is used here."""

    async def deliver(self, messages: Sequence[Message]) -> None: ...


async def deliver_or_bury(
    producer: Delivers, messages: Sequence[Message], routing: FailureRouting, record: Record, destination: str, now: datetime
) -> None:  # fmt: skip
    """Send what a failure led to; when the broker refuses that, a dead letter without the value, which says where the record still stands.

    Raises InfrastructureError when Kafka cannot be reached. One record must never end the worker at every start.
    """
    try:
        await producer.deliver(messages)
    except RejectedError:
        routed = routing.bury(
            record,
            destination=destination,
            operation=destination,
            reason=Reason.DATA,
            detail=f"too large for the broker with all that is said of it; its value still stands at {record.origin}",
            now_ms=int(now.timestamp() * 1000),
            with_value=False,
        )
        await producer.deliver(routed.messages)
