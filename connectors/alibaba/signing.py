"""Signatures of the 1688 open platform (open.1688.com, "API signature rules"; vectors in tests/unit/test_alibaba_signing.py). Pure.

A call and a push message are signed alike: every parameter but the signature itself as `key + value` (decoded text, empty values too), these
joined strings sorted by bytes, glued together; before them a call has its path. HMAC-SHA1 with the app's secret, upper-case hex.

What is sorted are the joined strings, not the keys: the two differ when one key begins with another one, such as `useOfficialSolution` and
`useOfficialSolutionModelList`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping

SIGNATURE = "_aop_signature"


def request_signature(path: str, parameters: Mapping[str, str], secret: str) -> str:
    """Of a call. path: from `param2` on, without leading slash or query: `param2/1/NAMESPACE/API/APPKEY`."""
    return _signed(path, parameters.items(), secret)


def message_signature(fields: Mapping[str, str], secret: str) -> str:
    """Of a push message: all its form fields as decoded, before any parsing; a message has no path."""
    return _signed("", fields.items(), secret)


def is_signed_message(fields: Mapping[str, str], secret: str) -> bool:
    """Whether the message carries its right signature. Takes equally long for every wrong one; its case does not matter."""
    given = fields.get(SIGNATURE, "").upper()
    return hmac.compare_digest(given.encode(errors="replace"), message_signature(fields, secret).encode())


def _signed(path: str, pairs: Iterable[tuple[str, str]], secret: str) -> str:
    # Half a surrogate pair is no text that could be sent; what stands for it makes the signature differ instead of failing.
    joined = sorted((key + value).encode(errors="replace") for key, value in pairs if key != SIGNATURE)
    return hmac.new(secret.encode(), path.encode() + b"".join(joined), hashlib.sha1).hexdigest().upper()
