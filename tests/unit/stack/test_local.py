"""What `up` decides before anything starts."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest

from streams.stack import Endpoints, Stack, StackError, StackSettings

Usage = namedtuple("Usage", "total used free")


def settings(data: Path) -> StackSettings:
    return StackSettings(data=data, external_bootstrap=None, external_registry_url=None)


def test_a_users_own_cluster_replaces_both_parts(tmp_path: Path) -> None:
    """EVT-1: with two settings nothing is started here, and nothing is written."""
    said: list[str] = []
    stack = Stack(
        StackSettings(
            data=tmp_path / "data",
            external_bootstrap="kafka.example:9093",
            external_registry_url="https://registry.example",
        ),
        say=said.append,
    )
    assert stack.up() == Endpoints("kafka.example:9093", "https://registry.example")
    assert [part.state for part in stack.status()] == ["external", "external"]
    assert [line.partition(" is yours")[0] for line in said] == ["Kafka", "the schema registry"]
    assert not (tmp_path / "data").exists()


def test_nothing_runs_in_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    stack = Stack(settings(tmp_path / "none"))
    assert not stack.down()
    assert [part.state for part in stack.status()] == ["stopped", "stopped"]
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=f"cannot use {tmp_path}/file.*CAUSEWAY_STACK__DATA"):
        Stack(settings(tmp_path / "file" / "data")).up()


def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.stack.local.shutil.disk_usage", lambda _: Usage(2**40, 2**40, 5 * 2**20))
    with pytest.raises(StackError, match=f"only 5 MiB are free for {tmp_path}"):
        Stack(settings(tmp_path)).up()


def test_a_part_that_ended_by_itself_is_not_called_stopped(tmp_path: Path) -> None:
    (tmp_path / "broker.pid").write_text("999999999")
    broker, registry = Stack(settings(tmp_path)).status()
    assert (broker.state, registry.state) == ("crashed", "stopped")
