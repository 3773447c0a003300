"""Configuration of what is read besides orders, and which account a settlement belongs to (FIN-1, EVT-4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors.amazon import CONNECTOR
from connectors.amazon.incoming_settings import AmazonQueue, AmazonReading
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.settlement_source import owner_of
from tests.unit.amazon.fake import account_with, settings_with

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"


def queue(**changes: Any) -> AmazonQueue:
    return AmazonQueue(**{"url": URL, "access_key_id": "AKIA", "secret_access_key": "s", **changes})


def test_the_region_of_a_queue_is_in_its_address() -> None:
    assert queue().region_name == "eu-west-1"
    assert queue(region="us-east-1").region_name == "us-east-1"
    with pytest.raises(ValidationError, match="region is needed"):
        queue(url="http://127.0.0.1:5000/123456789012/orders")


def test_the_keys_of_a_queue_are_secrets(tmp_path: Path) -> None:
    """SEC-3: never shown; one way to give them; a changed file is a rotation."""
    shown = repr(queue(secret_access_key="canary-secret", access_key_id="canary-id"))
    assert "canary" not in shown
    with pytest.raises(ValidationError, match="secret_access_key"):
        queue(secret_access_key_file="x")
    with pytest.raises(ValidationError, match="secret_access_key"):
        queue(secret_access_key="")
    file = tmp_path / "secret"
    file.write_text("one\n", encoding="utf-8")
    found = queue(secret_access_key="", secret_access_key_file=str(file))
    assert found.secret().get_secret_value() == "one"
    file.write_text("two", encoding="utf-8")
    assert found.secret().get_secret_value() == "two"


@pytest.mark.parametrize(
    ("accounts", "reading", "is_read"),
    [
        ({"main": {}}, {}, True), ({"main": {}}, {"fba_stock": False}, False),
        ({"main": {"fulfilled_by": ["MERCHANT"]}}, {}, False), ({"main": {"fulfilled_by": ["AMAZON"]}}, {}, True),
        ({"main": {"fulfilled_by": ["MERCHANT"]}, "fba": {}}, {}, True),
    ],
)  # fmt: skip
def test_stock_at_amazon_is_read_where_amazon_ships(
    accounts: dict[str, Any], reading: dict[str, Any], is_read: bool
) -> None:
    """ORD-10, AUTH-5: a seller without the role, or without such goods, has no flow that can only fail."""
    made = {name: account_with(**changes) for name, changes in accounts.items()}
    flows = CONNECTOR.configured_flows(settings_with(accounts=made, reading=AmazonReading(**reading)))
    assert ("fba_stock" in flows) is is_read
    assert "listing_census" in flows


@pytest.mark.parametrize(
    "changes", [{"url": "http://sqs.eu-west-1.amazonaws.com/1/o"}, {"endpoint": "ftp://x"}, {"wait_seconds": 21}]
)
def test_a_queue_that_cannot_be(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        queue(**changes)


def test_settlement_kinds_are_checked_at_start() -> None:
    """FIN-1: a kind there is not, a triple that is none."""
    found = AmazonReading(settlement_kinds={"Stardust/Levy/Base": "fee"})
    assert found.settlement_kinds == {"Stardust/Levy/Base": "fee"}
    with pytest.raises(ValidationError, match=r"settlement kind 'feee' of 'Stardust/Levy/Base': there are adjustment"):
        AmazonReading(settlement_kinds={"Stardust/Levy/Base": "feee"})
    with pytest.raises(ValidationError, match="is no transaction-type"):
        AmazonReading(settlement_kinds={"Stardust": "fee"})


def of_one_seller(**places: list[str]) -> AmazonSettings:
    accounts = {name: account_with(region="eu", marketplaces=found) for name, found in places.items()}
    other = account_with(region="eu", seller_id="A1OTHERSELLER", marketplaces=["SE"], refresh_token=SecretStr("other"))
    return settings_with(accounts={**accounts, "other": other})


@pytest.mark.parametrize(
    ("places", "currency", "reported", "owner"),
    [
        ({"uk": ["UK"], "de": ["DE"]}, "GBP", (), "uk"),
        ({"uk": ["UK"], "de": ["DE"]}, "EUR", ("A1F83G8C2ARO7P",), "de"),
        ({"uk": ["UK"]}, "EUR", (), ""),
        ({"uk": ["UK"]}, "SEK", (), ""),  # another seller's account has it
        ({"de": ["DE"], "fr": ["FR"]}, "EUR", (), "de"),
        ({"de": ["DE"], "fr": ["FR"]}, "EUR", ("A13V1IB3VIYZZH",), "fr"),
        ({"uk": ["UK"], "new": ["A1NEWMARKETPLACE"]}, "GBP", (), "uk"),
        ({"uk": ["UK"], "new": ["A1NEWMARKETPLACE"]}, "CHF", (), "new"),
    ],
)
def test_whose_a_settlement_is(
    places: dict[str, list[str]], currency: str, reported: tuple[str, ...], owner: str
) -> None:
    """FIN-1: exactly one account of the seller takes it, whichever asks."""
    settings = of_one_seller(**places)
    assert {owner_of(settings, name, currency, reported) for name in places} == {owner}
