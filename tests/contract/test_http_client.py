"""The HTTP client over real sockets: what the operating system says becomes ours (the rest is in tests/unit/kit/test_http.py)."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connectors.kit.errors import TransientError, UncertainError
from connectors.kit.http import HttpClient, HttpSettings


@contextmanager
def server(reply: bytes) -> Iterator[str]:
    """Takes one request, sends `reply` and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(reply)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


async def test_a_refused_connection_names_the_host_and_what_to_do(unused_tcp_port: int) -> None:
    async with HttpClient(f"http://127.0.0.1:{unused_tcp_port}", HttpSettings()) as client:
        with pytest.raises(
            TransientError, match=f"127.0.0.1:{unused_tcp_port} cannot be reached .*check that the host"
        ):
            await client.call("read", "POST", "/", headers={})


async def test_an_unknown_host_was_not_reached() -> None:
    async with HttpClient("https://no-such-host.invalid", HttpSettings()) as client:
        with pytest.raises(TransientError, match=r"no-such-host\.invalid cannot be reached"):
            await client.call("read", "POST", "/", headers={})


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", b"nonsense\r\n\r\n"])
async def test_a_connection_that_breaks_off_leaves_a_write_uncertain(reply: bytes) -> None:
    with server(reply) as url:
        async with HttpClient(url, HttpSettings()) as client:
            with pytest.raises(UncertainError, match="may have been carried out"):
                await client.call("write", "POST", "/", headers={}, content=b"{}")
    with server(reply) as url:
        async with HttpClient(url, HttpSettings()) as client:
            with pytest.raises(TransientError):
                await client.call("read", "GET", "/", headers={})
