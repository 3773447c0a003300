"""PO-4: an offer's stock falls at 1688, a person approves a longer lead time, it stands in Odoo; stock is back, so is the lead time before. On a real
broker, with both sandboxes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.supply_settings import SupplySettings
from tests.contract.alibaba_box import Shop, alibaba_box
from tests.contract.odoo_capture_box import capture_box
from tests.integration.failure_kit import unique
from tests.integration.stages_kit import settings_of
from tests.integration.supply_way import SupplyWay, cli


@pytest.fixture
async def way(
    bootstrap: str, registry_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SupplyWay]:
    """An offer with 100 units of each SKU is in Odoo, with a lead time of 7 days."""
    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", bootstrap)
    monkeypatch.setenv("CAUSEWAY_REGISTRY__URL", registry_url)
    with capture_box() as odoo, alibaba_box(offers=2) as box:
        box.clock.now = odoo.clock.now().timestamp()
        way = SupplyWay(settings_of(bootstrap, registry_url), odoo, Shop(box), tmp_path, unique("t")[:9] + "-")
        monkeypatch.setattr("schemas.codec.Codec", lambda _: way.codec)
        monkeypatch.setattr("schemas.registry.Registry", lambda _: None)
        assert await way.seen_by_all() == ["upsert_supplier_product"]
        way.set_lead_time(7)
        yield way
        await way.aclose()


@pytest.mark.timeout(600)
async def test_from_a_suppliers_stock_to_lead_times_in_odoo_and_back(way: SupplyWay) -> None:
    """EVT-4: each `work` is a stage that starts anew; the offer is read again and again, one proposal stays one."""
    assert way.waiting() == []
    way.has(0)
    for _ in range(3):
        await way.seen_by_all()
    (item,) = way.waiting()
    assert (item["offer"], item["sku"], item["why"]) == (way.number, way.sku, "the supplier has 0; out of stock at 0")
    assert (item["before"], item["after"]) == ("the lead time it has without this", "lead time 30 days")
    assert way.states() == ["proposed"]
    assert way.lead_times() == {7}
    done = cli("approve", item["id"][:12], "--yes", "--note", "ordered elsewhere until then")
    assert done.exit_code == 0, done.output
    assert f"offer {way.number}, SKU {way.sku}: the lead time it has without this -> lead time 30 days" in done.stdout
    assert await way.work() == ["set_vendor_terms"]
    assert way.lead_times() == {30}
    assert way.lead_times(str(way.offer["specs"][1]["sku_id"])) == {7}
    assert cli("approve", item["id"], "--yes").exit_code == 1  # it waits no more
    way.has(500)
    await way.seen_by_all()
    (back,) = way.waiting()
    assert back["why"] == "the supplier has 500 again"
    assert way.lead_times() == {30}
    assert cli("approve", "--offer", way.number, "--yes").exit_code == 0
    assert await way.work() == ["set_vendor_terms"]
    assert way.lead_times() == {7}
    assert [one["approval"] != "none" for one in way.told("vendor_terms")] == [True, True]
    told = way.traced()
    for said in (
        "lead time 30 days proposed",
        "lead time 30 days approved by",
        "lead time 30 days, approved by",
        "lead time as it was",
    ):
        assert any(said in one for one in told), (said, told)
    assert sum("set_vendor_terms" in one for one in told) >= 2
    assert [(one["action"], one["note"]) for one in way.audited()] == [
        ("approved", "ordered elsewhere until then"), ("approved", ""),
    ]  # fmt: skip


@pytest.mark.timeout(600)
async def test_an_answer_that_comes_too_late_writes_nothing_and_says_so(way: SupplyWay) -> None:
    way.has(0)
    await way.seen_by_all()
    (item,) = way.waiting()
    assert cli("approve", item["id"], "--yes").exit_code == 0
    answers = {one.origin for one in way.records("approvals")} - way.seen
    way.seen |= answers  # it is under way while the supplier has stock again
    way.has(500)
    await way.seen_by_all()
    way.seen -= answers
    assert await way.work() == []
    assert (way.waiting(), way.lead_times()) == ([], {7})
    assert way.states() == ["proposed", "approved", "superseded", "superseded"]
    assert [one["action"] for one in way.audited()] == ["approved", "superseded"]
    assert way.audited()[-1]["note"] == "what was proposed is gone, the answer changed nothing"


@pytest.mark.timeout(600)
async def test_automatic_needs_nobody_and_says_so(way: SupplyWay) -> None:
    way.settings = way.settings.model_copy(update={"supply": SupplySettings(lead_time="automatic")})
    way.has(0)
    assert "set_vendor_terms" in await way.seen_by_all()
    assert (way.waiting(), way.lead_times()) == ([], {30})
    (entry,) = way.audited()
    assert (entry["actor"], entry["action"], entry["after"]) == ("automatic", "approved", "lead time 30 days")
    way.has(500)
    await way.seen_by_all()
    assert way.lead_times() == {7}
