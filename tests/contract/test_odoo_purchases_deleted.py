"""PO-1: a purchase order that was ordered, then cancelled and deleted between two reads of Odoo: its order is cancelled all the same, and what cannot
be is for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors import alibaba, odoo
from connectors.kit.errors import ForbiddenError, RuleError
from connectors.kit.ports import Delivery, Known, Outcome, Problem, Result
from connectors.odoo.client import Odoo
from connectors.odoo.purchase_census import Deleted, PurchaseCensus, TooManyDeletedError, deleted_of
from connectors.odoo.purchase_memory import Claim
from connectors.odoo.source.models import Models
from schemas.reasons import Reason
from schemas.records import PurchaseOrder
from tests.contract.odoo_capture_box import Polled, mapped, poll
from tests.contract.purchase_books import PREFIX, Both, both

OWN = "odoo:purchase_order:7"


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Both]:
    with both(tmp_path) as found:
        yield found


async def polled(sides: Both, before: Polled | None = None) -> tuple[Polled, list[PurchaseOrder]]:
    """Another poller goes on where the one before was; what it tells of purchase orders that are cancelled."""
    source, seen = sides.odoo.source("purchase_orders"), Polled()
    seen.position = before.position if before is not None else ""
    await poll(source, seen)
    await source.aclose()
    told: list[Any] = [order.body for _, _, content in seen.records for order in mapped("purchase_order", content)]
    return seen, [one for one in told if one["state"] == "cancel"]


async def cancelled(sides: Both, order: PurchaseOrder, known: str) -> tuple[Outcome, Outcome]:
    """What became of it at 1688, and of telling it."""
    there, home = alibaba.CONNECTOR.sink, odoo.CONNECTOR.sink
    assert there is not None
    assert home is not None
    first, second = there(sides.buyer, sides.deps), home(sides.home, sides.deps)
    knows = Known(1, "", "supplier_order", known) if known else None
    gone = Delivery(
        "d1", "cancel_purchase", True, order["key"], "odoo", "main", order["version"], "", "c", order, known=knows
    )
    (outcome,) = await first.deliver([gone])
    (event,) = outcome.events
    note = Delivery("d2", "note_purchase", False, event.key, "alibaba", "main", event.version, "", "c", event.body)
    (noted,) = await second.deliver([note])
    await first.aclose()
    await second.aclose()
    return outcome, noted


async def test_what_was_deleted_is_told_as_cancelled_with_its_orders_until_that_is_settled(sides: Both) -> None:
    """PO-1: by the poller that goes on, and by one that begins; others' are not missed, nor those never ordered."""
    bought, kept, never = sides.wanted(), sides.wanted(1), sides.wanted(2)
    before, _ = await polled(sides)
    await sides.buy(bought, kept)
    number = sides.order_of(bought)
    sides.later(60)
    before, told = await polled(sides, before)
    assert told == []
    for one in (bought, never):
        sides.delete(one)
    sides.later(60)
    seen, (gone,) = await polled(sides, before)
    assert (gone["key"], gone["supplier"], gone["supplier_reference"]) == (
        f"odoo:purchase_order:{bought}",
        "alibaba:",
        number,
    )
    assert gone["version"] > max(version for _, version, _ in before.records)
    _, again = await polled(sides, seen)
    assert [one["key"] for one in again] == [gone["key"]], "another process, and nothing was done yet"
    outcome, noted = await cancelled(sides, gone, number)
    assert (outcome.result, sides.shop.told(number)["status"]) == (Result.APPLIED, "cancel")
    assert (noted.result, noted.notes) == (Result.EXCLUDED, ("purchase_deleted",))
    assert (await polled(sides, seen))[1] == []
    assert sides.shop.told(sides.order_of(kept))["status"] == "waitbuyerpay"


@pytest.mark.parametrize("is_known", [True, False])
async def test_what_cannot_be_cancelled_is_an_exception_that_names_the_orders(sides: Both, is_known: bool) -> None:
    """PO-1: it is paid; or only its notes in Odoo know the number. Told once."""
    bought = sides.wanted()
    await sides.buy(bought)
    number = sides.order_of(bought)
    if is_known:
        sides.shop.change(number, "pay")
    before, _ = await polled(sides)
    sides.delete(bought)
    sides.later(60)
    seen, (gone,) = await polled(sides, before)
    outcome, noted = await cancelled(sides, gone, number if is_known else "")
    assert (outcome.reason, noted.reason) == (Reason.RULE, Reason.RULE)
    assert f"purchase order {bought} was deleted in Odoo" in noted.detail
    assert number in noted.detail
    assert (await polled(sides, seen))[1] == []


@pytest.mark.parametrize(
    "error", [ForbiddenError("hidden by a rule"), RuleError("Object purchase.order doesn't exist"), None]
)
async def test_one_that_is_only_hidden_is_not_deleted(
    sides: Both, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    """PO-1: rules or companies of our user changed, and searches show no purchase order: nothing is cancelled because of that."""
    bought = sides.wanted()
    await sides.buy(bought)
    before, _ = await polled(sides)
    rows, ask = Models.rows, Odoo.ask

    async def hidden(models: Models, model: str, *given: Any, **named: Any) -> Any:
        return [] if model == "purchase.order" else await rows(models, model, *given, **named)

    async def refused(client: Odoo, model: str, method: str, *given: Any, **named: Any) -> Any:
        if error is not None and (model, method) == ("purchase.order", "read"):
            raise error
        return await ask(client, model, method, *given, **named)

    monkeypatch.setattr(Models, "rows", hidden)
    monkeypatch.setattr(Odoo, "ask", refused)
    sides.later(60)
    assert (await polled(sides, before))[1] == []


async def test_one_process_tells_it_once(sides: Both) -> None:
    """EVT-6: with every census, until it is safe, and not again."""
    bought = sides.wanted()
    await sides.buy(bought)
    sides.delete(bought)
    source, seen = sides.odoo.source("purchase_orders"), Polled()
    for _ in range(3):
        sides.later(3600)
        await poll(source, seen)
    await source.aclose()
    assert seen.keys.count(f"odoo:purchase_order:{bought}") == 1


def test_what_nobody_has_to_do_anything_about_is_settled() -> None:
    """PO-1: never ordered, cancelled or told on the purchase order before it was deleted, finished."""

    def of(result: str, *states: str, account: str = "main") -> Deleted | None:
        numbers = [f"29998605128859850{at:02}" for at in range(1, len(states) + 1)]
        claims = {OWN: Claim(orders=tuple(numbers), result=result)}
        claims |= {
            f"alibaba:{account}:order:{one}": Claim(orders=(one,), state=state)
            for one, state in zip(numbers, states, strict=True)
            if state
        }
        return deleted_of(claims)

    one, two = "2999860512885985001", "2999860512885985002"
    assert of("created", "to_pay", "cancelled", account="second") == Deleted("alibaba:second:", (one,))
    assert of("partly", "") == Deleted("alibaba:", (one,))
    assert of("created", "done", "shipped") == Deleted("alibaba:main:", (two,))
    assert of("failed", "to_pay") == Deleted("alibaba:main:", (one,)), "ordered before it failed"
    assert [
        of("failed"),
        of("cancelled", "to_pay"),
        of("not_cancelled", "paid"),
        of("created", "done", "cancelled"),
    ] == [None] * 4
    assert deleted_of({}) is None


def test_orders_that_were_split_off_are_cancelled_too() -> None:
    """PO-1: a platform splits orders; these are known by what it says of them only. Those of others, and by hand, are not."""
    one, two, hand = "2999860512885985001", "2999860512885985002", "2999860512885985003"
    claims = {OWN: Claim(orders=(one,), result="created")}
    claims |= {f"alibaba:main:order:{each}": Claim(orders=(each,), state="to_pay", is_ours=True) for each in (one, two)}
    claims[f"alibaba:main:order:{hand}"] = Claim(orders=(hand,), state="to_pay")
    assert deleted_of(claims) == Deleted("alibaba:main:", (one, two))
    told = claims | {OWN: Claim(orders=(one,), result="cancelled")}
    assert deleted_of(told) == Deleted("alibaba:main:", (two,))
    assert deleted_of({one: claims[f"alibaba:main:order:{hand}"]}) is None


async def test_one_that_is_ordered_after_it_was_deleted_is_cancelled(sides: Both) -> None:
    """PO-1: its creation waited to be tried again; what it came to is kept, and the next census finds it."""
    late = sides.wanted()
    source, seen = sides.odoo.source("purchase_orders"), Polled()
    await poll(source, seen)
    sides.later(60)
    sides.delete(late)
    sides.later(3600)
    created = one_of(seen)
    before = len(seen.records)
    await poll(source, seen)
    (gone,) = told_of(seen, before)
    assert (gone["state"], gone["name"], gone["supplier_reference"]) == ("cancel", created["name"], "")
    (noted,) = await carried_out(sides, "create_purchase", created)
    number = order_called(sides, created["name"])
    assert (noted.reason, number in noted.detail) == (Reason.RULE, True)
    sides.later(3600)
    before = len(seen.records)
    await poll(source, seen)
    await source.aclose()
    (again,) = told_of(seen, before)
    assert again["supplier_reference"] == number
    outcome, noted = await cancelled(sides, again, number)
    assert (outcome.result, noted.result) == (Result.APPLIED, Result.EXCLUDED)
    assert sides.shop.told(number)["status"] == "cancel"


def order_called(sides: Both, name: str) -> str:
    every = sides.shop.box.http.get("/sandbox/snapshot", params={"sections": "orders"}).json()["orders"]
    (found,) = [one for one in every if sides.shop.told(one)["out_order_id"] == PREFIX + name]
    return str(found)


def one_of(seen: Polled) -> PurchaseOrder:
    (found,) = told_of(seen, 0)
    return found


def told_of(seen: Polled, begin: int) -> list[PurchaseOrder]:
    records = seen.records[begin:]
    told: list[Any] = [order.body for _, _, content in records for order in mapped("purchase_order", content)]
    return told


async def carried_out(sides: Both, operation: str, order: PurchaseOrder) -> list[Outcome]:
    """At 1688, and what it came to written down in Odoo."""
    there, home = alibaba.CONNECTOR.sink, odoo.CONNECTOR.sink
    assert there is not None
    assert home is not None
    first, second = there(sides.buyer, sides.deps), home(sides.home, sides.deps)
    given = Delivery("d1", operation, True, order["key"], "odoo", "main", order["version"], "", "c", order)
    (outcome,) = await first.deliver([given])
    noted: list[Outcome] = []
    for event in outcome.events:
        note = Delivery("d2", "note_purchase", False, event.key, "alibaba", "main", event.version, "", "c", event.body)
        noted += await second.deliver([note])
    await first.aclose()
    await second.aclose()
    return noted


async def test_what_becomes_visible_late_is_learnt(sides: Both) -> None:
    """PO-1: attachments have their ids before their transactions end, so a newer one may be seen first."""
    bought = sides.wanted()
    await sides.buy(bought)
    known = [["name", "=like", f"causeway purchase {bought} %"]]
    rows = sides.odoo.rows("ir.attachment", known, ["name", "datas"])
    sides.odoo.call("ir.attachment", "unlink", [row["id"] for row in rows])
    late = sides.odoo.begin("ir.attachment", "create", {"name": rows[0]["name"], "datas": rows[0]["datas"]})
    other = sides.wanted(1)
    await sides.buy(other)
    census = PurchaseCensus(Models(Odoo(sides.home)))
    assert await census.deleted() == []
    sides.odoo.release(late)
    sides.delete(bought)
    assert await census.deleted() == [bought]


async def test_many_at_once_are_held_back_and_let_through_by_a_person(sides: Both) -> None:
    """PO-1: a database that was restored in part has what is kept, and no purchase orders: nothing is cancelled by itself, and it is told once."""
    some = [sides.wanted() for _ in range(7)]
    await sides.buy(*some)
    numbers = [sides.order_of(one) for one in some]
    before, _ = await polled(sides)
    for one in some[:6]:
        sides.delete(one)
    sides.later(60)
    source, seen = sides.odoo.source("purchase_orders"), Polled()
    seen.position = before.position
    problems: list[Problem] = []
    for _ in range(3):
        async for page in source.pages(seen.position):
            problems += page.problems
            assert [item for item in page.items if b'"cancel"' in item.payload] == []
            seen.position = page.position or seen.position
            if page.last:
                break
        sides.later(3600)
    (held,) = problems
    assert "6 purchase orders" in held.detail
    assert str(some[5]) in held.detail
    async for page in source.fetch([str(some[2])]):
        (item,) = page.items
        assert page.problems == ()
    await source.aclose()
    bodies: list[Any] = [one.body for one in mapped("purchase_order", json.loads(item.payload))]
    outcome, _ = await cancelled(sides, bodies[0], numbers[2])
    assert outcome.result is Result.APPLIED
    assert [sides.shop.told(one)["status"] for one in numbers[1:4]] == ["waitbuyerpay", "cancel", "waitbuyerpay"]


async def test_most_of_all_is_many(sides: Both) -> None:
    """PO-1: three of four are held back, three of seven are not."""
    some = [sides.wanted() for _ in range(4)]
    await sides.buy(*some)
    for one in some[:3]:
        sides.delete(one)
    with pytest.raises(TooManyDeletedError):
        await PurchaseCensus(Models(Odoo(sides.home))).deleted()
    await sides.buy(*(sides.wanted() for _ in range(3)))
    assert await PurchaseCensus(Models(Odoo(sides.home))).deleted() == some[:3]


@pytest.mark.parametrize("how", ["cancel", "draft", "delete"])
async def test_an_order_that_another_purchase_order_has_taken_over_is_left_alone(sides: Both, how: str) -> None:
    """PO-1: its number stands in the vendor reference of another one that is not cancelled. Somebody is told, naming both."""
    old = sides.wanted()
    await sides.buy(old)
    number = sides.order_of(old)
    before, _ = await polled(sides)
    sides.later(60)
    new = sides.wanted(partner_ref=f"订单号：{number}")
    if how == "delete":
        sides.delete(old)
    else:
        sides.odoo.call("purchase.order", "button_cancel", [old])
    if how == "draft":
        sides.odoo.call("purchase.order", "button_draft", [old])
    sides.later(60)
    seen, _ = await polled(sides, before)
    (gone,) = [one for one in told_of(seen, 0) if one["purchase_id"] == old]
    assert gone["elsewhere"] == [{"order_id": number, "purchase_name": sides.name(new)}]
    outcome, noted = await cancelled(sides, gone, number)
    assert (outcome.reason, sides.shop.told(number)["status"]) == (Reason.RULE, "waitbuyerpay")
    assert sides.name(new) in outcome.detail
    told = new if how == "delete" else old
    domain = [["model", "=", "purchase.order"], ["res_id", "=", told], ["message_type", "=", "comment"]]
    notes = [str(row["body"]) for row in sides.odoo.rows("mail.message", domain, ["body"])]
    assert number in notes[-1]
    assert (noted.reason is Reason.RULE) is (how == "delete")
    if how != "delete":
        assert sides.name(new) in notes[-1]


async def test_a_cancelled_one_takes_over_nothing(sides: Both) -> None:
    """PO-1: the other one that has the number is cancelled as well."""
    old = sides.wanted()
    await sides.buy(old)
    number = sides.order_of(old)
    new = sides.wanted(partner_ref=number)
    for one in (new, old):
        sides.odoo.call("purchase.order", "button_cancel", [one])
    sides.later(60)
    _, told = await polled(sides)
    (gone,) = [one for one in told if one["purchase_id"] == old]
    outcome, _ = await cancelled(sides, gone, number)
    assert (outcome.result, sides.shop.told(number)["status"]) == (Result.APPLIED, "cancel")
