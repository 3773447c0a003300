"""Odoo's bench: its sandbox, or the real server the environment names (see `odoo_box`), behind a proxy that loses answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.kit.ports import Delivery, Deps
from connectors.odoo.settings import OdooSettings
from tests.builders import address, delivery_of, deps, order, order_line
from tests.contract.connector_suite import CANARY
from tests.contract.odoo_box import OdooBox, odoo_box, tag


@dataclass
class OdooBench:
    box: OdooBox
    settings: OdooSettings
    deps: Deps
    secrets: Sequence[str]
    flow: str = "partners"

    def deliveries(self, count: int) -> list[Delivery]:
        sku = f"SKU-{tag()}"
        self.box.product(sku)
        return [self._order(tag(), sku) for _ in range(count)]

    def bad_delivery(self) -> Delivery:
        return self._order(tag(), f"NO-SUCH-{tag()}")

    def lose_answers(self, times: int) -> None:
        self.box.proxy.lose("sale.order", "load", times)

    def effects(self, batch: Sequence[Delivery]) -> list[int]:
        origins = [one.body["order_id"] for one in batch]
        held = [row["origin"] for row in self.box.orders(*origins)]
        return [held.count(origin) for origin in origins]

    def seed(self, count: int) -> set[str]:
        made = [self.box.call("res.partner", "create", {"name": f"{CANARY} {tag()}"}) for _ in range(count)]
        return {f"odoo:partner:{one}" for one in made}

    def wrong_credentials(self) -> OdooSettings:
        return self._with(password="wrong-secret")

    def unreachable(self) -> OdooSettings:
        return self._with(url="http://127.0.0.1:9")

    def _with(self, **changes: Any) -> OdooSettings:
        return OdooSettings.model_validate({**self.settings.model_dump(), **changes})

    @staticmethod
    def _order(number: str, sku: str) -> Delivery:
        return delivery_of(order(number, [order_line(sku)], ship_to=address(name=CANARY, street=f"1 {CANARY} St")))


@contextmanager
def bench() -> Iterator[OdooBench]:
    with odoo_box() as box:
        yield OdooBench(box, box.settings, deps(), (box.settings.password.get_secret_value(),))
