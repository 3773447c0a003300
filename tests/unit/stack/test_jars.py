"""Jars come once; what is half fetched never looks whole."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from streams.stack import jars
from streams.stack.errors import FetchError

Env = dict[str, str]
COUNT_AND_COPY = """
for a in "$@"; do case "$a" in -DoutputDirectory=*) out="${a#*=}";; esac; done
echo run >> "$COUNT"
/bin/sleep 0.05
echo jar > "$out/kafka.jar"
"""


@pytest.fixture
def env(tmp_path: Path) -> Env:
    return {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "COUNT": str(tmp_path / "count")}


def mvn(env: Env, script: str) -> None:
    path = Path(env["PATH"]) / "mvn"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def fetches(env: Env) -> int:
    count = Path(env["COUNT"])
    return len(count.read_text().splitlines()) if count.exists() else 0


def mute(_: str) -> None:
    pass


def test_a_second_start_runs_no_maven(env: Env) -> None:
    """OPS-5: a second clone starts without the network."""
    mvn(env, COUNT_AND_COPY)
    said: list[str] = []
    lib = jars.ensure(jars.BROKER, env, said.append)
    assert [path.name for path in lib.iterdir()] == ["kafka.jar"]
    (Path(env["PATH"]) / "mvn").unlink()
    assert jars.ensure(jars.BROKER, env, said.append) == lib
    assert len(said) == 1


def test_two_processes_fetch_once(env: Env) -> None:
    mvn(env, COUNT_AND_COPY)
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        first, second = pool.starmap(jars.ensure, [(jars.BROKER, env, mute)] * 2)
        pool.close()
        pool.join()
    assert first == second
    assert fetches(env) == 1


def test_what_a_killed_fetch_left_is_fetched_anew(env: Env) -> None:
    """A folder without its marker, and an abandoned temporary one."""
    mvn(env, COUNT_AND_COPY)
    lib = jars.ensure(jars.BROKER, env, mute)
    (lib.parent / jars.MARKER).unlink()
    (lib / "half.jar").touch()
    (abandoned := lib.parents[1] / f"{lib.parent.name}.abc").mkdir()
    jars.ensure(jars.BROKER, env, mute)
    assert [path.name for path in lib.iterdir()] == ["kafka.jar"]
    assert not abandoned.exists()
    assert fetches(env) == 2


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo '[ERROR] Could not transfer artifact'; echo '[ERROR] more'; exit 1", "Could not transfer artifact"),
        ("exit 0", "it said nothing"),  # and brought nothing
    ],
)
def test_what_maven_says_is_passed_on_and_nothing_is_kept(script: str, reason: str, env: Env) -> None:
    mvn(env, script)
    with pytest.raises(FetchError, match=reason):
        jars.ensure(jars.BROKER, env, mute)
    assert list(jars.cache_folder(env).glob("*/")) == []


def test_a_cache_that_cannot_be_written_is_named(env: Env, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(FetchError, match="XDG_CACHE_HOME"):
        jars.ensure(jars.BROKER, env, mute)


def test_a_changed_pom_is_another_folder(env: Env, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mvn(env, COUNT_AND_COPY)
    before = jars.ensure(jars.BROKER, env, mute)
    pom = tmp_path / "pom.xml"
    pom.write_text(jars.BROKER.pom.read_text().replace("4.3.0", "4.3.1"))
    monkeypatch.setattr(jars.Bundle, "pom", pom)
    assert jars.ensure(jars.BROKER, env, mute) != before


@pytest.mark.parametrize("bundle", [jars.BROKER, jars.REGISTRY])
def test_the_pom_pins_its_versions_and_its_plugin(bundle: jars.Bundle) -> None:
    text = bundle.pom.read_text()
    assert "<version>3.10.0</version>" in text
    assert ("<kafka.version>4.3.0<" in text) is (bundle is jars.BROKER)
    assert ("<registry.version>3.0.9<" in text) is (bundle is jars.REGISTRY)
