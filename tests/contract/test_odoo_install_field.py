"""FUL-3, TEST-1: what `verify odoo` recommends works on the sandbox too: the field for lowered quantities, made by the command itself."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

from connectors.kit.ports import Check
from connectors.kit.sandbox.server import running
from connectors.odoo.capture_checks import CaptureChecks
from connectors.odoo.client import Odoo
from connectors.odoo.sandbox.app import create_app
from connectors.odoo.sandbox.settings import SandboxSettings
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.orders import ORDERED_FIELD
from streams.cli.odoo import app


async def looked_at(settings: OdooSettings) -> list[Check]:
    odoo = Odoo(settings)
    try:
        return await CaptureChecks(settings, odoo).checks(["orders"])
    finally:
        await odoo.aclose()


def test_the_command_makes_the_field_and_verify_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = SandboxSettings()
    with running(create_app(sandbox)) as url:
        given = {"url": url, "db": sandbox.db, "login": sandbox.login, "environment": "sandbox"}
        for name, value in (*given.items(), ("password", sandbox.password)):
            monkeypatch.setenv(f"CAUSEWAY_ODOO__{name.upper()}", value)
        monkeypatch.setenv("CAUSEWAY_ENVIRONMENT", "sandbox")
        said = CliRunner().invoke(app, ["install-field"])
        assert (said.exit_code, said.output) == (0, f"made: field {ORDERED_FIELD} of sale.order.line\n")
        again = CliRunner().invoke(app, ["install-field"])
        assert (again.exit_code, again.output.split(":")[0]) == (0, "is there already")
        settings = OdooSettings.model_validate({**given, "password": sandbox.password, "capture": {"mode": "poll"}})
        checks = asyncio.run(looked_at(settings))
    assert [one.detail for one in checks if one.subject == "capture of cancellations"] == ["whole and in part"]
