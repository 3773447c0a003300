"""What comes damaged from the Walmart sandbox is asked for again: nothing published, no position moved; a report that stays so becomes visible and
the next ones go on (ERR-1, ERR-2, FIN-1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.ports import Page
from connectors.kit.rereading import PATIENCE
from connectors.walmart.sandbox.recon_file import recon_zip
from connectors.walmart.settlements import WalmartSettlements
from tests.contract.damaged import malform, polled
from tests.contract.test_walmart_connector import Patient
from tests.contract.test_walmart_incoming import control, delivered_orders
from tests.contract.walmart_box import Box, walmart_box
from tests.waiting import until

FILE = "/reconFile$"


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as found:
        yield found


def settled(box: Box) -> str:
    """A report; its name at Walmart."""
    delivered_orders(box, 2)
    made = control(box, "settlements")
    box.clock.now += 86_400
    return str(made["reportDate"])


def settlements(box: Box) -> WalmartSettlements:
    patient = Patient(box, attempts=1)
    return WalmartSettlements("main", patient.client(), patient.now)


def keys(pages: list[Page]) -> list[str]:
    return [item.key for page in pages for item in page.items]


def problems(pages: list[Page]) -> list[Any]:
    return [problem for page in pages for problem in page.problems]


def downloads(box: Box) -> int:
    return sum(1 for call in box.app.calls.latest if call.path.startswith("/v3/report/reconreport/reconFile"))


@pytest.mark.parametrize("seed", range(6))
async def test_a_report_that_came_damaged_is_read_again_in_the_same_poll(box: Box, seed: int) -> None:
    """ERR-2, FIN-1: no dead letter, no cent lost."""
    date, source = settled(box), settlements(box)
    malform(box.http, FILE, seed, limit=1)
    pages, position, error = await polled(source, "")
    await source.aclose()
    assert (error, keys(pages), problems(pages)) == (None, [f"walmart:main:settlement:{date}"], [])
    assert json.loads(position)["done"] == [date]
    until(lambda: downloads(box) == 2, "the sandbox has noted both downloads")  # it notes a call when it is over


@pytest.mark.parametrize("kind", ["malformed", "truncated"])
async def test_a_poll_that_meets_damage_only_is_done_again(box: Box, kind: str) -> None:
    """ERR-2, REC-2: its position stays, and the next poll has the report."""
    first, second = settled(box), settled(box)
    source = settlements(box)
    for seed in range(PATIENCE - 1):
        malform(box.http, FILE, seed, kind=kind)
        pages, position, error = await polled(source, "")
        assert (error is not None, pages, position) == (True, [], "")
    box.faults()
    pages, position, error = await polled(source, "")
    await source.aclose()
    assert (error, problems(pages)) == (None, [])
    assert keys(pages) == [f"walmart:main:settlement:{one}" for one in (first, second)]
    assert json.loads(position)["done"] == [first, second]


async def test_a_report_that_stays_damaged_becomes_visible_and_the_next_is_read(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERR-1, FIN-1: a person gets to see it; fetched by its name it is read when it is mended."""
    first, second = settled(box), settled(box)
    broken = True

    def made(partner: str, date: str, rows: Any) -> tuple[str, bytes]:
        name, content = recon_zip(partner, date, rows)
        return name, content[: len(content) // 2] if broken and date == first else content

    monkeypatch.setattr("connectors.walmart.sandbox.report_api.recon_zip", made)
    source = settlements(box)
    for _ in range(PATIENCE - 1):
        pages, position, error = await polled(source, "")
        assert (error is not None, pages, position) == (True, [], "")
    pages, position, error = await polled(source, "")
    assert (error, keys(pages)) == (None, [f"walmart:main:settlement:{second}"])
    (problem,) = problems(pages)
    assert problem.key == f"walmart:main:settlement:{first}"
    assert f"each of {PATIENCE} times" in problem.detail
    pages, _, error = await polled(source, position)
    assert (error, keys(pages), problems(pages)) == (None, [], [])
    broken = False
    found = [page async for page in source.fetch([first])]
    await source.aclose()
    assert (keys(found), problems(found)) == ([f"walmart:main:settlement:{first}"], [])
