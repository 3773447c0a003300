"""What held deliveries wait for, and which of it is there now: names `KIND:SOURCE:ACCOUNT:WHAT`.

A marketplace is asked one name at a time, within the quota and for a bounded time; a thousand names take several turns, each beginning where the
last one stopped. What cannot be asked (an account that was removed, an order that cannot be read) keeps nobody else waiting. What waits for lines
of our own tables is looked up there.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from connectors.kit.accounts import ClientT, OpenClient
from connectors.kit.errors import ConnectorError

logger = logging.getLogger(__name__)

TURN_SECONDS = 20.0  # the release worker gives a sink a minute for all it waits for
# (names of one account, account) -> those that are there.
InTables = Callable[[Sequence[str], str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Check(Generic[ClientT]):
    """How one kind of name is asked for. quota: the call it takes; is_there: raises ConnectorError."""

    quota: str
    is_there: Callable[[ClientT, str], Awaitable[bool]]


@dataclass(frozen=True, slots=True, order=True)
class _Name:
    """`KIND:SOURCE:ACCOUNT:WHAT`."""

    whole: str
    kind: str
    account: str
    what: str


class Resolving(Generic[ClientT]):
    """Of one source. `checks`: by kind of name; `tables`, `in_tables`: the kinds that are looked up in our tables, and how; `patience`: seconds;
    a quota that takes longer leaves its names to the next turn."""

    def __init__(
        self, source: str, open_client: OpenClient[ClientT], checks: Mapping[str, Check[ClientT]], patience: float, *,
        tables: Sequence[str] = (), in_tables: InTables = lambda names, account: (), clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._source = source
        self._open = open_client
        self._checks = checks
        self._patience = patience
        self._tables = tables
        self._in_tables = in_tables
        self._clock = clock
        self._last = ""

    async def resolve(self, waiting_for: Sequence[str]) -> list[str]:
        """Those that are there now, in order. Never raises ConnectorError."""
        names = [name for name in map(self._read, waiting_for) if name is not None]
        found = {
            *self._in_ours([name for name in names if name.kind in self._tables]),
            *await self._in_theirs(sorted(name for name in names if name.kind in self._checks)),
        }
        return [word for word in waiting_for if word in found]

    def _in_ours(self, names: Sequence[_Name]) -> list[str]:
        found: list[str] = []
        for account in dict.fromkeys(name.account for name in names):
            mine = [name.whole for name in names if name.account == account]
            try:
                found += self._in_tables(mine, account)
            except ConnectorError as error:
                logger.warning("cannot_resolve account=%s names=%d kind=%s", account, len(mine), type(error).__name__)
        return found

    async def _in_theirs(self, names: Sequence[_Name]) -> list[str]:
        found: list[str] = []
        ends = self._clock() + TURN_SECONDS
        start = bisect_right([name.whole for name in names], self._last)
        for name in (*names[start:], *names[:start]):
            if self._clock() >= ends:
                break
            self._last = name.whole
            try:
                if await self._is_there(name):
                    found.append(name.whole)
            except ConnectorError as error:
                logger.warning(
                    "cannot_resolve account=%s kind=%s reason=%s", name.account, name.kind, error.reason.value
                )
        return found

    async def _is_there(self, name: _Name) -> bool:
        client, check = self._open(name.account), self._checks[name.kind]
        if client.forecast_seconds(check.quota, 1) > self._patience:
            return False
        return await check.is_there(client, name.what)

    def _read(self, word: str) -> _Name | None:
        kind, _, rest = word.partition(":")
        source, _, rest = rest.partition(":")
        account, _, what = rest.partition(":")
        return _Name(word, kind, account, what) if source == self._source and what else None
