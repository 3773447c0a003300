"""ERR-3: Walmart's error answers, in every shape they come in, ask for the right thing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit import exact_json
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
from connectors.walmart import errors
from schemas.reasons import Reason
from tests.contract.recordings import all_recorded

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def answer(status: int, body: Any = None, *, repeatable: bool = True, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else b"" if body is None else exact_json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, content, Asked("acknowledge", "api.example", repeatable))


def refused(status: int, body: Any = None, **more: Any) -> ConnectorError:
    return errors.refusal(lambda: NOW)(answer(status, body, **more))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("error_list", "INVALID_REQUEST_PARAM"),
        ("error_singular_key", "CONTENT_NOT_FOUND"),
        ("error_from_xml_object", "UNAUTHORIZED"),
        ("error_from_xml_list", "REQUEST_THRESHOLD_VIOLATED"),
        ("error_inside_200", "SYSTEM_ERROR"),
        ("error_with_message", "INVALID_REQUEST_CONTENT"),
    ],
)
def test_one_parser_for_all_top_levels(name: str, code: str) -> None:
    recording = next(one for one in all_recorded("walmart") if one.name == name)
    (found,) = errors.parse_errors(exact_json.dumps(recording.body))
    assert (found.code, found.words) == (code, "Invented words")


def test_answers_without_errors_give_none() -> None:
    for recording in all_recorded("walmart"):
        if not recording.name.startswith("error_"):
            assert errors.errors_in(recording.body) == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"3", b'{"errors":3}', b'{"errors":[3,{"code":4}]}', b'{"list":[]}']
)
def test_what_is_no_error_object_gives_none(body: bytes) -> None:
    assert errors.parse_errors(body) == []


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (401, "UNAUTHORIZED.GMP_GATEWAY_API", AuthError, Reason.AUTH),
        (403, "FORBIDDEN.GMP_GATEWAY_API", ForbiddenError, Reason.AUTH),
        (429, "REQUEST_THRESHOLD_VIOLATED", ThrottledError, Reason.THROTTLED),
        (200, "REQUEST_THRESHOLD_VIOLATED", ThrottledError, Reason.THROTTLED),
        (500, "SYSTEM_ERROR.GMP_ORDER_API", TransientError, Reason.TRANSIENT),
        (200, "SYSTEM_ERROR", TransientError, Reason.TRANSIENT),
        (504, "DOWNSTREAM_SYSTEM_TIME_OUT", TransientError, Reason.TRANSIENT),
        (400, "INVALID_SYSTEM_STATE", TransientError, Reason.TRANSIENT),
        (423, "RESOURCE_IS_LOCKED", ConflictError, Reason.CONFLICT),
        (400, "INVALID_REQUEST_CONTENT.GMP_ORDER_API", RuleError, Reason.RULE),
        (400, "INVALID_REQUEST_PARAM.GMP_ORDER_API", DataError, Reason.DATA),
        (400, "MALFORMED_REQUEST_CONTENT", DataError, Reason.DATA),
        (404, "CONTENT_NOT_FOUND", DataError, Reason.DATA),
        (415, "UNSUPPORTED_MEDIA_TYPE", DataError, Reason.DATA),
        (400, "A_CODE_NOBODY_KNOWS", DataError, Reason.DATA),
        (503, "", TransientError, Reason.TRANSIENT),
    ],
)
def test_what_a_code_asks_of_us(status: int, code: str, kind: type[Exception], reason: Reason) -> None:
    error = refused(status, {"errors": [{"code": code}]} if code else None)
    assert type(error) is kind
    assert error.reason is reason
    assert error.code == code.partition(".")[0]


@pytest.mark.parametrize(
    "body", [b"<html><body>Bad Gateway</body></html>", b'{"errors":[{"code":"CONTENT_NOT', b'{"errors"}']
)
@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_refusal_that_cannot_be_read_says_nothing_of_the_record(status: int, body: bytes) -> None:
    """ERR-3: an item that Walmart does not have must not become a dead letter because the answer was garbled."""
    found = errors.refusal(lambda: NOW)(answer(status, body))
    assert found.reason is Reason.TRANSIENT
    assert f"answered {status} with something that is not JSON" in str(found)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"message":"no Route matched with those values"}'])
def test_that_something_is_not_there_is_believed_in_walmarts_words_only(body: bytes) -> None:
    """ERR-3: an answer cut short must not make a listing, a price or a stock number a dead letter."""
    found = errors.refusal(lambda: NOW)(answer(404, body))
    assert (found.reason, found.code) == (Reason.TRANSIENT, "")
    assert "answered 404 without saying why" in str(found)
    assert type(errors.refusal(lambda: NOW)(answer(404, body, repeatable=False))) is UncertainError


def test_a_write_that_failed_inside_walmart_is_uncertain() -> None:
    assert type(refused(500, {"errors": [{"code": "SYSTEM_ERROR"}]}, repeatable=False)) is UncertainError
    assert type(refused(503, repeatable=False)) is TransientError


def test_the_message_names_call_host_status_code_field_and_words() -> None:
    body = {
        "errors": [{"code": "INVALID_REQUEST_PARAM.X", "field": "limit", "description": "a whole number is expected"}]
    }
    assert str(refused(400, body)) == (
        "acknowledge: api.example answered 400 INVALID_REQUEST_PARAM (limit: a whole number is expected)"
    )


@pytest.mark.parametrize("words", ["jo@example.com is wrong", "call (213) 555-0112", "card 4111111111111111"])
def test_words_that_could_tell_of_a_person_are_left_out(words: str) -> None:
    """SEC-3."""
    error = refused(400, {"errors": [{"code": "INVALID_REQUEST_CONTENT", "description": words}]})
    assert words not in str(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1795176007000", 7.0),  # epoch milliseconds
        ("1795176007", 7.0),  # epoch seconds
        ("2026-11-20T12:00:07Z", 7.0),
        ("2026-11-20T12:00:07.500+00:00", 7.5),
        ("2026-11-20T12:00:07", 7.0),
        ("2026-11-20T11:00:00Z", 0.0),  # past: now
        ("2026-12-31T00:00:00Z", 3600.0),  # capped
        ("99999", 3600.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_the_replenishment_time_in_all_formats_met(header: str, seconds: float | None) -> None:
    assert NOW.timestamp() == 1795176000
    for name in ("x-next-replenishment-time", "x-next-replenish-time"):
        assert errors.retry_after({name: header}, NOW) == seconds


def test_without_walmarts_header_the_standard_one_counts() -> None:
    assert errors.retry_after({"retry-after": "9"}, NOW) == 9


@pytest.mark.parametrize(("header", "left"), [("4999", 4999.0), ("0", 0.0), ("", None), ("many", None), ("-1", None)])
def test_calls_left(header: str, left: float | None) -> None:
    assert errors.calls_left({"x-current-token-count": header}) == left


@given(st.binary(max_size=100), st.integers(300, 599))
def test_any_refusal_is_one_of_our_errors(body: bytes, status: int) -> None:
    refusal = errors.refusal(lambda: NOW)
    assert isinstance(refusal(Answer(status, {}, body, Asked("x", "y", True))), ConnectorError)
