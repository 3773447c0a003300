"""AUTH-3, SEC-5: signatures of the 1688 open platform, by vectors of the official page (V1), of the official Java class (V5, V6) and computed
from the recipe (V2, V3, V4, W1, W2)."""

import pytest

from connectors.alibaba.signing import SIGNATURE, is_signed_message, message_signature, request_signature

SECRET, JAVA_SECRET = "s3cret-for-tests-0001", "test_app_secret_0123456789abcdef"
TRADE = "param2/1/com.alibaba.trade"
TIMES = {"modifyStartTime": "20260901000000000+0800", "modifyEndTime": "20260901001500000+0800"}
LIST = {"_aop_timestamp": "1790000000000", "access_token": "tok-aaaa-0001", "page": "1", "pageSize": "20", **TIMES}
CREATE = {
    "access_token": "tok-aaaa-0001",
    "flow": "general",
    "outOrderId": "PO00042",
    "message": "备注 A&B=1",
    "addressParam": '{"fullName":"张三","mobile":"13800138000","phone":"","postCode":"310000","provinceText":"浙江省",'
    '"cityText":"杭州市","areaText":"滨江区","townText":"长河街道","address":"网商路699号"}',
    "cargoParamList": '[{"offerId":554456348334,"specId":"b266e0726506185beaf205cbae88530d","quantity":5}]',
}
OFFICIAL = {
    "useOfficialSolution": "true",
    "useOfficialSolutionModelList": '[{"orderGroup":"1","useOfficialSolutionCode":"X"}]',
}
V1 = ("param2/1/system/currentTime/1000000", {"b": "2", "a": "1"}, "test123")
V2 = (f"{TRADE}/alibaba.trade.getBuyerOrderList/1234567", LIST, SECRET)
V3 = (f"{TRADE}/alibaba.trade.createCrossOrder/1234567", CREATE, SECRET)
V4 = (f"{TRADE}/alibaba.trade.createCrossOrder/1234567", {**CREATE, **OFFICIAL}, SECRET)
V5 = (
    f"{TRADE}/alibaba.trade.get.buyerView/1234567",
    {
        "access_token": "tok-simple-0003",
        "includeFields": "NativeLogistics",
        "orderId": "58218860983545944",
        "webSite": "1688",
        "_aop_timestamp": "1728273600001",
    },
    JAVA_SECRET,
)
V6 = (
    "param2/1/com.alibaba.logistics/alibaba.trade.getLogisticsInfos.buyerView/1234567",
    {
        "access_token": "tok-simple-0002",
        "emptyVal": "",
        "fields": "",
        "orderId": "58218860983545944",
        "webSite": "1688",
    },
    JAVA_SECRET,
)
W1 = (
    '{"bizKey":"2237938826932135493","data":{"buyerMemberId":"b2b-100000001","currentStatus":"waitbuyerreceive","msgSendTime":'
    '"2026-09-01 09:44:24","orderId":2237938826932135493,"sellerMemberId":"b2b-100000002"},"gmtBorn":1788227064904,"msgId":92705609220,'
    '"type":"ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS","userInfo":"b2b-100000001"}'
)
W2 = '{"msgId":1,"type":"ORDER_BUYER_VIEW_ORDER_PAY","data":{"orderId":1,"currentStatus":"waitsellersend"}}'
W1_SIGNATURE = "5C214301283928FA834E67924A1BAA2FDCC8AA95"
EXPECTED = {
    "V1": (V1, "33E54F4F7B989E3E0E912D3FBD2F1A03CA7CCE88"),
    "V2": (V2, "17F723FB4615D534A77E9632189C9F3747DAB8B0"),
    "V3": (V3, "F4F9E2CB9E3AD1F58CCEE7D843C2BDC2A7F415FC"),
    "V4": (V4, "0E24AF922497372442E270950AB515143F107EDD"),
    "V5": (V5, "165519CCFC20E74B135CC0133C993AD279F1FD7E"),
    "V6": (V6, "CE4D74D68081AECD6B36769CE5F4AB2FF643E7CE"),
}
Vector = tuple[str, dict[str, str], str]


@pytest.mark.parametrize(("vector", "expected"), EXPECTED.values(), ids=EXPECTED)
def test_a_call_is_signed_as_the_platform_does(vector: Vector, expected: str) -> None:
    path, parameters, secret = vector
    assert request_signature(path, parameters, secret) == expected


@pytest.mark.parametrize(("vector", "expected"), EXPECTED.values(), ids=EXPECTED)
def test_neither_order_nor_an_old_signature_matters(vector: Vector, expected: str) -> None:
    path, parameters, secret = vector
    turned = {SIGNATURE: "whatever", **dict(reversed(parameters.items()))}
    assert request_signature(path, turned, secret) == expected


def test_wrong_recipes_differ() -> None:
    """The negatives of V2 and V4: values signed as they look on the wire, the path left out, sorted by key."""
    path, parameters, secret = V2
    encoded = {name: value.replace("+", "%2B") for name, value in parameters.items()}
    assert request_signature(path, encoded, secret) == "518ECBBFC0D3E7C20BEBC351C8E7E4ABFE4538F7"
    assert request_signature("", parameters, secret) == "B128C351EFA0B0DCB7F582F87DC38C89D18B3356"
    assert request_signature(*V4) != "845077E6B16D270A970F031D0492B51E74DC631F"


def test_an_empty_value_counts() -> None:
    path, parameters, secret = V6
    without = {name: value for name, value in parameters.items() if value}
    assert request_signature(path, without, secret) != request_signature(path, parameters, secret)


@pytest.mark.parametrize(
    ("text", "expected"), [(W1, W1_SIGNATURE), (W2, "F459EC171499B0D770873A8D1613F9F583145883")], ids=["W1", "W2"]
)
def test_a_message_is_signed_without_a_path(text: str, expected: str) -> None:
    assert message_signature({"message": text}, SECRET) == expected
    assert is_signed_message({"message": text, SIGNATURE: expected}, SECRET)
    assert is_signed_message({"message": text, SIGNATURE: expected.lower()}, SECRET)


@pytest.mark.parametrize(
    "fields",
    [
        {"message": W1},
        {"message": W1, SIGNATURE: ""},
        {"message": W1, SIGNATURE: W1_SIGNATURE[:-1]},
        {"message": W1, SIGNATURE: W1_SIGNATURE[:-1] + "4"},
        {"message": W1, SIGNATURE: "ä" * 40},
        {"message": W1, SIGNATURE: "\ud800"},
        {"message": W1 + " ", SIGNATURE: W1_SIGNATURE},
        {"message": W1.replace("waitbuyerreceive", "success"), SIGNATURE: W1_SIGNATURE},
        {"message": W1, "more": "1", SIGNATURE: W1_SIGNATURE},
        {"message": "\ud800", SIGNATURE: W1_SIGNATURE},
        {SIGNATURE: W1_SIGNATURE},
    ],
)
def test_whatever_was_changed_is_noticed(fields: dict[str, str]) -> None:
    """SEC-5: a message whose text, fields or signature are not as signed."""
    assert not is_signed_message(fields, SECRET)
