"""Shipments out (FUL-2), and the handlers of all that is done to orders: `ship_order`, `cancel_lines`, `refund_order`, `acknowledge_order`.

A shipment is confirmed parcel by parcel (v0 confirmShipment, which has no successor). The order is looked at first, and again when no answer came
or Amazon refused: what Amazon shows decides, and a parcel told twice is the same parcel, because its number follows from the transfer (EVT-4).

    payment not verified yet            -> conflict, again a little later
    more left than Amazon has open      -> rule: a person looks (the buyer cancelled meanwhile)
    Amazon ships the order itself (FBA) -> rule; nothing to tell where Amazon has sent it, and Odoo's delivery follows (ORD-10)
    carrier without a code of Amazon's  -> `Other` and its name; a mapping `ship_carrier` says which code it is
    no carrier, no tracking number      -> data: the warehouse completes the transfer, which sends it again

Amazon knows no acknowledgement: an order is the seller's from the moment its payment is verified. So there is nothing to do, and no call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from urllib.parse import quote

from connectors.amazon import order_bodies as bodies
from connectors.amazon.cancelling import Cancelling
from connectors.amazon.client import AmazonClient
from connectors.amazon.feeds import AmazonFeeds
from connectors.amazon.order_bodies import Carrier, Json
from connectors.amazon.order_feeds import MODEL, no_order, order_id_of
from connectors.amazon.order_state import WORK, OrderNow, order_now
from connectors.amazon.refunding import Refunding
from connectors.amazon.refunds_told import remote_id
from connectors.amazon.settings import AmazonSettings
from connectors.kit.accounts import OpenClient
from connectors.kit.each_order import EachOrder, Limits, look_and_write
from connectors.kit.errors import DataError, RuleError
from connectors.kit.follower import Follower
from connectors.kit.operations import Operation
from connectors.kit.ports import Delivery, Difference, Mappings, Outcome, Result
from connectors.kit.shipped_there import check_shipped_there
from schemas.records import Shipment

ACKNOWLEDGE, SHIP, CANCEL, REFUND = "acknowledge_order", "ship_order", "cancel_lines", "refund_order"
NOT_NEEDED = "amazon_needs_no_acknowledgement"
CONFIRM = "/orders/v0/orders/{}/shipmentConfirmation"


@dataclass(frozen=True, slots=True)
class Means:
    """What handlers of orders work with. feeds: of an account; now: the clock, aware UTC; mappings: which of Amazon's carriers a delivery method
    of Odoo is (kind `ship_carrier`)."""

    settings: AmazonSettings
    open_client: OpenClient[AmazonClient]
    feeds: Callable[[str], AmazonFeeds]
    follower: Follower
    now: Callable[[], datetime]
    mappings: Mappings


class OrderCommands:
    """The handlers of four operations, as a table for the sink."""

    def __init__(self, means: Means) -> None:
        settings = means.settings
        self._open = means.open_client
        self._mappings = means.mappings
        self._codes = settings.fulfilment.carrier_codes
        limits = Limits(settings.patience_seconds, settings.order_concurrency)
        by_feed = (settings, means.open_client, means.feeds, means.follower, means.now)
        # Each look is one getOrder, of which there are fewer than of confirmations.
        self.ship = EachOrder(limits, means.open_client, "getOrder", self._ship)
        self.cancel = Cancelling(*by_feed)
        self.refund = Refunding(*by_feed)

    def table(self) -> dict[str, Operation]:
        return {
            ACKNOWLEDGE: Operation(acknowledge, _nothing),
            SHIP: Operation(self.ship, self.preview),
            CANCEL: Operation(self.cancel, self.preview),
            REFUND: Operation(self.refund, self.preview, self.refund),
        }

    async def has_shipped(self, client: AmazonClient, order_id: str) -> bool:
        """Whether something of an order has left by now: what a refund waits for. Raises ConnectorError."""
        order = await client.get_order(order_id, WORK)
        return order is not None and order_now(order).has_shipped

    async def preview(self, batch: Sequence[Delivery]) -> list[Sequence[Difference]]:
        """What each would change at Amazon now; reads only. Raises ConnectorError when Amazon cannot be asked."""
        found: list[Sequence[Difference]] = []
        for delivery in batch:
            try:
                found.append(await self._preview(delivery))
            except (DataError, RuleError) as error:
                found.append([Difference(error.reason.value, "", str(error)[:300], refused=True)])
        return found

    async def _preview(self, delivery: Delivery) -> list[Difference]:
        if delivery.operation == CANCEL:
            return await self.cancel.differences(delivery)
        if delivery.operation == REFUND:
            return await self.refund.differences(delivery)
        now = await self._now(self._open(delivery.account), order_id_of(delivery))
        if now is None:
            return [Difference("order", "not there", delivery.operation)]
        shipment = cast("Shipment", delivery.body)
        made = self._missing(now, shipment, delivery.account)
        return [one for body in made for one in _differences(now, body)]

    async def _ship(self, client: AmazonClient, delivery: Delivery) -> Outcome:
        order_id, shipment = order_id_of(delivery), cast("Shipment", delivery.body)
        waiting: list[Json] = []
        corrected = False

        async def look() -> Outcome | None:
            nonlocal waiting, corrected
            now = await self._now(client, order_id)
            if now is None:
                return no_order()
            waiting = self._missing(now, shipment, delivery.account)
            corrected = corrected or any(bodies.is_correction(now, body) for body in waiting)
            return None if waiting else self._done(delivery, Result.ALREADY_APPLIED)

        async def write() -> Outcome:
            for body in waiting:
                path = CONFIRM.format(quote(order_id, safe=""))
                await client.call("confirmShipment", "POST", path, body=body)
            return self._done(delivery, Result.APPLIED, ("tracking_changed",) if corrected else ())

        # A parcel that is told again is the same parcel.
        return await look_and_write(look, write, is_repeatable=True)

    def _missing(self, now: OrderNow, shipment: Shipment, account: str) -> list[Json]:
        """The confirmations still to be sent. Raises as `bodies.confirmations`, and DataError where the transfer names no carrier."""
        if now.by_amazon:
            check_shipped_there("Amazon", shipment, lambda line_id: now.line(line_id).shipped)
            return []
        return bodies.confirmations(now, shipment, self._carrier(shipment, account))

    def _done(self, delivery: Delivery, result: Result, notes: tuple[str, ...] = ()) -> Outcome:
        return Outcome(result, remote_model=MODEL, remote_id=remote_id(order_id_of(delivery), delivery), notes=notes)

    async def _now(self, client: AmazonClient, order_id: str) -> OrderNow | None:
        order = await client.get_order(order_id, WORK)
        return None if order is None else order_now(order)

    def _carrier(self, shipment: Shipment, account: str) -> Carrier:
        """Raises DataError where the transfer names none."""
        said = shipment["carrier"].strip() or shipment["carrier_code"].strip()
        if not said:
            raise DataError(
                f"{shipment['picking']}: no carrier; write it and the tracking number on the transfer in Odoo, it is sent again by itself"
            )
        return bodies.carrier_of(self._mappings.lookup("ship_carrier", "amazon", account, said) or said, self._codes)


async def acknowledge(batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """Nothing to be done."""
    return [_acknowledged(delivery) for delivery in batch]


def _acknowledged(delivery: Delivery) -> Outcome:
    order_id = delivery.key.rpartition(":")[2]
    return Outcome(
        Result.ALREADY_APPLIED, remote_model=MODEL, remote_id=remote_id(order_id, delivery), notes=(NOT_NEEDED,)
    )


async def _nothing(batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
    return [() for _ in batch]


def _differences(now: OrderNow, body: Json) -> list[Difference]:
    package = body["packageDetail"]
    carrier = package.get("carrierName") or package["carrierCode"]
    found = []
    for item in package["orderItems"]:
        have = now.line(item["orderItemId"])
        before = f"{have.open} open, {have.shipped} shipped, {have.cancelled} cancelled"
        would = f"{item['quantity']} shipped {carrier} {package['trackingNumber']}"
        found.append(Difference(f"item {have.number}", before, would))
    return found
