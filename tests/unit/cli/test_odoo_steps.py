"""FUL-3, OPS-1: `causeway odoo`: what cannot be made is a failure, to people and to scripts."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from connectors.odoo.outbox import Step
from streams.cli import odoo

FIELD = Step("field x_causeway_ordered of sale.order.line", done=False, impossible="this Odoo computes nothing")


@pytest.mark.parametrize("command", ["install-field", "install-outbox"])
@pytest.mark.parametrize(
    ("last", "code"), [(FIELD, 1), (Step("field", done=True), 0), (Step("field", done=False, there=True), 0)]
)
def test_what_cannot_be_made_ends_with_1_and_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch, command: str, last: Step, code: int
) -> None:
    monkeypatch.setattr(odoo, "_run", lambda *_, **__: [Step("model x_outbox", done=True), last])
    result = CliRunner().invoke(odoo.app, [command])
    assert result.exit_code == code, result.output
    assert "made: model x_outbox" in result.output
    assert ("cannot be made: field x_causeway_ordered" in result.output) is (code == 1)
