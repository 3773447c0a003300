"""The sandbox's own side: buyers, the clock, the truth, the page. Bad requests get 400 and say why."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.alibaba.sandbox.gate import Gate
from connectors.alibaba.sandbox.grants import ACCESS, REFRESH
from connectors.alibaba.sandbox.oauth import OAuth
from connectors.alibaba.sandbox.operations import NAMES
from connectors.alibaba.sandbox.push import CANCELLED
from connectors.alibaba.sandbox.world import World
from connectors.kit.sandbox.page import Table, page
from connectors.kit.sandbox.standard_control import StandardControl
from connectors.kit.sandbox.steering import Json, account_in, answered, known, number, wanted_sections

# Where PUT /sandbox/accounts/{app_key} may change something of a buyer.
_BUYER_FIELDS = {"app_secret": str, "authorised": bool, "single_user": bool, "callback_url": str, "denied": list}


class Control(StandardControl):
    """Handlers at /sandbox and /."""

    def __init__(self, world: World, gate: Gate, oauth: OAuth) -> None:
        self.world = world
        self._gate = gate
        self._oauth = oauth

    def routes(self) -> list[Route]:
        return [
            Route("/", self.page, methods=["GET"]),
            *self.standard_routes(),
            Route("/sandbox/accounts/{app_key}", self.account, methods=["PUT"]),
            Route("/sandbox/authorise", self.authorise, methods=["POST"]),
            Route("/sandbox/clock", self.clock, methods=["POST"]),
            Route("/sandbox/state", self.state, methods=["GET"]),
            Route("/sandbox/snapshot", self.snapshot, methods=["GET"]),
            Route("/sandbox/reset", self.reset, methods=["POST"]),
        ]

    async def account(self, request: Request) -> Response:
        """{"app_secret", "authorised", "single_user", "callback_url", "denied": [APIs], "revoke_tokens": true,
        "refresh_token_seconds": 86400}: what becomes of a buyer and its tokens."""

        def changed(body: Json) -> Json:
            known(body, {*_BUYER_FIELDS, "revoke_tokens", "refresh_token_seconds"})
            account = self._account({"account": request.path_params["app_key"]})
            buyer = self.world.change_buyer(account, **_buyer_fields(body))
            if body.get("revoke_tokens"):
                self.world.grants.revoke_all(account, ACCESS)
            if "refresh_token_seconds" in body:
                life = number(body, "refresh_token_seconds", 0, 10**9)
                self.world.grants.move(account, REFRESH, self.world.now() + life)
            if body.get("authorised") is False:
                self.world.tell(account, CANCELLED, {"memberId": buyer.member_id}, "", self.world.now())
            return {"account": account, "authorised": buyer.authorised, "denied": list(buyer.denied)}

        return await answered(request, changed)

    async def authorise(self, request: Request) -> Response:
        """{"account", "redirect_uri"}: a code as if the buyer had clicked."""

        def done(body: Json) -> Json:
            known(body, {"account", "redirect_uri"})
            return {"code": self._oauth.authorise(self._account(body), str(body["redirect_uri"]))}

        return await answered(request, done)

    async def clock(self, request: Request) -> Response:
        """{"seconds": 3600}: moves the sandbox's clock ahead of the real one by so much more."""

        def moved(body: Json) -> Json:
            known(body, {"seconds"})
            self.world.ahead += number(body, "seconds", 0, 10**9, 0)
            return {"now": self.world.now(), "ahead": self.world.ahead}

        return await answered(request, moved)

    async def state(self, request: Request) -> Response:
        """The truth. Query: account (default: the first)."""

        def told(_: Json) -> Json:
            account, now = self._account(request.query_params), self.world.now()
            held = self._held(account, now)
            return {"account": account, "at": now, **held, **self.seen(), "tokens_issued": self.world.grants.issued}

        return await answered(request, told)

    async def snapshot(self, request: Request) -> Response:
        """What the platform holds, for a ledger. Query: account, sections=orders,parcels,..."""

        def told(_: Json) -> Json:
            account, now = self._account(request.query_params), self.world.now()
            held = self._held(account, now)
            wanted = wanted_sections(request.query_params.get("sections"), held)
            return {"account": account, "at": now, **{name: held[name] for name in wanted}}

        return await answered(request, told)

    async def reset(self, request: Request) -> Response:
        """Forget orders, parcels, messages, tokens, quotas, faults and calls; the offers are as at the start."""
        self.world.reset()
        self._gate.forget()
        self.forget()
        return JSONResponse({"status": "reset"})

    async def page(self, request: Request) -> Response:
        self.world.now()
        tables: list[Table] = []
        for account in self.world.buyers:
            tables += [table for part in self.world.parts for table in part.tables(account)]
        tables += self.seen_tables()
        note = "Invented data. Behaves like the 1688 open platform as far as this sandbox's README says."
        return page("1688 open platform sandbox", note, tables)

    def _held(self, account: str, now: float) -> Json:
        return {name: value for part in self.world.parts for name, value in part.snapshot(account, now).items()}

    def _account(self, given: Mapping[str, Any]) -> str:
        return account_in(self.world.buyers, given)


def _buyer_fields(body: Json) -> dict[str, Any]:
    """Raises ValueError naming the field that is wrong."""
    fields = {name: value for name, value in body.items() if name in _BUYER_FIELDS}
    for name, value in fields.items():
        if not isinstance(value, _BUYER_FIELDS[name]):
            raise ValueError(f"{name}: {_BUYER_FIELDS[name].__name__} is expected")  # noqa: TRY004 - answered with 400
    if "denied" in fields:
        if unknown := sorted(set(map(str, fields["denied"])) - NAMES):
            raise ValueError(f"denied: unknown {', '.join(unknown)}; known: {', '.join(sorted(NAMES))}")
        fields["denied"] = tuple(fields["denied"])
    return fields
