"""PO-2, SEC-5: what a message of 1688 is about; nothing else of it is believed (alibaba.md section 10)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.alibaba.messages import message_in
from connectors.kit.errors import DataError

SENT = json.loads(
    '{"bizKey":"2237938826932135493","data":{"buyerMemberId":"b2b-100000001","currentStatus":"waitbuyerreceive",'
    '"msgSendTime":"2026-09-01 09:44:24","orderId":2237938826932135493,"sellerMemberId":"b2b-100000002"},"gmtBorn":1788227064904,'
    '"msgId":92705609220,"type":"ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS","userInfo":"b2b-100000001"}'
)


def message(kind: str, data: Any, **more: Any) -> dict[str, Any]:
    return {"msgId": 1, "type": kind, "gmtBorn": 1788227064904, "data": data, **more}


@pytest.mark.parametrize("as_text", [False, True])
def test_the_sample_names_its_order(as_text: bool) -> None:
    """`data` and the number come as text too."""
    given = {**SENT, "data": json.dumps(SENT["data"]), "msgId": str(SENT["msgId"])} if as_text else SENT
    found = message_in(given)
    assert (found.id, found.orders, found.known) == ("92705609220", ("2237938826932135493",), True)
    assert found.born == datetime(2026, 9, 1, 1, 44, 24, 904000, UTC)


@pytest.mark.parametrize(
    ("kind", "data", "orders", "offers"),
    [
        (
            "ORDER_BATCH_PAY",
            {"batchPay": [{"orderId": 1, "status": "x"}, {"orderId": "2"}, {"orderId": 1}]},
            ("1", "2"),
            (),
        ),
        (
            "LOGISTICS_BUYER_VIEW_TRACE",
            {"OrderLogisticsTracingModel": {"orderLogsItems": [{"orderId": 1, "orderEntryId": 2}]}},
            ("1",),
            (),
        ),
        ("LOGISTICS_MAIL_NO_CHANGE", {"MailNoChangeModel": {"orderLogsItems": [{"orderId": 3}]}}, ("3",), ()),
        ("PRODUCT_RELATION_VIEW_PRODUCT_CHANGE", {"productIds": "5, 6,5", "action": "modify"}, (), ("5", "6")),
        ("PRODUCT_PRODUCT_INVENTORY_CHANGE", {"OfferInventoryChangeList": [{"offerId": 7}]}, (), ("7",)),
        ("ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS", {"orderId": "8"}, ("8",), ()),
    ],
)
def test_each_type_names_what_to_fetch(kind: str, data: Any, orders: tuple[str, ...], offers: tuple[str, ...]) -> None:
    found = message_in(message(kind, data))
    assert (found.orders, found.offers, found.known) == (orders, offers, True)


def test_the_end_of_the_authorisation_needs_no_data_and_unknown_types_say_so() -> None:
    assert message_in(message("AUTHORIZATION_CANCEL", None)).known
    assert not message_in(message("SOMETHING_NEW", {})).known


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ([], "payload"),
        ({**SENT, "msgId": None}, "msgId"),
        ({**SENT, "msgId": "x/../y"}, "msgId"),
        ({**SENT, "type": ""}, "type"),
        ({**SENT, "data": "{"}, "data"),
        ({**SENT, "data": {}}, "data.orderId"),
        ({**SENT, "data": {"orderId": "Mustermann"}}, "data.orderId"),
        (message("ORDER_BATCH_PAY", {"batchPay": []}), "data"),
        (message("PRODUCT_RELATION_VIEW_PRODUCT_CHANGE", {"productIds": ","}), "data.productIds"),
    ],
)
def test_what_is_wrong_is_named_and_not_quoted(given: Any, path: str) -> None:
    """SEC-5."""
    with pytest.raises(DataError) as caught:
        message_in(given)
    assert str(caught.value).startswith(f"{path}: expected")
    assert "Mustermann" not in str(caught.value)
