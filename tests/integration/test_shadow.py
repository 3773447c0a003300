"""OPS-7: a flow in shadow writes nothing and shows what it would write; released, each of it goes out once. On a real broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.kit.ports import Connector
from schemas.codec import Codec
from schemas.topics import DESTINATIONS, Lane, deliver, shadow
from streams.cli import shadow as shadow_cli
from streams.connectors import discover
from streams.kafka import read_to_end
from streams.phases import Phase, Pilot
from streams.runtime import Partition
from streams.shadow import read_shadow, released
from streams.stages.catching_up import CatchingUp
from streams.stages.route import Router, RouteStage
from streams.stages.skus import Skus
from streams.worker import now
from tests.integration.failure_kit import now_ms, send, unique
from tests.integration.stages_kit import FakeSink, Line, registry_of, settings_of
from tests.unit.observe.bodies import body_of

DELIVER = [deliver(destination, lane) for destination in DESTINATIONS for lane in Lane]
SHADOW = [shadow(destination) for destination in DESTINATIONS]
MakeLine = Callable[..., Line]


@pytest.fixture
def account() -> str:
    return unique("shop")


@pytest.fixture
def line(bootstrap: str, registry_url: str, account: str, monkeypatch: pytest.MonkeyPatch) -> MakeLine:
    """Makes lines of one account: `line()` in shadow, `line(all=Phase.ON)`, ...; the command line sees the same phases."""
    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", bootstrap)
    monkeypatch.setenv("CAUSEWAY_REGISTRY__URL", registry_url)
    codec = Codec(registry_of(registry_url))
    monkeypatch.setattr("schemas.codec.Codec", lambda _: codec)
    monkeypatch.setattr("schemas.registry.Registry", lambda _: None)
    sinks = {name: FakeSink(name) for name in DESTINATIONS}
    began = now_ms()

    def make(pilot: Pilot | None = None, **phases: Phase) -> Line:
        pilots = {"walmart": {account: pilot}} if pilot else {}
        settings = settings_of(bootstrap, registry_url, phases={"walmart": {account: phases}}, pilot=pilots)
        monkeypatch.setenv("CAUSEWAY_PHASES", json.dumps({"walmart": {account: phases}}))
        return Line(settings, codec, account, ("walmart", account), sinks, began)

    return make


def facts(made: Line, sku: str = "A-1", quantity: str = "5", version: int = 1) -> list[Any]:
    """One record for each of: a number out, a command out, a state to Odoo."""
    order = f"walmart:{made.channel[1]}:1"
    stock = body_of(
        "availability", key=f"stock:walmart:{made.channel[1]}:{sku}", sku=sku, channel="walmart", account=made.channel[1],
        quantity=quantity, urgent=False,
    )  # fmt: skip
    picking = body_of("shipment", key=f"odoo:picking:{made.channel[1]}", order_key=order)
    returned = body_of("return_order", key=f"walmart:{made.channel[1]}:return:1", order_key=order)
    return [
        made.canonical("availability", stock, version), made.canonical("shipment", picking), made.canonical("return_order", returned),
    ]  # fmt: skip


def written(made: Line) -> list[str]:
    return sorted(delivery.operation for sink in made.sinks.values() for delivery in sink.written)


def cli(*args: str) -> Any:
    return CliRunner().invoke(shadow_cli.app, list(args))


async def test_a_new_account_writes_nothing_and_keeps_the_newest_of_each(line: MakeLine) -> None:
    made = line()
    await made.route(*facts(made), *facts(made, quantity="7", version=2)[:1])
    await made.deliver()
    assert made.of(*DELIVER) == []
    assert written(made) == []
    assert set(made.results()) == {"shadow"}
    shown = cli("list", "--account", f"walmart:{made.mine}", "--json")
    assert json.loads(shown.stdout) == {
        "total": 3, "unreadable": 0,
        "counts": [
            {"destination": "odoo", "operation": "upsert_return", "account": made.mine, "records": 1},
            {"destination": "walmart", "operation": "set_stock", "account": made.mine, "records": 1},
            {"destination": "walmart", "operation": "ship_order", "account": made.mine, "records": 1},
        ],
    }  # fmt: skip
    found, _ = read_shadow(made.settings, made.codec, lambda one: made.mine in one.key and one.operation == "set_stock")
    assert [one.delivery.body["quantity"] for one in found] == ["7"]


async def test_diff_tells_what_would_change_and_changes_nothing(
    line: MakeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = line()
    await made.route(*facts(made), *facts(made, sku="B-2"))
    made.sinks["walmart"].holds |= {f"stock:walmart:{made.mine}:A-1": "5", f"stock:walmart:{made.mine}:B-2": "3"}

    def faked(found: Connector) -> Connector:
        return replace(found, sink=lambda part, deps: made.sinks[found.name]) if found.name in made.sinks else found

    fakes = tuple(faked(found) for found in discover())
    monkeypatch.setattr("streams.connectors.discover", lambda: fakes)
    # The command asks the sinks in an event loop of its own, as at a terminal.
    shown = await asyncio.to_thread(cli, "diff", "--account", f"walmart:{made.mine}", "--flow", "stock", "--json")
    answer = json.loads(shown.stdout)
    assert (answer["looked_at"], answer["in_shadow"]) == (2, 2)
    changes = {one["key"].rpartition(":")[2]: one["differences"] for one in answer["deliveries"]}
    assert changes == {"A-1": [], "B-2": [{"field": "quantity", "now": "3", "would_be": "5"}]}
    table = await asyncio.to_thread(cli, "diff", "--account", f"walmart:{made.mine}", "--flow", "stock")
    assert "1 of 2 would change something" in table.stdout
    assert written(made) == []
    assert len([record for record in made.of(*SHADOW) if record.value]) >= 4


async def test_release_delivers_each_once_and_only_of_flows_that_are_on(line: MakeLine) -> None:
    made = line()
    await made.route(*facts(made))
    refused = cli("release", "--account", f"walmart:{made.mine}", "--yes")
    assert refused.exit_code == 1
    assert "none of them of a flow that is on" in refused.output
    assert made.of(*DELIVER) == []

    made = line(stock=Phase.ON, returns=Phase.ON)
    done = cli("release", "--account", f"walmart:{made.mine}", "--yes", "--note", "checked with ann")
    assert "2 on their way; the rest of 3 stays in shadow" in done.output
    await made.deliver()
    assert written(made) == ["set_stock", "upsert_return"]
    assert sorted(made.results("set_stock")) == ["applied", "shadow"]
    assert {
        one.delivery.operation for one in read_shadow(made.settings, made.codec, lambda one: made.mine in one.key)[0]
    } == {"ship_order"}
    assert cli("release", "--account", f"walmart:{made.mine}", "--yes").exit_code == 1  # what is left is not on
    audited = made.decoded("audit", "audit")
    assert {(entry["action"], entry["after"], entry["note"]) for entry in audited} == {
        ("release from shadow", "set_stock", "checked with ann"), ("release from shadow", "upsert_return", "checked with ann"),
    }  # fmt: skip


async def test_switching_on_sends_what_shadow_kept_of_stock_by_itself(line: MakeLine) -> None:
    """What was told in shadow counts as told, so nothing else would say it; the shipment waits for a person, and that is told."""
    made = line()
    await made.route(*facts(made))
    made = line(all=Phase.ON)
    config = made.settings.kafka.librdkafka()
    catching_up = CatchingUp(
        made.codec, made.switches(), Skus(), "sandbox", lambda numbers: read_to_end(config, SHADOW, partitions=frozenset(numbers)), now
    )  # fmt: skip
    stage = RouteStage(Router(made.codec, made.routing, now, made.switches()), 100, catching_up=catching_up)
    await stage.start(made.context())
    for _ in range(2):
        await stage.assigned({Partition("outcomes", number) for number in range(made.settings.topics.partitions)})
        await made.deliver()
        assert written(made) == ["set_stock"]
    assert len(made.of(*DELIVER)) == 1
    listed = cli("list", "--account", f"walmart:{made.mine}").stdout
    assert "shipments is on: 1 in shadow" in listed
    assert "stock is on" not in listed


async def test_a_release_that_is_repeated_after_a_kill_changes_nothing_twice(line: MakeLine) -> None:
    """Deliveries are acknowledged before their ends are written: who is killed in between sends them again."""
    made = line()
    await made.route(*facts(made))
    made = line(all=Phase.ON)
    found, _ = read_shadow(made.settings, made.codec, lambda one: made.mine in one.key)
    deliveries = [message for message, _ in released(made.codec, found, "ann", "", now())]
    send(made.settings, deliveries)
    await made.deliver()
    assert cli("release", "--account", f"walmart:{made.mine}", "--yes").exit_code == 0
    await made.deliver()
    assert written(made) == ["set_stock", "ship_order", "upsert_return"]
    assert (
        sorted(result for result in made.results() if result != "shadow") == ["already_applied"] * 3 + ["applied"] * 3
    )


async def test_a_flow_is_switched_on_alone(line: MakeLine) -> None:
    """Read-only, one way, both ways are flows switched on one after the other; off leaves no trace but its outcome."""
    made = line(all=Phase.SHADOW, stock=Phase.ON, shipments=Phase.OFF)
    await made.route(*facts(made))
    await made.deliver()
    assert written(made) == ["set_stock"]
    assert made.results("ship_order") == ["excluded"]
    assert {
        outcome["reason"] for outcome in made.decoded("outcome", "outcomes") if outcome["operation"] == "ship_order"
    } == {"phase_off"}
    assert [
        one.delivery.operation for one in read_shadow(made.settings, made.codec, lambda one: made.mine in one.key)[0]
    ] == ["upsert_return"]


async def test_what_lies_outside_the_pilot_stays_in_shadow(line: MakeLine) -> None:
    made = line(Pilot(skus="A-"), all=Phase.ON)
    await made.route(facts(made)[0], facts(made, sku="B-2")[0])
    await made.deliver()
    assert [delivery.body["sku"] for delivery in made.sinks["walmart"].written] == ["A-1"]
    found, _ = read_shadow(made.settings, made.codec, lambda one: made.mine in one.key)
    assert [one.delivery.body["sku"] for one in found] == ["B-2"]


def test_what_is_asked_wrongly_is_said(line: MakeLine) -> None:
    line()
    assert "there is no flow stok" in cli("list", "--flow", "stok").output
    assert "write source:account" in cli("list", "--account", "walmart").output
