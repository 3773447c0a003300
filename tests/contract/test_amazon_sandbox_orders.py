"""ORD-1, ORD-4, ORD-8, FUL-2, REC-4: the order list with its horizon, pages and oddities, and what is done to orders."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.settings import EU_SELLER
from tests.contract.amazon_box import ORDERS, Box, Json, amazon_box, error_of

US = BY_COUNTRY["US"].id


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=1000.0) as box:
        yield box


def confirmation(box: Box, order: Json, units: dict[str, int] | None = None, **fields: Any) -> Json:
    """A shipmentConfirmation of all the order's units, or those given."""
    wanted = units or {one["orderItemId"]: one["quantityOrdered"] for one in order["orderItems"]}
    package: Json = {
        "packageReferenceId": "1",
        "carrierCode": "UPS",
        "trackingNumber": "1Z1",
        "shipDate": box.ago(0),
        "orderItems": [{"orderItemId": item, "quantity": count} for item, count in wanted.items()],
    }
    return {"marketplaceId": order["salesChannel"]["marketplaceId"], "packageDetail": {**package, **fields}}


def confirm(box: Box, order_id: str, body: Json) -> Any:
    return box.call("POST", f"/orders/v0/orders/{order_id}/shipmentConfirmation", json=body)


def status(box: Box, order_id: str) -> str:
    found: str = box.order(order_id)["fulfillment"]["fulfillmentStatus"]
    return found


def test_what_is_younger_than_two_minutes_is_in_no_list(box: Box) -> None:
    """ORD-1: neither a new order nor a change; a call by id sees both at once."""
    (order_id,) = box.add(1)
    assert box.listed() == []
    assert box.order(order_id)["orderId"] == order_id
    box.clock.tick(121)
    assert box.listed() == [order_id]
    since = box.ago(60)
    box.change(order_id, "touch")
    assert box.listed(lastUpdatedAfter=since) == []
    box.clock.tick(121)
    assert box.listed(lastUpdatedAfter=since) == [order_id]
    assert box.listed(createdAfter=since) == []


def test_the_answer_says_how_far_it_reaches(box: Box) -> None:
    assert box.search().json()["createdBefore"] == box.ago(120)
    answer = box.search(lastUpdatedAfter=box.ago(600), lastUpdatedBefore=box.ago(300)).json()
    assert answer == {"orders": [], "lastUpdatedBefore": box.ago(300)}


def test_pages_hold_each_order_once(box: Box) -> None:
    added = box.add(45, spread_minutes=300)
    box.clock.tick(200)
    pages = list(box.pages(maxResultsPerPage=20))
    assert [len(page["orders"]) for page in pages] == [20, 20, 5]
    listed = [order["orderId"] for page in pages for order in page["orders"]]
    assert sorted(listed) == sorted(added)
    times = [order["createdTime"] for page in pages for order in page["orders"]]
    assert times == sorted(times)
    assert len({page["createdBefore"] for page in pages}) == 1


def test_a_token_is_good_for_a_day_and_for_its_own_search(box: Box) -> None:
    box.add(3)
    box.clock.tick(200)
    window = box.ago(3600)
    token = box.search(createdAfter=window, maxResultsPerPage=1).json()["pagination"]["nextToken"]
    box.clock.tick(86_000)
    assert len(box.search(createdAfter=window, paginationToken=token).json()["orders"]) == 2
    assert error_of(box.search(createdAfter=window, fulfilledBy="AMAZON", paginationToken=token))[0] == 400
    assert error_of(box.call("GET", ORDERS, params={"paginationToken": token}))[0] == 400
    box.clock.tick(401)
    assert error_of(box.search(createdAfter=window, paginationToken=token)) == (400, "InvalidInput")


def test_an_order_that_changes_between_pages_is_met_in_the_next_window(box: Box) -> None:
    ids = box.add(3)
    box.clock.tick(200)
    since = box.ago(3600)
    first = box.search(lastUpdatedAfter=since, maxResultsPerPage=1).json()
    seen = [first["orders"][0]["orderId"]]
    moved = next(one for one in ids if one not in seen)
    box.change(moved, "touch")
    token = first["pagination"]["nextToken"]
    seen += [one["orderId"] for one in box.search(lastUpdatedAfter=since, paginationToken=token).json()["orders"]]
    assert sorted([*seen, moved]) == sorted(ids)
    box.clock.tick(130)
    assert moved in box.listed(lastUpdatedAfter=first["lastUpdatedBefore"])


def test_filters(box: Box) -> None:
    """ORD-4: marketplace, who fulfils, status."""
    box.add(60, mix={"base": "default", "malformed": 0.0})
    # All that was still to happen to them has happened.
    box.clock.tick(10_000)
    truth = box.state()["orders"]
    box.clock.tick(200)
    cases: list[tuple[Json, str, str]] = [
        ({"marketplaceIds": US}, "marketplace", US),
        ({"fulfilledBy": "AMAZON"}, "fulfilled_by", "AMAZON"),
        ({"fulfillmentStatuses": "SHIPPED"}, "status", "SHIPPED"),
    ]
    for params, name, value in cases:
        expected = sorted(order_id for order_id, one in truth.items() if one[name] == value)
        assert sorted(box.listed(**params)) == expected
        assert expected


def test_a_marketplace_of_another_seller_is_refused(box: Box) -> None:
    assert error_of(box.search(EU_SELLER, marketplaceIds=US)) == (400, "InvalidInput")


def test_a_pending_order_gets_its_money_when_it_is_paid(box: Box) -> None:
    """ORD-8: first without money, buyer and address, then with them, later than when it was created."""
    mix = {"base": "plain", "pending": 1.0, "pending_seconds": [60, 60]}
    (order_id,) = box.add(1, mix=mix)
    assert status(box, order_id) == "PENDING"
    assert not {"proceeds", "buyer", "recipient"} & set(box.order(order_id))
    box.clock.tick(61)
    paid = box.order(order_id)
    assert paid["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    assert {"proceeds", "buyer", "recipient"} <= set(paid)
    assert paid["lastUpdatedTime"] > paid["createdTime"]


def test_no_two_states_of_an_order_have_the_same_time(box: Box) -> None:
    (order_id,) = box.add(1)
    times = [box.order(order_id)["lastUpdatedTime"]]
    for kind in ("touch", "ask_to_cancel", "cancel"):
        box.change(order_id, kind)
        times.append(box.order(order_id)["lastUpdatedTime"])
    assert len(set(times)) == 4
    assert times == sorted(times)


def test_an_order_can_be_absent_from_lists_for_a_while(box: Box) -> None:
    """REC-4: only a census by id finds it in the meantime."""
    ids = box.add(3)
    box.clock.tick(200)
    box.control(f"/sandbox/orders/{ids[1]}/hide", seconds=600)
    assert sorted(box.listed()) == sorted([ids[0], ids[2]])
    assert box.order(ids[1])["orderId"] == ids[1]
    box.clock.tick(601)
    assert sorted(box.listed()) == sorted(ids)


def test_an_order_left_out_by_a_fault(box: Box) -> None:
    ids = box.add(5)
    box.clock.tick(200)
    box.faults({"kind": "absent_order", "limit": 1})
    assert len(box.listed()) == 4
    assert sorted(box.listed()) == sorted(ids)


def test_a_page_given_twice_goes_on_afterwards(box: Box) -> None:
    ids = box.add(9)
    box.clock.tick(200)
    box.faults({"kind": "duplicate_page", "limit": 1, "skip": 1})
    listed = box.listed(maxResultsPerPage=3)
    assert len(listed) == 12
    assert sorted(set(listed)) == sorted(ids)


def test_a_token_that_leads_to_itself(box: Box) -> None:
    box.add(9)
    box.clock.tick(200)
    box.faults({"kind": "token_loop"})
    pages = box.pages(maxResultsPerPage=3)
    seen = [next(pages)["orders"][0]["orderId"] for _ in range(4)]
    assert len(set(seen)) == 1


def test_damaged_orders_keep_their_id(box: Box) -> None:
    """SEC-5: poison among good records."""
    ids = box.add(4)
    box.clock.tick(200)
    box.faults({"kind": "bad_record", "limit": 1})
    assert sorted(box.listed()) == sorted(ids)


def test_an_order_whose_damage_hides_its_marketplace_is_in_the_list_all_the_same(box: Box) -> None:
    """Amazon knows where it was sold: a list asked by marketplace must not lose it."""
    (order_id,) = box.add(1)
    box.raw({**box.order(order_id), "salesChannel": None, "fulfillment": None})
    box.clock.tick(200)
    found = box.search(marketplaceIds="ATVPDKIKX0DER", fulfilledBy="MERCHANT").json()
    assert [order["orderId"] for order in found["orders"]] == [order_id]


def test_orders_of_any_form_can_be_put_in(box: Box) -> None:
    odd: Json = {"orderId": "999-0000001-0000001", "orderItems": None}
    box.raw(odd)
    assert box.order(odd["orderId"]) == odd
    assert box.state()["orders"][odd["orderId"]]["status"] == "Unknown"
    box.clock.tick(200)
    assert box.listed() == [odd["orderId"]]


def test_shipping_in_two_parcels(box: Box) -> None:
    """FUL-2: 204 and no body; the parcels are in the order afterwards."""
    (order_id,) = box.add(1, mix={"base": "plain", "items": [0, 1]})
    order = box.order(order_id)
    first, second = ({one["orderItemId"]: one["quantityOrdered"]} for one in order["orderItems"])
    answer = confirm(box, order_id, confirmation(box, order, first))
    assert (answer.status_code, answer.content) == (204, b"")
    assert status(box, order_id) == "PARTIALLY_SHIPPED"
    again = confirm(box, order_id, confirmation(box, order, first, packageReferenceId="2"))
    assert error_of(again)[0] == 400
    rest = confirmation(box, order, second, packageReferenceId="2", trackingNumber="1Z2", shippingMethod="Ground")
    assert confirm(box, order_id, rest).status_code == 204
    found = box.order(order_id)
    assert found["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert [one["trackingNumber"] for one in found["packages"]] == ["1Z1", "1Z2"]
    writes = box.state()["orders"][order_id]
    assert (writes["writes"], writes["refused"]) == ({"ship": 2}, {"ship": 1})


def test_the_same_reference_corrects(box: Box) -> None:
    """FUL-2: a repeated confirmation is no second parcel."""
    (order_id,) = box.add(1)
    body = confirmation(box, box.order(order_id))
    assert confirm(box, order_id, body).status_code == 204
    assert confirm(box, order_id, body).status_code == 204
    body["packageDetail"]["trackingNumber"] = "1Z9"
    assert confirm(box, order_id, body).status_code == 204
    assert [one["trackingNumber"] for one in box.order(order_id)["packages"]] == ["1Z9"]


@pytest.mark.parametrize(
    "fields",
    [
        {"packageReferenceId": "P1"},
        {"packageReferenceId": "0"},
        {"packageReferenceId": 1},
        {"carrierCode": "Other"},
        {"carrierCode": ""},
        {"trackingNumber": ""},
        {"shipDate": "02/21/2026"},
        {"shipDate": "2026-11-01T00:00:00Z"},
        {"shipDate": "2026-12-01T00:00:00Z"},
        {"orderItems": []},
        {"orderItems": [{"orderItemId": "1", "quantity": 1}]},
        {"colour": "red"},
    ],
)
def test_a_wrong_confirmation_is_refused(box: Box, fields: Json) -> None:
    (order_id,) = box.add(1)
    body = confirmation(box, box.order(order_id), **fields)
    assert error_of(confirm(box, order_id, body)) == (400, "InvalidInput")
    assert status(box, order_id) == "UNSHIPPED"


def test_what_amazon_fulfils_and_what_is_elsewhere_cannot_be_confirmed(box: Box) -> None:
    (order_id,) = box.add(1, mix={"base": "plain", "fba": 1.0, "change_seconds": [600, 600]})
    body = confirmation(box, box.order(order_id))
    assert error_of(confirm(box, order_id, body))[0] == 400
    (other,) = box.add(1, seed=2)
    wrong = {**confirmation(box, box.order(other)), "marketplaceId": "A1VC38T7YXB528"}
    assert error_of(confirm(box, other, wrong))[0] == 400
    assert error_of(confirm(box, "999-0000000-0000000", body))[0] == 404


def test_a_carrier_of_another_name(box: Box) -> None:
    (order_id,) = box.add(1)
    body = confirmation(box, box.order(order_id), carrierCode="Other", carrierName="Bike Messenger")
    assert confirm(box, order_id, body).status_code == 204
    assert box.order(order_id)["packages"][0]["carrier"] == "Bike Messenger"


def test_an_answer_that_is_lost_was_carried_out(box: Box) -> None:
    (order_id,) = box.add(1)
    body = confirmation(box, box.order(order_id))
    box.faults({"kind": "lost", "limit": 1, "method": "POST"})
    with pytest.raises(Exception, match=r"disconnected"):
        confirm(box, order_id, body)
    assert status(box, order_id) == "SHIPPED"


def test_amazons_own_orders_ship_by_themselves(box: Box) -> None:
    (order_id,) = box.add(1, mix={"base": "plain", "fba": 1.0, "change_seconds": [1, 1]})
    assert status(box, order_id) == "UNSHIPPED"
    box.clock.tick(11)
    assert status(box, order_id) == "SHIPPED"


def test_orders_arrive_at_their_rate(box: Box) -> None:
    ids = box.add(10, rate=1.0)
    box.clock.tick(4.5)
    seen = [one for one in ids if box.call("GET", f"{ORDERS}/{one}").status_code == 200]
    assert len(seen) == 5


def test_an_order_id_of_no_form_is_a_bad_request(box: Box) -> None:
    assert error_of(box.call("GET", f"{ORDERS}/TEST_CASE_400")) == (400, "InvalidInput")
    assert error_of(box.call("GET", f"{ORDERS}/999-1234567-1234567")) == (404, "NotFound")
