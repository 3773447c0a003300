"""Where people and programs ask something of the poller: writes commands, reads cursors. The poller itself may run anywhere, or later."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from connectors.kit.ports import Connector
from schemas.codec import Codec
from schemas.records import Cursor
from schemas.registry import Registry
from streams.connectors import discover, load_connected_settings, part_of
from streams.failure.routing import FailureRouting
from streams.kafka import SyncProducer, partitions_of, read_to_end, reader
from streams.poller.commands import Action
from streams.poller.cursors import decode_cursor
from streams.poller.flows import Flow, FlowKey, Names, configured_flows
from streams.poller.records import Shaper
from streams.settings import ConfigurationError, Settings
from streams.terminal import who

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that the broker has acknowledged. `since`: of a resync, from when on it reads; `limit`: why not from earlier, empty where nothing
    is left out."""

    id: str
    key: FlowKey
    action: Action
    since: datetime | None = None
    limit: str = ""

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        said = {"id": self.id, "account": self.key.owner, "flow": self.key.flow, "action": self.action.value}
        return said | ({"since": self.since, "limit": self.limit} if self.since else {})


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """A flow and how far it has been read; None when it never was. `is_configured` False: only its cursor is left."""

    key: FlowKey
    cursor: Cursor | None
    is_configured: bool = True

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        shown = {"account": self.key.owner, "flow": self.key.flow, "configured": self.is_configured}
        return shown | {name: value for name, value in (self.cursor or {}).items() if name not in shown}


class Desk:
    """For one cluster. Blocking. Raises ConfigurationError for what nobody polls, BrokerError and RegistryError for what cannot be reached."""

    def __init__(
        self, settings: Settings, connectors: Sequence[Connector], codec: Codec, *, names: Names | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC), requested_by: str = "",
    ) -> None:  # fmt: skip
        self._kafka = settings.kafka.librdkafka()
        self._flows = {flow.key: flow for flow in configured_flows(settings, connectors)}
        self._parts = {connector.name: part_of(settings, connector) for connector in connectors}
        self._names = names or Names()
        self._codec = codec
        self._now = now
        self._requested_by = requested_by
        self._shaper = Shaper(
            names=self._names,
            codec=self._codec,
            routing=FailureRouting(self._codec, settings),
            environment=settings.environment.value,
            checksum_key=settings.checksum_key.get_secret_value().encode(),
            random_bytes=os.urandom,
        )

    def poll_now(self, account: str, flow: str) -> Sent:
        """Cut the wait short."""
        return self._send(account, flow, Action.POLL_NOW)

    def resync(self, account: str, flow: str, since: datetime) -> Sent:
        """Read everything changed since then again (REC-3), as far back as the flow's resync reads: what is left out is said."""
        sent = self._send(account, flow, Action.RESYNC, since=since)
        begin, limit = reached(self._flows[sent.key], self._parts[sent.key.source], since, self._now())
        return replace(sent, since=begin, limit=limit)

    def fetch(self, account: str, flow: str, ids: tuple[str, ...]) -> Sent:
        """Read these ids (REC-3, REC-4)."""
        return self._send(account, flow, Action.FETCH_IDS, ids=ids)

    def cursors(self) -> list[FlowStatus]:
        """Every configured flow, and every cursor of flows that are configured no more."""
        self._check_topic(self._names.cursors)
        newest = {record.key or b"": record for record in read_to_end(self._kafka, [self._names.cursors])}
        found: dict[FlowKey, FlowStatus] = {key: FlowStatus(key, None) for key in self._flows}
        for record in newest.values():
            if record.value is None:
                continue
            try:
                cursor = decode_cursor(self._codec, record)
                key = FlowKey.of(cursor["account"], cursor["flow"])
            except ValueError as error:  # DecodeError is one; one bad record hides no other
                logger.error("cursor_unreadable origin=%s problem=%s", record.origin, error)
                continue
            found[key] = FlowStatus(key, cursor, is_configured=key in self._flows)
        return [found[key] for key in sorted(found)]

    def _send(self, account: str, flow: str, action: Action, **more: Any) -> Sent:
        key = self._checked(account, flow)
        self._check_topic(self._names.commands)
        command_id = uuid.uuid4().hex
        message = self._shaper.command(
            key, command_id, action.value, self._now(), requested_by=self._requested_by, **more
        )
        with SyncProducer(self._kafka) as producer:
            producer.send_all([message])
        return Sent(command_id, key, action)

    def _checked(self, account: str, flow: str) -> FlowKey:
        known = ", ".join(f"{key.owner} {key.flow}" for key in sorted(self._flows)) or "none"
        try:
            key = FlowKey.of(account, flow)
        except ValueError as error:
            raise ConfigurationError(f"{error}; configured are: {known}") from None
        if key not in self._flows:
            raise ConfigurationError(f"nobody polls {flow} of {account}; configured are: {known}")
        return key

    def _check_topic(self, topic: str) -> None:
        consumer = reader(self._kafka)
        try:
            if not partitions_of(consumer, self._kafka, [topic]):
                raise ConfigurationError(f"the cluster has no topic {topic}: `causeway poll run` makes it")
        finally:
            consumer.close()


def reached(flow: Flow, part: Any, since: datetime, now: datetime) -> tuple[datetime, str]:
    """From when on a resync of that flow reads, and what to say where that is later than what was asked. Pure."""
    reach = flow.connector.resync_reach(part, flow.key.flow) if flow.connector.resync_reach else None
    if reach is None or since >= now - reach[0]:
        return since, ""
    return (
        now - reach[0],
        f"changes of the last {reach[0].days} days only, by {reach[1]}; raise it, also for the poller, and ask again for older ones",
    )


def open_desk() -> Desk:
    """By the configuration of this process."""
    connectors = discover()
    settings = load_connected_settings(connectors)
    return Desk(settings, connectors, Codec(Registry(settings.registry.client())), requested_by=who())
