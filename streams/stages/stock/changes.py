"""Which channels are told a new number, and whether at once (INV-1, INV-3, INV-5). Pure.

    nothing was offered before, and the SKU is inactive, unknown or not sold there     nothing is said: it is not ours to change
    the number is what was offered last                                                nothing is said, unless a resync asks
    it fell to 0, or rose from 0                                                       at once
    it fell to the low-stock number or below                                           at once
    it fell because of an order of another channel, or of one of several items there   at once
    a resync asks                                                                      with the resync, in its lane
    anything else                                                                      with the channel's next flush

The version of what is said is greater than of everything said before, whatever the clocks of workers show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from schemas.records import LastOffer
from streams.poller.records import correlation_of
from streams.stages.demand import sku_key
from streams.stages.stock.allocation import Allocation, Allocations
from streams.stages.stock.ledger import Channel, Ledger, open_units
from streams.stages.stock.offered import Offered, offered

Why = Literal["stock", "order", "settings", "resync"]


@dataclass(frozen=True, slots=True)
class Cause:
    """A record that may have changed the number. `channel`: where it was sold; `lane`: the one a resync was asked to keep to."""

    why: Why
    at: datetime
    correlation: str = ""
    channel: Channel | None = None
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one channel stands: what it was told last, what it should be told, and under which terms."""

    channel: Channel
    last: LastOffer | None
    now: Offered
    allocation: Allocation
    is_ours: bool

    @property
    def differs(self) -> bool:
        """Whether the channel does not know its number yet."""
        return self.is_ours and (self.last is None or int(self.last["quantity"]) != self.now.quantity)


@dataclass(frozen=True, slots=True)
class Change:
    """What one channel is told."""

    standing: Standing
    urgent: bool
    cause: Cause
    lane: str = ""


def standings(ledger: Ledger, allocations: Allocations) -> list[Standing]:
    """Every channel's, in the order of the configuration."""
    found, counted = [], open_units(ledger)
    for channel in allocations.channels:
        allocation = allocations.of(channel, ledger.sku, ledger.level)
        last = ledger.offers.get(channel)
        is_sold = ledger.level is not None and ledger.level["active"] and allocation.offer
        found.append(
            Standing(channel, last, offered(ledger, allocation, counted), allocation, is_sold or last is not None)
        )
    return found


def told_at_once(found: Sequence[Standing], causes: Sequence[Cause]) -> list[Change]:
    """Who is told now, because of these records. `causes`: at least one, in the order they came."""
    changes = []
    resync = next((cause for cause in causes if cause.lane), None)
    for standing in found:
        urgent = _urgent_cause(standing, causes)
        if urgent is not None:
            changes.append(Change(standing, urgent=True, cause=urgent))
        elif resync is not None and standing.is_ours:
            changes.append(Change(standing, urgent=False, cause=replace(resync, why="resync"), lane=resync.lane))
    return changes


def told_by_flush(
    found: Sequence[Standing], ledger: Ledger, channels: frozenset[Channel], now: datetime
) -> list[Change]:
    """Who of these channels is told with the flush."""
    return [
        Change(standing, urgent=False, cause=latest_cause(ledger, standing, now))
        for standing in found
        if standing.differs and standing.channel in channels
    ]


def waiting(found: Sequence[Standing], told: Sequence[Change]) -> frozenset[Channel]:
    """The channels whose number differs and that were not told."""
    done = {change.standing.channel for change in told}
    return frozenset(one.channel for one in found if one.differs and one.channel not in done)


def told(change: Change, version: int, at: datetime) -> LastOffer:
    """What is remembered of it."""
    standing = change.standing
    channel, account = standing.channel
    return LastOffer(
        channel=channel,
        account=account,
        quantity=str(standing.now.quantity),
        version=max(version, standing.last["version"] + 1) if standing.last else version,
        at=at,
        why=change.cause.why,
        previous=standing.last["quantity"] if standing.last else "",
        urgent=change.urgent,
        correlation=change.cause.correlation,
        caused_at=change.cause.at,
    )


def latest_cause(ledger: Ledger, standing: Standing, now: datetime) -> Cause:
    """What changed since the channel was told: the newest fact after that, or the settings when there is none."""
    facts: list[Cause] = []
    if ledger.level is not None:
        facts.append(Cause("stock", ledger.level["read_at"], correlation_of(sku_key(ledger.sku))))
    facts.extend(
        Cause("order", one.seen_at, correlation_of(one.order_key), (one.source, one.account))
        for one in ledger.asked.values()
    )
    newest = max(facts, key=lambda cause: cause.at, default=None)
    since = standing.last["caused_at"] if standing.last else None
    if newest is None or (since is not None and newest.at <= since):
        return Cause("settings", now, correlation_of(sku_key(ledger.sku)))
    return newest


def _urgent_cause(standing: Standing, causes: Sequence[Cause]) -> Cause | None:
    """The record because of which the channel is told at once; None when it is not."""
    if not standing.differs or standing.last is None:
        return None
    before, after = int(standing.last["quantity"]), standing.now.quantity
    if after < before:
        # An item that was sold counts down by itself; others of the same SKU do not, on the same account either (INV-3).
        others = len(standing.allocation.names) > 1
        elsewhere = [one for one in causes if one.why == "order" and (others or one.channel != standing.channel)]
        if elsewhere:
            return elsewhere[-1]
    is_low = after < before and after <= standing.allocation.low_stock
    return causes[-1] if is_low or before == 0 or after == 0 else None
