"""RATE-1, RATE-2, RATE-3 for 1688: one budget of an app key, orders before products, use of the quota told, what changes seldom asked for once.

What a priority does is proven in tests/unit/kit/test_rate.py, what a cache does in tests/unit/kit/test_reference_cache.py; here, that each kind of
work asks for its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from connectors.alibaba.client import AlibabaClient, budget_of, open_client, places
from connectors.alibaba.connector import OFFERED
from connectors.alibaba.message_source import AlibabaMessages
from connectors.alibaba.parcel_source import AlibabaParcels
from connectors.alibaba.product_source import AlibabaProducts
from connectors.alibaba.rates import TOKEN, AlibabaRates, Use
from connectors.alibaba.reading import OfferReader, OrderReader
from connectors.alibaba.reference import AlibabaReference
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.sink import CANCEL
from connectors.alibaba.source import AlibabaOrders
from connectors.kit.ports import Result
from connectors.kit.rate import Priority
from tests.contract.alibaba_box import FIRST_OFFER, Json, Shop, alibaba_box
from tests.contract.alibaba_connected import connected, deps_of, now_of, settings_of
from tests.contract.test_alibaba_purchases import buying, two_lines

Asked = dict[str, set[Priority]]

REFERENCE = ("addresses", "carriers", "category")


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box(offers=4) as box:
        yield Shop(box)


def without(asked: Asked, *names: str) -> set[Priority]:
    return {one for name, found in asked.items() if name not in names for one in found}


# ---- RATE-1


async def test_what_is_ordered_and_cancelled_goes_first(shop: Shop, tmp_path: Path, asked: Asked) -> None:
    """RATE-1, EVT-5: the looks before and after as well, and the offers that are about to be ordered."""
    async with buying(shop, tmp_path) as buyer:
        assert (await buyer.once(two_lines(shop))).result is Result.APPLIED
        shop.box.clock.tick(11)
        assert (await buyer.once(two_lines(shop, state="cancel", version=4), CANCEL)).result is Result.APPLIED
    assert {"order_list", "product_detail", "order_preview", "order_create", "order_cancel"} <= set(asked)
    assert without(asked, *REFERENCE) == {Priority.ORDERS}
    assert asked["addresses"] == {Priority.REPORTS}


async def test_orders_are_read_before_offers_and_parcels_last(shop: Shop, tmp_path: Path, asked: Asked) -> None:
    """RATE-1: what came back is worked on before what is only to be compared."""
    order = shop.order()
    for kind in ("pay", "ship"):
        shop.change(order, kind)
    shop.box.clock.tick(60)
    settings = settings_of(shop.box, tmp_path, account={"offers": (str(FIRST_OFFER),), "keywords": ("台灯",)})
    async with connected(shop.box, settings) as client:
        now = lambda: now_of(shop.box)  # noqa: E731
        for source, priority, call in (
            (AlibabaOrders(settings, "main", client, now), Priority.ORDERS, "order_view"),
            (AlibabaProducts(settings, "main", client, now), Priority.PRODUCTS, "product_detail"),
            (AlibabaParcels(settings, "main", client, now), Priority.REPORTS, "logistics"),
        ):
            asked.clear()
            pages = [page async for page in source.pages("")]
            assert any(page.items for page in pages)
            assert call in asked
            assert without(asked, TOKEN, *REFERENCE) == {priority}, dict(asked)
        asked.clear()
        async for _ in AlibabaMessages(settings, "main", client, now).pages(""):
            pass
        assert asked["order_view"] <= {Priority.ORDERS}


def test_accounts_of_one_app_share_its_budget_and_others_do_not(shop: Shop, tmp_path: Path) -> None:
    """RATE-1: the platform counts by app key."""
    account = settings_of(shop.box, tmp_path).accounts["main"].model_dump()
    settings = AlibabaSettings(
        base_url=shop.box.url,
        accounts={"a": account, "b": account, "c": {**account, "app_key": "4711"}},
    )
    assert budget_of(settings, "a") is budget_of(settings, "b")
    assert budget_of(settings, "a") is not budget_of(settings, "c")


def test_reading_and_writing_processes_together_stay_within_the_quota(shop: Shop, tmp_path: Path) -> None:
    """RATE-1: each has its part, whichever way it is divided, and of the writing part each worker its own."""
    for share in (0.5, 0.25):
        rates = AlibabaRates(per_second=4, burst=8, parallel=4, reading_share=share)
        reading, writing = (rates.plan(use).quotas["calls"] for use in Use)
        assert (reading.per_second, writing.per_second) == (4 * share, 4 * (1 - share))
        assert reading.depth + writing.depth == 8
        assert rates.at_once(Use.READING) + rates.at_once(Use.WRITING) == 4
    settings = settings_of(shop.box, tmp_path, rates={"per_second": 4, "burst": 4})
    assert budget_of(settings, "main", Use.READING) is not budget_of(settings, "main", Use.WRITING)
    client = open_client(settings, "main", lambda: now_of(shop.box))
    client.set_share(0.25)
    calls = [budget_of(settings, "main", use)._plan.quotas["calls"].per_second for use in Use]
    assert calls == [2.0, 0.5]


async def test_sources_read_and_sinks_write(shop: Shop, tmp_path: Path) -> None:
    """RATE-1: each draws on its own part, and has its own calls at once."""
    settings = settings_of(shop.box, tmp_path)
    deps = deps_of(shop.box)
    assert OFFERED.source is not None
    source: Any = OFFERED.source(settings, "main", "orders", deps)
    assert source._client._budget is budget_of(settings, "main", Use.READING)
    assert places(settings, settings.account("main"), Use.READING) is not places(settings, settings.account("main"))
    await source.aclose()
    assert OFFERED.sink is not None
    sink: Any = OFFERED.sink(settings, deps)
    assert sink.accounts("main")._budget is budget_of(settings, "main", Use.WRITING)
    await sink.aclose()


# ---- RATE-2


def test_the_quota_of_an_app_is_told_in_metrics(shop: Shop, tmp_path: Path) -> None:
    """RATE-2: how many calls there are, how many are left, which part is used, how long what waits will take."""
    account = settings_of(shop.box, tmp_path).accounts["main"].model_dump()
    settings = AlibabaSettings(
        base_url=shop.box.url,
        accounts={"told": account},
        rates=AlibabaRates(per_second=0.1, burst=8),
    )
    budget = budget_of(settings, "told")

    def told(name: str) -> float | None:
        labels = {"system": "alibaba", "account": "told", "quota": "calls"}
        return REGISTRY.get_sample_value(f"causeway_quota_{name}", labels)

    assert (told("size_calls"), told("left_calls"), told("used_ratio"), told("backlog_seconds")) == (4, 4, 0, 0)
    budget.emptied("order_list")
    assert told("used_ratio") == pytest.approx(1, abs=0.05)
    budget.postpone("order_list")
    assert (told("backlog_seconds") or 0) > 0


# ---- RATE-3


def hits(what: str, result: str) -> float:
    labels = {"system": "alibaba", "what": what, "result": result}
    return REGISTRY.get_sample_value("causeway_reference_cache_total", labels) or 0.0


class Counted:
    """A client whose calls are counted, and whose answers may leave fields out."""

    def __init__(self, client: AlibabaClient, drop: str = "") -> None:
        self.calls: list[str] = []
        self._real, self._drop = client.call, drop
        client.call = self  # type: ignore[method-assign]

    async def __call__(self, name: str, *given: Any, **named: Any) -> Any:
        self.calls.append(name)
        return _dropped(await self._real(name, *given, **named), self._drop if name not in REFERENCE else "")


def _dropped(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _dropped(one, name) for key, one in value.items() if key != name}
    return [_dropped(one, name) for one in value] if isinstance(value, list) else value


async def test_saved_addresses_are_asked_for_once_until_they_expire(shop: Shop, tmp_path: Path) -> None:
    """RATE-3: also by another process; of nobody's address is more kept than its number; hits are counted."""
    settings = settings_of(shop.box, tmp_path)
    before = hits("addresses", "hit"), hits("addresses", "miss")
    async with connected(shop.box, settings) as client:
        counted = Counted(client)
        for _ in range(2):  # two processes, two looks each
            reference = AlibabaReference(settings, "main", client, lambda: now_of(shop.box))
            assert [await reference.has_address("1234567") for _ in range(2)] == [True, True]
        assert counted.calls == ["addresses"]
        shop.box.clock.tick(25 * 3600)
        assert await reference.has_address("1234567")
        assert counted.calls == ["addresses"] * 2
        assert await reference.has_address("999") is False  # it may just have been saved: asked once more
        assert counted.calls == ["addresses"] * 3
    assert (hits("addresses", "hit") - before[0], hits("addresses", "miss") - before[1]) == (4, 3)
    kept = "".join(file.read_text() for file in (tmp_path / "reference").rglob("*.json"))
    assert "1234567" in kept
    assert "示例仓库" not in kept
    assert "138000" not in kept


async def test_an_address_that_is_not_saved_keeps_everything_from_being_ordered(shop: Shop, tmp_path: Path) -> None:
    """RATE-3, PO-1: it is told which; where that cannot be asked the platform decides."""
    async with buying(shop, tmp_path, addresses={"default": {"address_id": "999"}}) as buyer:
        outcome = await buyer.once(two_lines(shop))
        assert (outcome.ok, buyer.orders()) == (False, [])
        assert "999 is none of those saved" in outcome.detail
    shop.box.account(denied=["alibaba.trade.receiveAddress.get"])
    async with buying(shop, tmp_path / "other") as buyer:
        (tmp_path / "other").mkdir()
        assert (await buyer.once(two_lines(shop))).result is Result.APPLIED


async def test_carriers_are_named_where_parcels_leave_it_out(shop: Shop, tmp_path: Path) -> None:
    """RATE-3, LOG-1: asked for once for all orders, and not at all while parcels say it."""
    orders = [shop.order(), shop.order()]
    for order in orders:
        for kind in ("pay", "ship"):
            shop.change(order, kind)
    settings = settings_of(shop.box, tmp_path)
    mapping = (OFFERED.mappings or (lambda _: {}))(settings)["order"]
    async with connected(shop.box, settings) as client:
        reader = OrderReader(client, AlibabaReference(settings, "main", client, lambda: now_of(shop.box)))
        counted = Counted(client)
        assert "carriers" not in (await reader.read(orders[0]) or {})
        assert "carriers" not in counted.calls
        counted = Counted(client, drop="logisticsCompanyName")
        found = [_canonical(mapping, await reader.read(order) or {}) for order in orders]
        assert counted.calls.count("carriers") == 1
    parcels = [parcel for body in found for parcel in body["parcels"]]
    assert [(one["carrier_code"], one["carrier_name"]) for one in parcels] == [("ZTO", "中通快递(ZTO)")] * 2


async def test_categories_are_named_where_offers_leave_it_out(shop: Shop, tmp_path: Path) -> None:
    """RATE-3, PRD-2: once for each category."""
    settings = settings_of(shop.box, tmp_path)
    mapping = (OFFERED.mappings or (lambda _: {}))(settings)["offer"]
    async with connected(shop.box, settings) as client:
        reference = AlibabaReference(settings, "main", client, lambda: now_of(shop.box))
        reader = OfferReader(client, settings.apis.product_detail, "en", reference)
        counted = Counted(client, drop="categoryName")
        found = [_canonical(mapping, await reader.read(str(FIRST_OFFER))) for _ in range(2)]
        assert counted.calls.count("category") == 1
    assert [(one["category_id"], one["category_name"]) for one in found] == [("1031910", "连衣裙")] * 2


def _canonical(mapping: Any, content: Json) -> Any:
    from connectors.kit import exact_json

    return mapping(exact_json.dumps(content), "main")[0].body
