"""Settings of the local stack: what they mean together, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from streams.stack import StackError, StackSettings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CAUSEWAY_KAFKA__BOOTSTRAP", "CAUSEWAY_REGISTRY__URL", "CAUSEWAY_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_defaults_are_on_loopback_and_in_the_working_directory() -> None:
    """OPS-5: nothing needs to be set."""
    settings = StackSettings()
    assert settings.folder == Path.cwd().resolve() / ".causeway"
    assert settings.bootstrap == "127.0.0.1:9092"
    assert settings.registry_url == "http://127.0.0.1:8081/apis/ccompat/v7"


def test_environment_wins_over_the_file_and_arguments_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "causeway.toml"
    file.write_text('[stack]\nkafka_port = 1001\nregistry_port = 1002\n[kafka]\nbootstrap = "file:1"\n')
    monkeypatch.setenv("CAUSEWAY_CONFIG", str(file))
    monkeypatch.setenv("CAUSEWAY_STACK__KAFKA_PORT", "2001")
    settings = StackSettings()
    assert (settings.kafka_port, settings.registry_port) == (2001, 1002)
    assert settings.bootstrap == "file:1"

    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", "environment:1")
    assert StackSettings().bootstrap == "environment:1"
    assert StackSettings(external_bootstrap=None, kafka_port=3001).bootstrap == "127.0.0.1:3001"


def test_a_mistyped_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_STACK__KAFKA_PROT", "9092")
    with pytest.raises(ValidationError, match="kafka_prot"):
        StackSettings()


def test_all_wrong_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_STACK__KAFKA_PORT", "70000")
    monkeypatch.setenv("CAUSEWAY_STACK__BROKER_HEAP_MB", "much")
    with pytest.raises(ValidationError) as caught:
        StackSettings()
    assert {error["loc"] for error in caught.value.errors()} == {("kafka_port",), ("broker_heap_mb",)}


def test_one_port_for_two_parts_is_refused() -> None:
    with pytest.raises(ValidationError, match="three different ports"):
        StackSettings(kafka_port=9093)


def test_a_folder_kafka_would_read_as_two_is_refused() -> None:
    with pytest.raises(ValidationError, match="comma"):
        StackSettings(data=Path("/tmp/a,b"))


@pytest.mark.parametrize("content", [None, "[stack", "[stack]\n\xff"])
def test_an_unreadable_file_is_named(content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "causeway.toml"
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    monkeypatch.setenv("CAUSEWAY_CONFIG", str(file))
    with pytest.raises(StackError, match=r"causeway\.toml"):
        StackSettings()


def test_a_value_where_a_table_belongs_is_told_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "causeway.toml"
    file.write_text('kafka = "127.0.0.1:9092"\n')
    monkeypatch.setenv("CAUSEWAY_CONFIG", str(file))
    with pytest.raises(StackError, match=r"\[kafka\]"):
        StackSettings()
