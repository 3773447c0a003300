"""Is a port free, and if not, whose is it?"""

from __future__ import annotations

import errno
import os
import re
import socket
from pathlib import Path

from streams.stack.errors import PortTakenError, StackError
from streams.stack.process import PROC, command_line, wait_until

HOST = "127.0.0.1"
LINGER_SECONDS = 1.0  # a program that just died may need this long to let go of its port
LISTEN = "0A"  # state column of /proc/net/tcp, see proc_net_tcp in the kernel's documentation


def check_free(port: int, *, purpose: str, setting: str) -> None:
    """Raise PortTakenError, naming the program where known, when nothing more can listen on the port."""
    if not wait_until(lambda: _refused(port) is None, seconds=LINGER_SECONDS) and (error := _refused(port)):
        raise _refusal(error, port, purpose, setting) from error


def _refused(port: int) -> OSError | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error
    return None


def _refusal(error: OSError, port: int, purpose: str, setting: str) -> StackError:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
            f"port {port} on {HOST}, wanted for {purpose}, is taken by {occupant(port)}: stop it, or set {setting} to a "
            "free port"
        )
    return StackError(f"port {port} on {HOST}, wanted for {purpose}, cannot be used ({error.strerror}): set {setting}")


def occupant(port: int) -> str:
    """Who listens on the port, in words, as far as this user may know."""
    inodes = _listening_inodes(port)
    for entry in PROC.glob("[0-9]*") if inodes else ():
        if _holds(entry, inodes):
            return describe(int(entry.name))
    return "another program"


def describe(pid: int) -> str:
    """A process in words; one of our own stacks by its data folder."""
    arguments = command_line(pid)
    for argument in arguments:
        if own := re.match(r"-Dcauseway\.stack=(\w+):(.+)", argument):
            return f"the {own[1]} of the stack in {own[2]} (pid {pid})"
    words = " ".join(arguments)
    return f"pid {pid} ({words[:80]}{'...' if len(words) > 80 else ''})"


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (PROC / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def _holds(process: Path, inodes: set[str]) -> bool:
    try:
        return any(os.readlink(fd) in inodes for fd in (process / "fd").iterdir())
    except OSError:  # gone meanwhile, or another user's
        return False


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
