"""SEC-1: the cluster's security settings reach Faust as they reach librdkafka."""

from __future__ import annotations

import ssl

import pytest
from pydantic import SecretStr

from streams.runtime.kafka import broker_credentials, broker_urls, ssl_context
from streams.runtime.runtime import Runtime
from streams.runtime.settings import RuntimeSettings
from streams.settings import KafkaSettings


def test_plaintext_needs_no_credentials() -> None:
    assert broker_credentials(KafkaSettings()) is None
    assert ssl_context(KafkaSettings()) is None


def test_login_over_tls() -> None:
    kafka = KafkaSettings(
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="u",
        sasl_password=SecretStr("secret-word"),
    )
    found = broker_credentials(kafka)
    assert (found.username, found.password, found.mechanism.value) == ("u", "secret-word", "SCRAM-SHA-512")
    assert found.protocol.value == "SASL_SSL"
    assert found.ssl_context.verify_mode is ssl.CERT_REQUIRED
    assert found.ssl_context.check_hostname
    assert "secret-word" not in repr(found)


def test_login_without_tls() -> None:
    kafka = KafkaSettings(security_protocol="SASL_PLAINTEXT", sasl_mechanism="PLAIN", sasl_username="u")
    found = broker_credentials(kafka)
    assert (found.protocol.value, found.mechanism.value, found.ssl_context) == ("SASL_PLAINTEXT", "PLAIN", None)


def test_tls_without_login() -> None:
    found = broker_credentials(KafkaSettings(security_protocol="SSL"))
    assert found.protocol.value == "SSL"
    assert found.context.verify_mode is ssl.CERT_REQUIRED


def test_server_without_a_port_is_named() -> None:
    assert broker_urls(KafkaSettings(bootstrap="a:1, b:2")) == ["kafka://a:1", "kafka://b:2"]
    with pytest.raises(ValueError, match="no port in 'b'"):
        broker_urls(KafkaSettings(bootstrap="a:1,b"))


@pytest.mark.parametrize("wrong", [{"revoke": 60.0}, {"session": 61.0}])
def test_times_that_contradict_each_other_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        RuntimeSettings(**wrong)


async def test_runtime_without_stages_is_refused() -> None:
    with pytest.raises(Exception, match="there is none"):
        Runtime([], KafkaSettings())
