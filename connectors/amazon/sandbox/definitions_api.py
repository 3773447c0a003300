"""Product Type Definitions 2020-09-01: the search, a definition, and the schemas it links to (amazon.md section 7).

Links are pre-signed, live as long as a document's, and take no token."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox import definitions_schema as schemas
from connectors.amazon.sandbox.definitions_types import LISTING, REQUIREMENTS, TYPES, type_of
from connectors.amazon.sandbox.errors import ApiError, invalid
from connectors.amazon.sandbox.gate import Passed, listed, only
from connectors.amazon.sandbox.marketplaces import MARKETPLACES
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.seals import Seal
from connectors.kit.sandbox.steering import Json

PATH = "/definitions/2020-09-01/productTypes"
_META = "meta-schema"
_SEARCH = {"keywords", "marketplaceIds", "itemName", "locale", "searchLocale"}
_GET = {
    "sellerId",
    "marketplaceIds",
    "productTypeVersion",
    "requirements",
    "requirementsEnforced",
    "locale",
    "parentageLevel",
}


class DefinitionsApi(Part):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._seal = Seal("definitions", world.settings.seed)

    def routes(self) -> list[Route]:
        return [
            Route(PATH, self.search, methods=["GET"]),
            Route(f"{PATH}/{{name}}", self.definition, methods=["GET"]),
            Route("/definition-schemas/{name}", self.schema, methods=["GET"]),
        ]

    async def search(self, request: Request) -> Response:
        passed, params = self.world.gate.enter(request, "searchDefinitionsProductTypes"), request.query_params
        only(params, _SEARCH)
        places = marketplaces_of(passed, request)
        if "keywords" in params and "itemName" in params:
            raise invalid("keywords cannot be used with itemName.")
        found = [
            {"name": one.name, "displayName": one.title, "marketplaceIds": list(places)}
            for one in TYPES.values()
            if one.name in _found(params.get("itemName"), listed(params, "keywords", 100))
        ]
        return passed.answer({"productTypes": found, "productTypeVersion": schemas.VERSION})

    async def definition(self, request: Request) -> Response:
        passed, params = self.world.gate.enter(request, "getDefinitionsProductType"), request.query_params
        only(params, _GET)
        places, name = marketplaces_of(passed, request, 1), request.path_params["name"]
        requirements = params.get("requirements", LISTING)
        enforced = params.get("requirementsEnforced", "ENFORCED")
        if requirements not in REQUIREMENTS or enforced not in ("ENFORCED", "NOT_ENFORCED"):
            raise invalid("requirements, requirementsEnforced: not among those there are.")
        if name not in TYPES:
            raise ApiError(404, "The resource specified does not exist.", f"Product type {name[:60]} was not found.")
        locale = params.get("locale", "DEFAULT")
        return passed.answer(
            {
                "metaSchema": self._link(request, _META, schemas.content(schemas.META_SCHEMA)),
                "schema": self._link(
                    request, f"{name}.{requirements}.{enforced}", _schema(name, requirements, enforced)
                ),
                "requirements": requirements,
                "requirementsEnforced": enforced,
                "propertyGroups": schemas.groups(requirements),
                "locale": MARKETPLACES[places[0]].language if locale == "DEFAULT" else locale,
                "marketplaceIds": list(places),
                "productType": name,
                "displayName": TYPES[name].title,
                "productTypeVersion": {"version": schemas.VERSION, "latest": True, "releaseCandidate": False},
            }
        )

    async def schema(self, request: Request) -> Response:
        name, params = request.path_params["name"], request.query_params
        expires = params.get("expires", "")
        if not self._seal.fits(f"{name} {expires}", params.get("signature", "")) or int(expires) <= self.world.now():
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        if name == _META:
            return Response(schemas.content(schemas.META_SCHEMA), media_type="application/json")
        return Response(_schema(*name.split(".")), media_type="application/json")

    def _link(self, request: Request, name: str, content: bytes) -> Json:
        expires = str(int(self.world.now() + self.world.settings.link_seconds))
        signature = self._seal.signed(f"{name} {expires}")
        base = f"{request.url.scheme}://{request.url.netloc}"
        resource = f"{base}/definition-schemas/{name}?expires={expires}&signature={signature}"
        return {"link": {"resource": resource, "verb": "GET"}, "checksum": schemas.checksum(content)}


def marketplaces_of(passed: Passed, request: Request, most: int = 20) -> tuple[str, ...]:
    """The required marketplaceIds of a call, all of them the seller's. Raises ApiError."""
    found = listed(request.query_params, "marketplaceIds", most)
    if not found:
        raise invalid("marketplaceIds is required.")
    if unknown := sorted(set(found) - set(passed.seller.marketplaces)):
        raise invalid(f"marketplaceIds: not the seller's: {', '.join(unknown)}.")
    return found


def _schema(name: str, requirements: str, enforced: str) -> bytes:
    return schemas.content(schemas.schema_of(name, requirements, enforced=enforced == "ENFORCED"))


def _found(item_name: str | None, keywords: tuple[str, ...]) -> set[str]:
    """Names of the types that fit; all of them where nothing is asked for."""
    if item_name is not None:
        return {type_of(item_name)}
    words = [word.casefold() for word in keywords]
    return {
        one.name
        for one in TYPES.values()
        if not words or any(word in one.title.casefold() or word in one.name.casefold() for word in words)
    }
