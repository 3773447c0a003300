"""Documents of feeds and reports, behind addresses that Amazon hands out: five minutes long, signed, for whoever has them.

A token sent along is refused, and the content type has to be the announced one to the letter (amazon.md: model feeds_2021-06-30, guide to
the Feeds API). The address is as good as a secret: it stands in no log or error.
"""

from __future__ import annotations

import asyncio
import zlib
from urllib.parse import urlsplit

from connectors.kit.errors import ConnectorError, DataError, RetryError, TransientError
from connectors.kit.http import Answer, HttpClient, HttpSettings
from connectors.kit.http_errors import status_error

GZIP = "GZIP"
_TRIES = 2
# wbits of zlib: a gzip header is wanted.
_GZIP_BITS = 31


class Documents:
    """Uploads and downloads. One client for each host the addresses lead to."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._hosts: dict[str, HttpClient] = {}

    async def upload(self, url: str, content: bytes, content_type: str) -> None:
        """Put a document where Amazon said. Raises RetryError: nothing has been begun with it, so all of it can be done again."""
        await self._call("upload document", "PUT", url, content, {"Content-Type": content_type})

    async def download(self, url: str, compression: str = "") -> bytes:
        """The content, unpacked. Raises RetryError, DataError for what is too long or cannot be unpacked."""
        answer = await self._call("download document", "GET", url, None, {})
        if compression.upper() == GZIP:
            return unpacked(answer.body, self._settings.largest_answer_bytes)
        return answer.body

    async def fetch(self, url: str) -> tuple[bytes, str]:
        """(content as it lies there, its Content-Type): for readers that unpack a piece at a time. Raises as `download`."""
        answer = await self._call("download document", "GET", url, None, {})
        return answer.body, answer.headers.get("content-type", "")

    async def aclose(self) -> None:
        await asyncio.gather(*(client.aclose() for client in self._hosts.values()))
        self._hosts.clear()

    async def _call(
        self, operation: str, method: str, url: str, content: bytes | None, headers: dict[str, str]
    ) -> Answer:
        client, path = self._client(url)
        for left in range(_TRIES - 1, -1, -1):
            try:
                return await client.call(operation, method, path, headers=headers, content=content, repeatable=True)
            except RetryError:
                if not left:
                    raise
        raise AssertionError("the last try gives an answer or an error")

    def _client(self, url: str) -> tuple[HttpClient, str]:
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc}"
        if base not in self._hosts:
            try:
                self._hosts[base] = HttpClient(base, self._settings, refusal=refusal, system="amazon")
            except ValueError:
                raise TransientError("document: Amazon gave an address that is none") from None
        return self._hosts[base], parts.path + (f"?{parts.query}" if parts.query else "")


def refusal(answer: Answer) -> ConnectorError:
    """An address that is used too late or in the wrong way is refused with 4xx; a new one mends it."""
    if answer.status >= 500:
        return status_error(answer.status, answer.asked)
    return TransientError(
        f"{answer.asked.operation}: the store of documents answered {answer.status}; a new address is needed"
    )


def unpacked(content: bytes, most: int) -> bytes:
    """Content without its gzip. Raises DataError for what is none, is cut short, or is longer than `most` bytes."""
    unpacking = zlib.decompressobj(_GZIP_BITS)
    try:
        found = unpacking.decompress(content, most)
    except zlib.error:
        raise DataError("document: said to be gzip, but is not") from None
    if unpacking.unconsumed_tail:
        raise DataError(f"document: more than {most} bytes; raise ..._HTTP__LARGEST_ANSWER_BYTES if that is right")
    if not unpacking.eof:
        raise DataError("document: its gzip ends too early")
    return found
