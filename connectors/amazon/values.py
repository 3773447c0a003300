"""Numbers out: stock and prices, by PATCH or by feed, an older one never over a newer one (INV-5).

Amazon takes a change and says neither when it takes effect nor in which order changes do. So everything sent is a job, also a single call (`taking`),
and nothing counts as written before the listing shows it. For a number, in this order:

1. The listing is read: none of that SKU (waits for it), Amazon's own stock (left alone), says it already (nothing is written).
2. It is sent, by the way that fits (`connectors.kit.outgoing.value_writes`), and the listing is looked at until it shows the number.
3. It does not show within `effect_minutes`: what Amazon finds wrong is told, else the number is sent again.

Races, and who wins:

- *An older number is on its way* (accepted, in a feed, being sent): an urgent one is sent at once, and looked after until the older one cannot come
  any more; another waits for it. What is shown while several are on their way proves nothing: the time does.
- *A newer number is known or on its way when an older one comes back*: the older one is looked after until it cannot take effect any more. Should the
  listing show it then, the newer one is written again.
- *Nobody answered.* It may have been taken: tried again, and others of the key know of it (`sending:`).
- *The process died while sending.* Its delivery comes again and knows so by `sending:`: what it sent is waited for. A feed nobody has written down is
  found on Amazon's list, which tells no SKUs: it holds back this key alone, for `AmazonFeeds.untold_seconds`.
- *A unit is sold meanwhile.* Amazon takes it off what it shows. A newer number is on its way then; if none comes, this one is sent again.

What stays possible: a PATCH that takes effect after `effect_minutes`, or a feed nobody wrote down that takes longer than `untold_seconds`; or a sale
that makes the listing show a number before it has taken effect. The next number of that SKU puts it right.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.amazon.client import AmazonClient
from connectors.amazon.deciding import AmazonDeciding
from connectors.amazon.errors import AMAZON
from connectors.amazon.listing_items import UNREADABLE, Shown, get_listings, told
from connectors.amazon.numbers import Numbers
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.taking import Taking, accepted, accepted_at, as_lone, is_lone
from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, DataError, ThrottledError
from connectors.kit.feed_results import ERROR, FeedState, failure_of
from connectors.kit.jobs import BEHIND, Job, sending
from connectors.kit.ordering import FEED, Step
from connectors.kit.outgoing.deciding import Item, kept
from connectors.kit.outgoing.ordered_writes import Outcomes
from connectors.kit.outgoing.value_outcomes import applied, no_item, none_needed, refused
from connectors.kit.outgoing.value_writes import ValueWrites
from connectors.kit.outgoing.values import Value
from connectors.kit.ports import Outcome, Result, failed, submitted
from schemas.reasons import Reason

logger = logging.getLogger(__name__)

BY_AMAZON = "fulfilled_by_amazon"
RESTORED = "newer_written_again"
_SOON_SECONDS = 30.0
Looked = Mapping[str, Shown | ConnectorError]


class Values(ValueWrites[AmazonClient]):
    """The handler of one operation; `numbers` says which."""

    _deciding: AmazonDeciding[Value]

    def __init__(
        self, settings: AmazonSettings, open_client: OpenClient[AmazonClient], numbers: Numbers, taking: Taking,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        super().__init__(AMAZON, open_client, numbers, taking, settings, now, AmazonDeciding)
        self._numbers = numbers
        self._taking = taking
        self._minutes = settings.effect_minutes

    async def _account(self, account: str, items: list[Item[Value]]) -> Outcomes:
        try:
            client = self._open(account)
            by, outcomes = await self._deciding.sorted(account, items)
        except ConnectorError as error:
            return {item.id: kept(item.delivery, error, AMAZON) for item in items}
        asked, sent = await asyncio.gather(
            self._asked(client, by[Step.ASK]), self._sent(client, account, by[Step.WRITE], by[Step.TWICE])
        )
        return outcomes | asked | sent

    # -- sending

    async def _sent(
        self, client: AmazonClient, account: str, free: Sequence[Item[Value]], blocked: Sequence[Item[Value]]
    ) -> Outcomes:
        """free: nothing older is on its way; blocked: urgent ones, while something is."""
        looked = await self._look(client, [*free, *blocked])
        outcomes: Outcomes = {}
        going: list[Item[Value]] = []
        for item in [*free, *blocked]:
            found = self._needless(item, looked.get(item.sku), says_it=item in free)
            if isinstance(found, Outcome):
                outcomes[item.id] = found
            else:
                going.append(replace(item, value=self._numbers.addressed(item.value, found)))
        written: list[Item[Value]] = []
        outcomes |= await self._write(client, account, going, written)
        return outcomes | {item.id: self._looked_after(item) for item in written}

    async def _look(self, client: AmazonClient, items: Sequence[Item[Value]]) -> Looked:
        """Listings by SKU; an error where one could not be read. SKUs that Amazon does not have are left out."""
        found: dict[str, Shown | ConnectorError] = {}
        for urgent in (True, False):
            skus = list(dict.fromkeys(item.sku for item in items if item.urgent is urgent and item.sku not in found))
            try:
                if skus:
                    found |= await get_listings(client, skus, self._numbers.priority(urgent))
            except ConnectorError as error:
                found |= dict.fromkeys(skus, error)
        return found

    def _needless(self, item: Item[Value], shown: Shown | ConnectorError | None, *, says_it: bool) -> Outcome | Shown:
        """The outcome of one that is not to be sent, else its listing. `says_it`: that the listing says it already is believed."""
        if isinstance(shown, ConnectorError):
            is_its_own = isinstance(shown, ThrottledError) or shown.code == UNREADABLE
            return replace(refused(AMAZON, item, shown), of_record=is_its_own)
        if shown is None:
            return no_item(AMAZON, item, "looked up before it was sent")
        if self._numbers.kind.not_ours(shown):
            detail = "Amazon keeps and counts the stock of this SKU; nothing was written"
            return Outcome(Result.STALE, detail=detail, notes=(BY_AMAZON,))
        if says_it and not self._deciding.left_behind(item) and self._numbers.kind.shows(item.value, shown):
            result = applied(item, self._kind.model, "", 0, self._now())
            return replace(result, result=Result.ALREADY_APPLIED)
        return shown

    def _note(self, item: Item[Value]) -> None:
        self._written.took(item.key, Job(FEED, accepted(self._now(), lone=False), item.delivery.version))

    async def _put_done(self, item: Item[Value]) -> Item[Value]:
        """With its job: what it waits for from now on."""
        at = accepted(self._now(), lone=False)
        others = [job for job in self._written.open_jobs(item.key) if job.version != item.delivery.version]
        remote = await self._written.being_sent(item.key)
        if remote:
            others.append(Job(remote.partition(":")[0], remote))
        known = {job.remote for job in item.opens}
        item = replace(item, opens=(*item.opens, *(job for job in others if job.remote not in known)))
        lone = not self._deciding.is_blocked(item) and not self._deciding.left_behind(item)
        return replace(item, job=Job(FEED, as_lone(at) if lone else at, item.delivery.version))

    def _looked_after(self, item: Item[Value], remote: str = "", notes: tuple[str, ...] = ()) -> Outcome:
        """It was taken: it comes back to be looked at."""
        remote = remote or (item.job.remote if item.job else "")
        self._written.took(item.key, Job(FEED, remote, item.delivery.version))
        wait = self._taking.next_look(remote)
        return replace(submitted(item.bound(FEED, remote), wait), notes=notes or item.value.notes)

    # -- what became of it

    def _result(self, item: Item[Value], remote: str, state: FeedState | None) -> Outcome | None:
        """None when Amazon has taken it: then the listing is looked at."""
        if state is None:
            return self._without_feed(item, remote)
        failure = failure_of(state, item.sku, item.value.waits_for)
        if failure is None:
            return None
        if state.status == ERROR and failure.reason is Reason.TRANSIENT:
            # Some of it may have been carried out.
            return replace(failure, job=sending(item.delivery.version, self._now()))
        if self._is_under(item):
            return Outcome(Result.STALE, detail=failure.detail)
        return none_needed(item, failure)

    async def _further(self, client: AmazonClient, items: Sequence[Item[Value]]) -> Outcomes:
        looked = await self._look(client, items)
        found = await asyncio.gather(*(self._seen(client, item, looked.get(item.sku)) for item in items))
        return {item.id: outcome for item, outcome in zip(items, found, strict=True)}

    async def _seen(self, client: AmazonClient, item: Item[Value], shown: Shown | ConnectorError | None) -> Outcome:
        remote = item.job.remote if item.job else ""
        if accepted_at(remote) is None:  # its feed is over
            remote = accepted(self._now(), lone=not self._deciding.is_blocked(item))
        if isinstance(shown, ConnectorError):
            again = self._looked_after(item, remote)
            return replace(again, retry_after=max(shown.retry_after or _SOON_SECONDS, again.retry_after or 0.0))
        if self._is_overtaken(item):
            return await self._overtaken(client, item, shown, remote)
        is_past = not self._taking.left(remote)
        if shown is None:
            return (
                no_item(AMAZON, item, "it is gone since it was sent") if is_past else self._looked_after(item, remote)
            )
        if self._deciding.is_blocked(item) or not (is_past or is_lone(remote)):
            return self._looked_after(item, remote)
        if self._numbers.kind.took(item.value, shown):
            for job in self._written.open_jobs(item.key):  # also the note made before it was sent
                if job.version == item.delivery.version or job.remote == remote:
                    self._written.over(item.key, job.remote)
            return applied(item, self._kind.model, "", 0, self._now())
        return self._not_shown(item, shown) if is_past else self._looked_after(item, remote)

    def _not_shown(self, item: Item[Value], shown: Shown) -> Outcome:
        said = f"the listing does not show it {self._minutes:g} minutes after Amazon took it"
        if issues := shown.errors_on(self._numbers.kind.attribute):
            return failed(Reason.DATA, f"{said}: {told(issues)}")
        return replace(failed(Reason.TRANSIENT, f"{said}; sent again"), of_record=True)

    def _is_overtaken(self, item: Item[Value]) -> bool:
        sent = (job.version for job in item.opens if job.how != BEHIND)
        return max(item.known, self._written.newest(item.key), *sent, 0) > item.delivery.version

    async def _overtaken(
        self, client: AmazonClient, item: Item[Value], shown: Shown | ConnectorError | None, remote: str
    ) -> Outcome:
        """It is looked after as long as it may still take effect. Where it has, over a newer one that is known, that one is written again."""
        if isinstance(shown, Shown) and await self._lies_over(client, item, shown):
            return self._looked_after(item, accepted(self._now(), lone=False), (RESTORED,))
        if self._taking.left(remote):
            return self._looked_after(item, remote)
        return Outcome(Result.STALE)

    async def _lies_over(self, client: AmazonClient, item: Item[Value], shown: Shown) -> bool:
        """Whether it lay over the newest one, which was written again just now."""
        known = item.delivery.known
        newer = [job for job in item.opens if job.version > item.delivery.version and job.remote]
        if known is None or known.version <= item.delivery.version or newer:
            return False  # the newer one's own delivery looks after it
        try:
            newest = self._numbers.parse(item.delivery.account, item.sku, known.remote_id)
            kind = self._numbers.kind
            if kind.took(newest, shown) or not kind.took(item.value, shown) or kind.not_ours(shown):
                return False
            async with self._written.lock(item.key):
                if self._written.newest(item.key) > known.version:
                    return False
                await self._numbers.put(client, self._numbers.addressed(newest, shown))
        except DataError as error:
            logger.error("amazon_newer_not_written_again key=%s version=%d error=%s", item.key, known.version, error)
            return False
        except ConnectorError:
            return True  # it may have been written; it comes back either way
        logger.warning("amazon_newer_written_again key=%s version=%d", item.key, known.version)
        return True
