"""SEC-1: codes and tokens: what people type is understood, what is kept tells nothing, what is shown holds no secret."""

from __future__ import annotations

import os
import re

import pytest

from streams.gateway.credentials import Token, bearer, code_hash, is_same, new_code, new_token, token_hash


def test_a_code_is_easy_to_type() -> None:
    for _ in range(50):
        assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", new_code(os.urandom))
    assert new_code(lambda count: b"\x00" * count) == "0000-0000-0000-0000"
    assert new_code(lambda count: b"\xff" * count) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ"


@pytest.mark.parametrize(
    "typed", ["K7Q2-9F4M-XW3T-0BH1", "k7q29f4mxw3t0bh1", " K7Q2 9F4M XW3T OBHL ", "K7Q2-9F4M-XW3T-OBHI"]
)
def test_however_it_is_typed_it_is_the_same_code(typed: str) -> None:
    assert code_hash(typed) == code_hash("K7Q2-9F4M-XW3T-0BH1")


def test_another_code_is_another() -> None:
    assert code_hash("K7Q2-9F4M-XW3T-0BH2") != code_hash("K7Q2-9F4M-XW3T-0BH1")


def test_a_token_comes_back_from_its_header_and_shows_no_secret() -> None:
    token = new_token(os.urandom)
    assert bearer(f"Bearer {token.text}") == token
    assert bearer(f"bearer {token.text} ") == token
    assert token.secret not in repr(token)
    assert token.secret not in token_hash(token)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic cwe_0123456789ab_" + "s" * 43, "Bearer cwe_0123456789ab_" + "s" * 42, "Bearer cwe_0123456789AB_" + "s" * 43,
     "Bearer " + "c" * 100_000],
)  # fmt: skip
def test_what_is_no_token(header: str) -> None:
    assert bearer(header) is None


def test_digests_are_compared_whole() -> None:
    digest = token_hash(Token("0" * 12, "s" * 43))
    assert is_same(digest, digest)
    assert not is_same(digest, digest[:-1] + "x")
    assert not is_same(digest, "")
    assert not is_same(None, digest)
    assert not is_same(None, code_hash("nobody"))
    assert not is_same(
        None, __import__("hashlib").sha256(b"nobody").hexdigest()
    )  # what stands in for nothing is nobody's
