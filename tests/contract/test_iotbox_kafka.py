"""EDGE-2: the edge's own Avro encoder writes what fastavro would; its Kafka sender counts only what the broker has."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError
from hypothesis import given
from hypothesis import strategies as st

from edge_iotbox.avro import encode, schema
from edge_iotbox.kafka_sender import KafkaSender, SenderBrokenError, check_kafka, kafka_sender, librdkafka, schema_id_of
from edge_iotbox.settings import KafkaSettings, SettingsError
from edge_iotbox.verdicts import Later, Taken
from schemas.codec import load_schema
from schemas.hardware import from_json, to_json
from schemas.headers import decode_headers
from streams.runtime.producer import DEFAULTS
from tests.edge.samples import event
from tests.unit.failure.samples import codec

TEXT = st.text(max_size=40)
LONG = st.integers(-(2**63), 2**63 - 1)
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {"string": TEXT, "long": LONG, "boolean": st.booleans()}


def records() -> st.SearchStrategy[dict[str, Any]]:
    fields = {}
    for field in load_schema("hardware_event")["fields"]:
        kind = field["type"]
        fields[field["name"]] = st.none() | BY_TYPE[kind[1]] if isinstance(kind, list) else BY_TYPE[kind]
    return st.fixed_dictionaries(fields)


@given(records())
def test_every_record_is_the_same_bytes_as_by_fastavro(record: dict[str, Any]) -> None:
    codecs = codec()
    theirs = codecs.encode("hardware_event", record)
    ours = encode(int.from_bytes(theirs[1:5], "big"), record)
    assert ours == theirs
    assert codecs.decode("hardware_event", ours) == record


def test_an_event_is_its_record_on_both_ways() -> None:
    assert schema() == load_schema("hardware_event")
    decoded = codec().decode("hardware_event", codec().encode("hardware_event", to_json(event(weight="1.25"))))
    assert from_json(decoded) == event(weight="1.25")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sequence", 2**63),
        ("sequence", True),
        ("box", 7),
        ("clock_trusted", 1),
        ("device_time", "x"),
        ("value", "\ud800"),
    ],
)
def test_what_does_not_fit_is_named(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        encode(1, {**to_json(event()), field: value})


class Broker:
    """A producer whose broker takes the records of a list of outcomes; None = taken, a code = refused, "never" = no answer."""

    def __init__(self, outcomes: list[Any]) -> None:
        self.outcomes, self.produced, self.waiting = outcomes, list[Any](), list[Any]()

    def produce(self, topic: str, **record: Any) -> None:
        self.produced.append((topic, record))
        self.waiting.append((self.outcomes.pop(0), record["on_delivery"]))

    def flush(self, _seconds: float) -> int:
        for outcome, told in self.waiting:
            if outcome != "never":
                told(None if outcome is None else KafkaError(outcome), None)
        self.waiting = []
        return 0

    def poll(self, _seconds: float) -> int:
        return 0

    def purge(self) -> None:
        return


def sender(outcomes: list[Any], schema_id: Any = lambda: 7) -> tuple[KafkaSender, Broker]:
    broker = Broker(outcomes)
    return KafkaSender(cast(Any, broker), "hardware-events", "sandbox", schema_id, 1), broker


def test_only_the_leading_run_that_arrived_counts() -> None:
    """EDGE-3: what comes again has the same id."""
    events = [event(sequence) for sequence in (1, 2, 3, 4)]
    assert sender([None] * 4)[0].send(events) == Taken(4)
    assert sender([None, None, KafkaError._MSG_TIMED_OUT, None])[0].send(events) == Taken(2)
    assert sender([KafkaError._SSL, None, None, None])[0].send(events) == Later("_ssl")
    assert sender(["never", None, None, None])[0].send(events) == Later("broker")
    assert sender([])[0].send([]) == Later("not_known")


def test_key_headers_and_bytes_are_those_of_the_gateway() -> None:
    made, broker = sender([None])
    made.send([event(9)])
    ((topic, record),) = broker.produced
    assert (topic, record["key"]) == ("hardware-events", b"box:b8:27:eb:00:00:01:usb_05e0:1200")
    headers = decode_headers(tuple(record["headers"]))
    assert (headers.id, headers.version, headers.source, headers.env) == (event(9).id, 9, "iotbox", "sandbox")
    assert record["value"] == encode(7, to_json(event(9)))


@pytest.fixture
def registry() -> Iterator[tuple[str, list[Any]]]:
    asked: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            body = b'{"id": 41}' if "hardware-events-value" in self.path else b"{}"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_the_schemas_id_comes_from_settings_or_registry(registry: tuple[str, list[Any]]) -> None:
    url, asked = registry
    assert schema_id_of(KafkaSettings(schema_id=5)) == 5
    assert schema_id_of(KafkaSettings(registry=url)) == 41
    assert json.loads(asked[0][1]["schema"]) == load_schema("hardware_event")
    with pytest.raises(SettingsError, match=r"kafka\.schema_id"):
        schema_id_of(KafkaSettings(registry=url, topic="other"))
    with pytest.raises(SettingsError, match="set one of them"):
        schema_id_of(KafkaSettings())
    made, _ = sender([None], lambda: schema_id_of(KafkaSettings()))
    assert made.send([event()]) == Later("registry")


def test_tls_and_sasl_reach_librdkafka_and_secrets_stand_in_files(tmp_path: Path) -> None:
    """SEC-1."""
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    whole = KafkaSettings(bootstrap="k:9093", ca_file="/ca.pem", sasl_username="box-1", sasl_password_file=str(secret))
    config = librdkafka(whole)
    assert (config["security.protocol"], config["sasl.mechanism"], config["sasl.password"]) == (
        "sasl_ssl",
        "SCRAM-SHA-512",
        "s3cret",
    )
    assert (config["acks"], config["enable.idempotence"], config["ssl.ca.location"]) == ("all", True, "/ca.pem")
    assert config["partitioner"] == DEFAULTS["partitioner"], (
        "a device's events would be in two partitions when a Box changes its way"
    )
    assert "sasl.password" not in librdkafka(KafkaSettings(bootstrap="k:9093", security="ssl"))
    for wrong in (KafkaSettings(), KafkaSettings(bootstrap="k:9093")):
        with pytest.raises(SettingsError):
            librdkafka(wrong)
    assert check_kafka(KafkaSettings())[0] is False


def test_a_client_that_can_never_send_again_ends_the_agent() -> None:
    """EDGE-3: it is started anew, with all its events; to keep asking it would keep them for ever."""
    made, _ = sender([KafkaError._FATAL])
    made._trouble.told(KafkaError(KafkaError._FATAL, "producer fenced", fatal=True))
    with pytest.raises(SenderBrokenError, match="producer fenced"):
        made.send([event()])


def test_a_real_client_without_a_broker_says_later() -> None:
    made = kafka_sender(KafkaSettings(bootstrap="127.0.0.1:1", security="plaintext", schema_id=1, timeout_seconds=1))
    assert made.send([event()]) == Later("_transport")
    made.close()
