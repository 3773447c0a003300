"""Decisions of Amazon's connector that no other test holds to: what goes back of which item, claims, and who waits for a quota."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.amazon.feed_documents import CANCELLATIONS
from connectors.amazon.feed_results import item_name, read_report, read_state, with_report
from connectors.amazon.order_feeds import refused_in
from connectors.amazon.order_refunds import refund_lines
from connectors.kit.errors import RuleError, ThrottledError
from connectors.kit.reading import Reader
from tests.contract.amazon_orders_out import ONE, TWO
from tests.unit.amazon.fake import Fake, in_turn, refused, reply
from tests.unit.amazon.samples import mapped, raw
from tests.unit.amazon_in.test_returns import sellers_return
from tests.unit.amazon_out.samples import shipped_order
from tests.unit.amazon_out.test_feed_results import COLS, HEAD
from tests.unit.amazon_out.test_refund_lines import Line, refund


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        # 20.00 and 5.00 were paid for the items, 1.60 of tax for each.
        ([(ONE, "20.01", "0", "0", "0"), (TWO, "1.00", "0", "0", "0")], "20.01 of item shall be given back"),
        ([(ONE, "0", "1.66", "0", "0"), (TWO, "0", "0.10", "0", "0")], "1.66 of item tax shall be given back"),
    ],
)
def test_what_is_too_much_for_one_item_is_not_given_back_by_another(asked: list[Line], words: str) -> None:
    """RET-2, FIN-2: some cents of tax are shared out, because Odoo books taxes for the whole order; prices and more than that never."""
    with pytest.raises(RuleError, match=words):
        refund_lines(shipped_order(), refund(*asked), "CustomerReturn")


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        ("1\t112-1\t3\t18027\tError\ttoo much\n", True),
        ("1\t112-1\t\t18028\tError\tno such order\n", True),  # names the order and no item: all of it
        ("1\t112-2\t\t18028\tError\tno such order\n", False),
        ("1\t112-1\t9\t18027\tError\ttoo much\n", False),
        ("1\t112-1\t\t18029\tWarning\tfunny\n", False),
    ],
)
def test_a_refusal_of_an_order_as_a_whole_is_one_of_its_items(row: str, counts: bool) -> None:
    """FUL-3, RET-2: in Amazon's words, for a person, instead of sending it again and again."""
    state = with_report(
        read_state(Reader({"feedId": "1", "processingStatus": "DONE"})),
        read_report(CANCELLATIONS, (HEAD.format(2, 1) + COLS + row).encode()),
    )
    assert bool(refused_in(state, [item_name("112-1", "3")], "112-1")) is counts


@pytest.mark.parametrize(
    ("status", "service"),
    [("Approved", "escalated"), ("Pending", "escalated"), ("Closed", "closed"), ("Denied", "cancelled")],
)
def test_a_claim_is_for_a_person_while_its_return_is_open(status: str, service: str) -> None:
    """RET-1: what is decided is not told to a person again."""
    row: dict[str, str] = {"Return_request_status": status, "A-to-Z_Claim": "Y"}
    assert sellers_return(**row)["service"] == service


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_write_whose_quota_is_used_up_comes_back_by_its_delivery(method: str) -> None:
    """RATE-1, ERR-3: a worker does not stand in the call; its stage has the time to return, and others go on."""
    fake = Fake(in_turn(refused(429, x_amzn_ratelimit_limit="0.5"), reply(200, {})))
    call: Any = fake.client.call(
        "patchListingsItem", method, "/listings/2021-08-01/items/A/B", body={}, repeatable=True
    )
    with pytest.raises(ThrottledError) as told:
        await call
    assert (len(fake.requests), fake.slept, told.value.retry_after) == (1, [], 2.0)


async def test_a_read_whose_quota_is_soon_there_is_waited_for() -> None:
    """The same for a read, which nobody else would ask again."""
    fake = Fake(in_turn(refused(429, x_amzn_ratelimit_limit="0.5"), reply(200, {})))
    await fake.client.call("getListingsItem", "GET", "/listings/2021-08-01/items/A/B")
    assert (len(fake.requests), fake.slept[:1]) == (2, [2.0])


def test_units_of_a_pending_order_are_ordered_whatever_is_said_to_be_left() -> None:
    """ORD-3: nothing can be fulfilled yet, so Amazon counts nothing as left; that is no cancellation."""
    order = raw("order_pending")
    (item, *_) = order["orderItems"]
    item["quantityOrdered"], item["fulfillment"] = 3, {"quantityFulfilled": 0, "quantityUnfulfilled": 0}
    (line, *_) = mapped(order)["lines"]
    assert (line["quantity"], line["quantity_cancelled"], line["status"]) == ("3", "0", "pending")
