"""PO-1, EVT-4: a purchase order that is renamed while nobody knows what became of its creation: whatever happens in whatever order, there are never
two living orders of it. Driven as the stage drives it, with its own memory of what was announced and submitted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connectors.alibaba.sink import CANCEL, CREATE
from connectors.kit.jobs import parse, sending
from connectors.kit.ports import Delivery, Known, Result
from schemas.headers import decode_failure
from schemas.reasons import Reason
from schemas.record import Record
from schemas.records import PurchaseOrder
from streams.runtime import Chunk
from tests.contract.alibaba_box import Json, Shop, alibaba_box
from tests.contract.alibaba_connected import now_of
from tests.contract.test_alibaba_purchase_refused import TOPIC, record
from tests.contract.test_alibaba_purchase_stale import KEY, followed
from tests.contract.test_alibaba_purchases import ON_CREATE, Buying, body_of, buying, purchase, two_lines, wanted
from tests.unit.stages.test_deliver import CODEC

LATE: Json = {"kind": "late_in_list", "limit": 1}


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box(offers=4) as box:
        yield Shop(box)


def alive(buyer: Buying) -> dict[str, str]:
    return {one["id"]: one["out_order_id"] for one in buyer.orders() if one["status"] != "cancel"}


@dataclass
class Lane:
    """The stage and the topics around it. A kill ends the process in the middle of a delivery; the next one has what was told, and gets it again."""

    buyer: Buying
    told: list[Any] = field(default_factory=list)  # of processes that have died
    waiting: list[Record] = field(default_factory=list)
    facts: list[PurchaseOrder] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    kill_at: int = 0  # the call to 1688 after which the process dies, 0: none

    def __post_init__(self) -> None:
        self._real = self.buyer.client.call
        self.buyer.client.call = self._call  # type: ignore[method-assign]
        self._begin()

    def _begin(self) -> None:
        self.stage, self.producer, self._published = followed(self.buyer)
        self.stage._keys.learn(0, [_as_record(one) for one in self.told if one.topic == "state.alibaba"])
        for order in self.facts:
            self._published.says(order)

    async def _call(self, *given: Any, **named: Any) -> Any:
        answer = await self._real(*given, **named)
        if self.kill_at and given[0] not in ("product_detail", "addresses"):
            self.kill_at -= 1
            if not self.kill_at:
                raise asyncio.CancelledError
        return answer

    def says(self, order: PurchaseOrder) -> None:
        """Odoo has it so from now on."""
        self.facts.append(order)
        self._published.says(order)
        self.waiting.insert(0, record(order, self.buyer))

    async def next(self) -> None:
        """The record that is due first, when it is due."""
        one = min(self.waiting, key=_due)
        clock = self.buyer.shop.box.clock
        clock.tick(max(0.0, _due(one) / 1000 - now_of(self.buyer.shop.box).timestamp()) + 1)
        begun = len(self.producer.sent)
        try:
            await self.stage.process(Chunk(TOPIC, 0, (one,)))
        except asyncio.CancelledError:
            self.told += self.producer.sent
            self.buyer.restart()
            self.buyer.shop.box.clock.tick(3)
            self._begin()
            return
        self.waiting.remove(one)
        for message in self.producer.sent[begun:]:
            if message.topic.startswith("retry."):
                self.waiting.append(_as_record(message))
            elif message.topic.startswith("dead."):
                self.dead.append(CODEC.decode("failed_record", message.value)["detail"])

    async def settle(self) -> None:
        for _ in range(80):
            if not self.waiting:
                return
            await self.next()
        raise AssertionError("never settled")


def _as_record(message: Any) -> Record:
    return Record(TOPIC, 0, 0, 0, message.key, message.value, message.headers or ())


def _due(one: Record) -> int:
    failure = decode_failure(one.headers)
    return failure.due if failure else 0


def units(buyer: Buying) -> list[int]:
    """Of each line that is alive at 1688."""
    return sorted(line["quantity"] for one in buyer.orders() if one["status"] != "cancel" for line in one["lines"])


@pytest.mark.parametrize("name", ["P00008", "2026-7"])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("step", range(1, 4))
async def test_renamed_after_a_process_died_at_any_step(
    shop: Shop, tmp_path: Path, step: int, late: bool, name: str
) -> None:
    """EVT-4: the older one is not carried out any more. What was made under the old name is found by when it was made, and a person says whose it is;
    where nothing was made, it is ordered under the new one."""
    async with buying(shop, tmp_path) as buyer:
        lane = Lane(buyer)
        shop.box.faults(*([LATE] if late else []))
        lane.says(two_lines(shop, name=name))
        lane.kill_at = step
        await lane.next()
        made = alive(buyer)
        lane.says(two_lines(shop, name="RENAMED", version=9))
        await lane.settle()
        assert units(buyer) == [2, 3]
        if not made:
            assert set(alive(buyer).values()) == {"CW-RENAMED"}
            return
        assert alive(buyer) == made
        (number,) = made
        (said,) = lane.dead
        assert (number in said, f"CW-{name}" in said) == (True, True)
        lane.says(two_lines(shop, name="RENAMED", version=10, supplier_reference=number))
        await lane.settle()
        assert (alive(buyer), lane.producer.outcomes()[KEY][-1]) == (made, "excluded")


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("seed", range(24))
async def test_whatever_happens_in_whatever_order_there_are_never_two(
    shop: Shop, tmp_path: Path, seed: int, late: bool
) -> None:
    """EVT-4: kills, lost answers, refusals and new names drawn by seed; what is left to a person is one or none."""
    chance = random.Random(seed)
    async with buying(shop, tmp_path) as buyer:
        lane = Lane(buyer)
        kinds = ("lost", "answer_502", "reset", "flow_control")
        rules: list[Json] = [{"kind": kind, "path": ON_CREATE, "rate": 0.15} for kind in kinds]
        rules += [{"kind": "late_in_list", "rate": 0.5}] if late else []
        shop.box.http.put("/sandbox/faults", json={"rules": rules, "seed": seed}).raise_for_status()
        lane.says(two_lines(shop))
        for version in range(4, 8):
            for _ in range(chance.randrange(4)):
                lane.kill_at = chance.choice((0, 0, 1, 2, 3, 4))
                if lane.waiting:
                    await lane.next()
                assert units(buyer) in ([], [2, 3]), version
            lane.says(two_lines(shop, name=chance.choice(("P00007", "P00008", "P00009")), version=version))
        lane.kill_at = 0
        shop.box.faults()
        await lane.settle()
        assert units(buyer) in ([2, 3], [] if lane.dead else [2, 3])
        assert buyer.doubled() in ({}, [])


async def test_another_process_that_dies_at_the_second_try_is_waited_for(shop: Shop, tmp_path: Path) -> None:
    """EVT-4: it came back with its own job, was sent once more, and the process died; the list shows that order late."""
    async with buying(shop, tmp_path) as buyer:
        lane = Lane(buyer)
        shop.box.faults({"kind": "reset", "path": ON_CREATE, "limit": 1})
        lane.says(two_lines(shop))
        await lane.next()
        assert (alive(buyer), len(lane.waiting)) == ({}, 1)
        shop.box.faults(LATE)
        before = len(buyer.orders())
        for _ in range(20):
            lane.kill_at = 3  # looked, previewed, created
            await lane.next()
            if len(buyer.orders()) > before:
                break
        lane.kill_at = 0
        await lane.settle()
        assert units(buyer) == [2, 3]


async def test_a_process_that_was_stopped_in_the_middle_and_goes_on_remembers(shop: Shop, tmp_path: Path) -> None:
    """EVT-4: its partition was taken and given back; the list shows late what it made."""
    async with buying(shop, tmp_path) as buyer:
        lane = Lane(buyer)
        shop.box.faults(LATE)
        lane.kill_at = 3  # looked, previewed, created
        with pytest.raises(asyncio.CancelledError):
            await buyer.once(two_lines(shop))
        buyer.open_jobs.clear()
        again = await buyer.once(two_lines(shop))
        assert (again.result, units(buyer)) == (Result.SUBMITTED, [2, 3])


def lost_under(buyer: Buying, *references: str, version: int = 3, since: int = 0) -> str:
    """The job of a creation that was sent a while ago."""
    sent = int(now_of(buyer.shop.box).timestamp()) - 30
    return f"lost:{sent}.0.1.{since}.{','.join(references)}|{version}"


def made_unheard(buyer: Buying, late: bool) -> tuple[str, str]:
    """Both lines of P00007 are ordered and the answer is lost: its job, and the order's number. late: 1688 shows it only later."""
    shop = buyer.shop
    job = lost_under(buyer, "CW-P00007")
    shop.box.faults(*([LATE] if late else []))
    return job, shop.order(shop.cargo(shop.first(), 2), shop.cargo(shop.first(), 3, 1), outOrderId="CW-P00007")


async def carried_out(buyer: Buying, order: PurchaseOrder, *jobs: str, operation: str = CREATE) -> Any:
    """Until it is settled, with these jobs open beside it."""
    job = ""
    for _ in range(20):
        buyer.open_jobs += jobs
        outcome = await buyer.once(order, operation, job)
        if outcome.result is not Result.SUBMITTED and outcome.reason is not Reason.CONFLICT:
            return outcome
        job = outcome.job
        buyer.shop.box.clock.tick(max(outcome.retry_after or 0, 30))
    raise AssertionError(f"never settled: {outcome}")


@pytest.mark.parametrize("late", [False, True])
async def test_a_lost_creation_is_found_under_the_name_it_was_sent_by(shop: Shop, tmp_path: Path, late: bool) -> None:
    """EVT-4: another delivery's doubt says it; adopted, also where it is seen late only. The preview orders nothing either."""
    async with buying(shop, tmp_path) as buyer:
        job, number = made_unheard(buyer, late)
        order = two_lines(shop, name="RENAMED", version=9)
        outcome = await carried_out(buyer, order, job)
        assert (outcome.result, outcome.remote_id) == (Result.ALREADY_APPLIED, number)
        (told,) = body_of(outcome)["orders"]
        assert (body_of(outcome)["status"], told["our_reference"]) == ("created", "CW-P00007")
        assert units(buyer) == [2, 3]
        delivery = Delivery("d2", CREATE, True, "k", "odoo", "main", 9, "", "c", order, open_jobs=(job,))
        assert await buyer.sink.preview([delivery]) == [[]]


async def test_what_never_arrived_is_ordered_under_the_new_name_and_both_are_remembered(
    shop: Shop, tmp_path: Path
) -> None:
    """EVT-4: after two looks, some time apart; when that answer is lost as well, a third name is held against both."""
    async with buying(shop, tmp_path) as buyer:
        job = lost_under(buyer, "CW-P00007")
        buyer.open_jobs.append(job)
        order = two_lines(shop, name="SECOND", version=9)
        first = await buyer.once(order)
        assert (first.result, first.retry_after, alive(buyer)) == (Result.SUBMITTED, 60, {})
        shop.box.clock.tick(61)
        shop.box.faults({"kind": "reset", "path": ON_CREATE, "limit": 1})
        second = await buyer.once(order, job=first.job)
        assert (second.result, alive(buyer)) == (Result.SUBMITTED, {})
        found = parse(second.job)
        assert found is not None
        assert found.id.endswith(".1.0.CW-P00007,CW-SECOND") or found.id.endswith(".2.0.CW-P00007,CW-SECOND")
        number = shop.order(shop.cargo(shop.first(), 2), shop.cargo(shop.first(), 3, 1), outOrderId="CW-SECOND")
        third = await carried_out(buyer, two_lines(shop, name="THIRD", version=12), second.job)
        assert (third.remote_id, units(buyer)) == (number, [2, 3])


def fifty_one(shop: Shop, **changes: Any) -> PurchaseOrder:
    offers = shop.box.control("/sandbox/offers", count=20, seed=21, seller="s1")["offers"]
    specs = [(offer, place) for offer in offers for place in range(len(offer["specs"]))][:51]
    return purchase(*(wanted(at, offer, place, 5) for at, (offer, place) in enumerate(specs, 1)), **changes)


async def test_what_was_begun_under_a_name_goes_on_under_it(shop: Shop, tmp_path: Path) -> None:
    """EVT-4: of two parts the first was made; all of them bear one name in the end, and known numbers lead to them."""
    async with buying(shop, tmp_path, price_tolerance_percent=100, freight_tolerance=1000) as buyer:
        shop.box.faults({"kind": "flow_control", "path": ON_CREATE, "skip": 1, "limit": 99})
        order = fifty_one(shop)
        half = await buyer.once(order)
        shop.box.faults()
        assert (half.result, list(alive(buyer).values())) == (Result.SUBMITTED, ["CW-P00007"])
        shop.box.clock.tick(60)
        again: Any = {**order, "name": "RENAMED", "version": 9}
        outcome = await carried_out(buyer, again, half.job)
        assert (outcome.result, sorted(alive(buyer).values())) == (Result.APPLIED, ["CW-P00007", "CW-P00007-2"])
        known = Known(9, "", "supplier_order", outcome.remote_id)
        later: Any = {**again, "version": 10}
        assert (await buyer.through(later, known=known)).result is Result.ALREADY_APPLIED
        assert len(alive(buyer)) == 2


@pytest.mark.parametrize("how", ["late", "hidden", "elsewhere", "cancelled"])
async def test_a_part_that_is_known_by_its_number_is_not_sent_again(shop: Shop, tmp_path: Path, how: str) -> None:
    """EVT-4: the list shows the second part late; by its number it is there. Where it is not, or is not called so, a person looks."""
    async with buying(shop, tmp_path, price_tolerance_percent=100, freight_tolerance=1000) as buyer:
        order = fifty_one(shop)
        shop.box.faults({**LATE, "skip": 1})
        made = await buyer.once(order)
        numbers = made.remote_id.split(",")
        assert (made.result, len(numbers)) == (Result.APPLIED, 2)
        if how == "hidden":
            buyer.hide()
        if how == "cancelled":
            shop.change(numbers[1], "close")
        if how == "elsewhere":
            shop.box.clock.tick(3600)
            other = shop.order(shop.cargo(shop.first()), outOrderId="CW-P00002")
            shop.box.control(f"/sandbox/orders/{numbers[1]}/age", days=200)
            numbers = [numbers[0], other]
        again: Any = {**order, "version": 4}
        known = Known(3, "", made.remote_model, ",".join(numbers))
        first = await buyer.once(again, known=known)
        if how == "late":
            assert (first.result, first.remote_id) == (Result.ALREADY_APPLIED, made.remote_id)
            assert body_of(first)["status"] == "created"
        elif how == "cancelled":
            assert (first.reason, "cancelled at 1688" in first.detail) == (Reason.RULE, True)
        else:
            assert (first.result, first.retry_after) == (Result.SUBMITTED, 60)
            if how == "elsewhere":
                last = await buyer.through(again, known=known)
                assert (last.reason, f"may have been ordered ({numbers[1]})" in last.detail) == (Reason.RULE, True)
        assert len(units(buyer)) == {"cancelled": 50, "elsewhere": 52}.get(how, 51)


@pytest.mark.parametrize("late", [False, True])
async def test_a_name_that_cannot_be_sent_hides_nothing(shop: Shop, tmp_path: Path, late: bool) -> None:
    """PO-1: it is told with its order, which is waited for; where there is none, nothing was ordered."""
    async with buying(shop, tmp_path) as buyer:
        job, number = made_unheard(buyer, late)
        bad = two_lines(shop, name="P00007 (urgent), 2|3", version=9)
        buyer.open_jobs.append(job)
        assert (await buyer.once(bad)).result is (Result.SUBMITTED if late else Result.FAILED)
        outcome = await carried_out(buyer, bad, job)
        told = body_of(outcome)
        assert (outcome.result, told["status"]) == (Result.FAILED, "differs")
        assert [one["order_id"] for one in told["orders"]] == [number]
        never = await carried_out(buyer, bad, lost_under(buyer, "CW-P00009"))
        assert (body_of(never)["status"], never.job) == ("failed", "")


@pytest.mark.parametrize("what", ["name", "number"])
async def test_a_taken_name_or_a_number_by_hand_makes_nobody_forget_the_old_name(
    shop: Shop, tmp_path: Path, what: str
) -> None:
    """EVT-4: what is said of it would be its end, so it is waited for before that is said; the list shows the order late."""
    async with buying(shop, tmp_path) as buyer:
        other = shop.order(shop.cargo(shop.first(1), 1), outOrderId="CW-TAKEN" if what == "name" else "")
        shop.box.faults(LATE)
        job = lost_under(buyer, "CW-P00007")
        number = shop.order(shop.cargo(shop.first(), 2), shop.cargo(shop.first(), 3, 1), outOrderId="CW-P00007")
        order = two_lines(shop, name="TAKEN", version=9, supplier_reference=other if what == "number" else "")
        outcome = await carried_out(buyer, order, job)
        assert (outcome.result, outcome.remote_id) == (Result.ALREADY_APPLIED, number)


async def test_nothing_is_waited_for_when_all_of_it_is_there(shop: Shop, tmp_path: Path) -> None:
    """PO-1: what is wrong with it is told at once."""
    async with buying(shop, tmp_path) as buyer:
        for _ in range(2):
            shop.order(shop.cargo(shop.first(), 2), shop.cargo(shop.first(), 3, 1), outOrderId="CW-P00007")
        buyer.open_jobs.append(lost_under(buyer, "CW-P00007"))
        outcome = await buyer.once(two_lines(shop, version=9))
        assert (outcome.reason, "several orders" in outcome.detail) == (Reason.RULE, True)


async def test_a_name_like_a_part_with_other_goods_is_for_a_person(shop: Shop, tmp_path: Path) -> None:
    """EVT-4: nobody can tell whose it is; nothing is ordered."""
    async with buying(shop, tmp_path) as buyer:
        other = shop.order(shop.cargo(shop.first(1), 2), outOrderId="CW-2026-7")
        order = two_lines(shop, name="RENAMED", version=9)
        outcome = await carried_out(buyer, order, lost_under(buyer, "CW-2026-7"))
        assert (outcome.reason, list(alive(buyer))) == (Reason.RULE, [other])
        assert f"{other} (CW-2026-7)" in outcome.detail


@pytest.mark.parametrize("job", ["sending:{begun}|3", "lost:{sent}.0.1|3", "lost:{sent}.0.1.{begun}.|5"])
async def test_a_doubt_without_a_name_asks_about_what_was_made_then(shop: Shop, tmp_path: Path, job: str) -> None:
    """EVT-4: jobs of a version before too. Later changes are asked about as well, until a number is written down."""
    async with buying(shop, tmp_path) as buyer:
        number = shop.order(shop.cargo(shop.first(), 9), outOrderId="CW-P00007")
        begun = int(now_of(shop.box).timestamp()) - 60
        job = job.format(begun=begun, sent=begun + 900)
        order = two_lines(shop, name="RENAMED", version=9)
        outcome = await carried_out(buyer, order, job)
        assert (outcome.reason, list(alive(buyer))) == (Reason.RULE, [number])
        assert f"{number} (CW-P00007)" in outcome.detail
        later = await carried_out(buyer, two_lines(shop, name="RENAMED", version=10), outcome.job)
        assert (later.reason, list(alive(buyer))) == (Reason.RULE, [number])
        bad = await carried_out(buyer, two_lines(shop, name="RE NAMED", version=11), outcome.job)
        assert (f"{number} (CW-P00007)" in bad.detail, bad.job != "") == (True, True)
        done = two_lines(shop, name="RENAMED", version=12, supplier_reference=number)
        assert (await carried_out(buyer, done, outcome.job)).notes == ("ordered_by_hand",)


@pytest.mark.parametrize("late", [False, True])
async def test_one_that_is_cancelled_under_another_name_is_found(shop: Shop, tmp_path: Path, late: bool) -> None:
    """PO-1: by the name it may have been sent by; another's of that name, with other goods, is left alone and told."""
    async with buying(shop, tmp_path) as buyer:
        job, number = made_unheard(buyer, late)
        gone = two_lines(shop, name="RENAMED", version=9, state="cancel")
        shop.box.clock.tick(11)
        outcome = await carried_out(buyer, gone, job, operation=CANCEL)
        assert (outcome.result, outcome.remote_id, alive(buyer)) == (Result.APPLIED, number, {})
        other = shop.order(shop.cargo(shop.first(1), 2), outOrderId="CW-P00009")
        left = await carried_out(buyer, gone, lost_under(buyer, "CW-P00009"), operation=CANCEL)
        assert (body_of(left)["status"], list(alive(buyer))) == ("not_cancelled", [other])
        assert f"Order {other} at 1688 is called CW-P00009" in left.detail


@pytest.mark.parametrize("name", ["RENAMED", ""])
async def test_one_that_is_cancelled_and_has_left_no_name_is_for_a_person(
    shop: Shop, tmp_path: Path, name: str
) -> None:
    """PO-1: deleted ones too, of which nobody knows the goods."""
    async with buying(shop, tmp_path) as buyer:
        number = shop.order(shop.cargo(shop.first(), 2), outOrderId="CW-P00007")
        job = sending(3, now_of(shop.box))
        gone: Any = two_lines(shop, name=name, version=9, state="cancel")
        gone["lines"] = gone["lines"] if name else []
        outcome = await carried_out(buyer, gone, job, operation=CANCEL)
        assert (body_of(outcome)["status"], list(alive(buyer))) == ("not_cancelled", [number])
        assert f"{number} (CW-P00007)" in outcome.detail
