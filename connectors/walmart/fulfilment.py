"""Shipments, cancellations and refunds out (FUL-2, FUL-3, RET-2).

Each looks at the order first, writes what is missing there, and looks again when no answer came or Walmart refused: what Walmart holds
decides, so a repeated delivery, a lost answer or a kill never ships, cancels or refunds twice (EVT-4).

    ship     not acknowledged yet            -> conflict, again a little later
             more left than Walmart has open -> rule: a person looks (the buyer cancelled meanwhile)
             Walmart ships it itself (WFS) -> nothing to tell once it has, and Odoo's delivery follows; rule before (ORD-10)
             carrier unknown to Walmart      -> its tracking address goes along; without one it is held for a mapping `ship_carrier`
             no carrier, no tracking number  -> data: the warehouse completes the transfer, which sends it again
    cancel   shipped meanwhile               -> rule: an exception, and Odoo's cancellation is taken back (ORD-13)
    refund   not shipped yet                 -> held until it is
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from connectors.kit.accounts import OpenClient
from connectors.kit.each_order import EachOrder, Limits, look_and_write
from connectors.kit.errors import DataError, MappingError
from connectors.kit.ports import Delivery, Difference, Mappings, Outcome, Result, failed
from connectors.kit.shipped_there import check_shipped_there
from connectors.walmart import errors
from connectors.walmart import order_bodies as bodies
from connectors.walmart.client import WalmartClient, order_in, order_path
from connectors.walmart.order_bodies import Carrier, Json
from connectors.walmart.order_state import OrderNow, order_now
from connectors.walmart.settings import WalmartSettings
from schemas.reasons import Reason
from schemas.records import Cancellation, Refund, Shipment

SHIP, CANCEL, REFUND = "ship_order", "cancel_lines", "refund_order"
MODEL = "order"
SHIPPED = "shipped"  # `shipped:walmart:ACCOUNT:PO`: what a refund waits for


class Fulfilment:
    """The handlers of three operations. `mappings`: which of Walmart's carriers a delivery method of Odoo is (kind `ship_carrier`)."""

    def __init__(self, settings: WalmartSettings, open_client: OpenClient[WalmartClient], mappings: Mappings) -> None:
        self._settings = settings
        self._open = open_client
        self._mappings = mappings
        limits = limits_of(settings)
        self.ship = EachOrder(limits, open_client, "shipping", self._ship)
        self.cancel = EachOrder(limits, open_client, "cancel", self._cancel)
        self.refund = EachOrder(limits, open_client, "refund", self._refund)

    async def has_shipped(self, client: WalmartClient, order_id: str) -> bool:
        """Whether something of an order has left by now: what a refund waits for. Raises ConnectorError."""
        now = await self._now(client, order_id)
        return now is not None and any(line.shipped for line in now.lines.values())

    async def preview(self, batch: Sequence[Delivery]) -> list[list[Difference]]:
        """What each would change at Walmart now; reads only. Raises ConnectorError."""
        return [await self._preview(delivery) for delivery in batch]

    async def _ship(self, client: WalmartClient, delivery: Delivery) -> Outcome:
        shipment = cast("Shipment", delivery.body)
        order_id, body = _order_id(delivery), None

        async def look() -> Outcome | None:
            nonlocal body
            now = await self._now(client, order_id)
            if now is None:
                return _no_order()
            body = self._shipment(now, shipment, delivery.account)
            return None if body else _done(order_id)

        async def write() -> Outcome:
            await self._post(client, "shipping", order_id, body)
            return Outcome(Result.APPLIED, remote_model=MODEL, remote_id=order_id, notes=_notes(body))

        return await look_and_write(look, write)

    def _shipment(self, now: OrderNow, shipment: Shipment, account: str) -> Json | None:
        """What is still to be told, None when nothing is. Raises ConnectorError."""
        if now.by_walmart:
            check_shipped_there("Walmart", shipment, lambda line_id: now.line(line_id).shipped)
            return None
        carrier = self._carrier(shipment, account)
        return bodies.retracking_body(now, shipment, carrier) or bodies.shipment_body(now, shipment, carrier)

    async def _cancel(self, client: WalmartClient, delivery: Delivery) -> Outcome:
        order_id, body = _order_id(delivery), None

        async def look() -> Outcome | None:
            nonlocal body
            now = await self._now(client, order_id)
            if now is None:
                return _no_order()
            body = bodies.cancellation_body(
                now, cast("Cancellation", delivery.body), self._settings.fulfilment.cancels()
            )
            return None if body else _done(order_id)

        async def write() -> Outcome:
            await self._post(client, "cancel", order_id, body)
            return Outcome(Result.APPLIED, remote_model=MODEL, remote_id=order_id)

        return await look_and_write(look, write)

    async def _refund(self, client: WalmartClient, delivery: Delivery) -> Outcome:
        order_id, refund = _order_id(delivery), cast("Refund", delivery.body)
        waiting: list[tuple[str, Json]] = []

        async def look() -> Outcome | None:
            nonlocal waiting
            now = await self._now(client, order_id)
            if now is None:
                return _no_order()
            if not any(line.shipped for line in now.lines.values()):
                return failed(
                    Reason.CONFLICT, "nothing of the order has been shipped at Walmart yet; it is refunded after that",
                    waiting_for=f"{SHIPPED}:{delivery.key}",
                )  # fmt: skip
            waiting = bodies.refund_bodies(now, refund, self._settings.fulfilment.refund_word(refund["reason"]))
            return None if waiting else _done(order_id)

        async def write() -> Outcome:
            for _, body in waiting:
                await self._post(client, "refund", order_id, body)
            return Outcome(Result.APPLIED, remote_model=MODEL, remote_id=order_id)

        return await look_and_write(look, write)

    async def _preview(self, delivery: Delivery) -> list[Difference]:
        order_id = _order_id(delivery)
        now = await self._now(self._open(delivery.account), order_id)
        if now is None:
            return [Difference("order", "not there", delivery.operation)]
        if delivery.operation == SHIP:
            body = self._shipment(now, cast("Shipment", delivery.body), delivery.account)
            return _told(now, (body or {}).get("orderShipment"))
        if delivery.operation == CANCEL:
            reasons = self._settings.fulfilment.cancels()
            cancelled = bodies.cancellation_body(now, cast("Cancellation", delivery.body), reasons)
            return _told(now, (cancelled or {}).get("orderCancellation"))
        refund = cast("Refund", delivery.body)
        made = bodies.refund_bodies(now, refund, self._settings.fulfilment.refund_word(refund["reason"]))
        return [
            Difference(f"line {line['lineNumber']} refund", now.lines[line["lineNumber"]].comments, f"{kind}, {refund['reference']}")
            for kind, body in made for line in body["orderRefund"]["orderLines"]["orderLine"]
        ]  # fmt: skip

    async def _now(self, client: WalmartClient, order_id: str) -> OrderNow | None:
        order = await client.get_order(order_id)
        return None if order is None else order_now(order, self._settings.charges)

    async def _post(self, client: WalmartClient, operation: str, order_id: str, body: Json | None) -> None:
        answer, content = await client.call(operation, "POST", order_path(order_id, f"/{operation}"), body=body)
        order_in(answer.asked, content)

    def _carrier(self, shipment: Shipment, account: str) -> Carrier:
        """Raises MappingError naming the mapping to make."""
        said = shipment["carrier"].strip() or shipment["carrier_code"].strip()
        name = self._mappings.lookup("ship_carrier", "walmart", account, said) or said
        known = bodies.known_carrier(name)
        number = next((p["tracking_number"] for p in shipment["parcels"] if p["tracking_number"]), "")
        url = shipment["tracking_url"] or self._settings.fulfilment.tracking_url(name, number)
        if known is not None:
            return Carrier(known, True, url)
        if name and url:
            return Carrier(name, False, url)
        if not said:
            raise DataError(
                f"{shipment['picking']}: no carrier; write it and the tracking number on the transfer in Odoo, it is sent again by itself"
            )
        raise MappingError(
            f"{shipment['picking']}: {said!r} is none of Walmart's carriers, and there is no address to follow the parcel; "
            f"say which one it is: causeway mapping set ship_carrier walmart {said!r} UPS",
            waiting_for=f"ship_carrier:walmart:{account}:{said}",
        )  # fmt: skip


def limits_of(settings: WalmartSettings) -> Limits:
    """Of writes to orders."""
    return Limits(settings.patience_seconds, settings.acknowledge_concurrency, errors.outcome_of)


def _order_id(delivery: Delivery) -> str:
    """Raises DataError for a body without an order key."""
    key: Any = delivery.body.get("order_key")
    if not isinstance(key, str) or key.count(":") < 2:
        raise DataError("order_key: expected `walmart:ACCOUNT:PURCHASEORDERID`")
    return key.split(":", 2)[2]


def _no_order() -> Outcome:
    return failed(Reason.DATA, "Walmart has no order of this purchaseOrderId; check the account and the id")


def _done(order_id: str) -> Outcome:
    return Outcome(Result.ALREADY_APPLIED, remote_model=MODEL, remote_id=order_id)


def _notes(body: Mapping[str, Any] | None) -> tuple[str, ...]:
    return ("tracking_changed",) if (body or {}).get("orderShipment", {}).get("processMode") else ()


def _told(now: OrderNow, request: Mapping[str, Any] | None) -> list[Difference]:
    """A shipment or cancellation, line by line."""
    found = []
    for line in request["orderLines"]["orderLine"] if request else ():
        for status in line["orderLineStatuses"]["orderLineStatus"]:
            have = now.lines[line["lineNumber"]]
            tracking = status.get("trackingInfo", {}).get("trackingNumber", "")
            would = f"{status['statusQuantity']['amount']} {status['status']} {tracking}".strip()
            before = f"{have.open} open, {have.shipped} shipped, {have.cancelled} cancelled"
            found.append(Difference(f"line {line['lineNumber']}", before, would))
    return found
