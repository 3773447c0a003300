"""One-time codes and tokens: how they look, what is kept of them. Pure: random bytes are passed in.

Kept are SHA-256 digests only. Plain ones are enough, for nothing here is chosen by people: a code has 80 random bits and lives minutes, a
token's secret has 256. Comparisons take the same time whatever was sent.

    code    K7Q2-9F4M-XW3T-0BHZ               what a person types at the Box; dashes, blanks and small letters do not matter
    token   cwe_NAME_SECRET                  NAME is public (12 hex digits) and says which credential it is
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field

CODE_BYTES, NAME_BYTES, SECRET_BYTES = 10, 6, 32
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that looks like something else
_FROM_BASE32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _LETTERS)
_MISREAD = str.maketrans("ILO", "110")
_TOKEN = re.compile(r"cwe_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODY = hashlib.sha256(b"nobody").hexdigest()

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it was sent. It shows itself without its secret."""

    name: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """What the Box keeps."""
        return f"cwe_{self.name}_{self.secret}"


def new_code(random_bytes: RandomBytes) -> str:
    """A code for a person to type: four groups of four."""
    letters = base64.b32encode(random_bytes(CODE_BYTES)).decode().translate(_FROM_BASE32)
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def code_hash(code: str) -> str:
    """What is kept of a code."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum()).translate(_MISREAD)
    return _digest(plain)


def new_token(random_bytes: RandomBytes) -> Token:
    """A token; its secret is known to the Box alone."""
    secret = base64.urlsafe_b64encode(random_bytes(SECRET_BYTES)).decode().rstrip("=")
    return Token(random_bytes(NAME_BYTES).hex(), secret)


def token_hash(token: Token) -> str:
    """What is kept of a token."""
    return _digest(token.secret)


def bearer(header: str) -> Token | None:
    """The token of an Authorization header; None when there is none of ours."""
    kind, _, text = header.partition(" ")
    found = _TOKEN.fullmatch(text.strip()) if kind.lower() == "bearer" and len(text) < 200 else None
    return Token(found[1], found[2]) if found else None


def is_same(kept: str | None, given: str) -> bool:
    """Whether two digests are the same; takes as long when nothing is kept."""
    return hmac.compare_digest(kept or _NOBODY, given) and kept is not None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
