"""HTTP to the outside: TLS 1.2 or newer with certificate checks, limits on time and size, errors that are ours, logs that tell nothing.

Plain http is allowed to loopback only, where sandboxes live. Redirects are not followed, proxies not taken from the environment
(settings name one where it is needed). Logged is the operation, status, duration and correlation id: no address, body or header.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import Field

from connectors.kit import exact_json, metrics
from connectors.kit.errors import ConnectorError, DataError, UncertainError
from connectors.kit.http_errors import FOREIGN, Asked, foreign_error, status_error
from connectors.kit.settings import Part

logger = logging.getLogger(__name__)


class HttpSettings(Part):
    """Limits of one client, and how it gets out."""

    connect_seconds: float = Field(10, gt=0, le=300)
    read_seconds: float = Field(60, gt=0, le=3600, description="longest silence of the other side")
    total_seconds: float = Field(
        120, gt=0, le=7200, description="longest call in all, so that a dripping answer ends too"
    )
    largest_answer_bytes: int = Field(16 * 1024 * 1024, ge=1024, description="longer answers are refused unread")
    connections: int = Field(20, ge=1, le=1000)
    proxy: str = Field("", description="http://host:port of a forward proxy")
    ca_file: str = Field("", description="PEM file of further certificate authorities")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    asked: Asked

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body with every digit kept. Unreadable JSON is an answer cut short: transient, or uncertain for what may not be repeated."""
        try:
            return exact_json.loads(self.body)
        except ValueError as error:
            raise self.asked.left(f"sent an answer that is no JSON ({error})") from None


Refusal = Callable[[Answer], ConnectorError]


def plain_refusal(answer: Answer) -> ConnectorError:
    """What a status means where the API has no words of its own."""
    return status_error(answer.status, answer.asked, retry_after=standard_retry_after(answer.headers))


def standard_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds in `Retry-After` (RFC 9110 section 10.2.3); its date form is not used by the APIs here."""
    text = headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


class HttpClient:
    """A client of one host. `refusal` turns an answer that is not 2xx into an error; `transport` replaces the network in tests.

    `system` is what metrics call the other side, by default its host.
    """

    def __init__(
        self,
        base_url: str,
        settings: HttpSettings,
        *,
        refusal: Refusal = plain_refusal,
        transport: httpx.AsyncBaseTransport | None = None,
        system: str = "",
    ) -> None:
        self._base = checked_base_url(base_url)
        self._settings = settings
        self._refusal = refusal
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self.host = httpx.URL(self._base).netloc.decode()
        self._system = system or self.host

    async def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        repeatable: bool | None = None,
        correlation: str = "",
    ) -> Answer:
        """One call; `path` is appended to the base as text, so a cursor stays as it was given. `repeatable` is so for GET unless said otherwise.

        Raises ConnectorError: for anything but a 2xx answer what `refusal` makes of it.
        """
        asked = Asked(operation, self.host, method in ("GET", "HEAD") if repeatable is None else repeatable)
        began = time.monotonic()
        status = 0
        try:
            answer = await self._answer(asked, method, self._base + path, headers, content)
            status = answer.status
        finally:
            seconds = time.monotonic() - began
            millis = round(seconds * 1000)
            metrics.CALL_SECONDS.labels(self._system, operation, str(status or "none")).observe(seconds)
            logger.debug("http_call", extra=_fields(operation, status, millis, correlation))
        if not answer.ok:
            raise self._refusal(answer)
        return answer

    async def _answer(
        self, asked: Asked, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        failure: ConnectorError
        try:
            async with (
                asyncio.timeout(self._settings.total_seconds),
                self._open().stream(method, url, headers=dict(headers), content=content) as response,
            ):
                body = await self._body(response, asked)
                kept = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, kept, body, asked)
        except TimeoutError:
            failure = asked.left(f"did not finish within {self._settings.total_seconds:g} seconds")
        except FOREIGN as error:
            failure = foreign_error(error, asked)
        # Raised out here, so that the foreign error is not chained: an illegal header is quoted in it, and that may be the token.
        raise failure

    async def _body(self, response: httpx.Response, asked: Asked) -> bytes:
        limit = self._settings.largest_answer_bytes
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > limit:
                text = f"{asked.operation}: {asked.host} sent more than {limit} bytes; raise ..._HTTP__LARGEST_ANSWER_BYTES if that is right"
                raise DataError(text) if asked.repeatable else UncertainError(text)
            parts.append(part)
        return b"".join(parts)

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            one = self._settings
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(one.read_seconds, connect=one.connect_seconds),
                limits=httpx.Limits(max_connections=one.connections, max_keepalive_connections=one.connections),
                verify=tls_context(one.ca_file),
                proxy=one.proxy or None,
                transport=self._transport,
                trust_env=False,
                follow_redirects=False,
            )
        return self._client

    async def aclose(self) -> None:
        """Close the connections; a later call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def checked_base_url(url: str) -> str:
    """The address without a trailing slash. Raises ValueError saying what is wrong with it."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("not an address; write https://host") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("not an address; write https://host")
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise ValueError(
            "an address without user, query and fragment is needed; credentials have settings of their own"
        )
    if parsed.scheme == "http" and not is_loopback(parsed.host):
        raise ValueError(f"plain http to {parsed.host} would send credentials in clear; write https://")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, told from its name alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@cache
def tls_context(ca_file: str = "") -> ssl.SSLContext:
    """TLS 1.2 or newer, certificate and host name checked (SEC-1). Made once: it is dear. Raises OSError for an unreadable file."""
    context = httpx.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


def _fields(operation: str, status: int, millis: int, correlation: str) -> dict[str, object]:
    return {"operation": operation, "status": status, "duration_ms": millis, "correlation": correlation}
