"""EVT-6: an automation rule of Odoo rings at the poller's door, on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.webhook import hints
from streams.poller.hints import listening
from streams.poller.loop import RealClock
from streams.poller.metrics import HINTS
from streams.settings import ConfigurationError
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_capture_box import off_loop

SECRET = "0123456789abcdef0123"


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


def settings(box: OdooBox, **webhook: Any) -> OdooSettings:
    capture = {"mode": "poll", "webhook": {"port": 1, "secret": SECRET, "pause_seconds": 0.2, **webhook}}
    return OdooSettings.model_validate({**box.settings.model_dump(), "capture": capture})


def rule(box: OdooBox, model: str, url: str) -> int:
    """As docs/capture.md has it made by hand: on save, send a webhook. Gives the id of the automation."""
    (known,) = box.rows("ir.model", [["model", "=", model]], ["model"])
    action = {"name": "Causeway", "model_id": known["id"], "state": "webhook", "webhook_url": url}
    values = {
        "name": f"Causeway wake-up {tag()}", "model_id": known["id"], "trigger": "on_create_or_write", "action_server_ids": [[0, 0, action]],
    }  # fmt: skip
    return int(box.call("base.automation", "create", values))


@pytest.mark.parametrize("told", [SECRET, f"{SECRET}x"])
async def test_a_change_in_odoo_wakes_the_flows_that_watch_it(box: OdooBox, told: str) -> None:
    """EVT-6: at once, and again after the pause; with the wrong secret nothing but a number (SEC-5)."""
    found = hints(settings(box))
    assert found is not None
    found = replace(found, port=0)  # any free one
    woken: list[str] = []
    twice = asyncio.Event()

    async def wake(flow: str) -> None:
        woken.append(flow)
        if len(woken) >= 6:
            twice.set()

    before = HINTS.labels("odoo", "forbidden")._value.get()
    async with listening("odoo", found, wake, RealClock()) as port:
        made = await off_loop(rule, box, "product.template", f"http://127.0.0.1:{port}/hints/{told}")
        try:
            await off_loop(box.product, f"SKU-{tag()}")
            if told == SECRET:
                await asyncio.wait_for(twice.wait(), 30)
        finally:
            await off_loop(box.call, "base.automation", "unlink", [made])
    assert set(woken) == ({"stock", "products", "prices"} if told == SECRET else set())
    assert (HINTS.labels("odoo", "forbidden")._value.get() > before) is (told != SECRET)


async def test_a_port_that_is_taken_is_told_at_the_start(box: OdooBox) -> None:
    """And what to do about it."""
    found = hints(settings(box))
    assert found is not None

    async def wake(flow: str) -> None:
        """Nobody calls."""

    free = replace(found, port=0)
    async with listening("odoo", free, wake, RealClock()) as port:
        with pytest.raises(ConfigurationError, match="a port of its own"):
            async with listening("odoo", replace(found, port=port), wake, RealClock()):
                """It cannot be entered."""
