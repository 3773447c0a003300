"""How prices are made for each channel (PRC-1, PRC-2): CAUSEWAY_PRICING__..., or `[pricing]` in the configuration file."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, field_validator

from connectors.kit.settings import Part
from streams.phases import without_case


class ChannelPricing(Part):
    """The rules of one account of a marketplace."""

    pricelist: str = Field("", description="name of the pricelist in Odoo; empty = the sales price")
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="what the marketplace sells in")
    floor_field: str = Field(
        "",
        description="technical name of the product field that holds the lowest advertised price (MAP), in the channel's currency",
    )
    floor_over_cost_percent: Decimal | None = Field(
        None, ge=0, description="never below cost plus so many percent; empty = no such floor"
    )
    below_floor: Literal["raise", "refuse"] = Field(
        "raise", description="a price below the floor is raised to it, or refused as a data-quality exception"
    )
    rounding: Literal["none", "cents", "ending"] = Field(
        "cents",
        description="none: refuse more digits than the currency has; cents: to the currency's digits; ending: up to the next price that ends so",
    )
    ending: Decimal = Field(Decimal("0.99"), ge=0, lt=1, description="with rounding = ending")
    approve_above_percent: Decimal = Field(
        Decimal(20), ge=0, description="a change by more than this waits for a person; 0 = every change does"
    )
    approve_first: bool = Field(
        False,
        description="the very first price of a SKU waits for a person too; of a product made for an order it always does",
    )


class PricingSettings(Part):
    """All channels. `default` holds for accounts that are not named."""

    default: ChannelPricing = ChannelPricing()
    channels: dict[str, dict[str, ChannelPricing]] = Field(
        default_factory=dict, description="marketplace, account -> its rules, instead of the default ones"
    )
    rates: dict[str, Decimal] = Field(
        default_factory=dict,
        description="`EUR/USD` -> how many USD one EUR is; without it a price in another currency is held until there is one",
    )

    @field_validator("channels")
    @classmethod
    def _small(cls, value: dict[str, dict[str, ChannelPricing]]) -> dict[str, dict[str, ChannelPricing]]:
        return without_case(value)

    @field_validator("rates")
    @classmethod
    def _pairs(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        pairs = {name.upper().replace("_", "/"): rate for name, rate in value.items()}
        for name, rate in pairs.items():
            left, slash, right = name.partition("/")
            if not slash or len(left) != 3 or len(right) != 3 or rate <= 0:
                raise ValueError(f"{name}: want a pair such as EUR/USD and a rate above 0")
        return pairs

    def of(self, channel: str, account: str) -> ChannelPricing:
        """The rules of an account."""
        return self.channels.get(channel, {}).get(account.lower(), self.default)
