"""1688 in a demo: one buyer, two sellers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from streams.demo.market import Control
from streams.demo.processes import Process
from streams.demo.supplier import ACCOUNT, Offered, Placed

APP_KEY, APP_SECRET, REFRESH_TOKEN = "9990001", "sandbox-secret-0001", "sandbox-refresh-0001"
CALLS_PER_SECOND = 50
# A new order may be absent from the sandbox's lists for five seconds; who has to know looks again after them.
LOOK_AGAIN_SECONDS = 8
_SEED = 7
# Offers of each seller: those of the first have more than the 50 specs that one order can hold.
_OFFERS = {"s1": 14, "s2": 2}
_FORWARDER = {
    "province": "浙江省", "city": "杭州市", "area": "滨江区", "town": "长河街道", "street": "示例路1号 示例货代仓库",
    "full_name": "示例货代", "mobile": "13800000000", "post_code": "310000",
}  # fmt: skip
_CARRIER, _CARRIER_CODE = "ZTO Express", "ZTO"
_UNPAID, _PAID, _CANCELLED = "waitbuyerpay", "waitsellersend", "cancel"


class Alibaba:
    """`Supplier`. folder: of the demo."""

    name: ClassVar[str] = "alibaba"
    title: ClassVar[str] = "1688 sandbox"
    sellers: ClassVar[tuple[str, str]] = ("s1", "s2")
    currency: ClassVar[str] = "CNY"
    carrier: ClassVar[str] = _CARRIER
    words: ClassVar[Mapping[str, str]] = {
        "ordered": "Ordered at 1688.",
        "stopped": "Not ordered at 1688: it would not come as this purchase order says.",
        "cancelled": "Cancelled at 1688 too.",
    }

    def __init__(self, url: str, control: Control, folder: Path) -> None:
        self.url = url
        self._control = control
        self._folder = folder

    # -- processes

    def process(self, logs: Path, data: Path) -> Process:
        """As `Supplier`."""
        args = ["--port", self.url.rpartition(":")[2], "--data", str(data / self.name), "--offers", "0"]
        args += ["--calls-per-second", str(CALLS_PER_SECOND), "--cancel-after", "2"]
        return Process(self.name, f"connectors.{self.name}.sandbox", args, {}, logs)

    def env(self) -> Mapping[str, str]:
        """As `Supplier`."""
        account = {
            "APP_KEY": APP_KEY, "APP_SECRET": APP_SECRET, "REFRESH_TOKEN": REFRESH_TOKEN,
            "TOKEN_FILE": str(self._folder / "alibaba-token.json"), "OFFERS": json.dumps([str(one) for one in offers()]),
        }  # fmt: skip
        mine = {
            **{f"ACCOUNTS__{ACCOUNT.upper()}__{name}": value for name, value in account.items()},
            "BASE_URL": self.url,
            "AUTHORISE_URL": self.url,
            "LONGEST_WAIT_SECONDS": "2",
            "OVERLAP_MINUTES": "1",
            "HORIZON_SECONDS": "1",
            "RATES__PER_SECOND": str(CALLS_PER_SECOND),
            "RATES__BURST": str(CALLS_PER_SECOND),
            "RATES__PARALLEL": "8",
            "RATES__GRANTS_PER_MINUTE": "600",
            # Everything in a demo was confirmed after it began.
            "PURCHASES__NOT_BEFORE": "2020-01-01T00:00:00Z",
            "PURCHASES__LOOK_AGAIN_SECONDS": str(LOOK_AGAIN_SECONDS),
            "PURCHASES__ADDRESSES": json.dumps({"default": _FORWARDER}, ensure_ascii=False),
        }
        found = {f"CAUSEWAY_{self.name.upper()}__{name}": value for name, value in mine.items()}
        return {
            **found,
            f"CAUSEWAY_PHASES__{self.name.upper()}__{ACCOUNT.upper()}__ALL": "on",
            "CAUSEWAY_ODOO__PURCHASES__CARRIERS": json.dumps({_CARRIER_CODE: _CARRIER}),
            "CAUSEWAY_ODOO__SUPPLIER_PRODUCTS__IMAGES": "false",  # they are invented, and their host is not
        }

    def intervals(self) -> Mapping[str, str]:
        """As `Supplier`."""
        often = {"products": "15s", "orders": "3s", "parcels": "10s", "messages": "10s"}
        return {f"{self.name}.{flow}": every for flow, every in often.items()}

    # -- what is told to the sandbox, and asked of it

    def publish(self) -> None:
        """As `Supplier`."""
        first = 0
        for seller, count in _OFFERS.items():
            wanted = {"count": count, "seed": _SEED, "mix": "plain", "first": first, "seller": seller}
            self._control("POST", "/sandbox/offers", wanted)
            first += count

    def offered(self) -> Sequence[Offered]:
        """As `Supplier`."""
        found: Any = self._control("GET", "/sandbox/offers", None)
        return [
            Offered(_code(one["id"], spec), f"1688-{one['id']}-{spec['sku_id']}", one["seller"], spec["price"])
            for one in found for spec in one["specs"]
        ]  # fmt: skip

    def orders(self) -> Sequence[Placed]:
        """As `Supplier`."""
        held = self._control("GET", f"/sandbox/snapshot?account={APP_KEY}&sections=orders,parcels", None)
        numbers = {name: one["bill_no"] for name, one in held["parcels"].items() if one["bill_no"]}
        return [placed(order, numbers) for order in held["orders"].values()]

    def raise_price(self, code: str, percent: int) -> None:
        """As `Supplier`."""
        offer, _, spec = code.split("/")
        price = next(one.cents for one in self.offered() if one.code == code) * (100 + percent) // 100
        self._control("POST", f"/sandbox/offers/{offer}/change", {"kind": "price", "fen": price, "spec": spec})

    def send(self, order_id: str, parcels: int) -> None:
        """As `Supplier`."""
        path = f"/sandbox/orders/{order_id}"
        order = self._control("GET", path, None)
        if order["status"] == _UNPAID:
            order = self._control("POST", f"{path}/change", {"kind": "pay"})
        if parcels > 1 and order["status"] == _PAID and not any(line["shipped"] for line in order["lines"]):
            half = {line["sub_id"]: line["quantity"] // 2 for line in order["lines"] if line["quantity"] > 1}
            order = self._sent(path, half) if half else order
        if order["status"] == _PAID:
            self._sent(path, {})

    def _sent(self, path: str, units: Mapping[str, int]) -> dict[str, Any]:
        """units: by sub-order; none: all that is left."""
        wanted = {"kind": "ship", "carrier": _CARRIER_CODE, **({"items": units} if units else {})}
        return self._control("POST", f"{path}/change", wanted)


def offers() -> list[int]:
    """Their numbers: the sandbox draws the same ones from the same seed."""
    return [int(f"999{_SEED:03d}{index:06d}") for index in range(sum(_OFFERS.values()))]


def placed(order: Mapping[str, Any], numbers: Mapping[str, str]) -> Placed:
    """An order of the sandbox's snapshot. numbers: parcel -> the carrier's number."""
    return Placed(
        str(order["id"]), order["out_order_id"], order["creation"], order["status"] == _CANCELLED,
        {_code(line["offer_id"], line): line["quantity"] for line in order["lines"]}, order["goods"],
        tuple(numbers[one] for one in order["parcels"] if one in numbers),
    )  # fmt: skip


def _code(offer: int, spec: Mapping[str, Any]) -> str:
    """As Odoo's vendor prices have it."""
    return f"{offer}/{spec['sku_id']}/{spec['spec_id']}"
