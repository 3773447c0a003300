"""What the broker and the registry are given to run with."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.stack.broker import Broker, escaped, new_cluster_id, properties
from streams.stack.errors import FetchError
from streams.stack.parts import child_environment, last_lines
from streams.stack.registry import Registry
from streams.stack.settings import StackSettings


def settings(tmp_path: Path, bootstrap: str | None = None) -> StackSettings:
    return StackSettings(data=tmp_path, external_bootstrap=bootstrap, external_registry_url=None)


def test_broker_listens_on_loopback_only_and_makes_no_topic_by_itself(tmp_path: Path) -> None:
    """OPS-5: a local broker is reachable from this machine alone; a mistyped topic name is an error."""
    lines = properties(settings(tmp_path)).splitlines()
    assert "listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093" in lines
    assert "advertised.listeners=PLAINTEXT://127.0.0.1:9092" in lines
    assert "auto.create.topics.enable=false" in lines
    assert f"log.dirs={tmp_path / 'kafka'}" in lines


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("/data/plain path", "/data/plain path"),
        ("/data/cödé", r"/data/c\u00f6d\u00e9"),
        (r"/da\ta", r"/da\\ta"),
        ("/data/\N{OCTOPUS}", r"/data/\ud83d\udc19"),  # two UTF-16 units, as Java counts
    ],
)
def test_properties_are_escaped_as_java_reads_them(plain: str, written: str) -> None:
    assert escaped(plain) == written


def test_no_cluster_id_looks_like_an_option() -> None:
    """One in 64 would begin with a dash, and Kafka's tools refuse it."""
    drawn = iter([b"\xf8" + bytes(15), b"\xfb" + bytes(15), bytes(15) + b"\x01"])
    assert new_cluster_id(lambda: next(drawn)) == "AAAAAAAAAAAAAAAAAAAAAQ"


def test_every_process_carries_its_marker_and_address(tmp_path: Path) -> None:
    broker = Broker(settings(tmp_path))
    command = broker.command("java", Path("/lib"))
    assert f"-Dcauseway.stack=broker:{tmp_path}" in command
    assert "-Dcauseway.address=127.0.0.1:9092" in command
    assert "-Xmx768m" in command


def test_registry_keeps_schemas_in_the_local_kafka_but_not_in_someone_elses(tmp_path: Path) -> None:
    """Nothing of ours is written into a user's own cluster."""
    assert Registry(settings(tmp_path)).environment()["APICURIO_STORAGE_KIND"] == "kafkasql"
    theirs = Registry(settings(tmp_path, bootstrap="kafka.example:9093")).environment()
    assert theirs["APICURIO_STORAGE_KIND"] == "sql"
    assert "kafka.example" not in str(theirs)
    assert theirs["QUARKUS_HTTP_HOST"] == "127.0.0.1"


def test_registry_without_its_archive_says_which_folder_to_remove(tmp_path: Path) -> None:
    (lib := tmp_path / "key" / "lib").mkdir(parents=True)
    with pytest.raises(FetchError, match=str(tmp_path / "key")):
        Registry(settings(tmp_path)).command("java", lib)


def test_environment_of_other_tools_does_not_reconfigure_the_parts() -> None:
    env = {"PATH": "/bin", "KAFKA_OPTS": "-Dx", "QUARKUS_HTTP_PORT": "1", "APICURIO_STORAGE_KIND": "mem"}
    assert child_environment(env, {"QUARKUS_HTTP_PORT": "2"}) == {
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "QUARKUS_HTTP_PORT": "2",
    }


def test_the_end_of_a_log_is_what_is_shown() -> None:
    assert last_lines("one\ntwo\nthree\n", 2) == "  two\n  three"
