"""A group of routes with its state, its page tables and its snapshot: what the sandbox is put together from.

To add one: a module with a Part over the World, its name in app.PARTS. A part makes its tables with
``world.database.create(schema, tables)`` (each with a column `account`), lets calls in by ``world.gate.enter(request,
operation)``, answers by ``passed.answer(body)``, refuses by raising errors.ApiError, and puts its control endpoints
under ``/sandbox/``. Feed types and report types are announced at ``world.feeds`` and ``world.reports``.
"""

from typing import TYPE_CHECKING

from starlette.routing import Route

from connectors.kit.sandbox.page import Table
from connectors.kit.sandbox.steering import Json

if TYPE_CHECKING:
    from connectors.amazon.sandbox.world import World


class Part:
    """Everything is optional but the World."""

    def __init__(self, world: "World") -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return []

    def advance(self, now: float) -> None:
        """Lets happen what is due at epoch seconds; called before every call is answered."""

    def tables(self, account: str) -> list[Table]:
        """For the page."""
        return []

    def snapshot(self, account: str, now: float) -> Json:
        """What is held, for a ledger: section name -> plain values."""
        return {}
