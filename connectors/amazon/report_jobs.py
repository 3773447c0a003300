"""A report that is asked for, as a durable state machine (REC-2): window -> asked for -> under way -> read, and on to the next window.

Each step says where it stands (`Step.job`) before the next is taken, so a kill at any moment goes on from there:

    window chosen        it is looked for in the list first: the answer to createReport may have been lost, or somebody asked for as much
    asked for            it is followed by its id, across polls and processes
    DONE                 its document is read; what it holds is safe before the next window begins
    CANCELLED            there was nothing to report. One that somebody else asked for may have been withdrawn: then it is asked for by us
    FATAL, gone, stuck   asked for anew after a growing pause; the third time in a row a person is told

Amazon says nothing of why a report is FATAL; most are because it was asked for too often, so the pauses are long.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.amazon.reports import CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE, Downloaded, Report, Reports
from connectors.kit.cursor import count_of, from_text, to_text, whole_second
from connectors.kit.errors import DataError
from connectors.kit.jobs import Ladder

logger = logging.getLogger(__name__)

# When a report under way is asked for, by its age; most take some minutes.
LADDER = Ladder((5, 15, 30, 60), 60)
# A person is told when so many in a row have failed.
TOLD_AT = 3
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=30), timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """How a type of report is asked for.

    first     how far back the very first window begins
    overlap   a window begins this long before the end of the last one: what it lists may change later
    longest   most that Amazon takes in one window, more than `overlap`
    fresh     an existing report that ends this long before our window is good enough
    patience  one that is not over by then is given up
    follow    seconds that one poll stays with a report that is under way
    """

    kind: str
    first: timedelta
    overlap: timedelta
    longest: timedelta = timedelta(days=60)
    fresh: timedelta = timedelta(hours=1)
    patience: timedelta = timedelta(hours=24)
    follow: float = 900


@dataclass(frozen=True, slots=True)
class ReportJob:
    """Where it stands. since: nothing earlier is asked for; until: read up to there; start, end: the window, None between two; report: the id of
    what is under way; asked: since when; ours: we asked for it; failures: in a row; pause_until: none is asked for before then."""

    since: datetime | None = None
    until: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    report: str = ""
    asked: datetime | None = None
    ours: bool = False
    failures: int = 0
    pause_until: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """For a position; what says nothing is left out."""
        times = {name: getattr(self, name) for name in _TIMES}
        found: dict[str, Any] = {name: to_text(moment) for name, moment in times.items() if moment}
        if self.report:
            found |= {"report": self.report, "ours": self.ours}
        return {**found, "failures": self.failures} if self.failures else found

    def between(self, **changes: Any) -> ReportJob:
        """Without a window and a report."""
        return replace(self, start=None, end=None, report="", asked=None, ours=False, **changes)


_TIMES = ("since", "until", "start", "end", "asked", "pause_until")


def job_in(content: Any) -> ReportJob:
    """The reverse of `as_json`. Raises DataError for a position that is none."""
    if not isinstance(content, Mapping):
        raise DataError("position: not that of a report; resync to start over")
    times = {name: from_text(content[name], name) for name in _TIMES if content.get(name) is not None}
    job = ReportJob(
        **times,
        report=str(content.get("report", "")),
        ours=content.get("ours") is True,
        failures=count_of(content, "failures"),
    )
    if (job.start is None) != (job.end is None) or (job.report and job.end is None):
        raise DataError("position: half a window of a report; resync to start over")
    return job


@dataclass(frozen=True, slots=True)
class Step:
    """job: where it stands once this step is safe; last: nothing more to do now; document: what a report holds; failed: for a person."""

    job: ReportJob
    last: bool = False
    document: Downloaded | None = None
    failed: str = ""


class RequestedReport:
    """One type of report. Raises what calls raise; the last step given stands. `sleep`: waits while one is under way."""

    def __init__(
        self, reports: Reports, marketplaces: Sequence[str], plan: ReportPlan, now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._reports = reports
        self._marketplaces = tuple(marketplaces)
        self._plan = plan
        self._now = now
        self._sleep = sleep

    async def steps(self, job: ReportJob) -> AsyncIterator[Step]:
        """From where it stands until all is read that there is now, or has to be waited for."""
        goal, waited = whole_second(self._now()), 0.0
        while True:
            if job.pause_until is not None and self._now() < job.pause_until:
                yield Step(job, last=True)
                return
            if job.start is None or job.end is None:
                job = self._windowed(job, goal)
                yield Step(job)
            if not job.report:
                job = await self._asked(job)
                yield Step(job)
            step = await self._looked(job, goal)
            if step is None:
                age = (self._now() - (job.asked or goal)).total_seconds()
                wait = LADDER.wait(age)
                if waited + wait > self._plan.follow:
                    yield Step(job, last=True)
                    return
                await self._sleep(wait)
                waited += wait
                yield Step(job)
                continue
            yield step
            job = step.job
            if step.last:
                return

    def _windowed(self, job: ReportJob, goal: datetime) -> ReportJob:
        since = job.since or goal - self._plan.first
        start = since if job.until is None else max(since, job.until - self._plan.overlap)
        return replace(
            job, since=since, start=start, end=max(start, min(goal, start + self._plan.longest)), pause_until=None
        )

    async def _asked(self, job: ReportJob) -> ReportJob:
        """An existing report of as much, else a new one."""
        assert job.start is not None
        assert job.end is not None
        best, now = await self._existing(job, job.start, job.end), whole_second(self._now())
        if best is not None:
            logger.info("amazon_report_reused kind=%s report=%s", self._plan.kind, best.id)
            return replace(job, report=best.id, asked=best.created or now, end=min(job.end, _reaches(best)), ours=False)
        report = await self._reports.create(self._plan.kind, self._marketplaces, job.start, job.end)
        logger.info("amazon_report_asked kind=%s report=%s", self._plan.kind, report)
        return replace(job, report=report, asked=now, ours=True)

    async def _existing(self, job: ReportJob, start: datetime, end: datetime) -> Report | None:
        # After a failure it may be the one that failed.
        if job.failures:
            return None
        since = whole_second(self._now()) - self._plan.patience
        found = await self._reports.listed([self._plan.kind], since=since, statuses=(IN_QUEUE, IN_PROGRESS, DONE))
        return max((one for one in found if self._fits(one, start, end)), key=_reaches, default=None)

    def _fits(self, report: Report, start: datetime, end: datetime) -> bool:
        return (
            report.start is not None
            and report.end is not None
            and report.start <= start
            and _reaches(report) >= end - self._plan.fresh
            and set(self._marketplaces) <= set(report.marketplaces)
        )

    async def _looked(self, job: ReportJob, goal: datetime) -> Step | None:
        """What became of the report under way; None while it still is."""
        report = await self._reports.get(job.report)
        if report is None:
            return self._failed(job, "is not known any more")
        if report.status == DONE:
            try:
                return self._over(job, goal, await self._reports.download(report.document))
            except DataError as error:
                return self._failed(job, f"cannot be read ({error})")
        if report.status == CANCELLED:
            if not job.ours:
                logger.info("amazon_report_withdrawn kind=%s report=%s", self._plan.kind, job.report)
                return Step(job.between())
            return self._over(job, goal, None)
        if report.status == FATAL:
            return self._failed(job, "ended FATAL")
        if self._now() - (job.asked or goal) > self._plan.patience:
            return self._failed(job, f"was not over after {self._plan.patience}")
        return None

    def _over(self, job: ReportJob, goal: datetime, document: Downloaded | None) -> Step:
        assert job.end is not None
        until = job.end if job.until is None else max(job.end, job.until)
        after = job.between(until=until, failures=0, pause_until=None)
        return Step(after, last=until >= goal - self._plan.fresh, document=document)

    def _failed(self, job: ReportJob, why: str) -> Step:
        failures = job.failures + 1
        pause = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)
        logger.warning(
            "amazon_report_failed kind=%s report=%s why=%s failures=%d", self._plan.kind, job.report, why, failures
        )
        told = f"report {job.report} of type {self._plan.kind} {why}, the third in a row; it is asked for anew after growing pauses"
        after = job.between(failures=failures, pause_until=whole_second(self._now()) + pause)
        return Step(after, last=True, failed=told if failures == TOLD_AT else "")


def _reaches(report: Report) -> datetime:
    """Up to when it can know: a window may end after the report was made."""
    assert report.end is not None
    return report.end if report.created is None else min(report.end, whole_second(report.created))
