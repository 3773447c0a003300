"""The long poll as hw_drivers of Odoo 18.0 does it, weaknesses and all (seen live on build 18.0-20250506).

- A poll first gets the oldest event of its devices after `last_event` that is no older than five seconds; the buffer is pruned only then.
- Otherwise it waits for the next, at most fifty seconds, and is then answered with nothing.
- A poll replaces the session of the same id: who waited under it before is never woken again and gets nothing until its fifty seconds end.
- The first event wakes a poll; what follows before its answer stays in the buffer. Sessions unused for seventy seconds are forgotten.
- Two drivers that tell at the same moment may both wake it: its session then holds the second event when it gets to answer (`reorder`). The first
  one stays in the buffer, for who asks from before it.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from edge_iotbox.sandbox.clock import BoxClock

Json = dict[str, Any]
BUFFER_SECONDS = 5.0
POLL_SECONDS = 50.0
SESSION_SECONDS = 70.0


@dataclass
class Session:
    """One poll. `answer`: the event that woke it."""

    id: str
    devices: frozenset[str]
    asked_at: float
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    answer: Json | None = None


class Hearing:
    """Sessions and the buffer. Lives in one event loop."""

    def __init__(self, clock: BoxClock) -> None:
        self._clock = clock
        self.buffer: list[Json] = []
        self.sessions: dict[str, Session] = {}
        self.answered: dict[str, Json] = {}  # the last event each session got, for the fault `duplicate`

    def happened(self, event: Json) -> None:
        """An event of a device: into the buffer, and to every poll that waits for it and has not been woken yet."""
        self.buffer.append(event)
        for session in self.sessions.values():
            if event["device_identifier"] in session.devices and not session.woken.is_set():
                session.answer = event
                session.woken.set()

    async def poll(
        self, session_id: str, devices: frozenset[str], last_event: float, reorder: bool = False
    ) -> Json | None:
        """The next event for that session, with its id; None when none came."""
        now = self._clock.now()
        self.sessions = {name: one for name, one in self.sessions.items() if now - one.asked_at <= SESSION_SECONDS}
        session = self.sessions[session_id] = Session(session_id, devices, now)
        kept = [event for event in self.buffer if event["time"] >= now - BUFFER_SECONDS]
        self.buffer = kept
        fitting = [event for event in kept if event["device_identifier"] in devices and event["time"] > last_event]
        if fitting:
            return self._given(session_id, fitting[0])
        if not await self._clock.wait(session.woken, POLL_SECONDS) or session.answer is None:
            return None
        first = session.answer
        later = [
            event for event in self.buffer if event["device_identifier"] in devices and event["time"] > first["time"]
        ]
        return self._given(session_id, later[0] if reorder and later else first)

    def again(self, session_id: str) -> Json | None:
        """What that session got last."""
        return self.answered.get(session_id)

    def forget(self) -> None:
        """A restart: nothing survives it."""
        self.buffer, self.sessions, self.answered = [], {}, {}

    def _given(self, session_id: str, event: Json) -> Json:
        answer = {**event, "session_id": session_id}
        self.answered[session_id] = answer
        return answer
