"""The local stack: Kafka and a schema registry as two plain Java processes on 127.0.0.1.

`up` in order: 1. lock the data folder; 2. see what runs already; 3. for all that does not, make sure of free space,
ports, Java and jars before anything starts; 4. the broker, until it answers a metadata request with its own cluster id;
5. the registry, until it lists its subjects. A stack half of which died is completed the same way.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.stack import jars, ports, process, tools
from streams.stack.broker import Broker
from streams.stack.errors import CrashedError, StackError
from streams.stack.lock import exclusive
from streams.stack.parts import Part, child_environment, last_lines, running_address, scratch_folder
from streams.stack.registry import Registry
from streams.stack.settings import StackSettings

LOG_BYTES = 5 * 1024 * 1024  # a log larger than this is set aside as .1 when its part starts
FREE_BYTES = 256 * 1024 * 1024  # with less free space Kafka starts and then dies in the middle of a write
LOCK_SECONDS = 300.0


@dataclass(frozen=True)
class Endpoints:
    """Where clients connect: Kafka's bootstrap servers and the registry's Confluent-compatible API."""

    bootstrap: str
    registry_url: str


@dataclass(frozen=True)
class PartStatus:
    """One part as it is now.

    `state`: running (it answers), silent (alive without an answer), stopped, crashed (ended without being stopped),
    external (the user's own, not asked here). `address` is what clients connect to.
    """

    part: str
    state: str
    address: str
    pid: int | None = None
    resident_bytes: int | None = None
    log: Path | None = None


def _mute(_: str) -> None:
    pass


class Stack:
    """Starts, stops and inspects the stack of one data folder; `say` receives one line per step, for people."""

    def __init__(
        self, settings: StackSettings, *, say: Callable[[str], None] = _mute, env: Mapping[str, str] | None = None
    ) -> None:
        self.settings = settings
        self.folder = settings.folder
        self.broker: Part = Broker(settings)
        self.registry: Part = Registry(settings)
        self._say = say
        self._env = dict(os.environ if env is None else env)

    def up(self) -> Endpoints:
        """Start what does not run yet and return when all of it answers. Raises StackError."""
        local = []
        for part in (self.broker, self.registry):
            if part.external:
                self._say(f"{part.title} is yours, at {part.external}: none is started")
            else:
                local.append(part)
        if local:
            self._start(local)
        return self.endpoints()

    def down(self) -> bool:
        """Stop what runs, the registry first because it writes to Kafka. False when nothing ran. Raises StackError."""
        return self._stop([self.registry, self.broker])

    def status(self) -> list[PartStatus]:
        """The broker and the registry as they are now."""
        return [self._status(self.broker), self._status(self.registry)]

    def endpoints(self) -> Endpoints:
        """Where the parts are reached: as they run, or as the settings would start them."""
        return Endpoints(bootstrap=self._reached_at(self.broker), registry_url=self._reached_at(self.registry))

    # -- for chaos: what happens to brokers and registries --

    def kill_broker(self) -> bool:
        """SIGKILL, as a crash would. False when none ran."""
        return process.kill(self.broker.identity, seconds=self.settings.stop_seconds)

    def kill_registry(self) -> bool:
        """SIGKILL. False when none ran."""
        return process.kill(self.registry.identity, seconds=self.settings.stop_seconds)

    def pause_broker(self) -> None:
        """SIGSTOP: alive and deaf, as in a long garbage collection."""
        process.send(self.broker.identity, signal.SIGSTOP)

    def resume_broker(self) -> None:
        """SIGCONT."""
        process.send(self.broker.identity, signal.SIGCONT)

    def start_broker(self) -> None:
        """Start the broker alone and wait until it answers. Raises StackError."""
        self._start([self.broker])

    def stop_broker(self) -> bool:
        """A clean stop of the broker alone. False when none ran."""
        return self._stop([self.broker])

    def restart_broker(self) -> None:
        """A clean stop, then a start. Raises StackError."""
        self.stop_broker()
        self.start_broker()

    def start_registry(self) -> None:
        """Start the registry alone and wait until it answers. Raises StackError."""
        self._start([self.registry])

    def stop_registry(self) -> bool:
        """A clean stop of the registry alone. False when none ran."""
        return self._stop([self.registry])

    # -- starting --

    def _start(self, wanted: Sequence[Part]) -> None:
        with self._locked():
            missing = [part for part in wanted if not self._already_runs(part)]
            self._check_space(missing)
            for part in missing:
                self._check_ports(part)
            java = tools.java(self._env, self._say) if missing else ""
            libs = {part.identity: jars.ensure(part.bundle, self._env, self._say) for part in missing}
            for part in wanted:
                if part in missing:
                    self._spawn(part, java, libs[part.identity])
                else:
                    self._say(f"{part.title} already runs at {part.client_address(part.address)}")
                self._await(part)

    def _already_runs(self, part: Part) -> bool:
        pid = process.running_pid(part.identity)
        if pid is None:
            if process.recorded_pid(part.identity) is not None:
                self._say(f"{part.title} of last time ended without being stopped (a kill, a crash, a reboot)")
            return False
        actual = running_address(pid)
        if actual != part.address:
            raise StackError(
                f"{part.title} of {self.folder} already runs at {actual}, the settings ask for {part.address}: "
                "run `causeway down` first, or set CAUSEWAY_STACK__DATA to another folder for a second stack"
            )
        return True

    def _check_space(self, missing: Sequence[Part]) -> None:
        free = shutil.disk_usage(self.folder).free
        if missing and free < FREE_BYTES:
            raise StackError(
                f"only {free // 2**20} MiB are free for {self.folder}, the stack needs {FREE_BYTES // 2**20}: free some, "
                "or set CAUSEWAY_STACK__DATA to a folder elsewhere"
            )

    def _check_ports(self, part: Part) -> None:
        for port in part.ports:
            ports.check_free(port.number, purpose=port.purpose, setting=port.setting)

    def _spawn(self, part: Part, java: str, lib: Path) -> None:
        part.prepare(java, lib, self._env)
        cwd = self.folder / part.identity.part
        cwd.mkdir(exist_ok=True)
        shutil.rmtree(scratch_folder(part.identity), ignore_errors=True)
        scratch_folder(part.identity).mkdir(parents=True)
        log = self._log(part)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        self._say(f"starting {part.title} at {part.client_address(part.address)}")
        env = child_environment(self._env, part.environment())
        process.spawn(part.identity, part.command(java, lib), env=env, cwd=cwd, log=log)

    def _await(self, part: Part) -> None:
        """Wait until the part answers. Raises CrashedError with the end of its log when it ends or stays silent."""
        alive = True

        def settled() -> bool:
            nonlocal alive
            alive = process.running_pid(part.identity) is not None
            return not alive or part.answers(part.address)

        seconds = self.settings.start_seconds
        if process.wait_until(settled, seconds=seconds) and alive:
            return
        what = f"did not answer within {seconds:.0f} s" if alive else "ended while starting"
        log = self._log(part)
        end = last_lines(log.read_text(encoding="utf-8", errors="replace"), 8) if log.exists() else "  (no log)"
        raise CrashedError(
            f"{part.title} {what}. The end of {log}:\n{end}\nMend what it names and run `causeway up` again. "
            f"`causeway down` and removing {self.folder} starts afresh, without the topics in it"
        )

    # -- stopping and looking --

    def _stop(self, wanted: Sequence[Part]) -> bool:
        if not self.folder.is_dir():
            return False
        with self._locked():
            stopped = [self._stop_one(part) for part in wanted]  # all of them, whatever the first says
        return any(stopped)

    def _stop_one(self, part: Part) -> bool:
        stopped = process.stop(part.identity, seconds=self.settings.stop_seconds, say=self._say)
        if stopped:
            self._say(f"stopped {part.title}")
        return stopped

    def _reached_at(self, part: Part) -> str:
        pid = None if part.external else process.running_pid(part.identity)
        running = None if pid is None else running_address(pid)
        return part.external or part.client_address(running or part.address)

    def _status(self, part: Part) -> PartStatus:
        name, where = part.identity.part, self._reached_at(part)
        if part.external:
            return PartStatus(name, "external", where)
        pid = process.running_pid(part.identity)
        if pid is None:
            state = "stopped" if process.recorded_pid(part.identity) is None else "crashed"
            return PartStatus(name, state, where, log=self._log(part))
        state = "running" if part.answers(running_address(pid) or part.address) else "silent"
        return PartStatus(name, state, where, pid, process.resident_bytes(pid), self._log(part))

    def _log(self, part: Part) -> Path:
        return self.folder / "logs" / f"{part.identity.part}.log"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the data folder, made when missing; what the disk refuses becomes one StackError that names it."""
        try:
            (self.folder / "logs").mkdir(parents=True, exist_ok=True)
            with exclusive(self.folder / "stack.lock", seconds=LOCK_SECONDS, say=self._say):
                yield
        except OSError as error:
            raise StackError(
                f"cannot use {error.filename or self.folder} for the stack: {error.strerror or error}. Free space or "
                "fix the rights, or set CAUSEWAY_STACK__DATA to another folder"
            ) from error
