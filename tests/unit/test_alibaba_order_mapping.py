"""PO-2, LOG-1: an order of 1688 with its parcels and their way -> the canonical one and its delivery events (alibaba.md section 9)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.alibaba.mapping import order_id_of, to_supplier_order, version_of
from connectors.kit.errors import DataError
from connectors.kit.ports import Canonical

# The samples of the fact sheet.
ORDER = json.loads(
    '{"baseInfo":{"id":2237938826932135493,"idOfStr":"2237938826932135493","status":"waitsellersend","createTime":"20260901094000000+0800",'
    '"payTime":"20260901094424000+0800","modifyTime":"20260901094424000+0800","totalAmount":100.5,"sumProductPayment":92.5,"shippingFee":8,'
    '"discount":0,"refund":0,"tradeType":"50060","businessType":"cn","buyerID":"b2b-2200000001","sellerID":"b2b-2200000002",'
    '"sellerLoginId":"supplier_login","outOrderId":"PO00042"},"productItems":[{"productID":554456348334,"skuID":3332085412530,'
    '"specId":"b266e0726506185beaf205cbae88530d","subItemID":2237938826932135493,"subItemIDString":"2237938826932135493",'
    '"name":"棉麻连衣裙","quantity":5,"unit":"件","price":18.5,"itemAmount":92.5,"entryDiscount":0,"status":"waitsellersend",'
    '"statusStr":"等待卖家发货","logisticsStatus":1,"skuInfos":[{"name":"颜色","value":"白色"}]}],"tradeTerms":[{"payStatus":"2",'
    '"payWay":"1","phasAmount":100.5,"payTime":"20260901094424000+0800"}]}'
)
NATIVE = {
    "province": "浙江省", "contactPerson": "张三", "mobile": "13800138000",
    "logisticsItems": [
        {
            "id": 107450035961376, "logisticsCode": "LP00616288919385", "logisticsBillNo": "75312345678901", "logisticsCompanyId": 502,
            "logisticsCompanyNo": "ZTO", "logisticsCompanyName": "中通快递(ZTO)", "type": "0", "status": "alreadysend",
            "deliveredTime": "20260902101500000+0800", "subItemIds": "2237938826932135493",
        }
    ],
}  # fmt: skip
INFO = {
    "logisticsId": "LP00616288919385", "logisticsBillNo": "75312345678901", "orderEntryIds": "2237938826932135493,99", "status": "TRANSPORT",
    "logisticsCompanyId": "502", "logisticsCompanyName": "中通快递(ZTO)", "logisticsCompanyNo": "ZTO", "remarks": "",
}  # fmt: skip
TRACE = {
    "logisticsId": "LP00616288919385", "orderId": 2237938826932135493, "logisticsBillNo": "75312345678901",
    "logisticsSteps": [
        {"acceptTime": "2026-09-02 21:55:33", "remark": "【广州市】已揽收，电话 138-0013-8000"},
        {"acceptTime": "2026-09-04 13:33:11", "remark": "已签收"},
    ],
}  # fmt: skip


def payload(change: Callable[[dict[str, Any]], object] = lambda _: None, *, shipped: bool = False) -> dict[str, Any]:
    whole: dict[str, Any] = {"order": copy.deepcopy(ORDER), "logistics": None, "trace": None}
    if shipped:
        whole["order"]["nativeLogistics"] = copy.deepcopy(NATIVE)
        whole |= {"logistics": [dict(INFO)], "trace": [copy.deepcopy(TRACE)]}
    change(whole)
    return whole


def mapped(change: Callable[[dict[str, Any]], object] = lambda _: None, *, shipped: bool = False) -> list[Canonical]:
    return list(to_supplier_order(json.dumps(payload(change, shipped=shipped)).encode(), "main"))


def body(change: Callable[[dict[str, Any]], object] = lambda _: None, *, shipped: bool = False) -> dict[str, Any]:
    return dict(mapped(change, shipped=shipped)[0].body)


def base(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda whole: whole["order"]["baseInfo"].update(fields)


def line(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda whole: whole["order"]["productItems"][0].update(fields)


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def test_the_sample_says_what_it_means() -> None:
    """PO-2: ids as text, yuan as yuan, Beijing time as UTC."""
    (found,) = mapped()
    assert (found.entity, found.key) == ("supplier_order", "alibaba:main:order:2237938826932135493")
    assert found.version == 1788227064000
    order = found.body
    assert (order["our_reference"], order["status"], order["state"]) == ("PO00042", "waitsellersend", "paid")
    assert (order["total"], order["goods"], order["freight"]) == (yuan("100.50"), yuan("92.50"), yuan("8.00"))
    assert (order["discount"], order["refunded"]) == (yuan("0.00"), yuan("0.00"))
    assert order["created_at"] == datetime(2026, 9, 1, 1, 40, tzinfo=UTC)
    (one,) = order["lines"]
    assert (one["line_id"], one["offer_id"], one["sku_id"]) == ("2237938826932135493", "554456348334", "3332085412530")
    assert (one["quantity"], one["unit_price"], one["amount"]) == ("5", yuan("18.50"), yuan("92.50"))
    assert one["logistics_status"] == "not_shipped"
    assert order["parcels"] == []


def test_a_shipped_order_has_its_parcel_and_each_step_is_an_event() -> None:
    """LOG-1: both lists of parcels are one; lines of other orders in it are left out; telephone numbers are masked."""
    order, *events = mapped(shipped=True)
    (parcel,) = order.body["parcels"]
    assert parcel == {
        "parcel_id": "LP00616288919385", "tracking_number": "75312345678901", "carrier_code": "ZTO", "carrier_name": "中通快递(ZTO)",
        "status": "TRANSPORT", "shipped_at": datetime(2026, 9, 2, 2, 15, tzinfo=UTC), "line_ids": ["2237938826932135493"],
    }  # fmt: skip
    assert [one.entity for one in events] == ["delivery_event"] * 2
    assert all(one.key.startswith(f"{order.key}:parcel:LP00616288919385:{one.version}:") for one in events)
    assert [one.body["at"] for one in events] == [
        datetime(2026, 9, 2, 13, 55, 33, tzinfo=UTC),
        datetime(2026, 9, 4, 5, 33, 11, tzinfo=UTC),
    ]
    assert [one.body["text"] for one in events] == ["【广州市】已揽收，电话 ***", "已签收"]
    assert {one.body["tracking_number"] for one in events} == {"75312345678901"}
    assert order.version == events[-1].version
    assert "张三" not in repr((order, events))


@pytest.mark.parametrize("words", ["不需要物流", "无需物流", "", "张三 13800138000"])
def test_words_in_place_of_a_tracking_number_are_none(words: str) -> None:
    """LOG-1: a literal text is not written as a number."""

    def change(whole: dict[str, Any]) -> None:
        whole["order"]["nativeLogistics"]["logisticsItems"][0]["logisticsBillNo"] = words
        whole["logistics"][0]["logisticsBillNo"] = words

    assert body(change, shipped=True)["parcels"][0]["tracking_number"] == ""


def test_no_shipping_at_all_has_no_tracking_number() -> None:
    def change(whole: dict[str, Any]) -> None:
        whole["order"]["nativeLogistics"]["logisticsItems"][0]["type"] = "2"
        whole["logistics"] = None

    assert body(change, shipped=True)["parcels"][0]["tracking_number"] == ""


@pytest.mark.parametrize(
    ("status", "logistics", "state"),
    [
        ("waitbuyerpay", 1, "to_pay"),
        ("WAIT_SELLER_SEND", 1, "paid"),
        ("waitsellersend", 5, "part_shipped"),
        ("waitsellersend", 2, "part_shipped"),
        ("waitbuyerreceive", 2, "shipped"),
        ("signinsuccess", 2, "delivered"),
        ("confirm_goods_and_has_subsidy", 3, "delivered"),
        ("success", 3, "done"),
        ("cancel", 1, "cancelled"),
        ("terminated", 5, "stopped"),
        ("teleported", 1, "unknown"),
    ],
)
def test_states_are_told_by_our_words_and_unknown_ones_as_such(status: str, logistics: int, state: str) -> None:
    """PO-2: the list is not closed."""

    def change(whole: dict[str, Any]) -> None:
        base(status=status)(whole)
        line(logisticsStatus=logistics)(whole)

    found = body(change)
    assert (found["state"], found["status"]) == (state, status)


@pytest.mark.parametrize(
    ("discount", "total", "taken_off"),
    [(-250, 98, "2.50"), (250, 98, "2.50"), (250, 103, "-2.50"), (-250, 77, "2.50")],
)
def test_discounts_are_fen_and_their_sign_is_told_by_the_sum(discount: int, total: int, taken_off: str) -> None:
    """PO-2: fen among yuan."""
    assert body(base(discount=discount, totalAmount=total))["discount"] == yuan(taken_off)


def test_refunds_come_as_yuan_or_as_fen() -> None:
    assert body(base(refund=1.5, refundPayment=150))["refunded"] == yuan("1.50")
    assert body(base(refund=None, refundPayment=150))["refunded"] == yuan("1.50")
    assert body(base(refund=None))["refunded"] is None


def test_a_rounded_number_is_no_id() -> None:
    """PO-2: `id` is what a double made of it; the text counts, also where it comes as a number."""
    rounded = int(float(2237938826932135493))
    assert body(base(id=rounded))["order_id"] == "2237938826932135493"
    assert body(base(id=rounded, idOfStr=2237938826932135493))["order_id"] == "2237938826932135493"
    assert body(base(id=123, idOfStr=None))["order_id"] == "123"
    with pytest.raises(DataError, match=r"order\.baseInfo\.idOfStr: expected text, for id is rounded"):
        body(base(id=rounded, idOfStr=None))
    with pytest.raises(DataError, match="subItemIDString"):
        body(line(subItemIDString=None))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (base(totalAmount="一百元"), "order.baseInfo.totalAmount"),
        (base(modifyTime="昨天"), "order.baseInfo.modifyTime"),
        (base(modifyTime=None), "order.baseInfo.modifyTime"),
        (base(status=None), "order.baseInfo.status"),
        (line(quantity=-1), "order.productItems[0].quantity"),
        (line(productID=None), "order.productItems[0].productID"),
        (lambda whole: whole["order"].update(productItems=None), "order.productItems"),
        (lambda whole: whole["order"].update(productItems=["第一行"]), "order.productItems[0]"),
        (lambda whole: whole.update(order=None), "order"),
    ],
)
def test_what_is_wrong_is_named_and_not_quoted(change: Callable[[dict[str, Any]], object], path: str) -> None:
    """SEC-5."""
    with pytest.raises(DataError) as caught:
        mapped(change)
    assert str(caught.value).startswith(f"{path}: expected")
    assert not any(word in str(caught.value) for word in ("一百元", "昨天", "第一行"))


def test_fourteen_digits_are_another_form_of_the_same_time() -> None:
    assert body(base(createTime="20260901094000+0800"))["created_at"] == datetime(2026, 9, 1, 1, 40, tzinfo=UTC)


def test_versions_grow_with_steps_of_parcels_too() -> None:
    """LOG-1: a parcel's step does not change the order's own time."""
    before, after = payload(), payload(shipped=True)
    assert version_of(before) == 1788227064000
    assert version_of(after) == int(datetime(2026, 9, 4, 5, 33, 11, tzinfo=UTC).timestamp() * 1000)
    assert version_of({"order": 1, "trace": [3]}) == 0
    assert version_of("x") == 0


def test_every_digit_counts() -> None:
    exact = json.dumps(payload()).replace("100.5,", "100.50000000000001,").encode()
    assert Decimal(to_supplier_order(exact, "main")[0].body["total"]["amount"]) == Decimal("100.50")


@pytest.mark.parametrize(
    "element", [None, 3, [], {}, {"baseInfo": 3}, {"baseInfo": {"idOfStr": "x/../y"}}, {"order": None}]
)
def test_ids_that_are_none(element: Any) -> None:
    """SEC-5."""
    assert order_id_of(element) is None
