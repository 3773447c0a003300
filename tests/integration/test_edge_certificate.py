"""SEC-1, EDGE-3: a Box straight at Kafka by TLS, whose broker's certificate is over, and renewed: nothing goes out meanwhile, and nothing is lost."""

from __future__ import annotations

import logging
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
from tests.edge.doors import door, poured
from tests.edge.samples import BOX
from tests.edge.stage import draft, opened, teller
from tests.integration.gateway_kit import Gateways, gateways
from tests.waiting import until

__all__ = ["gateways"]  # the fixture


@dataclass
class TlsDoor:
    """TLS before a broker that has none. `shown`: the certificate of connections to come. The broker's own address in its answers becomes ours."""

    broker: str
    shown: Path
    address: str = ""
    refused: int = 0

    def carry(self, plain: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.shown)
        try:
            caller = context.wrap_socket(plain, server_side=True)
        except OSError:
            self.refused += 1
            return
        theirs, ours = as_told(self.broker), as_told(self.address)
        host, _, port = self.broker.partition(":")
        with caller, socket.create_connection((host, int(port))) as called, suppress(OSError):
            poured(caller, called)
            while size := called.recv(4, socket.MSG_WAITALL):
                whole = called.recv(struct.unpack(">i", size)[0], socket.MSG_WAITALL)
                caller.sendall(size + whole.replace(theirs, ours))


def as_told(address: str) -> bytes:
    """host:port as it stands in a broker's answers."""
    host, _, port = address.partition(":")
    return host.encode() + struct.pack(">i", int(port))


@contextmanager
def tls_before(broker: str, shown: Path) -> Iterator[TlsDoor]:
    tls = TlsDoor(broker, shown)
    with door(tls.carry) as tls.address:
        assert len(as_told(tls.address)) == len(as_told(broker)), "answers would change their length"
        yield tls


def test_a_brokers_certificate_that_is_over_stops_sending_until_it_is_renewed(
    gateways: Gateways, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SEC-1, EDGE-3: one clear line says why, the spool goes on taking, and with the new certificate everything arrives, once."""
    caplog.set_level(logging.INFO)
    over, good = certificate(tmp_path, -30, -1), certificate(tmp_path, -1, 30)
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(over.read_bytes() + good.read_bytes())
    asked = KafkaSettings(registry=gateways.registry_url)
    with tls_before(gateways.bootstrap, over) as tls:
        settings = KafkaSettings(
            bootstrap=tls.address, topic=gateways.prefix + HARDWARE_EVENTS, security="ssl", ca_file=str(authorities),
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
        assert tls.refused > 0
        told = [record.getMessage() for record in caplog.records if record.name.startswith("edge_iotbox")]
        assert len(told) < 5, "a line at each try would fill the card"
        assert [line for line in told if line.startswith("not_sent")] == ["not_sent why=certificate"]
        (why,) = [line for line in told if line.startswith("kafka_trouble")]
        assert why.endswith(f"why=certificate problem={tls.address}: certificate has expired")
        tls.shown = good

        def sent() -> bool:
            deliverer.once()
            return spool.depth().events == 0

        until(sent, "the spool is empty")
        assert shared.counters.sender_state == "good"
        spool.close()
    assert [one["value"] for one in gateways.published(BOX)] == [f"code-{number}" for number in range(10)]
