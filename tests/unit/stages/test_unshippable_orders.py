"""An order nobody can ship is sold all the same: no other channel offers what it took, and a person mends it where the import refused it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.amazon import mapping as amazon
from connectors.kit import exact_json
from connectors.kit.ports import Canonical
from connectors.odoo.mapping import Rules, plan_order
from connectors.odoo.settings import OdooSettings
from connectors.walmart import mapping as walmart
from schemas.headers import Headers, decode_headers, encode_headers
from schemas.record import Record
from schemas.records import RawEvent
from streams.failure.dead import Letter
from streams.failure.edit import apply_sets, edited_messages, open_draft
from streams.failure.routing import FailureRouting
from streams.phases import Phase
from streams.settings import Settings
from streams.stages.dedupe import Memory
from streams.stages.route import Router, Switches
from streams.stages.transform import Transformer
from tests.unit.amazon import samples as of_amazon
from tests.unit.failure.samples import codec
from tests.unit.stock.samples import AMAZON, WALMART, Bench, level, numbers
from tests.unit.walmart import samples as of_walmart

CODEC = codec()
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FETCHED = int(AT.timestamp() * 1000)
ON = Switches(
    {"odoo", "walmart", "amazon"}, (("walmart", "MAIN"), ("amazon", "MAIN")),
    {source: {"main": {"all": Phase.ON}} for source in ("walmart", "amazon")},
)  # fmt: skip
SOLD: dict[str, tuple[Any, Any]] = {
    "walmart": (walmart.to_order, of_walmart.changed("shippingInfo.postalAddress.postalCode", "1234")),
    "amazon": (amazon.to_order, of_amazon.changed("recipient.deliveryAddress.postalCode", "1234")),
}


def record(source: str, body: Any) -> Record:
    """The raw record of an order."""
    to_order, _ = SOLD[source]
    order = to_order(exact_json.dumps(body), "MAIN")
    event = RawEvent(
        source=source, account="MAIN", entity="order", key=order["key"], payload=exact_json.dumps(body), content_type="application/json",
        fetched_at=AT, checksum="c", correlation="", request="",
    )  # fmt: skip
    headers = Headers("raw-id", source, "order", order["version"], "c", order["key"], FETCHED, "sandbox")
    return Record(
        f"raw.{source}.orders",
        0,
        9,
        0,
        order["key"].encode(),
        CODEC.encode("raw_event", event),
        encode_headers(headers),
    )


def routed(source: str, body: Any) -> list[Any]:
    """What follows of the raw order: on `orders`, to Odoo, on `demand`."""
    to_order, _ = SOLD[source]

    def mapping(payload: bytes, account: str) -> tuple[Canonical, ...]:
        order = to_order(payload, account)
        return (Canonical("order", order["key"], order["version"], order),)

    settings = Settings()
    routing = FailureRouting(CODEC, settings)
    transformer = Transformer(settings, CODEC, {f"raw.{source}.orders": mapping}, routing, lambda: AT)
    every, current = transformer.messages(record(source, body), Memory().draft(0))
    assert (every.topic, current.topic) == ("orders", "orders.current")
    canonical = Record("orders", 0, 1, 0, every.key, every.value, every.headers)
    return [CODEC.decode("order", every.value), *Router(CODEC, routing, lambda: AT, ON).messages(canonical)]


@pytest.mark.parametrize("source", sorted(SOLD))
async def test_no_channel_sells_what_an_order_took_that_cannot_be_shipped(source: str) -> None:
    """INV-2, INV-3, ORD-12: 10 in the warehouse, and an order that waits for its ZIP code to be mended."""
    order, to_odoo, *demands = routed(source, SOLD[source][1])
    assert [one.partition(":")[0] for one in order["problems"]] == ["ship_to.zip"]
    assert to_odoo.topic == "deliver.odoo.critical"
    asked: list[Any] = [CODEC.decode("demand", one.value) for one in demands]
    assert asked
    for one in asked:
        bench = await Bench(channels=[WALMART, AMAZON]).start()
        bench.now = AT
        await bench.levels(level(10, sku=one["sku"], read_at=AT))
        await bench.demands(one | {"ordered_at": AT - timedelta(hours=1)})
        await bench.flush()
        left = 10 - int(Decimal(one["quantity"]))
        assert set(numbers(bench.sent.offers()).values()) == {left} != {10}


@pytest.mark.parametrize("source", sorted(SOLD))
def test_a_person_mends_the_place_the_refusal_names(source: str) -> None:
    """ERR-6: the dead letter is one of Odoo's, and one edit of the address lets the order through."""
    _, to_odoo, *_ = routed(source, SOLD[source][1])
    failed: Any = {
        "id": "failed-1", "destination": "odoo", "operation": "upsert_order", "target": to_odoo.topic, "value": to_odoo.value,
        "correlation": "c", "headers": dict(to_odoo.headers), "env": "sandbox", "state": "dead",
    }  # fmt: skip
    draft = open_draft(CODEC, Letter("dead.odoo/0/1", to_odoo.key, failed))
    document = apply_sets(draft.document, ["ship_to.zip=98101"])
    message, _ = edited_messages(CODEC, draft, document, actor="me", at=AT, note="")
    sent: Any = CODEC.decode("deliver", message.value)
    mended: Any = CODEC.decode("order", sent["body"])
    plan = plan_order(mended, Rules(OdooSettings(), production=False))
    assert plan.delivery.address.zip == "98101"
    assert decode_headers(message.headers).id != decode_headers(to_odoo.headers).id


@pytest.mark.parametrize("source", sorted(SOLD))
def test_an_order_that_was_cancelled_holds_nothing_any_more(source: str) -> None:
    """Its last state is read too, although its address is as bad as before."""
    _, body = SOLD[source]
    gone = (
        of_walmart.changed(of_walmart.line("orderLineStatuses.orderLineStatus.0.status"), "Cancelled", body)
        if source == "walmart"
        else of_amazon.changed("fulfillment.fulfillmentStatus", "CANCELLED", body)
    )
    order, _, *demands = routed(source, gone)
    assert (order["status"], order["problems"]) == ("cancelled", [])
    assert {CODEC.decode("demand", one.value)["quantity"] for one in demands} == {"0"}
