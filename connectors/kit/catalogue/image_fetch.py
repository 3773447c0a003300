"""Fetches a picture from an address that stands in a product: limits on time and size, and never from inside our own network.

An address in a product is input: it must not make us read a cloud's metadata service or a neighbour's console (SSRF). The host is resolved here,
every address of it is checked, and the connection goes to that address, so that a second answer of the name server changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

import httpx

from connectors.kit.catalogue.problems import BAD_IMAGE
from connectors.kit.errors import ConnectorError, DataError, TransientError
from connectors.kit.http import tls_context
from connectors.kit.http_errors import FOREIGN, Asked, foreign_error

_MOST_REDIRECTS = 3
_BUSY = frozenset((408, 425, 429))
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard(httpx.AsyncBaseTransport):
    """Passes on requests to public addresses only; each hop of a redirect comes through here."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, private_addresses: bool, resolve: Resolve = resolve) -> None:
        self._inner = inner
        self._private = private_addresses
        self._resolve = resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if url.scheme != "https" and not (self._private and url.scheme == "http"):
            raise _bad("has no https address")
        if url.userinfo:
            raise _bad("has a password in its address")
        try:
            found = await self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        except OSError:
            raise TransientError("the host of the picture cannot be resolved") from None
        if not found or not (self._private or all(_is_public(address) for address in found)):
            raise _bad(
                "is at a private address, where pictures are fetched only with the setting images.private_addresses"
            )
        # A new request, because a relative redirect is resolved against the old one's address. Its Host header keeps the name.
        direct = httpx.Request(
            request.method,
            url.copy_with(host=found[0]),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": url.host},
        )
        return await self._inner.handle_async_request(direct)

    async def aclose(self) -> None:
        await self._inner.aclose()


class ImageFetcher:
    """One client for all pictures. `fetch` raises DataError for what a person must mend, TransientError for what time mends."""

    def __init__(
        self,
        *,
        seconds: float = 30,
        largest_bytes: int = 30 * 2**20,
        private_addresses: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        self._seconds = seconds
        self._largest = largest_bytes
        self._private = private_addresses
        self._transport = transport
        self._resolve = resolve
        self._client: httpx.AsyncClient | None = None

    async def fetch(self, url: str) -> bytes:
        """The whole content."""
        failure: ConnectorError
        asked = Asked("fetch picture", _host(url), repeatable=True)
        try:
            async with asyncio.timeout(self._seconds), self._open().stream("GET", url) as answer:
                _check_status(answer.status_code)
                return await self._body(answer)
        except TimeoutError:
            failure = asked.left(f"did not finish within {self._seconds:g} seconds")
        except httpx.TooManyRedirects:
            failure = _bad("is redirected too often")
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            failure = _bad("has no valid https address")
        except FOREIGN as error:
            failure = foreign_error(error, asked)
        raise failure

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _body(self, answer: httpx.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in answer.aiter_bytes():
            size += len(part)
            if size > self._largest:
                raise _bad(f"is larger than {self._largest / 2**20:g} MB; make it smaller")
            parts.append(part)
        return b"".join(parts)

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            inner = self._transport or httpx.AsyncHTTPTransport(verify=tls_context(""), trust_env=False)
            self._client = httpx.AsyncClient(
                transport=Guard(inner, private_addresses=self._private, resolve=self._resolve),
                timeout=httpx.Timeout(self._seconds, connect=min(10, self._seconds)),
                follow_redirects=True,
                max_redirects=_MOST_REDIRECTS,
                trust_env=False,
                headers={"Accept": "image/jpeg,image/png,image/webp,image/*;q=0.5"},
            )
        return self._client


def _check_status(status: int) -> None:
    if status in _BUSY or status >= 500:
        raise TransientError(f"the host of the picture answered {status}")
    if not 200 <= status < 300:
        raise _bad(f"cannot be fetched: its host answered {status}; set the address right or make it public")


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_global and not (mapped or parsed).is_multicast


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host or "its host"
    except httpx.InvalidURL:
        return "its host"


def _bad(what: str) -> DataError:
    return DataError(f"the picture {what}", code=BAD_IMAGE)
