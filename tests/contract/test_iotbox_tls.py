"""SEC-1, EDGE-3: the edge speaks TLS 1.2 at least and checks who answers; a certificate that is over stops sending, never spooling."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.enrolment import NAME as ENROLMENT
from edge_iotbox.enrolment import Enrolment, write_enrolment
from edge_iotbox.gateway import Gateway, tls_context
from edge_iotbox.verdicts import Later, Taken
from tests.contract.certificates import certificate
from tests.edge.agents import running, settings_for
from tests.edge.samples import BOX
from tests.edge.servers import TOKEN, FakeGateway, MiniBox, served, until


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"through": 3, "config_version": 1}')

    def log_message(self, *_args: Any) -> None:
        return


@contextmanager
def tls_server(pem: Path, most: ssl.TLSVersion | None = None) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if most is not None:
        context.maximum_version = most
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # handshakes fail on purpose here
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def said(url: str, ca: Path | None) -> Any:
    gateway = Gateway(url, lambda: "token-0001", ca, 5)
    verdict = gateway.send([])
    gateway.close()
    return verdict


def test_a_good_certificate_is_taken(tmp_path: Path) -> None:
    pem = certificate(tmp_path, -1, 30)
    with tls_server(pem) as url:
        assert said(url, pem) == Taken(3, 1)


@pytest.mark.parametrize(
    ("days_from", "days_to", "name"), [(-30, -1, "127.0.0.1"), (1, 30, "127.0.0.1"), (-1, 30, "192.0.2.1")]
)
def test_one_that_is_over_not_yet_good_or_of_another_is_not(
    tmp_path: Path, days_from: int, days_to: int, name: str
) -> None:
    """Not yet good is also what a right one looks like while this machine's clock is wrong: it is tried again."""
    pem = certificate(tmp_path, days_from, days_to, name)
    with tls_server(pem) as url:
        assert said(url, pem) == Later("certificate")


def test_a_certificate_that_is_over_and_renewed_loses_nothing(tmp_path: Path) -> None:
    """EDGE-3: the spool keeps what cannot go, and it goes when the gateway shows the new one."""
    over, good = certificate(tmp_path, -30, -1), certificate(tmp_path, -1, 30)
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(over.read_bytes() + good.read_bytes())
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(over)
    (tmp_path / "spool").mkdir()
    write_enrolment(tmp_path / "spool" / ENROLMENT, Enrolment(TOKEN, BOX))
    with served(MiniBox()) as box, served(FakeGateway(), shown) as gateway:
        plain = settings_for(tmp_path / "spool", box, gateway)
        with running(replace(plain, send=replace(plain.send, ca_file=str(authorities)))) as agent:
            until(lambda: agent.shared.counters.sender_state == "certificate", "the refusal")
            box.press("a")
            until(lambda: agent.shared.counters.heard == 1, "the first scan")
            box.press("b")
            until(lambda: agent.shared.counters.heard == 2, "the second scan")
            assert agent.shared.spool.depth().events >= 2
            assert gateway.calls == []
            shown.load_cert_chain(good)
            until(lambda: gateway.receiver.values == ["a", "b"], "both scans", 60)


def test_an_unknown_signer_is_not_taken(tmp_path: Path) -> None:
    with tls_server(certificate(tmp_path, -1, 30)) as url:
        assert said(url, None) == Later("certificate")
        assert said(url, certificate(tmp_path, -2, 30)) == Later("certificate")


def test_nothing_below_tls_1_2() -> None:
    context = tls_context(None)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize(
    "url",
    ["http://gateway.example", "http://192.0.2.7:8443", "ftp://x", "https://", "https://user@host", "https://host?x=1"],
)
def test_addresses_that_would_show_the_token_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="gateway url"):
        Gateway(url, lambda: "")
