"""AUTH-8: requests of named operations carry Walmart's signature headers; nothing of the key leaves us."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr, ValidationError

from connectors.kit.errors import AuthError
from connectors.walmart.settings import WalmartAccount
from connectors.walmart.signing import SigningSettings, signed_headers
from tests.unit.walmart.fake import ACCOUNT, NOW, Fake, reply, settings_with

KEY = generate_private_key(65537, 2048)
OTHER = generate_private_key(65537, 2048)


def pem(key: Any = KEY, passphrase: bytes = b"") -> str:
    protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection).decode())


def settings(**changes: Any) -> SigningSettings:
    plain = {"consumer_id": "83f8", "key_version": "2", "private_key": pem(), "operations": ("get_item",)}
    return SigningSettings(**{**plain, **changes})


def verify(headers: dict[str, str], text: str, key: RSAPrivateKey = KEY) -> None:
    found = base64.b64decode(headers["WM_SEC.AUTH_SIGNATURE"], validate=True)
    key.public_key().verify(found, text.encode(), PKCS1v15(), SHA256())


def test_the_values_of_the_headers_are_signed_in_the_order_of_their_names() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    headers = signed_headers(settings(), "get_item", at)
    millis = str(int(at.timestamp() * 1000))
    expected = {"WM_CONSUMER.ID": "83f8", "WM_CONSUMER.INTIMESTAMP": millis, "WM_SEC.KEY_VERSION": "2"}
    assert {name: headers[name] for name in expected} == expected
    verify(headers, f"83f8\n{millis}\n2\n")
    with pytest.raises(InvalidSignature):
        verify(headers, f"83f8\n{millis}\n1\n")
    with pytest.raises(InvalidSignature):
        verify(headers, f"83f8\n{millis}\n2\n", OTHER)


def test_only_named_operations_are_signed_and_none_by_default() -> None:
    assert signed_headers(SigningSettings(), "get_item", NOW) == {}
    assert signed_headers(settings(), "set_price", NOW) == {}
    assert signed_headers(settings(operations=("*",)), "set_price", NOW) != {}


async def test_the_client_signs_each_try_anew() -> None:
    account = WalmartAccount(**{**ACCOUNT.model_dump(), "signing": settings()})
    answers = [reply(503), reply(200, {})]
    fake = Fake(lambda request: answers.pop(0), settings_with(accounts={"main": account}), account=account)
    await fake.client.call("get_item", "GET", "/v3/items/x")
    first, second = (dict(request.headers) for request in fake.requests)
    for sent in (first, second):
        headers = {name.upper(): value for name, value in sent.items()}
        text = "".join(
            headers[f"WM_{name}"] + "\n" for name in ("CONSUMER.ID", "CONSUMER.INTIMESTAMP", "SEC.KEY_VERSION")
        )
        verify(headers, text)
    assert first["wm_consumer.intimestamp"] < second["wm_consumer.intimestamp"]


def test_a_changed_key_file_is_a_rotation(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    one = settings(private_key="", private_key_file=str(file))
    with pytest.raises(AuthError, match="private_key_file cannot be read"):
        signed_headers(one, "get_item", NOW)
    for key in (KEY, OTHER):
        file.write_text(pem(key))
        verify(signed_headers(one, "get_item", NOW), f"83f8\n{int(NOW.timestamp() * 1000)}\n2\n", key)


def test_an_encrypted_key_needs_its_passphrase() -> None:
    locked = pem(passphrase=b"canary-pass")
    headers = signed_headers(settings(private_key=locked, passphrase="canary-pass"), "get_item", NOW)
    verify(headers, f"83f8\n{int(NOW.timestamp() * 1000)}\n2\n")
    with pytest.raises(AuthError) as caught:
        signed_headers(settings(private_key=locked, passphrase="wrong"), "get_item", NOW)
    assert "wrong is" not in str(caught.value)


@pytest.mark.parametrize(
    "bad",
    ["canary-no-key", pem(generate_private_key(65537, 1024)), pem(ec.generate_private_key(ec.SECP256R1()))],
)
def test_a_key_that_will_not_do_is_an_auth_error_that_tells_nothing_of_it(bad: str) -> None:
    with pytest.raises(AuthError) as caught:
        signed_headers(settings(private_key=bad), "get_item", NOW)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"consumer_id": ""}, "needs consumer_id"),
        ({"private_key": ""}, "needs consumer_id and private_key"),
        ({"private_key_file": "/x"}, "one of them"),
        ({"operations": ("dance",)}, "no operations: dance"),
    ],
)
def test_half_a_configuration_is_refused_at_start(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        WalmartAccount(client_id="id", client_secret=SecretStr("s"), signing=settings(**changes))
    assert "PRIVATE KEY" not in str(caught.value)
