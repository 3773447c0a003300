"""The bench of 1688: its sandbox over real sockets. Orders are read, purchase orders are written; what a person is called stands in the
delivery address."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.alibaba.sandbox.settings import DEMO_BUYER
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.sink import CREATE
from connectors.kit.ports import Delivery, Deps
from schemas.records import PurchaseLine
from tests.contract.alibaba_box import ADDRESS, Box, Shop, alibaba_box
from tests.contract.alibaba_connected import deps_of, settings_of
from tests.contract.connector_suite import CANARY
from tests.contract.test_alibaba_purchases import purchase, wanted
from tests.unit.test_alibaba_purchase_plan import line

_numbers = itertools.count(1)
HOUSE = {
    "province": "浙江省", "city": "杭州市", "area": "滨江区", "street": f"{CANARY}路1号", "full_name": CANARY, "mobile": "13800138000",
}  # fmt: skip


@dataclass
class AlibabaBench:
    box: Box
    folder: Path
    settings: AlibabaSettings
    deps: Deps
    secrets: Sequence[str] = (DEMO_BUYER.app_secret, DEMO_BUYER.refresh_token)
    flow: str = "orders"

    def deliveries(self, count: int) -> list[Delivery]:
        offer = Shop(self.box).first()
        return [self._purchase(wanted(1, offer)) for _ in range(count)]

    def bad_delivery(self) -> Delivery:
        return self._purchase(line(1, "no code of an offer"))

    def lose_answers(self, times: int) -> None:
        self.box.faults({"kind": "lost", "path": "fastCreateOrder", "limit": times})

    def effects(self, batch: Sequence[Delivery]) -> list[int]:
        shop = Shop(self.box)
        made = [shop.told(one)["out_order_id"] for one in self.box.http.get("/sandbox/snapshot").json()["orders"]]
        return [made.count(delivery.body["name"]) for delivery in batch]

    def seed(self, count: int) -> set[str]:
        shop = Shop(self.box)
        person = {**ADDRESS, "fullName": CANARY, "address": f"{CANARY}路1号"}
        keys = set()
        for _ in range(count):
            order_id = shop.order(shop.cargo(shop.first(), 5), addressParam=person)
            keys.add(f"alibaba:main:order:{order_id}")
            self.box.clock.tick(3)
        return keys

    def wrong_credentials(self) -> AlibabaSettings:
        account = {"app_secret": "wrong-secret", "token_file": str(self.folder / "wrong.json")}
        return settings_of(self.box, self.folder, account=account)

    def unreachable(self) -> AlibabaSettings:
        return settings_of(self.box, self.folder, base_url="http://127.0.0.1:9", attempts=1)

    def _purchase(self, *lines: PurchaseLine) -> Delivery:
        number = next(_numbers)
        order = purchase(*lines, purchase_id=number, name=f"P{number:05d}", key=f"odoo:purchase_order:{number}")
        return Delivery(
            f"purchase-{number}", CREATE, True, order["key"], "odoo", "main", order["version"], "", "c-1", order
        )


@contextmanager
def bench() -> Iterator[AlibabaBench]:
    with tempfile.TemporaryDirectory() as folder, alibaba_box(offers=3) as box:
        place = Path(folder)
        settings = settings_of(box, place, purchases={"addresses": {"default": HOUSE}, "price_tolerance_percent": 100})
        yield AlibabaBench(box, place, settings, deps_of(box))
