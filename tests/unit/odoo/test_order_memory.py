"""FUL-3: what is kept of the lines of an order, so that a deleted one is known."""

from __future__ import annotations

import pytest

from connectors.odoo.mapping import Rules, plan_order
from connectors.odoo.order_memory import Written, WrittenPart, memory_xid, read, said
from connectors.odoo.settings import OdooSettings
from tests.builders import money, order, order_line, tax

KEY = "walmart:MAIN:PO 1/2"


def test_what_is_kept_is_read_back() -> None:
    """A line at two prices is two; charges are not kept; ids of any form."""
    lines = [
        order_line("A", 3, amount="10.00", taxes=[tax("State", "1.00")]),
        order_line("B", "3.00", line_id="a/b", shipping_amount=money("5.00")),
    ]
    plan = plan_order(order("PO 1/2", lines), Rules(OdooSettings(), production=False))
    assert plan.key == KEY
    assert read(said(plan)) == Written(
        ("1", "a/b"),
        {
            "line/1": WrittenPart("1", "A", "2"),
            "line/1/1": WrittenPart("1", "A", "1"),
            "line/a%2Fb": WrittenPart("a/b", "B", "3"),
        },
    )


def test_a_memory_of_an_earlier_version_names_lines_only() -> None:
    found = read('{"causeway order": "walmart:MAIN:1", "lines": ["1", "a/b"]}')
    assert found == Written(("1", "a/b"), {"line/1": WrittenPart("1"), "line/a%2Fb": WrittenPart("a/b")})


@pytest.mark.parametrize(
    "name",
    [
        "",
        "invoice.pdf",
        "[]",
        "{}",
        '{"lines": 1}',
        '{"lines": ["1"], "goods": {"line": ["A", "1"]}}',
        '{"lines": ["1"], "goods": [1]}',
    ],
)
def test_what_cannot_be_read_is_nothing(name: str) -> None:
    assert read(name) == Written()


def test_each_order_has_its_own() -> None:
    assert memory_xid("mkt", KEY) == "mkt.order_lines/walmart:MAIN:PO%201%2F2"
