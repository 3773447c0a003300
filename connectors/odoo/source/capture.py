"""Polls one flow of Odoo (EVT-6): `position` says what is listed and why nothing is missed, `seen` what is not published twice.

    pass      rows of the watched models changed since, by id -> those not seen before -> their entities, read whole
    sweep     every entity by id, for flows of products: at first, and now and then
    census    every id: products that vanished, also while no poller ran: then what was published is compared with what is there; of documents
              those that a flow knows of and that were deleted (`Parts.deleted`)
    journal   mode `outbox`: instead of the rows' dates, what Odoo itself wrote down (`journal`)

An entity is always read after the row that told of it, in a later transaction: what is published is never older than what was noticed.

What could still be missed: a transaction longer than the overlap, if the wide look-back does not find it either (it counts what it finds); until
the next sweep, what SQL changes past Odoo, which sets no date, and in mode `poll` price rules and kits deleted while no poller ran for a short while.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.kit.cursor import to_text, whole_second
from connectors.kit.ports import Fetched, Page, Problem
from connectors.odoo.capture_settings import CaptureSettings
from connectors.odoo.client import Odoo
from connectors.odoo.purchase_census import TooManyDeletedError
from connectors.odoo.source import position as positions
from connectors.odoo.source.catalogue import Catalogue
from connectors.odoo.source.entities import Entities
from connectors.odoo.source.journal import Journal
from connectors.odoo.source.listing import Found, Listing
from connectors.odoo.source.metrics import CENSUS_ONLY, ENTITIES
from connectors.odoo.source.models import STAMP, Models
from connectors.odoo.source.position import SWEEP, Pass, Position, Reach
from connectors.odoo.source.readers import Asked, Reader, Stamps
from connectors.odoo.source.seen import Seen
from connectors.odoo.source.watches import Plan

logger = logging.getLogger(__name__)


async def _nothing() -> Collection[str]:
    """The default of `Parts.known`."""
    return ()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a flow is put together from. `known`: keys that were published as active before this process, see `Deps.known`; `deleted`: ids of
    documents that are gone, of a flow that can tell."""

    plan: Plan
    odoo: Odoo
    models: Models
    entities: Entities
    reader: Reader
    catalogue: Catalogue | None = None
    journal: Journal | None = None
    known: Callable[[], Awaitable[Collection[str]]] = _nothing
    deleted: Callable[[], Awaitable[Collection[int]]] | None = None


class OdooCapture:
    """`Source` of one flow."""

    def __init__(
        self, settings: CaptureSettings, account: str, flow: str, parts: Parts, now: Callable[[], datetime]
    ) -> None:
        self.flow, self.account = flow, account
        self._settings, self._parts, self._now = settings, parts, now
        self._seen = Seen(settings.seen_limit)
        self._stamps = Stamps(now)
        self._next_census: datetime | None = None
        self._is_first = True
        self._held = ""
        self._listing = Listing(
            flow, parts.plan, settings, parts.models, parts.entities, parts.catalogue, parts.journal
        )
        products = parts.catalogue is not None
        self._reach = Reach(
            usual=timedelta(seconds=settings.overlap_seconds),
            wide=timedelta(minutes=settings.wide_overlap_minutes),
            wide_every=settings.wide_every_polls,
            first=None if products else timedelta(days=settings.start_days_back),
            sweep=timedelta(hours=settings.sweep_hours) if products else None,
            journal=parts.journal is not None,
        )

    async def pages(self, position: str) -> AsyncIterator[Page]:
        """From a resume point until now. Raises DataError for a position that is none, else what calls raise."""
        place = positions.decode(position)
        self._stamps.not_before(place.version)
        if place.reading is None:
            now = await self._time()
            place = positions.begun(place, now, self._reach, unwatched=self._was_unwatched(place, now))
            assert place.reading is not None
            self._listing.watching_since = self._listing.watching_since or place.reading.begun.strftime(STAMP)
        run = _Run(place)
        async for page in self._walk(run, self._seen):
            yield page
        async for page in self._census(run.place):
            yield page
        # Empty, so that every page with something in it is followed by a step of ours.
        yield Page((), self._encoded(run.place), run.place.until, last=True)

    async def resync(self, since: datetime) -> AsyncIterator[Page]:
        """Everything changed since then. Products: all of them, when that is longer ago than a first poll would read."""
        now = await self._time()
        reading = Pass(positions.POLL, whole_second(since), now)
        oldest = now - timedelta(days=self._settings.start_days_back)
        if since < oldest:
            reading = Pass(SWEEP, None, now) if self._parts.catalogue else replace(reading, begin=whole_second(oldest))
            if self._parts.catalogue is None:
                days = self._settings.start_days_back
                logger.warning(
                    "capture_resync_cut flow=%s asked=%s start_days_back=%d", self.flow, to_text(since), days
                )
        async for page in self._walk(_Run(Position(reading=reading)), Seen(0)):
            yield replace(page, position="", read_until=None)
        yield Page((), "", None, last=True)

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """SKUs of products, else database ids or names of documents."""
        found = await self._parts.reader.find(ids)
        records = list(dict.fromkeys(found.values()))
        items = await self._read(records, records, {})
        what = self._parts.plan
        problems = tuple(
            Problem(f"odoo:{what.entity}:{one}", f"Odoo has no {what.model} of this name or id", b"", what.entity)
            for one in ids
            if one not in found
        )
        yield Page(tuple(items), "", None, last=True, problems=problems, request=f"{what.model} by name")

    async def aclose(self) -> None:
        await self._parts.odoo.aclose()

    # ---- passes

    async def _walk(self, run: _Run, seen: Seen) -> AsyncIterator[Page]:
        """The pages of a pass, and of the sweep that may follow it."""
        found, before = Found(), run.place
        while (reading := run.place.reading) is not None:
            reading, over = await self._listing.step(reading, found, seen)
            place = replace(run.place, reading=reading)
            run.place = positions.ended(place, journal=self._reach.journal) if over else place
            full = len(found.touched.ids) >= self._settings.batch
            if over or full or len(found.rows) + len(found.journal) >= self._settings.page_rows:
                async for page in self._published(found, before, run.place):
                    yield page
                await self._settled(found, seen)
                found, before = Found(), run.place
        if run.place.until is not None:
            seen.forget_before((run.place.until - max(self._reach.usual, self._reach.wide)).strftime(STAMP))

    async def _published(self, found: Found, before: Position, after: Position) -> AsyncIterator[Page]:
        """Pages of at most `batch` entities. Only the last moves the position: until then what was listed may be listed again."""
        ids, size = list(found.touched.ids), self._settings.batch
        for start in range(0, len(ids), size):
            items = await self._read(ids[start : start + size], found.touched.own, found.deleted)
            place = after if start + size >= len(ids) else before
            if items:
                yield Page(tuple(items), self._encoded(place), None, last=False, request=_said(before))
            self._parts.reader.keep()

    async def _settled(self, found: Found, seen: Seen) -> None:
        """What was listed is safe in Kafka."""
        for model, row in found.rows:
            seen.add(model, row)
        if self._parts.journal is not None:
            await self._parts.journal.forget(found.journal)

    async def _read(self, ids: Sequence[int], own: Collection[int], deleted: Mapping[int, str]) -> list[Fetched]:
        items = await self._parts.reader.read(Asked(ids, frozenset(own), self._stamps.next(), deleted))
        ENTITIES.labels(self.flow).inc(len(items))
        return items

    # ---- census

    async def _census(self, place: Position) -> AsyncIterator[Page]:
        """Now and then: products that vanished, products no poll has seen, price rules that vanished."""
        now = self._now()
        catalogue, deleted = self._parts.catalogue, self._parts.deleted
        if (catalogue is None and deleted is None) or not self._settings.census_minutes or place.until is None:
            return
        if self._next_census is not None and now < self._next_census:
            return
        self._next_census = now + timedelta(minutes=self._settings.census_minutes)
        found = Found()
        if deleted is not None:
            try:
                found.touched.add(gone := await deleted())
            except TooManyDeletedError as error:
                if page := self._held_back(error, place):
                    yield page
                return
            self._count("deleted", gone)
        elif catalogue is not None:
            found = await self._products_census(catalogue, place.until - self._reach.usual)
        async for page in self._published(found, place, place):
            yield page

    def _held_back(self, error: TooManyDeletedError, place: Position) -> Page | None:
        """An exception for a person, once for the same ones."""
        logger.error("capture_census_held_back flow=%s detail=%s", self.flow, error)
        if str(error) == self._held:
            return None
        self._held = str(error)
        entity = self._parts.plan.entity
        problem = Problem(f"odoo:{entity}:deleted", str(error), b"", entity)
        return Page((), self._encoded(place), None, last=False, problems=(problem,), request="census")

    async def _products_census(self, catalogue: Catalogue, settled: datetime) -> Found:
        census = await catalogue.census(
            settled.strftime(STAMP), await self._published_before() if catalogue.is_new else ()
        )
        # Negative ids are no records: they only carry the SKU of what is gone to the reader.
        nameless = {-number: sku for number, sku in enumerate(census.gone, 1)}
        found = Found(deleted={**census.deleted, **nameless})
        found.touched.add([*census.deleted, *census.missed, *nameless])
        self._count("deleted", census.deleted)
        self._count("new", census.missed)
        self._count("gone", census.gone)
        if self.flow == "prices":
            await self._rules(found)
        if self.flow == "stock":
            kits = await self._parts.entities.changed_kits()
            self._count("deleted", kits)
            found.touched.add(kits)
        return found

    async def _published_before(self) -> list[str]:
        """The SKUs that whoever ran before told of as for sale."""
        keys = await self._parts.known()
        return [key.removeprefix("sku:") for key in keys if key.startswith("sku:")]

    async def _rules(self, found: Found) -> None:
        gone = await self._parts.entities.remember_rules()
        self._count("deleted", gone)
        await self._parts.entities.under_gone_rules(gone, found.touched)
        if found.touched.everything and self._parts.catalogue is not None:
            found.touched.add(self._parts.catalogue.known())

    def _count(self, kind: str, what: Collection[object]) -> None:
        if what:
            CENSUS_ONLY.labels(self.flow, kind).inc(len(what))
            logger.warning("capture_census_only flow=%s kind=%s count=%d", self.flow, kind, len(what))

    # ---- the rest

    def _was_unwatched(self, place: Position, now: datetime) -> bool:
        """Whether nobody has polled for longer than there is between two censuses. Asked once, when this process begins: price rules and bills of
        materials that were deleted meanwhile are known to nobody, so everything is read once."""
        is_first, self._is_first = self._is_first, False
        pause = timedelta(minutes=self._settings.census_minutes)
        return is_first and bool(pause) and place.until is not None and now - place.until > pause

    async def _time(self) -> datetime:
        """Odoo's clock where it tells, else ours."""
        return whole_second(await self._parts.models.time() or self._now())

    def _encoded(self, place: Position) -> str:
        return positions.encode(replace(place, version=self._stamps.last))


@dataclass(slots=True)
class _Run:
    """Where an iteration over pages stands."""

    place: Position


def _said(place: Position) -> str:
    """What was asked for, for people."""
    one = place.reading
    if one is None:
        return "census"
    return f"{one.kind} since {to_text(one.begin)}" if one.begin else one.kind
