"""AUTH-7, TEST-4: a worker refuses to start with keys, hosts or a database of another environment, and says which."""

from __future__ import annotations

import pytest

from streams.connectors import discover, load_connected_settings
from streams.settings import ConfigurationError
from streams.worker import check_environments, stage_names

LOCAL = {
    "CAUSEWAY_WALMART__BASE_URL": "http://127.0.0.1:1",
    "CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID": "id",
    "CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_SECRET": "secret",
}


def check(monkeypatch: pytest.MonkeyPatch, **env: str) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)
    for name, value in (LOCAL | env).items():
        monkeypatch.setenv(name, value)
    connectors = discover()
    check_environments(load_connected_settings(connectors), connectors)


def test_one_world_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    check(monkeypatch, CAUSEWAY_ENVIRONMENT="sandbox", CAUSEWAY_ODOO__ENVIRONMENT="sandbox")


def test_all_mixtures_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError) as raised:
        check(monkeypatch, CAUSEWAY_ENVIRONMENT="production", CAUSEWAY_ODOO__ENVIRONMENT="sandbox")
    assert "CAUSEWAY_WALMART__BASE_URL" in str(raised.value)
    assert "CAUSEWAY_ODOO__ENVIRONMENT" in str(raised.value)


def test_what_nobody_said_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh worker says what to set, not that somebody mixed things."""
    with pytest.raises(ConfigurationError) as raised:
        check(monkeypatch)
    assert "CAUSEWAY_ODOO__ENVIRONMENT is not set" in str(raised.value)
    assert str(raised.value).endswith("set CAUSEWAY_ODOO__ENVIRONMENT=sandbox")
    assert "mixes" not in str(raised.value)
    with pytest.raises(ConfigurationError, match="CAUSEWAY_ODOO__ENVIRONMENT is staging"):
        check(monkeypatch, CAUSEWAY_ODOO__ENVIRONMENT="staging")


def test_the_real_marketplace_is_refused_in_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="real marketplace"):
        check(
            monkeypatch,
            CAUSEWAY_ENVIRONMENT="sandbox",
            CAUSEWAY_ODOO__ENVIRONMENT="sandbox",
            CAUSEWAY_WALMART__BASE_URL="https://marketplace.walmartapis.com",
        )


def test_stages_are_named_in_the_order_things_happen() -> None:
    names = stage_names(discover())
    assert names[:2] == ("transform", "route")
    assert names[-2:] == ("retry", "release")
    assert "deliver.odoo.critical" in names
    assert "deliver.walmart.bulk" in names
