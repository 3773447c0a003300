"""A group of APIs with its state, its page tables and its snapshot: what the sandbox is put together from.

To add one: a module with a Part over the World, its name in app.PARTS, its APIs in operations.py. A part makes its tables with
``world.database.create(schema, tables)`` (each with a column `account`), answers calls by ``handlers`` (API name -> function of a Call that
returns the body), refuses by raising errors.BusinessError, and puts its control endpoints under ``/sandbox/``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from connectors.alibaba.sandbox.operations import Operation
from connectors.alibaba.sandbox.settings import Buyer
from connectors.kit.sandbox.faults import CallFaults
from connectors.kit.sandbox.page import Table
from connectors.kit.sandbox.steering import Json

if TYPE_CHECKING:
    from connectors.alibaba.sandbox.world import World


@dataclass(frozen=True)
class Call:
    """A call that was let in. now: epoch seconds; parameters: decoded texts, system parameters too."""

    buyer: Buyer
    operation: Operation
    now: float
    parameters: Mapping[str, str]
    faults: CallFaults

    @property
    def account(self) -> str:
        return self.buyer.app_key

    def text(self, name: str, default: str = "") -> str:
        return self.parameters.get(name, default)


Handler = Callable[[Call], Any]


class Part:
    """Everything is optional but the World."""

    def __init__(self, world: "World") -> None:
        self.world = world

    def handlers(self) -> dict[str, Handler]:
        """API name -> what answers it."""
        return {}

    def routes(self) -> list[Route]:
        """Control endpoints."""
        return []

    def advance(self, now: float) -> None:
        """Lets happen what is due at epoch seconds; called before every call is answered."""

    def tables(self, account: str) -> list[Table]:
        """For the page."""
        return []

    def snapshot(self, account: str, now: float) -> Json:
        """What is held, for a ledger: section name -> plain values."""
        return {}
