"""Webhook actions as Odoo 18.0 sends them: one POST per record and internal write, during the transaction, one second's
patience, no retry. What cannot be delivered is lost, and the operation goes on.

Only loopback addresses are called: a sandbox talks to nobody else, any other address counts as refused.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env
    from connectors.odoo.sandbox.engine.fields import Row

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS = 1.0


class Webhooks:
    """Sends, and counts what came of it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def post(self, url: str, body: dict[str, Any]) -> None:
        """Never raises: a webhook that fails is a line in the log."""
        try:
            status = _send(url, json.dumps(body, sort_keys=True, default=str).encode())
        except (OSError, http.client.HTTPException, ValueError) as error:
            status = 0
            logger.info("sandbox_webhook_lost", extra={"error": type(error).__name__})
        with self._lock:
            self._counts["delivered" if 200 <= status < 400 else "lost"] += 1

    def as_json(self) -> dict[str, int]:
        with self._lock:
            return {"delivered": self._counts["delivered"], "lost": self._counts["lost"]}


def _send(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    if parts.scheme != "http" or not _is_loopback(parts.hostname or ""):
        raise ConnectionRefusedError("the sandbox calls loopback addresses only")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT_SECONDS)
    try:
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def payload(env: Env, action: Row, model: str, record_id: int) -> dict[str, Any]:
    """Names of the chosen fields with their values: many2one as id, times as text with microseconds."""
    found: dict[str, Any] = {"_model": model, "_id": record_id, "_action": f"{action['name']}(#{action['id']})"}
    names = [env.row("ir.model.fields", one)["name"] for one in action["webhook_field_ids"]]
    for name in ("id", *names) if names else ():
        value = env.value(model, record_id, name)
        found[name] = False if value is None else value
    return found
