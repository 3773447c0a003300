"""AUTH-3, RATE-1, ERR-3, TEST-1: the gateway of the 1688 sandbox, as a client meets it: signature, token, permission, parameters, flow control."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.alibaba.sandbox.__main__ import main
from connectors.alibaba.sandbox.app import PRESETS
from connectors.alibaba.sandbox.operations import NAMES, OPERATIONS
from connectors.alibaba.sandbox.settings import DEMO_BUYER, STATIC_BUYER
from connectors.alibaba.signing import SIGNATURE, request_signature
from connectors.kit.sandbox.buckets import Limit
from tests.contract.alibaba_box import CREATE, LIST, Box, Json, Shop, alibaba_box, error_of
from tests.unit.test_alibaba_signing import EXPECTED, V2, V4, Vector

TIME = "param2/1/system/currentTime"
CARRIERS = "alibaba.logistics.OpQueryLogisticCompanyList"


@pytest.fixture
def box() -> Iterator[Box]:
    with alibaba_box() as box:
        yield box


@pytest.fixture(params=EXPECTED, ids=list(EXPECTED))
def vector(request: pytest.FixtureRequest) -> Vector:
    found: Vector = EXPECTED[request.param][0]
    return found


def answered(vector: Vector, signature: str, **changed: str) -> tuple[int, str]:
    """What the gateway says to a vector's call, by a buyer with its key and secret."""
    path, parameters, secret = vector
    buyer = replace(DEMO_BUYER, app_key=path.rpartition("/")[2], app_secret=secret)
    with alibaba_box(buyers=(buyer,), offers=0) as box:
        got = box.http.post(f"/openapi/{path}", data={**parameters, **changed, SIGNATURE: signature})
        return (200, "") if got.status_code == 200 else error_of(got)


def test_official_signatures_are_let_in(vector: Vector) -> None:
    """V1 to V6: the signature is right, so the next check speaks: the invented token is unknown."""
    _, parameters, _ = vector
    expected = (401, "401") if "access_token" in parameters else (200, "")
    assert answered(vector, _signature(vector)) == expected


def _signature(vector: Vector) -> str:
    return next(signature for known, signature in EXPECTED.values() if known is vector)


def test_a_changed_parameter_breaks_the_signature(vector: Vector) -> None:
    assert answered(vector, _signature(vector), page="2", a="9") == (400, "gw.SignatureInvalid")


@pytest.mark.parametrize(
    ("vector", "wrong"),
    [
        (V2, "518ECBBFC0D3E7C20BEBC351C8E7E4ABFE4538F7"),  # values signed as they look on the wire
        (V2, "B128C351EFA0B0DCB7F582F87DC38C89D18B3356"),  # without the path
        (V4, "845077E6B16D270A970F031D0492B51E74DC631F"),  # sorted by key
        (V2, "17f723fb4615d534a77e9632189c9f3747dab8b0"),  # lower case
        (V2, "ä" * 40),
    ],
)
def test_signatures_of_wrong_recipes_are_refused(vector: Vector, wrong: str) -> None:
    assert answered(vector, wrong) == (400, "gw.SignatureInvalid")


def test_a_missing_signature_has_its_own_code(box: Box) -> None:
    assert error_of(box.http.post(f"/openapi/{TIME}/{DEMO_BUYER.app_key}")) == (400, "gw.SignatureMissing")


def test_parameters_may_come_in_the_query_but_not_as_json_nor_twice(box: Box) -> None:
    path = f"{TIME}/{DEMO_BUYER.app_key}"
    assert box.send(path, {"a": "备注 A&B=1+1"}, DEMO_BUYER.app_secret, "GET").status_code == 200
    signed = {"a": "1", SIGNATURE: request_signature(path, {"a": "1"}, DEMO_BUYER.app_secret)}
    assert error_of(box.http.post(f"/openapi/{path}", json=signed)) == (400, "gw.SignatureMissing")
    twice = box.http.post(f"/openapi/{path}", data={**signed, "a": ["1", "1"]})
    assert error_of(twice) == (400, "gw.SignatureInvalid")


def test_text_that_is_no_utf8_cannot_be_signed_rightly(box: Box) -> None:
    """GBK on the wire: the gateway reads other characters than were signed."""
    path = f"{TIME}/{DEMO_BUYER.app_key}"
    signature = request_signature(path, {"a": "备注"}, DEMO_BUYER.app_secret)
    body = b"a=%B1%B8%D7%A2&_aop_signature=" + signature.encode()
    got = box.http.post(f"/openapi/{path}", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert error_of(got) == (400, "gw.SignatureInvalid")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("param2/1/com.alibaba.trade/alibaba.trade.createOrder/9990001", "gw.APIUnsupported"),
        ("param2/1/com.alibaba.product/alibaba.trade.cancel/9990001", "gw.APIUnsupported"),
        ("param2/2/system/currentTime/9990001", "gw.APIUnsupported"),
        ("json/1/system/currentTime/9990001", "gw.APIUnsupported"),
        ("param2/1/system", "gw.APIUnsupported"),
        ("param2/1/system/currentTime", "gw.AppKeyMissing"),
        ("param2/1/system/currentTime/12", "gw.AppKeyMissing"),
    ],
)
def test_wrong_addresses_have_their_code(box: Box, path: str, code: str) -> None:
    assert error_of(box.send(path, {}, DEMO_BUYER.app_secret)) == (400, code)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.name)
def test_every_api_is_answered_and_asks_for_what_it_needs(box: Box, operation: Any) -> None:
    """Checked in the order that was observed: token, permission, parameters."""
    path = f"param2/1/{operation.namespace}/{operation.name}/{DEMO_BUYER.app_key}"
    if operation.token:
        assert error_of(box.send(path, {}, DEMO_BUYER.app_secret)) == (401, "401")
    box.account(denied=[operation.name])
    assert error_of(box.call(operation.name)) == (400, "gw.APIACLDecline")
    box.account(denied=[])
    if operation.required:
        assert error_of(box.call(operation.name)) == (400, "gw.ParamMissing")
    given: Json = dict.fromkeys(operation.required, "1")
    if not operation.any_parameters:
        assert error_of(box.call(operation.name, **given, orderID="1")) == (400, "gw.ParamInvalid")


def test_a_token_is_its_app_s_and_ends_with_its_life(box: Box) -> None:
    token = box.token()
    assert box.call(CARRIERS).status_code == 200
    assert error_of(box.call(CARRIERS, STATIC_BUYER, access_token=token)) == (401, "401")
    assert error_of(box.call(CARRIERS, access_token=f"{token}x")) == (401, "401")
    assert error_of(box.call(CARRIERS, access_token="")) == (401, "401")
    box.clock.tick(36_000)
    assert error_of(box.call(CARRIERS, access_token=token)) == (401, "401")


def test_a_static_token_and_single_user_mode_need_no_refresh(box: Box) -> None:
    box.clock.tick(400 * 86_400)
    assert box.call(CARRIERS, STATIC_BUYER).status_code == 200
    path = f"param2/1/com.alibaba.logistics/{CARRIERS}/{STATIC_BUYER.app_key}"
    assert error_of(box.send(path, {}, STATIC_BUYER.app_secret)) == (401, "401")
    box.account(STATIC_BUYER, single_user=True)
    assert box.send(path, {}, STATIC_BUYER.app_secret).status_code == 200


def test_the_timestamp_is_milliseconds_and_may_be_watched() -> None:
    with alibaba_box(timestamp_seconds=600.0) as box:
        right = str(int(box.clock.now * 1000))
        assert box.call("currentTime", _aop_timestamp=right).status_code == 200
        assert error_of(box.call("currentTime", _aop_timestamp=right[:10])) == (400, "gw.ParamInvalid")
        old = str(int((box.clock.now - 601) * 1000))
        assert error_of(box.call("currentTime", _aop_timestamp=old)) == (400, "gw.ParamInvalid")


def test_flow_control_is_told_in_the_body_once_with_400_and_once_with_200() -> None:
    """RATE-1: the calls of one app key are counted together, another's are not."""
    with alibaba_box(rate=Limit(2, 1.0)) as box:
        box.token()
        assert [box.call(name).status_code for name in ("currentTime", CARRIERS)] == [200, 200]
        refused = [error_of(box.call("currentTime")) for _ in range(2)]
        assert refused == [(400, "gw.QosAppFrequencyLimit"), (200, "gw.QosAppFrequencyLimit")]
        assert box.call(CARRIERS, STATIC_BUYER).status_code == 200
        box.clock.tick(0.5)
        assert box.ask("currentTime") == "20261120200000500+0800"


def test_faults_of_the_gateway(box: Box) -> None:
    """ERR-3: each can be called for, and strikes as often as it was called for."""
    box.token()
    for kind, expected in (
        ("flow_control", (400, "gw.QosAppFrequencyLimit")),
        ("api_flow_control", (200, "gw.QosApiFrequencyLimit")),
        ("acl_decline", (400, "gw.APIACLDecline")),
        ("expired_token", (401, "401")),
    ):
        box.faults({"kind": kind, "limit": 1})
        assert error_of(box.call(CARRIERS)) == expected
    box.tokens.clear()
    box.token()
    box.faults({"kind": "answer_502", "limit": 1, "path": "currentTime"}, {"kind": "status", "code": 429, "limit": 1})
    assert error_of(box.call(CARRIERS)) == (429, "gw.QosAppFrequencyLimit")
    lost = box.call("currentTime")
    assert (lost.status_code, lost.headers["content-type"][:9]) == (502, "text/html")
    assert box.call("currentTime").status_code == 200


def test_every_api_has_its_handler(box: Box) -> None:
    answered_by = [set(part.handlers()) for part in box.app.world.parts]
    assert set().union(*answered_by) == NAMES
    assert sum(map(len, answered_by)) == len(NAMES)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_presets_strike_and_never_break_the_sandbox(preset: str) -> None:
    """ERR-3: under each preset every answer is one that the platform or a bad line gives; the truth stays to be read."""
    with alibaba_box() as box:
        shop = Shop(box)
        cart, token = shop.cart(shop.cargo(shop.first())), box.token()
        box.http.put("/sandbox/faults", json={"preset": preset, "seed": 3}).raise_for_status()
        statuses: set[int] = set()
        for number in range(60):
            try:
                statuses.add(box.call(CREATE, access_token=token, **cart, outOrderId=f"PO{number}").status_code)
                statuses.add(box.call(LIST, access_token=token).status_code)
            except httpx.TransportError:
                statuses.add(0)
        box.http.delete("/sandbox/faults").raise_for_status()
        assert (statuses == {200}) is (preset == "none")
        assert statuses <= {0, 200, 400, 401, 429, 500, 502, 503}
        assert len(box.state()["orders"]) > 10 or preset != "none"


def test_the_page_shows_what_is_held(box: Box) -> None:
    shop = Shop(box)
    made = shop.order(outOrderId="<b>PO1</b>")
    shop.change(made, "pay")
    shop.change(made, "ship")
    page = box.http.get("/").raise_for_status().text
    assert made in page
    assert "&lt;b&gt;PO1" in page
    assert "<b>PO1" not in page
    assert all(word in page for word in ("Offers", "Parcels", "Messages", "Calls", "Faults", "杭州示例家居有限公司"))


def test_snapshot_gives_the_sections_asked_for(box: Box) -> None:
    got = box.http.get("/sandbox/snapshot", params={"sections": "doubled,messages"}).json()
    assert got.keys() == {"account", "at", "doubled", "messages"}
    assert box.http.get("/sandbox/snapshot", params={"sections": "weather"}).status_code == 400
    assert box.http.get("/sandbox/state", params={"account": "12"}).status_code == 400


def test_reset_forgets_all_but_the_offers(box: Box) -> None:
    shop = Shop(box)
    stock = shop.first()["specs"][0]["stock"]
    shop.order()
    box.control("/sandbox/clock", seconds=60)
    box.control("/sandbox/reset")
    told = box.state()
    assert (told["orders"], told["messages"], told["calls"]["total"], told["at"]) == ({}, {}, 0, box.clock.now)
    assert shop.first()["specs"][0]["stock"] == stock
    box.tokens.clear()
    assert box.call(LIST).status_code == 200


def test_it_runs_as_a_program_and_keeps_what_it_has_when_killed(tmp_path: Path) -> None:
    def started() -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "connectors.alibaba.sandbox", "--data", str(tmp_path), "--timeline", "0,1,2,3"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."})
        assert process.stdout is not None
        return process, process.stdout.readline().split()[-1]

    process, url = started()
    token = httpx.post(f"{url}/sandbox/clock", json={"seconds": 0}).raise_for_status()
    assert token.json()["ahead"] == 0
    offers = httpx.get(f"{url}/sandbox/offers").json()
    httpx.post(f"{url}/sandbox/offers/{offers[0]['id']}/change", json={"kind": "rename", "subject": "留下"})
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    process, url = started()
    assert httpx.get(f"{url}/sandbox/offers/{offers[0]['id']}").json()["subject"] == "留下"
    process.terminate()
    process.communicate(timeout=10)


@pytest.mark.parametrize("wrong", [["--timeline", "3,2,1,0"], ["--calls-per-second", "0"], ["--token-seconds", "0"]])
def test_wrong_options_are_named(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(wrong) == 2
    assert capsys.readouterr().err.startswith("alibaba sandbox: ")
