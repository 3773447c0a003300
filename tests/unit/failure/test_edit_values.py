"""ERR-6: an edit that fits its schema and yet cannot be read is refused before it is sent."""

from __future__ import annotations

import re
from typing import Any

import pytest

from schemas.codec import load_schema, schema_names
from schemas.documents import to_document
from schemas.walk import named_types
from streams.failure.edit import EditError, apply_sets, edited_messages, open_draft, wrong_values
from streams.failure.edit_outcome import words_of
from streams.failure.edit_values import CURRENCIES, DECIMALS, problems
from streams.failure.verdicts import Verdict
from tests.builders import money, order, order_line, tax
from tests.unit.failure.samples import codec, deliver_value
from tests.unit.failure.test_edit import AT, letter


def draft_of(lines: list[Any]) -> Any:
    body = codec().encode("order", order("1", lines))
    value = {**codec().decode("deliver", deliver_value(body=body)), "schema": "order"}
    return open_draft(codec(), letter(codec().encode("deliver", value), "deliver.odoo.normal"))


def send(lines: list[Any], *sets: str) -> None:
    draft = draft_of(lines)
    edited_messages(codec(), draft, apply_sets(draft.document, sets), actor="me", at=AT, note="")


def line(sku: str = "A", line_id: str = "1", **changes: Any) -> Any:
    return {**order_line(sku, line_id=line_id, taxes=[tax("T", "1.00")]), **changes}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("lines[0].quantity=abc", "lines[0].quantity: must be a number"),
        ("lines[0].quantity=", "lines[0].quantity: must be a number"),
        ("lines[0].quantity=NaN", "lines[0].quantity: must be a number"),
        ("lines[0].quantity=1e13", "lines[0].quantity: has more than 12 digits before the point"),
        ("lines[0].amount.amount=ten", "lines[0].amount.amount: must be a number"),
        ("lines[0].amount.amount=10.005", "lines[0].amount.amount: has more than the 2 digits USD has"),
        ("lines[0].amount.currency=EUR", "lines[0].amount.currency: must be USD as the order's"),
        ("lines[0].amount.currency=dollars", "lines[0].amount.currency: must be a currency code"),
        ("lines[0].taxes[0].rate=high", "lines[0].taxes[0].rate: must be a number"),
        ("lines[0].taxes[0].amount.amount=x", "lines[0].taxes[0].amount.amount: must be a number"),
        ("currency=US", "currency: must be a currency code"),
        ("total.amount=1,50", "total.amount: must be a number"),
        ("ordered_at=yesterday", "ordered_at: must be a time"),
        ("lines[0].amount=10.00", "lines[0].amount has several values: set lines[0].amount.amount or lines[0].amount.currency"),
    ],
)  # fmt: skip
def test_what_no_destination_could_read_is_refused_by_place(edit: str, said: str) -> None:
    with pytest.raises(EditError, match=re.escape(said)):
        send([line()], edit)


@pytest.mark.parametrize(
    "edit",
    ["lines[0].quantity=2", "lines[0].amount.amount=9.90", "lines[0].quantity_cancelled=", "lines[0].quantity=0.370"],
)
def test_what_can_be_read_is_sent(edit: str) -> None:
    send([line()], edit)


def test_what_was_wrong_before_and_is_left_so_is_told_and_keeps_nothing_back() -> None:
    """Only who reads that field may know that it does not matter."""
    draft = draft_of([line(quantity="x"), line("B", "2")])
    document = apply_sets(draft.document, ["lines[1].sku=C"])
    assert [list(map(str, some)) for some in wrong_values(draft, document)] == [
        [], ["lines[0].quantity: must be a number such as 2 or 12.50"],
    ]  # fmt: skip
    edited_messages(codec(), draft, document, actor="me", at=AT, note="")
    again = apply_sets(draft.document, ["lines[0].quantity=y"])
    assert [len(some) for some in wrong_values(draft, again)] == [1, 0]


def test_prices_may_have_more_digits_than_their_currency() -> None:
    """PRC-2: amounts of orders are booked to the cent, a sales price is Odoo's own."""
    from tests.unit.pricing.test_offered import price

    assert problems("price", to_document("price", price("10.005"))) == []
    assert [one.place for one in problems("price", to_document("price", price("ten")))] == ["list_price.amount"]


def test_every_decimal_and_currency_of_the_schemas_is_looked_at() -> None:
    """A field whose description says that it is decimal text or a currency cannot be forgotten."""
    for name in schema_names():
        for record, schema in named_types(load_schema(name)).items():
            for field in schema["fields"]:
                doc = field.get("doc", "").lower()
                if "string" in (field["type"] if isinstance(field["type"], list) else [field["type"]]):
                    assert "decimal text" not in doc or field["name"] in DECIMALS.get(record, ()), (record, field)
                    assert "iso 4217" not in doc or field["name"] in CURRENCIES.get(record, ()), (record, field)


def test_every_name_of_the_tables_is_one_of_the_schemas() -> None:
    known = {
        (record, field["name"])
        for name in schema_names()
        for record, schema in named_types(load_schema(name)).items()
        for field in schema["fields"]
    }
    named = {
        (record, field) for table in (DECIMALS, CURRENCIES) for record, fields in table.items() for field in fields
    }
    assert named <= known


def test_the_outcome_is_told_in_words() -> None:
    assert words_of(Verdict("f", "k", "applied")) == "applied"
    assert words_of(Verdict("f", "k", "dead", "DATA", "lines: none")) == "dead (DATA): lines: none"


def test_amounts_in_another_currency_keep_its_digits() -> None:
    draft = draft_of([line()])
    yen = {**draft.document, "currency": "JPY", "total": money("10.5", "JPY")}
    assert "total.amount: has more than the 0 digits JPY has" in map(str, problems("order", yen))
