"""Changes that wait for a person, of prices and of what suppliers changed: reading what waits, writing what was said, with the audit trail
(PRC-1, PO-4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from schemas.checksum import checksum, event_id
from schemas.codec import Codec
from schemas.headers import Headers, encode_headers
from schemas.record import Message
from schemas.records import Approval, PriceLedger, PriceOffer, SupplyLedger
from schemas.topics import APPROVALS, ENTITIES, PRICE_LEDGER, SUPPLY_LEDGER
from streams.failure.actions import audit_message
from streams.kafka import SyncProducer, read_to_end
from streams.settings import Settings


def read_price_ledgers(settings: Settings, codec: Codec, sku: str = "") -> list[PriceLedger]:
    """The newest of each SKU, or of this one, by SKU. Raises BrokerError, DecodeError."""
    wanted = f"sku:{sku}".encode()
    newest = _newest(settings, PRICE_LEDGER)
    return [codec.decode("price_ledger", newest[key]) for key in sorted(newest) if not sku or key == wanted]


def read_supply_ledgers(settings: Settings, codec: Codec) -> list[SupplyLedger]:
    """The newest of each offer, by key. Raises BrokerError, DecodeError."""
    newest = _newest(settings, SUPPLY_LEDGER)
    return [codec.decode("supply_ledger", newest[key]) for key in sorted(newest)]


def _newest(settings: Settings, topic: str) -> dict[bytes, bytes]:
    """Key -> value."""
    newest: dict[bytes, bytes] = {}
    for record in read_to_end(settings.kafka.librdkafka(), [topic]):
        if record.key is not None and record.value is not None:
            newest[record.key] = record.value
    return newest


def read_price_offers(settings: Settings, codec: Codec, sku: str) -> list[PriceOffer]:
    """What each channel was last told of this SKU, with the terms of it. Raises BrokerError, DecodeError."""
    end = f":{sku}".encode()
    newest: dict[bytes, PriceOffer] = {}
    for record in read_to_end(settings.kafka.librdkafka(), [ENTITIES["price_offer"].current]):
        if record.key is not None and record.value is not None and record.key.endswith(end):
            offer = codec.decode("price_offer", record.value)
            if offer["sku"] == sku:
                newest[record.key] = offer
    return [newest[key] for key in sorted(newest)]


def answers(
    codec: Codec,
    environment: str,
    chosen: Sequence[Mapping[str, Any]],
    state: str,
    actor: str,
    note: str,
    now: datetime,
) -> list[Message]:
    """What a person said of these proposals (`id`, `key`, `subject`, `kind`, `before`, `after`, `why`), and the audit entries. Pure."""
    made: list[Message] = []
    for item in chosen:
        subject = item["subject"]
        said = Approval(
            key=item["key"], subject=subject, kind=item["kind"], state=state, proposal=item["id"], before=item["before"],
            after=item["after"], why=item["why"], actor=actor, note=note, at=now,
        )  # fmt: skip
        value = codec.encode("approval", said)
        headers = Headers(
            event_id("approval", item["id"], state), "person", "approval", 0, checksum(value), item["id"],
            int(now.timestamp() * 1000), environment,
        )  # fmt: skip
        made.append(Message(APPROVALS, said["key"].encode(), value, encode_headers(headers)))
        made.append(
            audit_message(
                codec, state, subject, actor=actor, at=now, note=note, before=item["before"], after=item["after"]
            )
        )
    return made


def answer(
    settings: Settings,
    codec: Codec,
    chosen: Sequence[Mapping[str, Any]],
    state: str,
    actor: str,
    note: str,
    now: datetime,
) -> None:
    """Write it down; the stage that proposed it does the rest. Raises SendError."""
    producer = SyncProducer(settings.kafka.librdkafka())
    producer.send_all(answers(codec, settings.environment.value, chosen, state, actor, note, now))
