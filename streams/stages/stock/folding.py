"""Records of one batch -> what they change: ledgers to write, offers to send, demands of kit parts, dead letters. Nothing is sent here."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from schemas.codec import Codec
from schemas.headers import Headers, decode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import Demand, StockLevel
from schemas.topics import DEMAND, ENTITIES, STOCK_LEDGER
from streams.failure.routing import FailureRouting
from streams.poller.records import correlation_of
from streams.stages.demand import sku_key
from streams.stages.stock import metrics
from streams.stages.stock.allocation import Allocations
from streams.stages.stock.changes import Cause, Change, Standing, standings, told, told_at_once, told_by_flush, waiting
from streams.stages.stock.codec import Book, milliseconds, moment
from streams.stages.stock.homing import moved, names_of, strays
from streams.stages.stock.kits import all_demands_of_parts, demands_of_parts
from streams.stages.stock.ledger import Channel, Ledger, Limits, asked_of, next_due, settled, with_demand, with_level
from streams.stages.stock.memory import Entry, Table, sku_of

logger = logging.getLogger(__name__)

STAGE = "stock"


@dataclass(frozen=True, slots=True)
class StockTopics:
    """What the stage reads and writes; others than these only in tests."""

    inventory: str = ENTITIES["stock_level"].every
    demand: str = DEMAND
    ledger: str = STOCK_LEDGER
    availability: str = ENTITIES["availability"].every


@dataclass(slots=True)
class Touched:
    """One SKU in a batch: how it stood, how it stands, and why."""

    before: Ledger
    now: Ledger
    causes: list[Cause] = field(default_factory=list)
    demands: list[Demand] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """The records of one batch, folded one after the other. `failed`: dead letters."""

    table: Table
    at: datetime
    touched: dict[str, Touched] = field(default_factory=dict)
    failed: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Result:
    """What to send, `first` before `then`, and what to remember once that is acknowledged."""

    first: list[Message]
    then: list[Message]
    entries: list[tuple[str, Entry]]
    changes: list[Change]


class Folding:
    """The pure core with the codec around it."""

    def __init__(
        self, book: Book, codec: Codec, allocations: Allocations, limits: Limits, routing: FailureRouting, topics: StockTopics,
        environment: str,
    ) -> None:  # fmt: skip
        self._book = book
        self._codec = codec
        self._allocations = allocations
        self._limits = limits
        self._topics = topics
        self._environment = environment
        self.routing = routing

    def take(self, record: Record, batch: Batch) -> None:
        """Fold one record in; one that cannot be read becomes a dead letter of this stage."""
        try:
            headers = self._headers(record)
            if record.topic == self._topics.demand:
                self._demand(record, headers, batch)
            else:
                self._level(record, headers, batch)
        except ValueError as error:  # DecodeError is one
            batch.failed += self.failed(record, Reason.DATA, str(error), batch.at)
            metrics.RECORDS.labels("failed").inc()

    def failed(self, record: Record, reason: Reason, detail: str, now: datetime) -> list[Message]:
        """To the dead letters of this stage; replay brings it back to its topic."""
        routed = self.routing.route(
            record, destination=STAGE, operation=STAGE, reason=reason, detail=detail, now_ms=milliseconds(now), target=record.topic
        )  # fmt: skip
        return list(routed.messages)

    def finish(self, batch: Batch, partition: int) -> Result:
        """What follows from the batch."""
        result = Result([], list(batch.failed), [], [])
        for touched in batch.touched.values():
            if touched.causes:
                found = standings(touched.now, self._allocations)
                self._settle(touched, found, told_at_once(found, touched.causes), batch.at, partition, result)
        return result

    def flush(
        self, table: Table, skus: Iterable[str], channels: frozenset[Channel], at: datetime, partition: int
    ) -> Result:
        """What these channels are told of these SKUs, whose time has come."""
        result = Result([], [], [], [])
        for sku in skus:
            before = self._known(table, sku)
            touched = Touched(before, settled(before, self._limits, at))
            found = standings(touched.now, self._allocations)
            self._settle(touched, found, told_by_flush(found, touched.now, channels, at), at, partition, result)
        return result

    def restored(self, table: Table, sku: str) -> Entry:
        """How a SKU stands under the settings of today. Raises DecodeError."""
        ledger = self._known(table, sku)
        return self._entry(ledger, table.values[sku], waiting(standings(ledger, self._allocations), []))

    def said_last(self, table: Table, skus: Iterable[str]) -> list[Message]:
        """What the newest batch of a partition said, once more: nobody knows whether it got out."""
        messages = []
        for sku in skus:
            ledger = self._known(table, sku)
            messages += [
                self._book.offer_message(self._topics.availability, ledger, standing, standing.last, "")
                for standing in standings(ledger, self._allocations)
                if standing.last is not None and standing.last["at"] == ledger.at
            ]
            messages += self._demands(all_demands_of_parts(ledger), "")
        return messages

    def moves(self, table: Table) -> Iterator[tuple[str, list[Message]]]:
        """Of each SKU what open orders ask of it and another should be asked, by the cross-reference as it is now (ORD-9)."""
        skus = self._allocations.skus
        for sku in strays(table.named, skus):
            ledger = self._known(table, sku)
            yield (
                sku,
                [
                    self._book.demand_message(self._topics.demand, demand, correlation_of(demand["order_key"]))
                    for demand in moved(ledger, skus)
                ],
            )

    # One record

    def _headers(self, record: Record) -> Headers:
        headers = decode_headers(record.headers)
        if headers.env != self._environment:
            raise ValueError(f"the record is of environment {headers.env}, this pipeline is {self._environment}")
        return headers

    def _level(self, record: Record, headers: Headers, batch: Batch) -> None:
        level: StockLevel = self._codec.decode("stock_level", record.value)
        touched = self._touched(record, level["sku"], batch)
        after = with_level(touched.now, level, self._limits, batch.at, record.value or b"")
        if after is touched.now or (after == touched.now and not headers.lane):
            metrics.RECORDS.labels("repeated").inc()
            return
        touched.demands += demands_of_parts(touched.now, after, ())
        touched.causes.append(Cause("stock", level["read_at"], headers.correlation, None, headers.lane))
        touched.now = after
        metrics.RECORDS.labels("folded").inc()

    def _demand(self, record: Record, headers: Headers, batch: Batch) -> None:
        demand: Demand = self._codec.decode("demand", record.value)
        touched = self._touched(record, demand["sku"], batch)
        after = with_demand(touched.now, demand, self._limits, batch.at)
        if after == touched.now:
            metrics.RECORDS.labels("repeated").inc()
            return
        touched.demands += demands_of_parts(touched.now, after, [asked_of(demand)])
        channel = (demand["source"], demand["account"])
        touched.causes.append(Cause("order", demand["seen_at"], headers.correlation, channel))
        touched.now = after
        metrics.RECORDS.labels("folded").inc()

    def _touched(self, record: Record, sku: str, batch: Batch) -> Touched:
        if sku_of(record.key) != sku:
            raise ValueError(f"the record is of another SKU than its key, {sku_key(sku)[:80]}")
        known = batch.touched.get(sku)
        if known is None:
            ledger = self._known(batch.table, sku)
            known = batch.touched[sku] = Touched(ledger, ledger)
        return known

    def _known(self, table: Table, sku: str) -> Ledger:
        value = table.values.get(sku)
        return self._book.decode(value) if value is not None else Ledger(sku)

    # One SKU

    def _settle(
        self, touched: Touched, found: Sequence[Standing], changes: Sequence[Change], at: datetime, partition: int, result: Result
    ) -> None:  # fmt: skip
        """Write down what was said, then say it."""
        offers = {change.standing.channel: told(change, milliseconds(at), at) for change in changes}
        ledger = touched.now
        if offers or ledger != touched.before:
            ledger = replace(ledger, offers={**ledger.offers, **offers}, at=at)
            value = self._book.encode(ledger)
            result.first.append(self._book.ledger_message(self._topics.ledger, partition, ledger, value))
        elif ledger.at is None:
            return
        else:
            value = self._book.encode(ledger)
        for change in changes:
            offer = offers[change.standing.channel]
            result.then.append(
                self._book.offer_message(self._topics.availability, ledger, change.standing, offer, change.lane)
            )
        correlation = touched.causes[-1].correlation if touched.causes else ""
        result.then.extend(self._demands(touched.demands, correlation))
        result.entries.append((ledger.sku, self._entry(ledger, value, waiting(found, changes))))
        result.changes.extend(changes)

    def _demands(self, demands: Iterable[Demand], correlation: str) -> list[Message]:
        newest = {(one["key"], one["order_key"], one["via"], one["external"]): one for one in demands}
        return [self._book.demand_message(self._topics.demand, one, correlation) for one in newest.values()]

    def _entry(self, ledger: Ledger, value: bytes, waits: frozenset[Channel]) -> Entry:
        due = next_due(ledger, self._limits)
        return Entry(value, waits, milliseconds(due) if due else 0, names_of(ledger))


def batch_of(table: Table, now_ms: int) -> Batch:
    """An empty batch of a partition, with the time that its ledgers will carry."""
    return Batch(table, moment(table.next_batch_ms(now_ms)))
