"""Errors of the network become ours in one place; limits hold; nothing that must not be seen is seen."""

import asyncio
import inspect
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from connectors.kit.errors import (
    AuthError,
    ConflictError,
    ConnectorError,
    DataError,
    ForbiddenError,
    ThrottledError,
    TransientError,
    UncertainError,
)
from connectors.kit.http import HttpClient, HttpSettings, checked_base_url, is_loopback, tls_context
from connectors.kit.http_errors import FATES, FOREIGN, Fate

BASE = "https://api.example"
SECRET = "canary-secret-token"
Handler = Callable[[httpx.Request], httpx.Response]


def a_client(handler: Handler, **settings: Any) -> HttpClient:
    return HttpClient(BASE, HttpSettings(**settings), transport=httpx.MockTransport(handler))


async def call(handler: Handler, method: str = "GET", **settings: Any) -> ConnectorError:
    """The error of a call that fails."""
    async with a_client(handler, **settings) as client:
        with pytest.raises(ConnectorError) as caught:
            await client.call("list things", method, "/things", headers={"token": SECRET}, content=b"{}")
    return caught.value


def raising(error: Exception) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    return handler


def answering(status: int, body: bytes = b"", **headers: str) -> Handler:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, content=body, headers=named)


def foreign_classes() -> set[type[Exception]]:
    """All exception classes httpx has that a call can raise: those without subclasses of their own."""
    found = [kind for _, kind in inspect.getmembers(httpx, inspect.isclass) if issubclass(kind, Exception)]
    leaves = {kind for kind in found if not any(other is not kind and issubclass(other, kind) for other in found)}
    # StreamError and its kinds say that *we* read a response twice; status errors and cookies we never ask for.
    return {
        kind
        for kind in leaves
        if not issubclass(kind, httpx.StreamError | httpx.HTTPStatusError | httpx.CookieConflict)
    }


def test_every_error_httpx_can_raise_is_translated() -> None:
    """The guard: fails the day httpx adds an exception class that has no translation."""
    untranslated = {kind.__name__ for kind in foreign_classes() if not issubclass(kind, FOREIGN)}
    assert untranslated == set()
    assert len(foreign_classes()) >= 13


@pytest.mark.parametrize(("kind", "fate"), [(kind, fate) for kind, fate, _ in FATES])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_each_foreign_error_by_how_far_the_request_came(kind: type[Exception], fate: Fate, method: str) -> None:
    error = await call(raising(kind(SECRET)), method)
    expected = {
        Fate.NOT_SENT: TransientError,
        Fate.MAYBE_SENT: TransientError if method == "GET" else UncertainError,
        Fate.OUR_MISTAKE: ConnectorError,
    }
    assert type(error) is expected[fate]
    assert "list things" in str(error)
    assert "api.example" in str(error)


async def test_a_foreign_message_is_never_passed_on() -> None:
    """SEC-3: an illegal header is quoted by httpx with its value, which may be the token."""
    error = await call(raising(httpx.LocalProtocolError(f"Illegal header value {SECRET}")))
    assert SECRET not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None


async def test_a_refused_certificate_is_for_a_person_not_for_time() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        reason = ssl.SSLCertVerificationError(1, "certificate verify failed")
        reason.verify_message = "certificate has expired"
        raise httpx.ConnectError("") from reason

    error = await call(handler)
    assert type(error) is AuthError
    assert "certificate has expired" in str(error)


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (302, TransientError, TransientError),
        (400, DataError, DataError),
        (401, AuthError, AuthError),
        (403, ForbiddenError, ForbiddenError),
        (404, DataError, DataError),
        (408, TransientError, UncertainError),
        (409, ConflictError, ConflictError),
        (423, ConflictError, ConflictError),
        (429, ThrottledError, ThrottledError),
        (500, TransientError, UncertainError),
        (502, TransientError, UncertainError),
        (503, TransientError, TransientError),  # the gateway says it did not pass it on
        (504, TransientError, UncertainError),
    ],
)
async def test_statuses(status: int, read: type[Exception], write: type[Exception]) -> None:
    assert type(await call(answering(status))) is read
    assert type(await call(answering(status), "POST")) is write


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("", None), ("soon", None), ("99999999", None), ("-1", None)]
)
async def test_retry_after(header: str, seconds: float | None) -> None:
    error = await call(answering(429, retry_after=header))
    assert error.retry_after == seconds


async def test_an_answer_longer_than_the_limit_is_refused_unread() -> None:
    sent = 0

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 1
                yield b"x" * 1024

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Endless())

    error = await call(handler, largest_answer_bytes=4096)
    assert type(error) is DataError
    assert "4096 bytes" in str(error)
    assert sent == 5
    assert type(await call(handler, "POST", largest_answer_bytes=4096)) is UncertainError


async def test_a_dripping_answer_ends_with_the_total_time() -> None:
    class Dripping(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b"x"
                await asyncio.sleep(0.01)

    error = await call(lambda request: httpx.Response(200, stream=Dripping()), total_seconds=0.05)
    assert type(error) is TransientError
    assert "0.05 seconds" in str(error)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b"\xff"])
async def test_an_answer_that_is_no_json_is_tried_again_or_looked_after(body: bytes) -> None:
    async with a_client(answering(200, body)) as client:
        read = await client.call("read", "GET", "/", headers={})
        with pytest.raises(TransientError, match="no JSON"):
            read.json()
        written = await client.call("write", "POST", "/", headers={})
        with pytest.raises(UncertainError, match="may have been carried out"):
            written.json()


async def test_the_log_tells_the_call_and_nothing_of_its_content(caplog: pytest.LogCaptureFixture) -> None:
    """SEC-3."""
    caplog.set_level(logging.DEBUG, "connectors")
    async with a_client(answering(200, SECRET.encode())) as client:
        await client.call("list things", "GET", f"/things?q={SECRET}", headers={"token": SECRET}, correlation="c-1")
    ours = [record for record in caplog.records if record.name.startswith("connectors")]
    assert [
        (r.getMessage(), r.__dict__["operation"], r.__dict__["status"], r.__dict__["correlation"]) for r in ours
    ] == [("http_call", "list things", 200, "c-1")]
    assert SECRET not in str([record.__dict__ for record in ours])


async def test_the_path_is_sent_as_it_was_given() -> None:
    seen = []
    async with a_client(lambda request: seen.append(str(request.url)) or httpx.Response(200)) as client:  # type: ignore[func-returns-value]
        await client.call(
            "list", "GET", "/v3/orders?limit=10&createdStartDate=2026-11-20T10:00:00.000Z&x=%20", headers={}
        )
    assert seen == [f"{BASE}/v3/orders?limit=10&createdStartDate=2026-11-20T10:00:00.000Z&x=%20"]


async def test_proxies_of_the_environment_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    client = HttpClient(BASE, HttpSettings())
    assert not client._open()._mounts
    await client.aclose()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost/", "http://[::1]:1", "https://api.example/"]
)
def test_addresses_that_may_be_called(url: str) -> None:
    assert checked_base_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example",
        "ftp://api.example",
        "api.example",
        "",
        "https://",
        "https://user:pw@api.example",
        "https://a.example?x=1",
        "http://127.0.0.1.example",
        "http://[::1",
    ],
)
def test_addresses_that_may_not(url: str) -> None:
    """SEC-1: no credentials in clear over the network."""
    with pytest.raises(ValueError, match=r"address|https"):
        checked_base_url(url)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.8.9.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("localhost.example", False)],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_tls_is_new_enough_and_checks() -> None:
    """SEC-1."""
    context = tls_context()
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
