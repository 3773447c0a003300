"""What is particular at Amazon in deciding what may be written now (`connectors.kit.outgoing.deciding`).

Whatever was accepted counts as on its way for a while, so deliveries which come back to look at theirs ask for the others of their key too. The
list of feeds tells no SKUs and may be read once in 45 seconds: it is read only for keys of which somebody died, or got no answer, while he was
sending (`sending:` that is not of this process), because a feed of his may be on its way that nobody has written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.amazon.taking import accepted, accepted_at
from connectors.kit.jobs import AFTER, BEHIND, SENDING, Job, has_expired
from connectors.kit.ordering import FEED
from connectors.kit.outgoing.deciding import Deciding, Item, ValueT, jobs_of
from connectors.kit.ports import Outcome, submitted


class AmazonDeciding(Deciding[ValueT]):
    """For one operation."""

    def left_behind(self, item: Item[Any]) -> int:
        """When this very version was being sent before by somebody who did not say how it went, epoch seconds; 0: never, as far as is known."""
        sendings = [job for job in opens_of(item) if job.how == SENDING and job.version == item.delivery.version]
        before = sorted(int(job.id) for job in sendings if job.id.isdecimal() and not has_expired(job, self._now()))
        # The newest of them is what this process has told for this very try.
        told = self._written.told(item.key, item.delivery.version)
        before = before[:-1] if told else before
        return before[-1] if before else 0

    def _located(self, item: Item[ValueT], lost: Mapping[str, str | None]) -> Item[ValueT]:
        """Of what was accepted only time would tell that it is over. Who waits for it need not: once nobody's delivery has it open any more,
        it has been seen to take effect."""
        item = super()._located(item, lost)
        job = item.job
        if job is None or job.how not in (AFTER, BEHIND) or accepted_at(job.remote) is None:
            return item
        is_open = job.remote in {one.remote for one in item.opens}
        return item if is_open else replace(item, job=replace(job, remote=""))

    def _decides_by_others(self, item: Item[Any]) -> bool:
        return True

    def _reads_list(self, item: Item[Any]) -> bool:
        if not self._feed_types:
            return False
        if self.left_behind(item):
            return True
        return any(job.how == SENDING and not self._says_nothing(item.key, job) for job in item.opens)

    def _outdated(self, item: Item[Any]) -> Outcome:
        """What was sent before by somebody who died may still come to lie over the newer one: it is looked after until it cannot."""
        if not (since := self.left_behind(item)):
            return super()._outdated(item)
        remote = accepted(datetime.fromtimestamp(since, UTC), lone=False)
        return submitted(item.bound(FEED, remote), self._follower.first_check)


def opens_of(item: Item[Any]) -> tuple[Job, ...]:
    """All that the delivery came with, whether it matters or not."""
    return jobs_of(item.delivery)[1]
