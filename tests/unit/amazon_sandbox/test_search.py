"""ORD-1, ORD-4: which list calls are answered, which window they mean, and what a pagination token is good for."""

import pytest

from connectors.amazon.sandbox.blocks import DATA_SETS, shown
from connectors.amazon.sandbox.errors import ApiError
from connectors.amazon.sandbox.moments import read
from connectors.amazon.sandbox.operations import DELIVERY, ROLES, TAX
from connectors.amazon.sandbox.search import PageTokens, Rules, Search, parse
from connectors.amazon.sandbox.settings import DEMO_SELLER
from tests.unit.amazon_sandbox.orders import order_of

NOW_MS = read("2026-11-20T12:00:00Z")
RULES = Rules(NOW_MS, NOW_MS - 120_000, DEMO_SELLER.marketplaces)
AFTER = "2026-11-20T10:00:00Z"


def parsed(**params: str) -> Search:
    return parse(params, RULES)


def test_without_an_end_the_window_ends_two_minutes_ago() -> None:
    found = parsed(lastUpdatedAfter=AFTER)
    assert (found.column, found.after, found.before) == ("updated", read(AFTER), NOW_MS - 120_000)
    assert (found.limit, found.included) == (100, ())


def test_lists_are_joined_by_commas() -> None:
    found = parsed(
        createdAfter=AFTER,
        marketplaceIds="ATVPDKIKX0DER,A2EUQ1WTGCTBG2",
        fulfillmentStatuses="UNSHIPPED,PARTIALLY_SHIPPED",
        fulfilledBy="MERCHANT",
        includedData="PROCEEDS,FULFILLMENT",
        maxResultsPerPage="7",
    )
    assert found.marketplaces == ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2")
    assert found.statuses == ("UNSHIPPED", "PARTIALLY_SHIPPED")
    assert (found.fulfilled_by, found.included, found.limit) == (("MERCHANT",), ("PROCEEDS", "FULFILLMENT"), 7)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"createdAfter": AFTER, "lastUpdatedAfter": AFTER},
        {"createdBefore": AFTER},
        {"createdAfter": AFTER, "lastUpdatedBefore": AFTER},
        {"lastUpdatedAfter": AFTER, "createdBefore": AFTER},
        {"createdAfter": AFTER, "createdBefore": "2026-11-20T11:59:00Z"},
        {"createdAfter": AFTER, "createdBefore": "2026-11-20T09:00:00Z"},
        {"createdAfter": "2026-11-20T12:00:01Z"},
        {"createdAfter": "2026-11-20"},
        {"createdAfter": "2026-11-20T10:00:00"},
        {"createdAfter": "TEST_CASE_400"},
        {"createdAfter": AFTER, "maxResultsPerPage": "0"},
        {"createdAfter": AFTER, "maxResultsPerPage": "101"},
        {"createdAfter": AFTER, "fulfillmentStatuses": "Unshipped"},
        {"createdAfter": AFTER, "fulfilledBy": "AFN"},
        {"createdAfter": AFTER, "includedData": "EVERYTHING"},
        {"createdAfter": AFTER, "includedData": ""},
        {"createdAfter": AFTER, "marketplaceIds": "A1PA6795UKMFR9"},
        {"createdAfter": AFTER, "MarketplaceIds": "ATVPDKIKX0DER"},
    ],
)
def test_what_is_wrong_is_refused(params: dict[str, str]) -> None:
    with pytest.raises(ApiError) as refused:
        parsed(**params)
    assert refused.value.status == 400


def test_the_end_may_be_exactly_two_minutes_ago() -> None:
    assert parsed(createdAfter=AFTER, createdBefore="2026-11-20T11:58:00Z").before == NOW_MS - 120_000


def test_a_token_keeps_the_window_and_dies_after_a_day() -> None:
    tokens, search = PageTokens(0, 86_400.0), parsed(createdAfter=AFTER)
    token = tokens.made(search, (5, "id"), 1000.0)
    later = parse({"createdAfter": AFTER}, Rules(NOW_MS + 60_000, NOW_MS - 60_000, RULES.marketplaces))
    assert tokens.followed(later, token, 1000.0 + 86_399) == Search(
        "created", search.after, search.before, position=(5, "id")
    )
    with pytest.raises(ApiError, match="expired"):
        tokens.followed(later, token, 1000.0 + 86_400)


@pytest.mark.parametrize("token", ["", "x", "YQ==.abc", "W10=.0"])
def test_a_forged_token_is_refused(token: str) -> None:
    with pytest.raises(ApiError, match="not valid"):
        PageTokens(0, 60.0).followed(parsed(createdAfter=AFTER), token, 0.0)


def test_a_token_of_another_search_is_refused() -> None:
    tokens = PageTokens(0, 60.0)
    token = tokens.made(parsed(createdAfter=AFTER, fulfilledBy="AMAZON"), (5, "id"), 0.0)
    with pytest.raises(ApiError, match="other parameters"):
        tokens.followed(parsed(createdAfter=AFTER), token, 0.0)


def test_without_data_sets_there_is_neither_status_nor_money() -> None:
    bare = shown(order_of(1), (), ROLES)
    assert set(bare) == {"orderId", "createdTime", "lastUpdatedTime", "salesChannel", "orderItems"}
    (item,) = bare["orderItems"]
    assert set(item) == {"orderItemId", "quantityOrdered", "product"}


@pytest.mark.parametrize(
    ("data_set", "of_order", "of_item"),
    [
        ("BUYER", "buyer", ""),
        ("RECIPIENT", "recipient", ""),
        ("PROCEEDS", "proceeds", "proceeds"),
        ("FULFILLMENT", "fulfillment", "fulfillment"),
        ("PROMOTION", "", "promotion"),
        ("PAYMENT", "payment", ""),
        ("TAX", "", "tax"),
    ],
)
def test_each_data_set_brings_its_block(data_set: str, of_order: str, of_item: str) -> None:
    order = order_of(1, promotion_item=1.0)
    without, with_it = (shown(order, included, ROLES) for included in ((), (data_set,)))
    assert set(with_it) - set(without) == ({of_order} if of_order else set())
    more = set(with_it["orderItems"][0]) - set(without["orderItems"][0])
    assert more == ({of_item} if of_item else set())


def test_a_pending_order_has_no_money_no_buyer_and_no_address() -> None:
    order = order_of(1)
    order["fulfillment"]["fulfillmentStatus"] = "PENDING"
    found = shown(order, DATA_SETS, ROLES)
    assert found["fulfillment"]["fulfillmentStatus"] == "PENDING"
    assert not {"buyer", "recipient", "proceeds", "payment"} & set(found)
    (item,) = found["orderItems"]
    assert "proceeds" not in item
    assert "price" not in item["product"]


def test_roles_decide_about_personal_data() -> None:
    """AUTH-5: without the restricted roles the fields are missing, nothing else."""
    order = order_of(1, country="DE", business=1.0)
    everything = shown(order, DATA_SETS, ROLES)
    less = shown(order, DATA_SETS, [role for role in ROLES if role not in (DELIVERY, TAX)])
    assert set(everything) - set(less) == {"buyer", "recipient", "tax"}
