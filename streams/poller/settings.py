"""The poller's part of the configuration: CAUSEWAY_POLL__..."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from connectors.kit.settings import Part
from schemas.topics import parse_tier


def _flow(name: str) -> str:
    if name.count(".") != 1 or not all(name.split(".")):
        raise ValueError(f"{name!r} is not a flow: write source.flow, for example walmart.orders")
    return name


def _pause(text: str) -> str:
    parse_tier(text)
    return text


class QuietSettings(Part):
    """Hours in which flows are polled less often, UTC. `start` after `end` spans midnight; equal = never."""

    start: time = Field(time(0), description="for example 01:00")
    end: time = Field(time(0), description="for example 05:00")
    slower: float = Field(3.0, ge=1, le=100, description="times the normal interval during these hours")

    @field_validator("start", "end")
    @classmethod
    def _naive(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("is UTC already: write it without a zone, for example 01:00")
        return value


class PollSettings(Part):
    """ORD-1: how often, and what happens when a source fails."""

    intervals: dict[Annotated[str, AfterValidator(_flow)], Annotated[str, AfterValidator(_pause)]] = Field(
        default_factory=dict,
        description='flow -> pause between polls, instead of the default: {"walmart.orders": "10m"}',
    )
    jitter: float = Field(
        0.1, ge=0, lt=1, description="intervals vary by this share, so that accounts do not poll in step"
    )
    quiet: QuietSettings = QuietSettings()
    retry_seconds: float = Field(5, gt=0, description="first pause after an error that time mends; doubles")
    retry_limit_seconds: float = Field(300, gt=0, description="the pause doubles up to this")
    retry_after_limit_seconds: float = Field(3600, gt=0, description="longest pause a source may ask for")
    stopped_seconds: float = Field(
        900, gt=0, description="pause after an error that a person mends: credentials refused, unreadable page"
    )
    page_seconds: float = Field(300, gt=0, description="longest time one page may take")
    session_seconds: float = Field(
        30, ge=6, le=300, description="a poller unheard of for this long loses its flows to another"
    )
    instance: str = Field(
        "",
        max_length=200,
        description="stable name of this process (StatefulSet pod): a restart gets its flows back at once",
    )

    @model_validator(mode="after")
    def _ordered(self) -> PollSettings:
        if self.retry_limit_seconds < self.retry_seconds:
            raise ValueError("retry_limit_seconds must not be less than retry_seconds")
        return self

    def interval(self, source: str, flow: str, default: timedelta) -> timedelta:
        """The pause between two polls of that flow."""
        text = self.intervals.get(f"{source}.{flow}")
        return parse_tier(text) if text else default
