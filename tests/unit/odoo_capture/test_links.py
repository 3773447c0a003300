"""FUL-2: which marketplace order and line a record of Odoo stands for, by the external ids our sink wrote."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.errors import ForbiddenError
from connectors.odoo.keys import below, xid
from connectors.odoo.outbox import rules
from connectors.odoo.source.journal import parent_of
from connectors.odoo.source.links import LineLink, Links, line_of, order_key_of, return_key_of
from connectors.odoo.source.watches import PLANS

ORDER = xid("mkt", "order", "walmart:main:PO 1/2")


def test_what_the_sink_writes_is_read_back() -> None:
    """EVT-4: spaces, slashes and umlauts survive."""
    assert order_key_of(ORDER, "mkt") == "walmart:main:PO 1/2"
    assert return_key_of(xid("mkt", "return", "walmart:main:return:7", "note"), "mkt") == "walmart:main:return:7"


@pytest.mark.parametrize(
    "other",
    ["", "sale.order_1", "__export__.sale_order_1_x", "mkt.orders/x", below(ORDER, "line", "1"), "mktx.order/a"],
)
def test_what_others_wrote_is_no_order(other: str) -> None:
    assert order_key_of(other, "mkt") == ""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("line", "1"), LineLink("goods", "1")),
        (("line", "1", "2"), LineLink("goods", "1")),
        (("line", "a/b c"), LineLink("goods", "a/b c")),
        (("line", "1", "wrap"), LineLink("extra", "1")),
        (("line", "1", "fee", "0"), LineLink("extra", "1")),
        (("shipping",), LineLink("shipping")),
        (("tax", "0f3a"), LineLink("tax")),
        (("discount", "0"), LineLink("other")),
    ],
)
def test_lines_and_what_they_stand_for(parts: tuple[str, ...], expected: LineLink) -> None:
    """RET-2."""
    assert line_of(below(ORDER, *parts), "mkt") == expected


def test_a_line_a_person_added_stands_for_nothing() -> None:
    assert line_of("__export__.sale_order_line_5", "mkt") is None
    assert line_of(ORDER, "mkt") is None


class Told:
    """An Odoo whose user may not read external ids, but is told one of each record."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def rows(self, model: str, *_: Any, **__: Any) -> list[dict[str, Any]]:
        self.asked.append(model)
        raise ForbiddenError("may not: read ir.model.data")

    async def ask(self, model: str, method: str, ids: list[int]) -> dict[str, str]:
        self.asked.append(method)
        return {str(one): xid("mkt", "order", f"walmart:main:{one}") if one % 2 else "" for one in ids}


async def test_without_the_right_to_read_external_ids_odoo_tells_them_all_the_same() -> None:
    """AUTH-4: and they are remembered."""
    odoo = Told()
    links = Links(odoo, "mkt")  # type: ignore[arg-type]
    assert await links.orders([1, 2, 3]) == {1: "walmart:main:1", 3: "walmart:main:3"}
    assert await links.orders([1, 3]) == {1: "walmart:main:1", 3: "walmart:main:3"}
    assert odoo.asked == ["ir.model.data", "get_external_id"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("product.product(7,)", 7), ("7", 7), ("stock.picking()", 0), ("False", 0), (False, 0), ("", 0)],
)
def test_a_parent_is_read_as_odoo_shows_it(written: object, expected: int) -> None:
    """EVT-6: a real server and the sandbox write it differently."""
    assert parent_of({"x_parent": written}) == expected


def test_every_watched_model_has_an_automation_for_writing_and_deleting() -> None:
    """EVT-6: mode `outbox` sees what mode `poll` sees."""
    made = rules(list(PLANS))
    watched = {watch.model for plan in PLANS.values() for watch in plan.watches}
    assert {(one.model, one.trigger) for one in made} == {
        (model, trigger) for model in watched for trigger in ("on_create_or_write", "on_unlink")
    }
    for one in made:
        compile(one.code, one.name, "exec")
        assert all(
            f"'x_flow': '{flow}'" in one.code
            for flow, plan in PLANS.items()
            if any(w.model == one.model for w in plan.watches)
        )
