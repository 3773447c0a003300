"""Errors of the poller, by what happens next.

FencedError          another poller writes this flow's cursor: the flow stops, the others go on
CursorError          the cursor can be neither written nor known to be unwritten: the process ends and is started again
CommandError         a command that nobody can carry out: a dead letter
"""

from __future__ import annotations

from streams.runtime.errors import InfrastructureError


class FencedError(Exception):
    """A newer poller has taken over this flow; nothing this one writes counts any more."""


class CursorError(InfrastructureError):
    """The cursor's producer is beyond repair."""


class CommandError(ValueError):
    """A command that cannot be carried out: says why."""
