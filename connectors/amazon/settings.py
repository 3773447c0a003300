"""Configuration of the Amazon connector: accounts, what is read of them and how, quotas.

CAUSEWAY_AMAZON__ACCOUNTS__MAIN__REGION=na                 na, eu or fe; an account is one selling partner in one region
CAUSEWAY_AMAZON__ACCOUNTS__MAIN__SELLER_ID=A...
CAUSEWAY_AMAZON__ACCOUNTS__MAIN__MARKETPLACES='["US"]'     ids or country codes, all of one currency
CAUSEWAY_AMAZON__ACCOUNTS__MAIN__CLIENT_ID=...
CAUSEWAY_AMAZON__ACCOUNTS__MAIN__CLIENT_SECRET=...         or ..._FILE
CAUSEWAY_AMAZON__ACCOUNTS__MAIN__REFRESH_TOKEN=...         or ..._FILE
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from connectors.amazon.fulfilment_settings import AmazonFulfilment
from connectors.amazon.incoming_settings import AmazonQueue, AmazonReading
from connectors.amazon.listing_settings import AmazonListings
from connectors.amazon.marketplaces import BY_ID, REGION_URLS, marketplace_of
from connectors.amazon.rates import AmazonRates
from connectors.kit.feeds import FeedSettings
from connectors.kit.http import HttpSettings, checked_base_url, is_loopback
from connectors.kit.settings import Part, account_names, check_one_secret, secret_from

Region = Literal["na", "eu", "fe"]
FulfilledBy = Literal["MERCHANT", "AMAZON"]
Status = Literal[
    "PENDING_AVAILABILITY", "PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED", "UNFULFILLABLE"
]
DataSet = Literal[
    "BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX", "PAYMENT", "FULFILLMENT_ORDERS"
]  # fmt: skip
DATA_SETS: tuple[DataSet, ...] = (
    "BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX", "PAYMENT"
)  # fmt: skip
LOGIN_URL = "https://api.amazon.com/auth/o2/token"
HORIZON = 120  # seconds: what changed later is in no list, and asking for it is refused
_MARKETPLACE_ID = re.compile(r"A[A-Z0-9]{9,15}")
_SELLER_ID = r"[A-Z0-9]{8,20}"


def _login_url(value: str) -> str:
    checked_base_url(value)
    if not urlsplit(value).path.strip("/"):
        raise ValueError("the whole address is needed, as in https://api.amazon.com/auth/o2/token")
    return value


class AmazonAccount(Part):
    """One selling partner in one region: its authorisation, and what is read of it. Two accounts may be one seller's (UK and DE)."""

    region: Region
    seller_id: str = Field(pattern=_SELLER_ID, description="the merchant token, as Seller Central shows it")
    marketplaces: tuple[str, ...] = Field(
        min_length=1, max_length=50, description="ids or country codes, of one currency"
    )
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    client_secret_file: str = Field("", description="a file that holds the secret, instead of client_secret")
    refresh_token: SecretStr = SecretStr("")
    refresh_token_file: str = Field("", description="a file that holds the refresh token, instead of refresh_token")
    start_days_back: float = Field(7, ge=0, le=729, description="how far back the very first poll looks")
    fulfilled_by: tuple[FulfilledBy, ...] = Field((), description="who ships the orders that are read; empty = both")
    statuses: tuple[Status, ...] = Field(
        (), description="states of the orders that are listed; empty = all. A change to any other is not seen"
    )
    pending: bool = Field(True, description="orders whose payment is not verified yet are read too")
    queue: AmazonQueue | None = Field(
        None, description="where Amazon tells of changed orders; without it they are polled"
    )

    @field_validator("marketplaces")
    @classmethod
    def _ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        found = []
        for name in value:
            known = marketplace_of(name)
            if known is None and not _MARKETPLACE_ID.fullmatch(name.strip()):
                raise ValueError(f"{name[:40]} is no marketplace: write a country code such as US, or a marketplace id")
            found.append(known.id if known else name.strip())
        return tuple(dict.fromkeys(found))

    @model_validator(mode="after")
    def _fits(self) -> AmazonAccount:
        check_one_secret("client_secret", self.client_secret, self.client_secret_file)
        check_one_secret("refresh_token", self.refresh_token, self.refresh_token_file)
        known = [BY_ID[one] for one in self.marketplaces if one in BY_ID]
        if foreign := [one.country for one in known if one.region != self.region]:
            raise ValueError(
                f"marketplaces {', '.join(foreign)} are not in the region {self.region}; make them an account of their own"
            )
        if len(currencies := {one.currency for one in known}) > 1:
            raise ValueError(
                f"marketplaces of one currency make an account; these have {', '.join(sorted(currencies))}"
            )
        if self.statuses and not self.listed_statuses():
            raise ValueError("statuses are pending ones only, and pending is off")
        return self

    def secret(self, name: str) -> SecretStr:
        """`client_secret` or `refresh_token`, read anew each time. Raises OSError when its file cannot be read."""
        return secret_from(getattr(self, name), getattr(self, f"{name}_file"))

    def listed_statuses(self) -> tuple[str, ...]:
        """What the list is asked for; empty = all."""
        wanted: tuple[str, ...] = self.statuses
        if not self.pending:
            every = ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED", "UNFULFILLABLE")
            wanted = tuple(one for one in self.statuses or every if not one.startswith("PENDING"))
        return wanted

    def wants(self, marketplace: str, fulfilled_by: str, status: str) -> bool:
        """Whether an order is one of those that are read (ORD-4); what an order does not tell is no reason against it."""
        return (
            (not marketplace or marketplace in self.marketplaces)
            and (not fulfilled_by or not self.fulfilled_by or fulfilled_by in self.fulfilled_by)
            and (not status or not self.listed_statuses() or status in self.listed_statuses())
        )


class AmazonCensus(Part):
    """How completeness is proven (REC-4): the ids of a window are listed once more and compared with what was seen."""

    days: float = Field(
        8, gt=0, le=28, description="orders made in so many days before now are listed; what was seen is kept for 30"
    )
    settle_minutes: float = Field(
        60, ge=5, le=1440, description="younger ones may still be on their way by the other flows"
    )


class AmazonFeedSettings(FeedSettings):
    """How feeds are followed. Amazon names no ladder; most feeds are over within minutes, and a feed costs one in two minutes."""

    ladder_seconds: tuple[float, ...] = Field(
        (60, 180, 300, 900, 1800, 3600), min_length=1, description="a feed is asked for at these ages"
    )
    then_seconds: float = Field(3600, gt=0, description="and then this often")
    lost_after_seconds: float = Field(
        300, ge=0, description="a feed without an answer that is not on Amazon's list by then has not arrived"
    )
    list_seconds: float = Field(60, ge=0, description="how long a reading of the list of feeds is good")
    gather_seconds: float = Field(
        20,
        ge=0,
        le=60,
        description="a feed that is not full waits this long for others to go with it, six times as long when few are left",
    )
    list_patience_seconds: float = Field(
        20, ge=0, le=300, description="a list or a result whose quota takes longer is read in a later turn"
    )


class AmazonSettings(Part):
    """All of it. Every field has a default; without accounts the connector does nothing."""

    base_urls: dict[Region, str] = Field(default_factory=dict, description="other addresses of regions, for sandboxes")
    login_url: Annotated[str, AfterValidator(_login_url)] = LOGIN_URL
    accounts: dict[str, AmazonAccount] = Field(default_factory=dict)
    overlap_minutes: float = Field(
        30, ge=0, le=10080, description="each poll reads again what changed this long before the last one"
    )
    wide_overlap_hours: float = Field(
        24, ge=0, le=4296, description="now and then a poll looks back this far, for orders that appear late"
    )
    wide_every_polls: int = Field(96, ge=0, le=100_000, description="every how many polls; 0 = never")
    horizon_seconds: float = Field(
        150,
        ge=0,
        le=3600,
        description="a poll ends this long before now; Amazon lists nothing younger than two minutes and refuses less than 120",
    )
    page_size: int = Field(100, ge=1, le=100)
    included_data: tuple[DataSet, ...] = Field(
        DATA_SETS, description="data sets asked for; FULFILLMENT and PROCEEDS are needed"
    )
    attempts: int = Field(5, ge=1, le=10, description="how often a call is tried when Amazon's systems fail")
    longest_wait_seconds: float = Field(30, ge=0, le=300, description="longest wait between tries inside one call")
    patience_seconds: float = Field(
        5,
        ge=0,
        le=60,
        description="a batch of writes waits this long for quota; the rest is sent back, to be tried later",
    )
    order_concurrency: int = Field(4, ge=1, le=64, description="writes to orders at a time")
    bulk_patience_seconds: float = Field(
        240, ge=0, le=600, description="a batch of single calls of stock or prices waits this long for its quota"
    )
    single_call_concurrency: int = Field(8, ge=1, le=64)
    stock_few: int = Field(40, ge=0, le=1000, description="so many stock numbers go one by one; more in a feed")
    stock_cap: int = Field(9999, ge=0, le=99_999_999, description="the largest stock number ever told (INV-2)")
    price_few: int = Field(40, ge=0, le=1000, description="so many prices go one by one; more in a feed")
    effect_minutes: float = Field(
        15, gt=0, le=1440, description="what Amazon accepted takes effect within this time, or never"
    )
    effect_ladder_seconds: tuple[float, ...] = Field(
        (15, 60, 180, 600), min_length=1, description="a listing is looked at at these ages of what was accepted"
    )
    census: AmazonCensus = AmazonCensus()
    reading: AmazonReading = AmazonReading()
    feeds: AmazonFeedSettings = AmazonFeedSettings()
    fulfilment: AmazonFulfilment = AmazonFulfilment()
    listings: AmazonListings = AmazonListings()
    rates: AmazonRates = AmazonRates()
    http: HttpSettings = HttpSettings()

    @field_validator("accounts")
    @classmethod
    def _names(cls, value: dict[str, AmazonAccount]) -> dict[str, AmazonAccount]:
        return account_names(value)

    @field_validator("base_urls")
    @classmethod
    def _urls(cls, value: dict[Region, str]) -> dict[Region, str]:
        return {region: checked_base_url(url) for region, url in value.items()}

    @field_validator("included_data")
    @classmethod
    def _enough(cls, value: tuple[DataSet, ...]) -> tuple[DataSet, ...]:
        if missing := {"FULFILLMENT", "PROCEEDS"} - set(value):
            raise ValueError(f"{', '.join(sorted(missing))} cannot be left out: they carry status and money")
        return value

    def account(self, name: str) -> AmazonAccount:
        """The account of that name. Raises ValueError saying what to set."""
        found = self.accounts.get(name)
        if found is None:
            variable = f"CAUSEWAY_AMAZON__ACCOUNTS__{name.upper()}__REGION"
            raise ValueError(
                f"the Amazon account {name!r} is not configured; set {variable}, its seller, marketplaces, client and refresh token"
            )
        return found

    def base_url(self, region: Region) -> str:
        """Where a region is reached."""
        return self.base_urls.get(region, REGION_URLS[region])

    def check_environment(self, environment: str) -> None:
        """Refuses hosts of another world where the address tells (AUTH-7); the keys tell nothing. Raises ValueError."""
        for region in {one.region for one in self.accounts.values()}:
            host = urlsplit(self.base_url(region)).hostname or ""
            pretended = host.startswith("sandbox.") or is_loopback(host)
            name = f"CAUSEWAY_AMAZON__BASE_URLS__{region.upper()}"
            if self.horizon_seconds < HORIZON and not pretended:
                raise ValueError(f"CAUSEWAY_AMAZON__HORIZON_SECONDS is below {HORIZON}, which only a sandbox takes")
            if environment == "production" and pretended:
                raise ValueError(f"{name} is {host}, a sandbox, but CAUSEWAY_ENVIRONMENT is production")
            if environment == "sandbox" and host == urlsplit(REGION_URLS[region]).hostname:
                raise ValueError(
                    f"{name} is {host}, the real marketplace, but CAUSEWAY_ENVIRONMENT is sandbox; "
                    f"set one of them right (Amazon's own sandbox is sandbox.{host})"
                )
        self._check_login(environment)
        for account, keys in self.accounts.items():
            if keys.queue is not None:
                self._check_queue(environment, account, keys.queue, self.base_url(keys.region))

    def _check_login(self, environment: str) -> None:
        """A production that asks a sandbox for tokens would hand it the seller's refresh token."""
        host = urlsplit(self.login_url).hostname or ""
        if environment == "production" and self.accounts and is_loopback(host):
            raise ValueError(f"CAUSEWAY_AMAZON__LOGIN_URL is {host}, a sandbox, but CAUSEWAY_ENVIRONMENT is production")

    def _check_queue(self, environment: str, account: str, queue: AmazonQueue, base_url: str) -> None:
        """A local sandbox beside the real queue would take production's notifications out of it as somebody else's."""
        name = f"CAUSEWAY_AMAZON__ACCOUNTS__{account.upper()}__QUEUE"
        field, host = ("ENDPOINT", queue.endpoint) if queue.endpoint else ("URL", queue.url)
        pretended = is_loopback(urlsplit(host).hostname or "")
        if environment == "production" and pretended:
            raise ValueError(f"{name}__{field} is {urlsplit(host).hostname}, but CAUSEWAY_ENVIRONMENT is production")
        if not pretended and is_loopback(urlsplit(base_url).hostname or ""):
            raise ValueError(
                f"{name}__{field} is {urlsplit(host).hostname}, a real queue, beside a sandbox on this machine: what is in it would be read away"
            )
