"""Settings of two connectors that have to agree, and flows that cannot be on without a setting: told at the start, with all else (PO-1, OPS-7)."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from streams.connectors import discover, load_connected_settings
from streams.settings import ConfigurationError

THEIRS, OURS = "CAUSEWAY_ALIBABA__PURCHASES__REFERENCE_PREFIX", "CAUSEWAY_ODOO__PURCHASES__REFERENCE_PREFIX"
NOT_BEFORE = "CAUSEWAY_ALIBABA__PURCHASES__NOT_BEFORE"
ON = "CAUSEWAY_PHASES__ALIBABA__MAIN__PURCHASES"
ACCOUNT = {
    "CAUSEWAY_ALIBABA__ACCOUNTS__MAIN__APP_KEY": "1",
    "CAUSEWAY_ALIBABA__ACCOUNTS__MAIN__APP_SECRET": "canary-secret",
}


def loaded(monkeypatch: pytest.MonkeyPatch, **env: str) -> Any:
    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return cast("Any", load_connected_settings(discover()))


@pytest.mark.parametrize(
    ("env", "prefix"),
    [
        ({**ACCOUNT, THEIRS: "EU-"}, "EU-"),
        ({**ACCOUNT, THEIRS: "EU-", OURS: "EU-"}, "EU-"),
        (ACCOUNT, ""),
        ({THEIRS: "EU-"}, "EU-"),  # a process that only writes to Odoo
        ({OURS: "EU-"}, "EU-"),
        ({}, ""),
    ],
)
def test_the_prefix_is_said_once(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], prefix: str) -> None:
    """PO-1: what orders are called at 1688 is what Odoo looks for."""
    assert loaded(monkeypatch, **env).odoo.purchases.reference_prefix == prefix


def test_odoo_knows_which_accounts_vendors_may_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """PO-1: by the platform's own settings; a process without these may be told."""
    assert loaded(monkeypatch, **ACCOUNT).odoo.purchases.accounts == ("alibaba:main",)
    assert loaded(monkeypatch, CAUSEWAY_ODOO__PURCHASES__ACCOUNTS='["alibaba:b"]').odoo.purchases.accounts == (
        "alibaba:b",
    )
    assert loaded(monkeypatch).odoo.purchases.accounts == ()


@pytest.mark.parametrize("theirs", [{THEIRS: "EU-"}, {}])
def test_two_prefixes_that_differ_end_the_process(monkeypatch: pytest.MonkeyPatch, theirs: dict[str, str]) -> None:
    """PO-1: both settings are named, and no secret is."""
    with pytest.raises(ConfigurationError) as raised:
        loaded(monkeypatch, **ACCOUNT, **theirs, **{OURS: "US-"})
    assert all(name in str(raised.value) for name in (THEIRS, OURS, "'US-'"))
    assert "canary-secret" not in str(raised.value)


def test_purchases_are_not_on_before_somebody_has_said_from_when(monkeypatch: pytest.MonkeyPatch) -> None:
    """PO-1, OPS-7: by its own word or by `all`; in shadow nothing is ordered, so nothing is asked."""
    for on in (ON, "CAUSEWAY_PHASES__ALIBABA__MAIN__ALL"):
        with pytest.raises(ConfigurationError, match=NOT_BEFORE):
            loaded(monkeypatch, **ACCOUNT, **{on: "on"})
    loaded(monkeypatch, **ACCOUNT, **{ON: "shadow"})
    loaded(monkeypatch, **ACCOUNT, CAUSEWAY_PHASES__ALIBABA__MAIN__SUPPLIER_ORDERS="on")


def test_each_account_may_begin_at_its_own_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """PO-1: the account's word before that for all."""
    own = {"CAUSEWAY_ALIBABA__ACCOUNTS__MAIN__NOT_BEFORE": "2026-11-23T00:00:00Z"}
    for env, day in (
        ({NOT_BEFORE: "2026-11-22T08:00:00+08:00"}, 22),
        (own, 23),
        ({NOT_BEFORE: "2026-11-22T00:00:00Z", **own}, 23),
    ):
        found = loaded(monkeypatch, **ACCOUNT, **{ON: "on"}, **env).alibaba.not_before("main")
        assert found == datetime(2026, 11, day, tzinfo=UTC)


def test_a_moment_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """PO-1: eight hours lie between Beijing and UTC."""
    with pytest.raises(ConfigurationError, match=NOT_BEFORE):
        loaded(monkeypatch, **ACCOUNT, **{NOT_BEFORE: "2026-11-22T08:00:00"})
