"""What happened since the agent's start, in numbers: for the metrics file, the health report and `status`. Each is written by one thread only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counters:
    """Plain numbers. Times are epoch microseconds, 0 = never."""

    heard: int = 0  # events taken from the Box
    repeated: int = 0  # answers that brought an event again
    unreadable: int = 0  # answers that were no event
    poll_errors: int = 0
    poll_gaps: int = 0  # stretches in which events may have been lost at the Box
    refused_full: int = 0  # events the spool could not take
    devices: int = 0
    box_up: bool = False
    heard_at: int = 0
    sent: int = 0  # events the other side said are safe
    send_errors: int = 0
    set_aside: int = 0  # events the other side will never take
    sent_at: int = 0
    sender_state: str = "starting"
    config_version: int = 0
