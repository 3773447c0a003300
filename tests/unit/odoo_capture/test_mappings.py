"""FUL-2, FUL-3, RET-2, INV-2, PRD-1: from raw payloads of Odoo to canonical records."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.errors import ConnectorError, DataError
from connectors.odoo.capture_mapping import mappings
from connectors.odoo.settings import OdooSettings
from tests.unit.failure.samples import codec
from tests.unit.odoo_capture.raws import (
    EXAMPLES,
    mapped,
    move,
    order_line,
    picking,
    sale_order,
)

# ---- all of them


@pytest.mark.parametrize("entity", sorted(EXAMPLES))
def test_a_mapping_fits_its_schema_and_keeps_the_key(entity: str) -> None:
    """EVT-2."""
    payload = json.dumps(EXAMPLES[entity]).encode()
    found = mappings(OdooSettings())[entity](payload, "main")
    assert found == mappings(OdooSettings())[entity](payload, "main")
    assert found
    for one in found:
        assert one.key == one.body["key"]
        assert codec().encode(one.entity, one.body)


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["1e400", "-5", "2026-01-01", "99999-01-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("entity", sorted(EXAMPLES))
@given(data=st.data())
def test_whatever_comes_is_a_record_or_one_of_our_errors(entity: str, data: st.DataObject) -> None:
    """ERR-1: one field of a good payload is replaced by anything."""
    content: Any = json.loads(json.dumps(EXAMPLES[entity]))
    place = content
    while isinstance(place, (dict, list)) and place:
        name = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[name], (dict, list)) or not place[name] or data.draw(st.booleans()):
            place[name] = data.draw(junk)
            break
        place = place[name]
    try:
        found = mappings(OdooSettings())[entity](json.dumps(content).encode(), "main")
    except ConnectorError:
        return
    for one in found:
        assert codec().encode(one.entity, one.body)


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"{", b'"x"', b"\xff"])
@pytest.mark.parametrize("entity", sorted(EXAMPLES))
def test_what_is_no_object_is_a_data_error(entity: str, payload: bytes) -> None:
    with pytest.raises(DataError):
        mappings(OdooSettings())[entity](payload, "main")


# ---- shipments


def lines_of(body: dict[str, Any]) -> list[list[tuple[str, str]]]:
    return [[(line["line_id"], line["quantity"]) for line in parcel["lines"]] for parcel in body["parcels"]]


def test_a_line_booked_as_two_is_one_line_of_the_parcel() -> None:
    """FUL-2: two prices of one marketplace line."""
    (body,) = mapped("picking", picking(move(line=11, quantity="2"), move(id=2, line=12, quantity="1")))
    assert lines_of(body) == [[("1", "3")]]


def test_only_what_left_is_told() -> None:
    """FUL-2: cancelled moves, charges and lines a person added are not the marketplace's."""
    others = [
        move(id=2, state="cancel", line_id="2"),
        {**move(id=3), "line_id": ""},
        move(id=4, quantity="0", line=14, line_id="3"),
    ]
    (body,) = mapped("picking", picking(move(), *others))
    assert lines_of(body) == [[("1", "1")]]


@pytest.mark.parametrize("state", ["draft", "waiting", "confirmed", "assigned", "cancel"])
def test_nothing_before_it_is_done(state: str) -> None:
    assert mapped("picking", picking(move(), state=state)) == []


def test_nothing_when_nothing_of_the_marketplace_left() -> None:
    assert mapped("picking", picking(move(state="cancel"))) == []


@pytest.mark.parametrize("written", ["1ZA,1ZB", "1ZA 1ZB", "1ZA;1ZB", " 1ZA ,\n1ZB, "])
def test_several_tracking_numbers_are_several_parcels(written: str) -> None:
    """FUL-2: without packages nobody knows what is in which, so all is told with the first."""
    (body,) = mapped("picking", picking(move(quantity="2"), tracking=written))
    assert [parcel["tracking_number"] for parcel in body["parcels"]] == ["1ZA", "1ZB"]
    assert lines_of(body) == [[("1", "2")], []]


def test_packages_say_what_is_in_which_parcel() -> None:
    """FUL-2: as many packages as numbers, in their order."""
    first = move(
        quantity="3", packages=[{"id": 9, "name": "P9", "quantity": "1"}, {"id": 8, "name": "P8", "quantity": "2"}]
    )
    second = move(id=2, line=12, line_id="2", packages=[{"id": 9, "name": "P9", "quantity": "1"}])
    (body,) = mapped("picking", picking(first, second, tracking="1ZA,1ZB"))
    assert lines_of(body) == [[("1", "2")], [("1", "1"), ("2", "1")]]


@pytest.mark.parametrize(
    "packages",
    [
        [{"id": 9, "name": "P9", "quantity": "3"}],  # one package, two numbers
        [{"id": 9, "name": "P9", "quantity": "1"}, {"id": 8, "name": "P8", "quantity": "1"}],  # some is in none
    ],
)
def test_packages_that_do_not_tell_are_not_believed(packages: list[dict[str, Any]]) -> None:
    (body,) = mapped("picking", picking(move(quantity="3", packages=packages), tracking="1ZA,1ZB"))
    assert lines_of(body) == [[("1", "3")], []]


@pytest.mark.parametrize(
    ("boards", "screws", "kits"),
    [("4", "16", "2"), ("4", "8", "1"), ("2", "16", "1"), ("3", "12", "1.5")],
)
def test_components_that_left_make_kits_the_scarcest_decides(boards: str, screws: str, kits: str) -> None:
    """ORD-10."""
    moves = [
        move(product_sku="BOARD", quantity=boards, per_unit="2", ordered="2"),
        move(id=2, product_sku="SCREW", quantity=screws, per_unit="8", ordered="2"),
    ]
    (body,) = mapped("picking", picking(*moves))
    assert lines_of(body) == [[("1", kits)]]


def test_a_component_the_bill_does_not_know_any_more_counts_by_what_was_asked() -> None:
    (body,) = mapped("picking", picking(move(product_sku="OLD", quantity="4", demanded="6", per_unit="", ordered="3")))
    assert lines_of(body) == [[("1", "2")]]


def test_serial_numbers_go_along() -> None:
    (body,) = mapped("picking", picking(move(quantity="2", serials=["S1", "S2"])))
    assert body["parcels"][0]["lines"][0]["serial_numbers"] == ["S1", "S2"]


def test_without_a_number_it_is_told_or_waits_as_configured() -> None:
    """FUL-2: at once it becomes a visible exception."""
    (body,) = mapped("picking", picking(move(), tracking=""))
    assert body["parcels"][0]["tracking_number"] == ""
    assert mapped("picking", picking(move(), tracking=""), ship_without_tracking=False) == []


# ---- cancellations


def test_nothing_is_cancelled_while_odoo_wants_everything() -> None:
    """FUL-3."""
    assert mapped("sale_order", sale_order(order_line(), order_line(id=2, line_id="2", ordered="2"))) == []


def test_a_cancelled_order_is_cancelled_as_far_as_it_has_not_left() -> None:
    """FUL-3: what left stays."""
    (body,) = mapped("sale_order", sale_order(order_line(delivered="1"), state="cancel"))
    assert body["whole"] is True
    assert body["lines"] == [{"line_id": "1", "sku": "A", "quantity": "1", "remaining": "1"}]
    assert body["version"] == 1795262400000


@pytest.mark.parametrize(
    ("quantity", "ordered", "expected"),
    [
        ("0", None, ("0", "0")),  # gone; what was ordered is not known
        ("0", "5", ("5", "0")),
        ("3", "5", ("2", "3")),
        ("5", "5", None),
        ("6", "5", None),  # raised
        ("3", None, None),  # nobody can tell
    ],
)
def test_lines_with_less_than_was_ordered(quantity: str, ordered: str | None, expected: tuple[str, str] | None) -> None:
    """FUL-3: cumulative."""
    line = order_line(quantity=quantity, **({"ordered": ordered} if ordered else {}))
    found = mapped("sale_order", sale_order(line, order_line(id=2, line_id="2")))
    assert [[(one["quantity"], one["remaining"]) for one in body["lines"]] for body in found] == (
        [[expected]] if expected else []
    )


def test_a_marketplace_line_booked_as_two_counts_as_one() -> None:
    lines = [order_line(quantity="0", ordered="2"), order_line(id=2, quantity="1", ordered="1")]
    (body,) = mapped("sale_order", sale_order(*lines))
    assert body["lines"] == [{"line_id": "1", "sku": "A", "quantity": "2", "remaining": "1"}]


def gone(**changes: Any) -> dict[str, Any]:
    """A line a person deleted."""
    return order_line(id=0, quantity="0", delivered="0", write_date="2026-11-21 12:00:00", deleted=True, **changes)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([gone(ordered="2")], [("1", "2", "0")]),
        ([gone()], [("1", "0", "0")]),  # what was ordered is not known
        ([gone(ordered="2"), gone(line_id="3", sku="C", ordered="1")], [("1", "2", "0"), ("3", "1", "0")]),
        ([order_line(quantity="1"), gone(ordered="2")], [("1", "0", "1")]),  # another price of the line stays
        ([order_line(quantity="1", ordered="1"), gone(ordered="2")], [("1", "2", "1")]),
    ],
)
def test_deleted_lines_are_cancelled(lines: list[dict[str, Any]], expected: list[tuple[str, str, str]]) -> None:
    """FUL-3: each, and nothing else of the order; never older than what was told before."""
    (body,) = mapped("sale_order", sale_order(*lines, order_line(id=9, line_id="9")))
    assert [(one["line_id"], one["quantity"], one["remaining"]) for one in body["lines"]] == expected
    assert (body["whole"], body["version"]) == (False, 1795262400000)


def test_charges_and_lines_of_persons_are_no_cancellation() -> None:
    lines = [
        order_line(),
        order_line(id=2, kind="shipping", line_id="", quantity="0"),
        order_line(id=3, kind="", line_id="", quantity="0"),
    ]
    assert mapped("sale_order", sale_order(*lines)) == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, "out_of_stock"),
        ({"tags": ["Payment"]}, "payment"),
        ({"tags": ["VIP", "Card declined"]}, "payment"),
        ({"reason": "bad address", "tags": ["payment"]}, "address"),
        ({"reason": "because"}, "out_of_stock"),
    ],
)
def test_the_reason_is_what_field_or_tag_say(said: dict[str, Any], reason: str) -> None:
    """ORD-13: a payment failure has its own way."""
    table = {"Card Declined": "payment", "bad address": "address"}
    (body,) = mapped("sale_order", sale_order(order_line(), state="cancel", **said), cancel_reasons=table)
    assert body["reason"] == reason
