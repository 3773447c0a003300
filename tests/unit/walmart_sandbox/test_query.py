"""ORD-1, TEST-1: the order list's parameters, defaults and cursor (walmart.md, sections 4 and 5)."""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from connectors.walmart.sandbox.errors import ApiError
from connectors.walmart.sandbox.query import OrderQuery, at_offset, cursor, parse
from tests.unit.walmart_sandbox.orders import PLACED

NOW_MS = int(PLACED.timestamp() * 1000)
DAY_MS = 86_400_000


def query(**params: str) -> OrderQuery:
    return parse(params, PLACED, released=False, history_days=180)


def test_without_dates_it_is_the_last_seven_days_of_seller_fulfilled_orders() -> None:
    got = query()
    assert (got.created_from, got.created_to) == (NOW_MS - 7 * DAY_MS, NOW_MS)
    assert (got.node_type, got.limit, got.offset) == ("SellerFulfilled", 100, 0)


def test_the_default_window_holds_beside_other_filters() -> None:
    assert query(purchaseOrderId="1", lastModifiedStartDate="2026-01-01").created_from == NOW_MS - 7 * DAY_MS


def test_dates_are_days_or_moments_and_ends_cover_their_day() -> None:
    got = query(
        createdStartDate="2026-11-01", createdEndDate="2026-11-02", lastModifiedStartDate="2026-11-01T10:00:00Z"
    )
    assert got.created_to - got.created_from == 2 * DAY_MS - 1
    assert got.modified_from == got.created_from + 10 * 3_600_000


def test_nothing_older_than_the_history_is_asked_for() -> None:
    assert query(createdStartDate="2013-08-16").created_from == NOW_MS - int(timedelta(days=180).total_seconds() * 1000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("createdStartDate", "yesterday"),
        ("createdStartDate", "2026-02-30"),
        ("createdStartDate", "2026-11-01T10:00:00"),
        ("createdStartDate", "2026-11-01T10:00:00+01:00"),
        ("createdStartDate", "2027-01-01"),
        ("lastModifiedEndDate", "1795"),
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "ten"),
        ("limit", "²"),
        ("status", "created"),
        ("shipNodeType", "Mine"),
        ("orderType", "ODD"),
    ],
)
def test_a_wrong_parameter_is_named(name: str, value: str) -> None:
    with pytest.raises(ApiError) as caught:
        query(**{name: value})
    assert (caught.value.code, caught.value.field) == ("INVALID_REQUEST_PARAM", name)


def test_a_cursor_is_a_whole_query_string_that_leads_to_the_same_query() -> None:
    asked = query(
        sku="A&B 50%/é", status="Created", lastModifiedStartDate="2026-11-19T00:00:00Z", limit="10", productInfo="true"
    )
    text = cursor(at_offset(asked, 20), 31, "100009")
    assert text.startswith("?limit=10&hasMoreElements=true&soIndex=31&poIndex=20&partnerId=100009")
    assert query(**dict(parse_qsl(text[1:]))) == at_offset(asked, 20)


def test_the_window_stays_where_the_first_page_put_it() -> None:
    text = cursor(at_offset(query(), 100), 250, "1")
    later = parse(dict(parse_qsl(text[1:])), PLACED + timedelta(hours=1), released=False, history_days=180)
    assert (later.created_from, later.created_to) == (query().created_from, query().created_to)


def test_a_cursor_sent_as_a_parameter_starts_over() -> None:
    assert query(nextCursor=cursor(at_offset(query(), 100), 250, "1")).offset == 0


def test_released_is_created_only() -> None:
    assert parse({}, PLACED, released=True, history_days=180).status == "Created"
