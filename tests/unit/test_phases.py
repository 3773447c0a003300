"""OPS-7: off, shadow and on for each flow of each account by itself, and the pilot scope."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.kit.errors import TransientError
from connectors.kit.ports import Delivery, Difference
from schemas.record import Message
from schemas.topics import ENTITIES
from streams.approvals import answers
from streams.failure.routing import FailureRouting
from streams.phases import MARKETPLACE_FLOWS, Flow, Phase, Pilot, flow_name, phase_of
from streams.settings import ConfigurationError, Settings, load_settings
from streams.shadow import Compared, Shadowed, compare, released
from streams.stages.route import Router, Switches
from streams.stages.rules import RULES
from tests.unit.observe.bodies import CODEC, body_of, on
from tests.unit.stages.samples import order

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CHANNEL, ORDER = ("walmart", "main"), "walmart:main:1"
KEYS = {
    "order": ORDER, "return_order": "walmart:main:return:1", "listing": "walmart:main:item:A", "settlement": "walmart:main:settlement:1",
    "availability": "stock:walmart:main:A", "price_offer": "price:walmart:main:A",
}  # fmt: skip


def routed(entity: str, phases: dict[str, Any], pilot: Pilot | None = None, **changes: Any) -> list[Message]:
    """What the router makes of one record of that entity, without the demand of orders."""
    key = KEYS.get(entity, "sku:A" if entity == "product" else "odoo:thing:1")
    body = (
        order("1", key=ORDER)
        if entity == "order"
        else body_of(entity, key=key, order_key=ORDER, return_key="", channel="walmart", account="main", **changes)
    )
    known = {field: value for field, value in body.items() if field in body_of(entity)}
    switches = Switches(
        {"odoo", "walmart"}, (CHANNEL,), {"walmart": {"main": phases}}, {"walmart": {"main": pilot}} if pilot else {}
    )
    router = Router(CODEC, FailureRouting(CODEC, Settings()), lambda: NOW, switches)
    made = router.messages(on(ENTITIES[entity].every, key, CODEC.encode(entity, known)))
    return [message for message in made if message.topic != "demand"]


def places(messages: list[Message]) -> list[str]:
    return [message.topic.partition(".")[0] for message in messages]


@pytest.mark.parametrize("entity", sorted(name for name, rule in RULES.items() if rule.flow in MARKETPLACE_FLOWS))
def test_each_flow_is_switched_by_itself(entity: str) -> None:
    """Only its own switch moves a flow; in a new account everything is in shadow."""
    flow = RULES[entity].flow
    assert places(routed(entity, {})) == ["shadow", "outcomes"]
    assert places(routed(entity, {flow.value: Phase.ON})) == ["deliver"]
    assert places(routed(entity, {"all": Phase.ON, flow.value: Phase.OFF})) == ["outcomes"]
    others = {other.value: Phase.ON for other in Flow if other is not flow}
    assert places(routed(entity, others)) == ["shadow", "outcomes"]


@pytest.mark.parametrize(
    ("pilot", "place"),
    [
        (Pilot(skus="A-"), "deliver"), (Pilot(skus="B-"), "shadow"), (Pilot(categories=("Toys",)), "deliver"),
        (Pilot(categories=("Toy",)), "shadow"), (Pilot(categories=("Toys / Cars",)), "deliver"), (Pilot(categories=("Toys / Cars / Red",)), "shadow"),
        (Pilot(skus="A-", categories=("Garden",)), "shadow"), (Pilot(), "deliver"),
    ],
)  # fmt: skip
def test_what_lies_outside_the_pilot_stays_in_shadow(pilot: Pilot, place: str) -> None:
    made = routed("product", {"all": Phase.ON}, pilot, sku="A-1", category="Toys / Cars")
    assert places(made)[0] == place


def test_an_order_belongs_to_a_pilot_with_all_its_lines() -> None:
    """Half an order cannot be delivered; lines without a SKU say nothing."""
    pilot = Pilot(skus="A-")
    assert pilot.covers(["A-1", "A-2", ""], "")
    assert not pilot.covers(["A-1", "B-2"], "")
    assert not pilot.covers(["XA-1"], "")
    assert Pilot().is_everything


def test_the_flow_counts_before_all_and_names_of_accounts_have_no_case() -> None:
    phases = {"walmart": {"main": {"all": Phase.ON, "stock": Phase.OFF}}}
    assert phase_of(phases, "walmart", "MAIN", Flow.STOCK) is Phase.OFF
    assert phase_of(phases, "walmart", "main", Flow.PRICES) is Phase.ON
    assert phase_of(phases, "walmart", "two", Flow.PRICES) is Phase.SHADOW


def test_a_flow_that_does_not_exist_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo must not leave a flow in shadow, or worse on, in silence."""
    with pytest.raises(ValueError, match=r"there is no flow .stok.; did you mean stock"):
        flow_name("stok")
    monkeypatch.setenv("CAUSEWAY_PHASES__WALMART__MAIN__STOCK", "on")
    assert load_settings().phases["walmart"]["main"]["stock"] is Phase.ON
    for value in ("STOCK=maybe", "STOK=on"):
        name, _, phase = value.partition("=")
        monkeypatch.setenv(f"CAUSEWAY_PHASES__WALMART__MAIN__{name}", phase)
        with pytest.raises(ConfigurationError):
            load_settings()
        monkeypatch.delenv(f"CAUSEWAY_PHASES__WALMART__MAIN__{name}")
    with pytest.raises(ValidationError, match="not a regular expression"):
        Pilot(skus="(")


def shadowed(key: str, destination: str = "walmart", operation: str = "set_stock") -> Shadowed:
    delivery = Delivery(f"id-{key}", operation, False, key, "walmart", "main", 1, "c", "corr", {})
    return Shadowed(delivery, destination, "bulk", on(f"shadow.{destination}", f"{key}|{operation}", b"body"))


def test_a_release_is_the_delivery_byte_for_byte_then_its_end() -> None:
    """EVT-4: its lane, key, value and headers as they were made, so that a repeat changes nothing."""
    one = shadowed("stock:walmart:main:A")
    ((delivery, after),) = released(CODEC, [one], "ann", "checked", NOW)
    assert (delivery.topic, delivery.key, delivery.value) == ("deliver.walmart.bulk", b"stock:walmart:main:A", b"body")
    assert delivery.headers == one.record.headers
    end, audit = after
    assert (end.topic, end.key, end.value) == ("shadow.walmart", one.record.key, None)
    entry = CODEC.decode("audit", audit.value)
    assert (entry["actor"], entry["note"], entry["subject"]) == ("ann", "checked", "stock:walmart:main:A")


class Previewing:
    """Says what it holds, or that it cannot be asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[int] = []
        self.error = error

    async def preview(self, batch: Any) -> Any:
        self.asked.append(len(batch))
        if self.error:
            raise self.error
        return [(Difference("quantity", "1", delivery.key),) for delivery in batch]


async def test_differences_are_asked_for_in_batches_of_one_operation() -> None:
    many = [shadowed(f"k{number}") for number in range(150)] + [shadowed("p", operation="set_price")]
    sink = Previewing()
    sinks: dict[str, Any] = {"walmart": sink, "odoo": Previewing(TransientError("away")), "other": object()}
    found = await compare([*many, shadowed("o", "odoo"), shadowed("x", "other")], sinks)
    assert sink.asked == [100, 50, 1]
    assert found[0] == Compared(many[0], (Difference("quantity", "1", "k0"),))
    assert [one.problem for one in found[-2:]] == ["away", "other cannot say what it holds"]


def test_an_answer_names_the_proposal_and_is_audited() -> None:
    """PRC-1."""
    chosen = {
        "id": "p" * 32,
        "key": "sku:A",
        "subject": "price:walmart:main:A",
        "kind": "price",
        "before": "10 USD",
        "after": "15 USD",
        "why": "a change of 50 %",
    }
    said, audit = answers(CODEC, "sandbox", [chosen], "approved", "ann", "season", NOW)
    body = CODEC.decode("approval", said.value)
    assert (said.topic, said.key) == ("approvals", b"sku:A")
    assert (body["proposal"], body["state"], body["subject"], body["actor"]) == (
        "p" * 32,
        "approved",
        "price:walmart:main:A",
        "ann",
    )
    entry = CODEC.decode("audit", audit.value)
    assert (entry["action"], entry["before"], entry["after"], entry["note"]) == (
        "approved",
        "10 USD",
        "15 USD",
        "season",
    )
    again, _ = answers(CODEC, "sandbox", [chosen], "approved", "ann", "season", NOW)
    assert again.headers == said.headers
