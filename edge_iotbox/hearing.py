"""What the listener decides, without doing it: which event is new, where to go on, when it was deaf. Pure.

The Box returns the oldest event of its five-second buffer whose time is after `last_event`; events have no id, so (device, time) is one: the time
as the Box wrote it, to the last bit, for two of a burst may be less than a microsecond apart.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field

BUFFER_MS = 5000  # what happened longer before a poll is lost at the Box
STEP_SECONDS = 60.0  # an event that much older than the last one tells of a clock that was set back
REMEMBERED = 256


@dataclass
class Position:
    """How far the Box has been heard. `last_event`: epoch seconds by its clock, as polls want it.

    `ahead`: after its clock was set back the Box's buffer holds events of the future and gives them again and again, before all others. They can
    only be got past by asking beyond them; until its clock gets there we hear what happens while a poll waits, which is nearly everything.
    """

    last_event: float = 0.0
    ahead: float = 0.0
    _seen: deque[tuple[str, float]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def is_new(self, device: str, moment: float) -> bool:
        return (device, moment) not in self._seen

    def took(self, device: str, moment: float) -> None:
        """An event was kept. What comes late or twice does not move the position back, a clock that was set back does."""
        self._seen.append((device, moment))
        if moment > self.last_event or moment < self.last_event - STEP_SECONDS:
            self.last_event = moment

    def saw_again(self, moment: float, box_now: float | None) -> None:
        """An event that is known came again."""
        if box_now is not None and moment > box_now + 1.0:
            self.ahead = max(self.ahead, moment)

    def ask_from(self, box_now: float | None) -> float:
        """The `last_event` to ask with: not in the Box's future, or it would keep silent until its clock gets there; see `ahead`."""
        if box_now is None:
            return self.last_event
        return self.ahead if self.ahead > box_now else min(self.last_event, box_now + 1.0)

    def as_text(self) -> str:
        """To keep with the event."""
        return json.dumps([self.last_event, list(self._seen)[-16:]])


def position_from(text: str) -> Position:
    """What `as_text` made; the beginning for anything else."""
    try:
        last_event, seen = json.loads(text)
        position = Position(float(last_event))
        position._seen.extend((str(device), float(moment)) for device, moment in seen)
    except (ValueError, TypeError):
        return Position()
    return position


@dataclass
class Ears:
    """When polls heard something. Times by the machine's clock, milliseconds."""

    heard_until: int | None = None
    failing: bool = False

    def failed(self) -> None:
        """A poll failed: since the last one that worked nothing may have been heard."""
        self.failing = True

    def cut_off(self, at: int) -> None:
        """We ended the poll ourselves; it had been listening until now."""
        if not self.failing and self.heard_until is not None:
            self.heard_until = at

    def worked(self, asked: int, answered: int) -> int | None:
        """A poll worked: for how long nothing could be heard before it, if that is longer than the Box remembers."""
        deaf = None if self.heard_until is None else asked - self.heard_until
        self.heard_until, self.failing = answered, False
        return deaf if deaf is not None and deaf > BUFFER_MS else None


@dataclass
class Presence:
    """Whether the Box answers at all. Times as above."""

    gone_since: int | None = None
    told: bool = False

    def missed(self, at: int, after_ms: int) -> bool:
        """It did not answer; whether it is time to tell that it is gone."""
        if self.gone_since is None:
            self.gone_since = at
        tell = not self.told and at - self.gone_since >= after_ms
        self.told = self.told or tell
        return tell

    def seen(self, at: int) -> int | None:
        """It answered: for how long it had been gone, if that was told."""
        away = at - self.gone_since if self.told and self.gone_since is not None else None
        self.gone_since, self.told = None, False
        return away
