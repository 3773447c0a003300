"""What buyers do in Odoo during a demo: make purchase orders from the vendor prices that came in, confirm them, cancel one; and what they see. By
RPC, so that a real Odoo is worked on like the sandbox.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streams.demo.supplier import ACCOUNT

_OPEN = ["state", "not in", ["done", "cancel"]]


@dataclass(frozen=True, slots=True)
class VendorPrice:
    """One that stands. cents: of a unit;  vendor, product: ids in Odoo."""

    code: str
    cents: int
    currency: str
    vendor: int
    product: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A purchase order as its buyer sees it.

    reference   what stands as the vendor's, word by word;  cents  before taxes
    notes       their texts;  tasks  what is still to be done
    tracking    numbers on its receipts, word by word;  carriers  delivery methods of those
    """

    state: str
    reference: tuple[str, ...] = ()
    cents: int = 0
    notes: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    tracking: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()


class Buyers:
    """Works on one Odoo. client: a logged-in odoorpc client; platform: whose sellers are the vendors."""

    def __init__(self, client: Any, platform: str) -> None:
        self._client = client
        self._vendors = f"{platform}:{ACCOUNT}:"

    def can_buy(self) -> bool:
        """Whether it has the app that buys: a real one may not."""
        return bool(self._do("ir.model", "search_count", [[["model", "=", "purchase.order"]]]))

    def add_carrier(self, name: str) -> None:
        """A delivery method of that name, made when it is not there."""
        if self._do("delivery.carrier", "search", [[["name", "=", name]]], limit=1):
            return
        product = self._do("product.product", "create", [{"name": f"{name} delivery", "type": "service"}])
        product = product[0] if isinstance(product, list) else product
        self._do("delivery.carrier", "create", [{"name": name, "product_id": product, "delivery_type": "fixed"}])

    # -- buying

    def prices(self) -> dict[str, list[VendorPrice]]:
        """Vendor's code -> the prices that stand."""
        domain = [["partner_id.ref", "=like", f"{self._vendors}%"], ["date_end", "=", False]]
        fields = ["product_code", "price", "currency_id", "partner_id", "product_id"]
        found: dict[str, list[VendorPrice]] = {}
        for row in self._do("product.supplierinfo", "search_read", [domain, fields], order="id"):
            ids = row["currency_id"][1], row["partner_id"][0], row["product_id"][0] if row["product_id"] else 0
            code = row["product_code"] or ""
            found.setdefault(code, []).append(VendorPrice(code, _cents(row["price"]), *ids))
        return found

    def products(self, skus: Collection[str]) -> dict[str, int]:
        """SKU -> how many products have it, archived ones too."""
        domain = [["default_code", "in", sorted(skus)]]
        rows = self._do(
            "product.product", "search_read", [domain, ["default_code"]], order="id", context={"active_test": False}
        )
        found = dict.fromkeys(skus, 0)
        for row in rows:
            found[row["default_code"]] += 1
        return found

    def draft(self, lines: Sequence[tuple[VendorPrice, int]]) -> tuple[int, str]:
        """A purchase order at these prices, of one vendor. Returns its id and name."""
        vendor = lines[0][0].vendor
        found = self._do("res.partner", "read", [[vendor], ["property_purchase_currency_id"]])[0]
        currency = found["property_purchase_currency_id"]
        values = {
            "partner_id": vendor, **({"currency_id": currency[0]} if currency else {}),
            "order_line": [
                [0, 0, {"product_id": one.product, "product_qty": units, "price_unit": one.cents / 100, "taxes_id": [[5]]}]
                for one, units in lines
            ],
        }  # fmt: skip
        made = self._do("purchase.order", "create", [values])
        number = int(made[0] if isinstance(made, list) else made)
        return number, str(self._do("purchase.order", "read", [[number], ["name"]])[0]["name"])

    def confirm(self, ids: Sequence[int]) -> None:
        """As the button does."""
        for one in ids:
            self._do("purchase.order", "button_confirm", [[one]])

    def cancel(self, number: int) -> None:
        """As the button does."""
        self._do("purchase.order", "button_cancel", [[number]])

    # -- looking

    def seen(self, ids: Sequence[int]) -> dict[int, Seen]:
        """Purchase orders by their ids."""
        if not ids:
            return {}
        mine = list(ids)
        rows = self._do("purchase.order", "read", [mine, ["state", "partner_ref", "amount_untaxed"]])
        notes = self._of(
            "mail.message", [["model", "=", "purchase.order"], ["message_type", "=", "comment"]], mine, "body"
        )
        tasks = self._of("mail.activity", [["res_model", "=", "purchase.order"]], mine, "summary")
        receipts = self._receipts(mine)
        return {
            row["id"]: Seen(
                row["state"], _words(row["partner_ref"]), _cents(row["amount_untaxed"]), notes.get(row["id"], ()),
                tasks.get(row["id"], ()),
                tuple(word for one in receipts.get(row["id"], ()) for word in _words(one["carrier_tracking_ref"])),
                tuple(one["carrier_id"][1] for one in receipts.get(row["id"], ()) if one["carrier_id"]),
            )
            for row in rows
        }  # fmt: skip

    def _receipts(self, ids: list[int]) -> dict[int, list[Mapping[str, Any]]]:
        domain = [["purchase_id", "in", ids], ["picking_type_code", "=", "incoming"], _OPEN]
        fields = ["purchase_id", "carrier_tracking_ref", "carrier_id"]
        found: dict[int, list[Mapping[str, Any]]] = {}
        for row in self._do("stock.picking", "search_read", [domain, fields], order="id"):
            found.setdefault(row["purchase_id"][0], []).append(row)
        return found

    def _of(self, model: str, about: list[Any], ids: list[int], field: str) -> dict[int, tuple[str, ...]]:
        rows = self._do(model, "search_read", [[*about, ["res_id", "in", ids]], ["res_id", field]], order="id")
        found: dict[int, tuple[str, ...]] = {}
        for row in rows:
            found[row["res_id"]] = (*found.get(row["res_id"], ()), row[field] or "")
        return found

    def _do(self, model: str, method: str, args: Sequence[Any], **kwargs: Any) -> Any:
        return self._client.execute_kw(model, method, list(args), kwargs)


def _cents(amount: float) -> int:
    return round(amount * 100)


def _words(text: str | bool) -> tuple[str, ...]:
    return tuple(str(text or "").replace(",", " ").split())
