"""PRD-1: images downloaded; SEC-5: an address in a product never makes us read from inside our own network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import httpx
import pytest

from connectors.kit.catalogue.image_fetch import ImageFetcher
from connectors.kit.errors import DataError, TransientError

PUBLIC = "93.184.215.14"
Handler = Callable[[httpx.Request], httpx.Response]


def fetcher(
    handler: Handler, addresses: Sequence[str] = (PUBLIC,), private: bool = False, **more: float
) -> ImageFetcher:
    async def resolve(host: str, port: int) -> Sequence[str]:
        if host == "nowhere.example":
            raise OSError
        return ["127.0.0.1"] if host == "inside.example" else addresses

    return ImageFetcher(
        private_addresses=private, transport=httpx.MockTransport(handler), resolve=resolve, largest_bytes=1000, **more
    )  # fmt: skip


def answers(status: int = 200, content: bytes = b"picture", **headers: str) -> Handler:
    return lambda request: httpx.Response(status, content=content, headers=headers)


async def test_the_content_and_a_connection_to_the_address_that_was_checked() -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"picture")

    assert await fetcher(handler).fetch("https://pictures.example/a.jpg?b=1") == b"picture"
    request = asked[0]
    assert str(request.url) == f"https://{PUBLIC}/a.jpg?b=1"
    assert request.headers["host"] == "pictures.example"
    assert request.extensions["sni_hostname"] == "pictures.example"  # the certificate is still checked for the name


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.1.2.3"], ["192.168.1.1"], ["172.16.0.1"], ["169.254.169.254"], ["0.0.0.0"], ["100.64.0.1"],
        ["::1"], ["fe80::1%eth0"], ["fd00::1"], ["::ffff:127.0.0.1"], ["224.0.0.1"], [PUBLIC, "10.1.2.3"], [], ["what"],
    ],
)  # fmt: skip
async def test_private_addresses_are_not_connected_to(addresses: list[str]) -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError("connected")

    with pytest.raises(DataError, match="private address"):
        await fetcher(never, addresses).fetch("https://pictures.example/a.jpg")


async def test_they_are_with_the_setting_for_sandboxes() -> None:
    assert await fetcher(answers(), ["127.0.0.1"], private=True).fetch("http://localhost:8080/a.jpg") == b"picture"


async def test_a_redirect_to_the_inside_is_not_followed_and_one_to_the_outside_is() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        to = {"/in": "https://inside.example/secret", "/out": "/b.jpg"}.get(request.url.path)
        return httpx.Response(302, headers={"Location": to}) if to else httpx.Response(200, content=b"picture")

    assert await fetcher(handler).fetch("https://pictures.example/out") == b"picture"
    with pytest.raises(DataError, match="private address"):
        await fetcher(handler).fetch("https://pictures.example/in")


async def test_a_redirect_stays_with_the_name_of_the_host() -> None:
    hosts: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        hosts.append(request.headers["host"])
        return (
            httpx.Response(200) if request.url.path == "/b.jpg" else httpx.Response(302, headers={"Location": "/b.jpg"})
        )

    await fetcher(handler).fetch("https://pictures.example/a.jpg")
    assert hosts == ["pictures.example", "pictures.example"]


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://pictures.example/a.jpg", "no https address"),
        ("ftp://pictures.example/a.jpg", "https address"),
        ("https://user:secret@pictures.example/a.jpg", "password in its address"),
        ("pictures.example/a.jpg", "https address"),
    ],
)
async def test_addresses_that_will_not_do(url: str, what: str) -> None:
    with pytest.raises(DataError, match=what) as caught:
        await fetcher(answers()).fetch(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"), [(404, DataError), (403, DataError), (503, TransientError), (429, TransientError)]
)
async def test_refusals_are_a_persons_or_times_to_mend(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(status)):
        await fetcher(answers(status)).fetch("https://pictures.example/a.jpg")


async def test_limits_on_size_redirects_and_time() -> None:
    with pytest.raises(DataError, match="larger than"):
        await fetcher(answers(content=b"x" * 1001)).fetch("https://pictures.example/a.jpg")
    with pytest.raises(DataError, match="redirected too often"):
        await fetcher(answers(302, Location="/again")).fetch("https://pictures.example/a.jpg")
    with pytest.raises(TransientError, match="cannot be resolved"):
        await fetcher(answers()).fetch("https://nowhere.example/a.jpg")

    async def hangs(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    slow = ImageFetcher(seconds=0.05, private_addresses=True, transport=httpx.MockTransport(hangs), resolve=_loopback)
    with pytest.raises(TransientError, match=r"within 0\.05 seconds"):
        await slow.fetch("https://pictures.example/a.jpg")
    await slow.aclose()


async def test_a_dropped_connection_is_transient() -> None:
    def drops(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset")

    with pytest.raises(TransientError):
        await fetcher(drops).fetch("https://pictures.example/a.jpg")


async def _loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]
