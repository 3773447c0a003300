"""Processes of the demo and of chaos runs: started, watched, started again when they end, stopped by their own id."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class ProcessError(RuntimeError):
    """A process did not come up: says which, where its log is and what it said last."""


class Process:
    """One supervised process: `python -m MODULE ARGS` with its own log file. Ended by anything but `stop`, it is started again."""

    def __init__(self, name: str, module: str, args: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.starts = 0
        self.codes: list[int] = []
        self._command = [sys.executable, "-m", module, *args]
        self._env = {**os.environ, **env, "PYTHONUNBUFFERED": "1"}
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watch: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The id of the process that runs now."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def start(self) -> None:
        """Start it and watch over it."""
        self._stopping.clear()
        self._launch()
        self._watch = threading.Thread(target=self._supervise, name=f"watch-{self.name}", daemon=True)
        self._watch.start()

    def signal(self, number: signal.Signals) -> bool:
        """Send it a signal; False when it does not run at the moment."""
        with self._lock:
            child = self._child
            if child is None or child.poll() is not None:
                return False
            child.send_signal(number)
            return True

    def stop(self, limit_seconds: float = 30.0) -> int | None:
        """SIGTERM, wait, SIGKILL. Returns its exit code, None when it did not run."""
        self._stopping.set()
        with self._lock:
            child = self._child
        if child is None:
            return None
        if child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGCONT)
                child.terminate()
            try:
                child.wait(limit_seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait(10)
        if self._watch is not None:
            self._watch.join(10)
        return child.returncode

    def tail(self, lines: int = 12) -> str:
        """The end of its log."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def wait_for_line(self, text: str, limit_seconds: float) -> str:
        """The first line of its log that holds `text`. Raises ProcessError when it does not come or the process ends."""
        deadline = time.monotonic() + limit_seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                for line in self.log.read_text(errors="replace").splitlines():
                    if text in line:
                        return line
            if self.pid is None and self.codes:
                break
            time.sleep(0.05)
        raise ProcessError(f"{self.name} did not start; its log {self.log} ends:\n{self.tail()}")

    def _launch(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self.log.open("ab") as log:
            if self._stopping.is_set():  # asked to stop while it was to be started again
                return
            # A group of its own: Ctrl-C in the terminal reaches the demo, which stops its processes in order.
            self._child = subprocess.Popen(  # noqa: S603 - our own modules, no shell
                self._command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self._env,
                start_new_session=True,
            )
            self.starts += 1

    def _supervise(self) -> None:
        pause = 0.2
        while not self._stopping.is_set():
            child = self._child
            if child is None:
                return
            started = time.monotonic()
            code = child.wait()
            self.codes.append(code)
            if self._stopping.is_set():
                return
            pause = (
                0.2 if time.monotonic() - started > 10 else min(pause * 2, 5.0)
            )  # a process that dies at once is not hammered
            if not self._stopping.wait(pause):
                self._launch()
