"""OPS-1 in the seller's terms: delays of facts, open jobs and how long they took, conflicts, what stands in shadow or waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from connectors.kit.ports import Canonical, Delivery, Outcome, Result, failed, submitted
from schemas.headers import Failure
from schemas.reasons import Reason
from schemas.record import Record
from streams.kafka import BrokerError
from streams.observe.business import OPEN_JOBS, OpenJobs, count_outcome, happened_at
from streams.observe.standing import Standing, StandingCollector
from tests.unit.failure.samples import NOW
from tests.unit.observe.bodies import AT, CODEC, body_of, on


def delivery(operation: str = "upsert_return", job: str = "", key: str = "k", **body: Any) -> Delivery:
    return Delivery(f"id-{key}", operation, False, key, "walmart", "main", 1, "c", "corr", body, job=job)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("entity", "field"),
    [
        ("order", "updated_at"), ("return_order", "updated_at"), ("shipment", "shipped_at"), ("cancellation", "cancelled_at"),
        ("refund", "posted_at"), ("availability", "caused_at"),
    ],
)  # fmt: skip
def test_every_fact_says_when_it_happened(entity: str, field: str) -> None:
    later = AT + timedelta(days=1)
    body = {name: later if isinstance(found, datetime) else found for name, found in body_of(entity).items()} | {
        field: AT
    }
    made = Delivery("id", "operation", False, "k", "walmart", "main", 1, "c", "corr", body)
    assert happened_at(made) == AT


def test_a_return_is_late_by_the_time_from_the_marketplace_to_odoo() -> None:
    """OPS-1 return delay; only what was written counts."""
    labels = {"destination": "odoo", "operation": "delay_test"}
    for result in (Result.APPLIED, Result.ALREADY_APPLIED, Result.STALE):
        count_outcome("odoo", delivery("delay_test", updated_at=AT), None, Outcome(result), AT + timedelta(seconds=90))
    assert value("causeway_fact_delay_seconds_sum", **labels) == 90
    assert value("causeway_fact_delay_seconds_count", **labels) == 1


def test_jobs_are_open_until_their_outcome_and_their_time_is_told() -> None:
    """INV-1: submitted jobs, and how long feeds take."""
    labels = {"destination": "walmart", "operation": "job_test"}
    began = Failure("walmart", "t", Reason.TRANSIENT, "", 0, NOW - 240_000, NOW, NOW, "d/0/0", job="feed:1")
    for key in ("a", "b"):
        count_outcome("walmart", delivery("job_test", key=key), None, submitted("feed:1", 60), AT)
        count_outcome("walmart", delivery("job_test", "feed:1", key), began, submitted("feed:1", 60), AT)
    assert value("causeway_submitted_records", **labels) == 2
    count_outcome("walmart", delivery("job_test", "feed:1", "a"), began, Outcome(Result.APPLIED), AT)
    count_outcome("walmart", delivery("job_test", "feed:1", "b"), began, failed(Reason.DATA, "no"), AT)
    assert value("causeway_submitted_records", **labels) == 0
    assert value("causeway_job_seconds_sum", **labels) == 480
    assert OPEN_JOBS.count(("walmart", "job_test")) == 0


def test_a_job_that_another_process_follows_by_now_is_forgotten() -> None:
    clock = [0.0]
    jobs = OpenJobs(lambda: clock[0])
    jobs.submitted(("walmart", "x"), "1", check_after=900)
    clock[0] = 2390.0
    assert jobs.count(("walmart", "x")) == 1
    clock[0] = 2410.0
    assert jobs.count(("walmart", "x")) == 0


def test_conflicts_are_counted_by_what_was_done() -> None:
    """PRD-2."""
    events = (
        Canonical("conflict", "k", 1, body_of("conflict", entity="listing", action="test_kept")),
        Canonical("listing", "k", 1, {}),
    )
    count_outcome("odoo", delivery(), None, Outcome(Result.APPLIED, events=events), AT)
    assert value("causeway_conflicts_total", entity="listing", action="test_kept") == 1


def approval(
    proposal: str, state: str, subject: str = "price:walmart:main:A", kind: str = "price", key: str = "sku:A"
) -> Record:
    body = body_of("approval", subject=subject, kind=kind, proposal=proposal, state=state)
    return on("approvals", key, CODEC.encode("approval", body))


class Script:
    """Stands for the topics: what each scrape finds, and whether that is all."""

    def __init__(self, *scrapes: tuple[list[Record], bool] | Exception) -> None:
        self.scrapes = list(scrapes)

    def read(self, take: Callable[[Record], None], seconds: float) -> bool:
        found = self.scrapes.pop(0)
        if isinstance(found, Exception):
            raise found
        for record in found[0]:
            take(record)
        return found[1]

    def close(self) -> None: ...


def scraped(collector: StandingCollector) -> dict[tuple[str, ...], float]:
    return {
        (family.name.removeprefix("causeway_"), *sample.labels.values()): sample.value
        for family in collector.collect()
        for sample in family.samples
    }


def test_dead_letters_are_told_until_somebody_deals_with_them() -> None:
    """ERR-5: the same fault of the same order again is one; a number that an alert can stand on."""

    def letter(failed_id: str, version: int) -> Record:
        known = {"entity": b"order", "source": b"walmart"}
        body = body_of(
            "failed_record", id=failed_id, state="dead", destination="odoo", operation="upsert_order", reason="rule", owner="desk",
            target="deliver.odoo.critical", headers=known, version=version,
        )  # fmt: skip
        return on("dead.odoo", "walmart:main:1", CODEC.encode("failed_record", body))

    def done(failed_id: str, value: bytes | None = b"x") -> Record:
        return on("dead.actions", failed_id, value)

    collector = StandingCollector(
        Standing(CODEC),
        Script(
            ([letter("a", 1), letter("b", 2), on("dead.odoo", "k", b"\x00damaged")], True),
            ([done("a")], True),
            ([done("b")], True),
            ([done("b", None)], True),
        ),
    )
    name = ("dead_records", "odoo", "rule", "desk")
    assert [scraped(collector)[name] for _ in range(4)] == [1, 1, 0, 1]


def test_what_waits_of_suppliers_changes_is_told_by_account_and_kind() -> None:
    """PO-4: beside prices, and over when it is answered or withdrawn."""
    offer = "alibaba:main:offer:554"

    def about(proposal: str, state: str, sku: str, kind: str = "lead_time") -> Record:
        return approval(proposal, state, f"{offer}:{sku}{kind}", kind, offer)

    collector = StandingCollector(
        Standing(CODEC),
        Script(
            (
                [
                    about("p1", "proposed", "11:"),
                    about("p2", "proposed", "12:"),
                    about("p3", "proposed", "", "quantity"),
                ],
                True,
            ),
            ([about("p1", "rejected", "11:"), about("p3", "superseded", "", "quantity")], True),
        ),
    )
    lead_time, quantity = (("approvals_records", "alibaba:main", kind) for kind in ("lead_time", "quantity"))
    assert scraped(collector) == {lead_time: 2.0, quantity: 1.0}
    assert scraped(collector) == {lead_time: 1.0, quantity: 0.0}


def test_what_stands_is_told_once_everything_was_read_and_ends_at_zero() -> None:
    """OPS-7, PRC-1: no number rather than a wrong one, and what is over is 0."""
    key = "stock:walmart:main:A|set_stock"
    collector = StandingCollector(
        Standing(CODEC),
        Script(
            ([on("shadow.walmart", key, b"old"), on("shadow.walmart", key, b"new"), approval("p1", "proposed")], False),
            (
                [approval("p2", "proposed"), approval("p1", "superseded"), on("approvals", "sku:A", b"\x00damaged")],
                True,
            ),
            BrokerError("away"),
            ([on("shadow.walmart", key, None), approval("p2", "approved")], True),
        ),
    )
    assert scraped(collector) == {}
    standing = {("shadow_records", "walmart:main", "stock"): 1.0, ("approvals_records", "walmart:main", "price"): 1.0}
    assert scraped(collector) == standing
    assert scraped(collector) == standing  # Kafka is away: what was known last
    assert scraped(collector) == dict.fromkeys(standing, 0.0)
