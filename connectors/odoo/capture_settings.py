"""What can be configured of Odoo as a source: CAUSEWAY_ODOO__CAPTURE__MODE, CAUSEWAY_ODOO__CAPTURE__OVERLAP_SECONDS, ... (EVT-6)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator

from connectors.kit.settings import Part

Reason = Literal["out_of_stock", "customer", "pricing", "fraud", "address", "payment", "other"]


MIN_SECRET = 16


class WebhookSettings(Part):
    """A port on which Odoo's automation rules may say that something changed: a wake-up for the poller, nothing more."""

    port: int = Field(0, ge=0, le=65535, description="port the poller listens on for Odoo's webhooks; 0 = it does not")
    host: str = Field(
        "127.0.0.1",
        description="address it listens on; plain HTTP, so put TLS in front of any other than this machine's own",
    )
    secret: SecretStr = Field(
        SecretStr(""), description="last part of the address Odoo is given, 16 letters and digits at least"
    )
    secret_file: str = Field("", description="file holding the secret, instead of `secret`")
    pause_seconds: float = Field(
        2,
        ge=0.1,
        le=300,
        description="a flow is woken once in this time at most, and once more so long after a call, which may precede its commit",
    )

    def the_secret(self) -> str:
        """Raises OSError when its file cannot be read, ValueError when it is too short or no part of an address."""
        text = self.secret.get_secret_value()
        if self.secret_file:
            text = Path(self.secret_file).read_text(encoding="utf-8").strip()
        if len(text) < MIN_SECRET or not text.isascii() or not text.isalnum():
            raise ValueError(
                "CAUSEWAY_ODOO__CAPTURE__WEBHOOK__SECRET (or _FILE): "
                f"want {MIN_SECRET} letters and digits at least, as `openssl rand -hex 24` makes them"
            )
        return text


class CaptureSettings(Part):
    """How changes are noticed, how far back is looked, and what of it is wanted."""

    mode: Literal["off", "poll", "outbox"] = Field(
        "off",
        description="off; poll: by write_date, needs no set-up; outbox: by rows that `causeway odoo install-outbox` has Odoo write",
    )
    partners: bool = Field(False, description="read customers and suppliers too; their records are personal data")
    overlap_seconds: int = Field(
        130, ge=0, le=86400, description="how far each poll looks back: longer than Odoo's longest transaction (limit_time_real)"
    )  # fmt: skip
    wide_overlap_minutes: int = Field(30, ge=0, le=1440, description="how far it looks back now and then")
    wide_every_polls: int = Field(60, ge=0, description="every how many polls; 0 = never")
    census_minutes: int = Field(15, ge=0, description="pause between censuses of product ids; 0 = never")
    purchases_deleted_at_most: int = Field(
        5, ge=0, description="so many ordered purchase orders may be missing in one census; more are an exception, and none is cancelled by itself"
    )  # fmt: skip
    sweep_hours: int = Field(
        24, ge=0, description="every product's stock, price and content is read anew this often; 0 = only at first"
    )
    start_days_back: int = Field(
        7, ge=0, le=3650, description="how old changes of documents a first poll reads, and at most a resync of changes"
    )
    page_rows: int = Field(500, ge=1, le=5000, description="changed rows asked for in one call")
    batch: int = Field(100, ge=1, le=1000, description="entities read whole in one go; a page holds at most so many")
    seen_limit: int = Field(
        200_000, ge=0, description="changed rows remembered at most; what is forgotten is published once more"
    )
    moves_days: int = Field(
        30, ge=0, le=365, description="how long a finished delivery is told with the stock of its products"
    )

    product_domain: str = Field(
        "", description='Odoo domain as JSON of the products to sell, for example [["x_sell","=",true]]'
    )
    order_domain: str = Field("", description="the same for marketplace orders whose changes go out")
    product_fields: tuple[str, ...] = Field((), description="further fields of products, for example x_prop65")
    price_fields: tuple[str, ...] = Field((), description="further fields told with prices, for example x_map_floor")
    brand_field: str = Field("", description="the product's field that names its brand")
    pricelists: tuple[str, ...] = Field((), description="names of the pricelists to compute; empty = all active ones")
    cancel_reason_field: str = Field(
        "", description="field of sale.order that says why it was cancelled; tags say it too"
    )
    cancel_reasons: dict[str, Reason] = Field(
        default_factory=dict, description="tag or text on a cancelled order -> reason told to the marketplace"
    )
    cancel_reason_default: Reason = Field("out_of_stock", description="reason where nothing says one")
    webhook: WebhookSettings = WebhookSettings()
    ship_without_tracking: bool = Field(
        True,
        description="tell of a finished delivery without a tracking number at once, which is an exception until it has one; else wait for it",
    )

    @field_validator("product_domain", "order_domain")
    @classmethod
    def _domain(cls, value: str) -> str:
        if value.strip() and not isinstance(_loaded(value), list):
            raise ValueError('want an Odoo domain as a JSON list, for example [["sale_ok","=",true]]')
        return value

    @property
    def products_wanted(self) -> list[Any]:
        return domain_of(self.product_domain)

    @property
    def orders_wanted(self) -> list[Any]:
        return domain_of(self.order_domain)


def domain_of(text: str) -> list[Any]:
    """The domain a setting holds; empty text = no condition."""
    found: list[Any] = _loaded(text) if text.strip() else []
    return found


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
