"""From an offer's stock in the 1688 sandbox to lead times in Odoo's sandbox: the kit of purchases with the supply stage and its command."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from typer.testing import CliRunner, Result

from connectors import alibaba
from schemas.record import Record
from schemas.topics import APPROVALS, AUDIT, ENTITIES
from streams.cli import supplier as supplier_cli
from streams.kafka import read_to_end
from streams.observe.trace import find_journey
from streams.runtime import Partition
from streams.stages.supply.stage import SupplyStage
from tests.contract.alibaba_box import Json
from tests.contract.alibaba_connected import settings_of
from tests.integration.failure_kit import now_ms
from tests.integration.purchase_way import Way
from tests.integration.stages_kit import chunks


@dataclass
class SupplyWay(Way):
    """One offer that no other test reads: its number is of the moment the test began."""

    offer: Json = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.offer = self.shop.offer(first=1000 + now_ms() % 900_000, stock=100, minimum=2)

    @property
    def number(self) -> str:
        return str(self.offer["id"])

    @property
    def sku(self) -> str:
        """Its first one."""
        return str(self.offer["specs"][0]["sku_id"])

    def has(self, stock: int) -> None:
        """The supplier has so many of the first SKU."""
        spec = self.offer["specs"][0]["spec_id"]
        self.shop.box.control(f"/sandbox/offers/{self.number}/change", kind="stock", quantity=stock, spec=spec)

    async def seen_by_all(self) -> list[str]:
        """The offer is read, and everything that follows is done. The operations that were delivered."""
        assert alibaba.CONNECTOR.source is not None
        self.odoo.clock.forward(60)
        self.now()
        account = {"offers": [self.number]}
        settings = settings_of(self.shop.box, self.folder, account=account)
        await self._polled(alibaba.CONNECTOR.source(settings, "main", "products", self.deps), "alibaba")
        return await self.work()

    async def work(self) -> list[str]:
        """All stages, until nothing is left."""
        told = await self.run()
        while await self._supplied():
            told += await self.run()
        return told

    async def _supplied(self) -> bool:
        """What nobody has taken yet, through a stage that knows nothing but what `supply.ledger` holds."""
        records = [one for one in self.records(*SupplyStage.topics) if one.origin not in self.seen]
        self.seen |= {one.origin for one in records}
        stage = SupplyStage(self.settings, self.codec, self.routing, self.now)
        await stage.start(self._context())
        await stage.assigned({Partition(record.topic, record.partition) for record in records})
        for chunk in chunks(sorted(records, key=lambda one: one.timestamp_ms)):
            await stage.process(chunk)
        return bool(records)

    def records(self, *topics: str) -> list[Record]:
        found = read_to_end(self.settings.kafka.librdkafka(), list(topics), since_ms=self.since_ms)
        return [one for one in found if f":{self.number}".encode() in (one.key or b"")]

    @property
    def _routes(self) -> tuple[str, ...]:
        return (*super()._routes, ENTITIES["vendor_terms"].every)

    # -- what people see and do

    def waiting(self) -> list[Json]:
        """What the command line shows of the offer."""
        shown: list[Json] = json.loads(cli("proposals", "--offer", self.number, "--json").stdout)["proposals"]
        return shown

    def states(self) -> list[str]:
        return [self.codec.decode("approval", one.value)["state"] for one in self.records(APPROVALS)]

    def audited(self) -> list[Any]:
        return [self.codec.decode("audit", one.value) for one in self.records(AUDIT)]

    def traced(self) -> list[str]:
        """What `causeway trace` tells of the offer."""
        key = f"alibaba:main:offer:{self.number}"
        return [step.text for step in find_journey(self.settings, self.codec, key).steps]

    def lead_times(self, sku: str = "") -> set[int]:
        """Of the SKU's vendor prices in Odoo, the first one's unless another is named."""
        domain = [["product_code", "=like", f"{self.number}/{sku or self.sku}/%"]]
        return {row["delay"] for row in self.odoo.rows("product.supplierinfo", domain, ["delay"])}

    def set_lead_time(self, days: int) -> None:
        """A buyer does, for all of the offer."""
        domain = [["product_code", "=like", f"{self.number}/%"]]
        rows = [row["id"] for row in self.odoo.rows("product.supplierinfo", domain, ["delay"])]
        self.odoo.call("product.supplierinfo", "write", rows, {"delay": days})


def cli(*args: str) -> Result:
    return CliRunner().invoke(supplier_cli.app, list(args))
