"""ORD-6, ORD-11: the parts of a line come to its total to the cent, wherever Amazon keeps the tax."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.amazon.marketplaces import marketplace_of
from connectors.amazon.money import TaxPlace, line_money
from connectors.kit.errors import DataError
from connectors.kit.reading import Reader
from connectors.odoo.charges import difference, lines_of
from schemas.records import Order
from tests.contract.recordings import recorded_orders
from tests.unit.amazon.samples import ITEM, changed, mapped, money, part, proceeds, raw, sample

US, DE = marketplace_of("US"), marketplace_of("DE")


def of(content: Any, place: Any = US, units: int = 1) -> Any:
    line = {"orderItemId": "1", "proceeds": content}
    return line_money(Reader(line), Decimal(units), "", place)


def text(order: Order, *path: str) -> str:
    found: Any = order["lines"][0]
    for name in path:
        found = found[name]
    return str(found["amount"])


def test_a_tax_within_the_prices_is_taken_out_of_what_it_belongs_to() -> None:
    """Canonical amounts are before tax; the total stays what the buyer pays."""
    order = sample("order_de_vat_included")
    assert (text(order, "amount"), text(order, "shipping_amount"), text(order, "unit_price")) == (
        "50.40",
        "4.19",
        "25.20",
    )
    assert [(tax["name"], tax["jurisdiction"], tax["code"]) for tax in order["lines"][0]["taxes"]] == [
        ("VAT", "country", "DE")
    ]
    assert (order["total"]["amount"], order["tax_collection"], order["extras"]["taxes"]) == (
        "64.97",
        "seller",
        "included",
    )


def test_yen_have_no_decimals_and_cash_on_delivery_costs() -> None:
    order = sample("order_jp_cash_on_delivery")
    (line,) = order["lines"]
    assert (text(order, "amount"), line["fees"]) == (
        "6346.00",
        [{"name": "COD_FEE", "amount": {"amount": "300.00", "currency": "JPY"}}],
    )
    assert (order["total"]["amount"], order["payment_method"], order["payment_status"]) == (
        "7310.00",
        "CashOnDelivery",
        "",
    )
    assert line["deliver_by"] is not None


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_discount_takes_off_whichever_sign_it_is_written_with(sign: str) -> None:
    found = of(proceeds("90.00", part("ITEM", "100.00"), part("DISCOUNT", f"{sign}10.00")))
    assert (found.discounts, found.total) == ({"ITEM": Decimal("10.00")}, Decimal("90.00"))


def test_discounts_on_item_and_shipping_and_the_tax_they_save() -> None:
    (line,) = sample("order_promotion")["lines"]
    assert [(one["amount"]["amount"], one["applies_to"]) for one in line["discounts"]] == [
        ("4.00", "item"),
        ("5.99", "shipping"),
    ]
    assert line["discounts"][0]["name"] == "PAWS-V2-AUTUMN-2026, US Core Free Shipping Promotion"
    assert [tax["amount"]["amount"] for tax in line["taxes"]] == ["2.31", "-0.24"]


def test_a_discount_with_tax_in_it_is_before_tax_too() -> None:
    found = of(
        proceeds(
            "95.20",
            part("ITEM", "119.00"),
            part("DISCOUNT", "-23.80"),
            part("TAX", "15.20", ITEM="19.00", DISCOUNT="-3.80"),
        ),
        DE,
    )
    assert (found.parts["ITEM"], found.discounts["ITEM"], found.total) == (
        Decimal("100.00"),
        Decimal("20.00"),
        Decimal("95.20"),
    )


def test_what_amazon_keeps_out_of_the_proceeds_the_buyer_still_pays() -> None:
    """ORD-11: facilitator tax, should Amazon leave it out: the total is the buyer's, and not Amazon's own figure."""
    order = changed(f"{ITEM}.proceeds.proceedsTotal", money("45.97"), changed("proceeds.grandTotal", money("45.97")))
    found = mapped(order)
    assert (found["total"]["amount"], found["total_stated"], found["extras"]["taxes"]) == ("50.19", False, "withheld")
    assert found["tax_collection"] == "marketplace"


@pytest.mark.parametrize(
    ("content", "place", "tax_place"),
    [
        (proceeds("11.00", part("ITEM", "10.00"), part("TAX", "1.00")), US, TaxPlace.ADDED),
        (
            proceeds("11.00", part("ITEM", "10.00"), part("TAX", "1.00")),
            DE,
            TaxPlace.ADDED,
        ),  # as in the published UK example
        (proceeds("10.00", part("ITEM", "10.00"), part("TAX", "1.00")), DE, TaxPlace.INCLUDED),
        (proceeds("10.00", part("ITEM", "10.00"), part("TAX", "1.00")), US, TaxPlace.WITHHELD),
        (proceeds("10.00", part("ITEM", "10.00"), part("TAX", "1.00")), None, TaxPlace.WITHHELD),
        (proceeds(None, part("ITEM", "10.00"), part("TAX", "1.00")), DE, TaxPlace.INCLUDED),
        (proceeds(None, part("ITEM", "10.00"), part("TAX", "1.00")), US, TaxPlace.ADDED),
    ],
)
def test_the_total_says_where_the_tax_is(content: Any, place: Any, tax_place: TaxPlace) -> None:
    assert of(content, place).place is tax_place


def test_a_line_whose_parts_do_not_come_to_its_total_is_refused() -> None:
    """ORD-6: a mismatch is an exception, not a silent order. No amount is quoted."""
    with pytest.raises(DataError, match=r"proceedsTotal: expected the sum") as caught:
        of(proceeds("10.01", part("ITEM", "10.00"), part("TAX", "1.00")))
    assert "10.01" not in str(caught.value)


def test_details_that_do_not_come_to_their_sum_are_not_believed() -> None:
    found = of(proceeds("11.00", part("ITEM", "10.00"), part("TAX", "1.00", ITEM="0.50", SHIPPING="0.10")))
    assert found.taxes == {"ITEM": Decimal("1.00")}


def test_without_a_breakdown_the_whole_is_the_items_and_without_proceeds_the_price_counts() -> None:
    assert of({"proceedsTotal": money("30.00")}).parts == {"ITEM": Decimal("30.00")}
    line = {"product": {"price": {"unitPrice": money("9.99")}}}
    assert line_money(Reader(line), Decimal(3), "USD", US).total == Decimal("29.97")


def test_a_tip_is_the_orders_and_stands_as_a_fee() -> None:
    order = changed(
        "proceeds",
        {"grandTotal": money("55.19"), "breakdowns": [{**part("DELIVERY_TIP", "5.00"), "status": "FINALIZED"}]},
    )
    found = mapped(order)
    assert (found["total"]["amount"], found["lines"][0]["fees"][0]["name"]) == ("55.19", "DELIVERY_TIP")


def test_a_tip_that_is_not_charged_yet_is_not_in_the_total() -> None:
    order = changed(
        "proceeds",
        {"grandTotal": money("50.19"), "breakdowns": [{**part("DELIVERY_TIP", "5.00"), "status": "PENDING"}]},
    )
    assert mapped(order)["total"]["amount"] == "50.19"


def test_who_collects_is_unknown_when_amazon_does_not_tell() -> None:
    """ORD-11: without the data set TAX nobody is named, rather than the wrong one."""
    order = raw()
    del order["orderItems"][0]["tax"]
    assert mapped(order)["tax_collection"] == ""


def test_a_line_amazon_does_not_collect_for_is_the_sellers_where_another_shows_that_we_are_told() -> None:
    """ORD-11."""
    order = raw("order_part_shipped")
    del order["orderItems"][1]["tax"]
    found = mapped(order)
    assert [line["taxes"][0]["collected_by"] for line in found["lines"]] == ["marketplace", "seller"]
    assert found["tax_collection"] == "mixed"


@pytest.mark.parametrize("recording", recorded_orders("amazon"), ids=lambda one: one.name)
def test_odoo_comes_to_the_same_total_to_the_cent(recording: Any) -> None:
    """ORD-6: what Odoo would compute of the canonical lines is the canonical total."""
    order = mapped(recording.order)
    assert difference(order, lines_of(order, "mkt.order/x", "mkt", native_rates=True)) == 0


cents = st.integers(0, 100_000).map(lambda value: f"{Decimal(value) / 100:.2f}")


@given(cents, cents, cents, cents, cents, st.sampled_from([US, DE]), st.booleans(), st.integers(1, 9))
def test_nothing_is_lost_the_parts_sum_up_to_the_cent(
    item: str, shipping: str, wrap: str, discount: str, tax: str, place: Any, added: bool, units: int
) -> None:
    """ORD-6: wherever the tax is, the canonical parts come to what the buyer pays."""
    plain = Decimal(item) + Decimal(shipping) + Decimal(wrap) - Decimal(discount)
    total = plain + Decimal(tax) if added else plain
    parts = [
        part("ITEM", item),
        part("SHIPPING", shipping),
        part("GIFT_WRAP", wrap),
        part("DISCOUNT", discount),
        part("TAX", tax),
    ]
    found = of(proceeds(f"{total:.2f}", *parts), place, units)
    assert found.proceeds == total
    assert found.total == sum(found.parts.values()) - sum(found.discounts.values()) + found.tax_total
