"""EVT-6, SEC-5: what a webhook of Odoo means to change capture."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.watches import PLANS
from connectors.odoo.source.webhook import flows_of, hints, models_of

SECRET = "0123456789abcdef"


def settings(mode: str = "poll", **webhook: object) -> OdooSettings:
    return OdooSettings.model_validate(
        {"capture": {"mode": mode, "webhook": {"port": 8450, "secret": SECRET, **webhook}}}
    )


@pytest.mark.parametrize(
    ("model", "flows"),
    [
        ("sale.order", {"sale_orders"}),
        ("sale.order.line", {"sale_orders"}),
        ("stock.picking", {"pickings"}),
        ("stock.move", {"pickings", "stock"}),
        ("stock.quant", {"stock"}),
        ("product.product", {"stock", "products", "prices"}),
        ("product.template", {"stock", "products", "prices"}),
        ("account.move", {"refunds"}),
        ("res.partner", set()),  # not captured unless asked for
        ("mail.message", set()),
    ],
)
def test_a_model_wakes_the_flows_that_watch_it(model: str, flows: set[str]) -> None:
    """EVT-6: nothing else of the body counts."""
    found = hints(settings())
    assert found is not None
    assert (found.host, found.port, found.secret) == ("127.0.0.1", 8450, SECRET)
    body = {"_model": model, "_id": 7, "_action": "Causeway(#3)", "id": 7, "state": "sale"}
    assert set(found.flows_of(json.dumps(body).encode())) == flows


@given(st.binary(max_size=200) | st.from_type(object).map(lambda one: repr(one).encode()))
def test_whatever_comes_is_a_value_error_or_nothing(body: bytes) -> None:
    """SEC-5."""
    with suppress(ValueError):
        assert flows_of(body, models_of(PLANS)) == ()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"7", b'"sale.order"', b'{"_model": 7}', b'{"model": "sale.order"}', b"[" * 60_000, b"\xff"]
)
def test_a_body_without_a_model_cannot_be_read(body: bytes) -> None:
    """SEC-5: nested without end, too."""
    with pytest.raises(ValueError, match="not what a webhook of Odoo posts"):
        flows_of(body, models_of(PLANS))


@pytest.mark.parametrize(
    "secret", ["", "short", "has a space in the middle", "umlauts-äöü-0123456789", "with/slash/0123456789"]
)
def test_a_secret_that_is_weak_or_no_part_of_an_address_is_refused(secret: str) -> None:
    """AUTH-6: and it is not repeated in the message."""
    with pytest.raises(ValueError, match="16 letters and digits") as caught:
        hints(settings(secret=secret))
    assert not secret or secret not in str(caught.value)


def test_the_secret_may_stand_in_a_file_and_shows_nowhere(tmp_path: Path) -> None:
    """AUTH-6."""
    (tmp_path / "secret").write_text("f" * 20 + "\n")
    one = settings(secret="", secret_file=str(tmp_path / "secret"))
    found = hints(one)
    assert found is not None
    assert found.secret == "f" * 20
    assert SECRET not in repr(settings())


def test_it_is_off_without_a_port_or_without_capture() -> None:
    """EVT-6: optional."""
    assert hints(OdooSettings()) is None
    assert hints(settings(port=0)) is None
    assert hints(settings(mode="off")) is None
