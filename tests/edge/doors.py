"""A door on loopback before a server: a test does to the connections what lines and networks do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def door(carry: Callable[[socket.socket], None], buffer_bytes: int | None = None) -> Iterator[str]:
    """Each connection that comes is carried in a thread of its own, until the end; yields host:port. `buffer_bytes`: what it receives unread."""
    listener = socket.socket()
    if buffer_bytes is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def poured(source: socket.socket, sink: socket.socket) -> threading.Thread:
    """The thread that passes on whatever comes, as fast as it comes; where one side ends, the sink is ended too."""

    def pour() -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=pour, daemon=True)
    thread.start()
    return thread
