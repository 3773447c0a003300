"""SEC-5: bodies, quotas and settings from afar stay within what is allowed."""

from __future__ import annotations

import gzip
import tracemalloc
from typing import Any

import pytest

from schemas.edge_contract import CONFIGURATION, ContractError, configuration_from_words, configuration_of, health_of
from streams.door import Allowance
from streams.gateway.bodies import BodyError, parsed, plain
from streams.gateway.quotas import Quotas
from streams.gateway.settings import GatewaySettings, is_loopback

MOST = 1024 * 1024


def test_a_bomb_is_never_unpacked() -> None:
    bomb = gzip.compress(b"\x00" * 200 * MOST)
    tracemalloc.start()
    try:
        with pytest.raises(BodyError) as refused:
            plain(bomb, "gzip", MOST)
        assert tracemalloc.get_traced_memory()[1] < 4 * MOST
    finally:
        tracemalloc.stop()
    assert refused.value.status == 413


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, MOST])
def test_what_is_within_the_limit_comes_out_whole(size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert plain(gzip.compress(content), "gzip", MOST) == content
    assert plain(content, "", MOST) == content


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 2000, b"NaN", b'{"a": 1} x'])
def test_what_is_no_json_is_told_without_quoting_it(body: bytes) -> None:
    with pytest.raises(BodyError, match=r"^this is no JSON in UTF-8$"):
        parsed(body)


def test_an_allowance_with_a_burst_and_a_price() -> None:
    allowance = Allowance(2.0, 10.0)
    assert [allowance.takes(0.0) for _ in range(11)] == [True] * 10 + [False]
    assert allowance.wait(0.0) == 0.5
    assert allowance.takes(0.5)
    assert not allowance.takes(0.5)
    assert allowance.takes(100.0, 30)  # taken whole, and paid for afterwards
    assert allowance.wait(100.0) == 10.5
    assert not allowance.takes(110.0)
    assert allowance.takes(110.5)


def test_an_allowance_without_a_burst_holds_as_many_as_a_second_brings() -> None:
    allowance = Allowance(3)
    assert [allowance.takes(0.0) for _ in range(4)] == [True, True, True, False]


def test_a_box_is_put_off_and_the_next_is_not() -> None:
    quotas = Quotas(1.0, 10.0)
    assert [quotas.request("a", 0.0) for _ in range(5)] == [0, 0, 0, 0, 1.0]
    assert quotas.request("b", 0.0) == 0
    assert quotas.events("a", 400, 0.0) == 0
    assert quotas.events("a", 1, 0.0) == pytest.approx(30.1)
    assert quotas.events("a", 0, 0.0) == 0  # the question how far it is costs none
    assert quotas.events("b", 400, 0.0) == 0


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], {}),
        (["batch_events=100", "log_level=warning"], {"batch_events": 100, "log_level": "WARNING"}),
        (["devices=usb_05e0:1200, /dev/ttyUSB0"], {"devices": ["usb_05e0:1200", "/dev/ttyUSB0"]}),
        (["devices=all"], {"devices": []}),
        (["spool_days=", "spool_megabytes=64"], {"spool_days": None, "spool_megabytes": 64}),
    ],
)
def test_settings_as_people_write_them(words: list[str], found: dict[str, Any]) -> None:
    assert configuration_from_words(words) == found


@pytest.mark.parametrize(
    "word",
    [
        "batch_events", "token=x", "gateway=https://elsewhere", "batch_events=0", "batch_events=501", "batch_events=1e3", "batch_events=-1",
        "log_level=TRACE", "spool_days=many", "devices=a\x00b", "batch_events=" + "9" * 5000, "=1", "devices=" + "d" * 201,
    ],
)  # fmt: skip
def test_what_cannot_be_set_from_afar(word: str) -> None:
    """No credential, address or code is among what can."""
    with pytest.raises(ContractError):
        configuration_from_words([word])


@pytest.mark.parametrize(
    "document", [None, [], {"url": "x"}, {"devices": "all"}, {"batch_events": True}, {"log_level": []}]
)
def test_a_configuration_an_agent_does_not_take(document: Any) -> None:
    with pytest.raises(ContractError):
        configuration_of(document)


def test_nothing_that_can_be_set_names_a_credential_or_an_address() -> None:
    assert not [
        name
        for name in CONFIGURATION
        for word in ("token", "secret", "password", "url", "host", "code", "key")
        if word in name
    ]


def test_health_within_its_limits() -> None:
    assert health_of({"spool_events": 3, "own": "text", "clock_trusted": None}) == {
        "spool_events": 3,
        "own": "text",
        "clock_trusted": None,
    }


@pytest.mark.parametrize("wrong", [{"spool_events": "3"}, {"x": float("1e300")}, {"x": "\ud800"}, {"X": 1}, {1: 1}, []])
def test_health_that_is_none(wrong: Any) -> None:
    with pytest.raises(ContractError):
        health_of(wrong)


@pytest.mark.parametrize(
    ("host", "certificate", "key", "problem"),
    [
        ("127.0.0.1", "", "", ""), ("::1", "", "", ""), ("localhost", "", "", ""), ("0.0.0.0", "c", "k", ""),
        ("0.0.0.0", "", "", "loopback only"), ("gateway.example", "", "", "loopback only"), ("127.0.0.1", "c", "", "go together"),
        ("0.0.0.0", "", "k", "go together"),
    ],
)  # fmt: skip
def test_plain_http_is_for_loopback_alone(host: str, certificate: str, key: str, problem: str) -> None:
    """SEC-1"""
    found = GatewaySettings(host=host, certificate=certificate, key=key).problem()
    assert problem in found if problem else found == ""


def test_what_is_loopback() -> None:
    assert [is_loopback(host) for host in ("127.8.8.8", "10.0.0.1", "localhost.example")] == [True, False, False]
