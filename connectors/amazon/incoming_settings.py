"""Configuration of what is read besides orders: the queue of notifications, settlements, returns, stock at Amazon.

CAUSEWAY_AMAZON__ACCOUNTS__MAIN__QUEUE__URL=https://sqs.us-east-1.amazonaws.com/123456789012/amazon-orders
CAUSEWAY_AMAZON__ACCOUNTS__MAIN__QUEUE__ACCESS_KEY_ID=...
CAUSEWAY_AMAZON__ACCOUNTS__MAIN__QUEUE__SECRET_ACCESS_KEY=...   or ..._FILE
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from connectors.amazon.settlement_kinds import told_kinds
from connectors.kit.errors import DataError
from connectors.kit.http import checked_base_url
from connectors.kit.settings import Part, check_one_secret, secret_from

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def _endpoint(value: str) -> str:
    return checked_base_url(value) if value else ""


class AmazonQueue(Part):
    """The seller's own SQS queue in which Amazon puts notifications, and the AWS user that may read and delete in it."""

    url: Annotated[str, AfterValidator(checked_base_url)]
    region: str = Field("", description="of the queue; by default as its address says")
    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field("", description="another address of SQS, for tests")
    access_key_id: SecretStr
    secret_access_key: SecretStr = SecretStr("")
    secret_access_key_file: str = Field("", description="a file that holds it, instead of secret_access_key")
    wait_seconds: int = Field(10, ge=0, le=20, description="how long a call waits for messages (long polling)")
    hidden_seconds: int = Field(
        300, ge=30, le=3600, description="a message that was read and not deleted comes again after this time"
    )
    give_up_after: int = Field(
        10,
        ge=2,
        le=1000,
        description="a notification of an order Amazon does not have is a problem after so many readings",
    )

    @model_validator(mode="after")
    def _fits(self) -> AmazonQueue:
        check_one_secret("secret_access_key", self.secret_access_key, self.secret_access_key_file)
        if not self.region_name:
            raise ValueError("region is needed: the address of the queue does not name one")
        return self

    @property
    def region_name(self) -> str:
        """As configured, else as the address says."""
        found = _REGION.search(self.url.split("//", 1)[-1].split("/", 1)[0])
        return self.region or (found[0] if found else "")

    def secret(self) -> SecretStr:
        """Read anew each time. Raises OSError when its file cannot be read."""
        return secret_from(self.secret_access_key, self.secret_access_key_file)


class AmazonReading(Part):
    """What else is read, and how."""

    settlement_kinds: dict[str, str] = Field(
        default_factory=dict,
        description='kinds of settlement rows: "transaction-type/amount-type/amount-description" -> kind',
    )
    returns_days: float = Field(
        45, ge=1, le=59, description="returns made in so many days are read again each time, for what became of them"
    )
    report_minutes: float = Field(
        60, ge=0, le=1440, description="a report that ends this long before now, whoever asked for it, is new enough"
    )
    fba_stock: bool = Field(
        True, description="the stock at Amazon is read; off for sellers without it, or without the role for it"
    )
    fba_full_hours: float = Field(
        24, gt=0, le=720, description="how often all of the stock at Amazon is read, not only what changed"
    )
    fba_overlap_minutes: float = Field(
        30, ge=0, le=1440, description="changes are read from this long before the last reading"
    )

    @field_validator("settlement_kinds")
    @classmethod
    def _kinds(cls, value: dict[str, str]) -> dict[str, str]:
        try:
            told_kinds(value)
        except DataError as error:
            raise ValueError(str(error)) from None
        if odd := [triple for triple in value if triple.count("/") < 2]:
            raise ValueError(f"{odd[0][:80]!r} is no transaction-type/amount-type/amount-description")
        return value
