"""What Odoo, its client library and the network say -> our errors (`connectors.kit.errors`), in this one place.

Odoo answers HTTP 200 for every refusal; the class name in `error.data.name` says which kind (seen on 18.0, build 20250506). Texts of Odoo may
quote what was written, so only their leading words are kept: up to the first quote, colon, bracket or line break, without anything
that looks like an address or a number. What is quoted is kept where Odoo says that it is the name of a model or a field, and has the shape of one.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError

from odoorpc.error import Error as OdooRpcError
from odoorpc.error import RPCError

from connectors.kit.errors import (
    AuthError,
    ConflictError,
    ConnectorError,
    DataError,
    ForbiddenError,
    RuleError,
    ThrottledError,
    TransientError,
    UncertainError,
)

LOST_RACE = "could not serialize access"
_MOST_CHARACTERS = 160
_STOP = re.compile(r"[\n\"'`«»“”:;(\[<]")
# A quoted technical name, by the word before it: Invalid field 'x_a' on model 'sale.order'; its quotes go.
_TECHNICAL = re.compile(r"\b(model|field|column|relation|table|constraint) (?P<q>[\"'`])([a-z_][a-z0-9_.]{0,62})(?P=q)")
_NO_DATABASE = re.compile(r"database \"([\w.-]{1,63})\" does not exist")
_TELLING = re.compile(r"\S*@\S*|\S*\d{3,}\S*")
_MODEL = re.compile(r"\(([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)\)")
_VERB = re.compile(r"not allowed to (\w+)")
_GROUP = re.compile(r"^\s*- (.{1,80})$", re.MULTILINE)

# How Odoo 18 begins the texts of AccessError (models and fields, records).
_ACCESS = (
    "You are not allowed to",
    "You do not have enough rights",
    "Uh-oh! Looks like",
    "Due to security restrictions",
)
# Errors worth another try: PostgreSQL is away, or two transactions met.
_PASSING = ("psycopg2.", "odoo.http.SessionExpiredException", "builtins.MemoryError", "builtins.TimeoutError")


def safe_words(text: str) -> str:
    """The leading words of a text of Odoo, without what it quotes but names of models and fields. Never empty."""
    head = _STOP.split(_TECHNICAL.sub(r"\1 \3", text.strip()), maxsplit=1)[0]
    return _TELLING.sub("***", head)[:_MOST_CHARACTERS].strip() or "(no text)"


def translated(error: Exception, doing: str, *, writes: bool) -> ConnectorError:
    """Our error for a foreign one. `doing` names the call (model and method); `writes`: it may have changed something before it failed."""
    match error:
        case ConnectorError():
            return error
        case RPCError():
            return of_odoo(error.info, doing)
        case OdooRpcError():
            return TransientError(f"{doing}: the client lost its login ({type(error).__name__})")
        case HTTPError():
            error.close()
            return _of_http(error.code, error.headers.get("Retry-After"), doing, writes=writes)
        case json.JSONDecodeError() | UnicodeDecodeError() | LookupError() | TypeError() | AttributeError():
            # The last three come out of odoorpc when the JSON is not shaped like an answer of Odoo's.
            text = f"{doing}: no answer of Odoo's, or a garbled one ({type(error).__name__})"
            return UncertainError(text) if writes else TransientError(text)
        case URLError() if isinstance(error.reason, (ConnectionRefusedError, socket.gaierror, ssl.SSLError)):
            return TransientError(f"{doing}: Odoo cannot be reached ({type(error.reason).__name__})")
        case OSError() | HTTPException():
            # TimeoutError, URLError and resets are OSErrors. A request that left may be carried out whatever became of the answer.
            text = f"{doing}: no answer ({type(error).__name__})"
            return UncertainError(text) if writes else TransientError(text)
    return ConnectorError(f"{doing}: {type(error).__name__}")


def of_odoo(info: Any, doing: str) -> ConnectorError:
    """Our error for Odoo's error object; `info` is False where the login was refused."""
    data = info.get("data", {}) if isinstance(info, Mapping) else {}
    name = str(data.get("name", "")) or "odoo.exceptions.AccessDenied"
    text = str(data.get("message", ""))
    said = f"{doing}: {name.rpartition('.')[2]}: {safe_words(text)}"
    match name.rpartition(".")[2]:
        case "AccessDenied":
            return AuthError(
                f"{doing}: Odoo refused the login or API key; check CAUSEWAY_ODOO__LOGIN and CAUSEWAY_ODOO__PASSWORD"
            )
        case "AccessError":
            return _forbidden(doing, text)
        case "ValidationError" | "UserError" if speaks_of_rights(text):
            return _forbidden(doing, text)
        case "ValidationError":
            return DataError(said)
        case "UserError" | "RedirectWarning":
            return RuleError(said)
        case "MissingError":
            return ConflictError(f"{doing}: MissingError: a record was deleted meanwhile")
    if name.startswith(_PASSING) and (missing := _NO_DATABASE.search(text)):
        return AuthError(f"{doing}: Odoo has no database {missing[1]}; check CAUSEWAY_ODOO__DB")
    if name.startswith(_PASSING) or LOST_RACE in text:
        return TransientError(said)
    return ConnectorError(said)


def of_message(doing: str, text: str, field: str = "") -> ConnectorError:
    """Our error for a text of Odoo that came without its class, as the messages of `load()` do."""
    if speaks_of_rights(text):
        return _forbidden(doing, text)
    return DataError(f"{doing}: {f'field {field}: ' if field else ''}{safe_words(text)}")


def speaks_of_rights(text: str) -> bool:
    """Whether a text is that of an AccessError."""
    return text.startswith(_ACCESS)


def _forbidden(doing: str, text: str) -> ForbiddenError:
    """AccessError names the operation, the model and the groups that may; none of that is personal."""
    verb, model = _VERB.search(text), _MODEL.search(text)
    groups = ", ".join(_GROUP.findall(text))
    what = f"{verb.group(1)} {model.group(1)}" if verb and model else safe_words(text)
    remedy = f"; give its user one of the groups: {groups}" if groups else ""
    return ForbiddenError(f"{doing}: the user of CAUSEWAY_ODOO__LOGIN may not: {what}{remedy}")


def _of_http(code: int, retry_after: str | None, doing: str, *, writes: bool) -> ConnectorError:
    if code == 429:
        return ThrottledError(f"{doing}: HTTP 429", retry_after=_seconds(retry_after))
    if code in (401, 403):
        return AuthError(f"{doing}: HTTP {code}; something in front of Odoo refuses us")
    if code in (500, 502, 504) and writes:
        return UncertainError(f"{doing}: HTTP {code}")
    return TransientError(f"{doing}: HTTP {code}", retry_after=_seconds(retry_after))


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.strip().isdigit() else None
