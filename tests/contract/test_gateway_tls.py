"""SEC-1: over a real socket: TLS 1.2 or newer by a certificate that is checked, renewed without a restart; slow callers are let go."""

from __future__ import annotations

import asyncio
import datetime
import os
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from schemas.hardware import to_batch
from streams import door
from streams.door import serving
from streams.gateway.run import open_gateway
from streams.gateway.tls import Certificate
from streams.settings import ConfigurationError, Settings
from tests.unit.gateway.kit import BOX, CODE, SPOOL, Kafka, events, gateway, with_code


def write_pair(folder: Path, serial: int) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(serial)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, private = folder / "gateway.pem", folder / "gateway.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    for file in (certificate, private):  # a later time than any file of before, however coarse the clock of the disk is
        os.utime(file, ns=(serial * 10**9, serial * 10**9))
    return certificate, private


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


async def serial_shown(port: int, context: ssl.SSLContext) -> int:
    _, writer = await asyncio.open_connection("localhost", port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return x509.load_der_x509_certificate(shown).serial_number


async def test_an_agent_that_checks_the_certificate_enrols_and_posts(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, 1001)
    kafka, certificate = Kafka(), Certificate(*map(str, pair))
    with_code(kafka)
    async with serving("the gateway", gateway(kafka).app, "127.0.0.1", 0, tls=certificate.context) as port:
        async with httpx.AsyncClient(verify=trusting(pair[0]), base_url=f"https://localhost:{port}/edge/v1") as client:
            token = (await client.post("/enrol", json={"code": CODE, "box": BOX})).json()["token"]
            client.headers.update({"Authorization": f"Bearer {token}", "Causeway-Spool": SPOOL.name})
            assert (await client.post("/events", content=to_batch([]))).status_code == 200
            assert (await client.post("/events", content=to_batch(events(1, 3)))).json()["through"] == 3
        async with httpx.AsyncClient() as stranger:
            with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                await stranger.get(f"https://localhost:{port}/edge/v1/config")


async def test_older_tls_is_refused(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, 1001)
    certificate = Certificate(*map(str, pair))
    async with serving("the gateway", gateway(Kafka()).app, "127.0.0.1", 0, tls=certificate.context) as port:
        assert certificate.context.minimum_version is ssl.TLSVersion.TLSv1_2
        newest = trusting(pair[0])
        newest.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await serial_shown(port, newest) == 1001
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
            old.minimum_version = ssl.TLSVersion.TLSv1
        with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.load_verify_locations(str(pair[0]))
        with pytest.raises(OSError):
            await serial_shown(port, old)


async def test_a_renewed_certificate_is_shown_and_a_broken_one_is_not(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, 1001)
    certificate = Certificate(*map(str, pair))
    async with serving("the gateway", gateway(Kafka()).app, "127.0.0.1", 0, tls=certificate.context) as port:
        assert await serial_shown(port, trusting(pair[0])) == 1001
        assert not certificate.renewed()
        write_pair(tmp_path, 2002)
        assert certificate.renewed()
        assert await serial_shown(port, trusting(pair[0])) == 2002
        good = trusting(pair[0])
        pair[1].write_text("no key")
        assert not certificate.renewed()
        assert await serial_shown(port, good) == 2002


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_cannot_be_used_is_told_at_start(tmp_path: Path, content: str | None) -> None:
    certificate, key = write_pair(tmp_path, 1001)
    certificate.unlink()
    if content:
        certificate.write_text(content)
    with pytest.raises(ConfigurationError, match="CAUSEWAY_GATEWAY__CERTIFICATE"):
        Certificate(str(certificate), str(key))


async def test_plain_http_beyond_this_machine_is_refused_before_anything_is_asked_of_kafka() -> None:
    settings = Settings.model_validate({"gateway": {"host": "0.0.0.0"}, "kafka": {"bootstrap": "127.0.0.1:1"}})
    with pytest.raises(ConfigurationError, match="loopback only"):
        async with open_gateway(settings):
            raise AssertionError("it listens")


async def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    """SEC-5"""
    kafka = Kafka()
    with_code(kafka)
    made = gateway(kafka, body_seconds=0.05)
    async with serving("the gateway", made.app, "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /edge/v1/enrol HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\n{")
        await writer.drain()
        assert (await asyncio.wait_for(reader.readline(), 60)).split()[1] == b"408"
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b""),
        (b"", b"GET /edge/v1/config HTTP/1.1\r\nHost: gate"),
        (b"GET /nowhere HTTP/1.1\r\nHost: gateway\r\n\r\n", b"GET /edge"),  # a second call that does not go on
        (
            b"POST /edge/v1/events HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\n",
            b"{",
        ),  # answered before its body
    ],
)
async def test_who_connects_and_says_no_more_is_let_go(
    monkeypatch: pytest.MonkeyPatch, first: bytes, then: bytes
) -> None:
    """SEC-5: connections are few; who keeps one without a call would keep the Boxes out."""
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.05)
    async with serving("the gateway", gateway(Kafka()).app, "127.0.0.1", 0, idle_seconds=3600) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if first:
            writer.write(first)
            assert (await asyncio.wait_for(reader.readline(), 60)).split()[1] in (b"401", b"404")
            await asyncio.wait_for(reader.readuntil(b"}"), 60)
        writer.write(then)
        await writer.drain()
        try:
            assert await asyncio.wait_for(reader.read(), 20) == b""  # its end: the other side closed
        finally:
            writer.close()
            await writer.wait_closed()


async def test_a_call_that_takes_long_is_not_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.01)
    let_go = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await let_go.wait()
        await Response("well")(scope, receive, send)

    async with serving("the gateway", slow, "127.0.0.1", 0) as port, httpx.AsyncClient(timeout=60) as client:
        call = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/"))
        await asyncio.wait({call}, timeout=0.2)
        let_go.set()
        assert (await call).text == "well"
