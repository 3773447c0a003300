"""AUTH-7: accounts are checked when they are read; what is wrong says what to set."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors.amazon.incoming_settings import AmazonQueue
from connectors.amazon.rates import PUBLISHED, AmazonRates, told_rate
from connectors.amazon.settings import AmazonSettings
from tests.unit.amazon.fake import REFRESH, SECRET, account_with, settings_with


def test_without_accounts_there_is_nothing_to_do() -> None:
    assert AmazonSettings().accounts == {}
    assert AmazonSettings().base_url("fe") == "https://sellingpartnerapi-fe.amazon.com"


def test_marketplaces_by_country_or_id() -> None:
    assert account_with(marketplaces=["US", "ATVPDKIKX0DER"]).marketplaces == ("ATVPDKIKX0DER",)
    assert account_with(region="eu", marketplaces=["A1NEWPLACE0001"]).marketplaces == ("A1NEWPLACE0001",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"marketplaces": ["US", "CA"]}, "marketplaces of one currency make an account; these have CAD, USD"),
        ({"marketplaces": ["US", "DE"]}, "marketplaces DE are not in the region na"),
        ({"marketplaces": ["Atlantis"]}, "Atlantis is no marketplace"),
        ({"marketplaces": []}, "at least 1 item"),
        ({"region": "moon"}, "'na', 'eu' or 'fe'"),
        ({"client_secret": ""}, "set client_secret or client_secret_file, one of them"),
        ({"refresh_token": ""}, "set refresh_token or refresh_token_file, one of them"),
        ({"refresh_token_file": "/x"}, "set refresh_token or refresh_token_file, one of them"),
        ({"statuses": ["PENDING"], "pending": False}, "pending is off"),
        ({"seller_id": "me"}, "should match pattern"),
    ],
)
def test_what_cannot_be_an_account(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        account_with(**changes)


def test_secrets_come_from_files_and_are_read_anew(tmp_path: Path) -> None:
    """AUTH-6: rotation without restart."""
    file = tmp_path / "refresh"
    file.write_text("first\n")
    account = account_with(refresh_token=SecretStr(""), refresh_token_file=str(file))
    assert account.secret("refresh_token").get_secret_value() == "first"
    file.write_text("second")
    assert account.secret("refresh_token").get_secret_value() == "second"


def test_no_secret_shows() -> None:
    """SEC-3."""
    text = repr(settings_with()) + str(settings_with().model_dump())
    assert SECRET not in text
    assert REFRESH not in text


@pytest.mark.parametrize(
    ("environment", "urls", "fine"),
    [
        ("production", {}, True),
        ("production", {"na": "http://127.0.0.1:8420"}, False),
        ("production", {"na": "https://sandbox.sellingpartnerapi-na.amazon.com"}, False),
        ("sandbox", {}, False),
        ("sandbox", {"na": "http://127.0.0.1:8420"}, True),
        ("staging", {}, True),
    ],
)
def test_environments_do_not_mix(environment: str, urls: dict[Any, str], fine: bool) -> None:
    """AUTH-7: startup refuses."""
    settings = settings_with(base_urls=urls)
    if fine:
        settings.check_environment(environment)
        return
    with pytest.raises(ValueError, match="CAUSEWAY_AMAZON__BASE_URLS__NA"):
        settings.check_environment(environment)


BOX = "http://127.0.0.1:8420"
AWS = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
QUEUE = {"region": "us-east-1", "access_key_id": SecretStr("k"), "secret_access_key": SecretStr("s")}


@pytest.mark.parametrize(
    ("environment", "urls", "queue", "words"),
    [
        ("production", {}, {"url": AWS}, ""),
        ("sandbox", {"na": BOX}, {"url": f"{BOX}/123456789012/orders"}, ""),
        # Tests talk to a queue server by its endpoint; then the address is but a name.
        ("sandbox", {"na": BOX}, {"url": AWS, "endpoint": BOX}, ""),
        ("sandbox", {"na": "https://sandbox.sellingpartnerapi-na.amazon.com"}, {"url": AWS}, ""),
        ("production", {}, {"url": f"{BOX}/123456789012/orders"}, "MAIN__QUEUE__URL is 127.0.0.1"),
        ("production", {}, {"url": AWS, "endpoint": BOX}, "MAIN__QUEUE__ENDPOINT is 127.0.0.1"),
        ("sandbox", {"na": BOX}, {"url": AWS}, "a real queue, beside a sandbox"),
    ],
)
def test_queues_of_environments_do_not_mix(
    environment: str, urls: dict[Any, str], queue: dict[str, str], words: str
) -> None:
    """AUTH-7: a sandbox beside production's queue would read its notifications away."""
    account = account_with(queue=AmazonQueue(**{**QUEUE, **queue}))
    settings = settings_with(base_urls=urls, accounts={"main": account})
    if not words:
        settings.check_environment(environment)
        return
    with pytest.raises(ValueError, match=words):
        settings.check_environment(environment)


def test_no_sandbox_gets_the_refresh_token_of_production() -> None:
    """AUTH-7."""
    settings = settings_with(login_url=f"{BOX}/auth/o2/token")
    with pytest.raises(ValueError, match=r"CAUSEWAY_AMAZON__LOGIN_URL is 127\.0\.0\.1"):
        settings.check_environment("production")
    settings_with(login_url=f"{BOX}/auth/o2/token", base_urls={"na": BOX}).check_environment("sandbox")


def test_only_a_sandbox_is_asked_for_what_changed_a_moment_ago() -> None:
    settings_with(base_urls={"na": "http://127.0.0.1:8420/na"}, horizon_seconds=2).check_environment("sandbox")
    with pytest.raises(ValueError, match="CAUSEWAY_AMAZON__HORIZON_SECONDS is below 120"):
        settings_with(horizon_seconds=2).check_environment("production")


@pytest.mark.parametrize("name", ["FULFILLMENT", "PROCEEDS"])
def test_status_and_money_are_always_asked_for(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name} cannot be left out"):
        settings_with(included_data=[one for one in ("FULFILLMENT", "PROCEEDS") if one != name])


@pytest.mark.parametrize("url", ["http://api.amazon.com/auth/o2/token", "https://api.amazon.com", "ftp://x/y"])
def test_a_token_address_that_is_none(url: str) -> None:
    with pytest.raises(ValidationError):
        settings_with(login_url=url)


@pytest.mark.parametrize(
    ("changes", "order", "wanted"),
    [
        ({}, ("ATVPDKIKX0DER", "AMAZON", "PENDING"), True),
        ({}, ("A1PA6795UKMFR9", "AMAZON", "PENDING"), False),
        ({"fulfilled_by": ["MERCHANT"]}, ("ATVPDKIKX0DER", "AMAZON", "SHIPPED"), False),
        ({"fulfilled_by": ["MERCHANT"]}, ("ATVPDKIKX0DER", "", ""), True),
        ({"pending": False}, ("ATVPDKIKX0DER", "MERCHANT", "PENDING"), False),
        ({"pending": False}, ("ATVPDKIKX0DER", "MERCHANT", "CANCELLED"), True),
        ({"statuses": ["SHIPPED"]}, ("ATVPDKIKX0DER", "MERCHANT", "UNSHIPPED"), False),
    ],
)
def test_which_orders_are_read(changes: dict[str, Any], order: tuple[str, str, str], wanted: bool) -> None:
    """ORD-4."""
    assert account_with(**changes).wants(*order) is wanted


def test_the_plan_is_the_published_one() -> None:
    """RATE-1."""
    quota = AmazonRates().plan().quotas["searchOrders"]
    assert (quota.per_second, quota.depth) == (0.0056, 20)
    plan = AmazonRates(per_second={"searchOrders": 1}, factor=10).plan()
    assert (plan.quotas["searchOrders"].per_second, plan.quotas["getOrder"].per_second) == (1, 5)
    assert plan.own("createListingsFeed") == "createFeed"
    assert set(PUBLISHED) == set(plan.quotas)


@pytest.mark.parametrize("rates", [{"per_second": {"getOrders": 1}}, {"burst": {"getOrder": 0}}])
def test_rates_of_what_is_not_there(rates: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AmazonRates(**rates)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("0.0056", 0.0056), ("5.0", 5.0), ("", None), ("0", None), ("nan", None), ("fast", None), ("1e9", None)],
)
def test_the_rate_in_a_header(text: str, rate: float | None) -> None:
    assert told_rate({"x-amzn-ratelimit-limit": text}) == rate
