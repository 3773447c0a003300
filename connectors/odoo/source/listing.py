"""One step of a pass: a call's worth of what changed, of all there is, or of the journal."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from connectors.odoo.capture_settings import CaptureSettings
from connectors.odoo.source import position as positions
from connectors.odoo.source.catalogue import Catalogue
from connectors.odoo.source.entities import Entities, Touched
from connectors.odoo.source.journal import Journal
from connectors.odoo.source.metrics import CENSUS_ONLY, REPEATED
from connectors.odoo.source.models import STAMP, Models, Row
from connectors.odoo.source.position import WIDE, Pass
from connectors.odoo.source.seen import Seen
from connectors.odoo.source.watches import Plan, Watch


@dataclass(slots=True)
class Found:
    """What listing has found since the last page: entities to read, changed rows, rows of the journal, names of what was deleted."""

    touched: Touched = field(default_factory=Touched)
    rows: list[tuple[int, Row]] = field(default_factory=list)
    journal: list[int] = field(default_factory=list)
    deleted: dict[int, str] = field(default_factory=dict)


class Listing:
    """Lists for one flow. `watching_since`: what this process has listed everything after; older rows it may not have seen."""

    def __init__(
        self, flow: str, plan: Plan, settings: CaptureSettings, models: Models, entities: Entities,
        catalogue: Catalogue | None, journal: Journal | None,
    ) -> None:  # fmt: skip
        self._flow, self._plan, self._settings = flow, plan, settings
        self._models, self._entities, self._catalogue, self._journal = models, entities, catalogue, journal
        self.watching_since: str | None = None

    async def step(self, reading: Pass, found: Found, seen: Seen) -> tuple[Pass, bool]:
        """(the pass after it, whether it is over). Raises ConnectorError."""
        match reading.kind:
            case positions.SWEEP:
                return await self._everything(reading, found)
            case positions.JOURNAL:
                return await self._from_journal(reading, found)
        return await self._from_dates(reading, found, seen)

    async def _everything(self, reading: Pass, found: Found) -> tuple[Pass, bool]:
        ids = await self._catalogue.after(reading.after, self._settings.batch) if self._catalogue else []
        found.touched.add(ids)
        return replace(reading, after=ids[-1] if ids else reading.after), not ids

    async def _from_dates(self, reading: Pass, found: Found, seen: Seen) -> tuple[Pass, bool]:
        if reading.at >= len(self._plan.watches):  # a position of a version that watched more
            return reading, True
        watch = self._plan.watches[reading.at]
        rows = await self._changed(watch, reading) if watch.dated and await self._models.has(watch.model) else []
        fresh = [row for row in rows if not seen.has(reading.at, row)]
        REPEATED.labels(self._flow).inc(len(rows) - len(fresh))
        self._count_late(reading, fresh)
        await self._entities.of(watch, fresh, found.touched)
        found.rows += [(reading.at, row) for row in fresh]
        reading = _noted(reading, found)
        if len(rows) >= self._settings.page_rows:
            return replace(reading, after=rows[-1]["id"]), False
        reading = reading.next_model()
        return reading, reading.at >= len(self._plan.watches)

    async def _changed(self, watch: Watch, reading: Pass) -> list[Row]:
        assert reading.begin is not None
        domain = [*watch.domain, ["write_date", ">=", reading.begin.strftime(STAMP)], ["id", ">", reading.after]]
        fields = (*watch.fields, "write_date")
        return await self._models.rows(watch.model, domain, fields, limit=self._settings.page_rows)

    async def _from_journal(self, reading: Pass, found: Found) -> tuple[Pass, bool]:
        if self._journal is None:  # the mode was changed in the middle of a poll: what the journal held has a date, too
            begin = reading.begun - timedelta(seconds=self._settings.overlap_seconds)
            return replace(reading, kind=positions.POLL, begin=begin, at=0, after=0), False
        last = await self._journal.read(reading.after, found.touched, found.deleted, found.journal)
        return (replace(_noted(reading, found), after=last), False) if last else (_noted(reading, found), True)

    def _count_late(self, reading: Pass, fresh: list[Row]) -> None:
        """Of the wide look-back: what a poll should have listed, for its date was within reach while this process watched."""
        if reading.kind != WIDE or self.watching_since is None:
            return
        reach = timedelta(seconds=self._settings.overlap_seconds)
        settled = (reading.begun - 2 * reach).strftime(STAMP)
        late = sum(self.watching_since <= str(row["write_date"]) < settled for row in fresh)
        CENSUS_ONLY.labels(self._flow, "late").inc(late)


def _noted(reading: Pass, found: Found) -> Pass:
    """Whether everything has to be read is kept with the position."""
    everything, found.touched.everything = found.touched.everything, False
    return replace(reading, everything=reading.everything or everything)
