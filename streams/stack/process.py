"""Detached child processes that are found again later.

A process is ours when its command line carries our marker, `-Dcauseway.stack=<part>:<data folder>`. A pid alone proves
nothing: after a crash or a reboot the number may belong to anything. So a pid file is only a hint where to look, and a
process whose pid file was lost is still found by its marker.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

PROC = Path("/proc")


@dataclass(frozen=True)
class Identity:
    """Which process belongs to a part: its pid file and the marker on its command line."""

    part: str
    folder: Path

    @property
    def marker(self) -> str:
        return f"-Dcauseway.stack={self.part}:{self.folder}"

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.part}.pid"


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and keep what it says. Arguments are a list, so no shell reads them."""
    settings = None if env is None else dict(env)
    return subprocess.run(list(command), capture_output=True, text=True, check=False, env=settings)  # noqa: S603


def command_line(pid: int) -> list[str]:
    """The arguments of a living process; empty when it is gone, a zombie or not ours to see."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return _command_line_by_ps(pid) if not PROC.is_dir() else []
    return raw.decode(errors="replace").rstrip("\0").split("\0") if raw else []


def _command_line_by_ps(pid: int) -> list[str]:
    """Where there is no /proc (macOS). Arguments with spaces come apart, so callers compare the joined line."""
    answer = run(["ps", "-ww", "-o", "command=", "-p", str(pid)])
    return answer.stdout.split()


def is_ours(pid: int, marker: str) -> bool:
    """Whether this pid is alive and carries the marker."""
    arguments = command_line(pid)
    return marker in arguments or f" {marker} " in f" {' '.join(arguments)} "


def recorded_pid(identity: Identity) -> int | None:
    """What the pid file says, believed or not; None when there is none or it holds no number."""
    try:
        return int(identity.pid_file.read_text().strip())
    except (OSError, ValueError):
        return None


def running_pid(identity: Identity) -> int | None:
    """The pid of the living process of this part, by its pid file or, failing that, by its marker."""
    pid = recorded_pid(identity)
    if pid is not None and is_ours(pid, identity.marker):
        return pid
    for entry in PROC.glob("[0-9]*"):
        if identity.marker in command_line(int(entry.name)):
            return int(entry.name)
    return None


def spawn(identity: Identity, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> int:
    """Start a process that outlives us, its output appended to `log`; write its pid file and return its pid.

    The shell in between exits at once, so the process has no parent here that would have to reap it.
    """
    script = 'exec "$@" >>"$0" 2>&1 </dev/null & echo $!'
    answer = subprocess.run(  # noqa: S603 - the script is ours, the rest are arguments
        ["/bin/sh", "-c", script, str(log), *command],
        env=dict(env),
        cwd=cwd,
        start_new_session=True,
        capture_output=True,
        text=True,
        check=True,
    )
    pid = int(answer.stdout)
    identity.pid_file.write_text(f"{pid}\n")
    logger.info("process.started", extra={"part": identity.part, "pid": pid})
    return pid


def send(identity: Identity, number: signal.Signals) -> int | None:
    """Send a signal to the process of this part, never to a stranger; its pid, or None when nothing runs."""
    pid = running_pid(identity)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    return pid


def stop(identity: Identity, *, seconds: float, say: Callable[[str], None]) -> bool:
    """SIGTERM, wait, then SIGKILL with a word. True when something was stopped."""
    pid = send(identity, signal.SIGTERM)
    if pid is not None and not wait_gone(pid, identity.marker, seconds):
        say(f"{identity.part} (pid {pid}) did not stop within {seconds:.0f} s and is killed")
        send(identity, signal.SIGKILL)
        wait_gone(pid, identity.marker, seconds)
    identity.pid_file.unlink(missing_ok=True)
    return pid is not None


def kill(identity: Identity, *, seconds: float) -> bool:
    """SIGKILL, as a crash would; True when something was killed."""
    pid = send(identity, signal.SIGKILL)
    return pid is not None and wait_gone(pid, identity.marker, seconds)


def wait_gone(pid: int, marker: str, seconds: float) -> bool:
    """Wait until the process has ended and let go of its ports; False when it is still there after `seconds`."""
    return wait_until(lambda: not is_ours(pid, marker) and has_ended(pid), seconds=seconds)


def has_ended(pid: int) -> bool:
    """Whether nothing of the process is left but, at most, its unread exit code.

    A dying process loses its command line first and closes its sockets later, when its last thread is gone.
    """
    folder = PROC / str(pid)
    try:
        state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        return state in "ZX" and len(list((folder / "task").iterdir())) <= 1
    except OSError:
        return True


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.05) -> bool:
    """Ask again until the answer is yes or the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def resident_bytes(pid: int) -> int | None:
    """Memory of the process that is in RAM, in bytes; None where the system does not say."""
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return None
