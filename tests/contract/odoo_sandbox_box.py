"""An Odoo sandbox on a free port, and a client of it: raw JSON-RPC for shapes, odoorpc for the way users call it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import odoorpc

from connectors.kit.sandbox.server import running
from connectors.odoo.sandbox.app import create_app
from connectors.odoo.sandbox.settings import SandboxSettings
from tests.loopback import client

ADMIN_UID = 2
PASSWORD = "box-canary-secret"
ABSENT = {"context": {"mode": "update", "noupdate": True}}
COLUMNS = [
    "id", "client_order_ref", "partner_id/.id", "order_line/id", "order_line/product_id/.id",
    "order_line/product_uom_qty", "order_line/price_unit",
]  # fmt: skip


class RefusedError(Exception):
    """The `error` object of an answer."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["data"]["name"], error["data"]["message"])
        self.name, self.message = error["data"]["name"], error["data"]["message"]


@dataclass
class OdooBox:
    url: str
    http: httpx.Client
    db: str = "sandbox"
    password: str = PASSWORD
    uid: int = ADMIN_UID
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def rpc(self, service: str, method: str, args: list[Any]) -> dict[str, Any]:
        """The whole envelope."""
        params = {"service": service, "method": method, "args": args}
        body = {"jsonrpc": "2.0", "method": "call", "id": next(self.ids), "params": params}
        answer: dict[str, Any] = self.http.post("/jsonrpc", json=body).json()
        return answer

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Raises RefusedError."""
        who = [self.db, self.uid, self.password]
        answer = self.rpc("object", "execute_kw", [*who, model, method, list(args), kwargs])
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer.get("result")

    def odoorpc(self) -> Any:
        host, port = self.url.removeprefix("http://").split(":")
        odoo = odoorpc.ODOO(host, port=int(port), timeout=10)
        odoo.login(self.db, "admin", self.password)
        return odoo

    # ---- things to order

    def customer(self, name: str = "Box Customer") -> int:
        return int(self.call("res.partner", "create", {"name": name}))

    def product(self, code: str, **values: Any) -> int:
        given = {"name": code.title(), "default_code": code, "taxes_id": [[5]], "is_storable": True, **values}
        return int(self.call("product.product", "create", given))

    def load_orders(self, keys: list[str], customer: int, product: int, quantity: float = 1) -> dict[str, Any]:
        """One line each, create if absent."""
        rows = [[f"mkt.{k}", k.upper(), customer, f"mkt.{k}_1", product, quantity, "10"] for k in keys]
        answer: dict[str, Any] = self.call("sale.order", "load", COLUMNS, rows, **ABSENT)
        return answer


@contextmanager
def odoo_box(data: Path | None = None, **settings: Any) -> Iterator[OdooBox]:
    with (
        running(create_app(SandboxSettings(data=data, password=PASSWORD, **settings))) as url,
        client(url) as http,
    ):
        yield OdooBox(url, http)
