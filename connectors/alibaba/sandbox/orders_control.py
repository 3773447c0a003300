"""The sellers' and carriers' side of orders: changes, parcels, what was planned."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.alibaba.sandbox.ledger import told_order, told_parcel
from connectors.alibaba.sandbox.parts import Part
from connectors.kit.sandbox.steering import Json, answered, known, number


class OrdersControl(Part):
    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/orders/{order_id}", self.one, methods=["GET"]),
            Route("/sandbox/orders/{order_id}/change", self.change, methods=["POST"]),
            Route("/sandbox/orders/{order_id}/hide", self.hide, methods=["POST"]),
            Route("/sandbox/orders/{order_id}/age", self.age, methods=["POST"]),
            Route("/sandbox/parcels", self.ship, methods=["POST"]),
            Route("/sandbox/parcels/{parcel_id}/change", self.step, methods=["POST"]),
        ]

    def advance(self, now: float) -> None:
        self.world.journal.apply_due(now, self.world.desk.due)

    async def one(self, request: Request) -> Response:
        def told(_: Json) -> Json:
            self.world.now()
            return told_order(self.world, self.world.desk.order(request.path_params["order_id"]))

        return await answered(request, told)

    async def change(self, request: Request) -> Response:
        """{"kind": "pay" | "price" | "ship" | "sign" | "confirm" | "success" | "close" | "terminate" | "refund" | "status" | "touch", ...}"""

        def changed(body: Json) -> Json:
            now = self.world.now()
            with self.world.database.transaction():
                order = self.world.desk.change(self.world.desk.order(request.path_params["order_id"]), body, now)
            return told_order(self.world, order)

        return await answered(request, changed)

    async def hide(self, request: Request) -> Response:
        """{"seconds": 600}: the order is absent from lists so long."""

        def hidden(body: Json) -> Json:
            known(body, {"seconds"})
            now, order = self.world.now(), self.world.desk.order(request.path_params["order_id"])
            return told_order(self.world, self.world.desk.hide(order, number(body, "seconds", 0, 10**9), now))

        return await answered(request, hidden)

    async def age(self, request: Request) -> Response:
        """{"days": 100}: the order was created so many days earlier."""

        def older(body: Json) -> Json:
            known(body, {"days"})
            self.world.now()
            order = self.world.desk.order(request.path_params["order_id"])
            return told_order(self.world, self.world.desk.age(order, number(body, "days", 0, 10**4)))

        return await answered(request, older)

    async def ship(self, request: Request) -> Response:
        """{"orders": {order id: {sub-order id: units}, ...}, "carrier", "bill_no", "type"}: one parcel of several orders; units left out: all."""

        def shipped(body: Json) -> Json:
            now, wanted = self.world.now(), body.get("orders")
            if not isinstance(wanted, dict) or not wanted:
                raise ValueError("orders: units by order id and sub-order id are expected")
            with self.world.database.transaction():
                return told_parcel(
                    self.world.desk.ship({one: self._units(one, wanted[one]) for one in wanted}, body, now)
                )

        return await answered(request, shipped)

    async def step(self, request: Request) -> Response:
        """{"kind": "accept" | "transport" | "delivering" | "agent_sign" | "sign" | "failed" | "noget" | "cancel" | "step" | "number", ...}"""

        def stepped(body: Json) -> Json:
            known(body, {"kind", "remark", "bill_no", "carrier"})
            now = self.world.now()
            with self.world.database.transaction():
                parcel = self.world.desk.parcel(request.path_params["parcel_id"])
                return told_parcel(self.world.desk.step(parcel, body, now))

        return await answered(request, stepped)

    def _units(self, order_id: str, units: Any) -> dict[str, int]:
        order = self.world.desk.order(order_id)
        return units if units else {line.sub_id: line.left for line in order.lines if line.left}
