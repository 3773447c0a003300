"""The cluster's settings in Faust's words (librdkafka's are `KafkaSettings.librdkafka`)."""

from __future__ import annotations

import ssl
from typing import Any

import faust

from streams.settings import KafkaSettings


def broker_urls(kafka: KafkaSettings) -> list[str]:
    """`host:port,host:port` -> Faust's broker URLs. Raises ValueError for an entry without a port."""
    servers = [server.strip() for server in kafka.bootstrap.split(",") if server.strip()]
    for server in servers:
        if not server.rpartition(":")[2].isdigit():
            raise ValueError(f"CAUSEWAY_KAFKA__BOOTSTRAP: {server!r} has no port; write host:port")
    return [f"kafka://{server}" for server in servers]


def ssl_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """TLS as configured, None for plaintext. Certificates are always checked."""
    if not kafka.security_protocol.endswith("SSL"):
        return None
    context = ssl.create_default_context(cafile=kafka.ssl_ca_location or None)
    if kafka.ssl_certificate_location:
        context.load_cert_chain(kafka.ssl_certificate_location, kafka.ssl_key_location or None)
    return context


def broker_credentials(kafka: KafkaSettings) -> Any:
    """Faust's credentials, None for a plaintext cluster without login."""
    context = ssl_context(kafka)
    if kafka.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.sasl_password.get_secret_value(),
            mechanism=kafka.sasl_mechanism or "PLAIN",
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context is not None else None
