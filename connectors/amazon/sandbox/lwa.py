"""Login with Amazon: the token endpoint (amazon.md section 2). One address for all regions."""

import secrets
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.amazon.sandbox.operations import NOTIFICATIONS_SCOPE
from connectors.amazon.sandbox.world import World

SCOPES = (NOTIFICATIONS_SCOPE, "sellingpartnerapi::migration", "sellingpartnerapi::client_credential:rotation")
_STATUS = {"invalid_client": 401, "server_error": 500, "temporarily_unavailable": 503}


class OAuthError(Exception):
    """code: of RFC 6749."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


class Lwa:
    """Handlers over a World."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return [Route("/auth/o2/token", self.token, methods=["POST"])]

    async def token(self, request: Request) -> Response:
        try:
            return JSONResponse(self._granted(await _form(request)), headers={"cache-control": "no-store"})
        except OAuthError as error:
            body = {"error": error.code, "error_description": error.description}
            return JSONResponse(body, _STATUS.get(error.code, 400))

    def _granted(self, form: dict[str, str]) -> dict[str, Any]:
        sellers = [one for one in self.world.sellers.values() if one.client_id == form.get("client_id")]
        given = form.get("client_secret", "").encode()
        if not sellers or not secrets.compare_digest(sellers[0].client_secret.encode(), given):
            raise OAuthError("invalid_client", "Client authentication failed")
        now = self.world.now()
        life: dict[str, Any] = {"token_type": "bearer", "expires_in": self.world.tokens.lifetime_seconds}
        match form.get("grant_type"):
            case "refresh_token":
                refresh = form.get("refresh_token", "")
                seller = next((one for one in sellers if one.refresh_token == refresh), None)
                if seller is None or not seller.authorised:
                    raise OAuthError("invalid_grant", "The request has an invalid grant parameter : refresh_token")
                text = self.world.tokens.issue(seller.seller_id, now)
                return {"access_token": text, "refresh_token": refresh, **life}
            case "client_credentials":
                scope = form.get("scope", "")
                if scope not in SCOPES:
                    raise OAuthError("invalid_scope", "The request has an invalid scope")
                text = self.world.tokens.issue(sellers[0].client_id, now, scope)
                return {"access_token": text, "scope": scope, **life}
        raise OAuthError("unsupported_grant_type", "The grant type is not supported")


async def _form(request: Request) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise OAuthError("invalid_request", "The request is not form-encoded")
    fields = parse_qs((await request.body()).decode("latin-1"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}
