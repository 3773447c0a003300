"""Amazon in a demo: one seller in the US."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from connectors.amazon.listing_settings import EXAMPLE
from streams.demo import sandboxed
from streams.demo.market import ELSEWHERE, NOT_RELEASED, Books, Sold
from streams.demo.sandboxed import REASON, Sandboxed, trait_words

SELLER, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = (
    "A1SANDBOXNA01",
    "amzn1.application-oa2-client.sandbox",
    "amzn1.oa2-cs.v1.sandbox",
    "Atzr|sandbox-na",
)
COUNTRY = "US"
HORIZON_SECONDS = 1
_TRAITS = {"fba": ELSEWHERE, "pending": NOT_RELEASED, "preorder": NOT_RELEASED}
_SHOWN = {"BUYABLE", "DISCOVERABLE"}


class Amazon(Sandboxed):
    """`Market`. What Amazon gave back for goods it shipped itself stands in settlements, not in returns."""

    name = "amazon"
    title = "Amazon sandbox"
    stock_cap = 9999
    rate_factor = 2000
    example: ClassVar[Path] = EXAMPLE
    tells_refunds_elsewhere = False
    seller_refunds = True

    def intervals(self) -> Mapping[str, str]:
        """As `Market`."""
        often = {"orders": "2s", "census": "60s", "settlements": "2s", "returns": "5s", "catalogue": "5s"}
        return {f"amazon.{flow}": every for flow, every in often.items()}

    def sell(self, count: int, seed: int, mix: str, rate: float) -> None:
        """As `Market`."""
        wanted = {"base": mix, **self._where(), "change_seconds": [1, 4], "pending_seconds": [2, 20]}
        self._control("POST", "/sandbox/orders", {"count": count, "seed": seed, "mix": wanted, "rate": rate})

    def books(self) -> Books:
        """As `Market`."""
        state = self._control("GET", "/sandbox/snapshot?sections=orders,pending", None)
        orders = tuple(sold(name, order) for name, order in state["orders"].items() if order["visible"])
        return Books(orders, any(state["pending"].values()))

    def snapshot(self) -> dict[str, Any]:
        """As `Market`."""
        found = self._control("GET", "/sandbox/snapshot?sections=orders,items,refunds,returns", None)
        refunds = Counter((one["orderId"], one["orderItemId"]) for one in found["refunds"])
        cents = {name: Counter[str]() for name in ("refunded_cents", "returned_cents")}
        for one in found["refunds"]:
            cents["refunded_cents"][one["orderId"]] += one["minor"]
        for one in found["returns"]:
            cents["returned_cents"][one["orderId"]] += one["refunded"]
        return {
            "orders": {
                name: _order(name, one, refunds) | {kind: sums[name] for kind, sums in cents.items()}
                for name, one in found["orders"].items()
            },
            "items": {sku: _item(one) for sku, one in found["items"].items()},
        }

    def settle(self) -> str:
        """As `Market`."""
        return str(self._control("POST", "/sandbox/settlements", {"marketplace": COUNTRY})["settlementId"])

    def _where(self) -> Mapping[str, Any]:
        return {"marketplaces": [COUNTRY]}

    def _sandbox_args(self) -> Sequence[str]:
        return ("--horizon-seconds", str(HORIZON_SECONDS))

    def _account(self) -> Mapping[str, str]:
        keys = {"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET, "REFRESH_TOKEN": REFRESH_TOKEN}
        return {"REGION": "na", "SELLER_ID": SELLER, "MARKETPLACES": json.dumps([COUNTRY]), **keys}

    def _more(self) -> Mapping[str, str]:
        return {
            "BASE_URLS": json.dumps({"na": f"{self.url}/na"}),
            "LOGIN_URL": f"{self.url}/auth/o2/token",
            "HORIZON_SECONDS": str(HORIZON_SECONDS + 1),
            "READING__REPORT_MINUTES": "0",
            "RATES__FACTOR": str(self.rate_factor),
            # The sandbox lets take effect within two seconds what it has accepted.
            "EFFECT_MINUTES": "0.25",
            "EFFECT_LADDER_SECONDS": json.dumps([1, 2, 4, 8]),
        }

    def _returned(self, reference: str) -> Mapping[str, Any]:
        return {"orderId": reference, "items": [{"quantity": 1}]}

    def _objection(self) -> Mapping[str, Any]:
        return {"kind": "suppress", "code": "18742", "message": REASON}


def sold(reference: str, order: Mapping[str, Any]) -> Sold:
    """An order of the sandbox's ledger. One that is not well-formed shows no items."""
    has_left = any(item["shipped"] for item in order["items"])
    return sandboxed.sold(
        Amazon.name,
        reference,
        is_cancelled=order["status"] == "CANCELLED",
        total=Decimal(order["total"].split(" ")[0]) if order["total"] else None,
        traits=trait_words(order["traits"], _TRAITS),
        has_left=has_left,
        all_left=has_left and not any(item["open"] for item in order["items"]),
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
    statuses = {status for held in item["marketplaces"].values() for status in held["status"]}
    return {
        "id": item["asin"],
        "name": item["name"],
        "gtin": item["gtin"],
        "variant_group": item["parent"],
        "published": "PUBLISHED" if statuses & _SHOWN else "UNPUBLISHED",
        "stock": {"amount": item["stock"]["available"]},
        "price_cents": int(prices[0] * 100) if prices else 0,
        "elsewhere": False,
    }
