"""Walmart Marketplace in a demo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from connectors.walmart.listing_settings import EXAMPLE
from connectors.walmart.rates import WalmartRates
from streams.demo import sandboxed
from streams.demo.market import ELSEWHERE, Books, Sold
from streams.demo.sandboxed import REASON, Sandboxed, trait_words

CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"
_TRAITS = {"walmart_fulfilled": ELSEWHERE}
_LEFT = ("Shipped", "Delivered")
_OVER = (*_LEFT, "Cancelled")


class Walmart(Sandboxed):
    """`Market`."""

    name = "walmart"
    title = "Walmart sandbox"
    stock_cap = 999
    rate_factor = 100
    example: ClassVar[Path] = EXAMPLE

    def intervals(self) -> Mapping[str, str]:
        """As `Market`."""
        return {"walmart.orders": "2s", "walmart.returns": "2s", "walmart.settlements": "2s", "walmart.items": "15s"}

    def sell(self, count: int, seed: int, mix: str, rate: float) -> None:
        """As `Market`."""
        wanted = {"base": mix, "walmart_fulfilled": 0.0 if mix == "plain" else 0.15}
        self._control("POST", "/sandbox/orders", {"count": count, "seed": seed, "mix": wanted, "rate": rate})

    def books(self) -> Books:
        """As `Market`."""
        state = self._control("GET", "/sandbox/state", None)
        orders = tuple(sold(order) for order in state["orders"] if order["visible"])
        return Books(orders, bool(state["pending_arrivals"] or state["pending_changes"]))

    def snapshot(self) -> dict[str, Any]:
        """As `Market`."""
        found = self._control("GET", "/sandbox/snapshot", None)
        return found | {"items": {sku: one | {"elsewhere": one["wfs"]} for sku, one in found["items"].items()}}

    def settle(self) -> str:
        """As `Market`."""
        return str(self._control("POST", "/sandbox/settlements", {})["reportDate"])

    def _account(self) -> Mapping[str, str]:
        nodes = json.dumps(["SellerFulfilled", "WFSFulfilled"])
        return {"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET, "NODE_TYPES": nodes}

    def _more(self) -> Mapping[str, str]:
        rates = {
            f"RATES__{name.upper()}": str(field.default * self.rate_factor)
            for name, field in WalmartRates.model_fields.items()
        }
        reference = {"LISTINGS__CACHE_FOLDER": str(self._folder / "reference"), "LISTINGS__LOOK_UP_TO": "200"}
        return {"BASE_URL": self.url, **rates, **reference}

    def _returned(self, reference: str) -> Mapping[str, Any]:
        return {"purchaseOrderId": reference, "lines": [{"line": "1", "quantity": 1}]}

    def _objection(self) -> Mapping[str, Any]:
        return {"kind": "unpublish", "reasons": [REASON]}


def sold(order: Mapping[str, Any]) -> Sold:
    """An order of the sandbox's state. One that is not well-formed shows no lines."""
    lines = order.get("lines", ())
    units = [line.get("units", {}) for line in lines]
    has_left = any(count for one in units for state, count in one.items() if state in _LEFT)
    total = order["total"]
    return sandboxed.sold(
        Walmart.name,
        str(order["purchaseOrderId"]),
        is_cancelled=order["status"] == "Cancelled",
        total=None if total is None else Decimal(total["total"]),
        traits=trait_words(order.get("traits", ()), _TRAITS),
        has_left=has_left,
        all_left=has_left and not any(count for one in units for state, count in one.items() if state not in _OVER),
        first_left=any(line.get("lineNumber") == "1" and line.get("units", {}).get("Shipped") for line in lines),
    )
