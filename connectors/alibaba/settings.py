"""Configuration of the 1688 connector: accounts, the table of APIs, what is read, quotas.

CAUSEWAY_ALIBABA__ACCOUNTS__MAIN__APP_KEY=...             the app's key; MAIN becomes the account's name `main`
CAUSEWAY_ALIBABA__ACCOUNTS__MAIN__APP_SECRET=...          or ...__APP_SECRET_FILE=/run/secrets/alibaba
CAUSEWAY_ALIBABA__ACCOUNTS__MAIN__TOKEN_FILE=...          where the authorisation is kept; or ...__ACCESS_TOKEN; or neither (single-user mode)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, field_validator, model_validator

from connectors.alibaba.apis import AlibabaApis
from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.alibaba.rates import AlibabaRates
from connectors.kit.http import HttpSettings, checked_base_url, is_loopback
from connectors.kit.settings import Part, account_names, check_one_secret, secret_from

PRODUCTION = "https://gw.open.1688.com"
AUTHORISE = "https://auth.1688.com"
BUYS = "purchases"  # the flow that orders
_OFFER = re.compile(r"[0-9]{1,19}")


def _base_url(value: str) -> str:
    return checked_base_url(value)


class AlibabaAccount(Part):
    """One buyer: the app it has let in, how it is authorised, which offers are read for it."""

    app_key: str = Field(pattern="[0-9]{1,20}")
    app_secret: SecretStr = SecretStr("")
    app_secret_file: str = Field("", description="a file that holds the secret, instead of app_secret")
    token_file: str = Field(
        "", description="file that keeps the authorisation; written by `causeway setup` and by every refresh"
    )
    refresh_token: SecretStr = Field(
        SecretStr(""), description="a refresh token to begin with, where token_file has none yet"
    )
    access_token: SecretStr = Field(SecretStr(""), description="the lasting token of a self-use app")
    access_token_file: str = Field("", description="a file that holds it, instead of access_token")
    redirect_uri: str = Field("", description="address of the callback page, of the domain registered for the app")
    callback_listen: str = Field(
        "", description="HOST:PORT the callback page is served at; empty: that of redirect_uri"
    )
    offers: tuple[str, ...] = Field((), description="offers that are read, by their numbers")
    offers_file: str = Field("", description="a file with further offers, one number a line; # begins a remark")
    keywords: tuple[str, ...] = Field((), description="searches whose offers are read too")
    start_days_back: float = Field(7, ge=0, le=365, description="how far back the very first poll of orders looks")
    not_before: AwareDatetime | None = Field(None, description="of this account, in place of purchases.not_before")

    @model_validator(mode="after")
    def _one_way_in(self) -> AlibabaAccount:
        check_one_secret("app_secret", self.app_secret, self.app_secret_file)
        static = [bool(self.access_token.get_secret_value()), bool(self.access_token_file)]
        if sum(static) + bool(self.token_file) > 1:
            raise ValueError("set one of token_file, access_token and access_token_file")
        if self.refresh_token.get_secret_value() and not self.token_file:
            raise ValueError("refresh_token needs token_file, where what becomes of it is kept")
        return self

    @field_validator("offers")
    @classmethod
    def _numbers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [one for one in value if not _OFFER.fullmatch(one)]:
            raise ValueError(f"offers are numbers: {', '.join(wrong)[:200]}")
        return value

    @property
    def is_static(self) -> bool:
        """Whether a lasting access token is configured."""
        return bool(self.access_token.get_secret_value() or self.access_token_file)

    def secret(self) -> SecretStr:
        """The app's secret. Raises OSError when its file cannot be read."""
        return secret_from(self.app_secret, self.app_secret_file)

    def static_token(self) -> SecretStr:
        """The lasting token. Raises OSError when its file cannot be read."""
        return secret_from(self.access_token, self.access_token_file)


class AlibabaWebhook(Part):
    """A port on which the platform's messages arrive, `/webhooks/alibaba/ACCOUNT`: what they name is fetched at once."""

    port: int = Field(
        0, ge=0, le=65535, description="port the poller listens on for the platform's messages; 0 = it does not"
    )
    host: str = Field(
        "127.0.0.1",
        description="address it listens on; plain HTTP, so put TLS in front of any other than this machine's own",
    )
    window_minutes: float = Field(
        1440, gt=0, le=43_200, description="older messages are refused; the platform keeps them, and its replay is read"
    )
    ahead_minutes: float = Field(5, ge=0, le=1440, description="so far the platform's clock may be before ours")


class AlibabaReferenceSettings(Part):
    """What changes seldom is kept: saved addresses, carriers, categories."""

    reference_hours: float = Field(24, gt=0, le=8760, description="how long they are kept")
    stale_days: float = Field(30, ge=0, le=3650, description="how long they still serve when 1688 cannot be asked")
    cache_folder: str = Field("", description="where they are kept; empty = the user's cache folder")


class AlibabaSettings(Part):
    """All of it. Every field has a default; without accounts the connector does nothing."""

    base_url: Annotated[str, AfterValidator(_base_url)] = Field(PRODUCTION, description="the gateway")
    authorise_url: Annotated[str, AfterValidator(_base_url)] = Field(
        AUTHORISE, description="host of the authorisation page"
    )
    authorise_path: str = Field("/oauth/authorize", pattern="/.*")
    grant_path: str = Field(
        "/openapi/http/1/system.oauth2/getToken", pattern="/openapi/.*", description="signed where it goes by param2"
    )
    postpone_path: str = Field("/openapi/param2/1/system.oauth2/postponeToken", pattern="/openapi/param2/.*")
    postpone_days: float = Field(
        30, ge=0, le=365, description="a refresh token this close to its end is renewed; 0 = never"
    )
    api_version: str = Field("1", pattern="[0-9]{1,3}")
    apis: AlibabaApis = AlibabaApis()
    accounts: dict[str, AlibabaAccount] = Field(default_factory=dict)
    timestamps: bool = Field(True, description="whether calls carry _aop_timestamp")
    language: str = Field("en", pattern="[a-z]{2}", description="what offers are translated into")
    refresh_early_seconds: float = Field(
        600, ge=0, le=7200, description="an access token is renewed so long before its end"
    )
    authorise_seconds: float = Field(600, gt=0, le=3600, description="how long the set-up waits for the callback")
    overlap_minutes: float = Field(
        60, ge=0, le=10_080, description="each poll reads again what changed this long before the last one"
    )
    wide_overlap_hours: float = Field(24, ge=0, le=2160, description="now and then a poll looks back this far")
    wide_every_polls: int = Field(24, ge=0, le=100_000, description="every how many polls; 0 = never")
    window_hours: float = Field(24, ge=1, le=2160, description="longest window of changes asked for at once")
    horizon_seconds: float = Field(
        5, ge=0, le=3600, description="a poll ends this long before now; the list lags a little"
    )
    history_days: int = Field(90, ge=1, le=365, description="how far back the list of orders goes")
    page_size: int = Field(20, ge=1, le=50, description="of the list of orders")
    result_cap: int = Field(
        2000, ge=1, le=20_000, description="most orders one query may match; longer windows are halved"
    )
    search_pages: int = Field(2, ge=1, le=40, description="pages of 50 hits that a keyword is followed for")
    message_days_back: float = Field(1, ge=0, le=90, description="how far back the very first replay of messages looks")
    attempts: int = Field(
        4, ge=1, le=10, description="how often a call is tried: waits of 1, 2, 4 seconds lie between (ERR-3)"
    )
    longest_wait_seconds: float = Field(120, ge=0, le=600, description="longest wait between tries inside one call")
    webhook: AlibabaWebhook = AlibabaWebhook()
    purchases: AlibabaPurchases = AlibabaPurchases()
    reference: AlibabaReferenceSettings = AlibabaReferenceSettings()
    rates: AlibabaRates = AlibabaRates()
    http: HttpSettings = HttpSettings()

    @field_validator("accounts")
    @classmethod
    def _names(cls, value: dict[str, AlibabaAccount]) -> dict[str, AlibabaAccount]:
        return account_names(value)

    def account(self, name: str) -> AlibabaAccount:
        """The account of that name. Raises ValueError saying what to set."""
        found = self.accounts.get(name)
        if found is None:
            variable = f"CAUSEWAY_ALIBABA__ACCOUNTS__{name.upper()}__APP_KEY"
            raise ValueError(f"the 1688 account {name!r} is not configured; set {variable} and its secret")
        return found

    def not_before(self, account: str) -> datetime | None:
        """Purchase orders confirmed before are not ordered; None while nobody has said."""
        own = self.accounts.get(account)
        return (own.not_before if own is not None else None) or self.purchases.not_before

    @property
    def buyers(self) -> tuple[str, ...]:
        """Its accounts, which vendors in Odoo may name."""
        return tuple(self.accounts)

    @property
    def purchase_prefix(self) -> str | None:
        """What stands before purchase orders' names at the platform; None where nothing is bought and nobody has said."""
        purchases = self.purchases
        said = bool(self.accounts) or "reference_prefix" in purchases.model_fields_set
        return purchases.reference_prefix if said else None

    def check_switched_on(self, flows: Mapping[str, Collection[str]]) -> None:
        """An account that orders has to say from when on: what was confirmed earlier has been ordered by hand."""
        silent = [name for name in self.accounts if BUYS in flows.get(name, ()) and self.not_before(name) is None]
        if silent:
            raise ValueError(
                f"purchases of {', '.join(silent)} are on, but nobody has said from when on: set CAUSEWAY_ALIBABA__PURCHASES__NOT_BEFORE "
                "to the moment of switching on, for example 2026-11-22T08:00:00Z; what was confirmed earlier is not ordered again"
            )

    def check_environment(self, environment: str) -> None:
        """Refuses hosts of another world where the address tells (AUTH-7). Raises ValueError."""
        host = urlsplit(self.base_url).hostname or ""
        if environment == "production" and is_loopback(host):
            raise ValueError(f"CAUSEWAY_ALIBABA__BASE_URL is {host}, a sandbox, but CAUSEWAY_ENVIRONMENT is production")
        if environment == "sandbox" and host == urlsplit(PRODUCTION).hostname:
            raise ValueError(
                f"CAUSEWAY_ALIBABA__BASE_URL is {host}, the real platform, but CAUSEWAY_ENVIRONMENT is sandbox; set one of them right"
            )
