"""OPS-7, OPS-1: status says of every flow of every account how far it is switched on, what it wrote, and what waits, is in shadow, held or dead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from schemas.records import FailedRecord
from streams.cli.status_view import page
from streams.observe.failed import Failures
from streams.observe.flows import FailedByFlow, FlowStatus, JobStatus, by_flow, flow_rows, in_shadow, left_behind
from streams.observe.ledger import ledgers
from streams.observe.operations import kept_as
from streams.observe.status import OrdersView, Status, Unknown, WritesView
from streams.phases import MARKETPLACE_FLOWS, Flow, Phase, Pilot
from tests.unit.observe.bodies import CODEC, on
from tests.unit.observe.outcomes import AT, outcome

MAIN, TWO = ("walmart", "main"), ("walmart", "two")


def rows(events: list[Any] = [], **changes: Any) -> dict[tuple[str, str], FlowStatus]:  # noqa: B006 - never changed
    values: dict[str, Any] = {
        "failed": FailedByFlow(),
        "shadowed": {},
        "channels": [MAIN],
        "phases": {},
        "pilots": {},
        "now": AT,
    }
    return {(row.account, row.flow): row for row in flow_rows(ledgers(events), **values | changes)}


def letter(state: str, operation: str, key: str, reason: str = "data", **headers: str) -> FailedRecord:
    encoded = {name: text.encode() for name, text in headers.items()}
    values = {
        "id": f"{state}{operation}{key}{reason}",
        "state": state,
        "operation": operation,
        "key": key,
        "reason": reason,
    }
    return values | {"headers": encoded, "value": None}  # type: ignore[return-value] # only the fields that count here


def test_every_flow_of_every_account_has_its_row_and_phase() -> None:
    """A new account is in shadow; what is switched on is told with its pilot scope."""
    phases = {"walmart": {"main": {"all": Phase.ON, "prices": Phase.OFF}}}
    found = rows(
        channels=[MAIN, TWO], phases=phases, pilots={"walmart": {"main": Pilot(skus="A-.*", categories=("Toys",))}}
    )
    assert len(found) == 2 * len(MARKETPLACE_FLOWS)
    assert [found["walmart:main", flow].phase for flow in ("stock", "prices")] == ["on", "off"]
    assert {found["walmart:two", flow.value].phase for flow in MARKETPLACE_FLOWS} == {"shadow"}
    assert found["walmart:main", "stock"].pilot == "SKUs A-.*; categories Toys"
    assert all(row.is_quiet for row in found.values())


def test_outcomes_are_counted_for_their_account_and_flow() -> None:
    events = [
        outcome("ship_order", "applied", id="1"), outcome("ship_order", "retry", id="2"), outcome("ship_order", "applied", "walmart:two:1", id="3"),
        outcome("set_stock", "submitted", "stock:walmart:main:A", job="feed:9|1"), outcome("reopen_order", "applied"),
        outcome("set_stock", "submitted", "stock:walmart:two:A", job="feed:2|1"),
        outcome("cancel_lines", "excluded", id="4", reason="phase_off"),
    ]  # fmt: skip
    found = rows(events, channels=[MAIN, TWO], now=AT + timedelta(minutes=4))
    ships, cancels = found["walmart:main", "shipments"], found["walmart:main", "cancellations"]
    assert (ships.applied, ships.waiting, found["walmart:two", "shipments"].applied) == (1, 1, 1)
    assert (cancels.applied, cancels.excluded) == (1, 1)  # the order reopened in Odoo belongs to it
    assert found["walmart:main", "stock"].jobs == (JobStatus("feed:9", 1, 240.0),)
    assert [job.job for job in found["walmart:two", "stock"].jobs] == ["feed:2"]
    assert found["walmart:main", "prices"].jobs == ()


def test_failed_records_are_counted_for_the_flow_they_would_have_led_to() -> None:
    letters = [
        letter("held", "set_stock", "stock:walmart:main:A", "mapping"),
        letter("dead", "ship_order", "walmart:main:1", "rule"),
        letter("dead", "ship_order", "walmart:main:2", "rule"),
        letter("dead", "transform", "walmart:main:return:3", entity="return", source="walmart"),
        letter("dead", "transform", "odoo:picking:4", entity="picking", source="odoo"),
        letter("dead", "pricing", "sku:A", entity="price", source="odoo"),
        letter("dead", "transform", "odoo:partner:4", entity="partner", source="odoo"),  # leads to nothing
    ]
    found = by_flow(letters, CODEC)
    assert found.held == {(MAIN, Flow.STOCK): {"mapping": 1}}
    odoo = ("odoo", "main")
    assert found.dead == {
        (MAIN, Flow.SHIPMENTS): {"rule": 2}, (MAIN, Flow.RETURNS): {"data": 1}, (odoo, Flow.SHIPMENTS): {"data": 1},
        (odoo, Flow.PRICES): {"data": 1},
    }  # fmt: skip
    told = rows(failed=found)
    assert (told["odoo:main", "shipments"].phase, told["odoo:main", "shipments"].dead) == ("", {"data": 1})


def test_what_left_the_shadow_is_not_counted() -> None:
    one, two = "stock:walmart:main:A|set_stock", "stock:walmart:main:B|set_stock"
    records = [
        on("shadow.walmart", one, b"old"), on("shadow.walmart", one, b"new"), on("shadow.walmart", two, b"x"),
        on("shadow.walmart", two, None), on("shadow.odoo", "walmart:two:1|upsert_order", b"x"),
    ]  # fmt: skip
    assert in_shadow(records, CODEC) == {(MAIN, Flow.STOCK): 1, (TWO, Flow.ORDERS): 1}


def test_commands_in_shadow_are_counted_too() -> None:
    """OPS-7: their keys name their id as well, for none may replace another; a key may hold the sign that parts them."""
    records = [
        on("shadow.walmart", "walmart:two:1|ship_order|id-1", b"x"), on("shadow.walmart", "walmart:two:1|ship_order|id-2", b"x"),
        on("shadow.walmart", "stock:walmart:main:A|B|set_stock", b"x"),
    ]  # fmt: skip
    assert in_shadow(records, CODEC) == {(TWO, Flow.SHIPMENTS): 2, (MAIN, Flow.STOCK): 1}
    assert kept_as("walmart:two:1|ship_order|id-1") == ("walmart:two:1", "ship_order")
    assert kept_as("walmart:two:1|id-1") == ("walmart:two:1", "")  # a held command
    assert kept_as("stock:walmart:main:A|B|set_stock") == ("stock:walmart:main:A|B", "set_stock")


@pytest.mark.parametrize(("flow", "phase", "pilot", "line"), [
    ("orders", "shadow", "", ""), ("orders", "on", "", "causeway shadow diff --account walmart:main --flow orders"),
    ("shipments", "on", "SKUs A", "outside the pilot scope, or from before"),
    ("stock", "on", "", "go out when the workers start with it"), ("stock", "on", "SKUs A", ""), ("prices", "off", "", ""),
])  # fmt: skip
def test_what_lies_in_shadow_of_a_flow_that_is_on_is_told_in_a_line(
    flow: str, phase: str, pilot: str, line: str
) -> None:
    """OPS-7: nobody forgets it."""
    said = left_behind("walmart:main", flow, phase, pilot, 12)
    assert line in said
    assert bool(said) == bool(line)
    assert left_behind("walmart:main", flow, phase, pilot, 0) == ""


def test_the_page_tells_it() -> None:
    phases = {"walmart": {"main": {"orders": Phase.ON}}}
    found = rows([], shadowed={(MAIN, Flow.ORDERS): 3}, phases=phases)
    assert "walmart:main orders is on: 3 in shadow" in shown(WritesView(AT, False, tuple(found.values())))


def shown(writes: WritesView | Unknown, width: int = 150) -> str:
    status = Status(
        AT, "sandbox", "b:1", "r", (), 0, (), 0, (), (), 0, Failures(()), OrdersView(AT, False, 0, {}), writes
    )
    console = Console(record=True, width=width, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(page(status, Table()))
    return console.export_text()


def test_the_page_tells_busy_flows_in_a_row_and_the_others_in_a_line() -> None:
    """One screen: eleven flows of an account that do nothing take one line."""
    events = [
        outcome("set_stock", "submitted", "stock:walmart:main:A", job="feed:9|1"),
        outcome("set_stock", "applied", "stock:walmart:main:B"),
    ]
    failed = FailedByFlow({(MAIN, Flow.STOCK): {"mapping": 7}}, {(MAIN, Flow.STOCK): {"data": 1, "rule": 2}})
    phases = {"walmart": {"main": {"stock": Phase.ON}}}
    pilots = {"walmart": {"main": Pilot(skus="A")}}
    found = rows(
        events,
        failed=failed,
        shadowed={(MAIN, Flow.STOCK): 3},
        phases=phases,
        pilots=pilots,
        now=AT + timedelta(seconds=90),
    )
    text = shown(WritesView(AT, False, tuple(found.values())))
    (row,) = [line.split() for line in text.splitlines() if line.startswith("walmart:main ")]
    assert " ".join(row) == "walmart:main stock on, pilot 1 1 3 mapping 7 data 1, rule 2 feed:9 for 1, 1 m 30 s"
    (quiet,) = [line for line in text.splitlines() if line.startswith("walmart:main, nothing")]
    assert quiet.count(",") >= 9
    assert "shadow: orders" in quiet
    assert "there are more" not in text
    assert "there are more" in shown(WritesView(AT, True, tuple(found.values())))


def test_a_page_without_what_is_not_known() -> None:
    assert "unknown: the registry is down" in shown(Unknown("the registry is down"))
    assert "no account is configured" in shown(WritesView(AT, False, ()))
