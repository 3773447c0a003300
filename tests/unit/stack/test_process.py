"""A process is known by its marker; a pid file is only a hint."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.stack import process
from streams.stack.errors import StackError
from streams.stack.lock import exclusive
from streams.stack.ports import describe
from streams.stack.process import Identity

SLEEP = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


@pytest.fixture
def identity(tmp_path: Path) -> Iterator[Identity]:
    own = Identity("broker", tmp_path)
    yield own
    process.kill(own, seconds=5)


def spawn(identity: Identity, code: str = SLEEP) -> int:
    command = [sys.executable, "-c", code, identity.marker]
    return process.spawn(identity, command, env=os.environ, cwd=identity.folder, log=identity.folder / "log")


def test_a_spawned_process_is_found_by_its_pid_file_and_without_it(identity: Identity) -> None:
    pid = spawn(identity)
    assert process.running_pid(identity) == pid == process.recorded_pid(identity)
    identity.pid_file.unlink()
    assert process.running_pid(identity) == pid
    assert describe(pid) == f"the broker of the stack in {identity.folder} (pid {pid})"


@pytest.mark.parametrize("content", ["", "no number", "999999999"])
def test_a_stale_pid_file_is_not_believed(content: str, identity: Identity) -> None:
    identity.pid_file.write_text(content)
    said: list[str] = []
    assert process.running_pid(identity) is None
    assert not process.stop(identity, seconds=1, say=said.append)
    assert not identity.pid_file.exists()
    assert said == []


def test_a_stranger_that_was_given_the_pid_is_left_alone(identity: Identity) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        identity.pid_file.write_text(str(stranger.pid))
        assert process.running_pid(identity) is None
        assert not process.stop(identity, seconds=1, say=pytest.fail)
        assert not process.kill(identity, seconds=1)
        assert stranger.poll() is None
        assert not process.has_ended(stranger.pid)
        stranger.communicate(b"\n")
        assert stranger.returncode == 0


def test_a_process_has_ended_when_only_its_exit_code_is_left() -> None:
    """Its command line goes first, its ports last; so the command line alone does not tell."""
    with subprocess.Popen(["/bin/true"]) as child:
        assert process.wait_until(lambda: process.has_ended(child.pid), seconds=10)
        assert process.PROC.joinpath(str(child.pid)).exists()
        child.wait()
        assert process.has_ended(child.pid)


def test_stop_ends_the_process_and_removes_its_pid_file(identity: Identity) -> None:
    pid = spawn(identity)
    said: list[str] = []
    assert process.stop(identity, seconds=10, say=said.append)
    assert process.command_line(pid) == []
    assert not identity.pid_file.exists()
    assert said == []


def test_a_process_that_ignores_the_request_is_killed_with_a_word(identity: Identity) -> None:
    pid = spawn(identity, DEAF)
    assert process.wait_until(lambda: "deaf" in (identity.folder / "log").read_text(), seconds=10)
    said: list[str] = []
    assert process.stop(identity, seconds=0.2, say=said.append)
    assert process.command_line(pid) == []
    assert said == [f"broker (pid {pid}) did not stop within 0 s and is killed"]


def test_a_signal_goes_to_nobody_when_nothing_runs(identity: Identity) -> None:
    assert process.send(identity, signal.SIGKILL) is None
    assert not process.kill(identity, seconds=1)


def test_two_parts_of_one_folder_are_told_apart(identity: Identity) -> None:
    spawn(identity)
    assert process.running_pid(Identity("registry", identity.folder)) is None
    assert process.running_pid(Identity("broker", identity.folder / "other")) is None


def test_a_second_holder_of_a_lock_waits_says_so_and_gives_up(tmp_path: Path) -> None:
    said: list[str] = []
    with exclusive(tmp_path / "lock", seconds=1, say=said.append):
        assert said == []
        with (
            pytest.raises(StackError, match="still holds"),
            exclusive(tmp_path / "lock", seconds=0.1, say=said.append),
        ):
            pass
    assert len(said) == 1
    with exclusive(tmp_path / "lock", seconds=0, say=said.append):
        assert len(said) == 1


def test_the_lock_of_a_killed_holder_is_free(tmp_path: Path) -> None:
    code = f"import fcntl; f = open({str(tmp_path / 'lock')!r}, 'a'); fcntl.flock(f, 2); print('held', flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait(10)
    with exclusive(tmp_path / "lock", seconds=0, say=lambda _: None):
        pass
