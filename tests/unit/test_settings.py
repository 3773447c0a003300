"""Configuration: everything wrong is found at start, all at once, without telling a secret (SEC-3, OPS-5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.kit.ports import Connector
from schemas.reasons import LastResort, Reason
from streams.connectors import discover, load_connected_settings
from streams.settings import ConfigurationError, KafkaSettings, load_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration from outside."""
    import os

    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "causeway.toml"
    file.write_text('[kafka]\nbootstrap = "file:1"\n[topics]\npartitions = 9\n')
    monkeypatch.setenv("CAUSEWAY_CONFIG", str(file))
    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", "env:2")
    settings = load_settings()
    assert (settings.kafka.bootstrap, settings.topics.partitions) == ("env:2", 9)


def test_all_problems_are_told_at_once_by_the_name_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_TOPICS__PARTITIONS", "many")
    monkeypatch.setenv("CAUSEWAY_RETRY__TIERS", '["2m", "30s"]')
    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRP", "typo:1")
    with pytest.raises(ConfigurationError) as raised:
        load_settings()
    text = str(raised.value)
    for name in ("CAUSEWAY_TOPICS__PARTITIONS", "CAUSEWAY_RETRY__TIERS", "CAUSEWAY_KAFKA__BOOTSTRP"):
        assert name in text


def test_secrets_are_told_neither_in_errors_nor_when_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_KAFKA__SASL_PASSWORD", "canary-secret")
    assert "canary-secret" not in repr(load_settings())
    monkeypatch.setenv("CAUSEWAY_KAFKA__SECURITY_PROTOCOL", "canary-secret")
    with pytest.raises(ConfigurationError) as raised:
        load_settings()
    assert "canary-secret" not in str(raised.value)


def test_a_missing_file_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_CONFIG", "/nowhere/causeway.toml")
    with pytest.raises(ConfigurationError, match=r"/nowhere/causeway\.toml"):
        load_settings()


def test_policies_can_be_changed_by_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_RETRY__ATTEMPTS", '{"transient": 5}')
    monkeypatch.setenv("CAUSEWAY_RETRY__LAST_RESORT", '{"rule": "held"}')
    policies = load_settings().retry.policies()
    assert policies[Reason.TRANSIENT].attempts == 5
    assert policies[Reason.RULE].last_resort is LastResort.HELD
    assert policies[Reason.CONFLICT].attempts == 4


def test_connectors_bring_their_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID", "id-1")
    monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_SECRET", "canary-secret")
    connectors: tuple[Connector, ...] = discover()
    settings = load_connected_settings(connectors)
    walmart = next(connector for connector in connectors if connector.name == "walmart")
    assert list(walmart.accounts(settings.walmart)) == ["main"]  # type: ignore[attr-defined] # composed at run time
    assert "canary-secret" not in repr(settings)


def where() -> tuple[str, str]:
    settings = load_settings()
    return settings.kafka.bootstrap, settings.registry.url


def test_whoever_names_no_cluster_means_the_local_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stack on other ports is found by every command, whether its ports come from the environment or the file."""
    assert where() == ("127.0.0.1:9092", "http://127.0.0.1:8081/apis/ccompat/v7")
    file = tmp_path / "causeway.toml"
    file.write_text("[stack]\nkafka_port = 19092\nregistry_port = 18081\n")
    monkeypatch.setenv("CAUSEWAY_CONFIG", str(file))
    assert where() == ("127.0.0.1:19092", "http://127.0.0.1:18081/apis/ccompat/v7")
    monkeypatch.setenv("CAUSEWAY_STACK__KAFKA_PORT", "29092")
    assert where() == ("127.0.0.1:29092", "http://127.0.0.1:18081/apis/ccompat/v7")


def test_a_cluster_of_ones_own_wins_over_the_local_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_STACK__KAFKA_PORT", "29092")
    monkeypatch.setenv("CAUSEWAY_STACK__REGISTRY_PORT", "28081")
    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", "kafka.example:9093")
    assert where() == ("kafka.example:9093", "http://127.0.0.1:28081/apis/ccompat/v7")
    monkeypatch.setenv("CAUSEWAY_REGISTRY__URL", "https://registry.example")
    monkeypatch.setenv("CAUSEWAY_STACK__REGISTRY_PORT", "none")  # nobody asks for it then
    assert where() == ("kafka.example:9093", "https://registry.example")
    assert load_settings(kafka=KafkaSettings(bootstrap="given:1")).kafka.bootstrap == "given:1"


def test_a_wrong_stack_setting_is_told_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_STACK__KAFKA_PORT", "70000")
    with pytest.raises(ConfigurationError, match=r"CAUSEWAY_STACK__KAFKA_PORT: .*65535"):
        load_settings()


def test_a_variable_of_no_part_is_a_problem_not_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_KAFAK__BOOTSTRAP", "typo:1")
    monkeypatch.setenv("CAUSEWAY_NO_APT", "1")
    monkeypatch.setenv("CAUSEWAY_STACK__KAFKA_PORT", "9092")
    with pytest.raises(ConfigurationError, match="CAUSEWAY_KAFAK__BOOTSTRAP") as raised:
        load_connected_settings(discover())
    assert "NO_APT" not in str(raised.value)
    assert "STACK" not in str(raised.value)


@pytest.mark.parametrize(
    "value", ["kafka-1:9092,kafka-2:9093", "127.0.0.1:1", "[::1]:9092", "SASL_SSL://kafka:9093", "a:1, b:2"]
)
def test_brokers_are_named_with_their_port(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", value)
    assert load_settings().kafka.bootstrap == value


@pytest.mark.parametrize(
    ("value", "bare"), [("kafka-1", "'kafka-1'"), ("a:1,b", "'b'"), ("::1", "'::1'"), ("a:x", "'a:x'"), ("a:1,", "''")]
)
def test_a_broker_without_a_port_is_refused(monkeypatch: pytest.MonkeyPatch, value: str, bare: str) -> None:
    """librdkafka would take 9092 without a word."""
    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", value)
    with pytest.raises(ConfigurationError, match="CAUSEWAY_KAFKA__BOOTSTRAP") as raised:
        load_settings()
    assert f"want host:port[,host:port...]; there is no port in {bare}" in str(raised.value)


def test_the_endpoints_of_status_are_no_unknown_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_STATUS_ENDPOINTS", "127.0.0.1:1 127.0.0.1:2")
    load_connected_settings(discover())
