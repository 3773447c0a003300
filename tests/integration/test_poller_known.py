"""EVT-6: a product deleted while no poller ran is told by the next one, which reads back from Kafka what was published of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.odoo.capture_mapping import mappings
from schemas.record import Message
from schemas.topics import topic_table
from streams.kafka import SyncProducer, ensure_topics, read_to_end
from tests.contract.odoo_capture_box import CaptureBox, capture_box
from tests.integration.poller_kit import MakeWorld, World, world
from tests.waiting import until

__all__ = ["world"]  # the fixture

OTHERS = {f"odoo.{flow}": "1h" for flow in ("stock", "sale_orders", "pickings", "prices", "refunds", "purchase_orders")}


def told(ours: World) -> list[dict[str, Any]]:
    """What was read of products, as Odoo said it, oldest first for each."""
    codec = ours.codec()
    records = read_to_end(ours.kafka, [ours.names.raw("odoo", "product")])
    return [json.loads(codec.decode("raw_event", record.value)["payload"]) for record in records]


def transformed(ours: World, box: CaptureBox) -> None:
    """What the stage `transform` makes of it, on the compacted topic."""
    codec, mapping = ours.codec(), mappings(box.settings)["product"]
    topic = next(one for one in topic_table() if one.name == "products")
    ensure_topics(ours.settings(), [replace(topic, name=ours.names.current("product"), partitions=ours.partitions)])
    records = [record for one in told(ours) for record in mapping(json.dumps(one).encode(), "main")]
    with SyncProducer(ours.kafka) as producer:
        producer.send_all(
            [
                Message(ours.names.current("product"), one.key.encode(), codec.encode("product", one.body))
                for one in records
            ]
        )


@pytest.mark.timeout(600)
def test_a_product_deleted_while_no_poller_ran_is_told_by_the_next(world: MakeWorld) -> None:
    """EVT-6: by SKU, for nobody knows its id any more; what is still there is left alone."""
    ours = world(poll={"intervals": OTHERS | {"odoo.products": "1s"}})
    with capture_box() as box:
        gone, _ = box.product("GONE-1"), box.product("KEPT-1")
        part = box.settings.model_dump(mode="json") | {
            "password": box.settings.password.get_secret_value(), "id_key": "", "capture": {"mode": "poll"}
        }  # fmt: skip
        running = ours.start(connector={"odoo": part})
        until(lambda: {one["sku"] for one in told(ours)} == {"GONE-1", "KEPT-1"}, "both are read")
        assert running.terminate() == 0
        transformed(ours, box)
        box.call("product.product", "unlink", [gone])
        running = ours.start(connector={"odoo": part})
        until(lambda: told(ours)[-1]["active"] is False, "the one that has gone is told")
        assert [one["sku"] for one in told(ours) if not one["active"]] == ["GONE-1"]
        assert running.terminate() == 0
