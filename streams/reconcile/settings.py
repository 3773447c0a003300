"""How books are held against each other: CAUSEWAY_RECONCILE__..."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import Field, field_validator

from connectors.kit.settings import Part
from schemas.topics import parse_tier

OFF = "off"


class ReconcileSettings(Part):
    """REC-1: when it is done by itself, how far back, and what is no difference."""

    every: str = Field(
        "24h",
        description="how often it is done by itself, counted from `at`: 24h, 6h, ...; `off` = only by the command",
    )
    at: time = Field(time(2, 0), description="UTC; the time of day it is done at, the first one of several")
    since_days: int = Field(30, ge=1, le=365, description="how far back things are looked at that were made since")
    grace_minutes: float = Field(
        60, ge=0, le=10_080, description="what changed this short a time ago on either side is not judged yet"
    )
    amount_tolerance: Decimal = Field(Decimal(1), ge=0, description="amounts may differ by so much, in their currency")
    amount_tolerance_percent: Decimal = Field(Decimal(0), ge=0, le=100, description="or by so much of Odoo's amount")
    quantity_tolerance: Decimal = Field(Decimal(0), ge=0, description="quantities of a line may differ by so much")
    hand_made: Literal["tell", "leave"] = Field(
        "tell",
        description="what was made by hand at the other side and stands nowhere in Odoo: a difference, or left alone",
    )
    most_entries: int = Field(20_000, ge=100, le=500_000, description="of one book; with more, nothing is said")
    most_looks: int = Field(
        300,
        ge=1,
        le=10_000,
        description="so many things that differ are looked at again, one by one, before they are told",
    )
    most_findings: int = Field(500, ge=1, le=5_000, description="so many are told in the event; the count is of all")
    limit_seconds: float = Field(900, gt=0, description="one look at both books may take so long")

    @field_validator("every")
    @classmethod
    def _interval(cls, value: str) -> str:
        if value != OFF and not timedelta(minutes=5) <= parse_tier(value) <= timedelta(days=7):
            raise ValueError("want 5m to 168h, or off")
        return value

    @field_validator("at")
    @classmethod
    def _naive(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("is UTC already: write it without a zone, for example 02:00")
        return value

    @property
    def is_on(self) -> bool:
        return self.every != OFF

    def newest_due(self, now: datetime) -> datetime:
        """The last moment, not after `now`, at which it was to be done. Only where `is_on`."""
        step = parse_tier(self.every)
        begin = datetime.combine(now.astimezone(UTC).date(), self.at, UTC) - timedelta(days=8)
        return begin + (now - begin) // step * step
