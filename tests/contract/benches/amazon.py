"""Amazon's bench: its sandbox over real sockets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.amazon.settings import AmazonSettings
from connectors.kit.cursor import to_text
from connectors.kit.ports import Delivery, Deps
from tests.builders import NoMappings
from tests.contract.amazon_box import START, Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, account_of, settings_of
from tests.contract.connector_suite import CANARY
from tests.contract.recordings import recorded

_numbers = itertools.count(1)


def deps_of(box: Box, environment: str = "sandbox") -> Deps:
    return Deps(environment, NoMappings(), lambda: datetime.fromtimestamp(box.clock(), UTC))


def person_order(box: Box) -> dict[str, Any]:
    """A new order of a person called CANARY, made a minute ago."""
    order: dict[str, Any] = recorded("amazon", "order_plain").order
    number, made = next(_numbers), to_text(datetime.fromtimestamp(box.clock() - 60, UTC))
    order |= {"orderId": f"998-{number:07d}-0000001", "createdTime": made, "lastUpdatedTime": made}
    order["buyer"] = {"buyerName": CANARY, "buyerEmail": f"{CANARY}@marketplace.amazon.example"}
    order["recipient"]["deliveryAddress"].update(name=CANARY, addressLine1=f"1 {CANARY} St")
    return order


def shipment(order_id: str, item: str, at: float = START) -> Delivery:
    """The delivery that tells of an order's one parcel."""
    body = {
        "order_key": f"amazon:main:{order_id}", "key": "odoo:picking:7", "picking": "WH/OUT/00007", "version": 1,
        "shipped_at": datetime.fromtimestamp(at, UTC), "carrier": "ups", "carrier_code": "", "tracking_url": "", "backorder": False,
        "parcels": [
            {
                "tracking_number": f"1Z{order_id[-15:].replace('-', '')}",
                "lines": [{"line_id": item, "sku": "A", "quantity": "1", "serial_numbers": []}],
            }
        ],
    }  # fmt: skip
    key = f"amazon:main:{order_id}"
    return Delivery(f"ship-{order_id}", "ship_order", True, key, "odoo", "main", 1, "", "c-1", body)


@dataclass
class AmazonBench:
    """Each page that is read has two orders; what is written are shipments."""

    box: Box
    settings: AmazonSettings
    deps: Deps
    secrets: Sequence[str] = (US_SELLER.client_secret, US_SELLER.refresh_token)
    flow: str = "orders"

    def deliveries(self, count: int) -> list[Delivery]:
        return [
            shipment(order["orderId"], order["orderItems"][0]["orderItemId"], self.box.clock() - 60)
            for order in self._add(count)
        ]

    def bad_delivery(self) -> Delivery:
        return shipment("404-0000000-0000000", "1")

    def lose_answers(self, times: int) -> None:
        self.box.faults({"kind": "lost", "method": "POST", "path": "/shipmentConfirmation$", "limit": times})

    def effects(self, batch: Sequence[Delivery]) -> list[int]:
        orders = self.box.state()["orders"]
        return [sum(orders[str(one.key).rpartition(":")[2]]["writes"].values()) for one in batch]

    def seed(self, count: int) -> set[str]:
        return {f"amazon:main:{order['orderId']}" for order in self._add(count)}

    def _add(self, count: int) -> list[dict[str, Any]]:
        orders = [person_order(self.box) for _ in range(count)]
        self.box.raw(*orders)
        self.box.clock.tick(300)
        return orders

    def wrong_credentials(self) -> AmazonSettings:
        return settings_of(self.box, accounts={"main": account_of(US_SELLER, refresh_token="wrong-secret")})

    def unreachable(self) -> AmazonSettings:
        nowhere = "http://127.0.0.1:9"
        return settings_of(self.box, base_urls={"na": nowhere}, login_url=f"{nowhere}/auth/o2/token", attempts=1)


@contextmanager
def bench() -> Iterator[AmazonBench]:
    with amazon_box(sellers=(US_SELLER,), rate_factor=100_000, report_seconds=(0, 0)) as box:
        yield AmazonBench(box, settings_of(box, page_size=2, accounts={"main": account_of(US_SELLER)}), deps_of(box))
