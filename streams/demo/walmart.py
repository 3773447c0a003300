"""Walmart Marketplace in a demo."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.walmart.listing_settings import EXAMPLE
from connectors.walmart.rates import WalmartRates
from streams.demo.market import ELSEWHERE, Books, Control, Sold
from streams.demo.processes import Process

ACCOUNT = "demo"
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"
# A demo does not wait: every published limit times this, in the sandbox and in what we allow ourselves.
RATE_FACTOR = 100
_TRAITS = {"walmart_fulfilled": ELSEWHERE}
_LEFT = ("Shipped", "Delivered")


class Walmart:
    """`Market`. `folder`: of the demo; `pictures_url`: where its pictures are served."""

    name = "walmart"
    title = "Walmart sandbox"
    flows = frozenset(
        {
            "shipments", "cancellations", "refunds", "stock", "prices", "returns", "settlements", "listings", "catalogue",
        }
    )  # fmt: skip
    stock_cap = 999

    def __init__(self, url: str, control: Control, folder: Path, pictures_url: str) -> None:
        self.url = url
        self._control = control
        self._folder = folder
        self._pictures_url = pictures_url

    def process(self, logs: Path, data: Path) -> Process:
        args = [
            "--port",
            self.url.rpartition(":")[2],
            "--data",
            str(data / self.name),
            "--rate-factor",
            str(RATE_FACTOR),
        ]
        return Process(self.name, "connectors.walmart.sandbox", args, {}, logs)

    def intervals(self) -> Mapping[str, str]:
        return {"walmart.orders": "2s", "walmart.returns": "2s", "walmart.settlements": "2s", "walmart.items": "30s"}

    def env(self) -> Mapping[str, str]:
        account = f"CAUSEWAY_WALMART__ACCOUNTS__{ACCOUNT.upper()}__"
        feeds = "CAUSEWAY_WALMART__FEEDS__"
        return {
            "CAUSEWAY_WALMART__BASE_URL": self.url,
            f"{account}CLIENT_ID": CLIENT_ID,
            f"{account}CLIENT_SECRET": CLIENT_SECRET,
            **{
                f"CAUSEWAY_WALMART__RATES__{name.upper()}": str(field.default * RATE_FACTOR)
                for name, field in WalmartRates.model_fields.items()
            },
            f"{feeds}LADDER_SECONDS": json.dumps([1, 2, 4, 8, 15, 30]),
            f"{feeds}THEN_SECONDS": "30",
            f"{feeds}LOST_AFTER_SECONDS": "10",
            f"{feeds}GATHER_SECONDS": "1",
            f"CAUSEWAY_PHASES__WALMART__{ACCOUNT.upper()}__ALL": "on",
            "CAUSEWAY_WALMART__LONGEST_WAIT_SECONDS": "2",
            **self._listing_env(),
        }

    def _listing_env(self) -> dict[str, str]:
        """Products: the example tables, pictures by the demo's own server, the rhythm of a demo."""
        listings = "CAUSEWAY_WALMART__LISTINGS__"
        return {
            f"{listings}CATEGORIES": json.dumps([str(EXAMPLE / "categories.csv")]),
            f"{listings}ATTRIBUTES": json.dumps([str(EXAMPLE / "attributes.toml")]),
            f"{listings}VALUES__POWER": str(EXAMPLE / "power.csv"),
            f"{listings}OWN_USE_GTINS": "true",
            f"{listings}LOOK_UP_TO": "200",
            f"{listings}CACHE_FOLDER": str(self._folder / "reference"),
            f"{listings}PUBLISH_LADDER_SECONDS": json.dumps([1, 2, 4, 8, 15, 30]),
            f"{listings}IMAGES__FOLDER": str(self._folder / "pictures"),
            f"{listings}IMAGES__PUBLIC_URL": self._pictures_url,
            f"{listings}IMAGES__ODOO_URL": self._pictures_url + "/odoo/{model}/{record_id}/{field}",
            f"{listings}IMAGES__PRIVATE_ADDRESSES": "true",
        }

    def list_catalogue(self) -> None:
        self._control("POST", "/sandbox/items", {"catalog": True, "stock": 0})

    def sell(self, count: int, seed: int, mix: str, rate: float) -> None:
        self._control("POST", "/sandbox/orders", {"count": count, "seed": seed, "mix": mix, "rate": rate})

    def books(self) -> Books:
        state = self._control("GET", "/sandbox/state", None)
        orders = tuple(sold(order) for order in state["orders"] if order["visible"])
        return Books(orders, bool(state["pending_arrivals"] or state["pending_changes"]))

    def snapshot(self) -> dict[str, Any]:
        found = self._control("GET", "/sandbox/snapshot", None)
        return found | {"items": {sku: one | {"elsewhere": one["wfs"]} for sku, one in found["items"].items()}}

    def send_back(self, references: Collection[str]) -> None:
        mine = {order.reference for order in self.books().orders}
        for reference in sorted(mine.intersection(references)):
            body = {"purchaseOrderId": reference, "lines": [{"line": "1", "quantity": 1}], "timeline": "refunded"}
            self._control("POST", "/sandbox/returns", body)

    def settle(self) -> str:
        return str(self._control("POST", "/sandbox/settlements", {})["reportDate"])


def sold(order: Mapping[str, Any]) -> Sold:
    """An order of the sandbox's state. One that is not well-formed shows no lines."""
    lines = order.get("lines", ())
    units = [line.get("units", {}) for line in lines]
    total = order["total"]
    return Sold(
        key=f"walmart:{ACCOUNT}:{order['purchaseOrderId']}",
        reference=str(order["purchaseOrderId"]),
        is_cancelled=order["status"] == "Cancelled",
        total=None if total is None else Decimal(total["total"]),
        traits=frozenset(_TRAITS.get(trait, trait) for trait in order.get("traits", ())),
        has_left=any(count for one in units for state, count in one.items() if state in _LEFT),
        first_left=any(line.get("lineNumber") == "1" and line.get("units", {}).get("Shipped") for line in lines),
    )
