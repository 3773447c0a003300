"""The local stack: Kafka and a schema registry as two plain Java processes on 127.0.0.1.

`up` in order: 1. lock the data folder; 2. what already runs and answers is left alone; 3. free ports, Java and jars are
made sure of before anything starts; 4. the broker, until it answers a metadata request with our cluster id; 5. the
registry, until it lists its subjects. A stack half of which died is completed the same way.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.stack import jars, parts, ports, probe, process, tools
from streams.stack.errors import CrashedError, StackError
from streams.stack.lock import exclusive
from streams.stack.process import Identity
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
    """One part as it is now. `state`: running, starting or hung ("silent"), stopped, external."""

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
        self,
        settings: StackSettings,
        *,
        say: Callable[[str], None] = _mute,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self.folder = settings.folder
        self.broker = Identity(parts.BROKER, self.folder)
        self.registry = Identity(parts.REGISTRY, self.folder)
        self._say = say
        self._env = dict(os.environ if env is None else env)

    # -- what people and tests call ---------------------------------------------------------------------------------

    def up(self) -> Endpoints:
        """Start what does not run yet and return when all of it answers. Raises StackError."""
        with self._locked():
            if self.settings.external_bootstrap:
                self._say(f"Kafka is yours, at {self.settings.external_bootstrap}: none is started")
            else:
                self._start_broker()
            if self.settings.external_registry_url:
                self._say(f"the schema registry is yours, at {self.settings.external_registry_url}: none is started")
            else:
                self._start_registry()
        return self.endpoints()

    def down(self) -> bool:
        """Stop what runs, the registry first because it writes to Kafka. False when nothing ran."""
        if not self.folder.is_dir():
            return False
        with self._locked():
            return any([self._stop(self.registry), self._stop(self.broker)])

    def status(self) -> list[PartStatus]:
        """The broker and the registry as they are now."""
        return [self._broker_status(), self._registry_status()]

    def endpoints(self) -> Endpoints:
        """Where the parts are reached: as they run, or as the settings would start them."""
        return Endpoints(bootstrap=self._bootstrap(), registry_url=self._registry_url())

    # -- for chaos --------------------------------------------------------------------------------------------------

    def kill_broker(self) -> bool:
        """SIGKILL, as a crash would; what was not yet written by the system stays in its page cache."""
        return process.kill(self.broker, seconds=self.settings.stop_seconds)

    def kill_registry(self) -> bool:
        """SIGKILL."""
        return process.kill(self.registry, seconds=self.settings.stop_seconds)

    def stop_broker(self) -> bool:
        """A clean stop of the broker alone."""
        with self._locked():
            return self._stop(self.broker)

    def stop_registry(self) -> bool:
        """A clean stop of the registry alone."""
        with self._locked():
            return self._stop(self.registry)

    def start_broker(self) -> None:
        """Start the broker alone and wait until it answers."""
        with self._locked():
            self._start_broker()

    def start_registry(self) -> None:
        """Start the registry alone and wait until it answers."""
        with self._locked():
            self._start_registry()

    def restart_broker(self) -> None:
        """A clean stop, then a start."""
        with self._locked():
            self._stop(self.broker)
            self._start_broker()

    def pause_broker(self) -> None:
        """SIGSTOP: alive and deaf, as in a long garbage collection."""
        process.send(self.broker, signal.SIGSTOP)

    def resume_broker(self) -> None:
        """SIGCONT."""
        process.send(self.broker, signal.SIGCONT)

    # -- starting ---------------------------------------------------------------------------------------------------

    def _start_broker(self) -> None:
        where = f"127.0.0.1:{self.settings.kafka_port}"
        if self._already_runs(self.broker, where):
            self._await(self.broker, lambda: probe.cluster_id(where) is not None)
            self._say(f"Kafka already runs at {where}")
            return
        ports.check_free(self.settings.kafka_port, purpose="Kafka", setting="CAUSEWAY_STACK__KAFKA_PORT")
        ports.check_free(
            self.settings.controller_port, purpose="Kafka's controller", setting="CAUSEWAY_STACK__CONTROLLER_PORT"
        )
        java = tools.java(self._env, self._say)
        lib = jars.ensure(jars.BROKER, self._env, self._say)
        own_id = self._format(java, lib)
        self._say(f"starting Kafka at {where}")
        self._spawn(self.broker, parts.broker_command(java, lib, self.settings), {})
        self._await(self.broker, lambda: probe.cluster_id(where) == own_id)

    def _start_registry(self) -> None:
        where = f"127.0.0.1:{self.settings.registry_port}"
        if self._already_runs(self.registry, where):
            self._await(self.registry, lambda: probe.registry_answers(self._registry_url()))
            self._say(f"the schema registry already runs at {self._registry_url()}")
            return
        ports.check_free(
            self.settings.registry_port, purpose="the schema registry", setting="CAUSEWAY_STACK__REGISTRY_PORT"
        )
        java = tools.java(self._env, self._say)
        lib = jars.ensure(jars.REGISTRY, self._env, self._say)
        if not self.settings.external_bootstrap:
            probe.ensure_journal(self.settings.bootstrap)
        self._say(f"starting the schema registry at {self.settings.registry_url}")
        command = parts.registry_command(java, lib, self.settings)
        self._spawn(self.registry, command, parts.registry_environment(self.settings))
        self._await(self.registry, lambda: probe.registry_answers(self._registry_url()))

    def _already_runs(self, identity: Identity, wanted: str) -> bool:
        pid = process.running_pid(identity)
        if pid is None:
            return False
        actual = parts.address(pid)
        if actual != wanted:
            raise StackError(
                f"the {identity.part} of {self.folder} already runs at {actual}, the settings ask for {wanted}: "
                "run `causeway down` first, or set CAUSEWAY_STACK__DATA to another folder for a second stack"
            )
        return True

    def _format(self, java: str, lib: Path) -> str:
        """Write the configuration and prepare the data folder once; the id of the cluster in it."""
        (self.folder / "log4j2.xml").write_text(parts.LOG4J)
        (self.folder / "server.properties").write_text(parts.broker_properties(self.settings))
        id_file = self.folder / "cluster.id"
        if not id_file.exists():
            id_file.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
        cluster_id = id_file.read_text().strip()
        if not (self.folder / "kafka" / "meta.properties").exists():
            command = parts.format_command(java, lib, self.settings, cluster_id)
            answer = process.run(command, env=parts.child_environment(self._env, {}))
            if answer.returncode:
                raise CrashedError(f"Kafka could not prepare {self.folder / 'kafka'}: {_last(answer.stderr, 3)}")
        return cluster_id

    def _spawn(self, identity: Identity, command: list[str], env: Mapping[str, str]) -> None:
        cwd = self.folder / identity.part
        cwd.mkdir(exist_ok=True)
        log = self._log(identity)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        process.spawn(identity, command, env=parts.child_environment(self._env, env), cwd=cwd, log=log)

    def _await(self, identity: Identity, ready: Callable[[], bool]) -> None:
        """Wait until the part answers. Raises CrashedError with the end of its log when it ends or stays silent."""
        alive = True

        def answered() -> bool:
            nonlocal alive
            alive = process.running_pid(identity) is not None
            return not alive or ready()

        seconds = self.settings.start_seconds
        answered_in_time = process.wait_until(answered, seconds=seconds)
        if answered_in_time and alive:
            return
        what = "ended while starting" if not alive else f"did not answer within {seconds:.0f} s"
        log = self._log(identity)
        raise CrashedError(
            f"the {identity.part} {what}. The end of {log}:\n{_last(log.read_text(errors='replace'), 8)}\n"
            f"Mend what it names and run `causeway up` again; `causeway down` and removing {self.folder} starts afresh, "
            "without the topics in it"
        )

    # -- stopping and looking ---------------------------------------------------------------------------------------

    def _stop(self, identity: Identity) -> bool:
        stopped = process.stop(identity, seconds=self.settings.stop_seconds, say=self._say)
        if stopped:
            self._say(f"the {identity.part} stopped")
        return stopped

    def _bootstrap(self) -> str:
        pid = process.running_pid(self.broker)
        return self.settings.external_bootstrap or (pid and parts.address(pid)) or self.settings.bootstrap

    def _registry_url(self) -> str:
        pid = process.running_pid(self.registry)
        where = None if self.settings.external_registry_url or pid is None else parts.address(pid)
        return f"http://{where}/apis/ccompat/v7" if where else self.settings.registry_url

    def _broker_status(self) -> PartStatus:
        where = self._bootstrap()
        if self.settings.external_bootstrap:
            return PartStatus(parts.BROKER, "external", where)
        return self._part_status(self.broker, where, lambda: probe.cluster_id(where) is not None)

    def _registry_status(self) -> PartStatus:
        url = self._registry_url()
        if self.settings.external_registry_url:
            return PartStatus(parts.REGISTRY, "external", url)
        return self._part_status(self.registry, url, lambda: probe.registry_answers(url))

    def _part_status(self, identity: Identity, where: str, answers: Callable[[], bool]) -> PartStatus:
        pid = process.running_pid(identity)
        if pid is None:
            return PartStatus(identity.part, "stopped", where, log=self._log(identity))
        state = "running" if answers() else "silent"
        return PartStatus(identity.part, state, where, pid, process.resident_bytes(pid), self._log(identity))

    def _log(self, identity: Identity) -> Path:
        return self.folder / "logs" / f"{identity.part}.log"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the data folder, made when missing; problems with the disk become one StackError that names it."""
        try:
            (self.folder / "logs").mkdir(parents=True, exist_ok=True)
            with exclusive(self.folder / "stack.lock", seconds=LOCK_SECONDS, say=self._say):
                free = shutil.disk_usage(self.folder).free
                if free < FREE_BYTES:
                    raise StackError(
                        f"only {free // 2**20} MiB are free for {self.folder}, Kafka needs {FREE_BYTES // 2**20}: free "
                        "some, or set CAUSEWAY_STACK__DATA to a folder elsewhere"
                    )
                yield
        except OSError as error:
            raise StackError(
                f"cannot use {error.filename or self.folder} for the stack: {error.strerror or error}. Free space or "
                "fix the rights, or set CAUSEWAY_STACK__DATA to another folder"
            ) from error


def _last(text: str, lines: int) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-lines:])
