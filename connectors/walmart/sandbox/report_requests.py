"""Reports on request: asked for, made some time later, fetched from a signed address that expires."""

import json
import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.seals import Seal
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.settings import SandboxSettings

# Those the sandbox makes; Walmart has more.
REPORT_TYPES = ("ITEM", "INVENTORY", "CANCELLATION")
RECEIVED, INPROGRESS, READY, ERROR = "RECEIVED", "INPROGRESS", "READY", "ERROR"
KEPT_SECONDS = 30 * 86_400.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS report_requests (
  account TEXT NOT NULL, request_id TEXT NOT NULL, kind TEXT NOT NULL, version TEXT NOT NULL, payload TEXT NOT NULL,
  sent_at REAL NOT NULL, ready_at REAL NOT NULL, failed INTEGER NOT NULL, PRIMARY KEY (account, request_id));
"""


@dataclass(frozen=True)
class ReportRequest:
    """Times: epoch seconds. failed: it ends in ERROR."""

    account: str
    request_id: str
    kind: str
    version: str
    payload: Json
    sent_at: float
    ready_at: float
    failed: bool

    def status(self, now: float) -> str:
        if now >= self.ready_at:
            return ERROR if self.failed else READY
        return RECEIVED if now < (self.sent_at + self.ready_at) / 2 else INPROGRESS

    def as_json(self, now: float) -> Json:
        found: Json = {
            "requestId": self.request_id,
            "requestStatus": self.status(now),
            "requestSubmissionDate": moment(self.sent_at),
            "reportType": self.kind,
            "reportVersion": self.version,
        }
        found |= {"payload": self.payload} if self.payload else {}
        return {**found, "reportGenerationDate": moment(self.ready_at)} if self.status(now) == READY else found


class ReportRequests:
    """Report requests in the sandbox's database, visible for 30 days."""

    def __init__(self, database: Database, settings: SandboxSettings) -> None:
        self._db = database
        self._settings = settings
        self._seal = Seal("links", settings.seed)
        database.create(_SCHEMA, ("report_requests",))

    def add(self, account: str, kind: str, version: str, payload: Json, now: float, *, failed: bool) -> ReportRequest:
        request_id = str(uuid.uuid4())
        after = random.Random(f"{self._settings.seed}:{request_id}").uniform(*self._settings.report_seconds)
        made = ReportRequest(account, request_id, kind, version, payload, now, now + after, failed)
        texts = (kind, version, json.dumps(payload))
        self._db.insert("report_requests", (account, request_id, *texts, now, made.ready_at, int(failed)))
        return made

    def get(self, account: str, request_id: str, now: float) -> ReportRequest | None:
        sql = "SELECT * FROM report_requests WHERE account = ? AND request_id = ? AND sent_at > ?"
        row = self._db.execute(sql, (account, request_id, now - KEPT_SECONDS)).fetchone()
        return _request(row) if row else None

    def all(self, account: str, now: float) -> list[ReportRequest]:
        """Newest first."""
        sql = "SELECT * FROM report_requests WHERE account = ? AND sent_at > ? ORDER BY sent_at DESC, rowid DESC"
        return [_request(row) for row in self._db.execute(sql, (account, now - KEPT_SECONDS))]

    def link(self, request: ReportRequest, now: float) -> tuple[str, float]:
        """(query of the signed address, when it expires)."""
        expires = now + self._settings.link_seconds
        text = f"{request.account}/{request.request_id}/{int(expires)}"
        return (
            f"account={request.account}&id={request.request_id}&se={int(expires)}&sig={self._seal.signed(text)}",
            expires,
        )

    def opened(self, account: str, request_id: str, expires: str, signature: str, now: float) -> ReportRequest | None:
        """The request a signed address leads to; None when the signature is wrong or the address too old."""
        right = self._seal.fits(f"{account}/{request_id}/{expires}", signature)
        if not right or not expires.isdigit() or int(expires) <= now:
            return None
        return self.get(account, request_id, now)


def moment(at: float) -> str:
    """As the examples write times: without zone and fraction."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _request(row: Any) -> ReportRequest:
    account, request_id, kind, version, payload, sent_at, ready_at, failed = row
    return ReportRequest(account, request_id, kind, version, json.loads(payload), sent_at, ready_at, bool(failed))
