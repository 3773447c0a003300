"""ERR-3, AUTH-3: the platform's error answers, by body first, with its misspelt fields. SEC-3: nothing personal is quoted or logged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from connectors.alibaba import errors
from connectors.alibaba.masking import masked
from connectors.kit.errors import (
    AuthError,
    ConflictError,
    ConnectorError,
    DataError,
    ForbiddenError,
    RuleError,
    ThrottledError,
    TransientError,
    UncertainError,
)
from connectors.kit.http import Answer
from connectors.kit.http_errors import Asked

NONE: Mapping[str, str] = {}


def answer(body: Any, status: int = 400, *, repeatable: bool = True, headers: Mapping[str, str] = NONE) -> Answer:
    text = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return Answer(status, headers, text, Asked("order list", "gw.example", repeatable))


def gateway(code: str, words: str = "words") -> dict[str, str]:
    return {"error_code": code, "error_message": words, "exception": words}


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("401", 401, AuthError),
        ("401", 200, AuthError),
        ("gw.QosAppFrequencyLimit", 400, ThrottledError),
        ("gw.QosAppFrequencyLimit", 200, ThrottledError),
        ("gw.QosApiFrequencyLimit", 200, ThrottledError),
        ("gw.APIACLDecline", 400, ForbiddenError),
        ("gw.APIUnsupported", 400, ForbiddenError),
        ("gw.SignatureInvalid", 400, ForbiddenError),
        ("gw.SignatureMissing", 400, ForbiddenError),
        ("gw.AppKeyMissing", 400, ForbiddenError),
        ("gw.ParamMissing", 400, DataError),
        ("gw.Whatever", 200, DataError),
        ("gw.Whatever", 500, TransientError),
    ],
)
def test_the_gateways_code_decides_whatever_the_status(code: str, status: int, kind: type[ConnectorError]) -> None:
    """ERR-3: flow control has been seen with 400 and with 200."""
    found: ConnectorError | None = None
    if status == 200:
        with pytest.raises(ConnectorError) as caught:
            errors.look_into(answer(gateway(code), 200), gateway(code))
        found = caught.value
    else:
        found = errors.refusal(answer(gateway(code), status))
    assert (type(found), found.code) == (kind, code)


def test_a_missing_right_says_what_to_do_in_the_console() -> None:
    """AUTH-5."""
    assert "console" in str(errors.refusal(answer(gateway("gw.APIACLDecline", "AppKey is not allowed(acl)"))))


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"<html>", 502, TransientError),
        (b"<html>", 400, TransientError),
        (b"", 429, ThrottledError),
        (b"[]", 403, ForbiddenError),
        (b'{"error_code": ""}', 500, TransientError),
    ],
)
def test_without_the_platforms_words_the_status_decides(body: bytes, status: int, kind: type[ConnectorError]) -> None:
    assert type(errors.refusal(answer(body, status))) is kind


def test_a_create_without_an_answer_may_have_been_carried_out() -> None:
    """EVT-4: a 502 after a write is no failure that may be repeated."""
    assert type(errors.refusal(answer(b"<html>", 502, repeatable=False))) is UncertainError


def test_retry_after_is_kept() -> None:
    """RATE-1."""
    assert errors.refusal(answer(gateway("gw.QosAppFrequencyLimit"), headers={"retry-after": "7"})).retry_after == 7


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"success": "false", "errorCode": "X", "errorMessage": "w"}, "X"),
        ({"errorCode": "X", "errorMessage": "w"}, "X"),
        ({"success": False, "code": "1", "message": "w", "result": {"success": False, "code": "500_004", "message": "库存"}}, "500_004"),
        ({"success": True, "result": {"success": False, "code": "", "message": "w"}}, ""),
        ({"success": False, "errorCode": "X", "errorMsg": "w"}, "X"),
        ({"succes": "false", "errorCode": "X", "errorMsg": "w"}, "X"),
        ({"result": {"success": False, "code": "400", "message": "商品不存在"}}, "400"),
        ({"success": False, "errorCode": 12, "erroMsg": "w"}, "12"),
        ({"isSuccess": "false", "message": "w"}, ""),
        ({"succes": "false", "errorMsg": "w"}, ""),
    ],
)  # fmt: skip
def test_each_apis_own_spelling_of_a_refusal_is_understood(body: dict[str, Any], code: str) -> None:
    """ERR-3: `succes`, `erroMsg`, flags as text, outside and inside of `result`."""
    found = errors.business_refusal(body)
    assert found is not None
    assert (found.code, found.words) in ((code, "w"), (code, "库存"), (code, "商品不存在"))


@pytest.mark.parametrize(
    "body",
    [
        {"result": []},
        {"result": [], "totalRecord": 0},
        {"success": "true", "result": {}},
        {"succes": "true", "categoryInfo": []},
        {"errorMessage": "该订单没有物流跟踪信息。", "success": True},
        {"result": {"success": True, "code": "200", "message": "成功", "result": {}}},
        {"success": True, "code": "", "message": "", "result": {"success": True, "orderId": "1"}},
        {"success": True, "errorCode": None, "code": "0"},
        {"code": "0000"},
        {},
    ],
)
def test_what_went_well_is_no_refusal(body: dict[str, Any]) -> None:
    """A missing flag is no failure, nor is a message alone, nor an empty list."""
    assert errors.business_refusal(body) is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [("500_004", RuleError), ("", RuleError), ("ORDER_NOT_EXIST", DataError), ("CLOSE_ORDER_TOO_FAST", ConflictError)],
)
def test_business_codes_go_to_whom_they_concern(code: str, kind: type[ConnectorError]) -> None:
    """ERR-3: a person decides; only what time mends is tried again."""
    assert type(errors.business_error(answer(b"").asked, errors.Refusal(code, "w"))) is kind


def test_words_that_could_name_a_person_are_left_out() -> None:
    """SEC-3."""
    told = str(errors.business_error(answer(b"").asked, errors.Refusal("500_001", "张三 13800138000 已下架")))
    assert "13800138000" not in told
    assert "张三" not in told


def test_a_refused_calls_parameters_are_logged_without_persons() -> None:
    """ERR-3, SEC-3: what is asked for is told by its structure; offers and quantities stay, people and secrets do not."""
    address = '{"fullName":"张三","mobile":"13800138000","address":"网商路699号"}'
    cargo = '[{"offerId":554456348334,"specId":"b266","quantity":5}]'
    found = masked(
        {"addressParam": address, "cargoParamList": cargo, "message": "备注", "outOrderId": "PO00042", "x": "{"}
    )
    assert found["cargoParamList"] == [{"offerId": "554456348334", "specId": "b266", "quantity": "5"}]
    assert set(found["addressParam"]) == {"fullName", "mobile", "address"}
    text = repr(found)
    assert not any(word in text for word in ("张三", "13800138000", "网商路", "备注", "PO00042"))
