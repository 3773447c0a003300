"""The bench of 1688: its sandbox over real sockets. Orders are read; what a person is called stands in their delivery address."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.alibaba.sandbox.settings import DEMO_BUYER
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.ports import Delivery, Deps
from tests.contract.alibaba_box import ADDRESS, Box, Shop, alibaba_box
from tests.contract.alibaba_connected import deps_of, settings_of
from tests.contract.connector_suite import CANARY


@dataclass
class AlibabaBench:
    box: Box
    folder: Path
    settings: AlibabaSettings
    deps: Deps
    secrets: Sequence[str] = (DEMO_BUYER.app_secret, DEMO_BUYER.refresh_token)
    flow: str = "orders"

    def deliveries(self, count: int) -> list[Delivery]:
        raise NotImplementedError("nothing is written there yet")

    def bad_delivery(self) -> Delivery:
        raise NotImplementedError("nothing is written there yet")

    def lose_answers(self, times: int) -> None:
        raise NotImplementedError("nothing is written there yet")

    def effects(self, batch: Sequence[Delivery]) -> list[int]:
        raise NotImplementedError("nothing is written there yet")

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


@contextmanager
def bench() -> Iterator[AlibabaBench]:
    with tempfile.TemporaryDirectory() as folder, alibaba_box(offers=3) as box:
        place = Path(folder)
        yield AlibabaBench(box, place, settings_of(box, place), deps_of(box))
