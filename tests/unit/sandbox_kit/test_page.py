"""TEST-1: a sandbox's page shows hostile content as text and needs nothing from outside."""

from starlette.types import Receive, Scope, Send

from connectors.kit.sandbox.calls import Call, CallLog
from connectors.kit.sandbox.fault_rules import FaultPlan, FaultRule
from connectors.kit.sandbox.page import Table, calls_table, faults_table, page


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError


def html(*tables: Table) -> str:
    return bytes(page("Box", "note", tables).body).decode()


def test_content_is_escaped() -> None:
    shown = html(Table("T", ("a",), [("<script>alert(1)</script>",)]))
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_page_needs_no_outside_asset() -> None:
    shown = html(Table("T", ("a",), [(1,)]))
    assert "http" not in shown
    assert "src=" not in shown


def test_empty_table_says_so() -> None:
    assert "No faults in force." in html(faults_table(FaultPlan()))


def test_newest_call_comes_first_and_a_dropped_one_is_named() -> None:
    log = CallLog(nothing)
    log.latest.extend([Call(0, "GET", "/old", 200, 1), Call(1, "GET", "/new", 0, 1)])
    shown = html(calls_table(log))
    assert shown.index("/new") < shown.index("/old")
    assert "no answer" in shown


def test_faults_are_shown_with_what_they_struck() -> None:
    plan = FaultPlan([FaultRule("reset", limit=1)])
    plan.ending("GET", "/")
    plan.ending("GET", "/")
    assert faults_table(plan).rows == [("reset", "100.0%", "", "all", 2, 1)]
