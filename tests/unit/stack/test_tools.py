"""Java and Maven are found, installed, or asked for in one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.stack import tools
from streams.stack.errors import ToolMissingError


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def java(folder: Path, version: str) -> None:
    program(folder, "java", f"echo 'Picked up JAVA_TOOL_OPTIONS: -Da' >&2; echo 'openjdk version \"{version}\"' >&2")


@pytest.mark.parametrize(
    ("line", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_442"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ("command not found", None),
    ],
)
def test_version_is_read_from_what_java_prints(line: str, major: int | None) -> None:
    assert tools.java_version(line) == major


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    java(tmp_path / "path", "21.0.1")
    java(tmp_path / "home" / "bin", "17.0.1")
    env = {"PATH": str(tmp_path / "path"), "JAVA_HOME": str(tmp_path / "home")}
    assert tools.java(env, pytest.fail) == str(tmp_path / "home" / "bin" / "java")
    assert tools.java({"PATH": str(tmp_path / "path")}, pytest.fail) == str(tmp_path / "path" / "java")


def test_a_java_that_is_too_old_is_named_in_one_line(tmp_path: Path) -> None:
    java(tmp_path, "11.0.2")
    with pytest.raises(ToolMissingError) as caught:
        tools.java({"PATH": str(tmp_path)}, pytest.fail)
    text = str(caught.value)
    assert "Java 11" in text
    assert "17 or newer" in text
    assert "\n" not in text


def test_a_forbidden_installation_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_is_root", lambda: True)
    program(tmp_path, "apt-get", f"touch {tmp_path}/called")
    with pytest.raises(ToolMissingError, match="CAUSEWAY_NO_APT forbids"):
        tools.maven({"PATH": str(tmp_path), "CAUSEWAY_NO_APT": "1"}, pytest.fail)
    assert not (tmp_path / "called").exists()


def test_without_root_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_is_root", lambda: False)
    program(tmp_path, "apt-get", "exit 0")
    with pytest.raises(ToolMissingError, match="apt-get install openjdk-17-jre-headless"):
        tools.java({"PATH": str(tmp_path)}, pytest.fail)


def test_root_on_debian_installs_after_saying_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest Java the release has is chosen; here it has no 21."""
    monkeypatch.setattr(tools, "_is_root", lambda: True)
    candidates = 'case "$2" in *-21-*) echo "  Candidate: (none)";; *) echo "  Candidate: 17.0.1";; esac'
    program(tmp_path, "apt-cache", candidates)
    java(tmp_path / "package", "17.0.1")
    install = f"/bin/cp {tmp_path}/package/java {tmp_path}/java"
    program(tmp_path, "apt-get", f'echo "$@" >> {tmp_path}/log; [ "$1" = update ] || {install}')
    said: list[str] = []
    assert tools.java({"PATH": str(tmp_path)}, said.append) == str(tmp_path / "java")
    assert said == ["java is not installed: installing it with apt-get (CAUSEWAY_NO_APT=1 forbids this)"]
    assert (tmp_path / "log").read_text().splitlines() == [
        "update -qq",
        "install -qq -y --no-install-recommends openjdk-17-jre-headless",
    ]


def test_what_apt_says_when_it_fails_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_is_root", lambda: True)
    program(tmp_path, "apt-get", 'echo "E: no $1" >&2; exit 100')  # a failing update alone is no reason to give up
    with pytest.raises(ToolMissingError, match="E: no install"):
        tools.maven({"PATH": str(tmp_path)}, lambda _: None)
