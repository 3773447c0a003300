"""Foreign errors -> ours, a row each; and a guard for errors we do not know."""

from __future__ import annotations

import http.client
import inspect
import io
import json
from email.message import Message
from typing import Any
from urllib.error import HTTPError, URLError

import odoorpc.error
import odoorpc.rpc.error
import pytest

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
from connectors.odoo.errors import of_message, safe_words, translated
from schemas.reasons import Reason


def rpc(name: str, message: str = "Said so.") -> odoorpc.error.RPCError:
    return odoorpc.error.RPCError(message, {"code": 200, "data": {"name": name, "message": message}})


def http_error(code: int, **headers: str) -> HTTPError:
    found = Message()
    for name, value in headers.items():
        found[name.replace("_", "-")] = value
    return HTTPError("http://x", code, "x", found, io.BytesIO(b""))


@pytest.mark.parametrize(
    ("name", "message", "kind"),
    [
        ("odoo.exceptions.AccessDenied", "Access Denied", AuthError),
        ("odoo.exceptions.AccessError", "You are not allowed to create 'Contact' (res.partner) records.", ForbiddenError),
        ("odoo.exceptions.ValidationError", "No.", DataError),
        ("odoo.exceptions.UserError", "No.", RuleError),
        ("odoo.exceptions.RedirectWarning", "No.", RuleError),
        ("odoo.exceptions.MissingError", "Record does not exist", ConflictError),
        ("psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update", TransientError),
        ("psycopg2.OperationalError", "connection refused", TransientError),
        ("psycopg2.errors.DeadlockDetected", "deadlock detected", TransientError),
        ("odoo.http.SessionExpiredException", "Session expired", TransientError),
        ("builtins.ValueError", "Invalid field 'x' on model 'y'", ConnectorError),
        ("builtins.KeyError", "x", ConnectorError),
        ("something.new.Error", "x", ConnectorError),
    ],
)  # fmt: skip
def test_answers_of_odoo(name: str, message: str, kind: type[ConnectorError]) -> None:
    """AUTH-4, EVT-4: by the class Odoo names."""
    assert type(translated(rpc(name, message), "m.f", writes=True)) is kind


def test_a_database_that_is_not_there_is_told_by_its_setting() -> None:
    """AUTH-4: what a person has to mend, not Odoo's way to PostgreSQL."""
    said = (
        'connection to server at "db.example" (10.0.0.1), port 5432 failed: FATAL:  database "nosuch" does not exist\n'
    )
    found = translated(rpc("psycopg2.OperationalError", said), "login", writes=False)
    assert (type(found), str(found)) == (AuthError, "login: Odoo has no database nosuch; check CAUSEWAY_ODOO__DB")


def test_unknown_answers_are_bugs_and_a_refused_login_is_not() -> None:
    assert translated(rpc("builtins.ValueError"), "m.f", writes=True).reason is Reason.BUG
    refused = odoorpc.error.RPCError("Wrong login ID or password")
    assert isinstance(translated(refused, "login", writes=False), AuthError)


@pytest.mark.parametrize(
    ("error", "reading", "writing"),
    [
        (TimeoutError("timed out"), TransientError, UncertainError),
        (ConnectionResetError(), TransientError, UncertainError),
        (http.client.RemoteDisconnected("x"), TransientError, UncertainError),
        (http.client.IncompleteRead(b""), TransientError, UncertainError),
        (json.JSONDecodeError("x", "<html>", 0), TransientError, UncertainError),
        (KeyError("data"), TransientError, UncertainError),
        (URLError(TimeoutError()), TransientError, UncertainError),
        (URLError(ConnectionRefusedError()), TransientError, TransientError),  # it never left
        (odoorpc.error.InternalError("Login required"), TransientError, TransientError),
        (RuntimeError("x"), ConnectorError, ConnectorError),
    ],
)
def test_what_happens_on_the_way(error: Exception, reading: type[Exception], writing: type[Exception]) -> None:
    """EVT-4: a write whose answer did not come may have been carried out; a read is simply made again."""
    assert type(translated(error, "m.f", writes=False)) is reading
    assert type(translated(error, "m.f", writes=True)) is writing


@pytest.mark.parametrize(
    ("code", "kind"),
    [(401, AuthError), (403, AuthError), (404, TransientError), (502, UncertainError), (503, TransientError)],
)
def test_proxies_in_front_of_odoo(code: int, kind: type[Exception]) -> None:
    assert type(translated(http_error(code), "m.f", writes=True)) is kind


def test_a_proxy_that_throttles_says_for_how_long() -> None:
    found = translated(http_error(429, Retry_After="7"), "m.f", writes=True)
    assert isinstance(found, ThrottledError)
    assert found.retry_after == 7


def test_every_error_of_odoorpc_is_translated() -> None:
    """Fails the day the library adds an error that no row above covers."""
    known = {
        "Error",
        "RPCError",
        "InternalError",
        "ConnectorError",
    }  # the last is turned into InternalError by odoorpc itself
    found = {
        name
        for module in (odoorpc.error, odoorpc.rpc.error)
        for name, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, BaseException)
    }
    assert found == known


def test_a_missing_right_names_operation_model_and_groups() -> None:
    """AUTH-4: what Odoo 18 says, without what it quotes."""
    text = (
        "You are not allowed to create 'Contact' (res.partner) records.\n\nThis operation is allowed for the following groups:\n"
        "\t- Extra Rights/Contact Creation\n\nContact your administrator to request access if necessary."
    )
    found = str(of_message("res.partner", text))
    assert "create res.partner" in found
    assert "Extra Rights/Contact Creation" in found


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "The operation cannot be completed: duplicate key (email)=(ann@x.example)",
            "The operation cannot be completed",
        ),
        (
            "No matching record found for database id '77' in field 'Customer'",
            "No matching record found for database id",
        ),
        ("Contact ann@x.example is archived", "Contact *** is archived"),
        ("Call +15125550101 now", "Call *** now"),
        ("Customer “Ann” refused", "Customer"),
        ("Invalid field 'x_a' on model 'sale.order'", "Invalid field x_a on model sale.order"),
        ('Invalid field "x_a" in leaf ("name", "=", "Ann")', "Invalid field x_a in leaf"),
        ("Wrong value for field 'Ann Buyer'", "Wrong value for field"),
        ("The field 'ann@x.example' is wrong", "The field"),
        ("The customer 'ann' of model 'res.partner'", "The customer"),
        ("The field 'x_20155501234' is wrong", "The field *** is wrong"),
        ("", "(no text)"),
        ("x" * 500, "x" * 160),
    ],
)
def test_only_leading_words_of_odoos_texts_are_kept(text: str, kept: str) -> None:
    """SEC-3: they may quote what was written."""
    assert safe_words(text) == kept


def test_messages_hold_no_cause_text(caplog: Any) -> None:
    """SEC-3: URLs and arguments of the library's errors stay out."""
    found = translated(URLError(OSError("http://user:secret@host")), "m.f", writes=False)
    assert "secret" not in str(found)
