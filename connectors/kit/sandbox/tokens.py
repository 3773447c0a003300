"""Access tokens: valid for their lifetime and no longer. Kept in memory: a restarted sandbox knows none, as a gateway that
lost its sessions would."""

import secrets
from dataclasses import dataclass


@dataclass(frozen=True)
class Token:
    """owner: whose; scope: what it is good for, where that matters; issued_at, expires_at: epoch seconds."""

    owner: str
    issued_at: float
    expires_at: float
    scope: str = ""


class Tokens:
    """The tokens in force. `prefix` is what their texts begin with, `issued` how many there ever were."""

    def __init__(self, lifetime_seconds: int, prefix: str = "") -> None:
        self.lifetime_seconds = lifetime_seconds
        self.issued = 0
        self._prefix = prefix
        self._tokens: dict[str, Token] = {}

    def issue(self, owner: str, now: float, scope: str = "") -> str:
        self._tokens = {text: token for text, token in self._tokens.items() if token.expires_at > now}
        text = f"{self._prefix}{secrets.token_urlsafe(120)}"
        self._tokens[text] = Token(owner, now, now + self.lifetime_seconds, scope)
        self.issued += 1
        return text

    def find(self, text: str, now: float) -> Token | None:
        """None for a token that is unknown (also with something before or after it) or expired."""
        token = self._tokens.get(text)
        return token if token is not None and token.expires_at > now else None

    def revoke(self, text: str) -> None:
        self._tokens.pop(text, None)

    def clear(self) -> None:
        self._tokens.clear()
