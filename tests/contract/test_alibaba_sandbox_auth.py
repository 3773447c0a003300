"""AUTH-3, AUTH-5, AUTH-6: authorisation and tokens of the 1688 sandbox, as a client meets them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from connectors.alibaba.sandbox.settings import DEMO_BUYER, STATIC_BUYER
from connectors.alibaba.signing import SIGNATURE, request_signature
from tests.contract.alibaba_box import GET_TOKEN, Box, Json, alibaba_box, error_of

BACK = "http://127.0.0.1:9999/callback"
ASKED = {"client_id": DEMO_BUYER.app_key, "site": "1688", "redirect_uri": BACK, "state": "s-1&2"}
KEYS = {"client_id": DEMO_BUYER.app_key, "client_secret": DEMO_BUYER.app_secret}
CARRIERS = "alibaba.logistics.OpQueryLogisticCompanyList"


@pytest.fixture
def box() -> Iterator[Box]:
    with alibaba_box() as box:
        yield box


def came_back(box: Box, decision: str = "approve", **changed: str) -> dict[str, str]:
    """The parameters with which the browser comes back to the app."""
    answer = box.http.post("/oauth/authorize", data={**ASKED, **changed, "decision": decision})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def exchanged(box: Box, code: str, **changed: str) -> httpx.Response:
    form: Json = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "need_refresh_token": "true"}
    return box.grant(**{**form, **changed})


def postponed(box: Box, **form: str) -> httpx.Response:
    return box.send(f"param2/1/system.oauth2/postponeToken/{DEMO_BUYER.app_key}", form, DEMO_BUYER.app_secret)


def test_the_page_shows_who_asks_and_brings_back_code_and_state(box: Box) -> None:
    page = box.http.get("/oauth/authorize", params={**ASKED, "state": '"><script>'})
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert DEMO_BUYER.login_id in page.text
    back = came_back(box)
    assert back.keys() == {"code", "state"}
    assert back["state"] == "s-1&2"
    assert came_back(box, "refuse") == {"error": "access_denied", "state": "s-1&2"}


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "12"},
        {"site": "taobao"},
        {"redirect_uri": ""},
        {"redirect_uri": "http://elsewhere.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
def test_a_wrong_request_leads_nowhere(box: Box, changed: dict[str, str]) -> None:
    assert box.http.get("/oauth/authorize", params={**ASKED, **changed}).status_code == 400
    assert box.http.post("/oauth/authorize", data={**ASKED, **changed, "decision": "approve"}).status_code == 400


def test_a_code_gives_both_tokens_once(box: Box) -> None:
    code = came_back(box)["code"]
    got = exchanged(box, code).raise_for_status().json()
    assert got["expires_in"] == "36000"
    assert got["refresh_token_timeout"] == "20270519200000000+0800"
    assert (got["memberId"], got["resource_owner"]) == (DEMO_BUYER.member_id, DEMO_BUYER.login_id)
    assert box.call(CARRIERS, access_token=got["access_token"]).status_code == 200
    again = exchanged(box, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uri": "http://localhost/other"}, "invalid_grant"),
        ({"need_refresh_token": "false"}, "invalid_request"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": "\u00e4"}, "invalid_client"),
        ({"client_id": STATIC_BUYER.app_key}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": "guessed"}, "invalid_grant"),
    ],
)
def test_a_wrong_exchange_says_what_is_wrong(box: Box, changed: dict[str, str], error: str) -> None:
    got = exchanged(box, **{"code": came_back(box)["code"], **changed})
    assert (got.status_code, got.json()["error"]) == (400, error)
    assert "access_token" not in got.json()


def test_a_code_lives_two_minutes(box: Box) -> None:
    code = came_back(box)["code"]
    box.clock.tick(120)
    assert exchanged(box, code).json()["error"] == "invalid_grant"


def test_a_refresh_gives_no_refresh_token_and_the_old_one_stays_good(box: Box) -> None:
    for _ in range(2):
        got = box.grant().raise_for_status().json()
        assert "refresh_token" not in got
        assert "refresh_token_timeout" not in got
    assert box.grant(STATIC_BUYER).json()["error"] == "invalid_grant"


def test_a_rotated_refresh_token_replaces_the_old_one(box: Box) -> None:
    box.faults({"kind": "rotated_refresh_token", "limit": 1})
    fresh = box.grant().raise_for_status().json()["refresh_token"]
    assert box.grant().json()["error"] == "invalid_grant"
    assert box.grant(refresh_token=fresh).status_code == 200


def test_tokens_are_asked_for_in_a_posted_form(box: Box) -> None:
    path, form = f"{GET_TOKEN}/{DEMO_BUYER.app_key}", {"grant_type": "refresh_token", **KEYS}
    form["refresh_token"] = DEMO_BUYER.refresh_token
    assert box.http.get(path, params=form).status_code in (400, 405)
    assert box.http.post(path, params=form).json()["error"] == "invalid_request"
    assert box.http.post(path, json=form).json()["error"] == "invalid_client"


def test_the_other_address_is_equivalent_and_signed(box: Box) -> None:
    path = f"param2/1/system.oauth2/getToken/{DEMO_BUYER.app_key}"
    form = {"grant_type": "refresh_token", "refresh_token": DEMO_BUYER.refresh_token, **KEYS}
    assert "access_token" in box.send(path, form, DEMO_BUYER.app_secret).json()
    assert error_of(box.http.post(f"/openapi/{path}", data=form)) == (400, "gw.SignatureMissing")
    signature = request_signature(path, form, "other")
    wrong = box.http.post(f"/openapi/{path}", data={**form, SIGNATURE: signature})
    assert error_of(wrong) == (400, "gw.SignatureInvalid")


def test_a_refresh_token_is_renewed_in_its_last_days_only(box: Box) -> None:
    form = {**KEYS, "refresh_token": DEMO_BUYER.refresh_token}
    early = postponed(box, **form, access_token=box.token())
    assert (early.status_code, early.json()["error"]) == (400, "invalid_request")
    box.clock.tick(151 * 86_400)
    fresh = postponed(box, **form, access_token=box.token()).raise_for_status().json()
    assert fresh["refresh_token"] != DEMO_BUYER.refresh_token
    assert box.grant().json()["error"] == "invalid_grant"
    assert box.grant(refresh_token=fresh["refresh_token"]).status_code == 200


def test_a_withdrawn_permission_kills_every_token(box: Box) -> None:
    """ERR-3: only a person can mend that; a new click does."""
    box.token()
    box.account(authorised=False)
    assert error_of(box.call(CARRIERS)) == (401, "401")
    assert box.grant().json()["error"] == "invalid_grant"
    fresh = exchanged(box, came_back(box)["code"]).raise_for_status().json()
    assert box.grant(refresh_token=fresh["refresh_token"]).status_code == 200


def test_a_refresh_token_that_is_over_is_refused(box: Box) -> None:
    box.account(refresh_token_seconds=60)
    box.clock.tick(60)
    assert box.grant().json()["error"] == "invalid_grant"


def test_a_new_secret_holds_at_once(box: Box) -> None:
    box.account(app_secret="fresh")
    assert box.grant().json()["error"] == "invalid_client"
    assert box.grant(client_secret="fresh").status_code == 200


def test_odd_answers_are_as_seen_in_the_wild(box: Box) -> None:
    box.faults({"kind": "odd_token_answer"}, {"kind": "grant_error_200"})
    got: dict[str, Any] = exchanged(box, came_back(box)["code"]).raise_for_status().json()
    assert got["expires_in"] == 36_000
    assert got["refresh_token_timeout"] == "20270519200000+0800"
    assert got["resourceOwner"] == DEMO_BUYER.login_id
    failed = box.grant(refresh_token="gone")
    assert (failed.status_code, failed.json()["error"]) == (200, "invalid_grant")


def test_control_says_what_is_wrong(box: Box) -> None:
    for body in ({"secret": "x"}, {"denied": ["nothing"]}, {"authorised": "no"}):
        assert box.http.put(f"/sandbox/accounts/{DEMO_BUYER.app_key}", json=body).status_code == 400
    assert box.http.put("/sandbox/accounts/12", json={}).status_code == 400
    code = box.control("/sandbox/authorise", redirect_uri=BACK)["code"]
    assert exchanged(box, code).status_code == 200
