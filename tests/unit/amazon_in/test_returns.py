"""Two reports of returns -> returns: rows, states of goods, money and service, the items of the order (RET-1, TEST-3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from connectors.amazon.return_mapping import to_return
from connectors.amazon.return_rows import BY_AMAZON, BY_SELLER, RawReturn, folded, returns_in
from connectors.amazon.returns import items_in, place_in
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from schemas.records import ReturnOrder
from tests.unit.damage import REMOVED, anything, damaged
from tests.unit.failure.samples import codec

ORDER = "112-1234567-8901234"
SELLERS: dict[str, str] = {
    "Order ID": ORDER, "Order date": "20-Aug-2026", "Return request date": "23-Sep-2026", "Return request status": "Approved",
    "Amazon RMA ID": "RMA9", "Merchant RMA ID": "", "Currency code": "GBP", "Return carrier": "Evri", "Tracking ID": "H01ABC",
    "A-to-Z Claim": "N", "Merchant SKU": "SKU-1", "Return quantity": "2", "Return Reason": "CR-DEFECTIVE", "Return type": "C-Returns",
    "Resolution": "StandardRefund", "Return delivery date": "", "Refunded Amount": "", "Order Item ID": "25012345678902",
}  # fmt: skip
AMAZONS: dict[str, str] = {
    "return-date": "2026-09-26T15:31:40+00:00", "order-id": ORDER, "sku": "SKU-1", "asin": "B00", "fnsku": "X00", "product-name": "Thing",
    "quantity": "1", "fulfillment-center-id": "LEX1", "detailed-disposition": "CUSTOMER_DAMAGED", "reason": "NOT_COMPATIBLE",
    "status": "Reimbursed", "license-plate-number": "LPN1", "customer-comments": "",
}  # fmt: skip


def file_of(*rows: dict[str, str]) -> bytes:
    lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
    return ("\r\n".join(lines) + "\r\n").encode()


def sellers(*rows: dict[str, str]) -> list[RawReturn]:
    found, problems = returns_in(BY_SELLER, file_of(*({**SELLERS, **row} for row in rows)))
    assert problems == []
    return found


def payload(kind: str, raw: RawReturn, **more: Any) -> dict[str, Any]:
    return {"report": kind, "returnId": raw.return_id, "orderId": raw.order_id, "rows": raw.rows, **more}


def mapped(content: Any) -> ReturnOrder:
    (record,) = to_return(exact_json.dumps(content), "main")
    assert (record.entity, record.key, record.version) == ("return_order", record.body["key"], record.body["version"])
    found: Any = codec().decode("return_order", codec().encode("return_order", record.body))
    assert found == record.body
    body: ReturnOrder = found
    return body


def sellers_return(**row: str) -> ReturnOrder:
    (raw,) = sellers({name.replace("_", " "): text for name, text in row.items()})
    return mapped(payload(BY_SELLER, raw))


def test_a_return_to_the_seller() -> None:
    """RET-1: asked for, on its way as far as anybody knows, nothing refunded."""
    body = sellers_return()
    assert (body["key"], body["order_key"]) == ("amazon:main:return:RMA9", f"amazon:main:{ORDER}")
    assert (body["physical"], body["financial"], body["service"], body["total_refund"]) == (
        "announced",
        "none",
        "open",
        None,
    )
    assert body["created_at"] == body["updated_at"] == datetime(2026, 9, 23, tzinfo=UTC)
    assert body["lines"] == [
        {
            "return_line_id": "1", "line_id": "25012345678902", "sku": "SKU-1", "quantity": "2", "reason": "CR-DEFECTIVE", "physical": "announced",
            "financial": "none", "service": "open", "carrier": "Evri", "tracking_number": "H01ABC", "refund": None, "kept": False,
        }
    ]  # fmt: skip
    assert body["extras"]["amazon-rma-id"] == "RMA9"


@pytest.mark.parametrize(
    ("row", "states"),
    [
        ({"Return_delivery_date": "26-Sep-2026"}, ("received", "none", "open")),
        ({"Refunded_Amount": "12.50"}, ("announced", "refunded", "open")),
        (
            {"Return_delivery_date": "26-Sep-2026", "Refunded_Amount": "12.50", "Return_request_status": "Closed"},
            ("received", "refunded", "closed"),
        ),
        ({"Return_request_status": "Denied"}, ("none", "refused", "cancelled")),
        ({"Return_request_status": "Cancelled"}, ("none", "none", "cancelled")),
        (
            {"Return_request_status": "Denied", "Return_delivery_date": "26-Sep-2026"},
            ("received", "refused", "cancelled"),
        ),
        ({"A-to-Z_Claim": "Y"}, ("announced", "none", "escalated")),
        ({"Resolution": "Returnless Refund", "Refunded_Amount": "3"}, ("none", "refunded", "open")),
        ({"Return_request_status": "Something new"}, ("announced", "none", "open")),
    ],
)
def test_goods_money_and_service_are_three(row: dict[str, str], states: tuple[str, str, str]) -> None:
    """RET-1: none is derived from another."""
    body = sellers_return(**row)
    assert (body["physical"], body["financial"], body["service"]) == states


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("12.50", "GBP", "12.50"),
        ("12,50", "EUR", "12.50"),
        ("1.234,50", "EUR", "1234.50"),
        ("-3.10", "USD", "3.10"),
        ("1,234", "JPY", "1234"),
    ],
)
def test_what_was_refunded(text: str, currency: str, amount: str) -> None:
    body = sellers_return(Refunded_Amount=text, Currency_code=currency)
    assert body["lines"][0]["refund"] == body["total_refund"] == {"amount": amount, "currency": currency}


def test_a_return_of_two_items_is_one_and_its_total_only_when_all_are_refunded() -> None:
    """RET-1: rows of one RMA; the least advanced says where the goods are."""
    second = {
        "Merchant SKU": "SKU-2",
        "Order Item ID": "2",
        "Return delivery date": "27-Sep-2026",
        "Refunded Amount": "5",
    }
    (raw,) = sellers({}, second)
    body = mapped(payload(BY_SELLER, raw))
    assert (body["physical"], body["financial"], body["total_refund"]) == ("announced", "partly_refunded", None)
    assert [line["line_id"] for line in body["lines"]] == ["25012345678902", "2"]
    (raw,) = sellers({"Refunded Amount": "1.25"}, second)
    assert mapped(payload(BY_SELLER, raw))["total_refund"] == {"amount": "6.25", "currency": "GBP"}


def test_a_later_state_is_a_newer_version_or_another_content() -> None:
    """RET-1"""
    first, arrived = sellers_return(), sellers_return(Return_delivery_date="26-Sep-2026")
    assert first["version"] < arrived["version"]
    refunded = sellers_return(Return_delivery_date="26-Sep-2026", Refunded_Amount="1")
    assert (refunded["version"], refunded != arrived) == (arrived["version"], True)


def test_each_unit_that_came_to_amazon_is_a_return() -> None:
    """RET-1: in, its money not told; the item of the order from the order itself."""
    second = {**AMAZONS, "license-plate-number": "LPN2"}
    found, _ = returns_in(BY_AMAZON, file_of(AMAZONS, second))
    assert [raw.return_id for raw in found] == [f"{ORDER}-LPN1", f"{ORDER}-LPN2"]
    assert [raw.without_item() for raw in found] == [["SKU-1"], ["SKU-1"]]
    body = mapped(payload(BY_AMAZON, found[0], lineIds={"SKU-1": "77"}))
    assert (body["physical"], body["financial"], body["service"]) == ("received", "none", "closed")
    assert [(line["line_id"], line["quantity"], line["reason"]) for line in body["lines"]] == [
        ("77", "1", "NOT_COMPATIBLE")
    ]
    assert body["created_at"] == datetime(2026, 9, 26, 15, 31, 40, tzinfo=UTC)
    assert body["extras"]["detailed-disposition"] == "CUSTOMER_DAMAGED"


def test_ids_are_the_same_each_time_and_fit_a_key() -> None:
    (one,) = sellers({"Amazon RMA ID": "", "Merchant RMA ID": "M/1 ä"})
    assert one.return_id == "M_1__"
    (without,), (again,) = (
        sellers({"Amazon RMA ID": ""}),
        sellers({"Amazon RMA ID": "", "Return request status": "Closed"}),
    )
    assert without.return_id == again.return_id
    assert without.return_id.startswith(ORDER)
    plateless = {**AMAZONS, "license-plate-number": ""}
    other = {**plateless, "sku": "SKU-2"}
    found, _ = returns_in(BY_AMAZON, file_of(plateless, other))
    assert len({raw.return_id for raw in found}) == 2


def test_rows_that_name_no_order_are_problems_and_forms_that_changed_are_refused() -> None:
    found, problems = returns_in(
        BY_SELLER, file_of({**SELLERS, "Order ID": ""}, SELLERS, {**SELLERS, "Merchant SKU": ""})
    )
    assert (len(found), len(problems)) == (1, 2)
    with pytest.raises(DataError, match="lacks columns: return-quantity"):
        returns_in(BY_SELLER, file_of({name: text for name, text in SELLERS.items() if name != "Return quantity"}))
    with pytest.raises(DataError, match="lacks columns"):
        returns_in(BY_AMAZON, file_of(SELLERS))
    assert returns_in(BY_SELLER, b"") == ([], [])
    assert returns_in(BY_SELLER, file_of(SELLERS).split(b"\r\n")[0] + b"\r\n") == ([], [])


def test_names_of_columns_differ_in_spelling() -> None:
    assert {
        folded(name)
        for name in ("Return request date", "return-request-date", "Return  Request_Date ", "\ufeffreturn-request-date")
    } == {"return-request-date"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("report", "GET_OTHER"), ("rows", []), ("rows", REMOVED), ("returnId", ""), ("orderId", REMOVED), ("rows.0.return-quantity", "0"),
        ("rows.0.return-quantity", "some"), ("rows.0.return-request-date", "31-Feb-2026"), ("rows.0.return-request-date", "soon"),
        ("rows.0.return-request-date", REMOVED), ("rows.0.refunded-amount", "much"), ("lineIds", ["x"]), ("rows.0", "x"),
    ],
)  # fmt: skip
def test_a_return_that_cannot_be_read_is_a_data_error(path: str, value: Any) -> None:
    (raw,) = sellers({"Refunded Amount": "5"})
    with pytest.raises(DataError):
        mapped(damaged(payload(BY_SELLER, raw, lineIds={}), path, value))


def test_a_refund_needs_a_currency() -> None:
    with pytest.raises(DataError, match="currency"):
        sellers_return(Refunded_Amount="5", Currency_code="")


@given(anything)
def test_hostile_payloads_are_data_errors(content: Any) -> None:
    """TEST-3"""
    with pytest.raises(DataError):
        to_return(exact_json.dumps(content), "main")


@given(anything)
def test_items_of_an_order_never_raise(content: Any) -> None:
    assert isinstance(place_in(content), str)
    assert isinstance(place_in({"salesChannel": content}), str)
    assert isinstance(items_in(content), dict)
    assert isinstance(items_in({"orderItems": [content]}), dict)


def test_the_first_item_of_a_sku_counts() -> None:
    lines = [{"orderItemId": str(number), "product": {"sellerSku": sku}} for number, sku in enumerate(("A", "B", "A"))]
    assert items_in({"orderItems": lines}) == {"A": "0", "B": "1"}
