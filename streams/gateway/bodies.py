"""Bodies of calls: unpacked and parsed within limits, whatever was sent (SEC-5). Pure."""

from __future__ import annotations

import zlib
from typing import Any

import orjson

_GZIP = 16 + zlib.MAX_WBITS
_STEP = 64 * 1024


class BodyError(ValueError):
    """A body that cannot be read. `status`: what it is answered with."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


def plain(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """Unpacked, never more than the limit at a time in memory. Raises BodyError."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise BodyError(415, "Content-Encoding: gzip or none")
    return _unpacked(body, most_bytes)


def _unpacked(body: bytes, most_bytes: int) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    found, rest = bytearray(), body
    try:
        while not unpacking.eof:
            part = unpacking.decompress(rest, _STEP)
            rest = unpacking.unconsumed_tail
            found += part
            if len(found) > most_bytes:
                raise BodyError(413, f"more than {most_bytes} bytes when unpacked")
            if not part and not rest and not unpacking.eof:
                raise BodyError(400, "the gzip stream is cut off")
    except zlib.error as error:
        raise BodyError(400, "this is no gzip stream") from error
    if unpacking.unused_data:
        raise BodyError(400, "something follows the gzip stream")
    return bytes(found)


def parsed(body: bytes) -> Any:
    """What the JSON says. Raises BodyError, which quotes nothing of it."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BodyError(400, "this is no JSON in UTF-8") from error
