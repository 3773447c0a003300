"""The demo's picture server: what a company's web server does for its shop, on loopback and over HTTP.

GET /odoo/MODEL/ID/FIELD    a picture as Odoo holds it, read by RPC, so that any Odoo will do
GET /SHA256.jpg             a checked picture out of the media folder, where the marketplace fetches it

python -m streams.demo.pictures --port 8500 --folder media      with CAUSEWAY_ODOO__URL, __DB, __LOGIN, __PASSWORD
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from streams.demo.odoo import OdooTarget, connect

_ODOO = re.compile(r"/odoo/(product\.[a-z.]{1,40})/(\d{1,12})/(image_[a-z0-9_]{1,40})")
_MEDIA = re.compile(r"/([0-9a-f]{64}\.jpg)")


class Pictures:
    """Pictures of one Odoo and one media folder. Used by several threads, which take turns at Odoo."""

    def __init__(self, target: OdooTarget, folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._lock = threading.Lock()
        self._client: Any = None

    def answer(self, path: str) -> tuple[HTTPStatus, bytes]:
        """What is at a path; 503 when Odoo cannot be asked now."""
        if found := _MEDIA.fullmatch(path):
            file = self._folder / found[1]
            return (HTTPStatus.OK, file.read_bytes()) if file.is_file() else (HTTPStatus.NOT_FOUND, b"")
        if not (asked := _ODOO.fullmatch(path)):
            return HTTPStatus.NOT_FOUND, b""
        try:
            content = self._read(asked[1], int(asked[2]), asked[3])
        except Exception:  # noqa: BLE001 - odoorpc lets through whatever a broken answer does to it; the next call logs in anew
            self._client = None
            return HTTPStatus.SERVICE_UNAVAILABLE, b""
        return (HTTPStatus.OK, content) if content else (HTTPStatus.NOT_FOUND, b"")

    def _read(self, model: str, record: int, field: str) -> bytes:
        with self._lock:
            client = self._client = self._client or connect(self._target)
            rows = client.execute_kw(model, "read", [[record], [field]], {})
        return base64.b64decode(rows[0][field] or "") if rows else b""


def server(pictures: Pictures, port: int = 0) -> ThreadingHTTPServer:
    """Bound to loopback, not serving yet."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = pictures.answer(self.path)
            self.send_response(status)
            self.send_header(
                "Content-Type", "application/octet-stream" if self.path.startswith("/odoo/") else "image/jpeg"
            )
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    options = argparse.ArgumentParser(prog="pictures", description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--folder", type=Path, required=True)
    args = options.parse_args()
    url, db, login, password = (os.environ[f"CAUSEWAY_ODOO__{name}"] for name in ("URL", "DB", "LOGIN", "PASSWORD"))
    with server(Pictures(OdooTarget(url, db, login, password), args.folder), args.port) as made:
        sys.stdout.write(f"pictures: listening on http://127.0.0.1:{made.server_port}\n")
        sys.stdout.flush()
        made.serve_forever()


if __name__ == "__main__":
    main()
