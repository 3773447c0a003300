"""What the listener decides, without doing it: which event is new, where to go on, when it was deaf. Pure.

The Box returns the oldest event of its five-second buffer whose time is after `last_event`; events have no id, so (device, time) is one: the time
as the Box wrote it, to the last bit, for two of a burst may be less than a microsecond apart.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

BUFFER_MS = 5000  # what happened longer before a poll is lost at the Box
REACH_MS = 250  # a poll that was asked is read by the Box within that, or within what one took that did not wait
STEP_SECONDS = 60.0  # an event that much older than the last one tells of a clock that was set back
REMEMBERED = 4096  # a clock that was set back gives again all its buffer held, which may be a burst
_REMEMBERED_BY_TEXT = 32  # it is written with each event
_DOUBT_MS = 1500  # what the Box's clock is known by at first: its dates have whole seconds


@dataclass
class Position:
    """How far the Box has been heard. `last_event`: epoch seconds by its clock, as polls want it.

    `ahead`: after its clock was set back the Box's buffer holds events of the future and gives them again and again, before all others. They can
    only be got past by asking beyond them; until its clock gets there we hear what happens while a poll waits, which is nearly everything.

    `unsure_from`: where the last poll asked from, when its answer may have skipped something. Out of its buffer the Box gives the oldest. A poll
    that waits is woken by an event and answered with what stands in its session when it gets to answer, which may be the second of two devices
    at once; asked from there, the Box never gives the first. So it is asked from before once more: an event that is known tells that nothing
    was skipped.
    """

    last_event: float = 0.0
    ahead: float = 0.0
    unsure_from: float | None = None
    _seen: dict[tuple[str, float], None] = field(default_factory=dict)  # the oldest first

    def is_new(self, device: str, moment: float) -> bool:
        return (device, moment) not in self._seen

    def took(self, device: str, moment: float, oldest: bool = True) -> None:
        """An event was kept. What comes late or twice does not move the position back, a clock that was set back does.
        oldest: it was in the Box's buffer when the poll was asked, so nothing before it was skipped."""
        known = not self.is_new(device, moment)
        self._remember(device, moment)
        asked_from = self.last_event if self.unsure_from is None else self.unsure_from
        if moment < self.last_event - STEP_SECONDS:
            self.last_event, self.unsure_from = moment, None
        elif known:
            self.unsure_from = None
            self.last_event = max(self.last_event, moment)
        elif moment > self.last_event:
            self.last_event, self.unsure_from = moment, None if oldest else asked_from
        elif self.unsure_from is not None:
            self.unsure_from = max(asked_from, moment)  # it had been skipped: there may be more behind it

    def saw_again(self, moment: float, box_now: float | None) -> None:
        """An event that is known came again."""
        if box_now is not None and moment > box_now + 1.0:
            self.ahead = max(self.ahead, moment)

    def ask_from(self, box_now: float | None) -> float:
        """The `last_event` to ask with: not in the Box's future, or it would keep silent until its clock gets there; see `ahead`."""
        begin = self.last_event if self.unsure_from is None else self.unsure_from
        if box_now is None:  # after a start: what was ahead most likely is
            return max(begin, self.ahead)
        return self.ahead if self.ahead > box_now else min(begin, box_now + 1.0)

    def as_text(self) -> str:
        """To keep with the event."""
        begin = self.last_event if self.unsure_from is None else self.unsure_from
        latest = list(islice(reversed(self._seen), _REMEMBERED_BY_TEXT))[::-1]
        return json.dumps([begin, latest, self.ahead if self.ahead >= self.last_event else 0.0])

    def _remember(self, device: str, moment: float) -> None:
        key = sys.intern(device), moment
        self._seen.pop(key, None)
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]


def position_from(text: str) -> Position:
    """What `as_text` made, now or before it kept `ahead`; the beginning for anything else."""
    try:
        last_event, seen, *ahead = json.loads(text)
        position = Position(float(last_event), float(ahead[0]) if ahead else 0.0)
        for device, moment in seen:
            position._remember(str(device), float(moment))
    except (ValueError, TypeError):
        return Position()
    return position


@dataclass(frozen=True, slots=True)
class Age:
    """How long ago an event happened when its answer came: at least and at most, milliseconds. Both 0 where it cannot be known."""

    least: float = 0.0
    most: float = 0.0

    @property
    def most_ms(self) -> int:
        """Whole, and not too few where clocks are read in whole ones."""
        return math.ceil(self.most) + 1 if self.most else 0

    @property
    def waited_ms(self) -> int:
        """How long it lay in the Box's buffer; 0 when it may have come at once."""
        return self.most_ms if self.least > REACH_MS else 0


def age_of(moment: float, ours_ms: float, skew: tuple[float, float] | None, answer_ms: int) -> Age:
    """moment: of the event, epoch seconds of the Box. ours_ms: our clock when the answer came; skew: what that may be ahead of the Box's, from, to;
    answer_ms: how long the answer took. Where the Box's clock was set and that is not measured yet, ages come out that nothing in its buffer has."""
    if skew is None:
        return Age()
    age = Age(max(0.0, ours_ms - skew[1] - moment * 1000), max(0.0, ours_ms - skew[0] - moment * 1000))
    return age if age.most <= BUFFER_MS + min(answer_ms, BUFFER_MS) + _DOUBT_MS else Age()


@dataclass(frozen=True, slots=True)
class Deaf:
    """From when to when events may have been lost at the Box, by the machine's clock. `forgot`: it answered all the time, and we were too slow."""

    begin: int
    end: int
    forgot: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """A poll we ended before its answer: nobody knows whether the Box had been listening. `begin`: what is proved ends there; `asked`: when the poll
    was, `at`: when it was ended, all by the machine's clock, milliseconds. `devices`: it was asked for."""

    begin: int
    asked: int
    at: int
    devices: frozenset[str]


@dataclass
class Ears:
    """Up to when the Box was heard without a hole. Times by the machine's clock, milliseconds.

    `heard_until` does not go back for what may be the uncertainty of the Box's clock, `sure_until` does: from there on a start anew has to doubt.
    Only answers move `sure_until`: a poll that waits may never have been read.

    An answer with an event tells that all before that event was heard: not more, for what came after it may lie in the Box's buffer. What lies
    there for more than five seconds when a poll is read is gone. So where polls are answered all the time, and still the last event was
    older than that when the next poll was asked, the Box has forgotten what happened in between.
    """

    heard_until: int | None = None
    sure_until: int = 0
    answered: int = 0  # when the last poll that worked was
    reach_ms: int = REACH_MS
    failing: bool = False
    cut: Cut | None = None  # the last one, until an answer shows whether it had been listening

    def failed(self) -> None:
        """A poll failed: since the last one that worked nothing may have been heard."""
        self.failing = True

    def cut_off(self, asked: int, at: int, devices: Iterable[str] = ()) -> None:
        """We ended the poll ourselves. It will have been listening until now, unless it had hardly begun: then an answer may have been on its way.
        That is not proved: should it be shown otherwise, `worked` tells."""
        if not self.failing and self.heard_until is not None and at - asked >= self.reach_ms:
            before = self.cut
            since = self.sure_until if before is None else before.begin
            heard = frozenset(devices) if before is None else before.devices
            self.cut = Cut(since, asked if before is None else before.asked, at, heard)
            self.heard_until = self.answered = at

    def asking(self, asked: int) -> Deaf | None:
        """Before a poll: what the Box will have forgotten when it reads it. To be told now, for that poll may wait for long, or fail."""
        if self.heard_until is None or asked - self.answered > BUFFER_MS:
            return None  # not heard at all: told when it is over
        return (
            self._forgot(self.heard_until, asked - BUFFER_MS + self.reach_ms)
            if asked - BUFFER_MS > self.heard_until
            else None
        )

    def worked(
        self, asked: int, answered: int, age: Age | None = None, known: bool = False, device: str = ""
    ) -> Deaf | None:
        """A poll worked: when nothing could be heard before it, if that is longer than the Box remembers. age: of the event it brought, from device;
        known: that had been heard before, and takes back nothing of what is heard since."""
        age = age or Age()
        begin, deaf = None if self.cut is None else self.cut.begin, self._cut_was_deaf(answered, age, known, device)
        heard_until, sure_until = answered - age.waited_ms, answered - age.most_ms
        if self.heard_until is not None:
            if age.waited_ms and not known:  # it lay there: the answer did not wait for it
                self.reach_ms = max(REACH_MS, answered - asked)
            read_by = min(answered, asked + self.reach_ms)
            if asked - self.answered > BUFFER_MS:
                deaf = Deaf(self.heard_until if begin is None else begin, asked)
            elif deaf is None and read_by - BUFFER_MS > self.heard_until:
                deaf = self._forgot(self.heard_until, read_by - BUFFER_MS)
            if known:
                heard_until, sure_until = max(heard_until, self.heard_until), max(sure_until, self.sure_until)
        self.heard_until, self.sure_until = heard_until, sure_until
        self.answered, self.failing = answered, False
        return deaf

    def _cut_was_deaf(self, answered: int, age: Age, known: bool, device: str) -> Deaf | None:
        """An event that is new, of a device the cut poll was asked for, from while that waited: a Box that listens would have answered."""
        cut = self.cut
        if cut is None:
            return None
        first, last = answered - age.most, answered - age.least
        if age.most and not known and device in cut.devices and cut.asked < first and last < cut.at - self.reach_ms:
            self.cut = None
            return Deaf(cut.begin, math.ceil(last))
        if not known and first >= cut.at:  # what lies in the buffer comes oldest first: there was nothing from then
            self.cut = None
        return None

    def _forgot(self, begin: int, end: int) -> Deaf:
        self.heard_until = end
        return Deaf(begin, end, forgot=True)


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
