"""What can be configured of an Odoo database: CAUSEWAY_ODOO__URL, CAUSEWAY_ODOO__DB, CAUSEWAY_ODOO__LOGIN, CAUSEWAY_ODOO__PASSWORD, ..."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.kit.settings import Part
from connectors.odoo.capture_settings import CaptureSettings
from connectors.odoo.listing_settings import ListingSettings
from connectors.odoo.purchase_settings import PurchaseSettings
from connectors.odoo.supplier_settings import SupplierProductSettings
from schemas.topics import SOURCES


class Stage(StrEnum):
    """How far an order is brought in Odoo. It never goes back, except to cancelled."""

    QUOTATION = "quotation"
    CONFIRMED = "confirmed"
    LOCKED = "locked"
    CANCELLED = "cancelled"


# ORD-8: acknowledged -> quotation, shipped -> locked. A seller whose orders need no look by a person says acknowledged=confirmed.
DEFAULT_STAGES: dict[str, Stage] = {
    "pending": Stage.QUOTATION,
    "created": Stage.QUOTATION,
    "acknowledged": Stage.QUOTATION,
    "unknown": Stage.QUOTATION,
    "partially_shipped": Stage.CONFIRMED,
    "shipped": Stage.LOCKED,
    "delivered": Stage.LOCKED,
    "cancelled": Stage.CANCELLED,
}
_MODULE = re.compile(r"[a-z][a-z0-9_]*")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine itself, judged by its name alone (nothing is looked up)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class OdooSettings(Part):
    """One Odoo 18 database as a destination."""

    url: str = Field("http://127.0.0.1:8069", description="https://host[:port]; plain http only to this machine itself")
    db: str = Field("causeway", description="name of the database")
    login: str = Field("admin", description="login of the user the orders are written as")
    password: SecretStr = Field(SecretStr(""), description="that user's password or, better, an API key of that user")
    password_file: str = Field("", description="file holding the password or API key, instead of `password`")
    environment: Literal["sandbox", "staging", "production"] = Field(
        "production", description="what kind of database this is; test orders are refused by a production one"
    )
    workers: int = Field(2, ge=1, le=16, description="calls at the same time; as many as Odoo has HTTP workers")
    batch: int = Field(100, ge=1, le=200, description="orders in one call")
    timeout_seconds: float = Field(120, gt=0, le=600, description="longest wait for one answer")
    module: str = Field("mkt", description="module part of the external ids; must not be an installed module")
    id_key: SecretStr = Field(
        SecretStr(""),
        description="keys the hashes in customers' external ids; never change it once orders were written",
    )

    stages: dict[str, Stage] = Field(
        default_factory=dict, description="canonical status -> quotation, confirmed, locked or cancelled, where not as by default"
    )  # fmt: skip
    warehouse: str = Field("", description="code of the warehouse that ships; empty = Odoo's default")
    marketplace_warehouse: str = Field(
        "",
        description="code of the warehouse of goods marketplaces ship themselves, where `marketplace_warehouses` names none; without either such "
        "orders are refused",
    )
    marketplace_warehouses: dict[str, str] = Field(
        default_factory=dict,
        description="marketplace, or marketplace:account -> code of the warehouse of goods it ships itself: amazon, amazon:uk, walmart",
    )
    team: str = Field("", description="name of the sales team; empty = Odoo's default")
    unknown_sku: Literal["hold", "create"] = Field(
        "hold",
        description="hold the order until the product exists, or create the product: at the order's unit price, which no channel is told before "
        "a person has looked at it, and with stock 0, which every channel is told",
    )
    unknown_bundle: Literal["hold", "create"] = Field(
        "create",
        description="an unknown SKU the marketplace says is a bundle: make a kit of its parts, at the order's unit price, or hold the order",
    )
    address_check: Literal["strict", "lenient"] = Field(
        "strict", description="strict: a delivery address that cannot be shipped to fails the order"
    )
    carriers: dict[str, str] = Field(
        default_factory=dict, description="shipping level -> name of a delivery method; empty = none is set"
    )
    notes: tuple[Literal["gift", "buyer", "purchase_order"], ...] = Field(
        ("gift", "buyer", "purchase_order"), description="what is written into the order's note"
    )
    pricelists: dict[str, str] = Field(
        default_factory=dict, description="currency -> name of its pricelist; by default the first one in that currency"
    )
    native_rates: bool = Field(
        True, description="book taxes whose rate the source states as percentages; Odoo must round taxes per line"
    )
    exempt_fiscal_position: str = Field(
        "Tax exempt", description="name of the zero-rated fiscal position; made when absent"
    )
    tax_account_marketplace: str = Field("251900", description="code of the account of taxes the marketplace pays")
    tax_account_seller: str = Field("251000", description="code of the account of taxes the seller pays")
    shipping_product: str = Field("MKT-SHIPPING", description="internal reference of the service shipping is booked on")
    discount_product: str = Field("MKT-DISCOUNT", description="the same for discounts")
    fee_product: str = Field("MKT-FEE", description="the same for gift wrapping and fees")
    tax_product: str = Field("MKT-TAX", description="the same for taxes")
    capture: CaptureSettings = CaptureSettings()

    uses: tuple[Literal["orders", "returns", "settlements", "listings", "purchases", "supplier_products"], ...] = Field(
        ("orders", "returns", "settlements", "listings", "purchases", "supplier_products"),
        description="what is written there: whose rights `causeway verify` asks for",
    )
    release_returns_at: Literal["receipt", "announced"] = Field(
        "receipt",
        description="when returned goods are taken into stock: when they have arrived, or when the return is announced",
    )
    credit_notes: Literal["post", "draft", "off"] = Field(
        "post", description="credit notes of refunds the marketplace gave for returns: posted, left as drafts, or none"
    )
    settlement_accounts: dict[str, str] = Field(
        default_factory=dict,
        description="settlement line `kind` or `kind/name` -> code of its account, where not as by default; `transfer` is where deposits arrive",
    )
    settlement_journal: str = Field("MISC", description="code of the journal settlements are posted in")
    settlement_detail: Literal["kind", "order"] = Field(
        "kind", description="one journal item for each kind and name, or one for each of them and order"
    )
    listings: ListingSettings = Field(
        default_factory=ListingSettings, description="how a marketplace's catalogue comes into products"
    )
    purchases: PurchaseSettings = Field(
        default_factory=PurchaseSettings, description="how a supplier's platform's orders come into purchase orders"
    )

    supplier_products: SupplierProductSettings = Field(
        default_factory=SupplierProductSettings, description="how what suppliers offer comes into products and vendor prices"
    )  # fmt: skip

    @field_validator("url")
    @classmethod
    def _safe(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError("want https://host[:port], without a path")
        if parts.username or parts.password:
            raise ValueError("no login or password in the url; they have settings of their own")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("plain http only to this machine itself; write https://")
        return value.rstrip("/")

    @field_validator("module")
    @classmethod
    def _module_name(cls, value: str) -> str:
        if not _MODULE.fullmatch(value):
            raise ValueError("want lower-case letters, digits and underscores")
        return value

    @field_validator("marketplace_warehouses")
    @classmethod
    def _channels(cls, value: dict[str, str]) -> dict[str, str]:
        named = {channel.lower(): code for channel, code in value.items()}
        for channel, code in named.items():
            source, colon, account = channel.partition(":")
            if source not in SOURCES or (colon and not account) or not code:
                raise ValueError(
                    f"{channel[:80]!r}: write a marketplace ({', '.join(SOURCES)}), or marketplace:account, and a code"
                )
        return named

    @model_validator(mode="after")
    def _apart(self) -> OdooSettings:
        if self.warehouse and self.warehouse in self.warehouses_apart():
            raise ValueError(
                f"warehouse {self.warehouse} is the seller's own; goods marketplaces ship need warehouses apart from it"
            )
        return self

    def marketplace_warehouse_of(self, source: str, account: str) -> str:
        """Code of the warehouse of what this account has the marketplace ship; the account's own, else the marketplace's, else the one for all."""
        named = self.marketplace_warehouses
        return named.get(f"{source}:{account.lower()}") or named.get(source) or self.marketplace_warehouse

    def warehouses_apart(self) -> frozenset[str]:
        """Codes of all warehouses that hold what marketplaces ship: none of it is the seller's to offer (ORD-10)."""
        return frozenset({self.marketplace_warehouse, *self.marketplace_warehouses.values()} - {""})

    def check_environment(self, environment: str) -> None:
        """A database of another environment is refused (AUTH-7, TEST-4). Raises ValueError."""
        if environment != self.environment and "environment" not in self.model_fields_set:
            raise ValueError(
                "say what kind of database CAUSEWAY_ODOO__DB is: CAUSEWAY_ODOO__ENVIRONMENT is not set, and a database nothing is said of "
                f"counts as {self.environment}, while CAUSEWAY_ENVIRONMENT is {environment}. "
                f"For a database to try things with set CAUSEWAY_ODOO__ENVIRONMENT={environment}"
            )
        if environment != self.environment:
            raise ValueError(
                f"CAUSEWAY_ODOO__ENVIRONMENT is {self.environment}, but CAUSEWAY_ENVIRONMENT is {environment}; "
                "say what kind of database this is"
            )

    def beside(self, parts: Mapping[str, Part]) -> OdooSettings:
        """With the accounts of suppliers' platforms, and the prefix of references that the platform is given (PO-1): two of them that differ would
        lose every order."""
        owners = tuple(f"{name}:{account}" for name, part in parts.items() for account in getattr(part, "buyers", ()))
        said = {
            name: prefix
            for name, part in parts.items()
            if (prefix := getattr(part, "purchase_prefix", None)) is not None
        }
        told: dict[str, Any] = {"accounts": owners} if owners else {}
        mine, (name, prefix) = self.purchases, next(iter(said.items()), ("", None))
        if prefix is not None and "reference_prefix" in mine.model_fields_set and mine.reference_prefix != prefix:
            raise ValueError(
                f"CAUSEWAY_ODOO__PURCHASES__REFERENCE_PREFIX is {mine.reference_prefix!r}, but CAUSEWAY_{name.upper()}__PURCHASES__REFERENCE_PREFIX "
                f"is {prefix!r}: orders would not find their purchase orders; set only the second"
            )
        told |= {} if prefix is None else {"reference_prefix": prefix}
        return self.model_copy(update={"purchases": mine.model_copy(update=told)}) if told else self

    def secret(self) -> str:
        """The password or API key. Raises OSError when its file cannot be read."""
        if self.password_file:
            return Path(self.password_file).read_text(encoding="utf-8").strip()
        return self.password.get_secret_value()

    def check_credentials(self) -> None:
        """Raises ValueError without a password: nothing can be read or written then, now or later."""
        try:
            secret = self.secret()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"CAUSEWAY_ODOO__PASSWORD_FILE cannot be read: {type(error).__name__}") from None
        if not secret:
            raise ValueError(
                "CAUSEWAY_ODOO__PASSWORD is not set, nor CAUSEWAY_ODOO__PASSWORD_FILE (an API key is best)"
            )

    def stage_of(self, status: str) -> Stage:
        """How far an order of this canonical status is brought; an unknown one stays a quotation."""
        return self.stages.get(status) or DEFAULT_STAGES.get(status, Stage.QUOTATION)
