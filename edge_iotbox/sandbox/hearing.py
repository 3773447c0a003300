"""The long poll as hw_drivers of Odoo 18.0 does it, weaknesses and all (seen live on build 18.0-20250506).

- A poll first gets the oldest event of its devices after `last_event` that is no older than five seconds; the buffer is pruned only then.
- Otherwise it waits for the next, at most fifty seconds, and is then answered with nothing.
- A poll replaces the session of the same id: who waited under it before is never woken again and gets nothing until its fifty seconds end.
- The first event wakes a poll; what follows before its answer stays in the buffer. Sessions unused for seventy seconds are forgotten.
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
        self.late: dict[str, list[Json]] = {}  # what the fault `reorder` held back

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
        if self.late.get(session_id):
            return self._given(session_id, self.late[session_id].pop(0))
        kept = [event for event in self.buffer if event["time"] >= now - BUFFER_SECONDS]
        self.buffer = kept
        fitting = [event for event in kept if event["device_identifier"] in devices and event["time"] > last_event]
        if reorder and len(fitting) > 1:
            self.late.setdefault(session_id, []).append(fitting[0])
            return self._given(session_id, fitting[1])
        if fitting:
            return self._given(session_id, fitting[0])
        if await self._clock.wait(session.woken, POLL_SECONDS) and session.answer is not None:
            return self._given(session_id, session.answer)
        return None

    def again(self, session_id: str) -> Json | None:
        """What that session got last."""
        return self.answered.get(session_id)

    def forget(self) -> None:
        """A restart: nothing survives it."""
        self.buffer, self.sessions, self.answered, self.late = [], {}, {}, {}

    def _given(self, session_id: str, event: Json) -> Json:
        answer = {**event, "session_id": session_id}
        self.answered[session_id] = answer
        return answer
