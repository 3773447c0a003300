"""The control routes every marketplace's sandbox has: health, and the catalogue its orders are made of."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.calls import CallLog
from connectors.kit.sandbox.catalog import CATALOG
from connectors.kit.sandbox.faults import FaultsMiddleware
from connectors.kit.sandbox.page import Table, calls_table, faults_table
from connectors.kit.sandbox.steering import Json


class StandardControl:
    """`faults` and `calls` are set when the app is put together."""

    faults: FaultsMiddleware
    calls: CallLog

    def standard_routes(self) -> list[Route]:
        return [
            Route("/sandbox/health", self.health, methods=["GET"]),
            Route("/sandbox/catalog", self.catalog, methods=["GET"]),
        ]

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def catalog(self, request: Request) -> Response:
        return JSONResponse([asdict(product) for product in CATALOG])

    def seen(self) -> Json:
        """What was called and what faults struck."""
        return {"calls": self.calls.as_json(), "faults": self.faults.plan.as_json()}

    def seen_tables(self) -> list[Table]:
        return [calls_table(self.calls), faults_table(self.faults.plan)]

    def forget(self) -> None:
        self.faults.use("none")
        self.calls.clear()
