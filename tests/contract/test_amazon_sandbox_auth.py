"""AUTH-2, AUTH-5, AUTH-7, RATE-1, ERR-3: tokens, roles, quotas and errors of the Amazon sandbox, as a client meets them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.amazon.sandbox.gate import RATE_HEADER, REQUEST_ID_HEADER, TOKEN_HEADER
from connectors.amazon.sandbox.operations import DELIVERY, OPERATIONS, ORDERS, ROLES
from connectors.amazon.sandbox.settings import DEMO_SELLER, EU_SELLER, FE_SELLER, Seller
from tests.contract.amazon_box import LONG_AGO, Box, amazon_box, error_of
from tests.contract.amazon_box import ORDERS as LIST


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box() as box:
        yield box


def with_token(box: Box, token: str) -> httpx.Response:
    return box.http.get(LIST, params={"createdAfter": LONG_AGO}, headers={TOKEN_HEADER: token})


def account(box: Box, seller: Seller = DEMO_SELLER, **body: Any) -> None:
    box.http.put(f"/sandbox/accounts/{seller.seller_id}", json=body).raise_for_status()


def test_a_refresh_token_gives_an_access_token_for_an_hour(box: Box) -> None:
    answer = box.grant().raise_for_status().json()
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 3600)
    assert answer["refresh_token"] == DEMO_SELLER.refresh_token
    assert with_token(box, answer["access_token"]).status_code == 200
    box.clock.tick(3599)
    assert with_token(box, answer["access_token"]).status_code == 200
    box.clock.tick(1)
    assert error_of(with_token(box, answer["access_token"])) == (403, "Unauthorized")


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"refresh_token": "Atzr|gone"}, 400, "invalid_grant"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "who"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "everything"}, 400, "invalid_scope"),
        ({"grant_type": "client_credentials"}, 400, "invalid_scope"),
    ],
)
def test_oauth_errors_name_their_code(box: Box, form: dict[str, Any], status: int, code: str) -> None:
    answer = box.grant(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json()["error_description"]


def test_a_json_body_is_no_token_request(box: Box) -> None:
    answer = box.http.post("/auth/o2/token", json={"grant_type": "refresh_token"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_withdrawn_authorisation_is_invalid_grant(box: Box) -> None:
    """ERR-3: the seller has let the application go; only a person can mend that."""
    account(box, authorised=False, revoke_tokens=True)
    assert box.grant().json()["error"] == "invalid_grant"
    assert box.grant(EU_SELLER).status_code == 200


def test_a_new_secret_holds_for_all_sellers_of_the_application(box: Box) -> None:
    account(box, client_secret="fresh")
    assert box.grant(EU_SELLER).status_code == 401
    assert box.grant(EU_SELLER, client_secret="fresh").status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer {}"}, {TOKEN_HEADER: "{}x"}, {TOKEN_HEADER: "Bearer {}"}]
)
def test_only_the_right_header_with_the_right_token_lets_in(box: Box, headers: dict[str, str]) -> None:
    token = box.grant().json()["access_token"]
    sent = {name: value.format(token) for name, value in headers.items()}
    answer = box.http.get(LIST, params={"createdAfter": LONG_AGO}, headers=sent)
    assert error_of(answer) == (403, "Unauthorized")


def test_the_token_says_whose_orders_are_meant(box: Box) -> None:
    """AUTH-7: several sellers and regions, one application."""
    ours = box.add(2, account=DEMO_SELLER.seller_id)
    theirs = box.add(3, account=EU_SELLER.seller_id)
    box.clock.tick(200)
    assert sorted(box.listed(DEMO_SELLER)) == sorted(ours)
    assert sorted(box.listed(EU_SELLER)) == sorted(theirs)
    assert box.listed(FE_SELLER) == []
    assert box.call("GET", f"{LIST}/{theirs[0]}", DEMO_SELLER).status_code == 404


def test_a_regions_host_knows_its_own_sellers_only(box: Box) -> None:
    """AUTH-2: the sandbox plays a region's host under a path of its name."""
    (order_id,) = box.add(1)
    assert box.call("GET", f"/na{LIST}/{order_id}").status_code == 200
    assert error_of(box.call("GET", f"/eu{LIST}/{order_id}")) == (403, "Unauthorized")
    assert box.call("GET", f"/eu{LIST}", EU_SELLER, params={"createdAfter": LONG_AGO}).status_code == 200
    assert box.http.post("/fe/auth/o2/token").json()["error"] == "invalid_request"


def test_the_rate_is_not_always_told(box: Box) -> None:
    """RATE-1: the header comes when it is available."""
    box.faults({"kind": "no_rate_header", "limit": 1})
    assert [RATE_HEADER in box.search().headers for _ in range(2)] == [False, True]


def test_a_missing_role_is_403(box: Box) -> None:
    account(box, roles=[role for role in ROLES if role != ORDERS])
    refused = box.search()
    assert error_of(refused) == (403, "Unauthorized")
    assert ORDERS in refused.json()["errors"][0]["details"]
    assert box.search(EU_SELLER).status_code == 200


def test_a_missing_personal_role_leaves_the_fields_out(box: Box) -> None:
    (order_id,) = box.add(1)
    assert {"buyer", "recipient"} <= set(box.order(order_id))
    account(box, roles=[role for role in ROLES if role != DELIVERY])
    assert not {"buyer", "recipient"} & set(box.order(order_id))


def test_grantless_and_sellers_tokens_do_not_stand_in_for_each_other(box: Box) -> None:
    assert box.call("GET", "/notifications/v1/destinations", grantless=True).status_code == 200
    assert error_of(box.call("GET", "/notifications/v1/destinations"))[0] == 403
    assert error_of(box.call("GET", LIST, grantless=True, params={"createdAfter": LONG_AGO}))[0] == 403


def test_the_list_has_its_burst_and_then_one_call_in_three_minutes(box: Box) -> None:
    """RATE-1: 0.0056 a second, 20 at once; the header tells the rate only."""
    answers = [box.search() for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert {answer.headers[RATE_HEADER] for answer in answers} == {"0.0056"}
    assert error_of(answers[-1]) == (429, "QuotaExceeded")
    box.clock.tick(177)
    assert box.search().status_code == 429
    box.clock.tick(2)
    assert [box.search().status_code for _ in range(2)] == [200, 429]
    assert box.search(EU_SELLER).status_code == 200


def test_operations_have_buckets_of_their_own(box: Box) -> None:
    (order_id,) = box.add(1)
    for _ in range(20):
        box.search()
    assert box.search().status_code == 429
    answers = [box.call("GET", f"{LIST}/{order_id}") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert answers[0].headers[RATE_HEADER] == "0.5"


@pytest.mark.parametrize(
    ("operation", "rate", "burst"),
    [
        ("searchOrders", 0.0056, 20),
        ("getOrder", 0.5, 30),
        ("confirmShipment", 2, 10),
        ("createFeed", 0.0083, 15),
        ("getReportDocument", 0.0167, 15),
        ("createDestination", 1, 5),
    ],
)
def test_operations_have_their_published_rates(operation: str, rate: float, burst: int) -> None:
    """RATE-1."""
    assert (OPERATIONS[operation].rate, OPERATIONS[operation].burst) == (rate, burst)


def test_a_rate_factor_scales_what_the_header_says() -> None:
    with amazon_box(rate_factor=100.0) as box:
        assert box.search().headers[RATE_HEADER] == "0.56"
        assert all(box.search().status_code == 200 for _ in range(100))


def test_every_answer_has_a_request_id(box: Box) -> None:
    answers = [box.search(), box.search(createdAfter="x"), box.http.get("/nowhere"), box.http.delete(LIST)]
    assert [answer.status_code for answer in answers] == [200, 400, 404, 405]
    assert len({answer.headers[REQUEST_ID_HEADER] for answer in answers}) == 4
    assert all("errors" in answer.json() for answer in answers[1:])


def test_injected_faults_strike_as_they_do_everywhere(box: Box) -> None:
    """TEST-3: statuses, lost answers, broken bodies, expired tokens."""
    box.headers()
    box.faults(
        {"kind": "status", "code": 429, "limit": 1, "headers": {"x-amzn-RateLimit-Limit": "0.0056"}},
        {"kind": "status", "code": 503, "limit": 1},
        {"kind": "malformed", "limit": 1},
    )
    throttled, gone, broken = box.search(), box.search(), box.search()
    assert error_of(throttled) == (429, "QuotaExceeded")
    assert throttled.headers[RATE_HEADER] == "0.0056"
    assert error_of(gone) == (503, "ServiceUnavailable")
    with pytest.raises(ValueError, match=r"."):
        broken.json()
    box.faults({"kind": "expired_token", "limit": 1}, {"kind": "lost", "limit": 1, "method": "POST"})
    assert error_of(box.search()) == (403, "Unauthorized")
    with pytest.raises(httpx.RemoteProtocolError):
        box.grant()
    assert box.grant().status_code == 200
