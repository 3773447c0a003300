"""PO-2, LOG-1, REC-1, TEST-1: the list of orders, one order and its parcels in the 1688 sandbox, as a client meets them."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.alibaba.sandbox.moments import stamp
from connectors.alibaba.sandbox.settings import STATIC_BUYER
from tests.contract.alibaba_box import INFOS, LIST, TRACE, VIEW, Json, Shop, alibaba_box, error_of


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box() as box:
        yield Shop(box)


def test_a_row_has_its_units_and_its_ids(shop: Shop) -> None:
    """Yuan and fen side by side; the number in `id` is what a double makes of it, `idOfStr` is true."""
    offer = shop.first()
    made = shop.order(shop.cargo(offer, 5), shop.cargo(offer, 1, 1), outOrderId="PO00042")
    first, second = shop.told(made)["lines"]
    shop.change(made, "price", freight=0, discount=-50, lines={first["sub_id"]: first["amount"] - 70})
    (row,) = shop.box.ask(LIST)["result"]
    base = row["baseInfo"]
    assert (base["id"], str(base["idOfStr"])) == (int(float(made)), made)
    assert base["id"] != int(made)
    total = 5 * 4998 + 5298 - 70 - 50
    assert (base["totalAmount"], base["sumProductPayment"]) == (total / 100, (total + 50) / 100)
    assert (base["shippingFee"], base["discount"], base["outOrderId"]) == (0, -50, "PO00042")
    line = row["productItems"][0]
    assert (line["price"], line["itemAmount"], line["entryDiscount"]) == (49.98, 249.2, -70)
    assert (line["specId"], line["skuID"]) == (offer["specs"][0]["spec_id"], offer["specs"][0]["sku_id"])
    assert (str(line["subItemIDString"]), line["subItemID"]) == (first["sub_id"], int(float(first["sub_id"])))
    assert second["sub_id"] != first["sub_id"] != made
    assert (base["sellerID"], base["createTime"]) == ("b2b-9990100001", "20261120200000000+0800")
    assert "nativeLogistics" not in row


def test_ids_as_text_are_sometimes_numbers(shop: Shop) -> None:
    kinds = set()
    for _ in range(40):
        shop.order()
    for row in shop.box.ask(LIST, pageSize=50)["result"]:
        base = row["baseInfo"]
        kinds.add((type(base["idOfStr"]).__name__, type(row["productItems"][0]["subItemIDString"]).__name__))
        assert shop.told(str(base["idOfStr"]))["id"] == str(base["idOfStr"])
    assert {one for one, _ in kinds} == {other for _, other in kinds} == {"int", "str"}


def test_pages_follow_each_other_and_tell_how_many_there_are(shop: Shop) -> None:
    made = [shop.order() for _ in range(7)]
    seen: list[str] = []
    for page in (1, 2, 3):
        got = shop.box.ask(LIST, page=page, pageSize=3)
        assert got["totalRecord"] == 7
        seen += [str(row["baseInfo"]["idOfStr"]) for row in got["result"]]
    assert sorted(seen) == sorted(made)
    assert shop.box.ask(LIST, page=4, pageSize=3) == {"result": [], "totalRecord": 7}
    for wrong in ({"page": 0}, {"pageSize": 51}, {"pageSize": "x"}, {"orderStatus": "open"}, {"isHis": "1"}):
        assert error_of(shop.box.call(LIST, **wrong)) == (400, "gw.ParamInvalid")


def test_windows_go_by_changes_or_creation_and_both_ends_belong_to_them(shop: Shop) -> None:
    start, old = shop.box.clock.now, shop.order()
    shop.box.clock.tick(60)
    young = shop.order()
    shop.box.clock.tick(60)
    shop.change(old, "pay")

    def within(low: float, high: float, kind: str = "modify") -> list[str]:
        return shop.listed(**{f"{kind}StartTime": stamp(start + low), f"{kind}EndTime": stamp(start + high)})

    assert within(0, 119) == [young]
    assert within(120, 120) == [old]
    assert sorted(within(60, 120)) == sorted([old, young])
    assert within(0, 59.999, "create") == [old]
    assert shop.listed(orderStatus="waitsellersend") == [old]
    assert shop.listed(sellerMemberId="b2b-9990100002") == []
    assert sorted(shop.listed(sellerLoginId="示例供应商01")) == sorted([old, young])
    # One report says that orderIds is ignored: so it is here.
    assert len(shop.listed(orderIds=[int(old)])) == 2
    for wrong in ("20261120200000+0800", "2026-11-20 20:00:00", "20261120200000000 0800", "20261320200000000+0800"):
        assert error_of(shop.box.call(LIST, modifyStartTime=wrong)) == (400, "gw.ParamInvalid")


def test_orders_of_more_than_three_months_are_history(shop: Shop) -> None:
    old, young = shop.order(), shop.order()
    shop.box.control(f"/sandbox/orders/{old}/age", days=91)
    assert (shop.listed(), shop.listed(isHis="false"), shop.listed(isHis="true")) == ([young], [young], [old])
    assert shop.view(old)["baseInfo"]["status"] == "waitbuyerpay"


def test_one_order_with_address_and_without_another_s(shop: Shop) -> None:
    made = shop.order()
    native = shop.view(made)["nativeLogistics"]
    assert (native["province"], native["town"], native["contactPerson"]) == ("浙江省", "长河街道", "张三")
    assert not native.get("logisticsItems")
    assert "nativeLogistics" not in shop.view(made, "RateDetail")
    for buyer, number, code in (
        (STATIC_BUYER, made, "order.nopermission.buyer"),
        (STATIC_BUYER, "12", "ORDER_NOT_EXIST"),
    ):
        got = shop.box.ask(VIEW, buyer, webSite="1688", orderId=number)
        assert (got["success"], got["errorCode"]) == ("false", code)
    given: Json = {"webSite": "1688", "orderId": made}
    for wrong in ({"webSite": "taobao"}, {"orderId": "PO1"}, {"includeFields": "Everything"}):
        assert error_of(shop.box.call(VIEW, **{**given, **wrong})) == (400, "gw.ParamInvalid")


def test_success_is_text_or_missing(shop: Shop) -> None:
    flags = {shop.box.ask(VIEW, webSite="1688", orderId=shop.order()).get("success") for _ in range(20)}
    assert flags == {"true", None}


def test_the_way_of_an_order_from_payment_to_its_end(shop: Shop) -> None:
    made = shop.order()
    expected = ["waitbuyerpay"]
    for kind, status in (
        ("pay", "waitsellersend"),
        ("ship", "waitbuyerreceive"),
        ("sign", "signinsuccess"),
        ("confirm", "confirm_goods"),
        ("success", "success"),
    ):
        shop.box.clock.tick(61)
        assert shop.change(made, kind)["status"] == status
        base = shop.view(made)["baseInfo"]
        assert (base["status"], base["modifyTime"]) == (status, stamp(shop.box.clock.now))
        expected.append(status)
    assert {"payTime", "allDeliveredTime", "receivingTime", "completeTime"} <= base.keys()
    assert shop.view(made)["tradeTerms"][0]["payStatus"] == "6"
    for kind in ("pay", "ship", "close", "price"):
        answer = shop.box.http.post(f"/sandbox/orders/{made}/change", json={"kind": kind})
        assert (answer.status_code, "success" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(("by", "reason"), [("seller", "SELLER_CANCEL"), ("bops", "BUYER_NO_PAY")])
def test_others_close_orders_too(shop: Shop, by: str, reason: str) -> None:
    made = shop.order()
    shop.change(made, "pay")
    shop.change(made, "close", by=by)
    base = shop.view(made)["baseInfo"]
    assert (base["status"], base["closeReason"], base["refundPayment"]) == ("cancel", reason, shop.told(made)["total"])
    assert shop.view(made)["tradeTerms"][0]["payStatus"] == "4"


def test_refunds_and_ends_and_statuses_nobody_knows(shop: Shop) -> None:
    made = shop.order()
    shop.change(made, "pay")
    shop.change(made, "refund", status="waitselleragree", fen=150)
    row = shop.view(made)
    assert (row["baseInfo"]["refund"], row["baseInfo"]["refundPayment"]) == (1.5, 150)
    assert row["productItems"][0]["refundStatus"] == "WAIT_SELLER_AGREE"
    assert shop.listed(refundStatus="waitselleragree") == [made]
    shop.change(made, "terminate")
    assert shop.view(made)["baseInfo"]["status"] == "terminated"
    shop.change(made, "status", status="waitlogisticstakein")
    assert shop.view(made)["baseInfo"]["status"] == "waitlogisticstakein"


def infos(shop: Shop, order_id: str, **more: Any) -> Json:
    found: Json = shop.box.ask(INFOS, webSite="1688", orderId=order_id, **more)
    return found


def traces(shop: Shop, order_id: str, **more: Any) -> Json:
    found: Json = shop.box.ask(TRACE, webSite="1688", orderId=order_id, **more)
    return found


def test_before_shipment_there_is_no_parcel_and_that_is_said_as_an_error(shop: Shop) -> None:
    """LOG-1: 500_2 is a state, not a failure; a trace that is empty is a success with words."""
    made = shop.order()
    got = infos(shop, made)
    assert (got["success"], got["errorCode"]) == (False, "500_2")
    assert traces(shop, made) == {"errorMessage": "该订单没有物流跟踪信息。", "success": True}
    assert infos(shop, "12")["errorCode"] == "order.nopermission.buyer"
    assert error_of(shop.box.call(INFOS, webSite="1688", orderId=made, fields="weather")) == (400, "gw.ParamInvalid")


def test_an_order_may_be_shipped_in_parts(shop: Shop) -> None:
    """LOG-1: it counts as unshipped until the last unit has left."""
    offer = shop.first()
    made = shop.order(shop.cargo(offer, 5), shop.cargo(offer, 2, 1))
    shop.change(made, "pay")
    first, second = (line["sub_id"] for line in shop.told(made)["lines"])
    assert shop.change(made, "ship", items={first: 3}, carrier="SF")["status"] == "waitsellersend"
    assert [line["logisticsStatus"] for line in shop.view(made)["productItems"]] == [5, 1]
    answer = shop.box.http.post(f"/sandbox/orders/{made}/change", json={"kind": "ship", "items": {first: 3}})
    assert answer.status_code == 400
    told = shop.change(made, "ship", bill_no=None)
    assert told["status"] == "waitbuyerreceive"
    one, other = infos(shop, made, fields="company.name,sendgood")["result"]
    assert (one["logisticsCompanyNo"], one["orderEntryIds"]) == ("SF", first)
    assert one["sendGoods"][0]["quantity"] == "3"
    assert "logisticsBillNo" not in other
    assert other["orderEntryIds"] == f"{first},{second}"
    items = shop.view(made)["nativeLogistics"]["logisticsItems"]
    assert [item["logisticsCode"] for item in items] == told["parcels"] == [one["logisticsId"], other["logisticsId"]]
    assert items[1]["subItemIds"] == f"{first},{second}"


def test_a_parcel_may_hold_several_orders(shop: Shop) -> None:
    """LOG-1: each order shows the parcel, with the ids of all lines in it and its own goods."""
    one, other = shop.order(), shop.order()
    shop.change(one, "pay")
    shop.change(other, "pay")
    parcel = shop.box.control("/sandbox/parcels", orders={one: {}, other: {}})
    assert parcel["orders"] == sorted([one, other])
    for order_id in (one, other):
        (info,) = infos(shop, order_id)["result"]
        assert info["logisticsId"] == parcel["id"]
        assert sorted(info["orderEntryIds"].split(",")) == sorted([one, other])
        assert len(info["sendGoods"]) == 1
        assert shop.told(order_id)["status"] == "waitbuyerreceive"


def test_what_needs_no_shipping_has_words_for_a_number(shop: Shop) -> None:
    made = shop.order()
    shop.change(made, "pay")
    shop.change(made, "ship", type="2")
    (item,) = shop.view(made)["nativeLogistics"]["logisticsItems"]
    assert (item["type"], item["logisticsBillNo"]) == ("2", "不需要物流")
    (info,) = infos(shop, made)["result"]
    assert "logisticsCompanyNo" not in info


def test_a_trace_grows_in_beijing_time(shop: Shop) -> None:
    made = shop.order()
    shop.change(made, "pay")
    (parcel,) = shop.change(made, "ship")["parcels"]
    assert "logisticsTrace" not in traces(shop, made)
    for kind in ("accept", "transport", "delivering", "sign"):
        shop.box.clock.tick(3600)
        shop.step(parcel, kind)
    (trace,) = traces(shop, made)["logisticsTrace"]
    steps = trace["logisticsSteps"]
    assert (trace["orderId"], len(steps)) == (int(made), 4)
    assert steps[-1] == {"acceptTime": "2026-11-21 00:00:00", "remark": "已签收"}
    assert infos(shop, made)["result"][0]["status"] == "SIGN"
    assert traces(shop, made, logisticsId="LP1")["errorCode"] == "404"
    assert shop.box.http.post(f"/sandbox/parcels/{parcel}/change", json={"kind": "failed"}).status_code == 400
    shop.step(parcel, "number", bill_no="SF1", carrier="SF")
    assert infos(shop, made)["result"][0]["logisticsBillNo"] == "SF1"
    shop.box.control(f"/sandbox/orders/{made}/age", days=366)
    assert traces(shop, made)["errorCode"] == "order.createtime.history"


def test_faults_of_the_list(shop: Shop) -> None:
    made = [shop.order() for _ in range(4)]
    shop.box.faults({"kind": "absent_order", "limit": 1})
    assert len(shop.listed()) == 3
    shop.box.faults({"kind": "duplicate_page", "limit": 1})
    assert shop.listed(page=2, pageSize=2) == shop.listed(page=1, pageSize=2)
    shop.box.faults({"kind": "bad_record", "limit": 1})
    plain = shop.box.ask(LIST)["result"]
    shop.box.faults()
    assert [row for row in shop.box.ask(LIST)["result"] if row not in plain]
    shop.box.control(f"/sandbox/orders/{made[0]}/hide", seconds=60)
    assert made[0] not in shop.listed()


def test_orders_go_on_by_themselves() -> None:
    """A timeline: paid, shipped, signed for, done; what was cancelled meanwhile is left alone."""
    timeline = ((2.0, "pay"), (4.0, "ship"), (6.0, "sign"), (8.0, "success"))
    with alibaba_box(timeline=timeline) as box:
        shop = Shop(box)
        made, closed = shop.order(), shop.order()
        shop.change(closed, "close")
        seen = []
        for _ in timeline:
            box.clock.tick(2)
            seen.append(shop.view(made)["baseInfo"]["status"])
        assert seen == ["waitsellersend", "waitbuyerreceive", "waitbuyerreceive", "success"]
        assert infos(shop, made)["result"][0]["status"] == "SIGN"
        assert shop.told(closed)["status"] == "cancel"


def test_control_of_orders_says_what_is_wrong(shop: Shop) -> None:
    made = shop.order()
    for path, body, status in (
        (f"/sandbox/orders/{made}/change", {"kind": "burn"}, 400),
        (f"/sandbox/orders/{made}/change", {"kind": "price", "lines": {"1": 5}}, 400),
        (f"/sandbox/orders/{made}/change", {"kind": "close", "by": "cat"}, 400),
        (f"/sandbox/orders/{made}/change", {"kind": "ship"}, 400),
        ("/sandbox/orders/12/change", {"kind": "pay"}, 404),
        ("/sandbox/orders/12", None, 404),
        ("/sandbox/parcels", {"orders": {}}, 400),
        ("/sandbox/parcels/LP1/change", {"kind": "sign"}, 404),
    ):
        answer = shop.box.http.post(path, json=body) if body is not None else shop.box.http.get(path)
        assert (answer.status_code, bool(answer.json()["error"])) == (status, True)
