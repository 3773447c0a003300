"""What the writes of one operation have in common where an older one must never stay over a newer one (INV-5): those of numbers (`values`) and
of products (`listings`). What may be written now is decided by `deciding`; here deliveries are told apart by account, and each feed is asked
once for all that wait for it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic

from connectors.kit.accounts import ClientT, OpenClient
from connectors.kit.errors import ConnectorError
from connectors.kit.feed_results import FeedState
from connectors.kit.follower import Follower
from connectors.kit.outgoing.deciding import Deciding, Item, ValueT
from connectors.kit.outgoing.marketplace import Marketplace
from connectors.kit.outgoing.written import Written
from connectors.kit.ports import Delivery, Outcome, failed_by, submitted

Outcomes = dict[str, Outcome]


class OrderedWrites(ABC, Generic[ClientT, ValueT]):
    """The handler of one operation: one outcome per delivery, in order. Never raises ConnectorError. `feed_types`: what its values travel in;
    `now`: the clock, aware UTC; `deciding`: by which rules."""

    def __init__(
        self,
        at: Marketplace,
        open_client: OpenClient[ClientT],
        follower: Follower,
        feed_types: frozenset[str],
        now: Callable[[], datetime],
        deciding: type[Deciding[ValueT]] = Deciding,
    ) -> None:
        self._at = at
        self._open = open_client
        self._follower = follower
        self._now = now
        self._written = Written()
        self._deciding: Deciding[ValueT] = deciding(at, follower, feed_types, self._written, now)

    @property
    def alone(self) -> bool:
        """Whether no other process writes here; the sink's `set_share` tells."""
        return self._deciding.alone

    @alone.setter
    def alone(self, alone: bool) -> None:
        self._deciding.alone = alone

    @property
    def written(self) -> Written:
        """What this process has written and is sending, for others that write the same thing by another way."""
        return self._written

    def announces(self, delivery: Delivery) -> bool:
        """Whether other processes must know of it before it is sent."""
        return self._deciding.announces(delivery)

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        outcomes: Outcomes = {}
        accounts: dict[str, list[Item[ValueT]]] = {}
        for delivery in batch:
            try:
                accounts.setdefault(delivery.account, []).append(self._read(delivery))
            except ConnectorError as error:
                outcomes[delivery.id] = failed_by(error)
        try:
            for found in await asyncio.gather(*(self._account(*one) for one in accounts.items())):
                outcomes.update(found)
        finally:
            self._written.done(batch)
        return [outcomes[delivery.id] for delivery in batch]

    async def _asked(self, client: ClientT, items: Sequence[Item[ValueT]]) -> Outcomes:
        """Those that come back from their own feed; each feed is asked once."""
        outcomes: Outcomes = {}
        further: list[Item[ValueT]] = []
        groups: dict[str, list[Item[ValueT]]] = {}
        for item in items:
            groups.setdefault(item.job.remote if item.job else "", []).append(item)
        for remote, group in groups.items():
            state, again = await self._follower.ask(group[0].delivery.account, remote)
            for item in group:
                if again is not None:
                    outcomes[item.id] = submitted(item.job.name if item.job else "", again)
                    continue
                self._written.over(item.key, remote)
                outcome = self._result(item, remote, state)
                if outcome is None:
                    further.append(item)
                else:
                    outcomes[item.id] = outcome
        return outcomes | await self._further(client, further)

    @abstractmethod
    def _read(self, delivery: Delivery) -> Item[ValueT]:
        """What a delivery brings. Raises DataError."""

    @abstractmethod
    async def _account(self, account: str, items: list[Item[ValueT]]) -> Outcomes:
        """One outcome each, for deliveries of one account."""

    @abstractmethod
    def _result(self, item: Item[ValueT], remote: str, state: FeedState | None) -> Outcome | None:
        """What its feed, which is over (None: gone or given up), means for it; None where something is to be done first (`_further`)."""

    @abstractmethod
    async def _further(self, client: ClientT, items: Sequence[Item[ValueT]]) -> Outcomes:
        """What is done for those whose feed is over and that are not through with it."""
