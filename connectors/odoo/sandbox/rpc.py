"""JSON-RPC as an Odoo 18 server speaks it: envelope, services `common`, `object` and `db`, errors."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from typing import Any

from connectors.odoo.sandbox.calls import RpcCalls
from connectors.odoo.sandbox.engine.database import SUPERUSER, Arrival, Database
from connectors.odoo.sandbox.engine.dispatch import exposure, invoke
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.errors import (
    AccessDeniedError,
    NoDatabaseError,
    SerializationFailureError,
    UserError,
    wire_message,
    wire_name,
)
from connectors.odoo.sandbox.models.users import authenticated, require_user
from connectors.odoo.sandbox.settings import SandboxSettings
from connectors.odoo.sandbox.strikes import NO_STRIKES, Strikes

logger = logging.getLogger(__name__)
VERSION = {
    "server_version": "18.0-20250506",
    "server_version_info": [18, 0, 0, "final", 0, ""],
    "server_serie": "18.0",
    "protocol_version": 1,
}


class Answerer:
    """Answers envelopes; used from many threads at once."""

    def __init__(self, settings: SandboxSettings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.calls = RpcCalls()

    def answer(self, envelope: dict[str, Any], strikes: Strikes = NO_STRIKES) -> dict[str, Any]:
        """An envelope with `result`, with `error`, or with neither: the answer of a method that returns nothing."""
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": envelope.get("id")}
        began, refused = time.monotonic(), ""
        params = envelope.get("params") or {}
        try:
            result = self._dispatch(strikes, **params)
            if result is not None:
                reply["result"] = result
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer, as on a real server
            refused = wire_name(error)
            reply["error"] = error_object(error)
        self._note(params, time.monotonic() - began, refused)
        return reply

    def _note(self, params: Any, seconds: float, refused: str) -> None:
        """Service, model and method; never arguments, which hold the password."""
        args = params.get("args") if isinstance(params, dict) else None
        called = [str(params.get("service")), str(params.get("method"))] if isinstance(params, dict) else ["", ""]
        model = ""
        if called[0] == "object" and isinstance(args, list) and len(args) > 4:
            model, called[1] = str(args[3]), str(args[4])
        self.calls.note(called[0], model, called[1], seconds, refused)
        logger.debug("sandbox_call", extra={"model": model, "method": called[1], "error": refused})

    def _dispatch(self, strikes: Strikes, service: str, method: str, args: list[Any]) -> Any:
        """Raises KeyError for an unknown service, TypeError where params are missing."""
        services: dict[str, Callable[[Strikes, str, list[Any]], Any]] = {
            "common": self._common, "object": self._object, "db": self._db,
        }  # fmt: skip
        return services[service](strikes, method, args)

    # ---- services

    def _common(self, strikes: Strikes, method: str, args: list[Any]) -> Any:
        match method:
            case "version":
                return VERSION
            case "login":
                return self._login(*args)
            case "authenticate":
                return self._login(*args[:3])
        raise AttributeError(f"Method not found: {method}")

    def _db(self, strikes: Strikes, method: str, args: list[Any]) -> Any:
        match method:
            case "list":
                return [self.settings.db]
            case "db_exist":
                return args[0] == self.settings.db
            case "server_version":
                return VERSION["server_version"]
        raise AccessDeniedError

    def _login(self, db: str, login: str, password: str) -> int | bool:
        self._require_db(db)
        return self.database.call(lambda env: authenticated(env, login, password), SUPERUSER, {}, reads=True) or False

    def _object(self, strikes: Strikes, method: str, args: list[Any]) -> Any:
        db, uid, password = args[0], args[1], args[2]
        self._require_db(db)
        match method:
            case "execute_kw":
                return self._execute(strikes, uid, password, *args[3:])
            case "execute":
                return self._execute(strikes, uid, password, args[3], args[4], args[5:])
        raise NameError(f"Method not available {method}")

    def _execute(
        self,
        strikes: Strikes,
        uid: int,
        password: Any,
        model: str,
        method: str,
        args: Any = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        arrival = self.database.arrival()
        self.database.call(lambda env: self._require_user(env, strikes, uid, password), SUPERUSER, {}, reads=True)
        return self.execute(uid, model, method, args, kwargs, strikes=strikes, arrival=arrival)

    def execute(
        self,
        uid: int,
        model: str,
        method: str,
        args: Any = (),
        kwargs: dict[str, Any] | None = None,
        *,
        strikes: Strikes = NO_STRIKES,
        arrival: Arrival | None = None,
    ) -> Any:
        """What execute_kw does once the user is known: rights, one transaction, the answer."""
        arrival = arrival or self.database.arrival()
        how = exposure(self.database.registry, model, method)
        options = dict(kwargs or {})
        context = options.pop("context", None) or {}
        _strike(strikes, method, how.reads)
        hold = None if how.reads else self.database.holds.drawn(model, method)
        if self.settings.latency_ms:
            time.sleep(self.settings.latency_ms / 1000)

        def work(env: Env) -> Any:
            return invoke(env, env[model], method, how, list(args or ()), dict(options))

        return self.database.call(
            work, uid, context, reads=how.reads, arrival=arrival, faults=strikes, hold=hold, called=(model, method)
        )

    def _require_user(self, env: Env, strikes: Strikes, uid: Any, password: Any) -> None:
        if strikes.denied:
            raise AccessDeniedError
        require_user(env, uid, password, self.settings.api_key)

    def _require_db(self, db: Any) -> None:
        if db != self.settings.db:
            raise NoDatabaseError(
                'connection to server at "localhost" (127.0.0.1), port 5432 failed: '
                f'FATAL:  database "{db}" does not exist\n'
            )


def _strike(strikes: Strikes, method: str, reads: bool) -> None:
    if strikes.serialization and not reads:
        raise SerializationFailureError
    if method == "create" and any(strikes.records):
        raise UserError("A record of this call is refused: a fault of the sandbox struck it.")


def error_object(error: Exception) -> dict[str, Any]:
    return {
        "code": 200,
        "message": "Odoo Server Error",
        "data": {
            "name": wire_name(error),
            "debug": "".join(traceback.format_exception(error)),
            "message": wire_message(error),
            "arguments": [one if isinstance(one, (str, int, float, bool)) else str(one) for one in error.args],
            "context": {},
        },
    }
