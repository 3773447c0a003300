"""Who we are to Amazon: Login with Amazon (LWA) tokens and restricted data tokens. No request is signed: SigV4 went in October 2023.

    a seller's token     refresh token -> access token, one hour; for everything about a selling partner
    a grantless token    client credentials with a scope; for notification destinations and for deleting subscriptions
    restricted data      a seller's token -> a token for some paths and some personal data of the old Orders API (v0); Orders 2026-01-01
                         needs none, it goes by the application's roles

A token goes into `x-amz-access-token`, never into Authorization. (Sources: LWA page of the developer documentation, model tokens_2021-03-01.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from connectors.amazon.settings import AmazonAccount
from connectors.kit.errors import AuthError
from connectors.kit.grants import grant_in
from connectors.kit.http import Answer, HttpClient
from connectors.kit.tokens import Grant

TOKEN_HEADER = "x-amz-access-token"  # noqa: S105 - a header's name
USER_AGENT = "Causeway/1 (Language=Python)"
SELLER = ""
NOTIFICATIONS = "sellingpartnerapi::notifications"
RESTRICTED_PATH = "/tokens/2021-03-01/restrictedDataToken"


async def ask_for_token(http: HttpClient, path: str, account: AmazonAccount, grant: str, correlation: str) -> Grant:
    """A new access token: the seller's, or a grantless one of that scope. Raises AuthError for refused or unreadable credentials, else what
    a call raises."""
    form = {"client_id": account.client_id, "client_secret": _read("client_secret", account).get_secret_value()}
    if grant == SELLER:
        form |= {"grant_type": "refresh_token", "refresh_token": _read("refresh_token", account).get_secret_value()}
    else:
        form |= {"grant_type": "client_credentials", "scope": grant}
    answer = await http.call(
        "token fetch",
        "POST",
        path,
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        },
        content=urlencode(form).encode(),
        repeatable=True,
        correlation=correlation,
    )
    return grant_in(answer)


def headers_with(token: SecretStr) -> dict[str, str]:
    """Of every call."""
    return {TOKEN_HEADER: token.get_secret_value(), "Accept": "application/json", "User-Agent": USER_AGENT}


def restricted_request(method: str, path: str, elements: Sequence[str]) -> dict[str, Any]:
    """The body that asks for a token for one path and these data elements: buyerInfo, shippingAddress, buyerTaxInformation."""
    return {"restrictedResources": [{"method": method, "path": path, "dataElements": list(elements)}]}


def restricted_grant(answer: Answer) -> Grant:
    """The restricted data token in an answer."""
    return grant_in(answer, ("restrictedDataToken",), ("expiresIn",))


def _read(name: str, account: AmazonAccount) -> SecretStr:
    try:
        return account.secret(name)
    except (OSError, UnicodeDecodeError) as error:
        raise AuthError(
            f"{name}_file cannot be read ({type(error).__name__}); check that it exists and may be read"
        ) from None
