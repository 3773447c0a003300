"""Reports 2021-06-30: asked for, or made by Amazon and only listed (amazon.md section 9).

Other modules say what a report holds: ``world.reports.register(type, maker)`` for one that can be asked for,
``world.reports.announce(type)`` for one that Amazon makes by itself, such as settlements, which
``world.reports.publish(...)`` then puts into the list.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox import jobs, moments
from connectors.amazon.sandbox.documents import REPORT
from connectors.amazon.sandbox.errors import ApiError, denied, invalid
from connectors.amazon.sandbox.gate import Passed, json_body, only
from connectors.amazon.sandbox.jobs import Job, JobEnded, Jobs, lasting
from connectors.amazon.sandbox.operations import REPORT_ROLES
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.faults import faults_of
from connectors.kit.sandbox.page import Table, shown_time
from connectors.kit.sandbox.steering import Json, NotThereError, account_in, answered

PATH = "/reports/2021-06-30"
# Faults of reports: it ends FATAL, it ends CANCELLED, it never ends.
REPORT_FATAL, REPORT_CANCELLED, REPORT_STUCK = "report_fatal", "report_cancelled", "report_stuck"
REPORT_KINDS = (REPORT_FATAL, REPORT_CANCELLED, REPORT_STUCK)
MAX_MARKETPLACES = 25
_SHOWN = 50


@dataclass(frozen=True)
class Asked:
    """A report to be made. start, end: epoch milliseconds of the data; at: epoch seconds."""

    account: str
    report_id: str
    type: str
    marketplaces: tuple[str, ...]
    start: int
    end: int
    options: Json
    at: float


@dataclass(frozen=True)
class Made:
    content: bytes
    content_type: str = "text/plain; charset=UTF-8"


# None: there is no data, which ends the report as CANCELLED.
Maker = Callable[[Asked], Made | None]


class Reports(Part):
    """Handlers and work. `world.reports` is this part."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.store = Jobs(world.database, REPORT, world.settings.seed)
        self.ended: list[JobEnded] = []
        self._makers: dict[str, Maker] = {}
        self._announced: set[str] = set()

    def register(self, report_type: str, maker: Maker) -> None:
        self._makers[report_type] = maker

    def announce(self, report_type: str) -> None:
        """A type that is listed and cannot be asked for."""
        self._announced.add(report_type)

    def publish(self, asked: Asked, made: Made) -> Job:
        """Puts a report that Amazon made by itself into the list; `asked.report_id` may be empty."""
        document = self.world.documents.add(asked.account, REPORT, made.content_type, made.content)
        report_id = asked.report_id or _new_id()
        times = (asked.at, asked.at, asked.at)
        details = {"start": asked.start, "end": asked.end, "options": asked.options}
        job = Job(asked.account, REPORT, report_id, asked.type, asked.marketplaces, *times, jobs.DONE, document.id)
        return self._told(self.store.put(replace(job, details=details)), asked.at)

    def routes(self) -> list[Route]:
        return [
            Route(f"{PATH}/reports", self.create, methods=["POST"]),
            Route(f"{PATH}/reports", self.listed, methods=["GET"]),
            Route(f"{PATH}/reports/{{id}}", self.report, methods=["GET"]),
            Route(f"{PATH}/reports/{{id}}", self.cancel, methods=["DELETE"]),
            Route(f"{PATH}/documents/{{id}}", self.document, methods=["GET"]),
            Route("/sandbox/reports/{id}/finish", self.finish, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "createReport")
        body = await json_body(request)
        kind = body.get("reportType")
        if kind in self._announced:
            raise invalid(f"reportType: {kind} cannot be requested; it is made by Amazon and listed.")
        if not isinstance(kind, str) or kind not in self._makers:
            raise invalid(f"reportType: {str(kind)[:60]} is not known.")
        marketplaces, faults = _marketplaces(passed, body), faults_of(request.scope)
        start, end = _span(body, passed.now)
        details: Json = {"start": start, "end": end, "options": body.get("reportOptions", {})}
        for name, outcome in ((REPORT_FATAL, jobs.FATAL), (REPORT_CANCELLED, jobs.CANCELLED)):
            if faults.strikes(name):
                details["outcome"] = outcome
        report_id = _new_id()
        begins, ends = lasting(passed.now, self.world.settings.report_seconds, self.world.rng("report", report_id))
        last = None if faults.strikes(REPORT_STUCK) else ends
        job = Job(passed.account, REPORT, report_id, kind, marketplaces, passed.now, begins, last, details=details)
        return passed.answer({"reportId": self.store.put(job).id}, 202)

    async def listed(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getReports")
        _check_roles(passed, request.query_params.get("reportTypes", "").split(","))
        query = self.store.query(request.query_params, "reportTypes", passed.now)
        page, token = self.store.page(passed.account, query, passed.now)
        body: Json = {"reports": [shown(job, passed.now) for job in page]}
        return passed.answer({**body, "nextToken": token} if token else body)

    async def report(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getReport")
        return passed.answer(shown(self._report(passed.account, request.path_params["id"]), passed.now))

    async def cancel(self, request: Request) -> Response:
        """Only while it waits."""
        passed = self.world.gate.enter(request, "cancelReport")
        job = self._report(passed.account, request.path_params["id"])
        if job.status(passed.now) != jobs.IN_QUEUE:
            raise invalid("Only a report that is IN_QUEUE can be cancelled.")
        self.store.put(replace(job, outcome=jobs.CANCELLED, ends=passed.now))
        return passed.empty(200)

    async def document(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getReportDocument")
        only(request.query_params, {"enableContentEncodingUrlHeader"})
        found = self.world.documents.get(passed.account, request.path_params["id"])
        if found is None or found.kind != REPORT:
            raise invalid("The report document is not known.")
        return passed.answer({"reportDocumentId": found.id, **self.world.documents.shown(request, found)})

    async def finish(self, request: Request) -> Response:
        """Lets a stuck report end now."""

        def finished(body: Json) -> Json:
            now, account = self.world.now(), account_in(self.world.sellers, body)
            job = self.store.get(account, request.path_params["id"])
            if job is None:
                raise NotThereError("no such report")
            self.store.put(replace(job, ends=now) if not job.outcome else job)
            self.advance(now)
            return shown(self._report(account, job.id), now)

        return await answered(request, finished)

    def advance(self, now: float) -> None:
        for job in self.store.due(now):
            with self.world.database.transaction():
                done = self.store.put(self._finished(job))
            self._told(done, now)

    def tables(self, account: str) -> list[Table]:
        now, found = self.world.clock() + self.world.ahead, self.store.all(account)
        rows = [(job.id, job.type, shown_time(job.created), job.status(now)) for job in found[:_SHOWN]]
        note = f"{len(found)} in all; the newest {len(rows)}."
        return [Table(f"Reports of {account}", ("Report", "Type", "Asked", "Status"), rows, note, "No reports yet.")]

    def snapshot(self, account: str, now: float) -> Json:
        return {"reports": [shown(job, now) for job in self.store.all(account)]}

    def _finished(self, job: Job) -> Job:
        if "outcome" in job.details:
            return replace(job, outcome=job.details["outcome"])
        span = (job.details["start"], job.details["end"], job.details["options"], float(job.ends or 0))
        made = self._makers[job.type](Asked(job.account, job.id, job.type, job.marketplaces, *span))
        if made is None:
            return replace(job, outcome=jobs.CANCELLED)
        document = self.world.documents.add(job.account, REPORT, made.content_type, made.content)
        return replace(job, outcome=jobs.DONE, document=document.id)

    def _told(self, job: Job, now: float) -> Job:
        for listener in self.ended:
            listener(job, now)
        return job

    def _report(self, account: str, report_id: str) -> Job:
        found = self.store.get(account, report_id)
        if found is None:
            raise ApiError(404, "The resource specified does not exist.", "No such report.")
        return found


def shown(job: Job, now: float) -> Json:
    """Report of the model."""
    span = {"dataStartTime": job.details["start"], "dataEndTime": job.details["end"]}
    times = {name: moments.iso_ms(ms) for name, ms in span.items()}
    body = {"reportId": job.id, "reportType": job.type, **times, **job.as_json(now)}
    return {**body, "reportDocumentId": job.document} if job.document else body


def _new_id() -> str:
    return str(uuid.uuid4().int % 10**12)


def _check_roles(passed: Passed, types: Sequence[str]) -> None:
    """Raises ApiError 403 for a type the application may not have."""
    if missing := sorted({REPORT_ROLES[one] for one in types if one in REPORT_ROLES} - set(passed.seller.roles)):
        raise denied(f"The application lacks the role: {', '.join(missing)}.")


def _marketplaces(passed: Passed, body: Json) -> tuple[str, ...]:
    given = body.get("marketplaceIds")
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_MARKETPLACES:
        raise invalid(f"marketplaceIds: 1 to {MAX_MARKETPLACES} are expected.")
    if unknown := sorted(set(map(str, given)) - set(passed.seller.marketplaces)):
        raise invalid(f"marketplaceIds: not the seller's: {', '.join(unknown)}.")
    return tuple(given)


def _span(body: Json, now: float) -> tuple[int, int]:
    try:
        start = moments.read(body["dataStartTime"]) if "dataStartTime" in body else int(now * 1000)
        end = moments.read(body["dataEndTime"]) if "dataEndTime" in body else int(now * 1000)
    except (ValueError, TypeError) as error:
        raise invalid("dataStartTime, dataEndTime: ISO 8601 with its zone is expected.") from error
    if end < start:
        raise invalid("dataEndTime lies before dataStartTime.")
    return start, end
