"""A report as the record of its event, and what the run before told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from schemas.codec import Codec
from schemas.record import Message, Record
from schemas.records import Reconciliation, ReconciliationFinding
from schemas.topics import RECONCILIATIONS
from streams.reconcile.findings import Finding, Report

_LONGEST = 300  # characters of a value; codes and words of the platforms are far shorter


def record_of(report: Report, before: Reconciliation | None, most_findings: int) -> Reconciliation:
    """The event. A run that could not look found nothing and forgets nothing: numbers and findings stay those of the run before."""
    record = Reconciliation(
        key=report.place.key, kind=report.place.kind, source=report.place.source, account=report.place.account,
        result=report.result.value, failure=report.failure[:_LONGEST], since=report.since, at=report.at, looked_at=report.at,
        odoo_entries=report.odoo, there_entries=report.there, matched=report.matched, too_fresh=len(report.too_fresh),
        left_alone=report.left_alone, differences=len(report.findings), findings=findings_of(report, before)[:most_findings],
    )  # fmt: skip
    if not report.failure:
        return record
    if before is None:
        return {**record, "looked_at": None}
    return {**before, "result": record["result"], "failure": record["failure"], "at": record["at"]}


def message_of(codec: Codec, record: Reconciliation) -> Message:
    return Message(RECONCILIATIONS, record["key"].encode(), codec.encode("reconciliation", record))


def newest_of(codec: Codec, records: Iterable[Record]) -> dict[str, Reconciliation]:
    """Of what the topic holds, the newest of each key. Raises DecodeError."""
    found: dict[str, Reconciliation] = {}
    for record in records:
        if record.value is not None:
            told: Any = codec.decode("reconciliation", record.value)
            found[told["key"]] = told
    return found


def findings_of(report: Report, before: Reconciliation | None) -> list[ReconciliationFinding]:
    """Each with since when it has been found in every run."""
    ages: Mapping[str, datetime] = {_identity(one): one["first_seen"] for one in before["findings"]} if before else {}
    return [_finding(one, ages.get(one.identity, report.at)) for one in report.findings]


def _finding(found: Finding, first_seen: datetime) -> ReconciliationFinding:
    return ReconciliationFinding(
        what=found.what.value, odoo=found.odoo, there=list(found.there), line=found.line[:_LONGEST], ours=found.ours[:_LONGEST],
        theirs=found.theirs[:_LONGEST], advice=found.advice, first_seen=first_seen,
    )  # fmt: skip


def _identity(told: ReconciliationFinding) -> str:
    return "|".join((told["what"], told["odoo"], ",".join(told["there"]), told["line"]))
