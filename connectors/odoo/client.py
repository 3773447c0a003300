"""The only part that talks to Odoo: `execute_kw` over JSON-RPC by odoorpc, in threads, each with a connection of its own.

odoorpc is synchronous and its model cache is not safe to share, so there are as many threads as calls may run at once, nothing is shared and
no proxies are used. One call is one transaction in Odoo. Connections open on first use; a failed one is dropped and made anew by the next call.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from connectors.kit.errors import AuthError, ConflictError, ConnectorError, ForbiddenError, RetryError, UncertainError
from connectors.kit.metrics import CALL_SECONDS
from connectors.odoo.auth import connect
from connectors.odoo.errors import translated
from connectors.odoo.settings import OdooSettings

logger = logging.getLogger(__name__)

# Asked to find out whether a record or a model is there: that it is not is an answer, and whoever asked knows what it means.
_QUESTIONS = frozenset({"check_object_reference", "fields_get"})

# Between tries of one call. Longer troubles are for the retry tiers and the circuit breaker.
_PAUSES_SECONDS = (0.1, 0.4)
_LONGEST_PAUSE_SECONDS = 2.0

Ids = Sequence[int]
Domain = Sequence[Any]


class Odoo:
    """One database, as one user. Every method raises `connectors.kit.errors.ConnectorError`."""

    def __init__(self, settings: OdooSettings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="odoo")
        self._local = threading.local()

    async def ask(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """A call that changes nothing: whatever goes wrong, it can be made again."""
        return await self._call(model, method, args, kwargs, writes=False)

    async def tell(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """A call that changes something. Raises UncertainError when it may have been carried out although no answer came."""
        return await self._call(model, method, args, kwargs, writes=True)

    async def rows(
        self, model: str, domain: Domain, fields: Sequence[str], order: str = "id", **kwargs: Any
    ) -> list[dict[str, Any]]:
        """search_read: always with named fields and an order of its own, because each model has another default."""
        found: list[dict[str, Any]] = await self.ask(
            model, "search_read", list(domain), fields=list(fields), order=order, **kwargs
        )
        return found

    async def server_version(self) -> str:
        """For example `18.0` or `18.0-20250506`, as the server itself says."""
        return str(await asyncio.get_running_loop().run_in_executor(self._threads, self._version_in_thread))

    async def aclose(self) -> None:
        """Wait for calls under way and let the threads go."""
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)

    async def _call(self, model: str, method: str, args: Sequence[Any], kwargs: dict[str, Any], *, writes: bool) -> Any:
        work = partial(self._in_thread, model, method, list(args), kwargs, writes=writes)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _in_thread(self, model: str, method: str, args: list[Any], kwargs: dict[str, Any], *, writes: bool) -> Any:
        """One call, tried again at once when nothing can have been carried out: a hiccup must not cost the whole batch a retry tier."""
        pauses = iter(_PAUSES_SECONDS)
        denied = False
        while True:
            try:
                return self._once(model, method, args, kwargs, writes=writes)
            except (UncertainError, ConflictError, ForbiddenError):
                raise
            except AuthError:
                if denied:
                    raise
                denied = (
                    True  # a connection of before a restart or a rotation: one new login, then it is refused for good
                )
            except RetryError as error:
                pause = next(pauses, None)
                if pause is None or (error.retry_after or 0) > _LONGEST_PAUSE_SECONDS:
                    raise
                time.sleep(max(pause, error.retry_after or 0))

    def _once(self, model: str, method: str, args: list[Any], kwargs: dict[str, Any], *, writes: bool) -> Any:
        connection = self._connection()
        begin = time.monotonic()
        try:
            answer = connection.execute_kw(model, method, args, kwargs)
        except Exception as error:  # noqa: BLE001 - translated and raised again, whatever it is
            ours = translated(error, f"{model}.{method}", writes=writes)
            CALL_SECONDS.labels("odoo", f"{model}.{method}", ours.reason.value).observe(time.monotonic() - begin)
            if isinstance(ours, RetryError | AuthError):
                self._local.connection = None
            is_trouble = method not in _QUESTIONS or isinstance(ours, RetryError | AuthError)
            logger.log(
                logging.INFO if is_trouble else logging.DEBUG,
                "odoo_call_failed model=%s method=%s error=%s detail=%s", model, method, type(ours).__name__, ours,
            )  # fmt: skip
            raise ours from None  # the cause may quote what was sent
        CALL_SECONDS.labels("odoo", f"{model}.{method}", "ok").observe(time.monotonic() - begin)
        logger.debug("odoo_call model=%s method=%s seconds=%.3f", model, method, time.monotonic() - begin)
        return answer

    def _version_in_thread(self) -> str:
        params = {"service": "common", "method": "version", "args": []}
        try:
            return str(self._connection().json("/jsonrpc", params)["result"]["server_version"])
        except Exception as error:  # noqa: BLE001 - translated and raised again, whatever it is
            raise translated(error, "common.version", writes=False) from None

    def _connection(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            try:
                connection = connect(self._settings)
            except ConnectorError:
                raise
            except Exception as error:  # noqa: BLE001 - translated and raised again, whatever it is
                raise _unreached(translated(error, "login", writes=False), self._settings.url) from None
            self._local.connection = connection
        return connection


def _unreached(error: ConnectorError, url: str) -> ConnectorError:
    """With the address and what to look at, where nobody answered: whoever reads it may know of several Odoos. An address holds no credentials."""
    if not isinstance(error, RetryError):
        return error
    text = f"{error}; check that Odoo answers at {url} and that CAUSEWAY_ODOO__URL is right"
    return type(error)(text, retry_after=error.retry_after)
