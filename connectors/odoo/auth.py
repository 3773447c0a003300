"""Logging in: who we are to Odoo, and a connection that has proved it.

Odoo's JSON-RPC is stateless: the password or API key goes with every call. An API key is used exactly like a password, belongs to one user,
and can be withdrawn without changing that user's password (AUTH-4).
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

import odoorpc

from connectors.kit.errors import AuthError
from connectors.odoo.settings import OdooSettings

PORTS = {"http": 80, "https": 443}
SERIES = "18.0"


def connect(settings: OdooSettings) -> Any:
    """A logged-in odoorpc.ODOO. Raises AuthError, and whatever odoorpc and urllib raise (`connectors.odoo.errors` knows them)."""
    # odoorpc writes whole requests, password included, to its debug log.
    logging.getLogger("odoorpc").setLevel(logging.WARNING)
    secret = read_secret(settings)
    parts = urlsplit(settings.url)
    protocol = "jsonrpc+ssl" if parts.scheme == "https" else "jsonrpc"
    connection = odoorpc.ODOO(
        parts.hostname,
        protocol=protocol,
        port=parts.port or PORTS[parts.scheme],
        timeout=settings.timeout_seconds,
        version=SERIES,  # known, so the constructor needs no call of its own
    )
    connection.login(settings.db, settings.login, secret)
    return connection


def read_secret(settings: OdooSettings) -> str:
    """The password or key. Raises AuthError that says what to set."""
    try:
        settings.check_credentials()
        return settings.secret()
    except (ValueError, OSError) as error:
        raise AuthError(str(error)) from None
