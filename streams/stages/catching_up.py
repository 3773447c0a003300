"""Numbers, prices and listings that were worked out while their flow was in shadow go out when it is switched on (OPS-7).

What was told in shadow counts as told: the stock and pricing stages say a number once. So what shadow kept of a flow that is on now, and in its
pilot scope, is delivered when the route stage starts, which is when phases are read, and after every rebalance: a worker with the old phases
that ended last may have put something there meanwhile. The newest of each key lies in shadow; of a key that was told something newer since,
the destination takes nothing older (INV-5).

Only what a marketplace is told of a SKU. Orders, returns and the like may have come to Odoo another way meanwhile, and commands may have
been done by hand: those wait for `causeway shadow release`, and `causeway status` says so.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connectors.kit.ports import Delivery
from schemas.codec import Codec
from schemas.record import Message, Record
from schemas.topics import Lane, deliver
from streams.failure.actions import audit_message
from streams.phases import Flow, Phase
from streams.shadow import Shadowed, standing
from streams.stages.rules import RULES, Onward, channel_of
from streams.stages.skus import Skus

logger = logging.getLogger(__name__)

ACTOR = "causeway"
FLOWS: dict[str, Flow] = {rule.operation: rule.flow for rule in RULES.values() if rule.told_as}

ReadShadow = Callable[[Sequence[int]], Iterable[Record]]


class Deciding(Protocol):
    """Who says how far a flow is switched on (`route.Switches`)."""

    def phase(self, onward: Onward) -> Phase: ...


@dataclass(frozen=True, slots=True)
class Released:
    """`deliveries` must be safe before `ends` are written: a kill in between delivers again, which changes nothing."""

    deliveries: list[Message]
    ends: list[Message]


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """`read`: partition numbers -> the records of all shadow topics in them; called in a thread."""

    codec: Codec
    switches: Deciding
    skus: Skus
    environment: str
    read: ReadShadow
    now: Callable[[], datetime]

    def released(self, numbers: Sequence[int]) -> Released:
        """What goes out now of these partitions. Raises BrokerError."""
        found, _ = standing(self.read(numbers), self.codec, self.environment)
        made, counts = Released([], []), Counter[tuple[str, str]]()
        for item in found:
            operation = item.delivery.operation
            if operation not in FLOWS or self.switches.phase(self._onward(item)) is not Phase.ON:
                continue
            topic, record = deliver(item.destination, Lane(item.lane)), item.record
            made.deliveries.append(Message(topic, item.delivery.key.encode(), record.value, record.headers))
            made.ends.append(Message(record.topic, record.key, None))
            counts[":".join(_channel(item.delivery)), operation] += 1
        for (account, operation), count in sorted(counts.items()):
            logger.info("shadow_released account=%s operation=%s records=%d", account, operation, count)
            made.ends.append(self._audit(account, operation, count))
        return made

    def _onward(self, item: Shadowed) -> Onward:
        delivery, channel = item.delivery, _channel(item.delivery)
        sku = self.skus.internal(*channel, str(delivery.body["sku"]))
        return Onward(
            item.destination, delivery.operation, False, Lane(item.lane), FLOWS[delivery.operation], delivery.key, channel, (sku,),
            str(delivery.body.get("category", "")),
        )  # fmt: skip

    def _audit(self, account: str, operation: str, count: int) -> Message:
        note = f"{count} kept while the flow was in shadow; it is switched on"
        return audit_message(
            self.codec, "release from shadow", account, actor=ACTOR, at=self.now(), note=note, after=operation
        )


def _channel(delivery: Delivery) -> tuple[str, str]:
    """`stock:walmart:main:SKU` -> (walmart, main)."""
    return channel_of(delivery.key.partition(":")[2])
