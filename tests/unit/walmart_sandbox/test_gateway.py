"""AUTH-1, RATE-1, ERR-3: tokens, throttles and error shapes of the sandbox."""

import base64
from datetime import datetime

import pytest

from connectors.kit.sandbox.buckets import Limit
from connectors.kit.sandbox.tokens import Tokens
from connectors.walmart.sandbox.errors import STATUSES, ApiError, Envelopes
from connectors.walmart.sandbox.settings import LIMITS, Account, SandboxSettings
from connectors.walmart.sandbox.throttle import COUNT_HEADER, TIME_HEADER, Throttle
from connectors.walmart.sandbox.tokens import basic_account

ACCOUNTS = {"id": Account("id", "se:cret")}


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_the_right_credentials_are_known_also_with_a_colon_in_the_secret() -> None:
    assert basic_account(basic("id:se:cret"), ACCOUNTS).client_id == "id"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer x", "Basic %%%", basic("id:wrong"), basic("who:se:cret"), basic("id")]
)
def test_wrong_credentials_are_unauthorized(header: str | None) -> None:
    with pytest.raises(ApiError, match="UNAUTHORIZED"):
        basic_account(header, ACCOUNTS)


def test_a_token_lives_its_time_and_no_longer() -> None:
    tokens = Tokens(900)
    text = tokens.issue("id", 1000.0)
    token = tokens.find(text, 1899.9)
    assert token is not None
    assert token.owner == "id"
    assert tokens.find(text, 1900.0) is None


def test_prefixed_and_revoked_tokens_are_unknown() -> None:
    tokens = Tokens(900)
    text = tokens.issue("id", 0.0)
    assert tokens.find(f"Bearer {text}", 1.0) is None
    tokens.revoke(text)
    assert tokens.find(text, 1.0) is None


def throttle(calls: int, time_format: str = "seconds") -> Throttle:
    return Throttle({"orders": Limit(calls, 60.0)}, time_format)


def test_a_bucket_gives_its_calls_then_refills_gradually() -> None:
    bucket = throttle(20)
    assert [bucket.take("a", "orders", 0.0)[0] for _ in range(21)] == [True] * 20 + [False]
    assert not bucket.take("a", "orders", 2.9)[0]
    assert bucket.take("a", "orders", 3.1)[0]
    assert not bucket.take("a", "orders", 3.2)[0]


def test_accounts_do_not_share_a_bucket() -> None:
    bucket = throttle(1)
    assert bucket.take("a", "orders", 0.0)[0]
    assert bucket.take("b", "orders", 0.0)[0]
    assert not bucket.take("a", "orders", 0.0)[0]


@pytest.mark.parametrize(
    ("time_format", "shown"), [("seconds", "30"), ("epoch_ms", "1000030000"), ("iso", "1970-01-12T13:47:10.000Z")]
)
def test_headers_say_what_is_left_and_when_more_comes(time_format: str, shown: str) -> None:
    bucket = throttle(2, time_format)
    bucket.take("a", "orders", 1_000_000.0)
    passed, headers = bucket.take("a", "orders", 1_000_000.0)
    assert passed
    assert headers == {COUNT_HEADER: "0", TIME_HEADER: shown}


def test_mixed_formats_are_all_three() -> None:
    bucket = throttle(1000, "mixed")
    shown = [bucket.take("a", "orders", 1e9)[1][TIME_HEADER] for _ in range(60)]
    assert {"iso" if "T" in text else "epoch_ms" if len(text) > 9 else "seconds" for text in shown} == {
        "iso",
        "epoch_ms",
        "seconds",
    }
    assert datetime.fromisoformat(next(text for text in shown if "T" in text)).tzinfo is not None


ERROR = ApiError("INVALID_REQUEST_PARAM", "bad", field="limit")


@pytest.mark.parametrize("shape", ["errors_list", "error_list", "nested_object", "nested_list"])
def test_each_shape_holds_the_same_error(shape: str) -> None:
    body = Envelopes(shape).body(ERROR)
    holder = body["errors"] if "errors" in body else body["error"]
    holder = holder["error"] if isinstance(holder, dict) else holder
    one = holder[0] if isinstance(holder, list) else holder
    assert one["code"] == "INVALID_REQUEST_PARAM.GMP_ORDER_API"
    assert one["field"] == "limit"
    assert one.get("description", one.get("message")) == "bad"


def test_mixed_shapes_are_seeded() -> None:
    def drawn(seed: int) -> list[str]:
        envelopes = Envelopes("mixed", seed)
        return [str(envelopes.body(ERROR)) for _ in range(40)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert len(set(drawn(1))) == 5


def test_every_code_has_the_status_of_the_error_page() -> None:
    assert STATUSES["REQUEST_THRESHOLD_VIOLATED"] == 429
    assert {ApiError(code, "x").status for code in STATUSES} == set(STATUSES.values())


def test_wrong_settings_are_all_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"accounts.*error_shape.*limits: missing.*token_seconds"):
        SandboxSettings(accounts=(), error_shape="odd", limits={"orders": LIMITS["orders"]}, token_seconds=0)
