"""The topic of reconciliations, read: one small partition, the newest of each kind and account."""

from __future__ import annotations

from schemas.codec import Codec
from schemas.records import Reconciliation
from schemas.topics import RECONCILIATIONS
from streams.kafka import read_to_end
from streams.reconcile.telling import newest_of
from streams.settings import Settings


def read_newest(settings: Settings, codec: Codec, prefix: str = "") -> dict[str, Reconciliation]:
    """By key. Raises BrokerError, RegistryError, DecodeError."""
    return newest_of(codec, read_to_end(settings.kafka.librdkafka(), [prefix + RECONCILIATIONS]))
