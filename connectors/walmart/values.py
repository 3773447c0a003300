"""Numbers out: stock and prices, by single call or by feed, an older one never over a newer one (INV-5). What differs is a `ValueKind`.

A single call takes effect when it is answered; by which way a number goes is the kit's (`connectors.kit.outgoing.value_writes`).

Races, and who wins:

- *A feed with an older number is not over.* It may take effect after anything written now. An urgent number is written at once and again
  when that feed is over (`after:`); another waits for it (`behind:`). Which feeds hold a SKU is known from the key's open jobs
  (`Delivery.open_jobs`, all of them: one that only waits hides no feed), from this process's memory, and from Walmart's own list of feeds
  that are not over: the last tells of feeds whose sending was never recorded because the process was killed.
- *Walmart's list cannot be read.* An urgent number is written and comes back to be written again when the list can be read; another waits.
- *The answer to a feed was lost.* It counts as on its way until it is found on Walmart's list or has certainly not arrived (`lost:`), also
  when a newer number is known by then: it may lie over it.
- *Nobody answered a single call.* It is tried again later, and may take effect late: it stays known as `sending:`. A newer number that is
  written meanwhile comes back and is written once more.
- *Delivered again* (kill before the offset moved): in a feed already -> that feed is followed; else the same number is written again.
- *An older delivery comes after a newer one*, from another lane or a retry: versions are compared with what the destination holds, with the
  key's open jobs and with what this process has written; older ones are stale.
- *Two lanes in one process* write the same key: one lock per key, the newest version is remembered.
- *Two processes* write the same key: each tells the other before it sends (`announces`, `sending:`) and reads what was told, so one of the
  two knows. An older number gives way; a newer one is written and comes back, or waits, until the other has said how it went, also when that
  one died, or stood still and was thought dead. Where the lanes are known to be shared (this process's part of the work is below 1) there are
  three looks more:
  Walmart's list is read again after writing and when a feed is over; a number that is not urgent comes back once (`settle`);
  and whose feed or call may lie over a newer number waits until that one is known, then writes it again (`Known.remote_id` has it).
- *A feed is over, and a newer number is known.* If this process wrote that one when the feed was over, nothing is to be done.
- *A product was withdrawn meanwhile.* Its 0 is newer, and its own delivery looks after it (`withdrawing`).

What stays possible: a single call of a process that died with it on the wire takes effect only after another process has settled its
delivery; or a feed does that was given up, for a SKU whose number changed only after that. The next number of that SKU puts it right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError
from connectors.kit.feed_results import FeedState, failure_of
from connectors.kit.follower import Follower
from connectors.kit.jobs import SETTLE, Job
from connectors.kit.ordering import Step
from connectors.kit.outgoing.deciding import Item, kept
from connectors.kit.outgoing.ordered_writes import Outcomes
from connectors.kit.outgoing.value_outcomes import applied, none_needed
from connectors.kit.outgoing.value_writes import ValueWrites
from connectors.kit.outgoing.values import Value
from connectors.kit.ports import Outcome, Result, submitted
from connectors.walmart.client import WalmartClient
from connectors.walmart.errors import WALMART
from connectors.walmart.first_values import FirstKind, FirstValues
from connectors.walmart.looking_up import LookingUp
from connectors.walmart.restoring import SETTLE_SECONDS, Restoring
from connectors.walmart.settings import WalmartSettings


class Values(ValueWrites[WalmartClient]):
    """The handler of one operation; `kind` says which."""

    def __init__(
        self, settings: WalmartSettings, open_client: OpenClient[WalmartClient], kind: FirstKind, follower: Follower, looking_up: LookingUp,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        super().__init__(WALMART, open_client, kind, follower, settings, now)
        self._first = FirstValues(kind, looking_up, now)
        self._restoring = Restoring(kind, self._written, self._deciding)

    async def _account(self, account: str, items: list[Item[Value]]) -> Outcomes:
        try:
            client = self._open(account)
            by, outcomes = await self._deciding.sorted(account, items)
        except ConnectorError as error:
            return {item.id: kept(item.delivery, error, WALMART) for item in items}
        outcomes |= {item.id: self._settled(item) for item in by[Step.SETTLED]}
        written: list[Item[Value]] = []
        parts = await asyncio.gather(
            self._asked(client, by[Step.ASK]),
            self._all_single(client, by[Step.TWICE], written),
            self._restoring.outcomes(client, by[Step.RESTORE]),
            self._written_first(client, account, by[Step.WRITE], written),
        )
        outcomes |= {name: outcome for part in parts for name, outcome in part.items()}
        return outcomes | {item.id: self._done(item) for item in await self._deciding.looked_again(account, written)}

    # -- results

    async def _further(self, client: WalmartClient, items: Sequence[Item[Value]]) -> Outcomes:
        return await self._restoring.outcomes(client, items)

    def _result(self, item: Item[Value], remote: str, state: FeedState | None) -> Outcome | None:
        """None when it may have come to lie over a newer number that is known: that one is written again."""
        if state is None:
            return self._without_feed(item, remote)
        failure = failure_of(state, item.sku, item.value.waits_for)
        if failure is not None:
            return Outcome(Result.STALE, detail=failure.detail) if self._is_under(item) else none_needed(item, failure)
        detail, job = f"feed {state.feed_id}", item.job.name if item.job else ""
        if self._is_under(item) and self._written.was_past(item.key, remote, item.known):
            return Outcome(Result.STALE, detail=detail)
        if self._deciding.waits_for_newer(item, remote) or (item.unsure and not self.alone):
            return submitted(job, self._follower.first_check)
        if self._is_under(item):
            return None
        if self._written.newest(item.key) > item.delivery.version:
            return Outcome(Result.STALE, detail=detail)  # who wrote that one looks after it
        later = None if self.alone else self._deciding.after(item)
        return later or self._applied(item, detail, item.job.until if item.job else 0)

    def _settled(self, item: Item[Value]) -> Outcome:
        """It was written a while ago, and nothing newer lies under it."""
        is_ours = item.job is not None and item.job.version == item.delivery.version
        newest = max(self._written.newest(item.key), item.known, *(job.version for job in item.opens))
        if item.job is None or not is_ours or newest > item.delivery.version:
            return Outcome(Result.STALE)
        return self._applied(item, "", item.job.until)

    # -- writing

    async def _written_first(
        self, client: WalmartClient, account: str, items: Sequence[Item[Value]], written: list[Item[Value]]
    ) -> Outcomes:
        """As `_write`, but for those that come too early."""
        outcomes = await self._first.outcomes(client, account, items)
        return outcomes | await self._write(client, account, [one for one in items if one.id not in outcomes], written)

    async def _put_done(self, item: Item[Value]) -> Item[Value]:
        remote = await self._written.on_its_way(item.key)
        if not remote or remote in {job.remote for job in item.opens}:
            return item
        return replace(item, opens=(*item.opens, Job(remote.partition(":")[0], remote)))

    def _done(self, item: Item[Value]) -> Outcome:
        """Of one that was written: it comes back when something older may land on it yet."""
        if (later := self._deciding.after(item)) is not None:
            return later
        if self.alone or item.urgent:
            return self._applied(item, "", item.value.until)
        return submitted(item.bound(SETTLE, "", item.value.until), SETTLE_SECONDS)

    def _applied(self, item: Item[Value], detail: str, until: int) -> Outcome:
        return applied(item, self._kind.model, detail, until, self._now())
