"""How purchases go out: where goods are delivered, how the supplier's side may differ from the purchase order, what orders are called there."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, Field, field_validator

from connectors.kit.settings import Part

DEFAULT_ADDRESS = "default"
_PREFIX = re.compile(r"[A-Za-z0-9._-]{0,20}")
STOP, NOTE = "stop", "note"


class AlibabaAddress(Part):
    """Where goods of a warehouse go: an address saved at the platform, or its parts. Chinese mainland only, in Chinese; a forwarder's, as a rule."""

    address_id: str = Field(
        "", pattern="[0-9]{0,19}", description="number of an address saved at the platform; it wins"
    )
    province: str = Field("", max_length=40)
    city: str = Field("", max_length=40)
    area: str = Field("", max_length=40, description="the district")
    town: str = Field("", max_length=40, description="may stay empty")
    street: str = Field("", max_length=200)
    full_name: str = Field("", max_length=60)
    mobile: str = Field("", max_length=20)
    phone: str = Field("", pattern="[0-9-]{0,20}")
    post_code: str = Field("", pattern="[0-9]{0,6}")


class AlibabaPurchases(Part):
    """Every field has a default; without an address nothing is ordered."""

    reference_prefix: str = Field(
        "", description="stands before the purchase order's name in what orders are called there"
    )
    addresses: dict[str, AlibabaAddress] = Field(
        default_factory=dict,
        description="by the warehouse's short name in Odoo, in lower case; `default` for all others",
    )
    not_before: AwareDatetime | None = Field(
        None,
        description="purchase orders confirmed before this moment are not ordered, for they were ordered by hand; the flow `purchases` cannot be "
        "on without it",
    )
    flow: str = Field("general", pattern="[a-z]{1,40}", description="kind of purchase; general = wholesale")
    trade_type: str = Field("", max_length=40, description="way of payment; empty = the platform chooses")
    message: str = Field("", max_length=500, description="note to every supplier")
    price_tolerance_percent: Decimal = Field(Decimal(2), ge=0, le=100, description="of a line, and of all goods")
    price_tolerance_amount: Decimal = Field(Decimal(1), ge=0, description="yuan; what differs by less is never told")
    freight_tolerance: Decimal = Field(Decimal(50), ge=0, description="yuan an order's freight may cost")
    check_offers: bool = Field(
        True, description="whether each offer is read before it is ordered: supplier, variant, least quantity, lots"
    )
    on_difference: Literal["stop", "note"] = Field(
        "stop",
        description="what happens to an order that would cost more or less than that: not sent, or sent and told",
    )
    look_again_seconds: float = Field(
        60,
        ge=1,
        le=3600,
        description="after an answer that is not clear, so long lies between the two looks before an order is sent again",
    )
    patience_seconds: float = Field(30, ge=0, le=300, description="how long a batch waits for quota")
    concurrency: int = Field(2, ge=1, le=16, description="purchase orders at a time")

    @field_validator("reference_prefix")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not _PREFIX.fullmatch(value):
            raise ValueError("at most 20 letters, digits, points, dashes and underscores")
        return value

    @field_validator("addresses")
    @classmethod
    def _lower(cls, value: dict[str, AlibabaAddress]) -> dict[str, AlibabaAddress]:
        return {name.lower(): address for name, address in value.items()}
