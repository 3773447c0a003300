"""EVT-4: orders of one purchase order that are written side by side, in any interleaving, lose nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from connectors.kit.errors import ConflictError
from connectors.kit.ports import NoMappings
from connectors.odoo.client import Odoo
from connectors.odoo.purchase_finding import Purchase
from connectors.odoo.purchase_memory import Claim, Memory
from connectors.odoo.purchase_settings import PurchaseSettings
from connectors.odoo.purchase_settling import Settling

OURS = Purchase(7, "P00007", "purchase", "", 2, 92.5, "CNY")


class OneOrder:
    """An Odoo with one purchase order and the claims on it. `before`: what others do just before each of our writes."""

    def __init__(self, *claims: str, before: Callable[[OneOrder], None]) -> None:
        self.reference = ""
        self.claims = [*claims]
        self.before = before
        self.writes = 0

    async def rows(self, model: str, domain: Any, fields: Any, **_: Any) -> list[dict[str, Any]]:
        if model == "ir.attachment":
            return [
                {"name": f"causeway purchase 7 order:{one}", "datas": Claim(1, (one,), is_ours=True).datas()}
                for one in self.claims
            ]
        assert model == "purchase.order"
        return [{"id": 7, "partner_ref": self.reference or False}]

    async def tell(self, model: str, method: str, ids: Any, values: dict[str, Any], **_: Any) -> None:
        assert (model, method, ids) == ("purchase.order", "write", [7])
        self.before(self)
        self.writes += 1
        self.reference = values["partner_ref"]


def settling(odoo: OneOrder) -> Settling:
    there = cast("Odoo", odoo)
    return Settling(there, PurchaseSettings(), "mkt", NoMappings(), Memory(there, "mkt"))


async def test_what_another_wrote_between_our_look_and_our_write_is_put_back() -> None:
    """EVT-4: order 2 kept its claim and wrote its number after we had looked: our write takes it off, our next look puts it on."""

    def other(odoo: OneOrder) -> None:
        if "2" not in odoo.claims:
            odoo.claims.append("2")
            odoo.reference = "2"

    odoo = OneOrder("1", before=other)
    assert await settling(odoo).settle(OURS, "alibaba", "main") == ["referenced"]
    assert (odoo.reference, odoo.writes) == ("1, 2", 2)


async def test_what_stands_is_not_written() -> None:
    """EVT-4."""
    odoo = OneOrder("1", before=lambda one: None)
    odoo.reference = "1"
    assert await settling(odoo).settle(OURS, "alibaba", "main") == []
    assert odoo.writes == 0


async def test_who_never_gets_through_comes_again_later() -> None:
    """EVT-4: others change it each time: tried again, never taken for written."""

    def other(odoo: OneOrder) -> None:
        odoo.claims.append(str(len(odoo.claims) + 1))

    with pytest.raises(ConflictError, match="P00007 was changed by others"):
        await settling(OneOrder("1", before=other)).settle(OURS, "alibaba", "main")
