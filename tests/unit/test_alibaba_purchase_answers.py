"""PO-1, ERR-3: what the platform says of previews, creations and searches, in every shape it has; amounts against the purchase order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.alibaba.errors import Refusal
from connectors.alibaba.purchase_answers import (
    Created,
    FoundOrder,
    MadeOrder,
    Previewed,
    created,
    found_orders,
    previewed,
)
from connectors.alibaba.purchase_compare import after, before
from connectors.alibaba.purchase_plan import parts_of
from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.alibaba.purchase_words import WORDS, words_for
from tests.unit.test_alibaba_purchase_plan import line, purchase

A, B = "2237938826932135493", "2237938826932135494"
PREVIEW = {
    "orderPreviewResuslt": [
        {
            "status": True, "sumPayment": 4400, "sumCarriage": 800, "sumPaymentNoCarriage": 3600, "discountFee": 0,
            "cargoList": [{"offerId": 12, "skuId": 3, "specId": "a", "finalUnitPrice": 18, "amount": 36}],
        }
    ],
    "success": True,
}  # fmt: skip
NORMAL = {
    "success": True,
    "orderId": A,
    "totalSuccessAmount": 10050,
    "postFee": 800,
    "failedOfferList": [],
    "orderList": None,
}
SHORT = [{"offerId": "12", "specId": "a", "errorCode": "500_004", "errorMessage": "库存不足"}]
TWO = [
    {"orderId": A, "orderAmmount": 10050, "postFee": 800, "success": True},
    {"orderId": int(B), "orderAmmount": 3600, "postFee": 0},
]
FIRST, SECOND = MadeOrder(A, Decimal("100.50"), Decimal(8)), MadeOrder(B, Decimal(36), Decimal(0))


def test_a_preview_has_sums_in_fen_and_prices_in_yuan() -> None:
    """PO-1: exact."""
    assert previewed(PREVIEW) == Previewed(Decimal(36), Decimal(8), {("12", "a"): Decimal(18)})
    twice = {"orderPreviewResuslt": PREVIEW["orderPreviewResuslt"] * 2, "success": True}  # type: ignore[operator]
    assert previewed(twice) == Previewed(Decimal(72), Decimal(16), {("12", "a"): Decimal(18)})


def test_a_preview_that_refuses_says_so() -> None:
    """ERR-3: as a whole, for one order of it, or by saying nothing."""
    assert previewed({"success": False, "errorCode": "500_004", "errorMsg": "库存不足"}) == Refusal(
        "500_004", "库存不足"
    )
    row = {"status": False, "resultCode": "500_005", "message": "起批量"}
    assert previewed({"success": True, "orderPreviewResuslt": [row]}) == Refusal("500_005", "起批量")
    assert isinstance(previewed({"success": True}), Refusal)


@pytest.mark.parametrize(
    ("answer", "orders"),
    [
        ({"success": True, "result": NORMAL}, (FIRST,)),
        (NORMAL, (FIRST,)),
        ({**NORMAL, "success": False}, (FIRST,)),
        ({"success": False, "code": "X", "result": {**NORMAL, "success": False, "code": "500_004"}}, (FIRST,)),
        ({"success": True, "result": {"success": True, "orderId": "", "orderList": TWO}}, (FIRST, SECOND)),
        ({"success": True, "orderList": TWO}, (FIRST, SECOND)),
        ({"success": True, "result": TWO}, (FIRST, SECOND)),
        ({"result": {"orderId": int(A)}}, (MadeOrder(A),)),
        ({"result": {"success": False, "orderList": [{"orderId": A, "success": False}]}}, (MadeOrder(A),)),
    ],
)
def test_any_order_number_means_that_the_order_exists(answer: Any, orders: tuple[MadeOrder, ...]) -> None:
    """PO-1: whatever stands beside it, in every shape."""
    assert created(answer) == Created(orders)


def test_what_was_left_out_of_an_order_is_named() -> None:
    """PO-1: partial orders."""
    found = created({"success": True, "result": {**NORMAL, "failedOfferList": SHORT}})
    assert found.orders == (FIRST,)
    assert [(one.offer_id, one.spec_id, one.said.code) for one in found.failed] == [("12", "a", "500_004")]
    nothing = created({"success": True, "result": {"success": True, "orderId": "", "failedOfferList": SHORT}})
    assert (nothing.orders, nothing.refusal) == ((), Refusal("500_004", "库存不足"))


@pytest.mark.parametrize(
    "answer", [{}, {"success": True}, {"success": True, "result": {"orderId": "0"}}, {"result": None}, [], None, "x"]
)
def test_an_answer_that_says_neither_is_not_clear(answer: Any) -> None:
    """PO-1: then the order may exist."""
    assert created(answer) == Created()


def test_a_refusal_has_its_code() -> None:
    """ERR-3: outside and inside of `result`."""
    inner = {"success": False, "code": "500_008", "message": "价格为0"}
    assert created({**inner, "result": inner}).refusal == Refusal("500_008", "价格为0")


def test_orders_of_the_list_have_true_numbers_and_their_cargo() -> None:
    """PO-1: 2**53 and above; one that cannot be read makes the whole search worthless."""
    row = {
        "baseInfo": {
            "id": 2237938826932135400, "idOfStr": A, "outOrderId": "P1", "status": "waitbuyerpay", "totalAmount": Decimal("100.5"),
            "shippingFee": 8,
        },
        "productItems": [{"productID": 12, "specId": "a", "quantity": 2}, {"productID": 12, "specId": "a", "quantity": "1"}],
    }  # fmt: skip
    assert found_orders([row, row]) == [
        FoundOrder(A, "P1", "waitbuyerpay", Decimal("100.5"), Decimal(8), {("12", "a"): 3})
    ]
    assert found_orders([row, {"baseInfo": {}}]) is None
    assert found_orders(["第一行"]) is None


def limits(**changes: Any) -> AlibabaPurchases:
    plain = {"price_tolerance_percent": 2, "price_tolerance_amount": 1, "freight_tolerance": 10}
    return AlibabaPurchases(**{**plain, **changes})


def told(goods: str, freight: str, price: str, **changes: Any) -> list[tuple[str, str, str]]:
    (part,), _ = parts_of(purchase(line(1, "12/3/a", "100", "1.00")), "")
    found = Previewed(Decimal(goods), Decimal(freight), {("12", "a"): Decimal(price)})
    return [(one["what"], one["ours"], one["theirs"]) for one in before(part.wanted, found, limits(**changes))]


def test_a_preview_is_compared_within_tolerances() -> None:
    """PO-1: exactly at the tolerance is right, a fen above is told; cheaper counts like dearer."""
    assert told("102.00", "10", "1.02") == []
    assert told("102.01", "10", "1.0201") == [
        ("price", "1.00 CNY", "1.0201 CNY"),
        ("total", "100.00 CNY", "102.01 CNY"),
    ]
    assert told("90.00", "10.01", "0.90") == [
        ("price", "1.00 CNY", "0.90 CNY"), ("total", "100.00 CNY", "90.00 CNY"), ("freight", "10.00 CNY", "10.01 CNY"),
    ]  # fmt: skip
    assert told("104.00", "0", "1.04", price_tolerance_amount=4) == []


def test_an_unknown_sum_is_a_difference_before_and_none_after() -> None:
    """PO-1: nothing is ordered at an unknown price; what exists is compared by what is said."""
    (part,), _ = parts_of(purchase(line(1, "12/3/a", "2", "18.00")), "")
    assert [one["theirs"] for one in before(part.wanted, Previewed(None, None), limits())] == ["not said"]
    assert after(part.wanted, [MadeOrder(A)], limits()) == []
    assert after(part.wanted, [MadeOrder(A, Decimal("44.00"), Decimal(8))], limits()) == []
    (found,) = after(part.wanted, [MadeOrder(A, Decimal("48.00"), Decimal(8))], limits())
    assert (found["what"], found["ours"], found["theirs"]) == ("total", "36.00 CNY", "40.00 CNY")


def test_every_code_has_words_for_the_buyer() -> None:
    """PO-1, ERR-3: the platform's own words are added unless they could quote a person."""
    for code in (
        "500_001",
        "500_002",
        "500_003",
        "500_004",
        "500_005",
        "500_006",
        "500_007",
        "500_008",
        "500_009",
        "400",
        "ORDER_STATUS_ERROR",
    ):
        assert words_for(Refusal(code)) == WORDS[code]
    assert words_for(Refusal("500_004", "库存不足")).endswith("(1688: 库存不足)")
    assert "13800138000" not in words_for(Refusal("400", "13800138000 无效"))
    assert "way of payment" in words_for(Refusal("400", "not support tradeType:barter"))
    assert "NEW_CODE" in words_for(Refusal("NEW_CODE"))
