"""Tells systemd that the agent is ready and alive (sd_notify(3)); nothing where there is no systemd."""

from __future__ import annotations

import os
import socket


def notify(message: str) -> None:
    """`READY=1`, `WATCHDOG=1`, `STOPPING=1`."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    address = "\0" + place[1:] if place.startswith("@") else place
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(message.encode(), address)
        except OSError:
            return
