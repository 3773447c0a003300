"""ERR-3, Walmart: whichever system code it is, and whichever status it comes with, it is tried five times and then a person looks."""

from __future__ import annotations

import pytest

from schemas.reasons import Reason
from tests.unit.walmart.fake import Fake, gateway, in_turn, reply
from tests.unit.walmart.test_sink import Walmart, an_order, delivery, outcome


@pytest.mark.parametrize("code", ["SYSTEM_ERROR", "INVALID_SYSTEM_STATE", "DOWNSTREAM_SYSTEM_TIME_OUT"])
@pytest.mark.parametrize("status", [400, 500, 504, 520])
async def test_a_system_code_is_tried_five_times(code: str, status: int) -> None:
    """ERR-3: system codes: at most 5."""
    for attempt, reason in ((1, Reason.TRANSIENT), (4, Reason.TRANSIENT), (5, Reason.RULE)):
        walmart = Walmart([an_order("Created")], gateway(status, f"{code}.GMP_ORDER_API"))
        assert (await outcome(walmart, delivery(attempt=attempt))).reason is reason


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_an_auth_code_renews_the_token_and_repeats_the_call_at_once(status: int) -> None:
    """ERR-3: auth codes, whichever status they come with; for writes too, because nothing was carried out."""
    fake = Fake(
        in_turn(gateway(status, "UNAUTHORIZED.GMP_GATEWAY_API"), reply(200, {"order": {"purchaseOrderId": "1"}}))
    )
    await fake.client.acknowledge("1")
    assert [request.headers["WM_SEC.ACCESS_TOKEN"] for request in fake.requests] == ["canary-token-1", "canary-token-2"]
    assert fake.slept == []
