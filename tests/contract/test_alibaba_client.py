"""AUTH-3, ERR-3, RATE-1: the client in front of the 1688 sandbox: signatures, tokens kept in a file, refusals by body."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.alibaba.sandbox.settings import DEMO_BUYER, STATIC_BUYER
from connectors.kit.errors import AuthError, DataError, ForbiddenError, RuleError, ThrottledError, UncertainError
from tests.contract.alibaba_box import Box, alibaba_box
from tests.contract.alibaba_connected import Waits, connected, settings_of, static_account

DETAIL = {"offerDetailParam": {"offerId": 999000000000, "country": "en"}}


@pytest.fixture
def box() -> Iterator[Box]:
    with alibaba_box(offers=3) as box:
        yield box


def kept(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "token.json").read_text())
    return found


def grants(box: Box) -> int:
    """Calls for tokens so far."""
    return sum("getToken" in call.path for call in box.app.calls.latest)


async def test_a_signed_call_is_let_in_with_a_token_of_its_own(box: Box, tmp_path: Path) -> None:
    """AUTH-3: the signature is right over Chinese text, the token comes of the refresh token and is kept, for its owner alone."""
    async with connected(box, settings_of(box, tmp_path)) as client:
        found = await client.call("product_detail", DETAIL)
        assert found["result"]["result"]["offerId"] == 999000000000
        parsed = await client.call("address_parse", {"addressInfo": "浙江省 杭州市 滨江区 网商路699号 A&B=1+1"})
        assert parsed["success"] is True
    assert stat.S_IMODE((tmp_path / "token.json").stat().st_mode) == 0o600
    assert kept(tmp_path)["refresh_token"] == DEMO_BUYER.refresh_token
    assert kept(tmp_path)["login"] == DEMO_BUYER.login_id


async def test_a_lasting_token_and_no_token_at_all(box: Box, tmp_path: Path) -> None:
    """AUTH-3: self-use apps; what refuses a lasting token needs a person."""
    async with connected(box, settings_of(box, tmp_path, account=static_account())) as client:
        assert (await client.call("carriers", {}))["success"] is True
        box.account(STATIC_BUYER, revoke_tokens=True)
        with pytest.raises(AuthError, match="lasting access token"):
            await client.call("carriers", {})
    box.account(STATIC_BUYER, single_user=True)
    async with connected(box, settings_of(box, tmp_path, account=static_account(access_token=""))) as client:
        assert (await client.call("carriers", {}))["success"] is True


async def test_tokens_are_renewed_ten_minutes_early_once_for_all(box: Box, tmp_path: Path) -> None:
    """AUTH-3: one refresh however many ask; processes of one host share it by the file."""
    settings = settings_of(box, tmp_path)
    async with connected(box, settings) as client, connected(box, settings, alone=True) as other:
        await asyncio.gather(*(client.call("carriers", {}) for _ in range(5)), other.call("carriers", {}))
        first = kept(tmp_path)["access_token"]
        box.clock.tick(36_000 - 601)
        await client.call("carriers", {})
        assert kept(tmp_path)["access_token"] == first
        box.clock.tick(2)
        await asyncio.gather(*(client.call("carriers", {}) for _ in range(5)), other.call("carriers", {}))
        second = kept(tmp_path)["access_token"]
    assert second != first
    assert grants(box) == 2


async def test_a_refused_token_is_renewed_and_the_call_repeated_once(box: Box, tmp_path: Path) -> None:
    """ERR-3: 401 -> refresh, at once."""
    waits = Waits()
    async with connected(box, settings_of(box, tmp_path), waits) as client:
        await client.call("carriers", {})
        first = kept(tmp_path)["access_token"]
        box.faults({"kind": "expired_token", "limit": 1})
        await client.call("carriers", {})
        assert grants(box) == 2
        box.faults({"kind": "expired_token"})
        with pytest.raises(AuthError):
            await client.call("carriers", {})
        assert grants(box) == 3
    assert kept(tmp_path)["access_token"] != first
    assert waits.seconds == []


async def test_a_dead_refresh_token_is_not_asked_with_again(
    box: Box, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """AUTH-3: the state re-authorise: told, remembered, and nobody calls until a person has been there."""
    settings = settings_of(box, tmp_path)
    box.account(authorised=False)
    async with connected(box, settings) as client, connected(box, settings, alone=True) as other:
        with (
            caplog.at_level(logging.ERROR),
            pytest.raises(AuthError, match="causeway setup add alibaba:main authorisation"),
        ):
            await client.call("carriers", {})
        assert "reauthorise" in [record.message for record in caplog.records]
        assert kept(tmp_path)["dead"] is True
        box.account(authorised=True)
        asked = grants(box)
        for one in (client, other):
            with pytest.raises(AuthError, match="has ended the authorisation"):
                await one.call("carriers", {})
        assert grants(box) == asked


async def test_a_new_refresh_token_is_kept_before_it_is_used(box: Box, tmp_path: Path) -> None:
    """AUTH-3: a refresh may answer with a new one, and the old one dies with it; older spellings are understood."""
    box.faults({"kind": "rotated_refresh_token"}, {"kind": "odd_token_answer"})
    async with connected(box, settings_of(box, tmp_path)) as client:
        for _ in range(3):
            await client.call("carriers", {})
            box.clock.tick(36_000)
    assert kept(tmp_path)["refresh_token"] != DEMO_BUYER.refresh_token
    assert kept(tmp_path)["login"] == DEMO_BUYER.login_id


async def test_a_refresh_token_near_its_end_is_renewed(box: Box, tmp_path: Path) -> None:
    """AUTH-3: in its last 30 days, so that nobody has to click twice a year."""
    box.faults({"kind": "rotated_refresh_token", "limit": 1})
    async with connected(box, settings_of(box, tmp_path)) as client:
        await client.call("carriers", {})
        before = kept(tmp_path)
        box.clock.tick(86_400 * 151)
        await client.call("carriers", {})
    after = kept(tmp_path)
    assert after["refresh_token"] != before["refresh_token"]
    assert after["refresh_until"] - before["refresh_until"] > 86_400 * 150


async def test_flow_control_waits_1_2_4_seconds_then_gives_up(box: Box, tmp_path: Path) -> None:
    """ERR-3, RATE-1: by body code, once with status 400, once with 200."""
    waits = Waits()
    async with connected(box, settings_of(box, tmp_path), waits) as client:
        box.faults({"kind": "flow_control", "limit": 2}, {"kind": "api_flow_control", "limit": 1, "skip": 2})
        await client.call("carriers", {})
        assert waits.seconds[:2] == [1.0, 2.0]
        box.faults({"kind": "flow_control"})
        waits.seconds.clear()
        with pytest.raises(ThrottledError):
            await client.call("carriers", {})
        assert waits.seconds == [1.0, 2.0, 4.0]


async def test_what_may_have_been_carried_out_is_not_repeated(box: Box, tmp_path: Path) -> None:
    """EVT-4: a create that is answered with 502 was carried out; a read is tried again."""
    async with connected(box, settings_of(box, tmp_path)) as client:
        box.faults({"kind": "answer_502", "limit": 1})
        with pytest.raises(UncertainError):
            await client.call(
                "order_cancel", {"webSite": 1688, "tradeID": 1, "cancelReason": "other"}, repeatable=False
            )
        box.faults({"kind": "answer_502", "limit": 1})
        assert (await client.call("carriers", {}))["success"] is True


async def test_refusals_name_what_to_do(box: Box, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """ERR-3: permission, parameters (logged masked), business codes; none is tried again."""
    waits = Waits()
    async with connected(box, settings_of(box, tmp_path), waits) as client:
        box.account(denied=["alibaba.trade.receiveAddress.get"])
        with pytest.raises(ForbiddenError, match="console"):
            await client.call("addresses", {})
        with caplog.at_level(logging.WARNING), pytest.raises(DataError, match=r"gw\.ParamInvalid"):
            await client.call("order_view", {"webSite": "1688", "orderId": "1", "phone": "13800138000"})
        told = [vars(record)["parameters"] for record in caplog.records if record.message == "call_refused"]
        assert told == [{"orderId": "1", "phone": "text of 11 characters", "webSite": "1688"}]
        cart = {"flow": "general", "addressParam": {"addressId": 5}, "cargoParamList": [{"offerId": 1, "quantity": 1}]}
        with pytest.raises((RuleError, DataError)):
            await client.call("order_create", cart, repeatable=False)
        assert (await client.call("order_create", cart, repeatable=False, judged=False))["success"] is False
    assert waits.seconds == []


async def test_a_wrong_secret_is_told_as_such(box: Box, tmp_path: Path) -> None:
    async with connected(box, settings_of(box, tmp_path, account=static_account(app_secret="other"))) as client:
        with pytest.raises(ForbiddenError, match="app_secret"):
            await client.call("carriers", {})
    async with connected(box, settings_of(box, tmp_path, account={"app_secret": "other"})) as client:
        with pytest.raises(AuthError, match="app_secret"):
            await client.call("carriers", {})
