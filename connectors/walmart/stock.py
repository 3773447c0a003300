"""`set_stock` (availability) -> PUT /v3/inventory or a feed `inventory` / `MP_INVENTORY`. (Source: model inventory.json.)

Numbers are whole, absolute, never negative and at most `stock_cap`. The SKU stands in the query and in the body. The two feeds differ in
letter case: wrong case fails the whole feed. With a ship node configured, numbers are for that node; else for the seller's only one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit.errors import DataError
from connectors.kit.feeds import Feed
from connectors.kit.outgoing.bodies import units, units_known
from connectors.kit.outgoing.values import STOCK, Value, listing_name, quoted
from connectors.kit.ports import Delivery, Difference
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.skus import SKUS

INVENTORY = "/v3/inventory"
SINGLE_NODE, BY_NODE = "inventory", "MP_INVENTORY"


class Stock:
    """`ValueKind` of stock numbers."""

    model = STOCK
    looks_first = False
    put_operation = "set_inventory"
    feed_types = frozenset({SINGLE_NODE, BY_NODE})

    def __init__(self, settings: WalmartSettings) -> None:
        self._settings = settings
        self.few = settings.stock_few

    def feed_type(self, account: str) -> str:
        return BY_NODE if self._node(account) else SINGLE_NODE

    def read(self, delivery: Delivery) -> Value:
        body = Reader(dict(delivery.body))
        sku = SKUS.needed(body)
        sent, notes = units(body, self._settings.stock_cap)
        return self._value(delivery.account, sku, sent, urgent=body.flag("urgent"), notes=notes)

    def parse(self, account: str, sku: str, text: str) -> Value:
        return self._value(account, sku, units_known(text))

    def feed(self, account: str, values: Sequence[Value], mark: str) -> Feed:
        kind = self.feed_type(account)
        header, items, version = (
            ("InventoryHeader", "Inventory", "1.4") if kind == SINGLE_NODE else ("inventoryHeader", "inventory", "1.5")
        )
        body = {header: {"version": version}, items: [dict(value.entry) for value in values]}
        return Feed(kind, body, [value.sku for value in values], mark, Priority.STOCK)

    def priority(self, urgent: bool) -> Priority:
        return Priority.STOCK if urgent else Priority.PRODUCTS

    def too_early_seconds(self, published: str) -> float:
        return 0.0

    async def put(self, client: WalmartClient, value: Value) -> None:
        path = f"{INVENTORY}?sku={quoted(value.sku)}"
        body: dict[str, Any] = {"sku": value.sku, "quantity": _quantity(int(value.text))}
        if nodes := value.entry.get("shipNodes"):
            path += f"&shipNode={quoted(nodes[0]['shipNode'])}"
        priority = self.priority(value.urgent)
        answer, content = await client.call(self.put_operation, "PUT", path, body=body, priority=priority)
        # An answer that echoes another number is no success, whatever its status.
        echoed = Reader(content)["quantity"] if isinstance(content, dict) else Reader(None)
        if not echoed["amount"].missing and echoed.decimal("amount") != int(value.text):
            raise answer.asked.left("answered with another number than was written")

    async def differences(self, client: WalmartClient, account: str, value: Value) -> Sequence[Difference]:
        now = await self.held(client, account, value.sku)
        held = "no item of this SKU" if now is None else str(now)
        return () if held == value.text else (Difference("quantity", held, value.text),)

    async def held(self, client: WalmartClient, account: str, sku: str) -> int | None:
        """The number Walmart holds, None when it has no such item. Raises ConnectorError."""
        node = self._node(account)
        path = f"{INVENTORY}?sku={quoted(sku)}" + (f"&shipNode={quoted(node)}" if node else "")
        try:
            _, content = await client.call("get_inventory", "GET", path, priority=Priority.STOCK)
        except DataError as error:
            if error.code == errors.NOT_FOUND:
                return None
            raise
        return int(Reader(content).an_object()["quantity"].decimal("amount"))

    def zero(self, account: str, sku: str) -> Value:
        """Nothing to sell."""
        return self._value(account, sku, 0, urgent=True)

    def _value(
        self, account: str, sku: str, amount: int, *, urgent: bool = False, notes: tuple[str, ...] = ()
    ) -> Value:
        node = self._node(account)
        entry: Mapping[str, Any] = {"sku": sku, "quantity": _quantity(amount)}
        if node:
            entry = {"sku": sku, "shipNodes": [{"shipNode": node, "quantity": _quantity(amount)}]}
        return Value(
            sku, entry, str(amount), urgent, listing_name("walmart", account, sku), notes, needs_no_item=amount == 0
        )

    def _node(self, account: str) -> str:
        found = self._settings.accounts.get(account)
        return found.ship_node if found else ""


def _quantity(amount: int) -> dict[str, Any]:
    return {"unit": "EACH", "amount": amount}
