"""An Odoo for tests: the sandbox in a thread, or the real server that CAUSEWAY_TEST_ODOO_URL, _DB, _LOGIN and _PASSWORD name.

Tests reach it through a proxy that can swallow the answer to a call after Odoo has carried it out. Whatever a test makes carries a tag of its own,
so a server that has seen the tests before is as good as a new one.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import odoorpc
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.kit.sandbox.server import DROP, running
from connectors.odoo.sandbox.app import create_app
from connectors.odoo.sandbox.settings import SandboxSettings
from connectors.odoo.settings import OdooSettings

_numbers = itertools.count(1)


class LosingProxy:
    """Forwards everything; `lose(model, method, n)` drops the answers to the next n such calls, after Odoo has answered."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.to_lose: dict[tuple[str, str], int] = {}
        self.calls: list[tuple[str, str]] = []

    def lose(self, model: str, method: str, times: int = 1) -> None:
        self.to_lose[model, method] = times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = await request.body()
        async with httpx.AsyncClient(
            trust_env=False, timeout=120, verify=False
        ) as client:  # plain HTTP, no certificates to load
            answer = await client.request(
                request.method,
                self.target + request.url.path,
                content=body,
                headers={"Content-Type": request.headers.get("content-type", "")},
            )
        call = _called(body)
        self.calls.append(call)
        if self.to_lose.get(call, 0) > 0:
            self.to_lose[call] -= 1
            scope["extensions"][DROP](hard=False)
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        response = Response(answer.content, answer.status_code, media_type="application/json")
        await response(scope, receive, send)


def _called(body: bytes) -> tuple[str, str]:
    args = json.loads(body or b"{}").get("params", {}).get("args", [])
    return (str(args[3]), str(args[4])) if len(args) > 4 else ("", "")


@dataclass
class OdooBox:
    """A server, a look behind it, and what tests of orders need."""

    settings: OdooSettings
    admin: Any
    proxy: LosingProxy
    skus: set[str] = field(default_factory=set)

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        return self.admin.execute_kw(model, method, list(args), kwargs)

    def rows(self, model: str, domain: Sequence[Any], fields: Sequence[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call(model, "search_read", list(domain), fields=list(fields), order="id")
        return found

    def product(self, sku: str, **values: Any) -> int:
        """A storable product with this internal reference."""
        return int(
            self.call(
                "product.product",
                "create",
                {"name": f"Product {sku}", "default_code": sku, "type": "consu", "is_storable": True, **values},
            )
        )

    def stock(self, product: int, quantity: float, warehouse: str = "WH") -> None:
        """Put so many of it on the shelf."""
        (place,) = self.rows("stock.warehouse", [["code", "=", warehouse]], ["lot_stock_id"])
        values = {"product_id": product, "location_id": place["lot_stock_id"][0], "inventory_quantity": quantity}
        quant = self.call("stock.quant", "create", values, context={"inventory_mode": True})
        self.call("stock.quant", "action_apply_inventory", [quant], context={"inventory_mode": True})

    def reserved(self, product: int, warehouse: str = "WH") -> float:
        """How many of it are reserved in a warehouse."""
        (place,) = self.rows("stock.warehouse", [["code", "=", warehouse]], ["lot_stock_id"])
        domain = [["product_id", "=", product], ["location_id", "child_of", place["lot_stock_id"][0]]]
        return float(sum(row["reserved_quantity"] for row in self.rows("stock.quant", domain, ["reserved_quantity"])))

    def orders(self, *numbers: str) -> list[dict[str, Any]]:
        fields = ["origin", "client_order_ref", "state", "locked", "amount_total", "amount_tax", "amount_untaxed",
                  "date_order", "commitment_date", "note", "partner_id", "partner_shipping_id", "partner_invoice_id",
                  "order_line", "currency_id", "fiscal_position_id", "delivery_status"]  # fmt: skip
        return self.rows("sale.order", [["origin", "in", list(numbers)]], fields)

    def order(self, number: str) -> dict[str, Any]:
        (found,) = self.orders(number)
        return found

    def order_field(self, number: str, name: str) -> Any:
        """One more field of an order."""
        (row,) = self.rows("sale.order", [["origin", "=", number]], [name])
        return row[name]

    def lines(self, number: str) -> list[dict[str, Any]]:
        fields = ["name", "product_id", "product_uom_qty", "price_unit", "tax_id", "price_subtotal", "price_tax"]
        return self.rows("sale.order.line", [["order_id.origin", "=", number]], fields)

    def ship(self, number: str) -> None:
        """Ship everything of a confirmed order, whether there is stock or not."""
        order = self.order(number)["id"]
        pickings = self.call("stock.picking", "search", [["sale_id", "=", order]])
        for move in self.rows("stock.move", [["picking_id", "in", pickings]], ["product_uom_qty"]):
            self.call("stock.move", "write", [move["id"]], {"quantity": move["product_uom_qty"], "picked": True})
        answer = self.call(
            "stock.picking", "button_validate", pickings, context={"skip_backorder": True, "skip_sms": True}
        )
        assert answer is True


def tag() -> str:
    """Text no other test and no earlier run uses."""
    return f"T{int(time.time()):x}{os.getpid():x}{next(_numbers)}".upper()


@contextmanager
def odoo_box() -> Iterator[OdooBox]:
    """Start the sandbox, or use the real server that the environment names."""
    url = os.environ.get("CAUSEWAY_TEST_ODOO_URL", "")
    if url:
        db, login, password = (os.environ[f"CAUSEWAY_TEST_ODOO_{name}"] for name in ("DB", "LOGIN", "PASSWORD"))
        with _through_proxy(url, db, login, password) as box:
            yield box
        return
    settings = SandboxSettings()
    with (
        running(create_app(settings)) as sandbox,
        _through_proxy(sandbox, settings.db, settings.login, settings.password) as box,
    ):
        yield box


@contextmanager
def _through_proxy(url: str, db: str, login: str, password: str) -> Iterator[OdooBox]:
    parts = urlsplit(url)
    admin = odoorpc.ODOO(parts.hostname, port=parts.port or 80, timeout=120, version="18.0")
    admin.login(db, login, password)
    proxy = LosingProxy(url.rstrip("/"))
    with running(proxy) as through:
        settings = OdooSettings(url=through, db=db, login=login, password=password, environment="sandbox")
        yield OdooBox(settings, admin, proxy)
