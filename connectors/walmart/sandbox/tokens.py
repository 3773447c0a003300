"""The credentials of a token call: Basic, as walmart.md section 1 says."""

import base64
import binascii
import secrets
from collections.abc import Mapping

from connectors.walmart.sandbox.errors import GATEWAY, ApiError
from connectors.walmart.sandbox.settings import Account


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
