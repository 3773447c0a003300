"""Reports that are asked for: each step stands before the next; kills, lost answers, FATAL, CANCELLED (REC-2, ERR-3, RATE-1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from connectors.amazon.report_jobs import TOLD_AT, ReportJob, ReportPlan, RequestedReport, Step, job_in
from connectors.amazon.reports import Downloaded, Report, Reports
from connectors.kit.errors import DataError, UncertainError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HERE = ("ATVPDKIKX0DER",)
PLAN = ReportPlan("KIND", first=timedelta(days=7), overlap=timedelta(days=2), longest=timedelta(days=30))


@dataclass
class FakeReports:
    """Amazon's side: what is listed, what becomes of a report when it is looked at, and what was asked of it."""

    becomes: list[str] = field(default_factory=lambda: ["DONE"])
    reports: dict[str, Report] = field(default_factory=dict)
    created: list[tuple[datetime, datetime]] = field(default_factory=list)
    lists: int = 0
    looked: list[str] = field(default_factory=list)
    answers_lost: int = 0
    unreadable: bool = False
    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    async def listed(
        self, kinds: Sequence[str], *, since: datetime | None = None, statuses: Sequence[str] = ()
    ) -> list[Report]:
        self.lists += 1
        return [
            one
            for one in self.reports.values()
            if one.kind in kinds and one.status in statuses and (since is None or (one.created or NOW) >= since)
        ]

    async def create(self, kind: str, marketplaces: Sequence[str], start: datetime, end: datetime) -> str:
        self.created.append((start, end))
        name = f"R{len(self.created)}"
        self.reports[name] = Report(name, kind, "IN_QUEUE", "", self.now, start, end, tuple(marketplaces))
        if self.answers_lost:
            self.answers_lost -= 1
            raise UncertainError("no answer")
        return name

    async def get(self, report_id: str) -> Report | None:
        self.looked.append(report_id)
        status = self.becomes.pop(0) if len(self.becomes) > 1 else self.becomes[0]
        if status == "GONE":
            return None
        self.reports[report_id] = replace(self.reports[report_id], status=status, document=f"D-{report_id}")
        return self.reports[report_id]

    async def download(self, document_id: str) -> Downloaded:
        if self.unreadable:
            raise DataError("unknown packing")
        return Downloaded(document_id.encode())


def machine(fake: FakeReports, plan: ReportPlan = PLAN) -> RequestedReport:
    return RequestedReport(cast(Reports, fake), HERE, plan, lambda: fake.now, fake.sleep)


async def run(fake: FakeReports, job: ReportJob | None = None, plan: ReportPlan = PLAN) -> list[Step]:
    return [step async for step in machine(fake, plan).steps(job or ReportJob())]


async def killed_after(fake: FakeReports, steps: int, job: ReportJob | None = None) -> ReportJob:
    """Where it stands in Kafka when the process dies with the step after."""
    taken = machine(fake).steps(job or ReportJob())
    found = [await anext(taken) for _ in range(steps)]
    return job_in(json.loads(json.dumps(found[-1].job.as_json())))


async def test_a_report_is_asked_for_followed_and_read() -> None:
    """REC-2: the window first, then the id, then what it holds; what is safe comes before what follows."""
    fake = FakeReports(["IN_QUEUE", "IN_PROGRESS", "DONE"])
    steps = await run(fake)
    assert [(step.job.end is not None, step.job.report) for step in steps] == [
        (True, ""), (True, "R1"), (True, "R1"), (True, "R1"), (False, ""),
    ]  # fmt: skip
    assert steps[-1].document == Downloaded(b"D-R1")
    assert steps[-1].last
    assert steps[-1].job.until == NOW
    assert fake.created == [(NOW - timedelta(days=7), NOW)]


async def test_a_kill_goes_on_by_the_id() -> None:
    """REC-2: nothing is asked for twice, nor looked for in the list."""
    fake = FakeReports(["IN_QUEUE", "DONE"])
    job = await killed_after(fake, 2)
    assert job.report == "R1"
    steps = await run(fake, job)
    assert (len(fake.created), fake.lists, set(fake.looked)) == (1, 1, {"R1"})
    assert [step.document for step in steps if step.document] == [Downloaded(b"D-R1")]


async def test_a_kill_while_it_is_asked_for_finds_it_in_the_list() -> None:
    """REC-2: the answer was lost, the report is under way."""
    fake = FakeReports(answers_lost=1)
    taken = machine(fake).steps(ReportJob())
    job = (await anext(taken)).job
    with pytest.raises(UncertainError):
        await anext(taken)
    fake.now += timedelta(minutes=5)
    steps = await run(fake, job_in(job.as_json()))
    assert len(fake.created) == 1
    assert steps[-1].document == Downloaded(b"D-R1")


async def test_a_kill_before_the_document_is_safe_reads_it_again() -> None:
    fake = FakeReports()
    job = await killed_after(fake, 2)
    first = await run(fake, job)
    again = await run(fake, job)
    assert first == again
    assert len(fake.created) == 1


async def test_a_report_somebody_else_asked_for_is_good_enough() -> None:
    """RATE-1: of the same type, for all our marketplaces, reaching far enough; then it is read as far as it goes."""
    report = Report(
        "THEIRS", "KIND", "DONE", "D", NOW - timedelta(minutes=20), NOW - timedelta(days=9), NOW, (*HERE, "X")
    )
    fake = FakeReports(reports={"THEIRS": report})
    steps = await run(fake)
    assert fake.created == []
    assert steps[-1].document == Downloaded(b"D-THEIRS")
    assert steps[-1].job.until == NOW - timedelta(minutes=20)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "OTHER"}, {"marketplaces": ("A2EUQ1WTGCTBG2",)}, {"start": NOW - timedelta(days=6)}, {"end": NOW - timedelta(hours=2)},
        {"created": NOW - timedelta(hours=2)}, {"status": "FATAL"}, {"status": "CANCELLED"}, {"start": None}, {"end": None},
    ],
)  # fmt: skip
async def test_a_report_that_tells_less_is_not_reused(changes: dict[str, object]) -> None:
    report = Report("THEIRS", "KIND", "DONE", "D", NOW, NOW - timedelta(days=9), NOW, HERE)
    fake = FakeReports(reports={"THEIRS": replace(report, **changes)})  # type: ignore[arg-type]
    await run(fake)
    assert len(fake.created) == 1


async def test_cancelled_means_that_there_is_nothing() -> None:
    """FIN-1, RET-1: the window is over, without a document."""
    fake = FakeReports(["CANCELLED"])
    steps = await run(fake)
    assert (steps[-1].document, steps[-1].last, steps[-1].job.until) == (None, True, NOW)
    assert steps[-1].job.failures == 0


async def test_a_foreign_report_that_is_withdrawn_says_nothing() -> None:
    report = Report("THEIRS", "KIND", "IN_QUEUE", "", NOW, NOW - timedelta(days=9), NOW, HERE)
    fake = FakeReports(["CANCELLED", "DONE"], reports={"THEIRS": report})
    steps = await run(fake)
    assert (fake.looked, len(fake.created)) == (["THEIRS", "R1"], 1)
    assert steps[-1].document == Downloaded(b"D-R1")


async def test_fatal_is_asked_for_anew_after_growing_pauses_and_told_once() -> None:
    """ERR-3: no report in between, the pause doubles, a person is told at the third."""
    fake, job, pauses, told = FakeReports(["FATAL"]), ReportJob(), [], []
    for _ in range(8):
        (*_, step) = await run(fake, job)
        job = step.job
        assert job.pause_until is not None
        pauses.append(job.pause_until - fake.now)
        told.append(bool(step.failed))
        before = len(fake.created)
        assert [one.last for one in await run(fake, job)] == [True]
        assert len(fake.created) == before
        fake.now = job.pause_until
    assert pauses[:4] == [timedelta(minutes=minutes) for minutes in (30, 60, 120, 240)]
    assert max(pauses) == timedelta(hours=24)
    assert told == [number == TOLD_AT for number in range(1, 9)]
    fake.becomes = ["DONE"]
    (*_, step) = await run(fake, job)
    assert (step.document is not None, step.job.failures, step.job.pause_until) == (True, 0, None)
    assert step.job.since == NOW - timedelta(days=7)


@pytest.mark.parametrize("status", ["GONE", "unreadable"])
async def test_what_is_gone_or_cannot_be_read_is_asked_for_anew(status: str) -> None:
    fake = FakeReports(["GONE" if status == "GONE" else "DONE"], unreadable=status == "unreadable")
    (*_, step) = await run(fake)
    assert (step.job.report, step.job.failures, step.document) == ("", 1, None)
    assert step.job.pause_until is not None
    fake.now, fake.becomes, fake.unreadable = step.job.pause_until, ["DONE"], False
    (*_, step) = await run(fake, step.job)
    assert step.document == Downloaded(b"D-R2")


async def test_a_stuck_report_is_left_to_later_polls_and_given_up_in_the_end() -> None:
    """REC-2: a poll stays with it for a while only; the next one goes on by its id."""
    fake = FakeReports(["IN_PROGRESS"])
    steps = await run(fake)
    job = steps[-1].job
    assert (job.report, steps[-1].last, sum(fake.slept) <= PLAN.follow) == ("R1", True, True)
    fake.now = NOW + PLAN.patience + timedelta(minutes=1)
    (*_, step) = await run(fake, job)
    assert (step.job.report, step.job.failures, len(fake.created)) == ("", 1, 1)


async def test_long_absences_are_read_in_windows_that_amazon_takes() -> None:
    """ORD-1: none longer than allowed, none skipped, each beginning before the last one's end."""
    fake = FakeReports()
    await run(fake, ReportJob(since=NOW - timedelta(days=400), until=NOW - timedelta(days=90)))
    starts, ends = [start for start, _ in fake.created], [end for _, end in fake.created]
    assert all(end - start <= PLAN.longest for start, end in fake.created)
    assert starts[0] == NOW - timedelta(days=92)
    assert all(start == end - PLAN.overlap for end, start in zip(ends, starts[1:], strict=False))
    assert ends[-1] == NOW


async def test_nothing_before_the_first_window_is_ever_asked_for() -> None:
    fake = FakeReports()
    (*_, step) = await run(fake)
    fake.now += timedelta(hours=6)
    await run(fake, step.job)
    assert fake.created[1] == (NOW - timedelta(days=2), NOW + timedelta(hours=6))
    fake = FakeReports()
    plan = replace(PLAN, overlap=timedelta(days=20))
    (*_, step) = await run(fake, plan=plan)
    fake.now += timedelta(hours=6)
    await run(fake, step.job, plan)
    assert fake.created[1][0] == NOW - timedelta(days=7)


@pytest.mark.parametrize(
    "content", [None, [], {"start": "2026-11-20T08:30:00Z"}, {"report": "1"}, {"until": "soon"}, {"failures": -1}]
)
def test_a_position_that_is_none_is_refused(content: object) -> None:
    with pytest.raises(DataError, match="position"):
        job_in(content)
