"""The thread that looks: which devices are there, how far the clocks are apart, whether ours was moved."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from edge_iotbox.box import Box, BoxError, Homepage
from edge_iotbox.clock import wall_of
from edge_iotbox.hearing import BUFFER_MS, Presence
from edge_iotbox.listener import Shared
from edge_iotbox.readings import Device
from edge_iotbox.skew import STEP_MS
from schemas.hardware import Event

logger = logging.getLogger(__name__)

INVENTORY = "inventory"


@dataclass
class WallClockWatch:
    """Whether our wall clock moved against the machine's. Pure."""

    _offset: int | None = None
    _trusted: bool | None = None

    def look(self, now: int, monotonic_ms: int, trusted: bool) -> dict[str, object] | None:
        """What is to be told: by how much it jumped, or that it became trusted; None when neither."""
        offset, before, was = now // 1000 - monotonic_ms, self._offset, self._trusted
        self._offset, self._trusted = offset, trusted
        if before is None:
            return None
        if abs(offset - before) >= STEP_MS:
            return {"why": "agent_clock_set", "by_ms": offset - before, "trusted": trusted}
        return {"why": "agent_clock_trusted" if trusted else "agent_clock_not_trusted"} if was != trusted else None


class Watcher:
    """`wake`: ends the poll that waits, so that a device never seen before is listened to at once; told whether the Box could be heard until now.
    A Box missed once may only be busy; one missed twice may have been away, and with it the poll it was asked.
    `gone_after_ms`: for how long the Box must not answer before that is an event."""

    def __init__(
        self, box: Box, shared: Shared, wake: Callable[[bool], None], seconds: float = 5.0, start_scales: bool = True, gone_after_ms: int = 10_000,
    ) -> None:  # fmt: skip
        self._box, self._all, self._wake, self._seconds, self._start_scales = box, shared, wake, seconds, start_scales
        self._gone_after_ms = gone_after_ms
        self._wall, self._presence = WallClockWatch(), Presence()
        self._up: bool | None = None
        self._misses = 0
        self._dated_at = 0  # when the last look began that told the Box's clock, by the machine's clock

    def run(self) -> None:
        """Until `stop`."""
        while not self._all.stop.is_set():
            self.once()
            self._all.stop.wait(self._seconds)

    def once(self) -> None:
        """One look."""
        clock = self._all.teller.clock
        self._all.tell_forgotten()
        drafts: list[Event] = []
        if moved := self._wall.look(clock.now(), clock.monotonic_ms(), clock.trusted()):
            logger.warning("clock %s", " ".join(f"{name}={value}" for name, value in moved.items()))
            drafts.append(self._all.teller.own("clock", moved))
            if "by_ms" in moved:
                self._all.skew.forget()
        asked = clock.monotonic_ms()
        try:
            page = self._box.homepage()
        except BoxError as error:
            self._tell([*drafts, *self._missing(error)])
            return
        came_up = self._up is not True
        self._up = self._all.counters.box_up = True
        if (away := self._presence.seen(clock.monotonic_ms())) is not None:
            logger.info("box_back away_ms=%d", away)
            drafts.append(self._all.teller.own("box_back", {"away_ms": away}))
        if self._misses > 1:
            self._wake(False)  # a poll may still wait at the Box that was
        self._misses = 0
        self._tell([*drafts, *self._looked(page, asked)])
        if came_up:
            self._start(page.devices)

    def _missing(self, error: BoxError) -> list[Event]:
        if self._up is not False:
            logger.warning("box_not_seen problem=%s", error)
        self._up = self._all.counters.box_up = False
        self._misses += 1
        if not self._presence.missed(self._all.teller.clock.monotonic_ms(), self._gone_after_ms):
            return []
        logger.error("box_gone")
        return [self._all.teller.own("box_gone", {"after_ms": self._gone_after_ms})]

    def _looked(self, page: Homepage, asked: int) -> list[Event]:
        shared = self._all
        drafts = []
        if page.mac and page.mac != shared.teller.box and ":" in shared.teller.box:
            logger.error("other_box expected=%s found=%s", shared.teller.box, page.mac)
        if (jumped := shared.skew.feed(page.exchange)) is not None:
            drafts.append(shared.teller.own("clock", {"why": "box_clock_set", "by_ms": -jumped}))
            drafts.append(self._unheard(self._dated_at))
        if page.exchange.box_seconds is not None:
            self._dated_at = asked
        before = shared.inventory.wanted(shared.wanted)
        change = shared.inventory.looked(page.devices)
        shared.counters.devices = shared.inventory.present()
        for kind, devices, first in (
            ("device_back", change.came, True),
            ("device_back", change.back, False),
            ("device_gone", change.gone, False),
        ):
            for device in devices:
                logger.info("%s device=%s class=%s", kind, device.identifier, device.device_class)
                drafts.append(
                    shared.teller.own(kind, {"first": first}, device.identifier, device.device_class, device.name)
                )
        if shared.inventory.wanted(shared.wanted) != before:
            shared.changed.set()
            if before:  # else nobody listens yet
                self._wake(True)
        self._start((*change.came, *change.back))
        return drafts

    def _unheard(self, since: int) -> Event:
        """The Box's clock was set since then: set forward it forgot at once what lay in its buffer, set back it gives polls other events."""
        clock = self._all.teller.clock
        begin, end = since - BUFFER_MS, clock.monotonic_ms()
        self._all.counters.poll_gaps += 1
        logger.warning("gap why=box_clock_set ms=%d", end - begin)
        about = {"why": "box_clock_set", "from": wall_of(begin, clock), "to": wall_of(end, clock), "ms": end - begin}
        return self._all.teller.own("gap", about)

    def _tell(self, drafts: list[Event]) -> None:
        if drafts:
            self._all.intake.take(drafts, {INVENTORY: self._all.inventory.as_text()})

    def _start(self, devices: tuple[Device, ...]) -> None:
        """Some scales (Adam) stand still until they are told to read."""
        for device in devices:
            if self._start_scales and device.device_class == "scale" and self._all.wanted.takes(device):
                try:
                    self._box.action(f"{self._all.teller.boot}-watch", device.identifier, {"action": "start_reading"})
                except BoxError as error:
                    logger.warning("scale_not_started device=%s problem=%s", device.identifier, error)
