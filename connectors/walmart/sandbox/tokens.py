"""Access tokens: issued against Basic credentials, valid for their lifetime and no longer. Kept in memory: a restarted
sandbox knows none, as a gateway that lost its sessions would."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.walmart.sandbox.errors import GATEWAY, ApiError
from connectors.walmart.sandbox.settings import Account


@dataclass(frozen=True)
class Token:
    """client_id: whose; issued_at, expires_at: epoch seconds."""

    client_id: str
    issued_at: float
    expires_at: float


def unauthorized(description: str) -> ApiError:
    return ApiError("UNAUTHORIZED", description, component=GATEWAY)


def basic_account(header: str | None, accounts: Mapping[str, Account]) -> Account:
    """The account of an ``Authorization: Basic`` header. Raises ApiError UNAUTHORIZED."""
    kind, _, encoded = (header or "").partition(" ")
    if kind.lower() != "basic":
        raise unauthorized("Authorization: Basic base64(clientId:clientSecret) is required")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise unauthorized("the Basic credentials are not valid base64") from error
    account = accounts.get(client_id)
    if account is None or not secrets.compare_digest(account.client_secret.encode(), secret.encode()):
        raise unauthorized("client id or client secret is wrong")
    return account


class Tokens:
    """The tokens in force."""

    def __init__(self, lifetime_seconds: int) -> None:
        self.lifetime_seconds = lifetime_seconds
        self.issued = 0
        self._tokens: dict[str, Token] = {}

    def issue(self, client_id: str, now: float) -> str:
        self._tokens = {text: token for text, token in self._tokens.items() if token.expires_at > now}
        text = f"eyJraWQiOiJzYW5kYm94In0.{secrets.token_urlsafe(120)}"
        self._tokens[text] = Token(client_id, now, now + self.lifetime_seconds)
        self.issued += 1
        return text

    def check(self, text: str, now: float) -> Token:
        """Raises ApiError UNAUTHORIZED for a token that is unknown (also with a prefix) or expired."""
        token = self._tokens.get(text)
        if token is None or token.expires_at <= now:
            raise unauthorized("the access token is invalid or expired")
        return token

    def revoke(self, text: str) -> None:
        self._tokens.pop(text, None)

    def clear(self) -> None:
        self._tokens.clear()
