"""Signs requests with an RSA key, for operations of an API that demand it (AUTH-8): PKCS#1 v1.5 with SHA-256, base64.

The key comes from the configuration's secret or a file that is read when it has changed, so that a new file is a rotation. Only the signature
and what is signed leave this module; neither the key nor a part of it stands in an error.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field, SecretStr, model_validator

from connectors.kit.errors import AuthError
from connectors.kit.settings import Part

SMALLEST_KEY_BITS = 2048


class KeySettings(Part):
    """An RSA private key in PEM."""

    private_key: SecretStr = Field(SecretStr(""), description="PEM text")
    private_key_file: str = Field("", description="a file that holds it, instead of private_key")
    passphrase: SecretStr = Field(SecretStr(""), description="of an encrypted key")

    @model_validator(mode="after")
    def _one_key(self) -> KeySettings:
        if self.private_key.get_secret_value() and self.private_key_file:
            raise ValueError("set private_key or private_key_file, one of them")
        return self

    @property
    def is_set(self) -> bool:
        return bool(self.private_key.get_secret_value() or self.private_key_file)

    def pem(self) -> bytes:
        """The key's text, a file read anew each time. Raises AuthError when it cannot be read."""
        if not self.private_key_file:
            return self.private_key.get_secret_value().encode()
        try:
            return Path(self.private_key_file).read_bytes()
        except OSError as error:
            raise AuthError(
                f"private_key_file cannot be read ({type(error).__name__}); check that it exists and may be read"
            ) from None


def signature(text: str, settings: KeySettings) -> str:
    """The text's signature in base64. Raises AuthError saying what is wrong with the key."""
    key = _key(settings.pem(), settings.passphrase.get_secret_value().encode() or None)
    return base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode("ascii")


@lru_cache(maxsize=16)
def _key(pem: bytes, passphrase: bytes | None) -> RSAPrivateKey:
    """Parsed once per text: parsing checks the key, which is dear."""
    try:
        key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Not chained: the library's words may quote the key's text.
        raise AuthError("the private key for signing is no PEM key, or its passphrase is wrong") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < SMALLEST_KEY_BITS:
        raise AuthError(f"the private key for signing is no RSA key of at least {SMALLEST_KEY_BITS} bits")
    return key
