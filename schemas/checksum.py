"""Checksums and ids. Deterministic: the same fact gets the same id wherever and whenever it is seen (ORD-5)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b

_DIGEST_BYTES = 16


def checksum(content: Mapping[str, object] | Sequence[object] | bytes, key: bytes = b"") -> str:
    """32 hex digits over `content`; dictionaries count by their keys, not by their order.

    `key` (at most 64 bytes) makes it a keyed hash, so that a checksum of personal data tells nothing to someone without the key.
    Raises TypeError for values JSON does not know: canonical content holds text, integers, booleans, None, lists and dictionaries.
    """
    if not isinstance(content, bytes):
        content = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return blake2b(content, digest_size=_DIGEST_BYTES, key=key[:64]).hexdigest()


def event_id(source: str, key: str, content_checksum: str) -> str:
    """The id of a fact: what `source` said about `key`, by content. 32 hex digits."""
    return blake2b(f"{source}\x00{key}\x00{content_checksum}".encode(), digest_size=_DIGEST_BYTES).hexdigest()
