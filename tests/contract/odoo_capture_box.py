"""An Odoo for tests of change capture: the sandbox with its warehouse's hands, and sources of its flows as a poller drives them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx

from connectors.kit.ports import Canonical, Deps, NoMappings, Page, Source
from connectors.kit.sandbox.server import running
from connectors.odoo.capture_mapping import mappings
from connectors.odoo.sandbox.app import create_app
from connectors.odoo.sandbox.settings import SandboxSettings
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.make import make_source
from tests.loopback import client
from tests.unit.failure.samples import codec

ABSENT = {"mode": "update", "noupdate": True}


class Clock:
    """The machine's, put forward by hand: one clock for the server and for the poller."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


def mapped(entity: str, content: dict[str, Any], settings: OdooSettings | None = None) -> list[Canonical]:
    """What the mapping makes of a raw payload; each fits its schema and has the key of its raw record."""
    records = mappings(settings or OdooSettings())[entity](json.dumps(content).encode(), "main")
    for record in records:
        assert codec().encode(record.entity, record.body)
        assert record.key == record.body["key"]
    return list(records)


@dataclass
class Polled:
    """What a flow has published, and the position that is safe."""

    position: str = ""
    records: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    def take(self, page: Page) -> None:
        self.pages.append(page)
        self.records += [(item.key, item.version, json.loads(item.payload)) for item in page.items]
        self.position = page.position or self.position

    @property
    def keys(self) -> list[str]:
        return [key for key, _, _ in self.records]

    @property
    def newest(self) -> dict[str, dict[str, Any]]:
        """Key -> payload, as published last."""
        return {key: content for key, _, content in self.records}


@dataclass
class CaptureBox:
    """A server, a look behind it, and the warehouse's hands."""

    url: str
    http: httpx.Client
    settings: OdooSettings
    clock: Clock

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        body = {
            "jsonrpc": "2.0", "method": "call", "id": 1,
            "params": {"service": "object", "method": "execute_kw", "args": [
                self.settings.db, 2, self.settings.password.get_secret_value(), model, method, list(args), kwargs]},
        }  # fmt: skip
        answer = self.http.post("/jsonrpc", json=body).json()
        assert "error" not in answer, answer["error"]["data"]["message"]
        return answer.get("result")

    def rows(self, model: str, domain: Sequence[Any], fields: Sequence[str]) -> list[dict[str, Any]]:
        context = {"active_test": False}
        found: list[dict[str, Any]] = self.call(
            model, "search_read", list(domain), list(fields), order="id", context=context
        )
        return found

    def begin(self, model: str, method: str, *args: Any, outcome: str = "commit", **kwargs: Any) -> int:
        """A transaction that starts now and ends when it is released."""
        made = self.hand(
            "transactions/begin", model=model, method=method, args=list(args), kwargs=kwargs, outcome=outcome
        )
        return int(made["id"])

    def release(self, *transactions: int) -> None:
        self.hand("transactions/release", transactions=list(transactions))

    def hand(self, path: str, **body: Any) -> Any:
        answer = self.http.post(f"/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def product(self, sku: str, **values: Any) -> int:
        given = {"name": f"Product {sku}", "default_code": sku, "type": "consu", "is_storable": True, **values}
        return int(self.call("product.product", "create", given))

    def stock(self, warehouse: str | None = None, /, **levels: float) -> None:
        self.hand("warehouse/stock", levels=levels, warehouse=warehouse)

    def order(self, number: str, lines: Sequence[tuple[str, int, float]], *, confirm: bool = True) -> int:
        """As our sink writes it: external ids of order and lines. lines: (line id, product, quantity)."""
        partner = self.call("res.partner", "create", {"name": "Canary Person"})
        columns = ["id", "origin", "partner_id/.id", "order_line/id", "order_line/product_id/.id",
                   "order_line/product_uom_qty", "order_line/price_unit"]  # fmt: skip
        key = f"mkt.order/walmart:main:{number}"
        rows = [
            [*([key, number, partner] if not at else [None] * 3), f"{key}/line/{line}", product, quantity, 10.0]
            for at, (line, product, quantity) in enumerate(lines)
        ]
        answer = self.call("sale.order", "load", columns, rows, context=ABSENT)
        assert answer["ids"], answer["messages"]
        if confirm:
            self.call("sale.order", "action_confirm", answer["ids"])
        return int(answer["ids"][0])

    def source(self, flow: str, before: Polled | None = None, **capture: Any) -> Source:
        """A new one, as after a restart of the poller. `before`: what was published by then, which the pipeline still holds."""

        async def known(entity: str) -> list[str]:
            return [key for key, one in before.newest.items() if one.get("active")] if before else []

        part = self.settings.capture.model_copy(update={"mode": "poll", **capture})
        settings = self.settings.model_copy(update={"capture": part})
        return make_source(settings, "main", flow, Deps("sandbox", NoMappings(), self.clock.now, known=known))


async def poll(source: Source, polled: Polled) -> int:
    """One poll, as the poller drives it: a page is taken, then the source goes on. How many records it brought."""
    before = len(polled.records)
    async for page in source.pages(polled.position):
        polled.take(page)
        if page.last:
            break
    return len(polled.records) - before


def begun(source: Source, position: str) -> AsyncGenerator[Page, None]:
    """Pages one by one, for tests that stop in the middle of a poll."""
    return cast("AsyncGenerator[Page, None]", source.pages(position))


async def fetch(source: Source, *ids: str) -> Polled:
    polled = Polled()
    async for page in source.fetch(ids):
        polled.take(page)
    return polled


async def off_loop(work: Any, *args: Any, **kwargs: Any) -> Any:
    """A call that takes its time, while the poller goes on."""
    return await asyncio.to_thread(work, *args, **kwargs)


@contextmanager
def capture_box() -> Iterator[CaptureBox]:
    settings, clock = SandboxSettings(workers=16), Clock()
    with running(create_app(settings, clock.now)) as url, client(url) as http:
        odoo = OdooSettings(
            url=url, db=settings.db, login=settings.login, password=settings.password, environment="sandbox"
        )
        yield CaptureBox(url, http, odoo, clock)
