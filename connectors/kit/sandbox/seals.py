"""Texts a sandbox hands out and takes back, and nobody else can make: page tokens, addresses of documents."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any


class Seal:
    """A key made of a name and a seed, so that a restarted sandbox knows what it gave out."""

    def __init__(self, name: str, seed: int = 0) -> None:
        self._key = f"{name} of {seed}".encode()

    def signed(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def fits(self, text: str, signature: str) -> bool:
        return hmac.compare_digest(self.signed(text).encode(), signature.encode())

    def closed(self, data: Any) -> str:
        """Plain values as an opaque text."""
        text = base64.urlsafe_b64encode(json.dumps(data).encode()).decode()
        return f"{text}.{self.signed(text)[:24]}"

    def opened(self, sealed: str) -> Any:
        """What closed() was given. Raises ValueError for a text that is not of this seal."""
        text, _, signature = sealed.partition(".")
        if not hmac.compare_digest(self.signed(text)[:24].encode(), signature.encode()):
            raise ValueError("the text is not of this seal")
        try:
            return json.loads(base64.urlsafe_b64decode(text))
        except binascii.Error as error:
            raise ValueError("the text is not of this seal") from error
