"""An order that is not imported as it is now has been sold all the same: nobody promises its units again, and only Odoo is left out."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from connectors.amazon import mapping as amazon
from connectors.kit.ports import Canonical
from schemas.record import Message, Record
from streams.failure.routing import FailureRouting
from streams.settings import FilterSettings, Settings
from streams.stages.dedupe import Memory
from streams.stages.filters import exclusion
from streams.stages.route import Router
from streams.stages.transform import Transformer
from tests.contract.recordings import recorded
from tests.unit.stages.test_unshippable_orders import AT, CODEC, ON, record


def followed(body: Any, **filters: Any) -> tuple[list[Message], list[Message]]:
    """What follows of the raw order: of the transform stage, and then of the route stage."""

    def mapping(payload: bytes, account: str) -> tuple[Canonical, ...]:
        order = amazon.to_order(payload, account)
        return (Canonical("order", order["key"], order["version"], order),)

    settings = Settings(filters=FilterSettings(**filters))
    routing = FailureRouting(CODEC, settings)
    transformer = Transformer(settings, CODEC, {"raw.amazon.orders": mapping}, routing, lambda: AT)
    made = transformer.messages(record("amazon", body), Memory().draft(0))
    excluded = partial(exclusion, filters=settings.filters, environment=settings.environment)
    router = Router(CODEC, routing, lambda: AT, ON, exclusion=excluded)
    seen = [Record(one.topic, 0, 1, 0, one.key, one.value, one.headers) for one in made if one.topic == "orders"]
    return made, [message for one in seen for message in router.messages(one)]


@pytest.mark.parametrize(
    ("recording", "filters", "reason"),
    [("order_pending", {}, "pending"), ("order_plain", {"statuses": ("shipped",)}, "status")],
)
def test_its_units_are_taken_from_every_channel_and_odoo_is_left_out(
    recording: str, filters: dict[str, Any], reason: str
) -> None:
    """INV-2, INV-3, ORD-4: Amazon has sold it; every other channel would sell it again."""
    made, onward = followed(recorded("amazon", recording).order, **filters)
    assert [one.topic for one in made] == ["orders", "orders.current"]
    outcomes: list[Any] = [CODEC.decode("outcome", one.value) for one in onward if one.topic == "outcomes"]
    assert [(one["destination"], one["result"], one["reason"]) for one in outcomes] == [("odoo", "excluded", reason)]
    demands: list[Any] = [CODEC.decode("demand", one.value) for one in onward if one.topic == "demand"]
    assert demands
    assert all(Decimal(one["quantity"]) > 0 for one in demands)
    assert {one.topic for one in onward} == {"outcomes", "demand"}


def test_let_in_it_goes_to_odoo() -> None:
    _, onward = followed(recorded("amazon", "order_pending").order, pending=True)
    assert {one.topic for one in onward} == {"deliver.odoo.critical", "demand"}


def test_an_order_that_is_never_imported_takes_nothing() -> None:
    """ORD-4."""
    made, onward = followed(recorded("amazon", "order_pending").order, sku_pattern="^NOT-OURS$")
    assert [one.topic for one in made] == ["outcomes"]
    assert onward == []
