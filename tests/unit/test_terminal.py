"""ERR-6: what is done by hand is written down with who did it."""

from __future__ import annotations

import getpass
import socket

import pytest

from streams.terminal import who


def test_who_is_at_this_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "box")
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    assert who() == "ann@box"


def test_a_user_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in some containers."""

    def nobody() -> str:
        raise KeyError("no entry")

    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr(socket, "gethostname", lambda: "box")
    monkeypatch.setattr("os.getuid", lambda: 4711)
    assert who() == "uid 4711@box"
