"""The process around the flows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streams.poller.run import PULSE_SECONDS, Pulse, run_poller
from streams.settings import ConfigurationError
from tests.unit.poller.kit import connector, settings


async def test_nothing_to_poll_is_told() -> None:
    shop = connector()
    with pytest.raises(ConfigurationError, match="no account is configured"):
        await run_poller(settings(shop, shop={"names": []}), [shop], asyncio.Event())


async def test_account_that_cannot_be_polled_is_told_before_anything_is_contacted() -> None:
    """AUTH-7: startup refuses."""

    def refuse(*_: Any) -> Any:
        raise ValueError("the host is a sandbox, this is production")

    shop = connector(source=refuse)
    with pytest.raises(ConfigurationError, match="shop:main:orders cannot be polled: the host is a sandbox"):
        await run_poller(settings(shop), [shop], asyncio.Event())


def test_health_is_a_pulse() -> None:
    """OPS-8."""
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    now[0] = PULSE_SECONDS
    assert pulse.problem() == ""
    now[0] += 1
    assert "no sign of life for 61 s" in pulse.problem()
    pulse.beat()
    assert pulse.problem() == ""
