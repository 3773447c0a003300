"""Walmart's request signature (AUTH-8): off, for the US Marketplace asks for a token only; on for the operations that are named.

What is signed are the values of three headers in the order of their names, each with a line feed behind it:

    WM_CONSUMER.ID            who signs
    WM_CONSUMER.INTIMESTAMP   when, epoch milliseconds; Walmart takes a signature for five minutes
    WM_SEC.KEY_VERSION        with which of our keys

The signature goes into WM_SEC.AUTH_SIGNATURE. (Source: Walmart's pages on headers and digital signatures, API of Walmart's suppliers.)
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, model_validator

from connectors.kit.reading import millis_of
from connectors.kit.signing import KeySettings, signature

ALL = "*"


class SigningSettings(KeySettings):
    """Which operations are signed, by whom and with which key."""

    consumer_id: str = Field("", max_length=100)
    key_version: str = Field("1", pattern="[0-9A-Za-z._-]{1,20}")
    operations: tuple[str, ...] = Field(
        (), description="names of the operations to sign, as in the rate plan, or *; empty = none"
    )

    @model_validator(mode="after")
    def _complete(self) -> SigningSettings:
        if self.operations and not (self.consumer_id and self.is_set):
            raise ValueError("signing operations needs consumer_id and private_key or private_key_file")
        return self

    def signs(self, operation: str) -> bool:
        return operation in self.operations or ALL in self.operations


def signed_headers(settings: SigningSettings, operation: str, now: datetime) -> dict[str, str]:
    """The headers of a signed operation, none for one that is not signed. Raises AuthError when the key cannot be used."""
    if not settings.signs(operation):
        return {}
    headers = {
        "WM_CONSUMER.ID": settings.consumer_id,
        "WM_CONSUMER.INTIMESTAMP": str(millis_of(now)),
        "WM_SEC.KEY_VERSION": settings.key_version,
    }
    return {**headers, "WM_SEC.AUTH_SIGNATURE": signature(signable(headers), settings)}


def signable(headers: dict[str, str]) -> str:
    """The text that is signed."""
    return "".join(f"{headers[name].strip()}\n" for name in sorted(headers))
