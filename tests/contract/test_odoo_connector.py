"""The Odoo connector on the sandbox, or on a real Odoo 18 (see `odoo_box`): the same promises on both."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from decimal import Decimal

import pytest

from connectors.kit.errors import AuthError, UncertainError
from connectors.kit.ports import Check, Known, Result
from connectors.odoo import CONNECTOR
from connectors.odoo.settings import OdooSettings
from connectors.odoo.verify import OdooVerifier
from schemas.reasons import Reason
from schemas.records import Order
from tests.builders import ORDERED, address, delivery_of, deps, discount, money, order, order_line, sum_of, tax
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import cents, put_orders, sink_of


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def sku(box: OdooBox) -> str:
    code = f"SKU-{tag()}"
    box.product(code)
    return code


# ---- ORD-6: what an order looks like


async def test_an_order_has_its_lines_charges_taxes_references_and_dates(box: OdooBox, sku: str) -> None:
    """ORD-6: lines, shipping and discounts of their own, taxes by jurisdiction, origin, note, dates in UTC, the total to the cent."""
    number = tag()
    built = order(
        number,
        [
            order_line(
                sku, 3, "19.99",
                shipping_amount=money("4.95"),
                discounts=[discount("5.00", "SUMMER")],
                taxes=[tax("CA State Sales Tax", "3.30"), tax("Orange County Tax", "0.14", jurisdiction="county")],
                shipping_taxes=[tax("CA State Sales Tax", "0.30")],
            )
        ],
        gift_message="Happy <birthday>",
    )  # fmt: skip
    async with sink_of(box) as sink:
        (outcome,) = await put_orders(sink, built)
    assert outcome.result is Result.APPLIED
    found = box.order(number)
    assert (outcome.remote_model, outcome.remote_id) == ("sale.order", str(found["id"]))
    assert cents(found["amount_total"]) == sum_of(built)
    assert cents(found["amount_tax"]) == Decimal("3.74")
    assert found["client_order_ref"] == f"C-{number}"
    assert found["date_order"] == "2026-03-04 05:06:07"
    assert found["commitment_date"] == "2026-03-06 05:06:07"
    assert "Happy &lt;birthday&gt;" in found["note"]
    assert found["state"] == "draft"
    lines = box.lines(number)
    assert [(line["product_uom_qty"], line["price_unit"], round(line["price_tax"], 2)) for line in lines] == [
        (3, 19.99, 0), (1, 4.95, 0), (1, -5.0, 0), (1, 3.6, 3.6), (1, 0.14, 0.14),
    ]  # fmt: skip
    assert len({tuple(line["tax_id"]) for line in lines if line["tax_id"]}) == 2


async def test_a_hundred_generated_orders_come_to_the_marketplaces_total(box: OdooBox) -> None:
    """ORD-6: quantities, odd unit prices, discounts, shipping and any tax amounts: to the cent, every one."""
    rng = random.Random(7)
    mark = tag()
    codes = [f"G{number}-{mark}" for number in range(5)]
    for code in codes:
        box.product(code)
    built = [_random_order(rng, f"{mark}-{number}", codes) for number in range(100)]
    async with sink_of(box) as sink:
        outcomes = await put_orders(sink, *built)
    assert [outcome.detail for outcome in outcomes if not outcome.ok] == []
    found = {one["origin"]: cents(one["amount_total"]) for one in box.orders(*(one["order_id"] for one in built))}
    assert found == {one["order_id"]: sum_of(one) for one in built}


def _random_order(rng: random.Random, number: str, codes: list[str]) -> Order:
    def amount(most: int) -> str:
        return f"{rng.randrange(most) / 100:.2f}"

    lines = []
    for position in range(rng.randint(1, 3)):
        quantity = rng.choice((1, 1, 2, 3, 7))
        taxes = [tax(name, amount(900)) for name in ("State Tax", "County Tax", "City Tax")[: rng.randrange(4)]]
        if rng.random() < 0.3:
            taxes.append(tax("VAT", amount(700), collected_by="seller", rate="7.25"))
        lines.append(
            order_line(
                rng.choice(codes), quantity, amount(9000), str(position),
                amount=amount(20000) if rng.random() < 0.5 else None,
                taxes=taxes,
                shipping_amount=money(amount(900)) if rng.random() < 0.4 else None,
                discounts=[discount(amount(300))] if rng.random() < 0.3 else [],
                gift_wrap_amount=money(amount(500)) if rng.random() < 0.1 else None,
            )
        )  # fmt: skip
    return order(number, lines)


async def test_a_total_that_does_not_add_up_is_an_exception_and_writes_nothing(box: OdooBox, sku: str) -> None:
    """ORD-6: a mismatch is an exception, not a silent order."""
    number = tag()
    async with sink_of(box) as sink:
        (outcome,) = await put_orders(sink, order(number, [order_line(sku)], total=money("10.01")))
    assert outcome.reason is Reason.DATA
    assert "+0.01 USD" in outcome.detail
    assert box.orders(number) == []


async def test_a_total_below_nothing_is_an_exception_and_a_free_order_is_none(box: OdooBox, sku: str) -> None:
    """ORD-6: a charge of -5.00 must not become an order that pays its buyer; a replacement costs nothing."""
    number, free = tag(), tag()
    line = order_line(sku, taxes=[tax("State", "2.58")], amount="-5.00")
    async with sink_of(box) as sink:
        outcomes = await put_orders(sink, order(number, [line]), order(free, [order_line(sku, price="0.00")]))
    assert (outcomes[0].reason, outcomes[1].ok) == (Reason.DATA, True)
    assert "-2.42 USD" in outcomes[0].detail
    assert (box.orders(number), box.order(free)["amount_total"]) == ([], 0)


async def test_taxes_are_booked_by_jurisdiction_and_collector_each_on_its_account(box: OdooBox, sku: str) -> None:
    """ORD-11: what the marketplace collects and pays is booked apart from what the seller owes; one record each, however many orders."""
    name, numbers = f"Tax {tag()}", (tag(), tag())
    taxes = [tax(name, "1.00"), tax(name, "0.50", collected_by="seller"), tax(name, "0.25", jurisdiction="city")]
    async with sink_of(box) as sink:
        for number in numbers:
            (outcome,) = await put_orders(sink, order(number, [order_line(sku, taxes=taxes)]))
            assert outcome.ok
    records = box.rows("account.tax", [["name", "like", name]], ["name", "invoice_repartition_line_ids"])
    assert len(records) == 3
    codes = {}
    for record in records:
        lines = box.rows(
            "account.tax.repartition.line",
            [["tax_id", "=", record["id"]], ["repartition_type", "=", "tax"]],
            ["account_id", "document_type"],
        )
        assert {line["document_type"] for line in lines} == {"invoice", "refund"}
        (account,) = {line["account_id"][0] for line in lines}
        codes[record["name"].rpartition(" ")[2]] = box.rows("account.account", [["id", "=", account]], ["code"])[0][
            "code"
        ]
    assert codes == {"marketplace)": "251900", "seller)": "251000"}


async def test_a_tax_whose_stated_rate_makes_its_amount_is_a_percentage_of_the_line(box: OdooBox, sku: str) -> None:
    """ORD-6: 7.25 % of 40.00 is 2.90 and stands on the goods' line; 2.91 is not and stands as an amount."""
    numbers = (tag(), tag())
    async with sink_of(box) as sink:
        for number, amount in zip(numbers, ("2.90", "2.91"), strict=True):
            line = order_line(sku, 2, "20.00", taxes=[tax("VAT", amount, rate="7.25", collected_by="seller")])
            (outcome,) = await put_orders(sink, order(number, [line]))
            assert outcome.ok, outcome.detail
    taxed = [[(line["price_subtotal"], cents(line["price_tax"])) for line in box.lines(number)] for number in numbers]
    assert taxed == [[(40, Decimal("2.90"))], [(40, 0), (0, Decimal("2.91"))]]


async def test_an_exempt_order_gets_the_zero_rated_fiscal_position(box: OdooBox, sku: str) -> None:
    """ORD-11: exempt orders."""
    number = tag()
    async with sink_of(box) as sink:
        (outcome,) = await put_orders(sink, order(number, [order_line(sku)], tax_exempt=True))
    assert outcome.ok
    assert box.order(number)["fiscal_position_id"][1] == "Tax exempt"
    assert box.order(number)["amount_tax"] == 0


async def test_a_foreign_currency_comes_by_its_pricelist_or_the_order_waits(box: OdooBox, sku: str) -> None:
    """ORD-11: amounts stay in the order's own currency; without a pricelist in it the order is held, not converted."""
    numbers = (tag(), tag())
    async with sink_of(box) as sink:
        (held,) = await put_orders(sink, order(numbers[0], [order_line(sku, currency="NOK")], currency="NOK"))
        assert (held.reason, held.waiting_for) == (Reason.MAPPING, "pricelist:NOK")
        (euro,) = box.call("res.currency", "search", [["name", "=", "EUR"]], context={"active_test": False})
        box.call("res.currency", "write", [euro], {"active": True})
        if not box.call("product.pricelist", "search", [["currency_id", "=", euro]]):
            box.call("product.pricelist", "create", {"name": "Euro", "currency_id": euro})
        (outcome,) = await put_orders(
            sink, order(numbers[1], [order_line(sku, 2, "7.77", currency="EUR")], currency="EUR")
        )
        assert await sink.resolve(["pricelist:EUR", "pricelist:NOK"]) == ["pricelist:EUR"]
    assert outcome.ok, outcome.detail
    found = box.order(numbers[1])
    assert (found["currency_id"][1], found["amount_total"]) == ("EUR", 15.54)


# ---- EVT-4, ORD-5: once


async def test_the_same_order_again_is_one_order(box: OdooBox, sku: str) -> None:
    """ORD-5: seen twice or replayed gives one sale.order and changes nothing; what the pipeline knows saves even the call."""
    built = order(tag(), [order_line(sku, taxes=[tax("State", "0.60")])])
    async with sink_of(box) as sink:
        (first,) = await put_orders(sink, built)
        (again,) = await put_orders(sink, built)
        delivery = delivery_of(built)
        known = Known(delivery.version, delivery.checksum, first.remote_model, first.remote_id)
        calls = len(box.proxy.calls)
        (third,) = await sink.deliver([delivery_of(built, known=known)])
        (older,) = await sink.deliver([delivery_of(built, version=0, known=known)])
    assert [one.result for one in (first, again, third, older)] == [
        Result.APPLIED, Result.ALREADY_APPLIED, Result.ALREADY_APPLIED, Result.STALE,
    ]  # fmt: skip
    assert len(box.proxy.calls) == calls
    assert {one.remote_id for one in (first, again, third, older)} == {str(box.order(built["order_id"])["id"])}


async def test_a_resync_brings_back_what_was_deleted_in_odoo(box: OdooBox, sku: str) -> None:
    """REC-3: the pipeline knows the order to be there; a resync asks Odoo all the same."""
    built = order(tag(), [order_line(sku)])
    async with sink_of(box) as sink:
        (first,) = await put_orders(sink, built)
        delivery = delivery_of(built)
        known = Known(delivery.version, delivery.checksum, first.remote_model, first.remote_id)
        box.call("sale.order", "action_cancel", [int(first.remote_id)], context={"disable_cancel_warning": True})
        box.call("sale.order", "unlink", [int(first.remote_id)])
        (again,) = await sink.deliver([delivery_of(built, known=known, asks_again=True)])
    assert (again.result, again.remote_id) == (Result.APPLIED, str(box.order(built["order_id"])["id"]))


@pytest.mark.parametrize(
    ("model", "method"),
    [("sale.order", "load"), ("res.partner", "load"), ("sale.order", "action_confirm"), ("sale.order", "action_lock")],
)
async def test_a_lost_answer_never_makes_a_second_anything(box: OdooBox, sku: str, model: str, method: str) -> None:
    """EVT-4: Odoo carries a call out, its answer gets lost, the delivery is tried until it succeeds: one order, one customer."""
    email = f"{tag()}@relay.walmart.example".lower()
    built = order(tag(), [order_line(sku, 2)], status="shipped")
    built["buyer"]["email"] = email
    async with sink_of(box, workers=1) as sink:
        box.proxy.lose(model, method)
        outcomes = await put_orders(sink, built)
        assert box.proxy.to_lose[model, method] == 0
        if not outcomes[0].ok:
            assert outcomes[0].reason is Reason.TRANSIENT
            outcomes = await put_orders(sink, built)
    assert outcomes[0].ok, outcomes[0].detail
    found = box.order(built["order_id"])
    assert (found["state"], found["locked"], found["date_order"]) == ("sale", True, "2026-03-04 05:06:07")
    assert len(found["order_line"]) == 1
    assert len(box.rows("res.partner", [["email", "=", email], ["parent_id", "=", False]], ["name"])) == 1
    assert len(box.rows("stock.picking", [["sale_id", "=", found["id"]]], ["name"])) == 1


async def test_answers_lost_for_good_leave_the_order_to_the_next_try(box: OdooBox, sku: str) -> None:
    """EVT-4: as long as no answer comes the outcome is transient, although the order stands; then the same order is found."""
    built = order(tag(), [order_line(sku)])
    async with sink_of(box, workers=1) as sink:
        box.proxy.lose("sale.order", "load", 2)
        with pytest.raises(UncertainError) as caught:
            await put_orders(sink, built)
        assert caught.value.reason is Reason.TRANSIENT
        (outcome,) = await put_orders(sink, built)
    assert outcome.ok
    assert len(box.orders(built["order_id"])) == 1


async def test_two_sinks_at_once_make_each_order_and_customer_once(box: OdooBox, sku: str) -> None:
    """EVT-4: two processes deliver the same orders of the same new customers at the same moment."""
    mark = tag()
    built = [order(f"{mark}-{number}", [order_line(sku)], status="partially_shipped") for number in range(12)]
    for number, one in enumerate(built):
        one["buyer"]["email"] = f"{mark}-{number % 4}@relay.walmart.example".lower()
    async with sink_of(box) as first, sink_of(box) as second:
        results = await asyncio.gather(put_orders(first, *built), put_orders(second, *reversed(built)))
        for sink, outcomes in zip((first, second), results, strict=True):
            if not all(outcome.ok for outcome in outcomes):
                assert {outcome.reason for outcome in outcomes if not outcome.ok} <= {Reason.TRANSIENT, Reason.CONFLICT}
                assert all(outcome.ok for outcome in await put_orders(sink, *built))
    found = box.orders(*(one["order_id"] for one in built))
    assert len(found) == 12
    assert {each["state"] for each in found} == {"sale"}
    domain = [["email", "like", mark.lower()], ["parent_id", "=", False]]
    assert len(box.rows("res.partner", domain, ["name"])) == 4


async def test_one_record_odoo_refuses_does_not_keep_the_others_out(box: OdooBox, sku: str) -> None:
    """One outcome per record: of four orders one is of a product deleted a moment ago, which the sink still remembers; that one waits."""
    gone = f"GONE-{tag()}"
    product = box.product(gone)
    mark = tag()
    async with sink_of(box, workers=1) as sink:
        await put_orders(sink, order(f"{mark}-0", [order_line(gone)], status="cancelled"))
        for line in box.lines(f"{mark}-0"):
            box.call("sale.order.line", "unlink", [line["id"]])
        box.call("product.product", "unlink", [product])
        built = [order(f"{mark}-{number}", [order_line(gone if number == 2 else sku)]) for number in range(1, 5)]
        outcomes = await put_orders(sink, *built)
        assert [outcome.ok for outcome in outcomes] == [True, False, True, True]
    assert outcomes[1].reason is Reason.MAPPING
    assert len(box.orders(*(one["order_id"] for one in built))) == 3


# ---- ORD-9: products


async def test_an_unknown_sku_holds_its_own_order_until_the_product_exists(box: OdooBox, sku: str) -> None:
    """ORD-9: never blocks other orders; released by the product being made."""
    unknown = f"NEW-{tag()}"
    held, fine = order(tag(), [order_line(unknown)]), order(tag(), [order_line(sku)])
    async with sink_of(box) as sink:
        outcomes = await put_orders(sink, held, fine)
        waiting = f"sku:walmart:MAIN:{unknown}"
        assert (outcomes[0].reason, outcomes[0].waiting_for) == (Reason.MAPPING, waiting)
        assert outcomes[1].ok
        assert await sink.resolve([waiting, "sku:walmart:MAIN:never"]) == []
        box.product(unknown)
        assert await sink.resolve([waiting, "sku:walmart:MAIN:never"]) == [waiting]
        (outcome,) = await put_orders(sink, held)
    assert outcome.ok


async def test_products_are_matched_by_sku_then_table_then_barcode(box: OdooBox) -> None:
    """ORD-9: in this order."""
    mark = tag()
    barcode = f"2{int(mark[1:], 36) % 10**12:012d}"
    by_sku, by_table, by_barcode = (f"{kind}-{mark}" for kind in ("SKU", "TABLE", "BARCODE"))
    ids = {
        by_sku: box.product(by_sku),
        by_table: box.product(by_table),
        by_barcode: box.product(by_barcode, barcode=barcode),
    }
    lines = [
        order_line(by_sku, line_id="1", barcode=barcode),
        order_line(f"X-{mark}", line_id="2", barcode=barcode),
        order_line(f"Y-{mark}", line_id="3", barcode=barcode),
    ]
    number = tag()
    async with sink_of(box, {("sku", f"X-{mark}"): by_table, ("sku", by_sku): by_table}) as sink:
        (outcome,) = await put_orders(sink, order(number, lines))
    assert outcome.ok, outcome.detail
    assert [line["product_id"][0] for line in box.lines(number)] == [ids[by_sku], ids[by_table], ids[by_barcode]]


async def test_an_unknown_product_is_made_when_configured(box: OdooBox) -> None:
    """ORD-9: or create the product; once, also for two orders at once."""
    unknown = f"MADE-{tag()}"
    async with sink_of(box, unknown_sku="create") as sink:
        outcomes = await put_orders(sink, order(tag(), [order_line(unknown)]), order(tag(), [order_line(unknown)]))
    assert all(outcome.ok for outcome in outcomes), outcomes
    (made,) = box.rows("product.product", [["default_code", "=", unknown]], ["name", "is_storable"])
    assert (made["name"], made["is_storable"]) == (f"Title of {unknown}", True)


# ---- ORD-7, ORD-12: customers and addresses


async def test_customers_are_matched_by_email_and_never_doubled(box: OdooBox, sku: str) -> None:
    """ORD-7: a customer made by hand is found in any case of the e-mail; two orders of a new one in one batch make one."""
    mark = tag().lower()
    known = box.call("res.partner", "create", {"name": "By hand", "email": f"Known.{mark}@Relay.Walmart.Example"})
    built = [order(tag(), [order_line(sku)]) for _ in range(4)]
    for one, local in zip(built, ("known", "known", "new", "new"), strict=True):
        one["buyer"]["email"] = f"{local}.{mark}@relay.walmart.example"
    async with sink_of(box) as sink:
        assert all(outcome.ok for outcome in await put_orders(sink, *built))
    partners = [box.order(one["order_id"])["partner_id"][0] for one in built]
    assert partners[:2] == [known, known]
    assert partners[2] == partners[3] != known
    assert len({box.order(one["order_id"])["partner_shipping_id"][0] for one in built}) == 2


async def test_without_email_each_order_has_a_customer_of_its_own(box: OdooBox, sku: str) -> None:
    """ORD-7: an anonymous customer per order id, the same one when the order is seen again, and what a person wrote there stays."""
    built = [order(tag(), [order_line(sku)]) for _ in range(2)]
    for one in built:
        one["buyer"]["email"] = ""
    async with sink_of(box) as sink:
        await put_orders(sink, *built)
        partners = [box.order(one["order_id"])["partner_id"][0] for one in built]
        box.call("res.partner", "write", [partners[0]], {"name": "By hand"})
        await put_orders(sink, *built)
    assert len(set(partners)) == 2
    (person,) = box.rows("res.partner", [["id", "=", partners[0]]], ["email", "name", "child_ids"])
    assert (person["email"], person["name"], len(person["child_ids"])) == (False, "By hand", 1)


async def test_addresses_are_structured_in_usps_form_and_apart(box: OdooBox, sku: str) -> None:
    """ORD-7: delivery and invoice address apart, US ones normalised; one address in two spellings is one address."""
    mark = tag().lower()
    first = order(tag(), [order_line(sku)], ship_to=address(street="100 Invented Street", street2="apartment 5"),
                  bill_to=address(name="Billing Dept", street="7 Sample Blvd", city="Houston", zip="77002"))  # fmt: skip
    second = order(tag(), [order_line(sku)], ship_to=address(street="100  INVENTED ST.", street2="Apt 5"))
    for one in (first, second):
        one["buyer"]["email"] = f"{mark}@relay.walmart.example"
    async with sink_of(box) as sink:
        assert all(outcome.ok for outcome in await put_orders(sink, first, second))
    found = [box.order(one["order_id"]) for one in (first, second)]
    assert found[0]["partner_shipping_id"] == found[1]["partner_shipping_id"]
    assert found[0]["partner_invoice_id"] != found[0]["partner_shipping_id"]
    fields = ["type", "street", "street2", "city", "zip", "state_id", "country_id", "phone", "parent_id"]
    (place,) = box.rows("res.partner", [["id", "=", found[0]["partner_shipping_id"][0]]], fields)
    assert (place["type"], place["street"], place["street2"]) == ("delivery", "100 INVENTED ST", "APT 5")
    assert (place["city"], place["zip"], place["phone"]) == ("AUSTIN", "78701", "+15125550101")
    assert place["parent_id"][0] == found[0]["partner_id"][0]
    assert "Texas" in place["state_id"][1]
    assert "United States" in place["country_id"][1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"zip": "9021O"}, "zip"),
        ({"street": "", "city": ""}, "street is missing, city is missing"),
        ({"country": "XQ", "zip": "1"}, "country"),
        ({"state": "ZZ"}, "state"),
    ],
)
async def test_an_address_that_cannot_be_shipped_to_is_a_data_exception(
    box: OdooBox, sku: str, changes: dict[str, str], said: str
) -> None:
    """ORD-12: a failed address check is a data-quality exception with the reason, without the data."""
    number = tag()
    async with sink_of(box) as sink:
        (outcome,) = await put_orders(sink, order(number, [order_line(sku)], ship_to=address(**changes)))
    assert outcome.reason is Reason.DATA
    assert said in outcome.detail
    assert "Invented" not in outcome.detail
    assert box.orders(number) == []


async def test_a_shipping_level_no_delivery_method_belongs_to_waits_for_one(box: OdooBox, sku: str) -> None:
    """ORD-12: the shipping method is validated before import, where methods are configured."""
    number = tag()
    async with sink_of(box, carriers={"Express": "No such method"}) as sink:
        (outcome,) = await put_orders(sink, order(number, [order_line(sku)]))
    assert (outcome.reason, outcome.waiting_for) == (Reason.MAPPING, "carrier:walmart:MAIN:Standard")


# ---- ORD-5, ORD-8: changes and stages


async def test_a_later_state_updates_the_same_order(box: OdooBox, sku: str) -> None:
    """ORD-5: another payload gives an update: fewer units, another tax, a line more, shipping gone; the total follows to the cent."""
    number, other = tag(), f"MORE-{tag()}"
    box.product(other)
    first = order(
        number, [order_line(sku, 3, taxes=[tax("State", "1.80"), tax("City", "0.30")], shipping_amount=money("5.00"))]
    )
    second = order(
        number,
        [order_line(sku, 3, quantity_cancelled="1", taxes=[tax("State", "1.21")]), order_line(other, 1, "3.33", "2")],
        version=2,
    )
    async with sink_of(box) as sink:
        await put_orders(sink, first)
        (outcome,) = await put_orders(sink, second)
        (again,) = await put_orders(sink, second)
    assert (outcome.result, outcome.notes) == (Result.APPLIED, ("changed",))
    assert again.result is Result.ALREADY_APPLIED
    assert cents(box.order(number)["amount_total"]) == sum_of(second) == Decimal("24.54")
    assert box.lines(number)[0]["product_uom_qty"] == 2


async def test_a_change_of_a_confirmed_order_reaches_its_delivery(box: OdooBox, sku: str) -> None:
    """ORD-5, ORD-8: fewer units and another address before shipping change the open picking too."""
    number = tag()
    first = order(number, [order_line(sku, 3)], status="partially_shipped")
    second = order(number, [order_line(sku, 3, quantity_cancelled="2")], status="partially_shipped", version=2,
                   ship_to=address(street="9 Nowhere Ave"))  # fmt: skip
    async with sink_of(box) as sink:
        await put_orders(sink, first)
        (outcome,) = await put_orders(sink, second)
    assert outcome.ok, outcome.detail
    found = box.order(number)
    (picking,) = box.rows("stock.picking", [["sale_id", "=", found["id"]]], ["partner_id", "state"])
    assert picking["partner_id"] == found["partner_shipping_id"]
    moves = box.rows("stock.move", [["picking_id", "=", picking["id"]], ["state", "!=", "cancel"]], ["product_uom_qty"])
    assert sum(move["product_uom_qty"] for move in moves) == 1


async def test_stages_follow_the_status_and_keep_the_order_date(box: OdooBox, sku: str) -> None:
    """ORD-8: acknowledged -> quotation, shipped -> confirmed and locked; confirming does not change the order's date."""
    number = tag()
    async with sink_of(box) as sink:
        await put_orders(sink, order(number, [order_line(sku)], status="acknowledged"))
        assert box.order(number)["state"] == "draft"
        (outcome,) = await put_orders(sink, order(number, [order_line(sku)], status="shipped", version=2))
        assert outcome.notes == ("confirmed", "locked")
        (again,) = await put_orders(sink, order(number, [order_line(sku)], status="delivered", version=3))
    found = box.order(number)
    assert (found["state"], found["locked"]) == ("sale", True)
    assert found["date_order"] == ORDERED.strftime("%Y-%m-%d %H:%M:%S")
    assert again.ok


async def test_the_status_map_is_configuration(box: OdooBox, sku: str) -> None:
    """ORD-8: a seller may have acknowledged orders confirmed at once."""
    number = tag()
    async with sink_of(box, stages={"acknowledged": "confirmed"}) as sink:
        await put_orders(sink, order(number, [order_line(sku)], status="acknowledged"))
    assert (box.order(number)["state"], box.order(number)["locked"]) == ("sale", False)


@pytest.mark.parametrize("status", ["acknowledged", "partially_shipped"])
async def test_a_cancellation_cancels_order_and_picking(box: OdooBox, sku: str, status: str) -> None:
    """ORD-8: cancelled at the marketplace before it shipped."""
    number = tag()
    async with sink_of(box) as sink:
        await put_orders(sink, order(number, [order_line(sku, 2)], status=status))
        lines = [order_line(sku, 2, quantity_cancelled="2")]
        (outcome,) = await put_orders(sink, order(number, lines, status="cancelled", version=2))
        (again,) = await put_orders(sink, order(number, lines, status="cancelled", version=3))
    assert (outcome.result, outcome.notes) == (Result.APPLIED, ("cancelled",))
    assert again.result is Result.ALREADY_APPLIED
    found = box.order(number)
    assert found["state"] == "cancel"
    pickings = box.rows("stock.picking", [["sale_id", "=", found["id"]]], ["state"])
    assert {picking["state"] for picking in pickings} <= {"cancel"}


async def test_an_order_cancelled_before_it_was_seen_stands_as_cancelled(box: OdooBox, sku: str) -> None:
    """ORD-8: whatever is unknown in it holds nothing up, and a creation still on its way cannot come alive after it."""
    unknown, number = f"NEVER-{tag()}", tag()
    async with sink_of(box) as sink:
        (outcome,) = await put_orders(
            sink, order(number, [order_line(unknown)], status="cancelled", ship_to=address(country="XQ", zip=""))
        )
    assert outcome.ok, outcome.detail
    assert box.order(number)["state"] == "cancel"


async def test_a_cancellation_after_shipping_is_an_exception(box: OdooBox, sku: str) -> None:
    """ORD-8: it already shipped: Odoo would cancel without complaint, so we must not ask it to."""
    number = tag()
    async with sink_of(box) as sink:
        await put_orders(sink, order(number, [order_line(sku, 2)], status="partially_shipped"))
        box.ship(number)
        (outcome,) = await put_orders(sink, order(number, [order_line(sku, 2)], status="cancelled", version=2))
    assert outcome.reason is Reason.RULE
    assert "shipped" in outcome.detail
    assert (box.order(number)["state"], box.order(number)["delivery_status"]) == ("sale", "full")


async def test_an_order_a_person_cancelled_in_odoo_is_not_revived(box: OdooBox, sku: str) -> None:
    """ORD-8: the two sides disagree: a person decides."""
    number = tag()
    async with sink_of(box) as sink:
        await put_orders(sink, order(number, [order_line(sku)]))
        box.call("sale.order", "action_cancel", [box.order(number)["id"]], context={"disable_cancel_warning": True})
        (outcome,) = await put_orders(sink, order(number, [order_line(sku)], status="shipped", version=2))
    assert outcome.reason is Reason.RULE
    assert box.order(number)["state"] == "cancel"


async def test_a_locked_order_does_not_change_silently(box: OdooBox, sku: str) -> None:
    """ORD-6, ORD-8: another total after the lock is an exception."""
    number = tag()
    async with sink_of(box) as sink:
        await put_orders(sink, order(number, [order_line(sku, 2)], status="shipped"))
        (outcome,) = await put_orders(sink, order(number, [order_line(sku, 2, "15.00")], status="shipped", version=2))
    assert outcome.reason is Reason.RULE
    assert "-10.00 USD" in outcome.detail
    assert box.order(number)["amount_total"] == 20


# ---- TEST-4, SEC-3, AUTH-4, AUTH-5


async def test_a_test_order_never_reaches_a_production_odoo(box: OdooBox, sku: str) -> None:
    """TEST-4: refused where either the pipeline or the database is production; accepted elsewhere."""
    number = tag()
    async with sink_of(box, environment="production") as sink:
        (refused,) = await put_orders(sink, order(number, [order_line(sku)], test=True))
    assert refused.reason is Reason.RULE
    assert box.orders(number) == []
    async with sink_of(box) as sink:
        (accepted,) = await put_orders(sink, order(number, [order_line(sku)], test=True))
    assert accepted.ok


async def test_logs_and_outcomes_hold_no_secret_and_no_person(
    box: OdooBox, sku: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SEC-3: canaries in every personal field and in the password, everything logged from DEBUG up, failures included."""
    canaries = {"name": "Canaryname", "email": "canary.mail@relay.walmart.example", "phone": "+15125550177"}
    place = address(name="Canaryname", street="77 Canarystreet Rd", phone="+15125550177")
    fine = order(tag(), [order_line(sku)], ship_to=place, gift_message="Canarymessage")
    held = order(tag(), [order_line("no-such-sku")], ship_to=place)
    wrong = order(tag(), [order_line(sku)], ship_to={**place, "state": "ZZ"})
    for one in (fine, held, wrong):
        one["buyer"].update(canaries)  # type: ignore[typeddict-item]
    with caplog.at_level(logging.DEBUG):
        async with sink_of(box) as sink:
            outcomes = await put_orders(sink, fine, held, wrong)
            box.proxy.lose("sale.order", "load")
            outcomes += await put_orders(sink, fine)
        async with sink_of(box, password="Canarypassword") as sink:
            with pytest.raises(AuthError) as refused:
                await put_orders(sink, fine)
    said = caplog.text + repr(outcomes) + str(refused.value) + repr(box.settings)
    assert [outcome.ok for outcome in outcomes] == [True, False, False, True]
    assert "canary" not in said.lower()
    assert "5550177" not in said
    assert "odoo_call " in caplog.text


async def test_verify_says_everything_works_for_the_administrator(box: OdooBox) -> None:
    """AUTH-5: version, login, rights, records; changes nothing."""
    before = box.call("sale.order", "search_count", [])
    checks = await OdooVerifier(box.settings, deps()).verify()
    assert [check for check in checks if not check.ok] == []
    assert {"login", "version", "create sale.order", "create res.partner", "account.account 251900"} <= {
        check.subject for check in checks
    }
    assert box.call("sale.order", "search_count", []) == before


async def test_verify_names_the_right_and_the_group_a_user_lacks(box: OdooBox) -> None:
    """AUTH-4, AUTH-5: a sales user without Contact Creation: which right, and which group gives it."""
    settings = _user(box, "sales_team.group_sale_salesman")
    checks = {check.subject: check for check in await OdooVerifier(settings, deps()).verify()}
    assert checks["create sale.order"].ok
    assert not checks["create res.partner"].ok
    assert "Contact Creation" in checks["create res.partner"].remedy


async def test_verify_says_what_to_set_when_the_login_is_refused(box: OdooBox) -> None:
    """AUTH-5"""
    settings = OdooSettings.model_validate({**box.settings.model_dump(), "password": "wrong"})
    checks: list[Check] = list(await OdooVerifier(settings, deps()).verify())
    failed = [check for check in checks if not check.ok]
    assert [check.subject for check in failed] == ["login"]
    assert "CAUSEWAY_ODOO__PASSWORD" in failed[0].detail


async def test_a_least_privilege_user_is_enough_once_the_records_exist(box: OdooBox, sku: str) -> None:
    """AUTH-4: Sales / All Documents and Contact Creation write, confirm and cancel orders whose taxes exist already."""
    numbers = (tag(), tag())
    lines = [order_line(sku, taxes=[tax("Least State", "0.60")])]
    async with sink_of(box) as sink:
        assert (await put_orders(sink, order(numbers[0], lines)))[0].ok
    settings = _user(box, "sales_team.group_sale_salesman_all_leads", "base.group_partner_manager")
    async with sink_of(box, login=settings.login, password=settings.password) as sink:
        (outcome,) = await put_orders(sink, order(numbers[1], lines, status="partially_shipped"))
        assert outcome.ok, outcome.detail
        (outcome,) = await put_orders(sink, order(numbers[1], lines, status="cancelled", version=2))
        assert outcome.ok, outcome.detail
    found = box.order(numbers[1])
    assert found["state"] == "cancel"
    assert found["date_order"] == "2026-03-04 05:06:07"  # whatever time zone the user lives in


async def test_a_missing_right_is_named(box: OdooBox, sku: str) -> None:
    """AUTH-4: a user who may not make contacts gets the model and the group in the outcome."""
    settings = _user(box, "sales_team.group_sale_salesman_all_leads")
    async with sink_of(box, login=settings.login, password=settings.password) as sink:
        try:
            (outcome,) = await put_orders(sink, order(tag(), [order_line(sku)]))
            reason, detail = outcome.reason, outcome.detail
        except AuthError as error:
            reason, detail = error.reason, str(error)
    assert reason is Reason.AUTH
    assert "res.partner" in detail


def _user(box: OdooBox, *groups: str) -> OdooSettings:
    login = tag().lower()
    ids = []
    for group in groups:
        module, _, name = group.partition(".")
        domain = [["module", "=", module], ["name", "=", name]]
        ids.append(box.rows("ir.model.data", domain, ["res_id"])[0]["res_id"])
    box.call(
        "res.users",
        "create",
        {
            "name": "Robot",
            "login": login,
            "password": f"pw-{login}",
            "tz": "America/New_York",
            "groups_id": [[6, 0, ids]],
        },
    )
    return OdooSettings.model_validate({**box.settings.model_dump(), "login": login, "password": f"pw-{login}"})


def test_the_connector_offers_a_sink_and_a_verifier() -> None:
    """The stages find it by CONNECTOR; Odoo has one account without a name."""
    assert CONNECTOR.name == "odoo"
    assert list(CONNECTOR.accounts(OdooSettings())) == ["main"]
    assert CONNECTOR.sink is not None
    assert CONNECTOR.verifier is not None
