"""Amazon in a demo: one seller in the US."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from streams.demo.market import ELSEWHERE, NOT_RELEASED, Books, Control, Sold
from streams.demo.processes import Process

ACCOUNT = "demo"
SELLER, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = (
    "A1SANDBOXNA01",
    "amzn1.application-oa2-client.sandbox",
    "amzn1.oa2-cs.v1.sandbox",
    "Atzr|sandbox-na",
)
# A demo does not wait: every published limit times this, in the sandbox and in what we allow ourselves.
RATE_FACTOR = 2000
HORIZON_SECONDS = 1
_TRAITS = {"fba": ELSEWHERE, "pending": NOT_RELEASED, "preorder": NOT_RELEASED}


class Amazon:
    """`Market`."""

    name = "amazon"
    title = "Amazon sandbox"
    flows = frozenset({"shipments", "cancellations", "refunds", "stock", "prices", "settlements"})
    stock_cap = 9999

    def __init__(self, url: str, control: Control, folder: Path, pictures_url: str) -> None:
        self.url = url
        self._control = control
        self._folder = folder
        self._pictures_url = pictures_url

    def process(self, logs: Path, data: Path) -> Process:
        args = ["--port", self.url.rpartition(":")[2], "--data", str(data / self.name)]
        args += ["--rate-factor", str(RATE_FACTOR), "--horizon-seconds", str(HORIZON_SECONDS)]
        return Process(self.name, "connectors.amazon.sandbox", args, {}, logs)

    def intervals(self) -> Mapping[str, str]:
        return {"amazon.orders": "2s", "amazon.census": "60s", "amazon.settlements": "2s"}

    def env(self) -> Mapping[str, str]:
        account = f"CAUSEWAY_AMAZON__ACCOUNTS__{ACCOUNT.upper()}__"
        return {
            "CAUSEWAY_AMAZON__BASE_URLS": json.dumps({"na": f"{self.url}/na"}),
            "CAUSEWAY_AMAZON__LOGIN_URL": f"{self.url}/auth/o2/token",
            "CAUSEWAY_AMAZON__HORIZON_SECONDS": str(HORIZON_SECONDS + 1),
            "CAUSEWAY_AMAZON__RATES__FACTOR": str(RATE_FACTOR),
            "CAUSEWAY_AMAZON__LONGEST_WAIT_SECONDS": "2",
            "CAUSEWAY_AMAZON__FEEDS__LADDER_SECONDS": json.dumps([1, 2, 4, 8, 15, 30]),
            "CAUSEWAY_AMAZON__FEEDS__THEN_SECONDS": "30",
            "CAUSEWAY_AMAZON__FEEDS__LOST_AFTER_SECONDS": "10",
            "CAUSEWAY_AMAZON__FEEDS__GATHER_SECONDS": "1",
            # The sandbox lets take effect within two seconds what it has accepted.
            "CAUSEWAY_AMAZON__EFFECT_MINUTES": "0.25",
            "CAUSEWAY_AMAZON__EFFECT_LADDER_SECONDS": json.dumps([1, 2, 4, 8]),
            f"{account}REGION": "na",
            f"{account}SELLER_ID": SELLER,
            f"{account}MARKETPLACES": json.dumps(["US"]),
            f"{account}CLIENT_ID": CLIENT_ID,
            f"{account}CLIENT_SECRET": CLIENT_SECRET,
            f"{account}REFRESH_TOKEN": REFRESH_TOKEN,
            f"CAUSEWAY_PHASES__AMAZON__{ACCOUNT.upper()}__ALL": "on",
        }

    def list_catalogue(self) -> None:
        self._control("POST", "/sandbox/items", {"catalog": True, "stock": 0, "marketplaces": ["US"]})

    def sell(self, count: int, seed: int, mix: str, rate: float) -> None:
        wanted = {"base": mix, "marketplaces": ["US"], "change_seconds": [1, 4], "pending_seconds": [2, 20]}
        self._control("POST", "/sandbox/orders", {"count": count, "seed": seed, "mix": wanted, "rate": rate})

    def books(self) -> Books:
        state = self._control("GET", "/sandbox/snapshot?sections=orders,pending", None)
        orders = tuple(sold(name, order) for name, order in state["orders"].items() if order["visible"])
        return Books(orders, any(state["pending"].values()))

    def snapshot(self) -> dict[str, Any]:
        found = self._control("GET", "/sandbox/snapshot?sections=orders,items,refunds", None)
        refunds = Counter((one["orderId"], one["orderItemId"]) for one in found["refunds"])
        return {
            "orders": {name: _order(name, one, refunds) for name, one in found["orders"].items()},
            "items": {sku: _item(one) for sku, one in found["items"].items()},
        }

    def send_back(self, references: Collection[str]) -> None:
        """Not read back yet."""

    def settle(self) -> str:
        return str(self._control("POST", "/sandbox/settlements", {"marketplace": "US"})["settlementId"])


def sold(reference: str, order: Mapping[str, Any]) -> Sold:
    """An order of the sandbox's ledger. One that is not well-formed shows no items."""
    return Sold(
        key=f"amazon:{ACCOUNT}:{reference}",
        reference=reference,
        is_cancelled=order["status"] == "CANCELLED",
        total=Decimal(order["total"].split(" ")[0]) if order["total"] else None,
        traits=frozenset(_TRAITS.get(trait, trait) for trait in order["traits"]),
        has_left=any(item["shipped"] for item in order["items"]),
        first_left=any(item["shipped"] for item in order["items"][:1]),
    )


def _order(reference: str, order: Mapping[str, Any], refunds: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Feeds tell item by item: what was told of each item once was told once."""
    items, writes = order["items"], order["writes"]
    cancelled = writes.get("cancel", 0)
    return {
        "status": {"CANCELLED": "Cancelled"}.get(order["status"], order["status"]),
        "lines": items,
        "parcels": order["parcels"],
        "writes": {
            "shipping": writes.get("ship", 0),
            "cancel": min(cancelled, 1) if cancelled <= len(items) else cancelled,
            "refund": max((refunds.get((reference, item["id"]), 0) for item in items), default=0),
        },
    }


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    """`stock`: what can be bought: the number that was written last, less what orders have taken from it since."""
    prices = [Decimal(one["amount"]) for one in item["prices"] if one["type"] == "B2C"]
    amount = item["stock"]["available"]
    return {"stock": {"amount": amount}, "price_cents": int(prices[0] * 100) if prices else 0, "elsewhere": False}
