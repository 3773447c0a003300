"""ORD-9: where the marketplace's SKU is not Odoo's, each side is told in its own words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.record import Message
from streams.failure.mappings import MappingTable
from streams.failure.routing import FailureRouting
from streams.phases import Phase, Pilot
from streams.settings import Settings
from streams.stages.route import Router, Switches
from streams.stages.skus import Skus
from tests.unit.observe.bodies import body_of
from tests.unit.stages.references import MADE, tables
from tests.unit.stages.samples import order
from tests.unit.stages.test_route import CHANNEL, CODEC, NOW, OFFER, canonical, delivery, on_outcomes, told

MADE_MS = int(MADE.timestamp() * 1000)
OFFERED = OFFER | {"key": "stock:walmart:MAIN:OURS", "sku": "OURS"}
PRICED = body_of("price_offer", key="price:walmart:MAIN:OURS", sku="OURS", channel="walmart", account="MAIN")
PRODUCT = body_of("product", key="sku:OURS", sku="OURS")
OUT = [("availability", OFFERED, "stock"), ("price_offer", PRICED, "price"), ("product", PRODUCT, "listing")]


def router(table: MappingTable, pilot: Pilot | None = None) -> Router:
    pilots = {"walmart": {"main": pilot}} if pilot else {}
    switches = Switches({"odoo", "walmart"}, (CHANNEL,), {"walmart": {"main": {"all": Phase.ON}}}, pilots)
    return Router(CODEC, FailureRouting(CODEC, Settings()), lambda: NOW, switches, Skus(table))


def sent(messages: list[Message]) -> list[Any]:
    return [delivery(message) for message in messages if message.topic.startswith("deliver.")]


@pytest.mark.parametrize(("entity", "body", "kind"), OUT)
def test_the_marketplace_is_told_under_its_own_sku(entity: str, body: dict[str, Any], kind: str) -> None:
    """INV-2, PRC-1, PRD-1: in the body and in the key, with a version that wins over what the word's former owner said (INV-5)."""
    (one,) = sent(router(tables(("walmart", "", "THEIRS", "OURS"))).messages(canonical(entity, body)))
    assert one["key"] == f"{kind}:walmart:MAIN:THEIRS"
    assert CODEC.decode(entity, one["body"])["sku"] == "THEIRS"
    assert one["version"] == MADE_MS > 3


@pytest.mark.parametrize(("entity", "body", "kind"), OUT)
def test_without_an_entry_nothing_is_changed(entity: str, body: dict[str, Any], kind: str) -> None:
    record = canonical(entity, body)
    (one,) = sent(router(tables(("walmart", "OTHER", "THEIRS", "OURS"))).messages(record))
    assert (one["key"], one["body"], one["version"]) == (f"{kind}:walmart:MAIN:OURS", record.value, 3)


def test_a_newer_number_keeps_its_own_version() -> None:
    """Else two numbers told after the entry were one version."""
    before = tables(("walmart", "", "THEIRS", "OURS"), at=datetime.fromtimestamp(0.001, UTC))
    (one,) = sent(router(before).messages(canonical("availability", OFFERED)))
    assert one["version"] == 3


def test_an_entry_from_a_clock_that_is_ahead_gives_no_version_of_the_future() -> None:
    """INV-5: else every number of the next hours would be of one version."""
    ahead = tables(("walmart", "", "THEIRS", "OURS"), at=NOW + timedelta(hours=3))
    (one,) = sent(router(ahead).messages(canonical("availability", OFFERED)))
    assert one["version"] == int(NOW.timestamp() * 1000)


@pytest.mark.parametrize(("entity", "body", "kind"), OUT)
def test_several_items_of_one_sku_are_told_the_same(entity: str, body: dict[str, Any], kind: str) -> None:
    """Each its own delivery; Odoo's word is among them when an entry says so. A product that has an item of its own word is listed as that
    only: another code of it must not be listed anew."""
    entries = [("walmart", "", "A", "OURS"), ("walmart", "MAIN", "B", "OURS")]
    made = sent(router(tables(*entries)).messages(canonical(entity, body)))
    assert [one["key"].rpartition(":")[2] for one in made] == ["A", "B"]
    made = sent(router(tables(*entries, ("walmart", "", "OURS", "OURS"))).messages(canonical(entity, body)))
    assert [one["key"].rpartition(":")[2] for one in made] == (["OURS"] if entity == "product" else ["A", "B", "OURS"])
    assert len({one["id"] for one in made}) == len(made)


def test_a_word_that_was_given_to_another_sku_is_not_told_by_its_namesake() -> None:
    """Ambiguous, and not silent: the outcome says why nothing went out."""
    messages = router(tables(("walmart", "", "OURS", "OTHER"))).messages(canonical("availability", OFFERED))
    (ended,) = messages
    assert ended.topic == "outcomes"
    assert (told(ended)["result"], told(ended)["reason"]) == ("excluded", "sku_taken")


def test_an_account_may_call_it_otherwise_than_the_others() -> None:
    table = tables(("walmart", "", "A", "OURS"), ("walmart", "MAIN", "A", "SPECIAL"))
    (one,) = sent(router(table).messages(canonical("availability", OFFERED | {"sku": "SPECIAL"})))
    assert one["key"].endswith(":A")
    # The general entry means nothing on MAIN: OURS is called OURS there.
    (one,) = sent(router(table).messages(canonical("availability", OFFERED)))
    assert one["key"].endswith(":OURS")


def test_what_an_order_asks_counts_on_odoos_sku() -> None:
    """INV-3."""
    body: Any = order(order_id="99001")
    theirs = body["lines"][0]["sku"]
    made = router(tables(("walmart", "", theirs, "OURS"))).messages(canonical("order", body))
    (demand,) = [m for m in made if m.topic == "demand"]
    value = CODEC.decode("demand", demand.value)
    assert (demand.key, value["sku"], value["external"]) == (b"sku:OURS", "OURS", theirs)


@pytest.mark.parametrize("entity", ["order", "return_order", "listing"])
@pytest.mark.parametrize(("pilot", "phase"), [("OURS", "deliver"), ("THEIRS", "shadow")])
def test_a_pilot_is_about_odoos_skus_also_of_what_comes_in(entity: str, pilot: str, phase: str) -> None:
    """OPS-7."""
    bodies: dict[str, Any] = {
        "order": order(order_id="99001"),
        "return_order": body_of("return_order", key="walmart:MAIN:return:1", order_key="walmart:MAIN:99001"),
        "listing": body_of("listing", key="walmart:MAIN:item:THEIRS", sku="THEIRS"),
    }
    body = bodies[entity]
    for line in body.get("lines", ()):
        line["sku"] = "THEIRS"
    messages = router(tables(("walmart", "", "THEIRS", "OURS")), Pilot(skus=pilot)).messages(canonical(entity, body))
    assert {m.topic.partition(".")[0] for m in messages if ".odoo" in m.topic} == {phase}


def test_the_listing_that_stock_waits_for_is_asked_for_by_odoos_sku() -> None:
    """INV-4."""
    changes = {"destination": "walmart", "operation": "set_stock", "result": "held", "reason": "mapping"}
    table = tables(("walmart", "", "THEIRS", "OURS"))
    [wish] = router(table).messages(on_outcomes(key="stock:walmart:MAIN:THEIRS", **changes))
    assert CODEC.decode("poll_command", wish.value)["ids"] == ["OURS"]
    # OURS is not called so there any more: its product would not be listed under that word.
    assert router(table).messages(on_outcomes(key="stock:walmart:MAIN:OURS", **changes)) == []
    # An old code of an article that has an item of its own: not to be listed again.
    both = tables(("walmart", "", "OLD", "OURS"), ("walmart", "", "OURS", "OURS"))
    assert router(both).messages(on_outcomes(key="stock:walmart:MAIN:OLD", **changes)) == []
