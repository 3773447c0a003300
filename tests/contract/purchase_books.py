"""What tests of reconciled purchases share: an Odoo and a 1688 sandbox on one clock, what people do on either side, and the report."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors import alibaba, odoo
from connectors.alibaba.sandbox.sellers import SELLERS
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.ports import Delivery, Deps, NoMappings, Sink
from connectors.odoo.settings import OdooSettings
from streams.connectors import compose_settings
from streams.phases import Phase
from streams.reconcile.findings import Finding, Place, Report
from streams.reconcile.places import reconciled
from tests.contract.alibaba_box import Json, Shop, alibaba_box
from tests.contract.alibaba_connected import settings_of
from tests.contract.odoo_capture_box import CaptureBox, capture_box

PLACE = Place("purchases", "alibaba", "main")
VENDOR = f"alibaba:main:{SELLERS['s1'].open_id}"
PREFIX = "CW-"
CONNECTORS = (alibaba.CONNECTOR, odoo.CONNECTOR)
AN_HOUR = 3600.0


@dataclass
class Both:
    """Two systems. `limits`: settings of reconciliation."""

    odoo: CaptureBox
    shop: Shop
    buyer: AlibabaSettings
    home: OdooSettings
    limits: dict[str, Any] = field(default_factory=dict)
    pilot: dict[str, Any] = field(default_factory=dict)

    def now(self) -> datetime:
        moment = self.odoo.clock.now()
        self.shop.box.clock.now = max(self.shop.box.clock.now, moment.timestamp())
        return moment

    def later(self, seconds: float = 2 * AN_HOUR) -> None:
        self.odoo.clock.forward(seconds)
        self.now()

    @property
    def deps(self) -> Deps:
        return Deps("sandbox", NoMappings(), self.now)

    async def report(self, days: float = 30, **limits: Any) -> Report:
        phases = {"alibaba": {"main": {"all": Phase.ON}}}
        settings = compose_settings(CONNECTORS)(
            alibaba=self.buyer,
            odoo=self.home,
            phases=phases,
            reconcile={**self.limits, **limits},
            pilot={"alibaba": {"main": self.pilot}},
        )
        since = self.now() - timedelta(days=days)
        return await reconciled(settings, CONNECTORS, PLACE, self.deps, since)

    def accounts(self, *owners: str) -> None:
        """These are configured."""
        part = self.home.purchases.model_copy(update={"accounts": owners})
        self.home = self.home.model_copy(update={"purchases": part})

    # -- Odoo's side

    def vendor(self, reference: str = VENDOR) -> int:
        return int(self.odoo.call("res.partner", "create", {"name": "Factory", "ref": reference}))

    def product(self, vendor: int, code: str, price: float) -> int:
        """Sold by that vendor under that code."""
        number = self.odoo.product(f"BUY-{code[-20:]}-{self.odoo.clock.now().timestamp()}")
        (row,) = self.odoo.rows("product.product", [["id", "=", number]], ["product_tmpl_id"])
        info = {
            "partner_id": vendor,
            "product_tmpl_id": row["product_tmpl_id"][0],
            "product_code": code,
            "price": price,
        }
        self.odoo.call("product.supplierinfo", "create", info | {"currency_id": self.yuan()})
        return number

    def yuan(self) -> int:
        (row,) = self.odoo.rows("res.currency", [["name", "=", "CNY"]], ["active"])
        self.odoo.call("res.currency", "write", [row["id"]], {"active": True})
        return int(row["id"])

    def purchase(self, vendor: int, *lines: tuple[int, float, float], confirm: bool = True, **values: Any) -> int:
        """lines: product, quantity, price."""
        rows = [
            [0, 0, {"product_id": one, "product_qty": units, "price_unit": price, "taxes_id": [[5]]}]
            for one, units, price in lines
        ]
        given = {"partner_id": vendor, "currency_id": self.yuan(), "order_line": rows, **values}
        number = int(self.odoo.call("purchase.order", "create", given))
        if confirm:
            self.odoo.call("purchase.order", "button_confirm", [number])
        return number

    def wanted(self, place: int = 0, quantity: int = 2, offer: Json | None = None, **more: Any) -> int:
        """A purchase order of so many of one variant of an offer, at its own price."""
        found = offer or self.shop.first()
        spec, vendor = found["specs"][place], self.vendor()
        code, price = f"{found['id']}/{spec['sku_id']}/{spec['spec_id']}", spec["price"] / 100
        return self.purchase(vendor, (self.product(vendor, code, price), quantity, price), **more)

    def name(self, number: int) -> str:
        return str(self.row(number, "name")["name"])

    def row(self, number: int, *fields: str) -> dict[str, Any]:
        (found,) = self.odoo.rows("purchase.order", [["id", "=", number]], fields)
        return found

    def write(self, number: int, **values: Any) -> None:
        self.odoo.call("purchase.order", "write", [number], values)

    def line(self, number: int, **values: Any) -> None:
        """Its first line is changed."""
        rows = self.odoo.rows("purchase.order.line", [["order_id", "=", number]], ["product_qty"])
        self.odoo.call("purchase.order.line", "write", [rows[0]["id"]], values)

    def price(self, number: int) -> float:
        """Of a unit of its first line."""
        return float(
            self.odoo.rows("purchase.order.line", [["order_id", "=", number]], ["price_unit"])[0]["price_unit"]
        )

    def delete(self, number: int) -> None:
        self.odoo.call("purchase.order", "button_cancel", [number])
        self.odoo.call("purchase.order", "unlink", [number])

    # -- 1688's side

    def by_hand(self, place: int = 0, quantity: int = 2, **more: Any) -> str:
        """A person orders there."""
        return self.shop.order(self.shop.cargo(self.shop.first(), quantity, place), **more)

    def order_of(self, number: int) -> str:
        """The one order made for a purchase order."""
        (found,) = self.orders_of(number)
        return found

    def orders_of(self, number: int) -> list[str]:
        reference = PREFIX + self.name(number)
        every = self.shop.box.http.get("/sandbox/snapshot", params={"sections": "orders"}).json()["orders"]
        told = {one: self.shop.told(one)["out_order_id"] for one in every}
        return [one for one, name in told.items() if name == reference or name.startswith(f"{reference}-")]

    # -- the normal way, without Kafka between

    async def buy(self, *numbers: int) -> None:
        """What is confirmed is ordered, and what became of it is written down in Odoo."""
        source = self.odoo.source("purchase_orders")
        assert alibaba.CONNECTOR.mappings is not None
        to_canonical = odoo.CONNECTOR.entity_mappings(self.home)["purchase_order"]
        async with self._sink(alibaba.CONNECTOR, self.buyer) as there, self._sink(odoo.CONNECTOR, self.home) as home:
            async for page in source.fetch([str(one) for one in numbers]):
                for item in page.items:
                    (order,) = to_canonical(item.payload, "main")
                    (outcome,) = await there.deliver([_delivery("create_purchase", order.body, True)])
                    assert outcome.ok, outcome.detail
                    for event in outcome.events:
                        (noted,) = await home.deliver([_delivery("note_purchase", event.body, False)])
                        assert noted.ok, noted.detail
        await source.aclose()

    @asynccontextmanager
    async def _sink(self, connector: Any, settings: Any) -> AsyncIterator[Sink]:
        sink = connector.sink(settings, self.deps)
        try:
            yield sink
        finally:
            await sink.aclose()


def _delivery(operation: str, body: Any, is_command: bool) -> Delivery:
    return Delivery(
        f"{operation}-{body['key']}", operation, is_command, body["key"], "odoo", "main", body["version"], "", "c", body
    )


@contextmanager
def both(folder: Path) -> Iterator[Both]:
    with capture_box() as home, alibaba_box(offers=4) as box:
        box.clock.now = home.clock.now().timestamp()
        purchases = {"reference_prefix": PREFIX, "addresses": {"default": {"address_id": "1234567"}}}
        buyer = settings_of(box, folder, purchases=purchases)
        settings = home.settings.model_copy(
            update={"purchases": home.settings.purchases.model_copy(update={"reference_prefix": PREFIX})}
        )
        yield Both(home, Shop(box), buyer, settings)


def told(report: Report) -> list[tuple[str, str, tuple[str, ...], str]]:
    """(what, Odoo's name, numbers there, goods) of each finding."""
    assert not report.failure, report.failure
    return [(one.what.value, one.odoo, one.there, one.line) for one in report.findings]


def only(report: Report) -> Finding:
    assert not report.failure, report.failure
    (found,) = report.findings
    return found
