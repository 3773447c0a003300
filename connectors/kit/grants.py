"""The token in an OAuth answer. (RFC 6749 section 5.1; APIs spell its fields in two ways.)"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from connectors.kit.http import Answer
from connectors.kit.tokens import Grant

_LONGEST_LIFE_SECONDS = 24 * 3600
_TOKENS = ("access_token", "accessToken")
_LIVES = ("expires_in", "expiresIn")


def grant_in(answer: Answer, tokens: Sequence[str] = _TOKENS, lives: Sequence[str] = _LIVES) -> Grant:
    """The token in an answer, under the first of these names. Raises what `Asked.left` gives when there is none."""
    content: Any = answer.json()
    if isinstance(content, dict):
        value = next((content[name] for name in tokens if content.get(name)), None)
        lifetime = _lifetime(next((content[name] for name in lives if content.get(name)), None))
        if isinstance(value, str) and value.isascii() and value.isprintable() and lifetime:
            return Grant(SecretStr(value), lifetime)
    raise answer.asked.left("gave no token with a lifetime")


def _lifetime(value: Any) -> timedelta | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return timedelta(seconds=seconds) if 0 < seconds <= _LONGEST_LIFE_SECONDS else None
