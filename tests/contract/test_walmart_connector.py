"""The Walmart connector against its sandbox over real sockets: under faults, with moving orders, with revoked rights."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.budget import Budget
from connectors.kit.calls import Surroundings
from connectors.kit.errors import AuthError, ConnectorError, DataError, ForbiddenError
from connectors.kit.http import HttpClient
from connectors.kit.ports import Page, Result
from connectors.kit.tokens import TokenCache
from connectors.walmart import CONNECTOR, client, errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.mapping import to_order
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.sink import WalmartSink
from connectors.walmart.source import WalmartOrders
from schemas.reasons import Reason
from tests.contract.benches.walmart import acknowledgement, deps_of, settings_of
from tests.contract.recordings import recorded
from tests.contract.walmart_box import Box, walmart_box


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as found:
        yield found


class Patient:
    """A client of the box that does not really wait: its sleeping moves the sandbox's clock."""

    def __init__(self, box: Box, **changes: Any) -> None:
        self.box = box
        self.settings = settings_of(box, **changes)
        self.tokens = TokenCache("main", self.now)
        self.budget = Budget(self.settings.rates.plan(), box.clock, self.sleep)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.box.clock(), UTC)

    async def sleep(self, seconds: float) -> None:
        self.box.clock.now += seconds
        await asyncio.sleep(0)

    def client(self, account: str = "main") -> WalmartClient:
        http = HttpClient(self.settings.base_url, self.settings.http, refusal=errors.refusal(self.now))
        around = Surroundings(self.now, self.sleep, lambda: 0.0, lambda: "c-1")
        return WalmartClient(self.settings, self.settings.account(account), http, self.tokens, self.budget, around)

    def source(self) -> WalmartOrders:
        return WalmartOrders(self.settings, "main", self.client(), self.now)

    def sink(self) -> WalmartSink:
        return WalmartSink(self.settings, self.client)


async def read_all(source: WalmartOrders, position: str = "", patience: int = 200) -> tuple[list[Page], str]:
    """All pages, as a poller reads them: after an error it goes on from the last page it had."""
    pages: list[Page] = []
    for _ in range(patience):
        try:
            async for page in source.pages(position):
                pages.append(page)
                position = page.position
        except ConnectorError as error:
            if error.reason not in (Reason.TRANSIENT, Reason.THROTTLED, Reason.AUTH):
                raise
            continue
        await source.aclose()
        return pages, position
    raise AssertionError("never came to an end")


def payloads(pages: list[Page]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for page in pages:
        for item in page.items:
            found.setdefault(item.key.rpartition(":")[2], []).append(item.payload)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_under_heavy_faults_every_order_is_read_and_its_total_is_right_to_the_cent(box: Box, seed: int) -> None:
    """ORD-1, ORD-6, TEST-1: a fifth of all calls fail, cursors go round, pages come twice, orders come damaged."""
    box.add(150, mix="heavy", seed=seed, spread_minutes=3000)
    box.clock.now += 3
    box.http.put("/sandbox/faults", json={"preset": "heavy", "seed": seed}).raise_for_status()
    patient = Patient(box, page_size=20)
    pages, position = await read_all(patient.source())
    box.http.put("/sandbox/faults", json={"preset": "none"}).raise_for_status()
    box.clock.now += 60
    # Orders that changed while the first poll read have left its window; they come with the next.
    more, position = await read_all(patient.source(), position)
    truth = {order["purchaseOrderId"]: order for order in box.state()["orders"]}
    found = payloads([*pages, *more])
    assert set(found) == set(truth)
    wrong, totals = Counter[str](), defaultdict[str, set[str]](set)
    for po, versions in found.items():
        for payload in versions:
            try:
                order = to_order(payload, "main")
            except DataError:
                wrong[po] += 1
                continue
            totals[po].add(order["total"]["amount"])
    for po, seen in totals.items():
        # An order that was changed under way has had two totals; the last one is the truth.
        assert truth[po]["total"]["total"] in seen
        assert len(seen) == 1 or any(trait.startswith("changing") for trait in truth[po]["traits"])
    explained = {po for po, order in truth.items() if "malformed" in order["traits"]}
    never = {po for po in found if wrong[po] == len(found[po])} - explained
    await read_again(patient, never, position)


async def read_again(patient: Patient, wanted: set[str], position: str) -> None:
    """Orders that came damaged by the transport only are whole when they are fetched again (REC-3)."""
    source = patient.source()
    fetched = [page async for page in source.fetch(sorted(wanted))] if wanted else []
    await source.aclose()
    assert {po for po, (payload,) in payloads(fetched).items() if to_order(payload, "main")} == wanted
    assert position


async def test_the_truth_of_a_thousand_generated_orders(box: Box) -> None:
    """ORD-3, ORD-4, ORD-12: statuses, cancelled units, test orders and totals as the sandbox knows them; only what is known to be wrong is
    refused, and only bad addresses are a problem."""
    box.add(1000, mix="heavy", seed=11, spread_minutes=3000)
    box.clock.now += 3
    pages, _ = await read_all(Patient(box, page_size=200).source())
    truth = {order["purchaseOrderId"]: order for order in box.state()["orders"]}
    words = {
        "Created": "created",
        "Acknowledged": "acknowledged",
        "PartlyShipped": "partially_shipped",
        "Shipped": "shipped",
        "Cancelled": "cancelled",
    }
    refused, troubled = Counter[str](), Counter[str]()
    for po, versions in payloads(pages).items():
        expected = truth[po]
        try:
            order = to_order(versions[-1], "main")
        except DataError:
            refused["malformed" if "malformed" in expected["traits"] else f"{po}: no reason"] += 1
            continue
        if order["problems"]:
            troubled["bad_postcode" if "bad_postcode" in expected["traits"] else f"{po}: no reason"] += 1
        assert order["total"]["amount"] == expected["total"]["total"]
        assert order["tax_total"]["amount"] == expected["total"]["tax"]
        assert order["status"] in (words.get(expected["status"]), "unknown")
        assert order["test"] is ("test_order" in expected["traits"])
        assert [line["quantity_cancelled"] for line in order["lines"]] == [
            str(line["units"].get("Cancelled", 0)) for line in expected["lines"]
        ]
    assert (set(refused), set(troubled)) == ({"malformed"}, {"bad_postcode"})
    assert sum(refused.values()) + sum(troubled.values()) < 100


async def test_orders_that_come_and_change_while_polling_are_seen_in_their_last_state(box: Box) -> None:
    """ORD-1: late orders, changing orders, poll after poll."""
    box.add(200, mix={"base": "default", "late": 0.4, "changing": 0.5, "malformed": 0.0}, seed=5, rate=4)
    patient, position = Patient(box, page_size=20), ""
    latest: dict[str, bytes] = {}
    for _ in range(8):
        box.clock.now += 15
        pages, position = await read_all(patient.source(), position)
        latest |= {po: versions[-1] for po, versions in payloads(pages).items()}
    truth = {order["purchaseOrderId"]: order for order in box.state()["orders"]}
    assert set(latest) == set(truth)
    for po, payload in latest.items():
        order = to_order(payload, "main")
        assert order["total"]["amount"] == truth[po]["total"]["total"]
        assert (order["status"] == "cancelled") is (truth[po]["status"] == "Cancelled")


async def test_a_window_of_more_orders_than_the_cap_is_split() -> None:
    """The result cap, enforced by the server."""
    with walmart_box(result_cap=30) as box:
        box.add(200, spread_minutes=2000)
        box.clock.now += 3
        pages, _ = await read_all(Patient(box, page_size=10).source())
        assert len(payloads(pages)) == 200


async def test_an_oversized_page_is_refused_and_the_flow_says_why(box: Box) -> None:
    """SEC-5."""
    box.add(1)
    box.clock.now += 3
    box.faults({"kind": "oversized"})
    with pytest.raises(DataError, match="sent more than 1048576 bytes"):
        await read_all_raising(Patient(box, http={"largest_answer_bytes": 1048576}).source())


async def read_all_raising(source: WalmartOrders) -> None:
    try:
        async for _ in source.pages(""):
            pass
    finally:
        await source.aclose()


async def test_an_expired_token_is_renewed_without_anyone_noticing() -> None:
    """AUTH-1: 900 seconds; the sandbox accepts none a second longer."""
    with walmart_box() as box:
        patient = Patient(box)
        one = patient.client()
        for _ in range(20):
            await one.list_orders({"limit": "1"})
            box.clock.now += 300
        await one.aclose()
        state = box.state()
        assert state["calls"]["by_status"].get("401") is None
        assert state["tokens_issued"] == 10  # each serves for 600 of its 900 seconds


async def test_many_calls_at_once_share_one_token(box: Box) -> None:
    """AUTH-1: once for all workers."""
    one = Patient(box).client()
    await asyncio.gather(*(one.list_orders({"limit": "1"}) for _ in range(20)))
    await one.aclose()
    assert box.state()["tokens_issued"] == 1


async def test_a_token_that_is_revoked_under_way_is_renewed_and_the_call_repeated(box: Box) -> None:
    box.faults({"kind": "expired_token", "limit": 1})
    one = Patient(box).client()
    await one.list_orders({"limit": "1"})
    await one.aclose()
    assert box.state()["tokens_issued"] == 2


async def test_a_changed_secret_is_an_auth_error(box: Box) -> None:
    box.http.put(
        "/sandbox/accounts/sandbox-client", json={"client_secret": "new", "revoke_tokens": True}
    ).raise_for_status()
    one = Patient(box).client()
    with pytest.raises(AuthError, match="credentials were refused"):
        await one.list_orders({"limit": "1"})
    await one.aclose()


async def test_under_heavy_faults_every_order_is_acknowledged_in_the_end(box: Box) -> None:
    """FUL-1, EVT-4, RATE-1: resets, lost answers, throttles; the retry tiers bring back what failed."""
    orders = box.add(80)
    box.clock.now += 3
    box.http.put("/sandbox/faults", json={"preset": "heavy", "seed": 4}).raise_for_status()
    patient = Patient(box, rates={"orders_per_second": 1000, "acknowledge_per_minute": 60, "token_per_minute": 30})
    sink = patient.sink()
    waiting, outcomes = [acknowledgement(po) for po in orders], Counter[Any]()
    for _ in range(30):
        found = await sink.deliver(waiting)
        assert len(found) == len(waiting)
        outcomes.update((one.result, one.reason) for one in found)
        waiting = [
            replace(one, attempt=one.attempt + 1) for one, told in zip(waiting, found, strict=True) if not told.ok
        ]
        if not waiting:
            break
        box.clock.now += 60
    await sink.aclose()
    assert waiting == []
    assert {order["status"] for order in box.state()["orders"]} == {"Acknowledged"}
    assert outcomes[Result.FAILED, Reason.THROTTLED] > 0  # 80 orders, 60 a minute
    assert {reason for _, reason in outcomes} <= {None, Reason.THROTTLED, Reason.TRANSIENT, Reason.AUTH, Reason.RULE}


async def test_an_order_cancelled_before_it_was_acknowledged_is_left_alone(box: Box) -> None:
    (po,) = box.add(1)
    box.clock.now += 3
    box.http.post(f"/sandbox/orders/{po}/change", json={"kind": "cancel_order"}).raise_for_status()
    sink = Patient(box).sink()
    (found,) = await sink.deliver([acknowledgement(po)])
    await sink.aclose()
    assert (found.result, found.notes) == (Result.STALE, ("order_cancelled",))


async def test_a_walmart_fulfilled_order_needs_no_acknowledgement(box: Box) -> None:
    """ORD-10: Walmart takes none of what it ships itself, and nobody has to look why."""
    (po,) = box.add(1, mix={"base": "plain", "walmart_fulfilled": 1.0})
    box.clock.now += 3
    sink = Patient(box).sink()
    (found,) = await sink.deliver([acknowledgement(po)])
    await sink.aclose()
    assert (found.result, found.notes) == (Result.ALREADY_APPLIED, ("walmart_ships_it",))


async def test_a_scope_that_may_only_read_cannot_acknowledge(box: Box) -> None:
    (po,) = box.add(1)
    box.clock.now += 3
    box.http.put("/sandbox/accounts/sandbox-client", json={"scopes": {"orders": "view_only"}}).raise_for_status()
    one = Patient(box).client()
    with pytest.raises(ForbiddenError, match="lack this right"):
        await one.acknowledge(po)
    await one.aclose()


async def test_source_and_sink_of_an_account_share_token_and_budget(box: Box) -> None:
    """AUTH-1, RATE-1: once per process, whoever asks."""
    orders = box.add(2)
    box.clock.now += 3
    settings, deps = settings_of(box), deps_of(box)
    assert CONNECTOR.source is not None
    assert CONNECTOR.sink is not None
    source, sink = CONNECTOR.source(settings, "main", "orders", deps), CONNECTOR.sink(settings, deps)
    assert [page async for page in source.pages("")]
    assert all(one.ok for one in await sink.deliver([acknowledgement(po) for po in orders]))
    await source.aclose()
    await sink.aclose()
    assert box.state()["tokens_issued"] == 1
    assert client.budget_of(settings, "main") is client.budget_of(settings, "main")


def test_production_keys_never_go_to_a_sandbox(box: Box) -> None:
    """AUTH-7, TEST-4."""
    assert CONNECTOR.source is not None
    with pytest.raises(ValueError, match="a sandbox, but CAUSEWAY_ENVIRONMENT is production"):
        CONNECTOR.source(settings_of(box), "main", "orders", deps_of(box, "production"))
    with pytest.raises(ValueError, match="no flow 'reviews'"):
        CONNECTOR.source(settings_of(box), "main", "reviews", deps_of(box))


def test_the_configured_reading_of_charges_is_the_one_that_maps() -> None:
    """`charges`: whether an amount is for the line or for one unit."""
    payload = recorded("walmart", "order_part_shipped").payload  # two units, one amount of 5.00
    amounts = {}
    for charges in ("line", "unit"):
        mapping = CONNECTOR.configured_mapping(WalmartSettings(charges=charges))
        assert mapping is not None
        amounts[charges] = mapping(payload, "main")["lines"][0]["amount"]["amount"]
    assert amounts == {"line": "5.00", "unit": "10.00"}
