"""Feeds and reports as jobs: asked for, under way for a while, then done, cancelled or failed; kept 90 days and listed alike."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.amazon.sandbox import moments
from connectors.amazon.sandbox.errors import invalid
from connectors.amazon.sandbox.gate import listed, only, whole
from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.seals import Seal
from connectors.kit.sandbox.steering import Json

IN_QUEUE, IN_PROGRESS, DONE, CANCELLED, FATAL = "IN_QUEUE", "IN_PROGRESS", "DONE", "CANCELLED", "FATAL"
STATUSES = (CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE)
KEPT_SECONDS = 90 * 86_400.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  account TEXT NOT NULL, kind TEXT NOT NULL, job_id TEXT NOT NULL, type TEXT NOT NULL, marketplaces TEXT NOT NULL,
  created REAL NOT NULL, begins REAL NOT NULL, ends REAL, outcome TEXT NOT NULL, document TEXT NOT NULL,
  details TEXT NOT NULL, PRIMARY KEY (account, kind, job_id));
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (ends) WHERE outcome = '';
"""
_COLUMNS = "account, kind, job_id, type, marketplaces, created, begins, ends, outcome, document, details"


@dataclass(frozen=True)
class Job:
    """Times: epoch seconds. ends None: stuck, it never ends; outcome: empty until it has ended; document: id of its result;
    details: what else belongs to it."""

    account: str
    kind: str
    id: str
    type: str
    marketplaces: tuple[str, ...]
    created: float
    begins: float
    ends: float | None
    outcome: str = ""
    document: str = ""
    details: Json = field(default_factory=dict)

    def status(self, now: float) -> str:
        return self.outcome or (IN_QUEUE if now < self.begins else IN_PROGRESS)

    def as_json(self, now: float) -> Json:
        """What Feed and Report of the models share, but for the names of their ids."""
        status = self.status(now)
        shown: Json = {"createdTime": moments.iso_ms(self.created * 1000), "processingStatus": status}
        if self.marketplaces:
            shown["marketplaceIds"] = list(self.marketplaces)
        if status not in (IN_QUEUE, CANCELLED):
            shown["processingStartTime"] = moments.iso_ms(self.begins * 1000)
        if status in (DONE, FATAL) and self.ends is not None:
            shown["processingEndTime"] = moments.iso_ms(self.ends * 1000)
        return shown


@dataclass(frozen=True)
class JobQuery:
    """since, until: epoch milliseconds; offset: jobs given on earlier pages."""

    types: tuple[str, ...]
    marketplaces: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: int = 0
    until: int = 2**62
    size: int = 10
    offset: int = 0


class Jobs:
    """Jobs of one kind ("feed" or "report") in the sandbox's database."""

    def __init__(self, database: Database, kind: str, seed: int) -> None:
        self._db = database
        self._kind = kind
        self._seal = Seal(f"{kind} lists", seed)
        database.create(_SCHEMA, ("jobs",))

    def put(self, job: Job) -> Job:
        lists = (json.dumps(job.marketplaces), job.created, job.begins, job.ends, job.outcome, job.document)
        self._db.insert("jobs", (job.account, job.kind, job.id, job.type, *lists, json.dumps(job.details)))
        return job

    def get(self, account: str, job_id: str) -> Job | None:
        sql = f"SELECT {_COLUMNS} FROM jobs WHERE account = ? AND kind = ? AND job_id = ?"  # noqa: S608
        row = self._db.execute(sql, (account, self._kind, job_id)).fetchone()
        return _job(row) if row else None

    def all(self, account: str) -> list[Job]:
        """Newest first."""
        sql = f"SELECT {_COLUMNS} FROM jobs WHERE account = ? AND kind = ? ORDER BY created DESC, rowid DESC"  # noqa: S608
        return [_job(row) for row in self._db.execute(sql, (account, self._kind))]

    def due(self, now: float) -> list[Job]:
        """Jobs to be ended by now, in the order they end."""
        sql = f"SELECT {_COLUMNS} FROM jobs WHERE outcome = '' AND kind = ? AND ends <= ? ORDER BY ends, rowid"  # noqa: S608
        return [_job(row) for row in self._db.execute(sql, (self._kind, now))]

    def page(self, account: str, query: JobQuery, now: float) -> tuple[list[Job], str]:
        """(jobs of the page, token of the next one or nothing)."""
        found = [job for job in self.all(account) if _fits(job, query, now)]
        page = found[query.offset : query.offset + query.size]
        following = query.offset + len(page)
        more = following < len(found)
        return page, self._token(query, following) if more else ""

    def query(self, params: Mapping[str, str], types: str, now: float) -> JobQuery:
        """The list's parameters; `types` names the one with the types. With nextToken nothing else may come."""
        if "nextToken" in params:
            only(params, {"nextToken"})
            return self._followed(params["nextToken"])
        only(params, {types, "marketplaceIds", "pageSize", "processingStatuses", "createdSince", "createdUntil"})
        wanted = listed(params, types, 10)
        if not wanted:
            raise invalid(f"Either {types} or nextToken is required.")
        oldest = int((now - KEPT_SECONDS) * 1000)
        return JobQuery(
            types=wanted,
            marketplaces=listed(params, "marketplaceIds", 10),
            statuses=listed(params, "processingStatuses", len(STATUSES), dict.fromkeys(STATUSES)),
            since=max(oldest, _moment(params, "createdSince", oldest)),
            until=_moment(params, "createdUntil", int(now * 1000)),
            size=whole(params, "pageSize", 1, 100, 10),
        )

    def _token(self, query: JobQuery, offset: int) -> str:
        lists = [list(query.types), list(query.marketplaces), list(query.statuses)]
        return self._seal.closed([*lists, query.since, query.until, query.size, offset])

    def _followed(self, token: str) -> JobQuery:
        try:
            types, marketplaces, statuses, *rest = self._seal.opened(token)
        except ValueError as error:
            raise invalid("nextToken is not valid.") from error
        return JobQuery(tuple(types), tuple(marketplaces), tuple(statuses), *rest)


def lasting(now: float, span: tuple[float, float], rng: random.Random) -> tuple[float, float]:
    """(when a job begins, when it ends), epoch seconds."""
    takes = rng.uniform(*span)
    return now + takes / 4, now + takes


def _fits(job: Job, query: JobQuery, now: float) -> bool:
    created = int(job.created * 1000)
    return (
        job.type in query.types
        and query.since <= created <= query.until
        and (not query.statuses or job.status(now) in query.statuses)
        and (not query.marketplaces or bool(set(query.marketplaces) & set(job.marketplaces)))
    )


def _moment(params: Mapping[str, str], name: str, default: int) -> int:
    if name not in params:
        return default
    try:
        return moments.read(params[name])
    except ValueError as error:
        raise invalid(f"{name}: ISO 8601 with its zone is expected.") from error


def _job(row: Any) -> Job:
    account, kind, job_id, job_type, marketplaces, created, begins, ends, outcome, document, details = row
    times = (created, begins, ends, outcome, document)
    return Job(account, kind, job_id, job_type, tuple(json.loads(marketplaces)), *times, json.loads(details))


# Told when a job has ended: (job, epoch seconds).
JobEnded = Callable[[Job, float], None]
