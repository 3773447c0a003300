"""How the warehouse's hands reach the models: the calls a client makes over execute_kw, as the administrator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connectors.odoo.sandbox.engine.database import SUPERUSER
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.rpc import Answerer

SILENT = {"skip_backorder": True, "skip_sms": True}


class HandError(ValueError):
    """What was asked for makes no sense here; the message says why."""


class Hands:
    """One call, one transaction, as over the wire."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer

    @property
    def uid(self) -> int:
        database = self._answerer.database
        found = database.call(lambda env: env.ref("base.user_admin"), SUPERUSER, {}, reads=True)
        assert found is not None
        return found

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._answerer.execute(self.uid, model, method, list(args), kwargs)

    def as_server(self, work: Callable[[Env], Any]) -> Any:
        """Work of the server itself, in one transaction."""
        return self._answerer.database.call(work, SUPERUSER, {}, reads=False)

    def rows(self, model: str, domain: Sequence[Any], fields: Sequence[str], order: str = "id") -> list[dict[str, Any]]:
        """many2one as an id."""
        context = {"active_test": False}
        found: list[dict[str, Any]] = self.call(
            model, "search_read", list(domain), list(fields), order=order, load=None, context=context
        )
        return found

    # ---- things by the names people use

    def order(self, reference: int | str) -> dict[str, Any]:
        """A sale order by id, name, customer reference or origin. Raises HandError."""
        names = ("name", "client_order_ref", "origin")
        domain: list[Any] = [["id", "=", reference]] if isinstance(reference, int) else ["|", "|"]
        if isinstance(reference, str):
            domain += [[name, "=", reference] for name in names]
        found = self.rows("sale.order", domain, ["name", "state", "partner_id"], "id desc")
        if not found:
            raise HandError(f"no sale order {reference!r}")
        return found[0]

    def product(self, sku: str) -> int:
        return self.products([sku])[sku]

    def products(self, skus: Sequence[str]) -> dict[str, int]:
        """Raises HandError for a SKU that no product has."""
        rows = self.rows("product.product", [["default_code", "in", list(skus)]], ["default_code"], "id desc")
        found = {row["default_code"]: row["id"] for row in rows}
        missing = [sku for sku in skus if sku not in found]
        if missing:
            raise HandError(f"no product with internal reference {', '.join(missing[:5])}")
        return found

    def lines(self, order: int) -> list[dict[str, Any]]:
        """The order's lines of goods and services, each with the SKU of its product."""
        fields = ["product_id", "product_uom_qty", "price_unit", "tax_id", "name", "qty_delivered", "qty_invoiced"]
        rows = self.rows("sale.order.line", [["order_id", "=", order], ["product_id", "!=", False]], fields)
        skus = self.skus([row["product_id"] for row in rows])
        return [{**row, "sku": skus[row["product_id"]]} for row in rows]

    def skus(self, products: Sequence[int]) -> dict[int, str]:
        rows = self.rows("product.product", [["id", "in", list(products)]], ["default_code"])
        return {row["id"]: row["default_code"] or f"#{row['id']}" for row in rows}

    def stock_location(self, warehouse: str | None) -> int:
        """Of the warehouse with this code; of the first one. Raises HandError."""
        domain = [["code", "=", warehouse]] if warehouse else []
        found = self.rows("stock.warehouse", domain, ["lot_stock_id"], "sequence, id")
        if not found:
            raise HandError(f"no warehouse {warehouse!r}")
        return int(found[0]["lot_stock_id"])

    def validate(self, picking: int) -> None:
        """Raises HandError when Odoo answers a dialog instead of doing it."""
        answer = self.call("stock.picking", "button_validate", [picking], context=SILENT)
        if answer is not True:
            raise HandError(f"the transfer asks for {answer.get('res_model')}")

    def shown_picking(self, picking: int) -> dict[str, Any]:
        """Name, state, carrier, tracking reference and quantities by SKU."""
        fields = ["name", "state", "carrier_tracking_ref", "return_id", "backorder_id"]
        (row,) = self.rows("stock.picking", [["id", "=", picking]], fields)
        moves = self.rows("stock.move", [["picking_id", "=", picking]], ["product_id", "quantity", "state"])
        skus = self.skus([move["product_id"] for move in moves])
        quantities: dict[str, float] = {}
        for move in moves:
            if move["state"] != "cancel":
                sku = skus[move["product_id"]]
                quantities[sku] = quantities.get(sku, 0.0) + move["quantity"]
        return {**row, "quantities": quantities}
