"""What there is to poll: one flow of one account of one source, and where its records go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from connectors.kit.ports import Connector
from schemas import topics
from streams.connectors import part_of
from streams.poller.partition import partition_of
from streams.settings import ConfigurationError, Settings


@dataclass(frozen=True, slots=True, order=True)
class FlowKey:
    """One flow. Its text, `source:account:flow`, is the key of its commands and of its cursor."""

    source: str
    account: str
    flow: str

    @property
    def owner(self) -> str:
        """`source:account`, as commands and cursors call the account."""
        return f"{self.source}:{self.account}"

    def __str__(self) -> str:
        return f"{self.source}:{self.account}:{self.flow}"

    def encode(self) -> bytes:
        """The record key."""
        return str(self).encode()

    @classmethod
    def of(cls, owner: str, flow: str) -> FlowKey:
        """From `source:account` and flow. Raises ValueError saying what is wrong."""
        source, colon, account = owner.partition(":")
        if not (source and colon and flow):
            raise ValueError(f"{owner!r} is not an account: write source:account, for example walmart:main")
        return cls(source, account, flow)


@dataclass(frozen=True, slots=True)
class Flow:
    """A configured flow: who reads it and how often."""

    key: FlowKey
    connector: Connector
    interval: timedelta


@dataclass(frozen=True, slots=True)
class Names:
    """Topics and group of the poller. `prefix` gives tests a world of their own on a shared broker."""

    prefix: str = ""

    @property
    def group(self) -> str:
        """The consumer group whose members share the flows."""
        return f"{self.prefix}causeway.poller"

    @property
    def commands(self) -> str:
        """Wishes to pollers; owning one of its partitions is owning the flows whose keys fall there."""
        return self.prefix + topics.POLL_COMMANDS

    @property
    def cursors(self) -> str:
        """How far each flow was read."""
        return self.prefix + topics.POLL_CURSORS

    @property
    def dead(self) -> str:
        """What no order can be made of: dead letters of the first stage."""
        return self.prefix + topics.dead("transform")

    def raw(self, source: str, entity: str) -> str:
        """Where entities (`order`) of a source are published."""
        return self.prefix + topics.raw(source, f"{entity}s")

    def current(self, entity: str) -> str:
        """Where the newest record of each key of a canonical entity is."""
        return self.prefix + topics.ENTITIES[entity].current

    def transaction(self, key: FlowKey) -> str:
        """The name under which a flow's cursor is written: the newest poller that uses it fences all before."""
        return f"{self.prefix}poller:{key}"


def configured_flows(settings: Settings, connectors: Iterable[Connector]) -> list[Flow]:
    """All flows of all configured accounts, sorted. Raises ConfigurationError for an account name that keys cannot hold."""
    found = []
    for connector in connectors:
        if connector.source is None:
            continue
        part = part_of(settings, connector)
        for account in connector.accounts(part):
            if ":" in account:
                raise ConfigurationError(f"the account name {account!r} of {connector.name} must not contain a colon")
            for name, default in connector.configured_flows(part).items():
                interval = settings.poll.interval(connector.name, name, default)
                found.append(Flow(FlowKey(connector.name, account, name), connector, interval))
    return sorted(found, key=lambda flow: flow.key)


def by_partition(flows: Iterable[Flow], partitions: int) -> dict[int, list[Flow]]:
    """Who owns a partition of the command topic owns these flows."""
    shared: dict[int, list[Flow]] = {}
    for flow in flows:
        shared.setdefault(partition_of(flow.key.encode(), partitions), []).append(flow)
    return shared
