"""Packing stations (EDGE-5): CAUSEWAY_PACKING__..., or `[packing]` in the configuration file. Without a station nothing runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from connectors.kit.settings import Part, account_names
from streams.settings_patterns import Pattern


class StationSettings(Part):
    """One packing station: a scanner and perhaps a scale, both at one IoT Box, whose numbers tell what came first."""

    box: str = Field(
        min_length=1, description="identifier of the IoT Box its devices are at, as `causeway gateway boxes` shows it"
    )
    scanner: str = Field(min_length=1, description="identifier of the scanner at that Box, for example `usb_05e0:1200`")
    scale: str = Field(
        "", description="identifier of the scale at that Box, for example `/dev/ttyUSB0`; empty = nothing is weighed"
    )
    weight_unit: Literal["kg", "g", "lb", "oz"] = Field(
        "kg", description="what the scale's numbers mean: the Box does not tell"
    )

    @property
    def devices(self) -> tuple[str, ...]:
        """Keys on `hardware-events` of what belongs to it."""
        return tuple(f"box:{self.box}:{device}" for device in (self.scanner, self.scale) if device)


class PackingSettings(Part):
    """Which stations there are, and what a scan means."""

    stations: dict[str, StationSettings] = Field(default_factory=dict, description="name of the station -> its devices")
    transfer: Pattern = Field(
        r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+/[0-9]+",
        description="regular expression of the names of Odoo's transfers: a scan that is one as a whole opens or ends it",
    )
    close_codes: tuple[str, ...] = Field(
        ("O-BTN.validate", "OBTVALI"), description="scans that end the open transfer: Odoo's barcodes for Validate"
    )
    drop_codes: tuple[str, ...] = Field(
        ("O-CMD.cancel", "O-BTN.cancel", "OCDDISC"),
        description="scans that forget what was scanned of the open transfer",
    )
    idle_minutes: float = Field(60, gt=0, description="a transfer nothing is scanned of for so long counts as ended")
    repeat_milliseconds: int = Field(
        1500,
        ge=0,
        description="the transfer's own barcode again so soon after the scan before it is the same scan, read twice",
    )
    settled_milliseconds: int = Field(
        500, ge=0, description="a weight counts once the scale told nothing else for so long"
    )

    @field_validator("stations")
    @classmethod
    def _named(cls, value: dict[str, StationSettings]) -> dict[str, StationSettings]:
        return account_names(value)

    @model_validator(mode="after")
    def _apart(self) -> PackingSettings:
        whose: dict[str, str] = {}
        for name, station in self.stations.items():
            for device in station.devices:
                if device in whose:
                    raise ValueError(
                        f"stations: {device} belongs to {whose[device]} and to {name}; a device has one station"
                    )
                whose[device] = name
        return self
