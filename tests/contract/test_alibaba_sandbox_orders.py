"""PO-1, PO-2, PO-3, ERR-3, TEST-1: preview, creation and cancellation of orders in the 1688 sandbox, as a client meets them."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.alibaba.sandbox.settings import DEMO_BUYER, STATIC_BUYER
from tests.contract.alibaba_box import ADDRESS, CANCEL, CREATE, LIST, PREVIEW, Json, Shop, alibaba_box, error_of


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box() as box:
        yield Shop(box)


def refused(shop: Shop, *lines: Json, **more: Any) -> str:
    """The code with which both preview and creation refuse a cart."""
    cart = shop.cart(*lines, **more)
    previewed, created = shop.box.ask(PREVIEW, **cart), shop.box.ask(CREATE, **cart)
    assert (previewed["success"], created["success"], created["result"]["success"]) == (False, False, False)
    assert previewed["errorMsg"] == created["message"] == created["result"]["message"] != ""
    assert previewed["errorCode"] == created["code"]
    assert snapshot(shop)["orders"] == {}
    return str(created["code"])


def snapshot(shop: Shop) -> Json:
    found: Json = shop.box.http.get("/sandbox/snapshot").raise_for_status().json()
    return found


def test_preview_has_sums_in_fen_and_prices_in_yuan(shop: Shop) -> None:
    offer = shop.first()
    got = shop.box.ask(PREVIEW, **shop.cart(shop.cargo(offer, 3), shop.cargo(offer, 1, 1)))
    assert got["success"] is True
    (one,) = got["orderPreviewResuslt"]
    goods = 3 * offer["specs"][0]["price"] + offer["specs"][1]["price"]
    assert (one["sumPaymentNoCarriage"], one["sumCarriage"], one["sumPayment"]) == (goods, 800, goods + 800)
    assert [line["finalUnitPrice"] for line in one["cargoList"]] == [49.98, 52.98]
    assert one["cargoList"][0]["amount"] == 149.94
    assert snapshot(shop)["orders"] == {}


def test_creation_makes_an_unpaid_order_and_takes_the_stock(shop: Shop) -> None:
    offer = shop.first()
    made = shop.create(shop.cargo(offer, 5), outOrderId="PO00042", message="备注 A&B=1")
    total = 5 * offer["specs"][0]["price"] + 800
    assert (made["totalSuccessAmount"], made["postFee"], made["orderList"]) == (total, 800, None)
    assert len(made["orderId"]) == 19
    assert int(float(made["orderId"])) != int(made["orderId"]) > 2**53
    told = shop.told(made["orderId"])
    assert (told["status"], told["out_order_id"], told["message"]) == ("waitbuyerpay", "PO00042", "备注 A&B=1")
    assert told["address"]["area"] == "滨江区"
    assert shop.first()["specs"][0]["stock"] == offer["specs"][0]["stock"] - 5
    assert shop.box.ask("alibaba.alipay.url.get", orderIdList=[int(made["orderId"])])["payUrl"]


def test_both_create_calls_do_the_same(shop: Shop) -> None:
    cart = shop.cart(shop.cargo(shop.first()))
    for name in (CREATE, "alibaba.trade.createCrossOrder"):
        assert shop.box.ask(name, **cart)["result"]["orderId"]
    assert len(snapshot(shop)["orders"]) == 2


def test_prices_by_quantity_go_by_all_specs_of_the_offer(shop: Shop) -> None:
    offer = shop.offer(mix={"base": "plain", "by_quantity": 1.0}, seed=2)
    (_, full), (_, less), _ = offer["ranges"]
    few = shop.create(shop.cargo(offer, 10), shop.cargo(offer, 9, 1))
    many = shop.create(shop.cargo(offer, 10), shop.cargo(offer, 10, 1))
    assert few["totalSuccessAmount"] - few["postFee"] == 19 * full
    assert many["totalSuccessAmount"] - many["postFee"] == 20 * less


def test_an_offer_without_specs_is_ordered_without_a_spec(shop: Shop) -> None:
    offer = shop.offer(mix={"base": "plain", "single_spec": 1.0}, seed=3)
    line = shop.cargo(offer, 4)
    assert "specId" not in line
    shop.order(line)
    assert shop.box.http.get(f"/sandbox/offers/{offer['id']}").json()["stock"] == offer["stock"] - 4
    assert shop.box.ask(CREATE, **shop.cart({**line, "specId": "0" * 32}))["code"] == "500_003"


def test_every_rule_has_its_code(shop: Shop) -> None:
    """ERR-3: the business codes of preview and creation, 500_001 to 500_009 and the rest."""
    offer, other = shop.first(), shop.first(1)
    line = shop.cargo(offer)
    gone = shop.offer(seed=11)
    shop.box.control(f"/sandbox/offers/{gone['id']}/change", kind="status", status="deleted")
    free = shop.offer(seed=12)
    shop.box.control(f"/sandbox/offers/{free['id']}/change", kind="price", fen=0)
    batch = shop.offer(seed=13, minimum=10, batch=5)
    cheap = shop.offer(seed=14, seller="s5")
    shop.box.control(f"/sandbox/offers/{cheap['id']}/change", kind="price", fen=100)
    for expected, lines, more in (
        ("500_001", [shop.cargo(gone)], {}),
        ("500_001", [{"offerId": 12, "quantity": 1}], {}),
        ("500_002", [line, shop.cargo(other)], {}),
        ("500_002", [{"offerId": offer["id"], "quantity": 1}], {}),
        ("500_003", [{**line, "specId": other["specs"][0]["spec_id"]}], {}),
        ("500_003", [{**line, "specId": str(offer["specs"][0]["sku_id"])}], {}),
        ("500_004", [shop.cargo(offer, offer["specs"][0]["stock"] + 1)], {}),
        ("500_005", [shop.cargo(batch, 5)], {}),
        ("500_006", [shop.cargo(batch, 12)], {}),
        ("500_007", [line], {"flow": "saleproxy"}),
        ("500_008", [shop.cargo(free)], {}),
        ("500_009", [shop.cargo(cheap, 1)], {}),
        ("400", [line], {"tradeType": "barter"}),
        ("400", [line], {"flow": "barter"}),
        ("400", [line], {"message": "长" * 501}),
        ("400", [line, line], {}),
        ("400", [{**line, "quantity": 0}], {}),
        ("400", [{**line, "quantity": 1.5}], {}),
    ):
        assert refused(shop, *lines, **more) == expected


def test_at_most_fifty_specs_go_into_one_order(shop: Shop) -> None:
    offers = shop.box.control("/sandbox/offers", count=20, seed=21, seller="s1")["offers"]
    lines = [shop.cargo(offer, 1, place) for offer in offers for place in range(3)]
    assert refused(shop, *lines[:51]) == "400"
    assert len(shop.told(shop.order(*lines[:50]))["lines"]) == 50


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"provinceText": ""}, "provinceText"),
        ({"provinceText": "Zhejiang"}, "provinceText"),
        ({"cityText": ""}, "cityText"),
        ({"areaText": ""}, "areaText"),
        ({"address": ""}, "address"),
        ({"address": "路" * 201}, "address"),
        ({"fullName": "张"}, "fullName"),
        ({"mobile": "+49 170"}, "mobile"),
        ({"phone": "+86"}, "phone"),
        ({"addressId": 99}, "AddressId invalid"),
        ({"districtCode": "000000"}, "districtCode"),
    ],
)
def test_an_address_needs_its_parts(shop: Shop, changed: Json, named: str) -> None:
    """PO-1: a mainland address in Chinese; the answer names the part."""
    cart = shop.cart(shop.cargo(shop.first()), addressParam={**ADDRESS, **changed})
    got = shop.box.ask(CREATE, **cart)
    assert (got["success"], got["code"], named in got["message"]) == (False, "400", True)


def test_saved_addresses_and_districts_are_addresses_too(shop: Shop) -> None:
    (first, _) = shop.box.ask("alibaba.trade.receiveAddress.get")["result"]["receiveAddressItems"]
    line = shop.cargo(shop.first())
    told = shop.told(shop.order(line, addressParam={"addressId": first["id"]}))
    assert (told["address"]["city"], told["address"]["town"]) == ("杭州市", first["townName"])
    person = {"fullName": "李四", "mobile": "13900139000", "address": "示例大道1号"}
    told = shop.told(shop.order(line, addressParam={**person, "districtCode": "330782"}))
    assert told["address"]["area"] == "义乌市"
    found = shop.box.ask("alibaba.trade.addresscode.parse", addressInfo="浙江省 杭州市 滨江区 网商路699号")["result"]
    assert (found["addressCode"], found["address"]) == ("330108", "网商路699号")
    unknown = shop.box.ask("alibaba.trade.addresscode.parse", addressInfo="1 Main Street")
    assert (unknown["success"], unknown["code"]) == (False, "400")


def test_parameters_that_cannot_be_read_are_the_gateway_s_matter(shop: Shop) -> None:
    cart = shop.cart(shop.cargo(shop.first()))
    for name, value in (("cargoParamList", "[1]"), ("cargoParamList", "{"), ("addressParam", "[]"), ("colour", "red")):
        assert error_of(shop.box.call(CREATE, **{**cart, name: value})) == (400, "gw.ParamInvalid")
    del cart["flow"]
    assert error_of(shop.box.call(CREATE, **cart)) == (400, "gw.ParamMissing")


def test_a_create_that_is_answered_with_502_has_made_its_order(shop: Shop) -> None:
    """PO-2: whoever sends it again has two; looking it up by outOrderId finds the first."""
    shop.box.faults({"kind": "answer_502", "limit": 1, "path": "fastCreateOrder"})
    cart = shop.cart(shop.cargo(shop.first()), outOrderId="PO7")
    assert shop.box.call(CREATE, **cart).status_code == 502
    (found,) = shop.listed(outOrderId="PO7", page=1)
    assert snapshot(shop)["doubled"] == []
    again = shop.box.ask(CREATE, **cart)["result"]["orderId"]
    assert again != found
    told = snapshot(shop)
    assert told["doubled"] == ["PO7"]
    assert sorted(told["purchases"]["PO7"]["orders"]) == sorted([found, again])
    assert told["writes"] == {"create": 2}
    shop.change(again, "close", by="buyer")
    assert snapshot(shop)["doubled"] == []


def test_a_new_order_may_be_late_in_the_list(shop: Shop) -> None:
    """PO-2: not there the first time does not mean not there."""
    shop.box.faults({"kind": "late_in_list", "limit": 1})
    made = shop.order(outOrderId="PO8")
    assert shop.listed(outOrderId="PO8") == []
    assert shop.view(made)["baseInfo"]["status"] == "waitbuyerpay"
    shop.box.clock.tick(5)
    assert shop.listed(outOrderId="PO8") == [made]


def test_a_split_order_tells_all_its_ids(shop: Shop) -> None:
    """PO-3: by its offers' places, or as a fault; freight stands at the first."""
    one, other = shop.offer(seed=31, seller="s1"), shop.offer(seed=32, seller="s1", group="elsewhere")
    made = shop.create(shop.cargo(one), shop.cargo(other), outOrderId="PO9")
    assert made["orderId"] == ""
    first, second = made["orderList"]
    assert (first["postFee"], second["postFee"]) == (800, 0)
    assert first["orderAmmount"] - 800 + second["orderAmmount"] == 2 * (
        one["specs"][0]["price"] + other["specs"][0]["price"]
    )
    assert snapshot(shop)["doubled"] == []
    assert sorted(shop.listed(outOrderId="PO9")) == sorted([first["orderId"], second["orderId"]])
    shop.box.faults({"kind": "split_order"})
    assert len(shop.create(shop.cargo(one), shop.cargo(one, 2, 1))["orderList"]) == 2
    assert shop.create(shop.cargo(one))["orderList"] is None


def test_a_partial_order_names_what_failed(shop: Shop) -> None:
    """PO-3: success, an order id, and lines that were not ordered, by a fault or because the stock went in between."""
    offer = shop.first()
    lines = [shop.cargo(offer), shop.cargo(offer, 3, 1)]
    shop.box.faults({"kind": "partial_order", "limit": 1})
    made = shop.create(*lines)
    (failed,) = made["failedOfferList"]
    assert (failed["offerId"], failed["errorCode"]) == (str(offer["id"]), "500_004")
    assert [line["quantity"] for line in shop.told(made["orderId"])["lines"]] == [2]
    spec = offer["specs"][1]["spec_id"]
    shop.box.control(f"/sandbox/offers/{offer['id']}/change", kind="stock", quantity=1, spec=spec)
    assert shop.box.ask(PREVIEW, **shop.cart(*lines))["errorCode"] == "500_004"
    assert shop.create(*lines)["failedOfferList"][0]["specId"] == spec


def test_prices_and_freight_may_rise_after_the_preview(shop: Shop) -> None:
    """PO-2: what is paid is what the platform says at creation."""
    cart = shop.cart(shop.cargo(shop.first(), 10))
    (seen,) = shop.box.ask(PREVIEW, **cart)["orderPreviewResuslt"]
    shop.box.faults({"kind": "price_moved", "limit": 1})
    made = shop.create(*cart["cargoParamList"])
    assert made["totalSuccessAmount"] == seen["sumPaymentNoCarriage"] // 10 * 11 // 10 * 10 + seen["sumCarriage"]
    shop.box.faults({"kind": "freight_moved", "limit": 1})
    made = shop.create(*cart["cargoParamList"])
    assert (made["postFee"], made["totalSuccessAmount"]) == (1300, seen["sumPayment"] + 500)
    assert shop.view(made["orderId"])["baseInfo"]["shippingFee"] == 13


def test_answers_may_be_flat(shop: Shop) -> None:
    """PO-2: an order id means that the order is there, whatever `success` says."""
    cart = shop.cart(shop.cargo(shop.first()))
    for kind, success in (("flat_answer", True), ("flat_false", False)):
        shop.box.faults({"kind": kind})
        got = shop.box.ask(CREATE, **cart)
        assert "result" not in got
        assert (got["success"], shop.told(got["orderId"])["status"]) == (success, "waitbuyerpay")


def cancel(shop: Shop, order_id: str, **changed: str) -> Json:
    given: Json = {"webSite": "1688", "tradeID": order_id, "cancelReason": "buyerCancel", **changed}
    found: Json = shop.box.ask(CANCEL, **given)
    return found


def test_only_an_unpaid_order_of_ten_seconds_can_be_cancelled(shop: Shop) -> None:
    """PO-3: and its stock comes back."""
    before = shop.first()["specs"][0]["stock"]
    made, other = shop.order(), shop.order()
    assert cancel(shop, made)["errorCode"] == "CLOSE_ORDER_TOO_FAST"
    shop.box.clock.tick(10)
    assert cancel(shop, made) == {"success": True}
    assert (shop.told(made)["status"], shop.told(made)["close_reason"]) == ("cancel", "buyerCancel")
    assert shop.first()["specs"][0]["stock"] == before - 2
    assert cancel(shop, made)["errorCode"] == "ORDER_STATUS_ERROR"
    shop.change(other, "pay")
    assert cancel(shop, other)["errorCode"] == "ORDER_STATUS_ERROR"
    assert cancel(shop, "12")["errorCode"] == "ORDER_NOT_EXIST"
    foreign = shop.box.ask(CANCEL, STATIC_BUYER, webSite="1688", tradeID=other, cancelReason="other")
    assert (foreign["success"], foreign["errorCode"]) == (False, "400_3")
    given: Json = {"webSite": "1688", "tradeID": other, "cancelReason": "buyerCancel"}
    for wrong in ({"cancelReason": "mood"}, {"webSite": "taobao"}, {"tradeID": "x"}):
        assert error_of(shop.box.call(CANCEL, **{**given, **wrong})) == (400, "gw.ParamInvalid")
    assert error_of(shop.box.call(CANCEL, webSite="1688", tradeId=made, cancelReason="other"))[1] == "gw.ParamMissing"


def test_what_was_created_survives_a_restart(tmp_path: Any) -> None:
    with alibaba_box(data_dir=tmp_path) as box:
        made = Shop(box).order(outOrderId="PO1")
        token = box.token()
    with alibaba_box(data_dir=tmp_path) as box:
        assert Shop(box).listed(outOrderId="PO1") == [made]
        assert box.call(LIST, access_token=token).status_code == 200
        assert Shop(box).first()["specs"][0]["stock"] < 10**6
        assert DEMO_BUYER.app_key in box.http.get("/").text
