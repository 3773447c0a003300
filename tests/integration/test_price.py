"""PRC-1: a large change of a price waits for a person, on a real broker through the real stage and the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from schemas.codec import Codec
from schemas.record import Message
from schemas.topics import APPROVALS, ENTITIES, PRICE_LEDGER
from streams.cli import price as price_cli
from streams.failure.held import ReleaseWorker
from streams.failure.held_list import read_held
from streams.failure.heldbook import Held
from streams.failure.routing import FailureRouting
from streams.pricing_settings import PricingSettings
from streams.runtime import Partition
from streams.settings import Settings
from streams.stages.pricing.stage import PRICES, PricingStage
from streams.stages.pricing.waiting import Wants
from streams.worker import now
from tests.integration.failure_kit import now_ms, running, send, unique
from tests.integration.stages_kit import Line, chunks, registry_of, settings_of
from tests.unit.pricing.test_offered import price
from tests.waiting import until

CHANNEL = ("walmart", "main")
OFFERS = ENTITIES["price_offer"].every


@dataclass
class Shop:
    """One SKU, its prices, and the stage: `work` feeds it what came since the last time, in a process of its own every time."""

    settings: Settings
    codec: Codec
    sku: str
    since_ms: int = field(default_factory=now_ms)
    seen: set[str] = field(default_factory=set)
    version: int = 0

    @property
    def line(self) -> Line:
        return Line(self.settings, self.codec, self.sku, CHANNEL, {}, self.since_ms)

    def set_price(self, amount: str, currency: str = "USD", **more: Any) -> None:
        """Odoo says so."""
        self.version += 1
        body = price(amount, currency, key=f"sku:{self.sku}", sku=self.sku, version=self.version, **more)
        record = self.line.canonical("price", body, self.version)
        send(self.settings, [Message(PRICES, record.key, record.value, record.headers)])

    async def work(self) -> None:
        """A stage that knows nothing but what `price.ledger` holds."""
        stage = PricingStage(self.settings, self.codec, FailureRouting(self.codec, self.settings), (CHANNEL,), now)
        await stage.start(self.line.context())
        new = [record for record in self.line.of(*PricingStage.topics) if record.origin not in self.seen]
        self.seen |= {record.origin for record in new}
        await stage.assigned({Partition(record.topic, record.partition) for record in new})
        for chunk in chunks(sorted(new, key=lambda record: record.timestamp_ms)):
            await stage.process(chunk)
        await stage.stop()

    def offers(self) -> list[tuple[str, str]]:
        """(price, who approved) of every offer made."""
        return [(offer["price"]["amount"], offer["approval"]) for offer in self.line.decoded("price_offer", OFFERS)]

    def states(self) -> list[str]:
        return [approval["state"] for approval in self.line.decoded("approval", APPROVALS)]

    def waiting(self) -> list[dict[str, Any]]:
        """What the command line shows of this SKU."""
        shown: list[dict[str, Any]] = json.loads(cli("proposals", "--json").stdout)["proposals"]
        return [item for item in shown if item["sku"] == self.sku]


def cli(*args: str) -> Result:
    return CliRunner().invoke(price_cli.app, list(args))


@pytest.fixture
def shop(bootstrap: str, registry_url: str, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", bootstrap)
    monkeypatch.setenv("CAUSEWAY_REGISTRY__URL", registry_url)
    codec = Codec(registry_of(registry_url))
    monkeypatch.setattr("schemas.codec.Codec", lambda _: codec)
    monkeypatch.setattr("schemas.registry.Registry", lambda _: None)
    return Shop(settings_of(bootstrap, registry_url), codec, unique("SKU"))


@pytest.fixture
def proposed(shop: Shop) -> Callable[[], Any]:
    """A price of 10.00 that is told, and one of 15.00 that waits."""

    async def make() -> str:
        shop.set_price("10.00")
        await shop.work()
        shop.set_price("15.00")
        await shop.work()
        (item,) = shop.waiting()
        return str(item["id"])

    return make


async def test_the_first_price_of_a_product_made_for_an_order_waits_for_a_person(shop: Shop) -> None:
    """PRC-1, ORD-9: by default settings; the proposal says why, and goes out with the name of who approved it."""
    shop.set_price("24.99", unreviewed=True)
    await shop.work()
    assert shop.offers() == []
    (item,) = shop.waiting()
    assert (item["after"], item["why"]) == ("24.99 USD", "made for an order; nobody has looked at its price yet")
    assert cli("approve", item["id"], "--yes", "--note", "as it is asked there").exit_code == 0
    await shop.work()
    ((amount, actor),) = shop.offers()
    assert (amount, actor != "none") == ("24.99", True)


async def test_a_small_change_goes_out_and_a_large_one_is_proposed(shop: Shop) -> None:
    for amount in ("10.00", "11.00", "15.00"):
        shop.set_price(amount)
        await shop.work()
    assert shop.offers() == [("10.00", "none"), ("11.00", "none")]
    (item,) = shop.waiting()
    assert (item["before"], item["after"], item["channel"]) == ("11.00 USD", "15.00 USD", "walmart")
    assert "more than 20 %" in item["why"]
    explained = json.loads(cli("explain", shop.sku, "--json").stdout)
    assert [told["price"]["amount"] for told in explained["offers"]] == ["11.00"]
    assert [offer["proposal"] for offer in explained["channels"]] == [item["id"]]
    assert "waits" in cli("explain", shop.sku).stdout


async def test_what_is_approved_goes_out_in_the_name_of_who_approved(shop: Shop, proposed: Callable[[], Any]) -> None:
    number = await proposed()
    done = cli("approve", number[:12], "--yes", "--note", "new season")
    assert done.exit_code == 0, done.output
    assert f"{shop.sku} at walmart main: 10.00 USD -> 15.00 USD" in done.stdout
    await shop.work()
    (_, (amount, actor)) = shop.offers()
    assert amount == "15.00"
    (audit,) = shop.line.decoded("audit", "audit")
    assert (audit["action"], audit["actor"], audit["note"]) == ("approved", actor, "new season")
    assert shop.states() == ["proposed", "approved"]
    assert shop.waiting() == []
    assert cli("approve", number, "--yes").exit_code == 1  # it waits no more


async def test_what_is_rejected_stays_and_is_not_proposed_again(shop: Shop, proposed: Callable[[], Any]) -> None:
    number = await proposed()
    assert cli("reject", number, "--yes").exit_code == 0
    await shop.work()
    shop.set_price("15.00")  # Odoo says it once more
    await shop.work()
    assert shop.offers() == [("10.00", "none")]
    assert shop.waiting() == []
    shop.set_price("16.00")
    await shop.work()
    assert len(shop.waiting()) == 1


async def test_an_answer_to_a_price_that_moved_meanwhile_changes_nothing(
    shop: Shop, proposed: Callable[[], Any]
) -> None:
    """What was approved is no longer what would go out."""
    number = await proposed()
    assert cli("approve", number, "--yes").exit_code == 0
    answers = [record for record in shop.line.of(APPROVALS) if record.origin not in shop.seen]
    shop.seen |= {record.origin for record in answers}  # it comes after the next price
    shop.set_price("18.00")
    await shop.work()
    shop.seen -= {record.origin for record in answers}
    await shop.work()
    assert shop.offers() == [("10.00", "none")]
    (item,) = shop.waiting()
    assert item["after"] == "18.00 USD"


async def test_nobody_is_asked_for_what_does_not_wait(shop: Shop, proposed: Callable[[], Any]) -> None:
    number = await proposed()
    for wrong in ("0123456789ab", number[:7]):
        refused = cli("approve", wrong, "--yes")
        assert refused.exit_code == 1
        assert "no proposals that wait" in refused.output
    unsure = cli("reject", number)  # nobody to ask, and no --yes
    assert unsure.exit_code == 2
    assert shop.states() == ["proposed"]
    assert cli("explain", unique("SKU")).exit_code == 1


async def test_a_stage_that_starts_again_knows_what_waits(shop: Shop, proposed: Callable[[], Any]) -> None:
    """Every `work` is a stage of its own: without its ledger on Kafka the second price would be a first one."""
    number = await proposed()
    ledgers = shop.line.decoded("price_ledger", PRICE_LEDGER)
    assert [offer["proposal"] for offer in ledgers[-1]["offers"]] == [number]
    shop.set_price("10.00")  # back to what is asked already
    await shop.work()
    assert shop.states() == ["proposed", "superseded"]
    assert shop.waiting() == []


async def test_a_price_without_a_rate_is_held_and_goes_on_by_itself(shop: Shop) -> None:
    """PRC-1: until the workers start with the rate; the command says what it waits for."""
    shop.set_price("10.00", "EUR")
    await shop.work()

    def waits() -> list[Held]:
        return read_held(shop.settings, shop.codec, key=f"sku:{shop.sku}").items

    (item,) = waits()
    assert (item.failed["destination"], item.waiting_for) == ("pricing", "rate:walmart:main:EUR/USD")
    assert "for rate:walmart:main:EUR/USD" in cli("explain", shop.sku).stdout
    rated = PricingSettings(rates={"EUR/USD": Decimal("1.10")})
    shop.settings = shop.settings.model_copy(update={"pricing": rated})
    worker = ReleaseWorker(shop.settings, shop.codec, {"pricing": Wants(rated)}, group=unique("group"))
    with running(worker.run):
        # In a thread: the worker asks in this loop.
        await asyncio.to_thread(until, lambda: not waits(), "it was released")
    await shop.work()
    assert shop.offers() == [("11.00", "none")]
    assert waits() == []
