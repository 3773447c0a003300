"""Documents of feeds and reports, behind addresses that Amazon hands out: five minutes long, signed, for whoever has them.

A token sent along is refused, and the content type has to be the announced one to the letter (amazon.md: model feeds_2021-06-30, guide to
the Feeds API). The address is as good as a secret: it stands in no log or error.

What comes is checked before anybody reads it: gzip has a checksum and an end of its own, and no document that is read here is a page of HTML. One
that came damaged is DamagedError, which a new address mends; how long that is believed is for the kit's `rereading`.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from connectors.kit.errors import ConnectorError, DataError, RetryError, TransientError
from connectors.kit.http import Answer, HttpClient, HttpSettings
from connectors.kit.http_errors import status_error
from connectors.kit.rereading import DamagedError

GZIP = "GZIP"
_TRIES = 2
_MAGIC, _MARK = b"\x1f\x8b", b"\xef\xbb\xbf"
_PIECE = 64 * 1024


class Documents:
    """Uploads and downloads. One client for each host the addresses lead to."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._hosts: dict[str, HttpClient] = {}

    async def upload(self, url: str, content: bytes, content_type: str) -> None:
        """Put a document where Amazon said. Raises RetryError: nothing has been begun with it, so all of it can be done again."""
        await self._call("upload document", "PUT", url, content, {"Content-Type": content_type})

    async def download(self, url: str, compression: str = "") -> bytes:
        """The content, unpacked. Raises RetryError (DamagedError for what came damaged), DataError for what is too long."""
        answer = await self._call("download document", "GET", url, None, {})
        if _is_zipped(answer, compression):
            return unpacked(answer.body, self._settings.largest_answer_bytes)
        return answer.body

    async def fetch(self, url: str, compression: str = "") -> tuple[bytes, str]:
        """(content as it lies there, its Content-Type): for readers that unpack a piece at a time. It has been unpacked once to its end, so it
        can be. Raises as `download`."""
        answer = await self._call("download document", "GET", url, None, {})
        if _is_zipped(answer, compression):
            for _ in _unzipped(answer.body, self._settings.largest_answer_bytes):
                pass
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
    """Content without its gzip. Raises DamagedError for what is none, is cut short or was changed, DataError for more than `most` bytes."""
    return b"".join(_unzipped(content, most))


def damage_of(table: bytes) -> str:
    """What shows that lines under a header, which are not gzip, are not as Amazon made them; empty where nothing does. Without a checksum it is their
    end that tells: one that breaks off before its last column, in a table whose other lines have all of theirs."""
    if table.startswith(_MAGIC):
        return ""
    if b"\0" in table:
        return "it has bytes that no text has"
    if not table.strip() or table.endswith(b"\n"):
        return ""
    header, *rows = table.split(b"\n")
    if not rows:
        return "it ends within its header"
    columns = header.count(b"\t")
    *others, last = (row.count(b"\t") for row in rows)
    return "it ends within a row" if last < columns <= min(others, default=columns) else ""


def _unzipped(content: bytes, most: int) -> Iterator[bytes]:
    if not content.startswith(_MAGIC):
        raise DamagedError("document: said to be gzip, but is not")
    size = 0
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        while piece := _piece(file):
            size += len(piece)
            if size > most:
                raise DataError(
                    f"document: more than {most} bytes; raise ..._HTTP__LARGEST_ANSWER_BYTES if that is right"
                )
            yield piece


def _piece(file: gzip.GzipFile) -> bytes:
    try:
        return file.read(_PIECE)
    except EOFError:
        raise DamagedError("document: its gzip ends too early") from None
    except (OSError, zlib.error) as error:
        raise DamagedError(f"document: its gzip is damaged ({type(error).__name__})") from None


def _is_zipped(answer: Answer, compression: str) -> bool:
    """Whether the body is gzip, or has to be. What was sent as `Content-Encoding: gzip` HTTP has unpacked already. Raises DamagedError for HTML."""
    if answer.body.removeprefix(_MARK).lstrip()[:1] == b"<":
        raise DamagedError("document: a page of HTML or XML came in its place")
    if answer.body.startswith(_MAGIC):
        return True
    return compression.upper() == GZIP and "gzip" not in answer.headers.get("content-encoding", "").lower()
