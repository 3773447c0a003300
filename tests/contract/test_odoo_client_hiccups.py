"""ERR-3: one failed call of a batch is tried again at once where nothing can have been carried out, and only there (EVT-4)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.kit.errors import AuthError, ConnectorError, TransientError, UncertainError
from connectors.kit.sandbox.server import running
from connectors.odoo.client import Odoo
from connectors.odoo.sandbox.app import create_app
from connectors.odoo.sandbox.settings import SandboxSettings
from connectors.odoo.settings import OdooSettings


class Box:
    """A client, and the next faults of its server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.odoo = Odoo(
            # One thread, so that all calls go by the connection that is logged in.
            OdooSettings(
                url=url, db="sandbox", login="admin", password=SecretStr("admin"), environment="sandbox", workers=1
            )
        )

    def next(self, times: int, **rule: Any) -> None:
        """The next `times` calls of execute_kw fail so."""
        rules = {"rules": [{"rate": 1.0, "limit": times, "path": "/jsonrpc", **rule}], "seed": 1}
        httpx.put(f"{self.url}/sandbox/faults", json=rules, trust_env=False).raise_for_status()


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    with running(create_app(SandboxSettings())) as url:
        made = Box(url)
        await made.odoo.ask("res.partner", "search_count", [])  # logged in before anything fails
        yield made
        await made.odoo.aclose()


@pytest.mark.parametrize(
    "rule",
    [{"kind": "status", "code": 503}, {"kind": "status", "code": 429}, {"kind": "reset"}, {"kind": "malformed"}],
)
async def test_two_hiccups_in_a_row_do_not_reach_the_caller_of_a_read(box: Box, rule: dict[str, Any]) -> None:
    box.next(2, **rule)
    assert await box.odoo.ask("res.partner", "search_count", []) > 0


async def test_longer_trouble_is_left_to_the_retry_tiers(box: Box) -> None:
    box.next(20, kind="status", code=503)
    with pytest.raises(TransientError):
        await box.odoo.ask("res.partner", "search_count", [])


async def test_a_write_whose_answer_was_lost_is_not_sent_again_blindly(box: Box) -> None:
    """Whoever called knows whether a second time is harmless; the client does not."""
    once = [["name", "=", "Once"]]
    box.next(1, kind="lost")
    with pytest.raises(UncertainError):
        await box.odoo.tell("res.partner", "create", {"name": "Once"})
    assert await box.odoo.ask("res.partner", "search_count", once) == 1


async def test_one_refused_login_is_tried_with_a_new_one_and_a_second_is_the_truth(box: Box) -> None:
    box.next(1, kind="expired_token")
    assert await box.odoo.ask("res.partner", "search_count", []) > 0
    box.next(20, kind="expired_token")
    with pytest.raises(AuthError):
        await box.odoo.ask("res.partner", "search_count", [])


async def test_a_call_that_fails_is_told_with_why_and_an_expected_answer_is_no_failure(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    """OPS-1: `there is no such record` is an answer; whoever reads the log at its usual level sees trouble only, with its detail."""
    caplog.set_level(logging.INFO)
    with pytest.raises(ConnectorError):
        await box.odoo.ask("ir.model.data", "check_object_reference", "mkt", "no.such")
    with pytest.raises(ConnectorError):
        await box.odoo.ask("stock.move.line", "fields_get", ["quantity"], ["type"])
    assert "odoo_call_failed" not in caplog.text
    box.next(20, kind="status", code=503)
    with pytest.raises(TransientError):
        await box.odoo.ask("res.partner", "search_count", [])
    assert (
        "odoo_call_failed model=res.partner method=search_count error=TransientError detail=res.partner.search_count: "
        in caplog.text
    )
