"""The agent put together: three threads (listen, look, send) around one spool, and a main thread that waits for signals and tells how things are.

A thread that fails ends the agent with exit code 70: systemd starts it anew, and the spool has everything that was heard.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from edge_iotbox.afar import Afar, limits_of, wanted_of
from edge_iotbox.alone import Alone
from edge_iotbox.box import Box, BoxError
from edge_iotbox.clock import Clock
from edge_iotbox.counters import Counters
from edge_iotbox.deliverer import Deliverer, Sender
from edge_iotbox.enrolment import Credential, enrolment_path, read_enrolment
from edge_iotbox.events import Teller
from edge_iotbox.gateway import Gateway
from edge_iotbox.health import report_of, resident_bytes, text_of, values_of, write_metrics
from edge_iotbox.inventory import inventory_from
from edge_iotbox.lineage import Lineage
from edge_iotbox.listener import Listener, Shared
from edge_iotbox.notify import notify
from edge_iotbox.places import check_place
from edge_iotbox.settings import Settings, SettingsError
from edge_iotbox.skew import SkewMeter
from edge_iotbox.spool import Spool, SpoolDamagedError, SpoolFullError
from edge_iotbox.watcher import INVENTORY, Watcher

logger = logging.getLogger(__name__)

OK, FAILED = 0, 70
_EXPIRE_EVERY_MS = 60_000


@dataclass
class Agent:
    """One run. `begin` opens, `run` waits for the end, `end` stops; tests drive it the same way."""

    settings: Settings
    clock: Clock
    version: str = ""
    boot: str = field(default_factory=lambda: new_boot())
    stop: threading.Event = field(default_factory=threading.Event)
    poll_seconds: float = 60.0

    def __post_init__(self) -> None:
        self._failure: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._expired_ms = self._written_ms = 0
        self._alone = Alone(self.settings.spool.folder)
        self._is_gone = False

    def begin(self) -> None:
        """Checks the place, opens the spool, starts the threads. Raises SettingsError, EnrolmentError, InUseError, OSError."""
        settings = self.settings
        _check_spool_place(settings)
        box_name = self._name_of_box()
        teller = Teller(box_name, self.boot, self.clock)
        self._alone.hold()
        spool = Spool.open(settings.spool.folder, limits_of(settings, {}), teller)
        inventory = inventory_from(spool.state(INVENTORY))
        self.shared = Shared(spool, teller, Counters(), inventory, SkewMeter(), wanted_of(settings, {}), self.stop)
        self._poll_box = self._box(self.poll_seconds)
        sender, tick = self._sender()
        deliverer = Deliverer(sender, self.shared, settings.spool.folder / "refused.jsonl", tick)
        deliverer.most_events, deliverer.pause = settings.send.batch_events, float(settings.send.pause_seconds)
        if self._afar is not None:
            self._afar.deliverer = deliverer
            self._afar.begin()
        listener = Listener(self._poll_box, self.shared, f"causeway-{self.boot}")
        self._look_box = self._box()
        watcher = Watcher(
            self._look_box, self.shared, self._poll_box.interrupt, settings.box.look_seconds, settings.box.start_scales,
            settings.box.gone_seconds * 1000,
        )  # fmt: skip
        for name, work in (("send", deliverer.run), ("look", watcher.run), ("listen", listener.run)):
            thread = threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        logger.info(
            "started box=%s boot=%s next=%d waiting=%d",
            box_name,
            self.boot,
            spool.depth().next_sequence,
            spool.depth().events,
        )

    def run(self) -> int:
        """Until a signal or a failure. The exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        try:
            self.begin()
            notify("READY=1")
            while not self.stop.wait(1.0):
                self.tick()
        finally:
            self.end()
        return FAILED if self._failure is not None else OK

    def tick(self) -> None:
        """About once a second: the watchdog, the metrics file, what is too old, whether the spool is still there."""
        notify("WATCHDOG=1")
        self._look_for_spool()
        now = self.clock.monotonic_ms()
        if now - self._expired_ms >= _EXPIRE_EVERY_MS:
            self._expired_ms = now
            with suppress(SpoolFullError):  # said by the spool, and tried again
                self.shared.spool.expire()
        if self.settings.log.metrics_file and now - self._written_ms >= self.settings.log.metrics_seconds * 1000:
            self._written_ms = now
            self.write_metrics()

    def end(self) -> None:
        """Ends the threads; what is not sent stays in the spool."""
        notify("STOPPING=1")
        self.stop.set()
        if hasattr(self, "shared"):
            self.shared.changed.set()
            self._poll_box.interrupt()
        for thread in self._threads:
            thread.join(self.settings.send.timeout_seconds + 5)
        if hasattr(self, "shared") and not any(thread.is_alive() for thread in self._threads):
            self.write_metrics()
            self.shared.spool.close()
            self._poll_box.close()
            self._look_box.close()
        self._alone.release()
        logger.info("stopped failed=%s", self._failure is not None)

    def values(self) -> dict[str, float]:
        """Every metric as it is now."""
        shared = self.shared
        return values_of(
            shared.counters,
            shared.spool.depth(),
            self.clock.now(),
            shared.skew.milliseconds,
            self.clock.trusted(),
            resident_bytes(),
        )

    def report(self) -> dict[str, Any]:
        """The health report."""
        shared = self.shared
        return report_of(
            self.values(),
            shared.spool.depth(),
            self.clock.now(),
            shared.skew.milliseconds,
            self.version,
            shared.counters.config_version,
        )

    def write_metrics(self) -> None:
        """The metrics file; that it cannot be written stops nothing."""
        if not self.settings.log.metrics_file:
            return
        info = {"box": self.shared.teller.box, "version": self.version, "sending": self.shared.counters.sender_state}
        try:
            write_metrics(Path(self.settings.log.metrics_file), text_of(self.values(), info))
        except OSError as error:
            logger.warning("metrics_not_written problem=%s", error)

    def _look_for_spool(self) -> None:
        """A spool whose folder was deleted, or covered by a mount, lives as long as this process. So it goes on until all of it is sent; then a start
        makes another, and says what it needs."""
        if self.shared.spool.is_there():
            return
        if not self._is_gone:
            self._is_gone = True
            logger.critical(
                "spool_gone folder=%s events=%d do=leave the agent running until they are sent, it ends then; make the folder again",
                self.settings.spool.folder, self.shared.spool.depth().events,
            )  # fmt: skip
        if not self.shared.spool.depth().events:
            self._failure = SpoolDamagedError("the spool's folder is gone")
            self.stop.set()

    def _sender(self) -> tuple[Sender, Callable[[], None]]:
        """The way out, and what is done beside sending."""
        send, self._afar = self.settings.send, None
        if send.way == "kafka":
            from edge_iotbox.kafka_sender import kafka_sender

            return kafka_sender(self.settings.kafka), lambda: None
        credential = Credential(enrolment_path(self.settings.spool.folder, send.token_file))
        gateway = Gateway(
            send.gateway, credential.token, Path(send.ca_file) if send.ca_file else None, send.timeout_seconds,
            Lineage(self.settings.spool.folder),
        )  # fmt: skip
        self._afar = Afar(self.settings, self.shared, gateway, credential, self.report, self._poll_box.interrupt)
        return gateway, self._afar.tick

    def _name_of_box(self) -> str:
        """The enrolment's, the settings', or what the Box says, which is waited for."""
        settings = self.settings
        if settings.send.way == "https":
            if not settings.send.gateway:
                raise SettingsError(
                    "send.gateway: set the address of `causeway gateway`, for example https://gateway.example:8443"
                )
            return read_enrolment(enrolment_path(settings.spool.folder, settings.send.token_file)).box
        if settings.box.identifier:
            return settings.box.identifier
        box = self._box()
        while not self.stop.is_set():
            try:
                if mac := box.homepage().mac:
                    return mac
            except BoxError as error:
                logger.warning("box_name_unknown problem=%s", error)
            self.stop.wait(5.0)
        raise SettingsError("stopped before the Box told its name; box.identifier sets it")

    def _box(self, poll_seconds: float = 60.0) -> Box:
        return Box(self.settings.box.url, self.clock.now, poll_seconds=poll_seconds)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            logger.critical(
                "thread_failed thread=%s error=%s",
                threading.current_thread().name,
                type(error).__name__,
                exc_info=error,
            )
            self._failure = error
            self.stop.set()

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        logger.info("signal number=%d", number)
        self.stop.set()


def new_boot() -> str:
    """A random UUID (version 4). The module `uuid` would take a quarter of a megabyte for it."""
    digits = os.urandom(16).hex()
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[int(digits[16], 16) % 4]}{digits[17:20]}-{digits[20:]}"
    )


def _check_spool_place(settings: Settings) -> None:
    folder = settings.spool.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if why := check_place(folder):
        if not settings.spool.volatile_allowed:
            raise SettingsError(
                f"spool.folder: {why}. Name a folder on the card (docs/edge.md), or say --volatile-spool-allowed"
            )
        logger.warning("spool_volatile why=%s", why)
