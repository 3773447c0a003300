"""SEC-3: whatever is wrong with the queue's settings, what is told of it holds no secret."""

from __future__ import annotations

import os

import pytest

from streams.connectors import discover, load_connected_settings
from streams.settings import ConfigurationError

ACCOUNT = "CAUSEWAY_AMAZON__ACCOUNTS__MAIN__"
FINE = {
    f"{ACCOUNT}REGION": "na", f"{ACCOUNT}SELLER_ID": "A1SHOWNSELLER", f"{ACCOUNT}MARKETPLACES": '["US"]', f"{ACCOUNT}CLIENT_ID": "id",
    f"{ACCOUNT}CLIENT_SECRET": "canary-client", f"{ACCOUNT}REFRESH_TOKEN": "canary-refresh",
    f"{ACCOUNT}QUEUE__URL": "https://sqs.us-east-1.amazonaws.com/123456789012/orders",
    f"{ACCOUNT}QUEUE__ACCESS_KEY_ID": "canary-key-id", f"{ACCOUNT}QUEUE__SECRET_ACCESS_KEY": "canary-secret",
}  # fmt: skip


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)
    for name, value in FINE.items():
        monkeypatch.setenv(name, value)


def test_settings_that_are_fine_show_none() -> None:
    settings = load_connected_settings(discover())
    assert "canary" not in repr(settings) + str(settings.model_dump())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUEUE__URL", "https://canary-user:canary-password@sqs.us-east-1.amazonaws.com/1/orders"),
        ("QUEUE__URL", "http://sqs.us-east-1.amazonaws.com/1/orders"),
        ("QUEUE__SECRET_ACCESS_KEY_FILE", "/run/secrets/queue"),
        ("QUEUE__SECRET_ACCESS_KEY", ""),
        ("QUEUE__SECRET_ACCESS_KEYS", "canary-mistyped"),
        ("QUEUE__ACCESS_KEY_ID", '{"canary": "canary"}'),
        ("QUEUE__HIDDEN_SECONDS", "canary-number"),
        ("QUEUE", '{"secret_access_key": "canary-cut-off"'),
    ],
)
def test_what_is_wrong_is_told_without_them(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"{ACCOUNT}{name}", value)
    try:
        told = repr(load_connected_settings(discover()))
    except ConfigurationError as error:
        told = str(error) + repr(error.__cause__)
    assert "canary-" not in told


@pytest.mark.parametrize("name", ["URL", "SECRET_ACCESS_KEY", "ACCESS_KEY_ID"])
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(f"{ACCOUNT}QUEUE__{name}")
    with pytest.raises(ConfigurationError, match=name.lower() if name.startswith("SECRET") else name) as caught:
        load_connected_settings(discover())
    assert "canary-" not in str(caught.value)
