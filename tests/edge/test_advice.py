"""EDGE-4, EDGE-5: who sets a Box up is told which setting is wrong, and how to go on."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.cli import main
from edge_iotbox.settings import SettingsError, load_settings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CAUSEWAY_EDGE_SPOL", "CAUSEWAY_EDGE_SPOOL__"),
        ("CAUSEWAY_EDGE_SPOOL_FOLDER", "CAUSEWAY_EDGE_SPOOL__FOLDER"),
        ("CAUSEWAY_EDGE_BOX__URLL", "CAUSEWAY_EDGE_BOX__URL"),
        ("CAUSEWAY_EDGE_SPOL__DAYS", "CAUSEWAY_EDGE_SPOOL__DAYS"),
        ("CAUSEWAY_EDGE_", ""),
    ],
)
def test_a_name_in_the_environment_that_is_none_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    """EDGE-4: a typo would otherwise leave the setting at its default without a word."""
    with pytest.raises(
        SettingsError, match=f"^{name}: there is no such setting; did you mean CAUSEWAY_EDGE_"
    ) as caught:
        load_settings(None, {name: "/x"})
    assert meant in str(caught.value)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """EDGE-4: some editors write one."""
    path = tmp_path / "edge.ini"
    path.write_bytes(b"\xef\xbb\xbf[spool]\ndays = 7\n")
    assert load_settings(path, {}).spool.days == 7


def closed_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[send]\ngateway = https://127.0.0.1:1\nca_file = {folder}/none.pem\n", ["send.ca_file", "none.pem", "No such file"]),
        ("[send]\ngateway = https://127.0.0.1:1\nca_file = {folder}/edge.ini\n", ["send.ca_file", "edge.ini", "no certificate"]),
        ("[box]\nurl = http://127.0.0.1:{closed}\n[send]\ngateway = http://127.0.0.1:1\n", ["Box at http://127.0.0.1:{closed}", "box.identifier"]),
        ("[box]\nurl = http://127.0.0.1:99999999\n", ["box.url", "99999999", "0-65535"]),
        ("[send]\ngateway = https://127.0.0.1:x\n", ["send.gateway", "'x'"]),
    ],
)  # fmt: skip
def test_enrol_says_which_setting_is_wrong_and_how_to_go_on(
    tmp_path: Path, text: str, words: list[str], capsys: Any, monkeypatch: Any
) -> None:
    """EDGE-5: one line each."""
    closed = closed_port()
    path = tmp_path / "edge.ini"
    path.write_text(text.format(folder=tmp_path, closed=closed))
    monkeypatch.setattr("edge_iotbox.cli._log", lambda settings: None)
    assert main(["--config", str(path), "enrol", "code"]) == 2
    said = capsys.readouterr().err
    assert [word for word in words if word.format(closed=closed) not in said] == []
    assert len(said.strip().splitlines()) == 1
