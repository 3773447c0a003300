"""Authorisation: the page a buyer clicks on, and the calls that give and renew tokens (alibaba.md section 4)."""

import secrets
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from connectors.alibaba.sandbox import errors, moments
from connectors.alibaba.sandbox.authorize_page import asked, refused
from connectors.alibaba.sandbox.errors import GatewayError
from connectors.alibaba.sandbox.gate import check_signature, parameters_of
from connectors.alibaba.sandbox.grants import ACCESS, CODE, REFRESH, Grant
from connectors.alibaba.sandbox.settings import Buyer
from connectors.alibaba.sandbox.world import World
from connectors.kit.sandbox.faults import CallFaults, faults_of
from connectors.kit.sandbox.steering import Json

# How token answers differ: a number as expires_in and the older name of the owner; a new refresh token with every refresh; a failure with
# status 200.
ODD_TOKEN_ANSWER, ROTATED_REFRESH, GRANT_ERROR_200 = "odd_token_answer", "rotated_refresh_token", "grant_error_200"
OAUTH_KINDS = (ODD_TOKEN_ANSWER, ROTATED_REFRESH, GRANT_ERROR_200)


class GrantError(Exception):
    """code: of RFC 6749."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


class OAuth:
    """Handlers over a World."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        own, equal = "/openapi/http/1/system.oauth2", "/openapi/param2/1/system.oauth2"
        return [
            Route("/oauth/authorize", self.page, methods=["GET"]),
            Route("/oauth/authorize", self.decided, methods=["POST"]),
            Route(f"{own}/getToken/{{key}}", self.token, methods=["POST"]),
            Route(f"{equal}/getToken/{{key}}", self.signed_token, methods=["POST"]),
            Route(f"{equal}/postponeToken/{{key}}", self.postpone, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        given = dict(request.query_params)
        if problem := self._wrong_request(given):
            return HTMLResponse(refused(problem), 400)
        return HTMLResponse(asked(self.world.buyers[given["client_id"]].login_id, given))

    async def decided(self, request: Request) -> Response:
        """The page's form: the same fields and `decision`, `approve` or `refuse`."""
        given = await parameters_of(request)
        if problem := self._wrong_request(given):
            return HTMLResponse(refused(problem), 400)
        if given.get("decision") == "approve":
            answer = {"code": self.authorise(given["client_id"], given["redirect_uri"])}
        else:
            answer = {"error": "access_denied"}
        answer |= {"state": given["state"]} if "state" in given else {}
        mark = "&" if urlsplit(given["redirect_uri"]).query else "?"
        return RedirectResponse(f"{given['redirect_uri']}{mark}{urlencode(answer)}", 302)

    def authorise(self, app_key: str, redirect_uri: str) -> str:
        """The buyer lets the app in: a code, good once and for two minutes."""
        self.world.change_buyer(app_key, authorised=True)
        expires = self.world.now() + self.world.settings.code_seconds
        return self.world.grants.issue(app_key, CODE, expires, redirect_uri).text

    async def token(self, request: Request) -> Response:
        return await self._grant_answered(request, signed=False)

    async def signed_token(self, request: Request) -> Response:
        """The official SDKs sign this one, so the sandbox wants it signed."""
        return await self._grant_answered(request, signed=True)

    async def postpone(self, request: Request) -> Response:
        return await self._grant_answered(request, signed=True, postponed=True)

    async def _grant_answered(self, request: Request, *, signed: bool, postponed: bool = False) -> Response:
        key, faults = request.path_params["key"], faults_of(request.scope)
        try:
            given = await parameters_of(request)
            if signed and key in self.world.buyers:
                path = request.url.path.removeprefix("/openapi/")
                check_signature(path, given, self.world.buyers[key].app_secret)
            buyer = self._client(key, given, request.url.query)
            with self.world.database.transaction():
                made = self._postponed(buyer, given) if postponed else self._granted(buyer, given, faults)
        except GatewayError as error:
            return errors.answer(error.as_json(), error.status)
        except GrantError as error:
            status = 200 if faults.strikes(GRANT_ERROR_200) else 400
            return errors.answer({"error": error.code, "error_description": error.description}, status)
        return errors.answer(_odd(made) if faults.strikes(ODD_TOKEN_ANSWER) else made)

    def _client(self, key: str, given: dict[str, str], query: str) -> Buyer:
        if query:
            raise GrantError("invalid_request", "parameters belong into the body")
        buyer = self.world.buyers.get(key)
        secret = given.get("client_secret", "").encode(errors="replace")
        if buyer is None or given.get("client_id") != key:
            raise GrantError("invalid_client", "client_id is unknown, or not that of the address")
        if not secrets.compare_digest(buyer.app_secret.encode(), secret):
            raise GrantError("invalid_client", "client_secret is wrong")
        return buyer

    def _granted(self, buyer: Buyer, given: dict[str, str], faults: CallFaults) -> Json:
        now = self.world.now()
        match given.get("grant_type"):
            case "authorization_code":
                self._spend_code(buyer, given, now)
                renewed: Grant | None = self._refresh_token(buyer, now)
                refresh = renewed
            case "refresh_token":
                refresh = self._refresh_in_force(buyer, given, now)
                renewed = None
                if faults.strikes(ROTATED_REFRESH):
                    self.world.grants.revoke(refresh.text)
                    refresh = renewed = self._refresh_token(buyer, now)
            case _:
                raise GrantError("unsupported_grant_type", "grant_type is unknown")
        assert refresh is not None
        return self._answer(buyer, refresh, now, shown=renewed)

    def _spend_code(self, buyer: Buyer, given: dict[str, str], now: float) -> None:
        code = self.world.grants.find(given.get("code", ""), CODE, buyer.app_key, now)
        if code is None:
            raise GrantError("invalid_grant", "the code is unknown, used or expired")
        self.world.grants.revoke(code.text)
        if given.get("redirect_uri") != code.bound:
            raise GrantError("invalid_grant", "redirect_uri is not that of the code")
        if given.get("need_refresh_token") != "true":
            raise GrantError("invalid_request", "need_refresh_token=true is expected")

    def _refresh_in_force(self, buyer: Buyer, given: dict[str, str], now: float) -> Grant:
        found = self.world.grants.find(given.get("refresh_token", ""), REFRESH, buyer.app_key, now)
        if found is None or not buyer.authorised:
            raise GrantError("invalid_grant", "the refresh token is unknown, cancelled or expired")
        return found

    def _refresh_token(self, buyer: Buyer, now: float) -> Grant:
        return self.world.grants.issue(buyer.app_key, REFRESH, now + self.world.settings.refresh_days * moments.DAY)

    def _postponed(self, buyer: Buyer, given: dict[str, str]) -> Json:
        now = self.world.now()
        old = self._refresh_in_force(buyer, given, now)
        if self.world.grants.find(given.get("access_token", ""), ACCESS, buyer.app_key, now) is None:
            raise GrantError("invalid_request", "access_token is unknown or expired")
        if old.expires - now > self.world.settings.postpone_days * moments.DAY:
            raise GrantError("invalid_request", "the refresh token can be renewed in its last days only")
        self.world.grants.revoke(old.text)
        fresh = self._refresh_token(buyer, now)
        return self._answer(buyer, fresh, now, shown=fresh)

    def _answer(self, buyer: Buyer, refresh: Grant, now: float, shown: Grant | None) -> Json:
        """A refresh normally answers without a refresh token: the old one stays good."""
        life = self.world.settings.token_seconds
        access = self.world.grants.issue(buyer.app_key, ACCESS, now + life)
        answer: Json = {"access_token": access.text, "expires_in": str(life)}
        if shown is not None:
            answer |= {"refresh_token": shown.text, "refresh_token_timeout": moments.stamp(refresh.expires)}
        return {**answer, "aliId": buyer.ali_id, "memberId": buyer.member_id, "resource_owner": buyer.login_id}

    def _wrong_request(self, given: dict[str, str]) -> str:
        buyer, back = self.world.buyers.get(given.get("client_id", "")), urlsplit(given.get("redirect_uri", ""))
        if buyer is None:
            return "client_id: no such app"
        if given.get("site") != "1688":
            return "site: 1688 is expected"
        if back.scheme not in ("http", "https") or back.hostname not in buyer.redirect_hosts:
            return "redirect_uri: not of the domain registered for the app"
        return ""


def _odd(answer: Json) -> Json:
    """As older and other gateways answer: a number, the older name, the time in 14 digits."""
    changed = {**answer, "expires_in": int(answer["expires_in"])}
    changed["resourceOwner"] = changed.pop("resource_owner")
    if "refresh_token_timeout" in changed:
        changed["refresh_token_timeout"] = moments.short_stamp(moments.read(answer["refresh_token_timeout"]))
    return changed
