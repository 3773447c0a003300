"""The 0 of a product that is no longer for sale, beside the numbers of the stock flow (INV-5).

Those have keys of their own, so the 0 goes by their rules. Its version is the product's, as all are the time of what they say: a number worked out
later is newer and rules, an older one is not begun any more. What was sent before and is still on its way cannot be called back and may come to
lie over the 0. So the 0 is looked after: once nothing older can come it is seen whether there is something to sell after all, and then it is written
again. A marketplace says by what means it writes, and what its own list of feeds tells; the order of things is here:

1. `zero`   a single call of the stock flow that is being answered is waited for; a newer number rules; else nothing older begins from here on,
            and the 0 is written where there is something to sell
2. `older`  what may bring an older number yet: feeds that are being sent, were sent, or whose answer was lost; a single call nobody answered
3. `done`   when there is nothing of that
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType

from connectors.kit.follower import Follower
from connectors.kit.jobs import LOST
from connectors.kit.ordering import FEED
from connectors.kit.outgoing.deciding import Item
from connectors.kit.outgoing.written import Written
from connectors.kit.ports import Outcome, Result
from schemas.records import Product

logger = logging.getLogger(__name__)

EMPTIED, RULED, AGAIN = "stock_set_to_zero", "newer_number", "older_number_undone"
# A single call lasts up to two minutes; so long after we gave up waiting for its answer it may take effect.
LATE_SECONDS = 120.0
_NO_MORE: Mapping[str, Sequence[str]] = MappingProxyType({})


class Zero(Enum):
    """What became of a 0: it was written; there was nothing to sell; the stock flow has a newer number."""

    WRITTEN = "written"
    NEEDLESS = "needless"
    RULED = "ruled"


@dataclass(frozen=True, slots=True)
class Older:
    """What may bring an older number yet. remote: the job that is asked for, "" for a call that nobody answered; seconds: until it should be."""

    remote: str
    seconds: float


class Emptying:
    """marketplace: as keys have it; model: what an outcome calls a listing; numbers: what this process has written and is sending of stock;
    now: the clock, aware UTC."""

    def __init__(
        self, marketplace: str, model: str, numbers: Written, follower: Follower, now: Callable[[], datetime]
    ) -> None:
        self._marketplace = marketplace
        self._model = model
        self._numbers = numbers
        self._follower = follower
        self._now = now

    def key(self, item: Item[Product]) -> str:
        """Of its number."""
        return f"stock:{self._marketplace}:{item.delivery.account}:{item.sku}"

    async def zero(self, item: Item[Product], write: Callable[[], Awaitable[bool]], *, back: bool) -> Zero:
        """`write` sets it to 0 where there is something to sell, and says whether there was; it is called while nobody else writes the number.
        back: the item was looked after. Raises what `write` does."""
        key, version = self.key(item), item.delivery.version
        async with self._numbers.lock(key):
            if self._numbers.newest(key) > version:
                return Zero.RULED
            self._numbers.wrote(key, version)
            if not await write():
                return Zero.NEEDLESS
        if back:
            logger.warning("%s_withdrawn_again key=%s version=%d", self._marketplace, item.key, version)
        return Zero.WRITTEN

    async def older(
        self, account: str, items: Sequence[Item[Product]], listed: Mapping[str, Sequence[str]] = _NO_MORE
    ) -> dict[str, Older]:
        """Of those (by id) that an older number may come to lie over yet, as far as this process knows. All of one account; each remote job is
        asked for once. listed: SKU -> remote jobs that hold it beside those this process has sent."""
        remotes = {item.id: [*await self._sent(item), *listed.get(item.sku, ())] for item in items}
        standing = await self._follower.standing(account, [one for found in remotes.values() for one in found])
        left = {name: [one for one in found if not standing.is_over(one)] for name, found in remotes.items()}
        longest = {name: max(found, key=standing.wait) for name, found in left.items() if found}
        late = {item.id: Older("", wait) for item in items if (wait := self._late(item)) > 0}
        return late | {name: Older(remote, standing.wait(remote)) for name, remote in longest.items()}

    async def _sent(self, item: Item[Product]) -> list[str]:
        key = self.key(item)
        await self._numbers.being_sent(key)
        sent = (job for job in self._numbers.open_jobs(key) if job.how in (FEED, LOST))
        return [job.remote for job in sent if job.version < item.delivery.version]

    def _late(self, item: Item[Product]) -> float:
        """Seconds in which an older call that nobody answered may take effect."""
        version, at = self._numbers.was_unanswered(self.key(item))
        return at + LATE_SECONDS - self._now().timestamp() if 0 < version < item.delivery.version else 0.0

    def done(self, item: Item[Product], zero: Zero, *, back: bool) -> Outcome:
        """Nothing older can come any more. What this delivery wrote before it came back counts as its own."""
        applied = zero is Zero.WRITTEN or back
        notes = (RULED,) if zero is Zero.RULED else again(zero, back=back) or ((EMPTIED,) if applied else ())
        result = Result.APPLIED if applied else Result.ALREADY_APPLIED
        return Outcome(result, remote_model=self._model, remote_id=item.sku, notes=notes)


def again(zero: Zero, *, back: bool) -> tuple[str, ...]:
    """The note of one that was written again."""
    return (AGAIN,) if zero is Zero.WRITTEN and back else ()
