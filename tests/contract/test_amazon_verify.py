"""AUTH-5: `causeway verify` of Amazon against the sandbox: call by call, role by role, changing nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from connectors.amazon.sandbox.operations import ROLES
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.verify import AmazonVerifier
from connectors.kit.ports import Check
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, connected

ACCOUNT = f"/sandbox/accounts/{US_SELLER.seller_id}"


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(sellers=(US_SELLER,)) as found:
        found.add(5)
        found.clock.tick(600)
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box)
    yield one
    await one.aclose()


async def checked(amazon: Connected) -> dict[str, Check]:
    checks = await AmazonVerifier(amazon.settings, amazon.client, amazon.now).verify()
    return {check.subject.removeprefix("amazon main: "): check for check in checks}


def refused(checks: dict[str, Check]) -> set[str]:
    return {subject for subject, check in checks.items() if not check.ok}


async def test_with_all_roles_everything_works_and_nothing_changes(box: Box, amazon: Connected) -> None:
    before = box.http.get("/sandbox/snapshot").json()
    checks = await checked(amazon)
    assert refused(checks) == set()
    assert {"get token", "marketplaces", "read orders", "see names and addresses", "read settlements"} <= set(checks)
    after = box.http.get("/sandbox/snapshot").json()
    assert {name: value for name, value in before.items() if name != "at"} == {
        n: v for n, v in after.items() if n != "at"
    }


@pytest.mark.parametrize(
    ("role", "subjects", "words"),
    [
        ("inventory_and_order_tracking", {"read orders"}, "Inventory and Order Tracking"),
        ("direct_to_consumer_delivery", {"see names and addresses"}, "Direct-to-Consumer Delivery"),
        ("tax_invoicing", {"see who collects taxes"}, "Tax Invoicing"),
        ("product_listing", {"read and write listings", "look products up by ASIN"}, "Product Listing"),
        ("finance_and_accounting", {"read settlements"}, "Finance and Accounting"),
        ("amazon_fulfillment", set(), "Amazon Fulfillment"),
        ("pricing", set(), ""),
        ("selling_partner_insights", set(), ""),
    ],
)
async def test_a_missing_role_is_named_with_its_remedy(
    box: Box, amazon: Connected, role: str, subjects: set[str], words: str
) -> None:
    box.http.put(ACCOUNT, json={"roles": [one for one in ROLES if one != role]}).raise_for_status()
    checks = await checked(amazon)
    assert refused(checks) == subjects
    assert all(words in checks[subject].remedy for subject in subjects)


async def test_what_a_flow_that_is_off_would_need_is_not_asked_for(box: Box, amazon: Connected) -> None:
    subject = "read stock at Amazon (FBA)"
    assert subject in await checked(amazon)
    reading = amazon.settings.reading.model_copy(update={"fba_stock": False})
    amazon.settings = amazon.settings.model_copy(update={"reading": reading})
    assert subject not in await checked(amazon)


async def test_without_any_role_nothing_works_but_what_needs_none(box: Box, amazon: Connected) -> None:
    box.http.put(ACCOUNT, json={"roles": []}).raise_for_status()
    checks = await checked(amazon)
    works = {subject for subject, check in checks.items() if check.ok}
    assert works == {"get token", "have changes told (destinations)", "have changes told (ORDER_CHANGE)"}
    assert all(check.remedy for check in checks.values() if not check.ok)


async def test_a_marketplace_the_seller_is_not_in(box: Box) -> None:
    amazon = connected(box, accounts={"main": account_of(US_SELLER, marketplaces=["CA"])})
    check = (await checked(amazon))["marketplaces"]
    assert (check.ok, "A2EUQ1WTGCTBG2" in check.detail, "MARKETPLACES" in check.remedy) == (False, True, True)
    await amazon.aclose()


async def test_a_seller_of_another_region_is_told_so(box: Box) -> None:
    """AUTH-2: token and region do not belong together; Amazon says 403 to everything."""
    amazon = connected(box, accounts={"main": account_of(US_SELLER, region="eu", marketplaces=["DE"])})
    checks = await checked(amazon)
    assert checks["get token"].ok
    assert not checks["marketplaces"].ok
    assert "region" in checks["marketplaces"].detail
    assert "region" in checks["marketplaces"].remedy
    await amazon.aclose()


async def test_accounts_are_told_apart(box: Box) -> None:
    """AUTH-2, AUTH-7: what one lacks is its own trouble."""
    accounts = {"main": account_of(US_SELLER), "old": account_of(US_SELLER, refresh_token="withdrawn")}
    amazon = connected(box, accounts=accounts)
    checks = await AmazonVerifier(amazon.settings, amazon.client, amazon.now).verify()
    assert {check.subject for check in checks if not check.ok} == {"amazon old: get token"}
    assert len([check for check in checks if check.subject.startswith("amazon main: ")]) > 10
    await amazon.aclose()


async def test_without_a_token_nothing_else_is_tried(box: Box, amazon: Connected) -> None:
    box.http.put(ACCOUNT, json={"authorised": False}).raise_for_status()
    (check,) = (await checked(amazon)).values()
    assert (check.subject, check.ok) == ("amazon main: get token", False)
    assert "withdrawn" in check.remedy


async def test_without_orders_the_restricted_roles_cannot_be_told() -> None:
    with amazon_box(sellers=(US_SELLER,)) as empty:
        amazon = connected(empty)
        checks = await checked(amazon)
        assert checks["see names and addresses"] == Check(
            "amazon main: see names and addresses", True, "not known: there is no order to see it by"
        )
        await amazon.aclose()


async def test_without_accounts_it_says_what_to_set(box: Box, amazon: Connected) -> None:
    (check,) = await AmazonVerifier(AmazonSettings(), amazon.client, amazon.now).verify()
    assert (check.ok, "CAUSEWAY_AMAZON__ACCOUNTS__MAIN__REGION" in check.remedy) == (False, True)


async def test_no_secret_and_no_person_shows(box: Box, amazon: Connected) -> None:
    """SEC-3."""
    told = " ".join(f"{check.detail} {check.remedy}" for check in (await checked(amazon)).values())
    assert US_SELLER.refresh_token not in told
    assert box.order(box.listed()[0])["buyer"]["buyerName"] not in told
