"""hardware-events -> packing.events -> packing-checks: one consumer group; what is known of each station is restored from `packing.ledger`.

A scanner and a scale have keys of their own on `hardware-events`, so partitions of their own. What belongs to a station is first brought together:
the same bytes on `packing.events`, under the station's key. Everything else is left alone, unread. There each event counts once
(`streams.once`), and the station's state machine (`station`, pure) tells a check when a transfer ends.

A check that is told again after a crash has the same content and version, for both come from the record that ended it.
"""

from __future__ import annotations

import logging
from collections.abc import Set as AbstractSet

from connectors.kit.ports import Canonical
from schemas.codec import Codec
from schemas.headers import Headers, decode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import HardwareEvent, PackingCheck, PackingLedger
from schemas.topics import HARDWARE_EVENTS, PACKING_EVENTS, PACKING_LEDGER
from streams.failure.routing import FailureRouting
from streams.once import Once
from streams.runtime import Chunk, Partition
from streams.settings import Settings
from streams.stages.canonical import canonical_message
from streams.stages.ledger_stage import LedgerStage
from streams.stages.ledgers import Draft
from streams.stages.packing import station as machine
from streams.stages.packing.station import Rules
from streams.stages.transform import Clock

logger = logging.getLogger(__name__)

STAGE = "packing"


class PackingStage(LedgerStage[PackingLedger]):
    """The stage."""

    name = "causeway.packing"
    topics = (HARDWARE_EVENTS, PACKING_EVENTS)
    stage, schema, ledger = STAGE, "packing_ledger", PACKING_LEDGER

    def __init__(self, settings: Settings, codec: Codec, routing: FailureRouting, now: Clock) -> None:
        super().__init__(settings, codec, routing, now)
        self._stations = {
            f"station:{name}".encode(): Rules(name, one, settings.packing, self._encode, self._decode)
            for name, one in settings.packing.stations.items()
        }
        self._devices = {
            device.encode(): key for key, rules in self._stations.items() for device in rules.station.devices
        }

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """Stations are known by the partitions of `packing.events`; those of `hardware-events` have no memory."""
        await super().assigned({one for one in partitions if one.topic == PACKING_EVENTS})

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """Likewise."""
        await super().revoked({one for one in partitions if one.topic == PACKING_EVENTS})

    async def process(self, chunk: Chunk) -> None:
        """Everything that follows is acknowledged when this returns: what was brought together, checks and ledgers."""
        if chunk.topic == HARDWARE_EVENTS:
            await self._producer.deliver([one for record in chunk.records for one in self._together(record)])
        else:
            await super().process(chunk)

    def _together(self, record: Record) -> list[Message]:
        """The same record under its station's key; nothing of a device that belongs to none."""
        key = self._devices.get(record.key or b"")
        if key is None:
            return []
        try:
            self._check_environment(decode_headers(record.headers))
        except ValueError as error:
            return self._route(record, Reason.DATA, str(error))
        return [Message(PACKING_EVENTS, key, record.value, record.headers)]

    def _taken(self, record: Record, headers: Headers, books: Draft[PackingLedger]) -> list[Message]:
        rules = self._stations.get(record.key or b"")
        if rules is None:
            return []  # a station that is configured no more
        event: HardwareEvent = self._codec.decode("hardware_event", record.value)
        key = f"station:{rules.name}"
        ledger = books.get(key) or machine.empty(rules.name, self._now())
        once = Once(ledger["had"])
        if not once.takes_event(event):
            return []
        step = machine.happened(ledger, event, rules, max(record.timestamp_ms, 1))
        books.put(key, machine.remembering(step.ledger, once.state, self._now()))
        if step.strays:
            logger.info("packing_stray_scan station=%s sequence=%d", rules.name, event["sequence"])
        return [self._told(check, headers) for check in step.checks]

    def _told(self, check: PackingCheck, cause: Headers) -> Message:
        logger.info(
            "packing_ended station=%s picking=%s by=%s codes=%d weighed=%s",
            check["account"], check["picking"], check["ended_by"], len(check["scans"]), bool(check["weight"]),
        )  # fmt: skip
        record = Canonical("packing_check", check["key"], check["version"], check)
        return canonical_message(self._codec, record, cause, self._checksum_key, is_ours=True)

    def _encode(self, check: PackingCheck) -> bytes:
        return self._codec.encode("packing_check", check)

    def _decode(self, value: bytes) -> PackingCheck:
        found: PackingCheck = self._codec.decode("packing_check", value)
        return found
