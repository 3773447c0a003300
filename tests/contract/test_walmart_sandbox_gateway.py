"""AUTH-1, TEST-1: the Walmart sandbox's gate (tokens, headers, scopes), its faults, its own side, and its process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connectors.kit.sandbox.catalog import CATALOG
from connectors.walmart.sandbox.settings import DEMO_ACCOUNT, Account
from tests.contract.walmart_box import BASE, OTHER, Box, code_of, error_of, walmart_box
from tests.unit.walmart_sandbox.orders import order_of

ORDERS = "/v3/orders"


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as box:
        yield box


def test_a_token_is_good_for_900_seconds_and_then_refused(box: Box) -> None:
    answer = box.token().json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 900)
    assert box.call("GET", ORDERS).status_code == 200
    box.clock.now += 899
    assert box.call("GET", ORDERS).status_code == 200
    box.clock.now += 1
    assert code_of(box.call("GET", ORDERS)) == (401, "UNAUTHORIZED")


def test_token_detail_tells_life_and_scopes(box: Box) -> None:
    detail = box.call("GET", "/v3/token/detail").json()
    assert detail["is_valid"] is True
    assert int(detail["expire_at"]) - int(detail["issued_at"]) == 900_000
    assert detail["scopes"]["orders"] == "full_access"


def test_a_bearer_token_in_authorization_is_the_gateways_401(box: Box) -> None:
    token = box.headers()["WM_SEC.ACCESS_TOKEN"]
    answer = box.http.get(ORDERS, headers={**BASE, "Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert error_of(answer)["code"] == "UNAUTHORIZED.GMP_GATEWAY_API"
    prefixed = box.http.get(ORDERS, headers={**BASE, "WM_SEC.ACCESS_TOKEN": f"Bearer {token}"})
    assert prefixed.status_code == 401


@pytest.mark.parametrize(
    ("header", "value", "answer"),
    [
        ("WM_QOS.CORRELATION_ID", "", (400, "MISSING_REQUEST_HEADER")),
        ("WM_SVC.NAME", "", (400, "MISSING_REQUEST_HEADER")),
        ("Accept", "*/*", (406, "INVALID_ACCEPT_TYPE")),
        ("Accept", "application/xml", (406, "INVALID_ACCEPT_TYPE")),
        ("WM_SEC.ACCESS_TOKEN", "made-up", (401, "UNAUTHORIZED")),
    ],
)
def test_required_headers_are_required(box: Box, header: str, value: str, answer: tuple[int, str]) -> None:
    assert code_of(box.call("GET", ORDERS, headers={header: value})) == answer


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ({"auth": ("sandbox-client", "wrong")}, (401, "UNAUTHORIZED")),
        ({"auth": ("nobody", "sandbox-secret")}, (401, "UNAUTHORIZED")),
        ({"auth": None}, (401, "UNAUTHORIZED")),
        ({"data": {"grant_type": "password"}}, (400, "INVALID_REQUEST_PARAM")),
        ({"data": {}, "json": {"grant_type": "client_credentials"}}, (415, "UNSUPPORTED_MEDIA_TYPE")),
        ({"headers": {"Accept": "application/json"}}, (400, "MISSING_REQUEST_HEADER")),
    ],
)
def test_wrong_token_calls_are_refused(box: Box, more: dict[str, object], answer: tuple[int, str]) -> None:
    auth = (DEMO_ACCOUNT.client_id, DEMO_ACCOUNT.client_secret)
    right: dict[str, object] = {"auth": auth, "data": {"grant_type": "client_credentials"}, "headers": BASE}
    response = box.http.post("/v3/token", **{**right, **more})  # type: ignore[arg-type]  # a table of arguments
    assert code_of(response) == answer


def test_scopes_limit_reading_and_writing(box: Box) -> None:
    """AUTH-5: a revoked right is a 403, not a 401."""
    (po,) = box.add(1)
    for scope, answers in (("view_only", (200, 403)), ("no_access", (403, 403))):
        account = f"/sandbox/accounts/{DEMO_ACCOUNT.client_id}"
        box.http.put(account, json={"scopes": {"orders": scope}}).raise_for_status()
        assert box.call("GET", ORDERS).status_code == answers[0]
        assert box.call("POST", f"{ORDERS}/{po}/acknowledge").status_code == answers[1]


def test_a_rotated_secret_refuses_the_old_one(box: Box) -> None:
    """AUTH-6: the old secret stops, the new one works."""
    changed = {"client_secret": "fresh", "revoke_tokens": True}
    box.headers()
    box.http.put(f"/sandbox/accounts/{DEMO_ACCOUNT.client_id}", json=changed).raise_for_status()
    assert box.call("GET", ORDERS).status_code == 401
    assert box.token().status_code == 401
    assert box.token(Account(DEMO_ACCOUNT.client_id, "fresh")).status_code == 200


def test_unknown_paths_and_methods_answer_as_walmart_does(box: Box) -> None:
    assert code_of(box.call("GET", "/v3/nothing")) == (404, "URI_NOT_FOUND")
    assert code_of(box.call("DELETE", ORDERS)) == (405, "METHOD_NOT_ALLOWED")


def test_expired_token_fault_ends_that_token(box: Box) -> None:
    box.faults({"kind": "expired_token", "limit": 1})
    assert [box.call("GET", ORDERS).status_code for _ in range(2)] == [401, 401]
    box.tokens.clear()
    assert box.call("GET", ORDERS).status_code == 200


def test_injected_throttle_and_outage_look_like_walmarts(box: Box) -> None:
    """ERR-3: an unreachable gateway has no body."""
    box.headers()
    box.faults({"kind": "status", "code": 429, "limit": 1}, {"kind": "status", "code": 503, "limit": 1})
    assert code_of(box.call("GET", ORDERS)) == (429, "REQUEST_THRESHOLD_VIOLATED")
    gone = box.call("GET", ORDERS)
    assert (gone.status_code, gone.content) == (503, b"")


def test_cursor_loop_leads_to_the_same_page(box: Box) -> None:
    box.add(30)
    box.faults({"kind": "cursor_loop", "skip": 1})
    pages = box.pages("?limit=10")
    cursors = [next(pages)["meta"]["nextCursor"] for _ in range(4)]
    assert len(set(cursors)) == 1


def test_duplicate_page_repeats_then_goes_on(box: Box) -> None:
    added = box.add(30)
    box.faults({"kind": "duplicate_page", "limit": 1})
    seen = box.listed("?limit=10")
    assert len(seen) == 40
    assert set(seen) == set(added)


def test_an_empty_result_can_be_a_404(box: Box) -> None:
    box.faults({"kind": "empty_404", "limit": 1})
    assert code_of(box.call("GET", ORDERS)) == (404, "CONTENT_NOT_FOUND")
    assert box.call("GET", ORDERS).json()["list"]["elements"]["order"] == []


def test_errors_can_come_inside_a_200(box: Box) -> None:
    box.faults({"kind": "errors_in_200", "limit": 1})
    answer = box.call("GET", ORDERS)
    assert answer.status_code == 200
    assert answer.json()["list"]["errors"][0]["code"].startswith("SYSTEM_ERROR")


def test_bad_record_spoils_one_order_of_the_page_once(box: Box) -> None:
    box.add(5)
    right = box.call("GET", ORDERS).json()["list"]["elements"]["order"]
    box.faults({"kind": "bad_record", "limit": 1})
    spoiled = box.call("GET", ORDERS).json()["list"]["elements"]["order"]
    assert sum(a != b for a, b in zip(right, spoiled, strict=True)) == 1
    assert box.call("GET", ORDERS).json()["list"]["elements"]["order"] == right


def test_oversized_is_a_huge_body() -> None:
    with walmart_box(oversized_bytes=3_000_000) as box:
        box.faults({"kind": "oversized"})
        assert len(box.call("GET", ORDERS).content) > 3_000_000


def test_a_lost_answer_to_acknowledge_has_acknowledged(box: Box) -> None:
    """EVT-4: the caller cannot know; asking again is allowed."""
    (po,) = box.add(1)
    box.headers()
    box.faults({"kind": "lost", "path": "acknowledge", "limit": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        box.call("POST", f"{ORDERS}/{po}/acknowledge")
    assert box.state()["orders"][0]["status"] == "Acknowledged"
    assert box.call("POST", f"{ORDERS}/{po}/acknowledge").status_code == 200


def test_malformed_raw_orders_are_given_as_they_are(box: Box) -> None:
    """SEC-5: hostile content reaches the caller, the sandbox bears it."""
    odd = {**order_of(1), "orderDate": "soon", "orderLines": [1, None], "shippingInfo": 7, "shipNode": []}
    box.raw(odd, traits=["malformed"])
    (page,) = box.pages()
    assert page["elements"]["order"][0]["orderLines"] == [1, None]
    assert box.call("POST", f"{ORDERS}/{odd['purchaseOrderId']}/acknowledge").status_code == 500
    assert box.state()["orders"][0]["total"] is None


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/sandbox/orders", {"count": 0}, "count"),
        ("/sandbox/orders", {"count": 1, "mix": "odd"}, "unknown mix"),
        ("/sandbox/orders", {"count": 1, "colour": "red"}, "unknown fields: colour"),
        ("/sandbox/orders", {"count": 1, "account": "who"}, "account: unknown"),
        ("/sandbox/orders", [], "object is expected"),
        ("/sandbox/orders/raw", {"orders": [{}]}, "purchaseOrderId"),
        ("/sandbox/orders/1/change", {"kind": "cancel_order"}, "no such purchase order"),
    ],
)
def test_wrong_control_calls_say_what_is_wrong(box: Box, path: str, body: object, word: str) -> None:
    answer = box.http.post(path, json=body)
    assert answer.status_code in (400, 404)
    assert word in answer.json()["error"]


def test_reset_forgets_everything(box: Box) -> None:
    box.add(3)
    box.faults({"kind": "status"})
    box.http.post("/sandbox/reset").raise_for_status()
    box.tokens.clear()
    assert box.listed() == []
    assert box.state()["faults"]["rules"] == []


def test_the_catalog_and_the_page_show_what_is_there(box: Box) -> None:
    (po,) = box.add(1, account=OTHER.client_id)
    assert [product["sku"] for product in box.http.get("/sandbox/catalog").json()] == [p.sku for p in CATALOG]
    assert po in box.http.get("/").text


def started(data: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-W", "error", "-m", "connectors.walmart.sandbox", "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1]


def test_orders_survive_kill_9(tmp_path: Path) -> None:
    """TEST-3: what was answered is kept."""
    process, url = started(tmp_path)
    with process:
        ids = httpx.post(f"{url}/sandbox/orders", json={"count": 50, "seed": 1}).json()["purchaseOrderIds"]
        before = httpx.get(f"{url}/sandbox/state").json()["orders"]
        process.send_signal(signal.SIGKILL)
    again, url = started(tmp_path)
    with again:
        after = httpx.get(f"{url}/sandbox/state").json()["orders"]
        again.send_signal(signal.SIGTERM)
    assert len(ids) == len(after) == 50
    assert [order["purchaseOrderId"] for order in after] == [order["purchaseOrderId"] for order in before]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--account", "nosecret"], "ID:SECRET"),
        (["--limit", "acknowledge"], "OPERATION=CALLS"),
        (["--error-shape", "odd"], "error_shape"),
        (["--data", os.devnull], "walmart sandbox:"),
    ],
)
def test_a_wrong_start_says_what_is_wrong(arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    from connectors.walmart.sandbox.__main__ import main

    assert main(arguments) == 2
    assert word in capsys.readouterr().err
