"""Configuration of the Walmart connector: accounts, what is read of them and how, quotas.

CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID=...           one pair for each account; MAIN becomes the account's name `main`
CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_SECRET=...       or ...__CLIENT_SECRET_FILE=/run/secrets/walmart
"""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from connectors.kit.feeds import FeedSettings
from connectors.kit.http import HttpSettings, checked_base_url, is_loopback
from connectors.kit.off_peak import checked_hours
from connectors.kit.settings import Part, account_names, check_one_secret, secret_from
from connectors.walmart.fulfilment_settings import WalmartFulfilment
from connectors.walmart.listing_settings import ListingSettings
from connectors.walmart.rates import DRAWS, WalmartRates
from connectors.walmart.signing import ALL, SigningSettings

__all__ = ["WalmartAccount", "WalmartRates", "WalmartSettings"]

PRODUCTION = "https://marketplace.walmartapis.com"
SANDBOX = "https://sandbox.walmartapis.com"
NodeType = Literal["SellerFulfilled", "WFSFulfilled", "3PLFulfilled"]
Charges = Literal["line", "unit"]


class WalmartAccount(Part):
    """One seller account: its own API keys (client credentials), and what is read of it."""

    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    client_secret_file: str = Field("", description="a file that holds the secret, instead of client_secret")
    node_types: tuple[NodeType, ...] = Field(
        ("SellerFulfilled",), min_length=1, description="who ships; each is a pass of its own over the order list"
    )
    ship_node: str = Field(
        "", max_length=40, description="stock numbers are for this ship node; empty = the only one the seller has"
    )
    signing: SigningSettings = SigningSettings()
    start_days_back: float = Field(7, ge=0, le=179, description="how far back the very first poll looks")

    @model_validator(mode="after")
    def _one_secret(self) -> WalmartAccount:
        check_one_secret("client_secret", self.client_secret, self.client_secret_file)
        return self

    @field_validator("signing")
    @classmethod
    def _known_operations(cls, value: SigningSettings) -> SigningSettings:
        if unknown := sorted(set(value.operations) - set(DRAWS) - {ALL}):
            raise ValueError(f"no operations: {', '.join(unknown)[:200]}; there are {', '.join(DRAWS)}")
        return value

    def secret(self) -> SecretStr:
        """The client secret. Raises OSError when its file cannot be read."""
        return secret_from(self.client_secret, self.client_secret_file)


class WalmartFeeds(FeedSettings):
    """How feeds are followed. The ladder is Walmart's (15 min, 1 h, 2 h, then every 4 h), with early looks before it: most are over sooner."""


class WalmartListings(ListingSettings):
    """How products become items, and how they are followed to publication (PRD-4)."""

    update_known: bool = Field(
        True,
        description="an item Walmart has goes as MP_MAINTENANCE, without its price; else as MP_ITEM always, "
        "with the price of a new item",
    )
    look_up_to: int = Field(
        50,
        ge=0,
        le=200,
        description="whether Walmart has a SKU we do not know of, and whether the item of a first price is published, is asked "
        "one by one for up to so many in a batch; more are looked up in its list of items",
    )
    publish_ladder_seconds: tuple[float, ...] = Field(
        (30, 300, 900, 3600, 14_400), min_length=1, description="after its feed an item is looked at at these ages"
    )
    publish_hours: float = Field(
        48, gt=0, description="an item that is neither published nor refused by then needs a person"
    )
    update_hours: Annotated[str, AfterValidator(checked_hours)] = Field(
        "", description="updates of items go out in these hours (UTC) only, for example 22-6; empty = any time"
    )
    retire: bool = Field(
        False, description="a product no longer for sale is retired at Walmart; else only its stock is set to 0"
    )


def _base_url(value: str) -> str:
    return checked_base_url(value)


class WalmartSettings(Part):
    """All of it. Every field has a default; without accounts the connector does nothing."""

    base_url: Annotated[str, AfterValidator(_base_url)] = PRODUCTION
    accounts: dict[str, WalmartAccount] = Field(default_factory=dict)
    overlap_minutes: float = Field(
        60, ge=0, le=10080, description="each poll reads again what changed this long before the last one"
    )
    wide_overlap_hours: float = Field(
        24, ge=0, le=4296, description="now and then a poll looks back this far, for orders that appear late"
    )
    wide_every_polls: int = Field(24, ge=0, le=100_000, description="every how many polls; 0 = never")
    horizon_seconds: float = Field(
        2, ge=0, le=3600, description="a poll ends this long before now; the list lags a little"
    )
    created_days_back: int = Field(179, ge=1, le=179, description="Walmart lists orders of the last 180 days only")
    page_size: int = Field(200, ge=1, le=200)
    result_cap: int = Field(
        10_000, ge=1, le=20_000, description="most orders one query may match; longer windows are split"
    )
    charges: Charges = Field(
        "line", description="whether a charge is for the whole line or for one unit; Walmart does not say"
    )
    attempts: int = Field(
        5, ge=1, le=5, description="how often a call is tried when Walmart's systems fail (ERR-3: at most 5)"
    )
    longest_wait_seconds: float = Field(30, ge=0, le=300, description="longest wait between tries inside one call")
    acknowledge_concurrency: int = Field(4, ge=1, le=64)
    patience_seconds: float = Field(
        5,
        ge=0,
        le=60,
        description="a batch of writes waits this long for quota; the rest is sent back, to be tried later",
    )
    bulk_patience_seconds: float = Field(
        240, ge=0, le=600, description="a batch of single calls of stock or prices waits this long for its quota"
    )
    single_call_concurrency: int = Field(8, ge=1, le=64)
    stock_few: int = Field(20, ge=0, le=200, description="so many stock numbers go one by one; more in a feed")
    stock_cap: int = Field(999, ge=0, le=999_999, description="the largest stock number ever told (INV-2)")
    price_few: int = Field(5, ge=0, le=200, description="so many prices go one by one; more in a feed")
    price_after_setup_hours: float = Field(
        24, ge=0, le=240, description="the first price of an item that is not published yet waits this long"
    )
    currency: str = Field("USD", pattern="[A-Z]{3}")
    sale_price_type: Literal["REDUCED", "CLEARANCE"] = "REDUCED"
    feeds: WalmartFeeds = WalmartFeeds()
    listings: WalmartListings = WalmartListings()
    fulfilment: WalmartFulfilment = WalmartFulfilment()
    service_name: str = Field("Walmart Marketplace", min_length=1, description="WM_SVC.NAME")
    channel_type: str = Field("", description="WM_CONSUMER.CHANNEL.TYPE, where Walmart gave one at onboarding")
    rates: WalmartRates = WalmartRates()
    http: HttpSettings = HttpSettings()

    @field_validator("accounts")
    @classmethod
    def _names(cls, value: dict[str, WalmartAccount]) -> dict[str, WalmartAccount]:
        return account_names(value)

    def account(self, name: str) -> WalmartAccount:
        """The account of that name. Raises ValueError saying what to set."""
        found = self.accounts.get(name)
        if found is None:
            variable = f"CAUSEWAY_WALMART__ACCOUNTS__{name.upper()}__CLIENT_ID"
            raise ValueError(f"the Walmart account {name!r} is not configured; set {variable} and its secret")
        return found

    def check_environment(self, environment: str) -> None:
        """Refuses keys and hosts of another world where the address tells (AUTH-7). Raises ValueError."""
        host = urlsplit(self.base_url).hostname or ""
        real = host == urlsplit(PRODUCTION).hostname
        pretended = host == urlsplit(SANDBOX).hostname or is_loopback(host)
        if environment == "production" and pretended:
            raise ValueError(f"CAUSEWAY_WALMART__BASE_URL is {host}, a sandbox, but CAUSEWAY_ENVIRONMENT is production")
        if environment == "sandbox" and real:
            raise ValueError(
                f"CAUSEWAY_WALMART__BASE_URL is {host}, the real marketplace, but CAUSEWAY_ENVIRONMENT is sandbox; "
                f"set one of them right (Walmart's own sandbox is {SANDBOX})"
            )
