"""Who we are to Walmart: the token call, and the headers of every call.

The access token goes bare into `WM_SEC.ACCESS_TOKEN`; in `Authorization: Bearer` the gateway answers UNAUTHORIZED, which looks like a bad
token. Seller keys (client credentials) get no refresh token: one asks again. A token lives 900 seconds. (Source: Walmart's pages "Get an
access token" and "Authentication and authorization", model auth.json.)
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from pydantic import SecretStr

from connectors.kit.errors import AuthError
from connectors.kit.grants import grant_in
from connectors.kit.http import HttpClient
from connectors.kit.tokens import Grant
from connectors.walmart.settings import WalmartAccount

TOKEN_PATH = "/v3/token"  # noqa: S105 - an address
_BODY = b"grant_type=client_credentials"


@dataclass(frozen=True, slots=True)
class Caller:
    """What every call says of us: WM_SVC.NAME, and the channel id where Walmart gave one."""

    service_name: str
    channel_type: str = ""

    def headers(self, correlation: str) -> dict[str, str]:
        """`correlation`: one id for a call and all its tries."""
        common = {
            "WM_QOS.CORRELATION_ID": correlation,
            "WM_SVC.NAME": self.service_name,
            "Accept": "application/json",
        }
        return {**common, "WM_CONSUMER.CHANNEL.TYPE": self.channel_type} if self.channel_type else common

    def with_token(self, correlation: str, token: SecretStr) -> dict[str, str]:
        return {**self.headers(correlation), "WM_SEC.ACCESS_TOKEN": token.get_secret_value()}


async def ask_for_token(http: HttpClient, account: WalmartAccount, caller: Caller, correlation: str) -> Grant:
    """A new access token. Raises AuthError for refused or unreadable credentials, else what a call raises."""
    headers = {
        **caller.headers(correlation),
        "Authorization": f"Basic {basic(account)}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = await http.call(
        "token fetch", "POST", TOKEN_PATH, headers=headers, content=_BODY, repeatable=True, correlation=correlation
    )
    return grant_in(answer)


def basic(account: WalmartAccount) -> str:
    """`clientId:clientSecret` in base64. Raises AuthError when the secret's file cannot be read."""
    try:
        secret = account.secret().get_secret_value()
    except (OSError, UnicodeDecodeError) as error:
        raise AuthError(
            f"client_secret_file cannot be read ({type(error).__name__}); check that it exists and may be read"
        ) from None
    return base64.b64encode(f"{account.client_id}:{secret}".encode()).decode()
