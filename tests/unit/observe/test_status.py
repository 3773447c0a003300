"""What `status` says is counted from what was read: waiting and due told apart, closed dead letters left out, huge topics cut (OPS-1, OPS-5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from schemas.headers import Failure, encode_headers
from schemas.reasons import Reason
from schemas.record import Record
from schemas.records import FailedRecord
from schemas.topics import Lane
from streams.cli import app
from streams.cli.status_view import ago, page
from streams.connectors import discover, load_connected_settings
from streams.failure.queues import Depth
from streams.observe.failed import FailedCount, Failures, open_failures, open_letters
from streams.observe.flows import by_flow
from streams.observe.groups import Group
from streams.observe.lag import GroupLag, PartitionLag
from streams.observe.newest import Span, newest
from streams.observe.on_the_way import OnTheWay, order_hops
from streams.observe.scrape import Paused, ProcessView, view_of
from streams.observe.status import (
    OrdersView,
    StageStatus,
    Status,
    TierStatus,
    Unknown,
    WritesView,
    _outcomes,
    due_ms,
    flow_view,
    tiers_of,
    with_standing,
)
from streams.phases import Flow
from streams.poller.cursors import failing, first_cursor
from streams.poller.flows import FlowKey
from streams.settings import RetrySettings, Settings
from tests.unit.failure.samples import codec, headers

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def head(topic: str, written_ms: int, due: int | None = None) -> Record:
    failure = due and Failure("odoo", "deliver.odoo.bulk", Reason.TRANSIENT, "", 1, 0, 0, due, "t/0/0")
    return Record(topic, 0, 5, written_ms, b"k", b"v", encode_headers(headers(), failure or None))


def lag_of(*partitions: PartitionLag) -> GroupLag:
    return GroupLag(Group("retry", "causeway.retry", ()), (), partitions)


def test_lag_is_counted_over_partitions_and_aged_by_the_oldest_head() -> None:
    lag = lag_of(
        PartitionLag("t", 0, done=3, end=10, head=head("t", NOW_MS - 4000)),
        PartitionLag("t", 1, done=5, end=5),
        PartitionLag("t", 2, done=0, end=2, head=head("t", NOW_MS - 9000)),
    )
    assert (lag.records, lag.oldest_seconds(NOW.timestamp())) == (9, 9.0)
    assert lag_of(PartitionLag("t", 0, 5, 5)).oldest_seconds(NOW.timestamp()) == 0


def test_a_tier_tells_waiting_from_due() -> None:
    settings = Settings(retry=RetrySettings(tiers=("1s", "60s")))
    lag = lag_of(
        PartitionLag("retry.1s", 0, 0, 3, head("retry.1s", NOW_MS - 5000, due=NOW_MS - 4000)),
        PartitionLag("retry.1m", 0, 0, 2, head("retry.1m", NOW_MS - 15_000, due=NOW_MS + 45_000)),
        PartitionLag("retry.1m", 1, 0, 2, head("retry.1m", NOW_MS - 30_000, due=NOW_MS + 30_000)),
    )
    found = [Depth("retry.1s", 0, 0, 3), Depth("retry.1m", 0, 2, 0), Depth("retry.1m", 1, 2, 0)]
    assert tiers_of(settings, found, lag, NOW) == (
        TierStatus("1s", 0, 3, None, 4.0),
        TierStatus("1m", 4, 0, 30.0, 0.0),
    )


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (NOW_MS + 10_000, NOW_MS + 10_000),
        (NOW_MS + 10**9, NOW_MS + 60_000),  # a wrong clock wrote it: no later than a tier after it came here
        (None, NOW_MS),  # no failure set: the worker buries it at once
    ],
)
def test_due_is_when_the_retry_worker_sends_it(due: int | None, expected: int) -> None:
    assert due_ms(head("retry.1m", NOW_MS, due), timedelta(seconds=60)) == expected


def letter(failed_id: str, reason: str = "data", minutes: int = 1, **changes: Any) -> FailedRecord:
    values: dict[str, Any] = {
        "id": failed_id, "state": "dead", "destination": "odoo", "reason": reason, "owner": "order-desk",
        "first_failure": NOW - timedelta(minutes=minutes), "last_failure": NOW, "operation": "upsert_order", "key": "walmart:main:1",
        "target": "deliver.odoo.critical", "headers": {}, "version": 1, "value": None,
    }  # fmt: skip
    return values | changes  # type: ignore[return-value] # only the fields that count here


def test_open_failures_are_counted_once_and_closed_ones_not() -> None:
    letters = [letter("a"), letter("b", minutes=9), letter("b", minutes=9), letter("c"), letter("d", "bug")]
    assert open_failures(letters, {"c"}) == [
        FailedCount("dead", "odoo", "bug", "order-desk", 1, NOW - timedelta(minutes=1)),
        FailedCount("dead", "odoo", "data", "order-desk", 2, NOW - timedelta(minutes=9)),
    ]


def test_of_a_state_only_the_newest_letter_is_counted_and_rows_and_ledger_agree() -> None:
    """ERR-5: one order that fails again and again is one; status says the same number everywhere."""
    known = dict(encode_headers(headers()))
    again = [letter("a", headers=known), letter("b", "rule", headers=known, version=2)]
    other = letter("c", headers=known, key="walmart:main:2")
    standing = open_letters([*again, other], set())
    assert [one["id"] for one in standing] == ["b", "c"]
    failed = by_flow(standing, codec())
    assert failed.dead == {(("walmart", "main"), Flow.ORDERS): {"rule": 1, "data": 1}}
    orders = OrdersView(NOW, False, 9, {"applied": 3, "held": 4, "dead": 11})
    assert with_standing(orders, failed).counts == {"applied": 3, "held": 0, "dead": 2}


def test_the_newest_of_huge_topics_are_shared_between_partitions() -> None:
    spans = [Span("t", 0, 0, 900), Span("t", 1, 100, 200), Span("t", 2, 5, 5)]
    cut = newest(spans, 100)
    assert [(span.start, span.end) for span in cut] == [(810, 900), (190, 200), (5, 5)]
    assert newest(spans, 1000) == spans


def test_a_small_topic_is_not_hidden_by_a_huge_one() -> None:
    """ERR-5: a single dead letter of one destination is seen beside a flood of another's."""
    spans = [
        Span("dead.odoo", 0, 0, 200_000),
        Span("dead.walmart", 0, 7, 8),
        Span("held.odoo", 0, 0, 0),
        Span("held.walmart", 1, 0, 60),
    ]
    cut = newest(spans, 100)
    assert [span.records for span in cut] == [50, 1, 0, 49]
    assert sum(span.records for span in newest([Span(str(n), 0, 0, 1000 + n) for n in range(7)], 100)) <= 100


EXPOSITION = """\
# TYPE causeway_breaker_open gauge
causeway_breaker_open{destination="odoo",operation="upsert_order"} 1.0
causeway_breaker_open{destination="walmart",operation="acknowledge_order"} 0.0
# TYPE causeway_stage_paused_lanes gauge
causeway_stage_paused_lanes{stage="deliver.odoo.critical",reason="breaker odoo/upsert_order"} 3.0
# TYPE causeway_poll_failing_seconds gauge
causeway_poll_failing_seconds{source="odoo",account="main",flow="stock",reason="data"} 250.0
# TYPE causeway_poll_pushes_total counter
causeway_poll_pushes_total{source="alibaba",account="main",result="taken"} 9.0
causeway_poll_pushes_total{source="alibaba",account="main",result="forbidden"} 2.0
causeway_poll_pushes_total{source="alibaba",account="",result="lost"} 1.0
causeway_poll_pushes_total{source="alibaba",account="main",result="late"} 0.0
"""


def test_breakers_and_pauses_are_read_from_a_scrape() -> None:
    view = view_of("host:1", "stalled", EXPOSITION)
    paused = Paused("deliver.odoo.critical", "breaker odoo/upsert_order", 3)
    refused = ("alibaba lost 1", "alibaba:main forbidden 2")
    assert view == ProcessView("host:1", "stalled", ("odoo upsert_order",), (paused,), ("odoo:main:stock",), refused)
    with pytest.raises(ValueError):
        view_of("host:1", "", "<html>")


def status_of(**changes: Any) -> Status:
    status = Status(
        NOW, "sandbox", "b:1", "r", (StageStatus("transform", "g", 0, 7, 61.0),), 1, (), 0, Unknown("no [registry]"),
        Unknown("no endpoint"), 0, Failures((), is_cut=False), OrdersView(NOW, True, 100_000, {"applied": 3, "dead": 0}),
    )  # fmt: skip
    return replace(status, **changes)


def shown(status: Status) -> str:
    from rich.console import Console
    from rich.table import Table

    console = Console(record=True, width=160, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(page(status, Table()))
    return console.export_text()


def test_a_flow_whose_polls_fail_is_named_with_since_when_why_and_the_next_try() -> None:
    """OPS-1: a poller that runs and reads nothing must not look well."""
    well = first_cursor(FlowKey("odoo", "main", "price"), NOW)
    since, again = NOW - timedelta(seconds=250), NOW + timedelta(seconds=700)
    bad = failing({**well, "flow": "stock"}, "data", "x_outbox does not exist [1]", since, again)
    flows = tuple(flow_view(FlowKey.of(c["account"], c["flow"]), c, True, NOW) for c in (well, bad))
    process = ProcessView("h:1", "", failing=("odoo:main:stock",))
    status = status_of(flows=flows, poller_members=1, processes=(process,))
    text = shown(status)
    assert "poll flows  1 running, 1 failing" in text
    assert "odoo:main stock failing for 4 m 10 s: data: x_outbox does not exist [1]; next try in 11 m 40 s" in text
    assert "price failing" not in text
    assert "h:1  1 poll flows failing" in text
    assert status.as_json()["flows"][1]["failing_reason"] == "data"
    late = replace(flows[1], next_try=NOW - timedelta(minutes=2))
    assert "next try was due 2 m ago" in shown(replace(status, flows=(late,)))


def test_the_page_says_how_much_is_on_its_way() -> None:
    """OPS-5: nobody takes `waiting 0` for quiet while records are between the stages."""
    orders = OrdersView(NOW, False, 9, {"applied": 3, "waiting": 2}, on_the_way=2)
    text = shown(status_of(orders=orders, writes=WritesView(NOW, False, ())))
    assert "applied 3   waiting 2   (2 of them without an outcome yet)" in text
    assert "7 records are on their way through the stages" in text
    quiet = (StageStatus("transform", "g", 1, 0, 0.0),)
    text = shown(status_of(orders=replace(orders, on_the_way=0), writes=WritesView(NOW, False, ()), stages=quiet))
    assert "on their way" not in text
    assert "without an outcome" not in text


def test_what_cannot_be_read_is_said_beside_the_numbers() -> None:
    orders = OrdersView(NOW, False, 9, {"applied": 3}, unreadable=4)
    text = shown(status_of(orders=orders, failed=Failures((), unreadable=5)))
    assert "4 records cannot be read and are not counted" in text
    assert "5 records cannot be read and are not counted" in text


def test_what_is_on_its_way_is_looked_for_before_the_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that ends in between is found in the outcomes; the other way round it would be nowhere."""
    done: list[str] = []

    class Newest:
        is_cut = False

        def __init__(self, *_: Any, **__: Any) -> None:
            done.append("outcomes")

        def records(self) -> Any:
            return iter(())

    def coming(*_: Any) -> OnTheWay:
        done.append("on the way")
        return OnTheWay(frozenset({"walmart:main:1"}))

    monkeypatch.setattr("streams.observe.status.NewestReader", Newest)
    monkeypatch.setattr("streams.observe.status.orders_on_the_way", coming)
    found = _outcomes(Settings(), (), codec(), NOW)
    assert not isinstance(found, Unknown)
    orders, ledgers = found
    assert done == ["on the way", "outcomes"]
    assert (orders.counts["waiting"], orders.on_the_way) == (1, 1)
    assert ledgers["upsert_order"].counts()["waiting"] == 1  # the flow's row says the same


def test_an_order_is_looked_for_at_every_hop() -> None:
    """With the groups of the stages themselves, and only where orders travel."""
    connectors = discover()
    transform, route, lanes = order_hops(connectors, load_connected_settings(connectors))
    assert [group.name for group in transform] == ["causeway.transform"]
    assert "raw.walmart.orders" in transform[0].topics
    assert {topic.rpartition(".")[2] for topic in transform[0].topics} == {
        "orders"
    }  # of every marketplace, and nothing else
    assert [(group.name, group.topics) for group in route] == [("causeway.route", ("orders",))]
    assert [topic for group in lanes for topic in group.topics] == [f"deliver.odoo.{lane.value}" for lane in Lane]


def test_the_page_says_what_is_not_known_and_why() -> None:
    text = shown(status_of())
    for told in ("no [registry]", "no endpoint", "not running", "1 m 1 s", "newest 100000 outcomes only", "applied 3"):
        assert told in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0, "0 s"), (59.9, "59 s"), (60, "1 m"), (250, "4 m 10 s"), (3600, "1 h"), (90_061, "1 d 1 h"), (86_401, "1 d")],
)  # fmt: skip
def test_durations_are_told_in_their_two_largest_units(seconds: float | None, text: str) -> None:
    assert ago(seconds) == text


def test_a_flow_of_another_process_is_not_called_gone() -> None:
    """A shell without the capture's settings sees flows that a poller wrote a second ago."""
    cursor = first_cursor(FlowKey("odoo", "main", "price"), NOW)
    flow = flow_view(FlowKey.of(cursor["account"], cursor["flow"]), cursor, False, NOW)
    text = shown(status_of(flows=(flow,)))
    assert "odoo:main (not configured here)" in text
    assert "no longer" not in text


def test_the_endpoints_of_several_processes_can_be_set_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the demo's env.sh does."""
    asked: list[Any] = []

    def look(settings: Any, connectors: Any, endpoints: Any, *, now: Any) -> Status:
        asked.extend(endpoints)
        return status_of()

    monkeypatch.setattr("streams.observe.status.look", look)
    monkeypatch.setattr("streams.cli.stack.with_stack", lambda action: [])
    monkeypatch.setattr("streams.cli.status._boxes", list)
    monkeypatch.setenv("CAUSEWAY_STATUS_ENDPOINTS", "127.0.0.1:1 127.0.0.1:2")
    assert CliRunner().invoke(app, ["status", "--json"]).exit_code == 0
    assert asked == ["127.0.0.1:1", "127.0.0.1:2"]
