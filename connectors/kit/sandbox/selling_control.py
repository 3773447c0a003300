"""The control routes of a marketplace that sells: orders to add, by number or as they are, and forgetting all."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.batches import Batch, batch_from
from connectors.kit.sandbox.standard_control import StandardControl
from connectors.kit.sandbox.steering import Json, account_in, answered, known, objects, texts

MixT = TypeVar("MixT")


class SellingWorld(Protocol[MixT]):
    """What is sold in."""

    def add_batch(self, account: str, batch: Batch[MixT]) -> list[str]:
        """Ids of the orders added; those that are there already are left alone."""
        ...

    def reset(self) -> None:
        """Forgets all."""
        ...


class SellingControl(StandardControl, ABC, Generic[MixT]):
    """order_id: what an order's id is called in its body (the list of the ids added is called so with an s); raw_fields: what
    `POST /sandbox/orders/raw` takes besides orders, traits and account."""

    order_id: ClassVar[str]
    raw_fields: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self, world: SellingWorld[MixT], accounts: Callable[[], Iterable[str]], mix_from: Callable[[Any], MixT]
    ) -> None:
        self._selling = world
        self._accounts = accounts
        self._mix_from = mix_from

    @abstractmethod
    def add_as_given(self, account: str, orders: Sequence[Json], traits: Sequence[str], body: Json) -> list[str]:
        """Ids of orders that are put in as they are. body: the whole call, for `raw_fields`. Raises ValueError."""

    def selling_routes(self) -> list[Route]:
        return [
            *self.standard_routes(),
            Route("/sandbox/orders", self.add, methods=["POST"]),
            Route("/sandbox/orders/raw", self.add_raw, methods=["POST"]),
            Route("/sandbox/reset", self.reset, methods=["POST"]),
        ]

    async def add(self, request: Request) -> Response:
        """{"count": 200, "seed": 7, "mix": "default", "rate": 5, "spread_minutes": 0, "account": ...}"""
        return await answered(request, self._add)

    async def add_raw(self, request: Request) -> Response:
        """{"orders": [...], "traits": [...], "account": ...}"""
        return await answered(request, self._add_raw)

    async def reset(self, request: Request) -> Response:
        """Forget all orders, tokens, quotas, faults and calls."""
        self._selling.reset()
        self.forget()
        return JSONResponse({"status": "reset"})

    def account_of(self, given: Mapping[str, Any]) -> str:
        """The account a call names. Raises ValueError for an unknown one."""
        return account_in(self._accounts(), given)

    def _add(self, body: Json) -> Json:
        batch = batch_from(body, self._mix_from)
        added = self._selling.add_batch(self.account_of(body), batch)
        return {"added": len(added), "known": batch.count - len(added), f"{self.order_id}s": added}

    def _add_raw(self, body: Json) -> Json:
        known(body, {"orders", "traits", "account", *self.raw_fields})
        orders, name = objects(body, "orders"), self.order_id
        if not orders or not all(isinstance(one.get(name), str) and one[name] for one in orders):
            raise ValueError(f"orders: a list of orders with an {name} each is expected")
        added = self.add_as_given(self.account_of(body), orders, texts(body, "traits"), body)
        return {"added": len(added), f"{name}s": added}
