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
from connectors.kit.ports import Deps
from tests.builders import NoMappings
from tests.contract.amazon_box import Box, amazon_box
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


@dataclass
class AmazonBench:
    """What reads; each page has two orders."""

    box: Box
    settings: AmazonSettings
    deps: Deps
    secrets: Sequence[str] = (US_SELLER.client_secret, US_SELLER.refresh_token)
    flow: str = "orders"

    def seed(self, count: int) -> set[str]:
        orders = [person_order(self.box) for _ in range(count)]
        self.box.raw(*orders)
        self.box.clock.tick(300)
        return {f"amazon:main:{order['orderId']}" for order in orders}

    def wrong_credentials(self) -> AmazonSettings:
        return settings_of(self.box, accounts={"main": account_of(US_SELLER, refresh_token="wrong-secret")})

    def unreachable(self) -> AmazonSettings:
        nowhere = "http://127.0.0.1:9"
        return settings_of(self.box, base_urls={"na": nowhere}, login_url=f"{nowhere}/auth/o2/token", attempts=1)


@contextmanager
def bench() -> Iterator[AmazonBench]:
    with amazon_box(sellers=(US_SELLER,), rate_factor=100_000) as box:
        yield AmazonBench(box, settings_of(box, page_size=2, accounts={"main": account_of(US_SELLER)}), deps_of(box))
