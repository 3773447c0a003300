"""SEC-1, EDGE-3: a Box straight at Kafka by TLS, whose broker's certificate is over, and renewed: nothing goes out meanwhile, and nothing is lost."""

from __future__ import annotations

import logging
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from edge_iotbox.counters import Counters
from edge_iotbox.deliverer import Deliverer
from edge_iotbox.inventory import Inventory, Wanted
from edge_iotbox.kafka_sender import kafka_sender, schema_id_of
from edge_iotbox.listener import Shared
from edge_iotbox.settings import KafkaSettings
from edge_iotbox.skew import SkewMeter
from schemas.topics import HARDWARE_EVENTS
from tests.contract.certificates import certificate
from tests.edge.samples import BOX
from tests.edge.stage import draft, opened, teller
from tests.integration.gateway_kit import Gateways, gateways
from tests.waiting import until

__all__ = ["gateways"]  # the fixture


class TlsDoor:
    """TLS before a broker that has none. `shown`: the certificate of connections to come. The broker's own address in its answers becomes ours."""

    def __init__(self, broker: str, shown: Path) -> None:
        host, _, port = broker.partition(":")
        self.broker, self.shown = (host, int(port)), shown
        self.door = socket.create_server(("127.0.0.1", 0))
        self.refused = 0
        self._theirs = host.encode() + struct.pack(">i", int(port))
        self._ours = b"127.0.0.1" + struct.pack(">i", self.door.getsockname()[1])
        assert len(self._theirs) == len(self._ours)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.door.getsockname()[1]}"

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._one, args=(self.door.accept()[0],), daemon=True).start()

    def _one(self, plain: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.shown)
        try:
            caller = context.wrap_socket(plain, server_side=True)
        except OSError:
            self.refused += 1
            return
        with caller, socket.create_connection(self.broker) as called, suppress(OSError):
            threading.Thread(target=self._up, args=(caller, called), daemon=True).start()
            while size := called.recv(4, socket.MSG_WAITALL):
                whole = called.recv(struct.unpack(">i", size)[0], socket.MSG_WAITALL)
                caller.sendall(size + whole.replace(self._theirs, self._ours))

    def _up(self, caller: ssl.SSLSocket, called: socket.socket) -> None:
        with suppress(OSError):
            while data := caller.recv(65536):
                called.sendall(data)
            called.shutdown(socket.SHUT_RDWR)


@contextmanager
def tls_before(broker: str, shown: Path) -> Iterator[TlsDoor]:
    door = TlsDoor(broker, shown)
    thread = threading.Thread(target=door.serve, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        door.door.shutdown(socket.SHUT_RDWR)
        door.door.close()
        thread.join(10)


def test_a_brokers_certificate_that_is_over_stops_sending_until_it_is_renewed(
    gateways: Gateways, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SEC-1, EDGE-3: one clear line says why, the spool goes on taking, and with the new certificate everything arrives, once."""
    caplog.set_level(logging.INFO)
    over, good = certificate(tmp_path, -30, -1), certificate(tmp_path, -1, 30)
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(over.read_bytes() + good.read_bytes())
    asked = KafkaSettings(registry=gateways.registry_url)
    with tls_before(gateways.bootstrap, over) as door:
        settings = KafkaSettings(
            bootstrap=door.address, topic=gateways.prefix + HARDWARE_EVENTS, security="ssl", ca_file=str(authorities),
            schema_id=schema_id_of(asked), timeout_seconds=2,
        )  # fmt: skip
        spool = opened(tmp_path / "spool")
        shared = Shared(spool, teller(), Counters(), Inventory(), SkewMeter(), Wanted())
        deliverer = Deliverer(kafka_sender(settings), shared, tmp_path / "refused.jsonl")
        spool.append([draft(f"code-{number}") for number in range(5)])
        deliverer.once()
        assert deliverer.once() > 0
        assert shared.counters.sender_state == "certificate"
        spool.append([draft(f"code-{number}") for number in range(5, 10)])
        deliverer.once()
        assert spool.depth().events == 10
        assert gateways.published(BOX) == []
        assert door.refused > 0
        told = [record.getMessage() for record in caplog.records if record.name.startswith("edge_iotbox")]
        assert len(told) < 5, "a line at each try would fill the card"
        assert [line for line in told if line.startswith("not_sent")] == ["not_sent why=certificate"]
        (why,) = [line for line in told if line.startswith("kafka_trouble")]
        assert why.endswith(f"why=certificate problem={door.address}: certificate has expired")
        door.shown = good

        def sent() -> bool:
            deliverer.once()
            return spool.depth().events == 0

        until(sent, "the spool is empty")
        assert shared.counters.sender_state == "good"
        spool.close()
    assert [one["value"] for one in gateways.published(BOX)] == [f"code-{number}" for number in range(10)]
