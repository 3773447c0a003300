"""REC-1: `causeway reconcile`: table, JSON, event and exit code; nothing of one platform is known here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from connectors.kit.books import Entry
from connectors.kit.errors import TransientError
from connectors.kit.ports import Connector
from connectors.kit.settings import Part
from schemas.record import Message, Record
from streams import kafka
from streams.cli import reconcile
from streams.kafka import BrokerError
from streams.settings import ConfigurationError
from tests.unit.failure.samples import codec
from tests.unit.reconcile.books import NOW, Shelf, ours, theirs

ODD = ours("P1", amount=Decimal("12.50")), theirs("1", "P1"), theirs("2")


class ShopSettings(Part):
    names: tuple[str, ...] = ("main",)
    sandbox: bool = True

    def check_credentials(self) -> None:
        if not self.sandbox:
            raise ValueError("CAUSEWAY_SHOP__KEY is missing")


@dataclass
class World:
    """Two shelves, Kafka as it answers, and what was sent to it."""

    odoo: Shelf = field(default_factory=Shelf)
    shop: Shelf = field(default_factory=Shelf)
    shops: list[Shelf] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    broker: Exception | None = None

    def open_odoo(self, settings: Any, whose: str, deps: Any) -> Shelf:
        self.opened.append(f"odoo {whose} {deps.environment}")
        return self.odoo

    def open_shop(self, settings: Any, whose: str, deps: Any) -> Shelf:
        self.opened.append(f"shop {whose}")
        return self.shops.pop(0) if self.shops else self.shop

    def read(self, *_: Any, **__: Any) -> Iterable[Record]:
        if self.broker is not None:
            raise self.broker
        return [Record(one.topic, 0, 0, 0, one.key, one.value, ()) for one in self.sent]

    def hold(self, *entries: Entry) -> None:
        self.odoo.listed = [one for one in entries if one.id.startswith("P")]
        self.shop.listed = [one for one in entries if not one.id.startswith("P")]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)
    found = World()

    class Producer(kafka.SyncProducer):
        def send_all(self, messages: Sequence[Message]) -> None:
            found.sent += messages

    connectors = (
        Connector("odoo", Part, lambda settings: ("main",), books={"purchases": found.open_odoo}),
        Connector("plain", Part, lambda settings: ("main",)),
        Connector("shop", ShopSettings, lambda settings: settings.names, books={"purchases": found.open_shop}),
    )
    monkeypatch.setattr("streams.connectors.discover", lambda: connectors)
    monkeypatch.setattr("schemas.codec.Codec", lambda registry: codec())
    monkeypatch.setattr("streams.reconcile.events.read_to_end", found.read)
    monkeypatch.setattr("streams.kafka.SyncProducer", Producer)
    return found


def run(*words: str) -> Result:
    return CliRunner().invoke(reconcile.app, ["purchases", *words])


def told(world: World) -> list[dict[str, Any]]:
    return [dict(codec().decode("reconciliation", one.value)) for one in world.sent if one.value]


def test_balanced_is_0(world: World) -> None:
    """REC-1."""
    world.hold(ours(), theirs("1", "P1"))
    result = run()
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "balanced")
    assert "purchases shop:main: 1 in Odoo and 1 at shop since" in result.output
    assert world.opened == ["odoo shop:main sandbox", "shop shop:main"]
    assert (world.odoo.asked, world.shop.asked) == (["closed"], ["closed"])
    assert [(one["key"], one["result"]) for one in told(world)] == [("purchases:shop:main", "balanced")]


def test_differences_are_1_and_each_is_a_line_with_both_values_and_what_to_do(world: World) -> None:
    """REC-1."""
    world.hold(*ODD)
    result = run()
    lines = result.output.splitlines()
    assert (result.exit_code, lines[-1]) == (1, "2 differences: missing_in_odoo 1, amount 1")
    (amount,) = [line.split() for line in lines if line.startswith("amount  ")]
    assert amount[1:-2] == ["P1", "1", "12.50", "CNY", "10", "CNY"]
    (missing,) = [line.split() for line in lines if line.startswith("missing_in_odoo  ")]
    assert missing[1:4] == ["-", "2", "nothing"]
    assert any(line.startswith("amount (P1): ") for line in lines)
    assert any(line.startswith("missing_in_odoo (2): It was ordered by hand") for line in lines)
    (event,) = told(world)
    assert [(one["what"], one["odoo"]) for one in event["findings"]] == [("missing_in_odoo", ""), ("amount", "P1")]


def test_json_has_all_of_it(world: World) -> None:
    """REC-1: for machines."""
    world.hold(*ODD, ours("P7", changed_at=NOW.replace(year=2099)))
    result = run("--json", "--no-publish")
    (found,) = json.loads(result.stdout)["reconciliations"]
    assert result.exit_code == 1
    assert (found["result"], found["odoo_entries"], found["there_entries"], found["too_fresh"]) == (
        "differences",
        2,
        2,
        ["P7"],
    )
    assert found["counts"]["amount"] == 1
    assert {"what", "odoo", "there", "line", "ours", "theirs", "advice", "first_seen"} == set(found["findings"][0])
    assert "shadow" in found["note"]
    assert world.sent == []


@pytest.mark.parametrize("side", ["odoo", "shop"])
def test_what_could_not_be_looked_at_is_2_and_never_balanced(world: World, side: str) -> None:
    """REC-1."""
    world.hold(ours(), theirs("1", "P1"))
    getattr(world, side).error = TransientError("list: the other side is down")
    result = run()
    assert (result.exit_code, "balanced" in result.output) == (2, False)
    assert "purchases shop:main: could not look, so nothing is known: list: the other side is down" in result.output
    assert [one["result"] for one in told(world)] == ["failed"]
    assert json.loads(run("--json").stdout)["reconciliations"][0]["failure"] == "list: the other side is down"


def test_one_account_that_fails_is_2_although_another_is_balanced(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REC-1."""
    monkeypatch.setenv("CAUSEWAY_SHOP__NAMES", '["main", "second"]')
    world.shops = [Shelf(), Shelf(error=TransientError("down"))]
    result = run()
    assert (result.exit_code, result.output.count("balanced")) == (2, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--account", "third"), "no account 'third' has purchases; there are: shop:main"),
        (("--since", "yesterday"), "'yesterday' is no time: write an age like 30d"),
        (("--since", "2999-01-01"), "lies in the future"),
        (("--since", "2026-99-01"), "is no time"),
    ],
)
def test_what_cannot_be_meant_is_2(world: World, words: tuple[str, ...], said: str) -> None:
    result = run(*words)
    assert (result.exit_code, world.opened) == (2, [])
    assert said in result.output


def test_nothing_configured_is_not_balanced(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """REC-1."""
    monkeypatch.setenv("CAUSEWAY_SHOP__NAMES", "[]")
    result = run()
    assert (result.exit_code, "no account with purchases is configured" in result.output) == (2, True)


@pytest.mark.parametrize("name", ["main", "shop:main"])
def test_one_account_can_be_chosen(world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CAUSEWAY_SHOP__NAMES", '["main", "second"]')
    run("--account", name, "--since", "2026-01-01")
    assert world.opened[1:] == ["shop shop:main"]


def test_what_was_before_the_flow_is_looked_at_on_request_only(world: World) -> None:
    """REC-1, PO-1: purchases were switched on some day; what was ordered by hand before would all be told."""
    begin = datetime.now(UTC) - timedelta(days=2)
    world.shop.begin = begin
    assert f"since {begin:%Y-%m-%d %H:%M} UTC" in run().output
    world.shop.begin = begin - timedelta(days=90)
    assert f"since {begin - timedelta(days=28):%Y-%m-%d %H:}" in run().output
    assert "since 2026-01-01 00:00 UTC" in run("--since", "2026-01-01").output


def test_without_kafka_the_result_is_printed_all_the_same(world: World) -> None:
    """REC-1: what was found is not lost; that nobody was told is 3, as everywhere."""
    world.hold(*ODD)
    world.broker = BrokerError("Kafka at 127.0.0.1:1 cannot be reached")
    result = run()
    assert isinstance(result.exception, BrokerError)
    assert "2 differences" in result.output
    world.broker = None
    assert run("--no-publish").exit_code == 1


def test_a_flow_that_is_not_on_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """REC-1, OPS-7: so that nobody wonders why everything is missing there."""
    world.hold(ours())
    assert "the flow purchases of shop:main is shadow" in run().output


def test_what_is_needed_to_log_in_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_SHOP__SANDBOX", "false")
    result = run()
    assert isinstance(result.exception, ConfigurationError)
    assert "the purchases of shop cannot be read: CAUSEWAY_SHOP__KEY is missing" in str(result.exception)
    assert world.odoo.asked == ["closed"]
