"""Reports over the sandbox: listed, asked for, followed, downloaded; each job goes on by its id (REC-2, RATE-1, ERR-3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from connectors.amazon.report_jobs import ReportJob, ReportPlan, RequestedReport, Step, job_in
from connectors.amazon.reports import DONE, Reports, reports_of
from connectors.amazon.sandbox.order_report import TYPE
from connectors.amazon.sandbox.reports import Asked, Made
from connectors.amazon.sandbox.settings import DEMO_SELLER
from connectors.amazon.settlement_text import charset_of, lines_of
from connectors.kit.errors import TransientError, UncertainError
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, connected

SETTLED = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
PLAN = ReportPlan(TYPE, first=timedelta(days=7), overlap=timedelta(days=1))
LIST, DOCUMENT = r"^/reports/2021-06-30/reports$", "^/documents/"


@pytest.fixture(params=["always", "never"])
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER,), zipped_documents=request.param) as found:
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box)
    yield one
    await one.aclose()


@pytest.fixture
async def reports(amazon: Connected) -> AsyncIterator[Reports]:
    one = reports_of(amazon.settings, amazon.client())
    yield one
    await one.aclose()


def steps_of(amazon: Connected, reports: Reports, job: ReportJob | None = None) -> AsyncIterator[Step]:
    account = amazon.settings.account("main")
    return RequestedReport(reports, account.marketplaces, PLAN, amazon.now, amazon.sleep).steps(job or ReportJob())


async def run(amazon: Connected, reports: Reports, job: ReportJob | None = None) -> list[Step]:
    return [step async for step in steps_of(amazon, reports, job)]


async def last_of(steps: AsyncIterator[Step], taken: list[Step]) -> None:
    """Takes steps until something is raised."""
    while True:
        taken.append(await anext(steps))


def orders_in(step: Step) -> list[str]:
    assert step.document is not None
    content = step.document.content
    lines = list(lines_of(content, charset_of(content, step.document.content_type)))
    assert lines[0].startswith("amazon-order-id\t")
    return list(dict.fromkeys(line.split("\t")[0] for line in lines[1:] if line.strip()))


def asked(box: Box, method: str, path: str) -> int:
    """How often the sandbox was called so."""
    return sum(1 for call in box.app.calls.latest if call.method == method and call.path.startswith(path))


async def test_a_report_is_asked_for_followed_and_unpacked_once(box: Box, amazon: Connected, reports: Reports) -> None:
    """REC-2: zipped or not, without a token."""
    made = box.add(5)
    box.clock.tick(600)
    (*_, step) = await run(amazon, reports)
    assert sorted(orders_in(step)) == sorted(made)
    assert asked(box, "POST", "/reports/2021-06-30/reports") == 1


async def test_a_kill_goes_on_by_the_id(box: Box, amazon: Connected, reports: Reports) -> None:
    """REC-2: another process with the position of the one that died: one report, read in the end."""
    made = box.add(3)
    box.clock.tick(600)
    first = steps_of(amazon, reports)
    await anext(first)
    job = job_in((await anext(first)).job.as_json())
    other = reports_of(amazon.settings, amazon.client())
    (*_, step) = await run(amazon, other, job)
    await other.aclose()
    assert sorted(orders_in(step)) == sorted(made)
    assert asked(box, "POST", "/reports/2021-06-30/reports") == 1


async def test_an_answer_that_is_lost_is_found_in_the_list(box: Box, amazon: Connected, reports: Reports) -> None:
    """REC-2: Amazon made the report, nobody was told its id."""
    made = box.add(2)
    box.clock.tick(600)
    box.faults({"kind": "lost", "method": "POST", "path": LIST, "limit": 1})
    taken: list[Step] = []
    with pytest.raises(UncertainError):
        await last_of(steps_of(amazon, reports), taken)
    job = taken[-1].job
    assert (job.report, job.end is not None) == ("", True)
    (*_, step) = await run(amazon, reports, job)
    assert sorted(orders_in(step)) == sorted(made)
    assert asked(box, "POST", "/reports/2021-06-30/reports") == 1


async def test_no_data_is_no_failure(box: Box, amazon: Connected, reports: Reports) -> None:
    (*_, step) = await run(amazon, reports)
    assert (step.document, step.last, step.job.failures) == (None, True, 0)
    assert step.job.until is not None


async def test_fatal_waits_and_is_asked_for_anew(box: Box, amazon: Connected, reports: Reports) -> None:
    """ERR-3: not before the pause is over."""
    made = box.add(2)
    box.clock.tick(600)
    box.faults({"kind": "report_fatal", "limit": 1})
    (*_, step) = await run(amazon, reports)
    assert (step.last, step.job.failures) == (True, 1)
    assert len(await run(amazon, reports, step.job)) == 1
    box.clock.tick(1801)
    (*_, step) = await run(amazon, reports, step.job)
    assert sorted(orders_in(step)) == sorted(made)


async def test_a_stuck_report_is_left_for_a_later_poll(box: Box, amazon: Connected, reports: Reports) -> None:
    made = box.add(2)
    box.clock.tick(600)
    box.faults({"kind": "report_stuck", "limit": 1})
    (*_, step) = await run(amazon, reports)
    assert (step.last, step.document) == (True, None)
    box.control(f"/sandbox/reports/{step.job.report}/finish", account=US_SELLER.seller_id)
    (*_, step) = await run(amazon, reports, step.job)
    assert sorted(orders_in(step)) == sorted(made)
    assert asked(box, "POST", "/reports/2021-06-30/reports") == 1


async def test_an_address_that_came_to_nothing_is_asked_for_once_more(
    box: Box, amazon: Connected, reports: Reports
) -> None:
    box.add(2)
    box.clock.tick(600)
    box.faults({"kind": "status", "code": 403, "path": DOCUMENT, "limit": 2})
    (*_, step) = await run(amazon, reports)
    assert len(orders_in(step)) == 2
    assert asked(box, "GET", "/reports/2021-06-30/documents/") == 2


async def test_an_address_that_stays_closed_is_no_loss(box: Box, amazon: Connected, reports: Reports) -> None:
    """ERR-2: time mends it; the report stays under way in the position."""
    made = box.add(2)
    box.clock.tick(600)
    box.faults({"kind": "status", "code": 403, "path": DOCUMENT, "limit": 4})
    taken: list[Step] = []
    with pytest.raises(TransientError) as caught:
        await last_of(steps_of(amazon, reports), taken)
    assert "signature" not in str(caught.value)
    (*_, step) = await run(amazon, reports, taken[-1].job)
    assert sorted(orders_in(step)) == sorted(made)


async def test_a_long_list_is_paged_by_its_token_alone(box: Box, reports: Reports) -> None:
    """amazon.md 5: any other parameter beside the token fails."""
    world = box.app.world.reports
    world.announce(SETTLED)
    here = DEMO_SELLER.marketplaces[:1]
    for number in range(230):
        at = box.clock.now - 3600 * (number % 50) - number
        start = int((at - 86_400) * 1000)
        world.publish(
            Asked(US_SELLER.seller_id, f"{number:04}", SETTLED, here, start, int(at * 1000), {}, at), Made(b"x")
        )
    found = await reports.listed([SETTLED], statuses=(DONE,))
    assert sorted(one.id for one in found) == [f"{number:04}" for number in range(230)]
    moments = [one.created for one in found if one.created]
    assert moments == sorted(moments)
    assert len(moments) == 230
    assert await reports.listed([TYPE]) == []


async def test_an_unknown_report_is_none(reports: Reports) -> None:
    assert await reports.get("404404") is None
