"""Configuration from the environment, and what is refused at start."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.kit.errors import AuthError
from connectors.walmart.auth import basic
from connectors.walmart.settings import WalmartAccount, WalmartSettings
from tests.unit.walmart.fake import SECRET, settings_with


class Root(BaseSettings):
    """As the program composes it."""

    model_config = SettingsConfigDict(env_prefix="CAUSEWAY_", env_nested_delimiter="__")
    walmart: WalmartSettings = WalmartSettings()


def test_accounts_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTH-6, AUTH-7: several accounts, secrets from the environment."""
    for name, value in {
        "BASE_URL": "https://sandbox.walmartapis.com/",
        "ACCOUNTS__MAIN__CLIENT_ID": "id-1",
        "ACCOUNTS__MAIN__CLIENT_SECRET": SECRET,
        "ACCOUNTS__OUTLET__CLIENT_ID": "id-2",
        "ACCOUNTS__OUTLET__CLIENT_SECRET": SECRET,
        "ACCOUNTS__OUTLET__NODE_TYPES": '["SellerFulfilled","WFSFulfilled"]',
        "RATES__ORDERS_PER_SECOND": "3",
        "HTTP__READ_SECONDS": "5",
    }.items():
        monkeypatch.setenv(f"CAUSEWAY_WALMART__{name}", value)
    settings = Root().walmart
    assert sorted(settings.accounts) == ["main", "outlet"]
    assert settings.account("outlet").node_types == ("SellerFulfilled", "WFSFulfilled")
    assert settings.account("main").secret().get_secret_value() == SECRET
    assert settings.rates.plan().quotas["orders"].per_second == 3
    assert settings.base_url == "https://sandbox.walmartapis.com"
    assert SECRET not in f"{settings!r} {settings}"


def test_everything_has_a_default() -> None:
    settings = WalmartSettings()
    assert (settings.accounts, settings.charges) == ({}, "line")
    plan = settings.rates.plan()
    # RATE-1: Items 5/s, Inventory 10/s, Orders 15/s, and Walmart's own 60 acknowledgements a minute.
    assert [plan.quotas[name].per_second for name in ("items", "inventory", "orders", "acknowledge")] == [5, 10, 15, 1]
    assert plan.draws["acknowledge"] == ("orders", "acknowledge")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"base_url": "http://marketplace.walmartapis.com"}, "base_url"),
        ({"accounts": {"a:b": {"client_id": "x", "client_secret": "y"}}}, "accounts"),
        (
            {
                "accounts": {
                    "A": {"client_id": "x", "client_secret": "y"},
                    "a": {"client_id": "x", "client_secret": "y"},
                }
            },
            "accounts",
        ),
        ({"accounts": {"a": {"client_id": "x"}}}, "client_secret"),
        ({"accounts": {"a": {"client_id": "x", "client_secret": "y", "client_secret_file": "z"}}}, "client_secret"),
        ({"accounts": {"a": {"client_id": "x", "client_secret": "y", "node_types": ["Moon"]}}}, "node_types"),
        ({"page_size": 500}, "page_size"),
        ({"attempts": 6}, "attempts"),
        ({"charges": "box"}, "charges"),
        ({"typo": 1}, "typo"),
    ],
)
def test_what_cannot_work_is_refused_at_start(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WalmartSettings(**changes)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "environment", "fits"),
    [
        ("https://marketplace.walmartapis.com", "production", True),
        ("https://marketplace.walmartapis.com", "staging", True),
        ("https://marketplace.walmartapis.com", "sandbox", False),
        ("https://sandbox.walmartapis.com", "sandbox", True),
        ("https://sandbox.walmartapis.com", "production", False),
        ("http://127.0.0.1:8410", "sandbox", True),
        ("http://127.0.0.1:8410", "production", False),
        ("https://gateway.example", "production", True),
    ],
)
def test_environments_are_kept_apart_where_the_address_tells(base_url: str, environment: str, fits: bool) -> None:
    """AUTH-7, TEST-4."""
    settings = settings_with(base_url=base_url)
    if fits:
        settings.check_environment(environment)
        return
    with pytest.raises(ValueError, match="CAUSEWAY_ENVIRONMENT"):
        settings.check_environment(environment)


def test_a_secret_file_is_read_anew_each_time(tmp_path: Path) -> None:
    """AUTH-6: rotation without restart."""
    file = tmp_path / "secret"
    account = WalmartAccount(client_id="id", client_secret_file=str(file))
    with pytest.raises(AuthError, match="client_secret_file cannot be read"):
        basic(account)
    for secret in ("one", "two"):
        file.write_text(f"{secret}\n")
        assert account.secret().get_secret_value() == secret


def test_an_account_nobody_configured_says_what_to_set() -> None:
    with pytest.raises(ValueError, match="CAUSEWAY_WALMART__ACCOUNTS__OTHER__CLIENT_ID"):
        settings_with().account("other")
