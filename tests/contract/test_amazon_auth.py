"""AUTH-2, ERR-3 (Amazon), RATE-1 over the sandbox: tokens, refusals and quotas as Amazon has them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from connectors.amazon.auth import NOTIFICATIONS
from connectors.amazon.rates import PUBLISHED, AmazonRates
from connectors.amazon.sandbox.operations import OPERATIONS
from connectors.amazon.sandbox.settings import DEMO_SELLER, EU_SELLER, FE_SELLER
from connectors.kit.errors import AuthError, ForbiddenError, ThrottledError, TransientError
from connectors.kit.rate import Priority
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import Connected, account_of, all_of, connected, ids_in

SELLER = f"/sandbox/accounts/{DEMO_SELLER.seller_id}"


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box() as found:
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box)
    yield one
    await one.aclose()


async def test_each_region_with_its_own_authorisation(box: Box) -> None:
    """AUTH-2, AUTH-7: three regions, several marketplaces and accounts side by side."""
    sellers = {"na": DEMO_SELLER, "eu": EU_SELLER, "fe": FE_SELLER}
    amazon = connected(box, accounts={name: account_of(seller) for name, seller in sellers.items()})
    for name, seller in sellers.items():
        made = box.add(2, account=seller.seller_id)
        box.clock.tick(600)
        assert set(ids_in(await all_of(amazon.orders(name).pages("")))) <= set(made)
    await amazon.aclose()


async def test_an_old_token_is_renewed_and_nobody_notices(box: Box, amazon: Connected) -> None:
    """ERR-3: 403 is an expired token first."""
    client = amazon.client()
    await client.get_order("000-0000000-0000000", [])
    box.http.put(SELLER, json={"revoke_tokens": True}).raise_for_status()
    await client.get_order("000-0000000-0000000", [])
    assert box.state()["tokens_issued"] == 2


async def test_a_token_is_used_until_shortly_before_its_end(box: Box, amazon: Connected) -> None:
    client = amazon.client()
    for _ in range(7):
        await client.get_order("000-0000000-0000000", [])
        box.clock.tick(600)
    assert box.state()["tokens_issued"] == 2


async def test_a_role_that_is_missing_is_told_as_such(box: Box, amazon: Connected) -> None:
    """ERR-3, ERR-7: renewed once, then a person."""
    box.http.put(SELLER, json={"roles": ["product_listing"]}).raise_for_status()
    with pytest.raises(ForbiddenError, match="lacks a role"):
        await amazon.client().search_orders({"lastUpdatedAfter": box.ago(3600)})
    assert box.state()["tokens_issued"] == 2


async def test_another_regions_seller_is_told_as_such(box: Box) -> None:
    """AUTH-2: a refresh token is good in its own region alone."""
    keys = {name: getattr(EU_SELLER, name) for name in ("seller_id", "refresh_token")}
    amazon = connected(box, accounts={"main": account_of(DEMO_SELLER, **keys)})
    with pytest.raises(ForbiddenError, match="or the region is another"):
        await amazon.client().search_orders({"lastUpdatedAfter": box.ago(3600)})
    await amazon.aclose()


async def test_an_answer_that_tells_no_rate_changes_nothing(box: Box) -> None:
    """RATE-1: "when available"."""
    amazon = connected(box, rates=AmazonRates())
    box.faults({"kind": "no_rate_header"})
    client = amazon.client()
    for _ in range(21):  # twenty at once
        await client.search_orders({"lastUpdatedAfter": box.ago(3600)})
    assert sum(amazon.slept) == pytest.approx(178.6, rel=0.02)
    await amazon.aclose()


async def test_an_authorisation_that_was_withdrawn_stops_the_account(box: Box, amazon: Connected) -> None:
    """AUTH-2: invalid_grant."""
    box.http.put(SELLER, json={"authorised": False, "revoke_tokens": True}).raise_for_status()
    with pytest.raises(AuthError, match="authorisation is gone"):
        await amazon.client().search_orders({"lastUpdatedAfter": box.ago(3600)})
    assert amazon.slept == []


async def test_a_secret_that_was_rotated_is_told_as_such(box: Box, amazon: Connected) -> None:
    box.http.put(SELLER, json={"client_secret": "another"}).raise_for_status()
    with pytest.raises(AuthError, match="client id and client secret"):
        await amazon.client().ask_token()


async def test_grantless_and_restricted_tokens(box: Box, amazon: Connected) -> None:
    """AUTH-2: each of its own kind; the sandbox refuses one in place of the other."""
    client = amazon.client()
    assert await client.ask_token(NOTIFICATIONS) != await client.ask_token()
    restricted = await client.ask_token(client.restricted("GET", "/orders/v0/orders", ["buyerInfo"]))
    assert restricted != await client.ask_token()


@pytest.mark.parametrize("status", [500, 503])
async def test_a_system_that_fails_for_now_is_asked_again(box: Box, amazon: Connected, status: int) -> None:
    """ERR-3: 5xx with growing waits."""
    box.faults({"kind": "status", "code": status, "limit": 2, "path": "/orders/"})
    await amazon.client().search_orders({"lastUpdatedAfter": box.ago(3600)})
    assert len(amazon.slept) == 2
    assert amazon.slept[0] < amazon.slept[1]


async def test_a_system_that_goes_on_failing_is_transient(box: Box, amazon: Connected) -> None:
    box.faults({"kind": "status", "code": 500, "path": "/orders/"})
    with pytest.raises(TransientError):
        await amazon.client().search_orders({"lastUpdatedAfter": box.ago(3600)})


def test_our_table_of_quotas_is_the_sandboxes() -> None:
    """RATE-1: both are read off the published models, one by one."""
    for name, operation in OPERATIONS.items():
        ours = PUBLISHED.get(name.partition(":")[2] or name)
        if ours is not None:
            assert ours == pytest.approx((operation.rate, operation.burst)), name


async def test_a_day_of_polling_meets_no_429_and_uses_what_there_is(box: Box) -> None:
    """RATE-1: while work waits, at least 95 % of the quota is used and nothing is refused."""
    amazon = connected(box, rates=AmazonRates())
    client, began, calls = amazon.client(), box.clock(), 0
    while box.clock() - began < 86_400:
        await client.search_orders({"lastUpdatedAfter": box.ago(3600)}, Priority.REPORTS)
        calls += 1
    allowed = 20 + 86_400 * 0.0056
    assert 0.95 * allowed <= calls <= allowed + 1
    await amazon.aclose()


async def test_another_tool_uses_the_same_quota(box: Box) -> None:
    """RATE-1: a 429 empties our bucket too: one refusal, then a call when the header says, and no storm."""
    for _ in range(20):
        box.search()
    amazon = connected(box, rates=AmazonRates())
    client = amazon.client()
    with pytest.raises(ThrottledError) as caught:
        await client.search_orders({"lastUpdatedAfter": box.ago(3600)})
    assert caught.value.retry_after == pytest.approx(178.6, abs=0.5)
    for _ in range(5):
        await client.search_orders({"lastUpdatedAfter": box.ago(3600)})
    assert sum(amazon.slept) == pytest.approx(5 * 178.6, rel=0.02)
    await amazon.aclose()


async def test_a_higher_rate_is_used_as_soon_as_an_answer_tells_it(box: Box) -> None:
    """RATE-1: "selling partners whose business demands it may receive higher values"."""
    with amazon_box(rate_factor=10) as fast:
        amazon = connected(fast, rates=AmazonRates(burst={"searchOrders": 1}))
        client = amazon.client()
        for _ in range(3):
            await client.search_orders({"lastUpdatedAfter": fast.ago(3600)})
        assert sum(amazon.slept) == pytest.approx(2 * 17.86, rel=0.02)
        await amazon.aclose()


async def test_accounts_of_one_seller_share_its_quota(box: Box) -> None:
    """AUTH-7, RATE-1: two accounts of one seller never ask for more than one may."""
    places = {"de": ["DE"], "uk": ["UK"]}
    amazon = connected(
        box, rates=AmazonRates(), accounts={n: account_of(EU_SELLER, marketplaces=m) for n, m in places.items()}
    )
    clients = [amazon.client(name) for name in places]
    for number in range(24):
        await clients[number % 2].search_orders({"lastUpdatedAfter": box.ago(3600)})
    assert len(amazon.budgets) == 1
    assert sum(amazon.slept) == pytest.approx(4 * 178.6, rel=0.02)
    await amazon.aclose()
