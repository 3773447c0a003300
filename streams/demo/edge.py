"""The packing station's part of a demo: it is packed at beside everything else, and what was pressed has to be in Kafka and in Odoo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer

from schemas.codec import Codec, DecodeError
from schemas.records import HardwareEvent, Outcome, PackingCheck
from schemas.topics import ENTITIES, HARDWARE_EVENTS
from streams.demo.agree import FlowReport
from streams.demo.hands import Sale
from streams.demo.packed import MARKET, Heard, PackingReport, agree_on_packing, packing_report
from streams.demo.packer import Packer, transfer
from streams.demo.station import BOX
from streams.kafka import partitions_of, reader, record_of
from streams.once import Once

CHECK = "check_packing"
_SETTLED = ("applied", "already_applied", "held", "stale", "dead")
_POLL_SECONDS = 0.5


class HeardBox:
    """Events of the Box and checks of its station, all from the beginning, as they come; outcomes as they are told. Commits nothing."""

    def __init__(self, config: Mapping[str, Any], codec: Codec) -> None:
        self._codec = codec
        self._consumer: Consumer = reader(config)
        topics = [HARDWARE_EVENTS, ENTITIES["packing_check"].current]
        self._consumer.assign(partitions_of(self._consumer, config, topics))
        self._once = Once()
        self._events: list[HardwareEvent] = []
        self._checks: dict[tuple[str, int], PackingCheck] = {}
        self._outcomes: dict[tuple[str, int], list[tuple[str, int]]] = {}

    def hear(self, outcome: Outcome) -> None:
        """An outcome of whatever it is."""
        if outcome["operation"] == CHECK and outcome["result"] in _SETTLED:
            at = round(outcome["at"].timestamp() * 1_000_000)
            self._outcomes.setdefault((outcome["key"], outcome["version"]), []).append((outcome["result"], at))

    def heard(self) -> Heard:
        """All until now."""
        while found := self._consumer.consume(2000, timeout=_POLL_SECONDS):
            for consumed in found:
                if consumed.error() is None and consumed.value() is not None:
                    self._take(consumed)
        return Heard(tuple(self._events), tuple(self._checks.values()), dict(self._outcomes))

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()

    def _take(self, consumed: Any) -> None:
        value = record_of(consumed).value
        try:
            if consumed.topic() == HARDWARE_EVENTS:
                event: HardwareEvent = self._codec.decode("hardware_event", value)
                if event["box"] == BOX and self._once.takes_event(event):
                    self._events.append(event)
            else:
                check: PackingCheck = self._codec.decode("packing_check", value)
                self._checks[check["key"], check["version"]] = check
        except DecodeError:
            return


class Edge:
    """client: a logged-in odoorpc client, for looking afterwards."""

    def __init__(self, packer: Packer, box: HeardBox, client: Any) -> None:
        self._packer = packer
        self._box = box
        self._client = client

    def begin(self, sales: Sequence[Sale]) -> None:
        """These are packed from now on."""
        self._packer.begin(sales)

    def hear(self, outcome: Outcome) -> None:
        """An outcome of whatever it is."""
        self._box.hear(outcome)

    def compared(self) -> list[FlowReport]:
        """Both ends as they are now; while the packer is at work, nothing balances."""
        over, packed = self._packer.is_over, self._packer.packed
        if not over:
            count = len(packed.parcels) or 1
            return [FlowReport("packed", count, len(packed.weighed), ("the packer is at work",), MARKET)]
        transfers = {one.name: transfer(self._ask, one) for one in packed.parcels}
        return agree_on_packing(packed, self._box.heard(), transfers, over)

    def report(self) -> PackingReport:
        """The numbers at the end."""
        return packing_report(self._packer.packed, self._box.heard())

    def close(self) -> None:
        """Nobody packs any more."""
        self._packer.end()
        self._box.close()

    def _ask(self, model: str, method: str, args: Sequence[Any], **kwargs: Any) -> Any:
        return self._client.execute_kw(model, method, list(args), kwargs)
