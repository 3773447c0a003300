"""What is about the seller and the application: restricted data tokens, and the marketplaces a seller takes part in."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox.errors import ApiError, denied
from connectors.amazon.sandbox.gate import Passed, json_body
from connectors.amazon.sandbox.marketplaces import MARKETPLACES
from connectors.amazon.sandbox.operations import DELIVERY, TAX
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.steering import Json
from connectors.kit.sandbox.tokens import Tokens

MAX_RESOURCES = 50
METHODS = ("GET", "PUT", "POST", "DELETE")
_ORDER = r"(/[\w-]+|/\{orderId\})"
# Paths that hold personal data, as far as the models name them; those of the first group want dataElements.
_WITH_ELEMENTS = re.compile(rf"/orders/v0/orders({_ORDER}(/orderItems)?)?")
_WITHOUT = re.compile(
    rf"/orders/v0/orders{_ORDER}/(address|buyerInfo|orderItems/buyerInfo|regulatedInfo)"
    r"|/reports/2021-06-30/documents/[^/]+|/mfn/v0/shipments(/[^/]+)?|/shipping/v1/shipments/[^/]+"
)
_ROLES = {"buyerInfo": DELIVERY, "shippingAddress": DELIVERY, "buyerTaxInformation": TAX}


class AccountApi(Part):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.restricted = Tokens(world.settings.token_seconds, "Atz.sprdt|")

    def routes(self) -> list[Route]:
        return [
            Route("/tokens/2021-03-01/restrictedDataToken", self.restricted_token, methods=["POST"]),
            Route("/sellers/v1/marketplaceParticipations", self.participations, methods=["GET"]),
            Route("/sellers/v1/account", self.account, methods=["GET"]),
        ]

    async def restricted_token(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "createRestrictedDataToken")
        given = (await json_body(request)).get("restrictedResources")
        if not isinstance(given, list) or not 1 <= len(given) <= MAX_RESOURCES:
            raise _bad(f"restrictedResources: 1 to {MAX_RESOURCES} are expected.")
        for resource in given:
            _check(passed, resource)
        text = self.restricted.issue(passed.account, passed.now)
        return passed.answer({"restrictedDataToken": text, "expiresIn": self.restricted.lifetime_seconds})

    async def participations(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getMarketplaceParticipations")
        return passed.answer({"payload": [_participation(passed, one) for one in passed.seller.marketplaces]})

    async def account(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getAccount")
        taking_part = [_participation(passed, one) for one in passed.seller.marketplaces]
        kind = {"businessType": "PRIVATE_LIMITED", "sellingPlan": "PROFESSIONAL"}
        return passed.answer({"payload": {**kind, "marketplaceParticipationList": taking_part}})


def _check(passed: Passed, resource: Any) -> None:
    if not isinstance(resource, dict) or resource.get("method") not in METHODS:
        raise _bad(f"method: one of {', '.join(METHODS)} is expected.")
    path, elements = str(resource.get("path", "")), resource.get("dataElements", [])
    if _WITH_ELEMENTS.fullmatch(path):
        if not elements or not isinstance(elements, list) or not set(elements) <= _ROLES.keys():
            raise _bad(f"dataElements: some of {', '.join(_ROLES)} are expected.")
        if missing := sorted({_ROLES[one] for one in elements} - set(passed.seller.roles)):
            raise denied(f"The application lacks the role: {', '.join(missing)}.")
    elif not _WITHOUT.fullmatch(path):
        raise _bad("path: no restricted resource.")


def _bad(details: str) -> ApiError:
    return ApiError(400, "Request is missing or has invalid parameters", details, "InvalidRequest")


def _participation(passed: Passed, marketplace_id: str) -> Json:
    place = MARKETPLACES[marketplace_id]
    return {
        "marketplace": {
            "id": place.id,
            "name": place.name,
            "countryCode": {"UK": "GB"}.get(place.country, place.country),
            "defaultCurrencyCode": place.currency,
            "defaultLanguageCode": place.language,
            "domainName": place.domain,
        },
        "storeName": passed.seller.store_name,
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
    }
