"""Errors of the poller, by what happens next.

FencedError          our hold on this flow's cursor is gone: the flow stops until the group confirms that it is ours
CursorError          the cursor can be neither written nor known to be unwritten: the same, reading it again tells
CommandError         a command that nobody can carry out: a dead letter
"""

from __future__ import annotations

from streams.runtime.errors import InfrastructureError


class FencedError(Exception):
    """A newer producer has taken over this cursor, or the broker ended our transaction; nothing this one writes counts any more."""


class CursorError(InfrastructureError):
    """The cursor's producer is beyond repair."""


class CommandError(ValueError):
    """A command that cannot be carried out: says why."""
