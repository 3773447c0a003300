"""PO-1, EVT-4, REC: purchase orders in front of the 1688 sandbox: each part becomes exactly one order, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.errors import NO_ORDER
from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.alibaba.sandbox.sellers import SELLERS
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.sink import CANCEL, CREATE, AlibabaSink
from connectors.kit.errors import DataError
from connectors.kit.jobs import sending
from connectors.kit.ports import Delivery, Known, Outcome, Result
from schemas.reasons import Reason
from schemas.records import PurchaseLine, PurchaseOrder
from tests.contract.alibaba_box import CREATE as CREATE_API
from tests.contract.alibaba_box import LIST, Json, Shop, alibaba_box
from tests.contract.alibaba_connected import connected, now_of, settings_of
from tests.unit.test_alibaba_purchase_plan import line
from tests.unit.test_alibaba_purchase_plan import purchase as plain_purchase

ON_CREATE = "fastCreateOrder"


def purchase(*lines: PurchaseLine, seller: str = "s1", **changes: Any) -> PurchaseOrder:
    return plain_purchase(*lines, **{"supplier": f"alibaba:main:{SELLERS[seller].open_id}", **changes})


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box(offers=4) as box:
        yield Shop(box)


def wanted(number: int, offer: Json, place: int = 0, quantity: int = 2, price: int | None = None) -> PurchaseLine:
    """A line for a spec of an offer, at its own price unless `price` (fen) says otherwise."""
    spec = offer["specs"][place]
    amount = Decimal(spec["price"] if price is None else price).scaleb(-2)
    return line(number, f"{offer['id']}/{spec['sku_id']}/{spec['spec_id']}", str(quantity), f"{amount:.2f}")


def two_lines(shop: Shop, **changes: Any) -> PurchaseOrder:
    return purchase(wanted(1, shop.first()), wanted(2, shop.first(), 1, 3), **changes)


@dataclass
class Buying:
    """A sink as the stage drives it: announcements are kept as open jobs, jobs come back, the clock moves on."""

    shop: Shop
    client: AlibabaClient
    settings: AlibabaSettings
    purchases: AlibabaPurchases
    sink: AlibabaSink = field(init=False)
    open_jobs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Another process."""
        self.sink = AlibabaSink(self.settings, self.purchases, lambda _: self.client, lambda: now_of(self.shop.box))

    async def once(
        self, order: PurchaseOrder, operation: str = CREATE, job: str = "", known: Known | None = None
    ) -> Outcome:
        delivery = Delivery(
            "d1", operation, True, order["key"], "odoo", "main", order["version"], "", "c1", order, known=known, job=job,
            open_jobs=tuple(self.open_jobs),
        )  # fmt: skip
        if self.sink.announces(delivery):
            self.open_jobs.append(sending(order["version"], now_of(self.shop.box)))
        told = Delivery(
            **{**{name: getattr(delivery, name) for name in Delivery.__slots__}, "open_jobs": tuple(self.open_jobs)}
        )
        (outcome,) = await self.sink.deliver([told])
        self.open_jobs.clear()
        return outcome

    async def through(self, order: PurchaseOrder, operation: str = CREATE, known: Known | None = None) -> Outcome:
        """Until it is settled, as retry tiers bring it back."""
        job = ""
        for _ in range(40):
            outcome = await self.once(order, operation, job, known)
            again = outcome.result is Result.SUBMITTED or outcome.reason in (
                Reason.TRANSIENT,
                Reason.THROTTLED,
                Reason.CONFLICT,
            )
            if not again:
                return outcome
            job = outcome.job or job
            self.shop.box.clock.tick(max(outcome.retry_after or 0, 30))
        raise AssertionError(f"never settled: {outcome}")

    def hide(self) -> None:
        """From now on the platform shows no order by its number."""
        real = self.client.call

        async def call(name: str, *given: Any, **named: Any) -> Any:
            if name == "order_view":
                raise DataError("there is no such order", code=NO_ORDER)
            return await real(name, *given, **named)

        self.client.call = call  # type: ignore[method-assign]

    def orders(self) -> list[Json]:
        found: dict[str, Json] = self.shop.box.http.get("/sandbox/snapshot").json()["orders"]
        return [self.shop.told(one) for one in found]

    def doubled(self) -> Any:
        return self.shop.box.http.get("/sandbox/snapshot", params={"sections": "doubled"}).json()["doubled"]


@asynccontextmanager
async def buying(shop: Shop, folder: Path, **changes: Any) -> AsyncIterator[Buying]:
    plain = {"addresses": {"default": {"address_id": "1234567"}}, "reference_prefix": "CW-", "freight_tolerance": 10}
    settings = settings_of(shop.box, folder)
    async with connected(shop.box, settings) as client:
        yield Buying(shop, client, settings, AlibabaPurchases(**{**plain, **changes}))


def body_of(outcome: Outcome) -> Any:
    (event,) = outcome.events
    assert (event.entity, event.key) == ("purchase_result", "odoo:purchase_order:7")
    return event.body


async def test_a_purchase_order_becomes_one_order(shop: Shop, tmp_path: Path) -> None:
    """PO-1, EVT-4: with its reference and address; a second delivery changes nothing."""
    order = two_lines(shop)
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(order)
        assert made.result is Result.APPLIED
        again = await buyer.once(order)
        assert again.result is Result.ALREADY_APPLIED
        (one,) = buyer.orders()
    assert (one["out_order_id"], one["address"]["city"]) == ("CW-P00007", "杭州市")
    assert [each["quantity"] for each in one["lines"]] == [2, 3]
    told = body_of(made)
    assert (told["status"], told["differences"], told["problems"]) == ("created", [], [])
    assert told["orders"][0]["order_id"] == made.remote_id == again.remote_id == one["id"]
    assert told["orders"][0]["line_ids"] == ["1", "2"]
    assert told["orders"][0]["freight"] == {"amount": "8.00", "currency": "CNY"}
    assert body_of(again)["orders"] == told["orders"]


FAULTS: dict[str, list[Json]] = {
    "answer_502": [{"kind": "answer_502", "path": ON_CREATE, "limit": 1}],
    "lost": [{"kind": "lost", "path": ON_CREATE, "limit": 1}],
    "truncated": [{"kind": "truncated", "path": ON_CREATE, "limit": 1}],
    "malformed": [{"kind": "malformed", "path": ON_CREATE, "limit": 1}],
    "reset": [{"kind": "reset", "path": ON_CREATE, "limit": 1}],
    "status": [{"kind": "status", "code": 503, "path": ON_CREATE, "limit": 2}],
    "flow_control": [{"kind": "flow_control", "path": ON_CREATE, "limit": 2}],
    "expired_token": [{"kind": "expired_token", "path": ON_CREATE, "limit": 1}],
    "late and lost": [{"kind": "late_in_list", "limit": 1}, {"kind": "lost", "path": ON_CREATE, "limit": 1}],
    "late and 502": [{"kind": "late_in_list", "limit": 1}, {"kind": "answer_502", "path": ON_CREATE, "limit": 1}],
    "flat": [{"kind": "flat_answer", "limit": 1}],
    "flat_false": [{"kind": "flat_false", "limit": 1}],
    "list down": [
        {"kind": "late_in_list", "limit": 1}, {"kind": "lost", "path": ON_CREATE, "limit": 1},
        {"kind": "status", "path": "getBuyerOrderList", "skip": 1, "limit": 9},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
async def test_whatever_becomes_of_an_answer_there_is_one_order(shop: Shop, tmp_path: Path, name: str) -> None:
    """EVT-4: adopted, or sent again when two looks apart found nothing."""
    order = two_lines(shop)
    async with buying(shop, tmp_path) as buyer:
        shop.box.faults(*FAULTS[name])
        outcome = await buyer.through(order)
        shop.box.faults()
        assert outcome.ok
        shop.box.clock.tick(60)
        assert [one["id"] for one in buyer.orders()] == [outcome.remote_id]
        assert body_of(outcome)["status"] == "created"
        assert (await buyer.through(order)).result is Result.ALREADY_APPLIED


@pytest.mark.parametrize("step", range(6))
@pytest.mark.parametrize("late", [False, True])
async def test_a_process_that_dies_at_any_step_leaves_one_order_of_each_part(
    shop: Shop, tmp_path: Path, step: int, late: bool
) -> None:
    """EVT-4: killed right after its call number `step`, of two parts; another process goes on, with what was announced."""
    offers = shop.box.control("/sandbox/offers", count=20, seed=21, seller="s1")["offers"]
    specs = [(offer, place) for offer in offers for place in range(len(offer["specs"]))][:51]
    order = purchase(*(wanted(at, offer, place, 5) for at, (offer, place) in enumerate(specs, 1)))
    async with buying(shop, tmp_path, price_tolerance_percent=100) as buyer:
        if late:
            shop.box.faults({"kind": "late_in_list", "limit": 2})
        real, calls = buyer.client.call, [0]

        async def killed(*given: Any, **named: Any) -> Any:
            answer = await real(*given, **named)
            calls[0] += given[0] not in ("product_detail", "addresses")
            if calls[0] == step + 1:
                raise asyncio.CancelledError
            return answer

        buyer.client.call = killed  # type: ignore[method-assign]
        with pytest.raises(asyncio.CancelledError):
            await buyer.once(order)
        buyer.client.call = real  # type: ignore[method-assign]
        buyer.restart()
        shop.box.clock.tick(3)
        outcome = await buyer.through(order)
        assert outcome.ok, outcome
        assert sorted(one["out_order_id"] for one in buyer.orders()) == ["CW-P00007", "CW-P00007-2"]
        assert buyer.doubled() in ({}, [])


@pytest.mark.parametrize("seed", range(6))
async def test_a_bad_day_makes_no_second_order(shop: Shop, tmp_path: Path, seed: int) -> None:
    """EVT-4: faults drawn by seed, on creations and on the list that is looked at."""
    bad: list[Json] = [
        {"kind": kind, "path": ON_CREATE, "rate": 0.3} for kind in ("lost", "answer_502", "reset", "flow_control")
    ]
    bad += [
        {"kind": "late_in_list", "rate": 0.5},
        {"kind": "split_order", "rate": 0.3},
        {"kind": "flat_false", "rate": 0.3},
    ]
    bad += [{"kind": "status", "path": "getBuyerOrderList", "rate": 0.2}]
    async with buying(shop, tmp_path) as buyer:
        shop.box.http.put("/sandbox/faults", json={"rules": bad, "seed": seed}).raise_for_status()
        outcome = await buyer.through(two_lines(shop))
        shop.box.faults()
        assert sum(one["quantity"] for order in buyer.orders() for one in order["lines"]) == (5 if outcome.ok else 0)
        assert outcome.ok or "may have been ordered" in outcome.detail
        assert buyer.doubled() in ({}, [])


async def test_what_was_ordered_before_and_is_not_shown_any_more_is_for_a_person(shop: Shop, tmp_path: Path) -> None:
    """EVT-4: the list goes three months back, and may leave an order out."""
    order = two_lines(shop)
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(order)
        shop.box.control(f"/sandbox/orders/{made.remote_id}/age", days=200)
        assert shop.box.ask(LIST, outOrderId="CW-P00007")["result"] == []
        buyer.hide()
        known = Known(3, "", made.remote_model, made.remote_id)
        changed = purchase(*order["lines"], version=9)
        first = await buyer.once(changed, known=known)
        assert (first.result, first.retry_after) == (Result.SUBMITTED, 60)
        outcome = await buyer.through(changed, known=known)
        assert (outcome.reason, len(buyer.orders())) == (Reason.RULE, 1)
        assert made.remote_id in body_of(outcome)["problems"][0]["text"]


async def test_a_split_order_is_one_purchase(shop: Shop, tmp_path: Path) -> None:
    """PO-1: all its numbers are kept, and found again."""
    async with buying(shop, tmp_path) as buyer:
        shop.box.faults({"kind": "split_order", "limit": 1})
        made = await buyer.once(two_lines(shop))
        assert (made.result, len(body_of(made)["orders"])) == (Result.APPLIED, 2)
        again = await buyer.once(two_lines(shop))
        assert again.result is Result.ALREADY_APPLIED
        found = body_of(again)
    assert found["status"] == "created"
    assert sorted(one["line_ids"] for one in found["orders"]) == [["1"], ["2"]]
    assert sorted(made.remote_id.split(",")) == sorted(again.remote_id.split(","))


async def test_what_was_left_out_of_an_order_is_told(shop: Shop, tmp_path: Path) -> None:
    """PO-1: the rest is ordered and stays so; nothing is sent a second time."""
    async with buying(shop, tmp_path) as buyer:
        shop.box.faults({"kind": "partial_order", "limit": 1})
        made = await buyer.once(two_lines(shop))
        told = body_of(made)
        assert (made.result, told["status"], made.notes) == (Result.APPLIED, "partly", ("purchase_partly",))
        assert [(one["line_id"], one["code"]) for one in told["problems"]] == [("2", "500_004")]
        assert told["orders"][0]["line_ids"] == ["1"]
        again = body_of(await buyer.once(two_lines(shop)))
        assert [(one["what"], one["line_id"], one["ours"], one["theirs"]) for one in again["differences"]] == [
            ("quantity", "2", "3", "0")
        ]
        assert len(buyer.orders()) == 1


@pytest.mark.parametrize(("kind", "what"), [("price_moved", "total"), ("freight_moved", "freight")])
async def test_a_price_that_moves_at_the_last_moment_is_told(shop: Shop, tmp_path: Path, kind: str, what: str) -> None:
    """PO-1: the order exists; an exception for the buyer."""
    async with buying(shop, tmp_path) as buyer:
        shop.box.faults({"kind": kind, "limit": 1})
        made = await buyer.once(two_lines(shop))
        told = body_of(made)
    assert (made.result, told["status"]) == (Result.APPLIED, "differs")
    assert [one["what"] for one in told["differences"]] == [what]
    assert len(told["orders"]) == 1


async def test_another_price_is_not_ordered_unless_that_is_wanted(shop: Shop, tmp_path: Path) -> None:
    """PO-1: `stop` and `note`."""
    dear = purchase(wanted(1, shop.first(), price=1000))
    async with buying(shop, tmp_path) as buyer:
        stopped = await buyer.once(dear)
        assert (stopped.reason, body_of(stopped)["status"], buyer.orders()) == (Reason.RULE, "differs", [])
        assert {one["what"] for one in body_of(stopped)["differences"]} == {"price", "total"}
    async with buying(shop, tmp_path, on_difference="note") as buyer:
        noted = await buyer.once(dear)
        assert (noted.result, body_of(noted)["status"], len(buyer.orders())) == (Result.APPLIED, "differs", 1)
        assert [one["what"] for one in body_of(noted)["differences"]] == ["price", "total"]


async def test_what_is_refused_is_said_in_words(shop: Shop, tmp_path: Path) -> None:
    """PO-1, ERR-3: nothing is ordered."""
    async with buying(shop, tmp_path) as buyer:
        short = await buyer.once(purchase(wanted(1, shop.first(), quantity=1_000_000)))
        assert short.reason is Reason.RULE
        (why,) = body_of(short)["problems"]
        assert (why["code"], "not enough in stock" in why["text"]) == ("500_004", True)
        wrong = await buyer.once(purchase(line(1, "LD-01")))
        assert (wrong.reason, body_of(wrong)["problems"][0]["line_id"]) == (Reason.DATA, "1")
    async with buying(shop, tmp_path, addresses={}) as buyer:
        nowhere = await buyer.once(two_lines(shop))
        assert (nowhere.reason, "delivery address" in nowhere.detail) == (Reason.DATA, True)
        assert body_of(nowhere)["status"] == "failed"
        assert buyer.orders() == []


async def test_what_the_offers_ask_is_said_by_line(shop: Shop, tmp_path: Path) -> None:
    """PO-1: another supplier's offer, a variant made anew, too few; nothing is ordered."""
    offer = shop.first()
    async with buying(shop, tmp_path) as buyer:
        other = await buyer.once(purchase(wanted(1, offer), seller="s6"))
        assert "of another supplier" in other.detail
        few = shop.offer(seed=13, minimum=10, batch=5, seller="s1")
        less = await buyer.once(purchase(wanted(1, offer), wanted(2, few, quantity=5)))
        assert [(one["line_id"], "at least 10" in one["text"]) for one in body_of(less)["problems"]] == [("2", True)]
        old = purchase(wanted(1, offer))
        shop.box.control(f"/sandbox/offers/{offer['id']}/change", kind="respec", spec=offer["specs"][0]["spec_id"])
        assert "no such variant any more" in (await buyer.once(old)).detail
        assert buyer.orders() == []


async def test_two_orders_of_one_part_are_for_a_person(shop: Shop, tmp_path: Path) -> None:
    """EVT-4: somebody ordered it by hand too; nothing is sent, nothing is chosen."""
    order = two_lines(shop)
    lines = [shop.cargo(shop.first(), 2), shop.cargo(shop.first(), 3, 1)]
    async with buying(shop, tmp_path) as buyer:
        for _ in range(2):
            shop.order(*lines, outOrderId="CW-P00007")
        outcome = await buyer.once(order)
        assert (outcome.reason, len(buyer.orders())) == (Reason.RULE, 2)
        assert "several orders" in outcome.detail


async def test_a_preview_says_what_would_be_ordered(shop: Shop, tmp_path: Path) -> None:
    """OPS-7: reads only."""
    async with buying(shop, tmp_path) as buyer:
        delivery = Delivery("d1", CREATE, True, "k", "odoo", "main", 1, "", "c", two_lines(shop))
        ((shown,),) = await buyer.sink.preview([delivery])
        assert (shown.field, shown.refused) == ("order CW-P00007", False)
        assert "freight 8 CNY" in shown.would_be
        assert buyer.orders() == []


async def test_an_unpaid_order_is_cancelled_and_a_paid_one_is_told(shop: Shop, tmp_path: Path) -> None:
    """PO-1: ten seconds after it was made at the earliest; lost answers do no harm."""
    order = two_lines(shop)
    gone = two_lines(shop, state="cancel", version=4)
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(order)
        assert (await buyer.once(gone, CANCEL)).reason is Reason.CONFLICT
        shop.box.clock.tick(11)
        shop.box.faults({"kind": "lost", "path": "alibaba.trade.cancel", "limit": 1})
        outcome = await buyer.through(gone, CANCEL)
        assert (outcome.ok, body_of(outcome)["status"]) == (True, "cancelled")
        assert [one["line_ids"] for one in body_of(outcome)["orders"]] == [["1", "2"]]
        assert shop.told(made.remote_id)["status"] == "cancel"
        assert (await buyer.through(gone, CANCEL)).result is Result.ALREADY_APPLIED
        once_more = await buyer.once(order)
        assert (once_more.reason, len(buyer.orders())) == (Reason.RULE, 1)


async def test_a_paid_order_is_not_cancelled(shop: Shop, tmp_path: Path) -> None:
    """PO-1: the buyer is told to ask for a refund."""
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(two_lines(shop))
        shop.change(made.remote_id, "pay")
        outcome = await buyer.once(two_lines(shop, state="cancel", version=4), CANCEL)
        assert (outcome.reason, body_of(outcome)["status"]) == (Reason.RULE, "not_cancelled")
        assert "refund" in body_of(outcome)["problems"][0]["text"]
        assert shop.told(made.remote_id)["status"] == "waitsellersend"


def test_the_create_api_is_the_one_faults_are_set_for() -> None:
    """TEST-1: else nothing above would strike."""
    assert ON_CREATE in CREATE_API
