"""What people do in Odoo during a demo: make products, accept orders, ship them, cancel some, count stock, change prices, write credit notes. By
RPC, so that a real Odoo is worked on like the sandbox. Facts about the calls: docs/odoo.md.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streams.demo.goods import NewProduct, picture
from streams.demo.warehouses import Warehouse, Warehouses

_BATCH = 50
_QUIET = {"skip_backorder": True, "skip_sms": True}
CARRIER = "UPS"


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale order as the hands see it. elsewhere: the marketplace from whose goods it is shipped, empty for the seller's own."""

    odoo_id: int
    reference: str
    state: str
    locked: bool = False
    elsewhere: str = ""


class Hands:
    """Works on one Odoo. `client`: a logged-in odoorpc client; `chance`: seeded, so that a demo repeats."""

    def __init__(self, client: Any, chance: random.Random, warehouses: Warehouses) -> None:
        self._client = client
        self._chance = chance
        self._houses, self._own = warehouses, warehouses.own

    # -- before the flow

    def stock_up(self, levels: Mapping[str, int], where: Warehouse | None = None) -> None:
        """Count so many of each SKU in the seller's own warehouse, or in that one."""
        products, place = self._products(levels), (where or self._own).stock
        rows = [
            {"product_id": products[sku], "location_id": place, "inventory_quantity": count}
            for sku, count in levels.items() if sku in products
        ]  # fmt: skip
        for start in range(0, len(rows), 200):
            quants = self._do("stock.quant", "create", [rows[start : start + 200]], context={"inventory_mode": True})
            self._do("stock.quant", "action_apply_inventory", [quants], context={"inventory_mode": True})

    def make(self, products: Sequence[NewProduct]) -> None:
        """New products with their variants, categories, attributes and pictures; one that is there already stays as it is."""
        there = self._products(variant.sku for product in products for variant in product.variants)
        for product in products:
            if product.variants[0].sku not in there:
                self._make(product)

    def _make(self, product: NewProduct) -> None:
        values = {
            "name": product.name, "type": "consu", "is_storable": True, "list_price": float(product.price),
            "description_sale": product.description, "categ_id": self._category(product.category),
            "image_1920": picture(product.colour) if product.colour else False,
            "attribute_line_ids": [[0, 0, line] for line in self._lines(product)],
        }  # fmt: skip
        template = _one(self._do("product.template", "create", [values]))
        made = self._variants(template)
        for variant in product.variants:
            codes = {"default_code": variant.sku, "barcode": variant.barcode or False, "weight": product.weight_kg}
            self._do("product.product", "write", [[made[frozenset(variant.values.values())]], codes])

    def _variants(self, template: int) -> dict[frozenset[str], int]:
        """The values that tell a variant apart, those all share included -> its id."""
        rows = self._do(
            "product.product", "search_read",
            [[["product_tmpl_id", "=", template]], ["product_template_attribute_value_ids"]], order="id",
        )  # fmt: skip
        ids = sorted({one for row in rows for one in row["product_template_attribute_value_ids"]})
        found = self._do("product.template.attribute.value", "read", [ids, ["name"]]) if ids else []
        names = {row["id"]: row["name"] for row in found}
        return {frozenset(names[one] for one in row["product_template_attribute_value_ids"]): row["id"] for row in rows}

    def _lines(self, product: NewProduct) -> list[dict[str, Any]]:
        wanted: dict[str, list[str]] = {}
        for variant in product.variants:
            for name, value in variant.values.items():
                wanted.setdefault(name, []).append(value)
        lines: list[dict[str, Any]] = []
        for name, values in wanted.items():
            # Suppliers' goods bring attributes of that name whose variants are made later.
            attribute = self._found_or_made("product.attribute", {"name": name, "create_variant": "always"})
            ids = [
                self._found_or_made("product.attribute.value", {"name": value, "attribute_id": attribute})
                for value in dict.fromkeys(values)
            ]
            lines.append({"attribute_id": attribute, "value_ids": [[6, 0, ids]]})
        return lines

    def _category(self, complete_name: str) -> int:
        """The category of that name, with those above it."""
        category = 0
        for name in complete_name.split(" / "):
            category = self._found_or_made("product.category", {"name": name, "parent_id": category or False})
        return category

    def _found_or_made(self, model: str, values: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> int:
        domain = [[name, "=", value] for name, value in values.items()]
        found = self._do(model, "search", [domain], order="id", limit=1)
        return int(found[0]) if found else _one(self._do(model, "create", [{**values, **(more or {})}]))

    def carrier(self) -> int:
        """The delivery method parcels go with; made when it is not there."""
        found = self._do("delivery.carrier", "search", [[["name", "=", CARRIER]]], limit=1)
        if found:
            return int(found[0])
        product = self._do(
            "product.product", "create", [{"name": f"{CARRIER} delivery", "type": "service", "list_price": 0}]
        )
        made = self._do(
            "delivery.carrier", "create", [{"name": CARRIER, "product_id": _one(product), "delivery_type": "fixed"}]
        )
        return _one(made)

    # -- day to day

    def sales(self, references: Iterable[str]) -> list[Sale]:
        """The orders of these marketplace ids, by id."""
        domain, fields = [["origin", "in", sorted(references)]], ["origin", "state", "locked", "warehouse_id"]
        rows = self._do("sale.order", "search_read", [domain, fields], order="id")
        market_of = self._houses.market_of
        return [
            Sale(row["id"], row["origin"], row["state"], row["locked"], market_of(row["warehouse_id"][0]))
            for row in rows
        ]

    def accept(self, sales: Sequence[Sale]) -> None:
        """Confirm quotations."""
        waiting = [sale.odoo_id for sale in sales if sale.state in ("draft", "sent")]
        for start in range(0, len(waiting), _BATCH):
            self._do("sale.order", "action_confirm", [waiting[start : start + _BATCH]])

    def ship(self, sale: Sale, carrier: int, *, parcels: int = 1) -> int:
        """Everything leaves, in so many transfers where there is enough to share out. Returns how many left."""
        shipped = 0
        for number in range(1, parcels + 1):
            pickings = self._open_pickings(sale)
            if not pickings:
                break
            for picking in pickings:
                tracking = f"1Z{sale.reference[-10:]}{number:02d}{picking % 1000:03d}"
                self._do(
                    "stock.picking", "write", [[picking], {"carrier_id": carrier, "carrier_tracking_ref": tracking}]
                )
                if number < parcels:
                    self._half(picking)
                shipped += self._do("stock.picking", "button_validate", [[picking]], context=_QUIET) is True
        return shipped

    def close(self, sales: Sequence[Sale]) -> list[Sale]:
        """Whoever keeps the stock that stands for a marketplace's closes the deliveries of what it has sent. Returns the orders that left."""
        gone = []
        for market in {sale.elsewhere for sale in sales}:
            self._supply(market)
        for sale in sales:
            pickings = self._open_pickings(sale)
            done = [self._do("stock.picking", "button_validate", [[one]], context=_QUIET) is True for one in pickings]
            gone += [sale] if done and all(done) else []
        return gone

    def _supply(self, market: str) -> None:
        """As much as all open orders want is in the warehouse they leave: what comes for one may be taken by another that waits for the same."""
        house = self._houses.theirs[market]
        domain = [
            ["location_id", "=", house.stock], ["sale_line_id", "!=", False], ["state", "not in", ["done", "cancel"]],
        ]  # fmt: skip
        moves = self._do("stock.move", "search_read", [domain, ["product_id", "product_uom_qty"]], order="id")
        skus = self._skus(move["product_id"][0] for move in moves)
        wanted = dict.fromkeys(skus.values(), 0)
        for move in moves:
            wanted[skus[move["product_id"][0]]] += int(move["product_uom_qty"])
        self.stock_up(wanted, house)

    def cancel(self, sale: Sale) -> None:
        """Cancel the whole order; the plain call would answer with a wizard and cancel nothing."""
        self._do("sale.order", "action_cancel", [[sale.odoo_id]], context={"disable_cancel_warning": True})

    def reprice(self, prices: Mapping[str, str]) -> None:
        """SKU -> new sales price."""
        products = self._products(prices)
        for sku, price in prices.items():
            self._do("product.product", "write", [[products[sku]], {"list_price": float(price)}])

    def invoice(self, sale: Sale) -> list[int]:
        """Invoice what was delivered. Returns the posted invoices, none when there was nothing to invoice."""
        about = {"active_ids": [sale.odoo_id], "active_id": sale.odoo_id, "active_model": "sale.order"}
        wizard = self._do(
            "sale.advance.payment.inv", "create", [{"advance_payment_method": "delivered"}], context=about
        )
        self._do("sale.advance.payment.inv", "create_invoices", [[_one(wizard)]], context=about)
        invoices = self._do("sale.order", "read", [[sale.odoo_id], ["invoice_ids"]])[0]["invoice_ids"]
        if invoices:
            self._do("account.move", "action_post", [invoices])
        return list(invoices)

    def credit(self, sale: Sale) -> int:
        """Invoice what was delivered and credit all of it. Returns the credit note's sum in cents, 0 when there was nothing to invoice."""
        invoices = self.invoice(sale)
        if not invoices:
            return 0
        journal = self._do("account.move", "read", [invoices[:1], ["journal_id"]])[0]["journal_id"][0]
        about = {"active_ids": invoices, "active_model": "account.move"}
        wizard = self._do(
            "account.move.reversal", "create", [{"reason": "damaged", "journal_id": journal}], context=about
        )
        note = self._do("account.move.reversal", "refund_moves", [[_one(wizard)]], context=about)["res_id"]
        self._do("account.move", "action_post", [[note]])
        return _cents(self._do("account.move", "read", [[note], ["amount_total"]])[0]["amount_total"])

    # -- looking

    def free(self) -> dict[str, float]:
        """SKU -> on hand less reserved in the seller's own warehouse, of all products with a SKU."""
        domain, here = [["default_code", "!=", False]], {"warehouse_id": self._own.odoo_id}
        rows = self._do(
            "product.product", "search_read", [domain, ["default_code", "free_qty"]], order="id", context=here
        )
        return {row["default_code"]: row["free_qty"] for row in rows}

    def taken(self, sales: Sequence[Sale]) -> dict[str, float]:
        """Marketplace order id -> units that are to leave or have left the seller's own warehouse for it."""
        names = {sale.odoo_id: sale.reference for sale in sales}
        places = self._do("stock.location", "search", [[["warehouse_id", "=", self._own.odoo_id]]])
        domain = [
            ["sale_line_id.order_id", "in", list(names)], ["state", "!=", "cancel"], ["location_id", "in", places],
        ]  # fmt: skip
        moves = self._do("stock.move", "search_read", [domain, ["sale_line_id", "product_uom_qty"]], order="id")
        ids = sorted({move["sale_line_id"][0] for move in moves})
        orders = {row["id"]: row["order_id"][0] for row in self._do("sale.order.line", "read", [ids, ["order_id"]])}
        found: dict[str, float] = {}
        for move in moves:
            reference = names[orders[move["sale_line_id"][0]]]
            found[reference] = found.get(reference, 0) + move["product_uom_qty"]
        return found

    def unreserved(self, sales: Sequence[Sale]) -> dict[str, float]:
        """SKU -> units of confirmed orders that wait in the seller's deliveries without being reserved, as in one that is held back."""
        mine = [sale.odoo_id for sale in sales if sale.state == "sale" and not sale.elsewhere]
        domain = [
            ["sale_line_id.order_id", "in", mine],
            ["state", "not in", ["draft", "done", "cancel"]], ["location_dest_id.usage", "=", "customer"],
        ]  # fmt: skip
        moves = self._do(
            "stock.move", "search_read", [domain, ["product_id", "product_uom_qty", "quantity"]], order="id"
        )
        skus = self._skus(move["product_id"][0] for move in moves)
        found: dict[str, float] = {}
        for move in moves:
            sku = skus[move["product_id"][0]]
            found[sku] = found.get(sku, 0) + move["product_uom_qty"] - move["quantity"]
        return found

    def prices(self) -> dict[str, float]:
        """SKU -> sales price."""
        domain = [["default_code", "!=", False]]
        rows = self._do("product.product", "search_read", [domain, ["default_code", "list_price"]], order="id")
        return {row["default_code"]: row["list_price"] for row in rows}

    def left(self, sales: Sequence[Sale]) -> dict[str, list[str]]:
        """Marketplace order id -> tracking numbers of what left, one for each finished delivery."""
        names = {sale.odoo_id: sale.reference for sale in sales}
        domain = [["sale_id", "in", list(names)], ["state", "=", "done"], ["picking_type_code", "=", "outgoing"]]
        rows = self._do("stock.picking", "search_read", [domain, ["sale_id", "carrier_tracking_ref"]], order="id")
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(names[row["sale_id"][0]], []).append(row["carrier_tracking_ref"] or "")
        return found

    def returns(self, sales: Sequence[Sale]) -> dict[str, list[str]]:
        """Marketplace order id -> states of its return deliveries."""
        names = {sale.odoo_id: sale.reference for sale in sales}
        domain = [["sale_id", "in", list(names)], ["picking_type_code", "=", "incoming"]]
        rows = self._do("stock.picking", "search_read", [domain, ["sale_id", "state"]], order="id")
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(names[row["sale_id"][0]], []).append(row["state"])
        return found

    def credited(self, sales: Sequence[Sale]) -> dict[str, list[int]]:
        """Marketplace order id -> sums, in cents, of the posted credit notes of its returns."""
        names = {sale.odoo_id: sale.reference for sale in sales}
        orders = self._do("sale.order", "read", [list(names), ["name"]])
        references = {row["name"]: names[row["id"]] for row in orders}
        domain = [["move_type", "=", "out_refund"], ["state", "=", "posted"], ["ref", "like", ":return:"]]
        found: dict[str, list[int]] = {}
        for row in self._do("account.move", "search_read", [domain, ["invoice_origin", "amount_total"]], order="id"):
            if reference := references.get(row["invoice_origin"]):
                found.setdefault(reference, []).append(_cents(row["amount_total"]))
        return found

    def entries(self, words: str) -> list[dict[str, Any]]:
        """Journal entries whose reference holds these words, with what they book: state, debit in all, lines."""
        domain = [["ref", "ilike", words], ["move_type", "=", "entry"]]
        rows = self._do("account.move", "search_read", [domain, ["ref", "state", "line_ids"]], order="id")
        for row in rows:
            lines = self._do("account.move.line", "read", [row["line_ids"], ["debit", "credit", "account_id"]])
            row["debit"] = round(sum(line["debit"] for line in lines), 2)
            row["credit"] = round(sum(line["credit"] for line in lines), 2)
        return list(rows)

    def _open_pickings(self, sale: Sale) -> list[int]:
        domain = [
            ["sale_id", "=", sale.odoo_id],
            ["picking_type_code", "=", "outgoing"],
            ["state", "not in", ["done", "cancel"]],
        ]
        rows = self._do("stock.picking", "search_read", [domain, ["state"]], order="id")
        for row in rows:
            if row["state"] != "assigned":
                self._do("stock.picking", "action_assign", [[row["id"]]])
        return [row["id"] for row in rows]

    def _half(self, picking: int) -> None:
        """About half of each move goes now; a single unit goes whole."""
        moves = self._do("stock.move", "search_read", [[["picking_id", "=", picking]], ["product_uom_qty"]], order="id")
        for move in moves:
            count = max(1, int(move["product_uom_qty"]) // 2)
            self._do("stock.move", "write", [[move["id"]], {"quantity": count, "picked": True}])

    def _products(self, skus: Iterable[str]) -> dict[str, int]:
        domain = [["default_code", "in", sorted(skus)]]
        rows = self._do("product.product", "search_read", [domain, ["default_code"]], order="id")
        return {row["default_code"]: row["id"] for row in rows}

    def _skus(self, products: Iterable[int]) -> dict[int, str]:
        rows = self._do("product.product", "read", [sorted(set(products)), ["default_code"]])
        return {row["id"]: row["default_code"] or "" for row in rows}

    def _do(self, model: str, method: str, args: Sequence[Any], **kwargs: Any) -> Any:
        return self._client.execute_kw(model, method, list(args), kwargs)


def _cents(amount: float) -> int:
    return round(amount * 100)


def _one(created: Any) -> int:
    """create() answers an id for one record, or a list."""
    return int(created[0] if isinstance(created, list) else created)
