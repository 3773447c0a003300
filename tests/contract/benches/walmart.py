"""Walmart's bench: its sandbox over real sockets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.kit.ports import Delivery, Deps
from connectors.walmart.settings import WalmartSettings
from tests.builders import NoMappings
from tests.contract.connector_suite import CANARY
from tests.contract.recordings import recorded
from tests.contract.walmart_box import Box, walmart_box

_numbers = itertools.count(1)
SECRET = "sandbox-secret"


def settings_of(box: Box, **changes: Any) -> WalmartSettings:
    """Settings for the box's demo account, named `main`; no waiting where the sandbox asks for none."""
    account = {"client_id": "sandbox-client", "client_secret": SECRET, **changes.pop("account", {})}
    plain: dict[str, Any] = {
        "base_url": str(box.http.base_url).rstrip("/"),
        "accounts": {"main": account},
        "page_size": 2,
        "horizon_seconds": 0,
        "rates": {"orders_per_second": 1000, "acknowledge_per_minute": 6000, "token_per_minute": 6000},
    }
    return WalmartSettings(**{**plain, **changes})


def deps_of(box: Box, environment: str = "sandbox") -> Deps:
    return Deps(environment, NoMappings(), lambda: datetime.fromtimestamp(box.clock(), UTC))


def acknowledgement(order_id: str, attempt: int = 1) -> Delivery:
    """The delivery that acknowledges an order."""
    key = f"walmart:main:{order_id}"
    body = {
        "key": key,
        "source": "walmart",
        "account": "main",
        "order_id": order_id,
        "remote_id": "",
        "accepted_at": None,
    }
    return Delivery(f"ack-{order_id}", "acknowledge_order", True, key, "walmart", "main", 1, "", "c-1", body, attempt)


def person_order(box: Box) -> dict[str, Any]:
    """A new order of a person called CANARY."""
    order: dict[str, Any] = recorded("walmart", "order_plain").order
    order["purchaseOrderId"] = f"9{next(_numbers):012d}"
    order["orderDate"] = int(box.clock() * 1000) - 60_000
    order["customerEmailId"] = f"{CANARY}@relay.walmart.example"
    order["shippingInfo"]["postalAddress"].update(name=CANARY, address1=f"1 {CANARY} St")
    # The sandbox answers with plain JSON numbers.
    charge = order["orderLines"]["orderLine"][0]["charges"]["charge"][0]
    charge["tax"]["taxAmount"]["amount"] = 0.8
    return order


@dataclass
class WalmartBench:
    box: Box
    settings: WalmartSettings
    deps: Deps
    secrets: Sequence[str] = (SECRET,)
    flow: str = "orders"

    def deliveries(self, count: int) -> list[Delivery]:
        return [acknowledgement(order_id) for order_id in sorted(self._add(count))]

    def bad_delivery(self) -> Delivery:
        return acknowledgement("4040404040404")

    def lose_answers(self, times: int) -> None:
        self.box.faults({"kind": "lost", "method": "POST", "path": "acknowledge", "limit": times})

    def effects(self, batch: Sequence[Delivery]) -> list[int]:
        written = [write["purchaseOrderId"] for write in self.box.state()["writes"]]
        return [written.count(one.body["order_id"]) for one in batch]

    def seed(self, count: int) -> set[str]:
        return {f"walmart:main:{order_id}" for order_id in self._add(count)}

    def wrong_credentials(self) -> WalmartSettings:
        return settings_of(self.box, account={"client_id": "other-client", "client_secret": "wrong-secret"})

    def unreachable(self) -> WalmartSettings:
        return settings_of(self.box, base_url="http://127.0.0.1:9", attempts=1)

    def _add(self, count: int) -> set[str]:
        orders = [person_order(self.box) for _ in range(count)]
        self.box.raw(*orders)
        self.box.clock.now += 3
        return {order["purchaseOrderId"] for order in orders}


@contextmanager
def bench() -> Iterator[WalmartBench]:
    with walmart_box() as box:
        yield WalmartBench(box, settings_of(box), deps_of(box))
