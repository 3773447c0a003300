"""The other ends, small, by the standard library: a gateway that holds to its contract (or not, when told), and a Box of one scanner."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from schemas.hardware import BatchError, from_batch
from tests.edge.stage import Receiver

TOKEN = "sandbox-token-0001"
CODE = "sandbox-code-1"


@dataclass
class FakeGateway:
    """`receiver`: what is safe. `answers`: said instead of the truth, in order: (status, headers, body), or None = taken, but the answer is lost."""

    receiver: Receiver = field(default_factory=Receiver)
    token: str = TOKEN
    config: dict[str, Any] = field(default_factory=dict)
    config_version: int = 0
    answers: list[tuple[int, dict[str, str], dict[str, Any]] | None] = field(default_factory=list)
    refuse: Callable[[dict[str, Any]], bool] = lambda event: False
    health: list[dict[str, Any]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    most_events: int = 500
    url: str = ""

    def answer(
        self, method: str, path: str, headers: Any, body: bytes
    ) -> tuple[int, dict[str, str], dict[str, Any]] | None:
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        document = json.loads(body) if body else {}
        what = path.removeprefix("/edge/v1/")
        self.calls.append(what)
        if what == "enrol":
            if document["code"] != CODE:
                return 403, {}, {"error": "unknown, used or over"}
            return 200, {}, {"token": self.token, "config": self.config, "config_version": self.config_version}
        if headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {}, {}
        if what == "config":
            return 200, {}, {"config": self.config, "config_version": self.config_version}
        if what == "health":
            self.health.append(document)
            return 200, {}, {"config_version": self.config_version}
        return self._events(document)

    def _events(self, document: dict[str, Any]) -> tuple[int, dict[str, str], dict[str, Any]] | None:
        said = self.answers.pop(0) if self.answers and document["events"] else False
        if isinstance(said, tuple):
            return said
        if len(document["events"]) > self.most_events:
            return 413, {}, {}
        for index, item in enumerate(document["events"]):
            if self.refuse(item):
                return 422, {}, {"index": index, "problem": "value: cannot be"}
        try:
            events = from_batch(document)
        except BatchError as error:
            return 422, {}, {"index": error.index, "problem": str(error)}
        self.batches.append(len(events))
        through = self.receiver.take(events)
        if through is None:
            return 409, {}, {"expected": self.receiver.through + 1}
        return None if said is None else (200, {}, {"through": through, "config_version": self.config_version})


@dataclass
class MiniBox:
    """One scanner; `press` makes an event. `broken`: every call fails; `broken_looks`: so many looks at the homepage fail.

    `poll_seconds`: how long a poll waits. Of two polls of one session the one read last is answered, as at a real Box; `late`: so many polls are read
    only after the one that follows them. `ends_kept`: a connection takes one call, the next one on it finds it ended.
    """

    mac: str = "b8:27:eb:00:00:01"
    scanner: str = "usb_05e0:1200"
    broken: bool = False
    broken_looks: int = 0
    poll_seconds: float = 0.2
    late: int = 0
    ends_kept: bool = False
    polls: int = 0
    read: list[str] = field(default_factory=list)  # the sessions of polls, as they were read
    looks: int = 0
    more: dict[str, str] = field(default_factory=dict)  # further devices: identifier -> type
    events: list[dict[str, Any]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    url: str = ""
    shift: float = 0.0

    def press(self, value: str) -> None:
        event = {
            "value": value,
            "device_identifier": self.scanner,
            "time": time.time() + self.shift,
            "request_data": None,
        }
        with self.arrived:
            self.events.append(event)
            self.arrived.notify_all()

    def answer(
        self, method: str, path: str, headers: Any, body: bytes
    ) -> tuple[int, dict[str, str], dict[str, Any]] | None:
        if self.broken:
            return None
        if path == "/hw_posbox_homepage/data":
            self.looks += 1
            if self.broken_looks:
                self.broken_looks -= 1
                return 502, {}, {}
            devices = {self.scanner: "scanner", **self.more}
            listed = [
                {"identifier": name, "type": kind, "name": kind.title(), "value": ""} for name, kind in devices.items()
            ]
            return (
                200,
                {"Date": formatdate(time.time() + self.shift, usegmt=True)},
                {"mac": self.mac, "version": "L24.10", "iot_device_status": listed},
            )
        if path == "/hw_drivers/action":
            return 200, {}, {"jsonrpc": "2.0", "id": 1, "result": True}
        return 200, {}, {"jsonrpc": "2.0", "id": 1, **self._polled(json.loads(body)["params"]["listener"])}

    def _polled(self, listener: dict[str, Any]) -> dict[str, Any]:
        session, last = listener["session_id"], listener["last_event"]

        def fitting() -> list[dict[str, Any]]:
            is_last = place == len(self.read) - 1 - self.read[::-1].index(session)
            return [event for event in self.events if event["time"] > last] if is_last else []

        with self.arrived:
            self.polls += 1
            mine = self.polls
            self.arrived.notify_all()
            if self.late:
                self.late -= 1
                self.arrived.wait_for(lambda: self.polls > mine, 10)
            place = len(self.read)
            self.read.append(session)
            self.arrived.wait_for(fitting, self.poll_seconds)
            return {"result": found[0]} if (found := fitting()) else {}


End = TypeVar("End", FakeGateway, MiniBox)


@contextmanager
def served(end: End, tls: ssl.SSLContext | None = None) -> Iterator[End]:
    """Serves it on a free port of loopback until the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        calls: int = 0

        def _serve(self) -> None:
            self.calls += 1
            if self.calls > 1 and getattr(end, "ends_kept", False):
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answer = end.answer(self.command, self.path, self.headers, body)
            if answer is None:
                self.close_connection = True
                return
            status, headers, document = answer
            content = gzip.compress(json.dumps(document).encode())
            packed = "gzip" in self.headers.get("Accept-Encoding", "")
            content = content if packed else json.dumps(document).encode()
            self.send_response_only(status)
            for name, value in {
                **headers,
                "Content-Length": str(len(content)),
                **({"Content-Encoding": "gzip"} if packed else {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # who asked may have gone
                self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 - http.server's names

        def log_message(self, *_args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        # The handshake belongs to the thread of its connection: one that fails must not end the server's own.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    end.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield end
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def until(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Waits for a condition, with a limit."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)
