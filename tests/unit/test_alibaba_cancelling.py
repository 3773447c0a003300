"""PO-1: cancelling at 1688, rule by rule, in front of a platform of one list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from connectors.alibaba.cancelling import Cancelling
from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.errors import NO_ORDER
from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.errors import DataError, RuleError, ThrottledError, TransientError
from connectors.kit.ports import Delivery, Known, Outcome, Result
from schemas.reasons import Reason
from tests.unit.test_alibaba_purchase_plan import line, purchase

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
OURS, OTHERS = "7/8/ab", "9/8/ab"
UNPAID, PAID, GONE = "waitbuyerpay", "waitsellersend", "cancel"


def number(place: int) -> str:
    return str(10**18 + place)


class There:
    """1688: orders by number; `errors`: what the next calls of a name raise; `asked`: every call."""

    def __init__(self) -> None:
        self.orders: dict[str, Any] = {}
        self.errors: dict[str, list[Exception]] = {}
        self.asked: list[tuple[str, Any]] = []
        self.cancels = True

    def has(self, reference: str, status: str = UNPAID, code: str = OURS, quantity: int = 2) -> str:
        made = number(len(self.orders) + 1)
        offer, _, spec = code.split("/")
        items = [{"productID": offer, "specId": spec, "quantity": quantity}]
        base = {"idOfStr": made, "outOrderId": reference, "status": status}
        self.orders[made] = {"baseInfo": base, "productItems": items}
        return made

    def status(self, made: str) -> str:
        return str(self.orders[made]["baseInfo"]["status"])

    def asked_for(self) -> list[str]:
        """References that were looked for."""
        return [asked["outOrderId"] for name, asked in self.asked if name == "order_list"]

    async def call(self, name: str, asked: dict[str, Any], **how: Any) -> Any:
        self.asked.append((name, asked))
        failing = self.errors.get(name)
        error = failing.pop(0) if failing else None
        if name == "order_cancel" and self.cancels and not isinstance(error, TransientError):
            self.orders[asked["tradeID"]]["baseInfo"]["status"] = GONE
        if error is not None:
            raise error
        if name == "order_view":
            if asked["orderId"] not in self.orders:
                raise DataError("none", code=NO_ORDER)
            return {"result": self.orders[asked["orderId"]]}
        rows = [one for one in self.orders.values() if one["baseInfo"]["outOrderId"] == asked.get("outOrderId")]
        return {"result": rows, "totalRecord": len(rows)}


@pytest.fixture
def there() -> There:
    return There()


def sink(there: There, **account: Any) -> Cancelling:
    settings = AlibabaSettings(accounts={"main": {"app_key": "1", "app_secret": "x", **account}})
    purchases = AlibabaPurchases(reference_prefix="CW-")
    return Cancelling(settings, purchases, lambda _: cast(AlibabaClient, there), lambda: NOW)


def delivery(*codes: str, jobs: Sequence[str] = (), known: str = "", **changes: Any) -> Delivery:
    lines = [line(at, code) for at, code in enumerate(codes or (OURS,), 1)]
    order = purchase(*lines, **{"name": "P7", "state": "cancel", "version": 9, **changes})
    knows = Known(1, "", "supplier_order", known) if known else None
    return Delivery(
        "d", "cancel_purchase", True, "k", "odoo", "main", 9, "", "c", order, known=knows, open_jobs=tuple(jobs)
    )


async def done(there: There, *codes: str, **changes: Any) -> Outcome:
    (outcome,) = await sink(there)([delivery(*codes, **changes)])
    return outcome


def told(outcome: Outcome) -> Any:
    (event,) = outcome.events
    return event.body


def said(outcome: Outcome) -> str:
    return " ".join(one["text"] for one in told(outcome)["problems"])


def looked(*references: str) -> str:
    """The job of a creation that was looked for long ago without being found; one look more is its end."""
    return f"lost:{SECONDS - 900}.{SECONDS - 600}.1.0.{','.join(references)}|3"


async def test_what_lives_is_cancelled_once_and_told_with_its_lines(there: There) -> None:
    """PO-1: what was cancelled before is told too, without its lines, and not asked for again."""
    made = there.has("CW-P7")
    outcome = await done(there, known=made)
    assert (outcome.result, outcome.remote_id, there.status(made)) == (Result.APPLIED, made, GONE)
    assert [one["line_ids"] for one in told(outcome)["orders"]] == [["1"]]
    assert (told(outcome)["status"], told(outcome)["reason"]) == ("cancelled", "")
    again = await done(there)
    assert (again.result, again.remote_id) == (Result.ALREADY_APPLIED, made)
    assert [one["line_ids"] for one in told(again)["orders"]] == [[]]
    assert [name for name, _ in there.asked].count("order_cancel") == 1


async def test_what_was_confirmed_before_is_left_alone_unless_it_may_have_been_sent(there: There) -> None:
    """PO-1: the platform is not asked, the preview says nothing."""
    made = there.has("CW-P7")
    old: dict[str, Any] = {"confirmed_at": NOW - timedelta(days=1)}
    handler = sink(there, not_before=NOW)
    (outcome,) = await handler([delivery(**old)])
    assert (outcome.result, outcome.notes) == (Result.EXCLUDED, ("confirmed_before",))
    assert (await handler.differences(delivery(**old)), there.asked) == ([], [])
    assert len(await handler.differences(delivery(**old, jobs=[looked("CW-P7")]))) == 1
    (outcome,) = await handler([delivery(**old, jobs=[looked("CW-P7")])])
    assert (outcome.result, there.status(made)) == (Result.APPLIED, GONE)


async def test_what_is_paid_stays_without_being_asked_for(there: There) -> None:
    """PO-1: the buyer is told, with a reason; so does the preview, which shows what lives only."""
    paid, _, unpaid = there.has("CW-P7", PAID), there.has("CW-P7", GONE), there.has("CW-P7")
    (shown,) = [await sink(there).differences(delivery())]
    assert [(one.field, one.would_be, one.refused) for one in shown] == [
        (f"order {paid}", "stays: it is paid", True), (f"order {unpaid}", "cancelled", False),
    ]  # fmt: skip
    outcome = await done(there)
    assert (outcome.reason, told(outcome)["status"], told(outcome)["reason"]) == (Reason.RULE, "not_cancelled", "rule")
    assert f"Order {paid}: The order is paid" in said(outcome)
    assert [asked["tradeID"] for name, asked in there.asked if name == "order_cancel"] == [unpaid]


@pytest.mark.parametrize("status", [UNPAID, GONE])
async def test_only_what_lives_of_anothers_is_told(there: There, status: str) -> None:
    """PO-1: of the same name, with other goods, and behind the last part."""
    some = there.has("CW-P7", status, OTHERS), there.has("CW-P7-2", status)
    outcome = await done(there)
    assert (outcome.result, told(outcome)["status"]) == (Result.ALREADY_APPLIED, "cancelled")
    assert [one in said(outcome) for one in some] == [status == UNPAID] * 2
    assert [there.status(one) for one in some] == [status] * 2


async def test_those_that_have_taken_an_order_over_are_all_named(there: There) -> None:
    """PO-1: it is left alone; one that is cancelled already was taken over by nobody."""
    made, dead = there.has("CW-P7"), there.has("CW-P7", GONE)
    names = ((made, "P8"), (made, "P9"), (dead, "P9"))
    elsewhere = [{"order_id": one, "purchase_name": name} for one, name in names]
    outcome = await done(there, elsewhere=elsewhere)
    assert (outcome.reason, there.status(made)) == (Reason.RULE, UNPAID)
    (problem,) = told(outcome)["problems"]
    assert (problem["code"], f"Order {made} stands in the vendor reference of P8, P9 too" in problem["text"]) == (
        "ELSEWHERE",
        True,
    )
    assert [one["order_id"] for one in told(outcome)["orders"]] == [dead]


async def test_all_parts_are_looked_for_and_those_behind_them(there: There) -> None:
    """PO-1: also those that are known by the vendor reference of a draft only, as far as there are any."""
    some = [there.has(f"CW-P7{end}", quantity=count) for end, count in (("", 2), ("-2", 5), ("-3", 5), ("-5", 5))]
    outcome = await done(there, state="draft", supplier_reference=", ".join(some))
    assert (outcome.result, outcome.remote_id.split(",")) == (Result.APPLIED, some[:3])
    assert there.asked_for() == ["CW-P7", "CW-P7-2", "CW-P7-3", "CW-P7-4"]


async def test_a_further_part_is_found_by_its_goods_though_the_first_is_gone(there: There) -> None:
    """PO-1: 51 goods are two parts."""
    codes = [f"7/8/s{at}" for at in range(51)]
    made = there.has("CW-P7-2", code=codes[-1])
    assert (await done(there, *codes)).remote_id == made


async def test_a_draft_with_a_number_by_hand_is_left_alone_unless_there_is_more_to_say(there: There) -> None:
    """PO-1: its own orders are cancelled all the same, and what is not shown any more is told."""
    hand = there.has("")
    draft = {"state": "draft", "supplier_reference": hand}
    assert (await done(there, **draft)).notes == ("ordered_by_hand",)
    assert (await done(there, state="draft")).result is Result.ALREADY_APPLIED
    assert (await done(there, **draft, known=number(77))).reason is Reason.RULE
    made = there.has("CW-P7")
    outcome = await done(there, **draft)
    assert (outcome.result, outcome.remote_id, there.status(hand)) == (Result.APPLIED, made, UNPAID)


async def test_a_nameless_one_is_looked_for_by_its_numbers_only(there: There) -> None:
    """PO-1: it was deleted; what is shown by number is told under the name it bears there."""
    made = there.has("CW-P7")
    outcome = await done(there, name="", lines=[], known=made)
    assert (outcome.result, outcome.remote_id, there.asked_for()) == (Result.APPLIED, made, [])
    assert [one["our_reference"] for one in told(outcome)["orders"]] == ["CW-P7"]


@pytest.mark.parametrize(
    ("code", "cancels", "result"),
    [
        ("SOMETHING", True, Result.APPLIED),  # an earlier try has done it
        ("ORDER_STATUS_ERROR", True, Result.APPLIED),
        ("ORDER_STATUS_ERROR", False, Result.FAILED),
        ("SOMETHING", False, Result.FAILED),
    ],
)
async def test_a_refusal_counts_when_the_order_lives(there: There, code: str, cancels: bool, result: Result) -> None:
    """PO-1: one that is known is told to the buyer, any other is a failure as it stands."""
    there.has("CW-P7")
    there.cancels = cancels
    there.errors["order_cancel"] = [RuleError("no", code=code)]
    outcome = await done(there)
    assert outcome.result is result
    assert bool(outcome.events) is (cancels or code != "SOMETHING")
    if not cancels and outcome.events:
        assert told(outcome)["problems"][0]["code"] == code


@pytest.mark.parametrize(
    ("error", "seconds"), [(ThrottledError("slow", retry_after=77), 77), (TransientError("x"), 30)]
)
async def test_a_doubt_outlives_what_passes(there: There, error: Exception, seconds: float) -> None:
    """EVT-4: without a doubt it is a failure like any other; what does not pass is one in any case."""
    job = looked("CW-P7")
    there.errors["order_list"] = [error]
    kept = await done(there, jobs=[job])
    assert (kept.result, kept.retry_after, kept.job) == (Result.SUBMITTED, seconds, job.replace("|3", "|9"))
    there.errors["order_list"] = [error]
    assert (await done(there)).result is Result.FAILED
    there.errors["order_list"] = [RuleError("never")]
    assert (await done(there, jobs=[job])).reason is Reason.RULE


async def test_what_may_be_on_its_way_is_waited_for_until_it_is_there(there: There) -> None:
    """EVT-4: found, nothing is waited for; two looks that find nothing are the end."""
    early = f"lost:{SECONDS - 1}.0.1.0.CW-P7|3"
    waits = await done(there, jobs=[early])
    assert (waits.result, waits.retry_after) == (Result.SUBMITTED, 60)
    assert (await done(there, jobs=[looked("CW-P7")])).result is Result.ALREADY_APPLIED
    just = f"lost:{SECONDS - 900}.{SECONDS - 60}.1.0.CW-P7|3"
    assert (await done(there, jobs=[just])).result is Result.ALREADY_APPLIED
    there.has("CW-P7")
    assert (await done(there, jobs=[early])).result is Result.APPLIED


@pytest.mark.parametrize(
    ("code", "sent_as", "made_as", "is_cancelled"),
    [
        (OTHERS, "CW-P7,CW-P5", "CW-P5", False),
        (OTHERS, "CW-P7", "CW-P7", True),  # whatever its goods were when it was sent
        (OTHERS, "CW-P5", "CW-P7", False),  # nothing was sent under this name
        (OTHERS, "CW-P5", "CW-P5", False),  # another's may have that name by now
        (OURS, "CW-P5", "CW-P5", True),
    ],
)
async def test_whose_an_order_is_that_may_have_been_sent(
    there: There, code: str, sent_as: str, made_as: str, is_cancelled: bool
) -> None:
    """PO-1, EVT-4: one that nobody can tell is told to a person, for it may be what was on its way."""
    made = there.has(made_as, code=code)
    outcome = await done(there, jobs=[looked(sent_as)])
    assert (there.status(made) == GONE) is is_cancelled
    assert told(outcome)["status"] == ("cancelled" if is_cancelled else "not_cancelled")
    assert len(told(outcome)["problems"]) == (0 if is_cancelled else 1)
