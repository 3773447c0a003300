"""What the tests of the edge act on: clocks one sets, drafts, and the other side as the gateway's rule has it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from edge_iotbox.events import Teller
from edge_iotbox.spool import Limits, Spool
from schemas.hardware import Event
from tests.edge.samples import BOOT, BOX, NOW, event


@dataclass
class SetClock:
    """A clock that stands until it is moved."""

    wall: int = NOW
    machine_ms: int = 60_000
    is_trusted: bool = True

    def now(self) -> int:
        return self.wall

    def monotonic_ms(self) -> int:
        return self.machine_ms

    def trusted(self) -> bool:
        return self.is_trusted

    def pass_ms(self, milliseconds: int) -> None:
        self.wall += milliseconds * 1000
        self.machine_ms += milliseconds


def teller(clock: SetClock | None = None, boot: str = BOOT) -> Teller:
    return Teller(BOX, boot, clock or SetClock())


def draft(value: str, clock: SetClock | None = None, boot: str = BOOT) -> Event:
    """A scan that has no number yet."""
    clock = clock or SetClock()
    plain = event(1, value=value, payload=f'{{"value":"{value}"}}')
    return replace(
        plain, sequence=0, first_sequence=0, boot=boot, received_at=clock.now(), monotonic_ms=clock.monotonic_ms(), clock_trusted=clock.trusted(),
    )  # fmt: skip


def opened(
    folder: Path,
    limits: Limits | None = None,
    clock: SetClock | None = None,
    boot: str = BOOT,
    checkpoint_pages: int = 256,
) -> Spool:
    return Spool.open(folder, limits or Limits(), teller(clock, boot), checkpoint_pages)


@dataclass
class Receiver:
    """The gateway's rule (schemas/hardware.py), without its network: what came in, each once, and how far each Box is."""

    through: int = 0
    taken: list[Event] = field(default_factory=list)

    def take(self, events: list[Event]) -> int | None:
        """How far it is afterwards; None for a hole, of which nothing is taken."""
        for one in events:
            if one.first_sequence > self.through + 1:
                return None
            if one.sequence > self.through:
                self.taken.append(one)
                self.through = one.sequence
        return self.through

    @property
    def values(self) -> list[str]:
        return [one.value for one in self.taken if one.kind == "scan"]


def deliver_all(spool: Spool, receiver: Receiver, most_events: int = 100) -> None:
    """Sends until nothing is left, explaining holes as the agent does."""
    spool.prove(receiver.through)
    for _ in range(10_000):
        events = spool.batch(most_events)
        if not events:
            return
        through = receiver.take(events)
        if through is None:
            spool.explain(receiver.through + 1)
        else:
            spool.acknowledge(through)
    raise AssertionError("sending never ends")
