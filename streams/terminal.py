"""Who is at this terminal: what is done by hand is written down with a name."""

from __future__ import annotations

import getpass
import os
import socket


def who() -> str:
    """The person: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no entry for this user id, as in some containers
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
