"""The gateway's part of the configuration: CAUSEWAY_GATEWAY__..."""

from __future__ import annotations

import ipaddress

from pydantic import Field

from connectors.kit.settings import Part


class GatewaySettings(Part):
    """Where agents of IoT Boxes post their events (EDGE-4, SEC-1)."""

    host: str = Field("127.0.0.1", description="address it listens on; anything but loopback needs a certificate")
    port: int = Field(8443, ge=0, le=65535, description="0 = any that is free, told in the log")
    certificate: str = Field(
        "", description="PEM file of the server's certificate and those that signed it; read again when it changes"
    )
    key: str = Field("", description="PEM file of its key")
    code_minutes: int = Field(
        15, ge=1, le=1440, description="how long a one-time code of `causeway gateway enrol` can be used"
    )
    requests_per_second: float = Field(20, gt=0, le=1000, description="of each Box; four times as many at once")
    events_per_second: float = Field(500, gt=0, le=100_000, description="of each Box; more is put off, never lost")
    connections: int = Field(512, ge=1, le=10_000, description="at a time")
    body_seconds: float = Field(60, gt=0, le=600, description="longest time a Box may take to send a body")
    publish_seconds: float = Field(
        10, ge=1, le=120, description="longest time Kafka may take to acknowledge; then the Box is told to come again"
    )

    def problem(self) -> str:
        """Why a gateway cannot start like this; empty when it can. For the gateway alone: other processes share the configuration."""
        if bool(self.certificate) != bool(self.key):
            return "CAUSEWAY_GATEWAY__CERTIFICATE and CAUSEWAY_GATEWAY__KEY go together"
        if not self.certificate and not is_loopback(self.host):
            return (
                f"CAUSEWAY_GATEWAY__HOST: {self.host} without CAUSEWAY_GATEWAY__CERTIFICATE and CAUSEWAY_GATEWAY__KEY: "
                "without a certificate the gateway listens on loopback only, behind a proxy that has one"
            )
        return ""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
