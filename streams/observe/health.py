"""The HTTP endpoint of a process: `/metrics` for Prometheus, `/healthz` that is only well while work moves (OPS-8)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

logger = logging.getLogger(__name__)

HealthCheck = Callable[[], str]
"""Returns an empty text while all is well, else what is wrong."""

Notes = Callable[[], Iterable[str]]
"""What is wrong and not mended by starting the process again, a line each."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """No access log: a scrape every few seconds says nothing."""


class Endpoint:
    """Serves in a thread of its own. `close()` stops it."""

    def __init__(self, port: int, healthy: HealthCheck, host: str = "127.0.0.1", notes: Notes = lambda: ()) -> None:
        self._healthy = healthy
        self._notes = notes
        self._metrics = make_wsgi_app()
        self._server: WSGIServer = make_server(host, port, self._answer, handler_class=_Quiet)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="endpoint", daemon=True)
        self._thread.start()
        logger.info("endpoint_listening port=%d", self.port)

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path == "/metrics":
            return list(self._metrics(environ, start_response))
        if path != "/healthz":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/metrics or /healthz\n"]
        problem = self._healthy()
        start_response("503 Service Unavailable" if problem else "200 OK", [("Content-Type", "text/plain")])
        return ["\n".join([problem or "ok", *self._notes(), ""]).encode()]
