"""Listings Items 2021-08-01: get, put, patch, delete and search (amazon.md section 7).

HTTP 200 says that the call was understood: INVALID in it is a failure, ACCEPTED means queued."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox import listing_search as searches
from connectors.amazon.sandbox import listing_views as views
from connectors.amazon.sandbox.definitions_api import marketplaces_of
from connectors.amazon.sandbox.errors import ApiError, denied, invalid
from connectors.amazon.sandbox.gate import Passed, json_body, listed, only
from connectors.amazon.sandbox.listing_bodies import patch_of, put_of
from connectors.amazon.sandbox.listing_control import ListingControl
from connectors.amazon.sandbox.listing_feed import ListingFeed
from connectors.amazon.sandbox.listing_issues import SUPPRESSED, Issue
from connectors.amazon.sandbox.listing_store import Change, Listing
from connectors.amazon.sandbox.listing_work import ListingWork, Verdict, note_of
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.fault_rules import BAD_RECORD
from connectors.kit.sandbox.faults import CallFaults, faults_of
from connectors.kit.sandbox.page import Table
from connectors.kit.sandbox.seals import Seal
from connectors.kit.sandbox.steering import Json

PATH = "/listings/2021-08-01/items"
MAX_SKU = 40
# Faults: a submission is answered INVALID; one that was accepted gets an issue afterwards, which takes it off sale.
LISTING_INVALID, LISTING_SUPPRESSED = "listing_invalid", "listing_suppressed"
LISTING_KINDS = (LISTING_INVALID, LISTING_SUPPRESSED)
_WRITE = {"marketplaceIds", "includedData", "mode", "issueLocale"}
_INJECTED = Issue("90244", "fault injected: the submission is not valid", ("item_name",))
_WITHDRAWN = Issue("18742", "fault injected: the listing is withdrawn", category="", action=SUPPRESSED)


class ListingsApi(Part):
    """Handlers over the work; control calls and page are ListingControl's."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.work = ListingWork(world)
        self.control = ListingControl(self.work)
        ListingFeed(self.work)
        self._seal = Seal("listings", world.settings.seed)

    def routes(self) -> list[Route]:
        item = f"{PATH}/{{seller_id}}/{{sku:path}}"
        return [
            Route(f"{PATH}/{{seller_id}}", self.search, methods=["GET"]),
            Route(item, self.item, methods=["GET"]),
            Route(item, self.put, methods=["PUT"]),
            Route(item, self.patch, methods=["PATCH"]),
            Route(item, self.delete, methods=["DELETE"]),
            *self.control.routes(),
        ]

    def advance(self, now: float) -> None:
        self.work.advance(now)

    def tables(self, account: str) -> list[Table]:
        return self.control.tables(account)

    def snapshot(self, account: str, now: float) -> Json:
        return {"items": self.control.snapshot(account, now)}

    async def item(self, request: Request) -> Response:
        passed, params = self._entered(request, "getListingsItem"), request.query_params
        only(params, {"marketplaceIds", "includedData", "issueLocale"})
        places, sku, wanted = marketplaces_of(passed, request), _sku(request), searches.included(params)
        found = self.work.store.get(passed.account, sku)
        if found is None or not set(places) & set(found.places):
            raise ApiError(404, "The resource specified does not exist.", f"SKU {sku} was not found.")
        (shown,) = self._shown(passed, [found], places, wanted)
        return passed.answer(_damaged([shown], faults_of(request.scope))[0])

    async def search(self, request: Request) -> Response:
        passed, params = self._entered(request, "searchListingsItems"), request.query_params
        search = searches.parse(params, marketplaces_of(passed, request))
        if "pageToken" in params:
            search = searches.followed(self._seal, search, params["pageToken"])
        facts = self.work.store.facts(passed.account)
        found = searches.chosen(facts, search, _Statuses(self.work, passed.now), self._fn_sku(passed.now))
        pageable = found[: searches.MOST]
        skus = [one.sku for one in pageable[search.offset : search.offset + search.size]]
        page = [one for sku in skus if (one := self.work.store.get(passed.account, sku)) is not None]
        body: Json = {"numberOfResults": len(found)}
        if tokens := self._tokens(search, len(pageable)):
            body["pagination"] = tokens
        body["items"] = _damaged(self._shown(passed, page, search.places, search.included), faults_of(request.scope))
        return passed.answer(body)

    async def put(self, request: Request) -> Response:
        passed = self._entered(request, "putListingsItem")
        places = marketplaces_of(passed, request, 1)
        return self._submitted(request, passed, put_of(await json_body(request), places, passed.now))

    async def patch(self, request: Request) -> Response:
        passed = self._entered(request, "patchListingsItem")
        places = marketplaces_of(passed, request)
        return self._submitted(request, passed, patch_of(await json_body(request), places, passed.now))

    async def delete(self, request: Request) -> Response:
        passed = self._entered(request, "deleteListingsItem")
        only(request.query_params, {"marketplaceIds", "issueLocale"})
        change = Change("delete", marketplaces_of(passed, request, 1), passed.now, "delete", "")
        verdict = self.work.submit(passed.account, _sku(request), change, passed.now)
        return passed.answer(_answer(_sku(request), verdict))

    def _submitted(self, request: Request, passed: Passed, change: Change) -> Response:
        params, sku, faults = request.query_params, _sku(request), faults_of(request.scope)
        only(params, _WRITE)
        mode = params.get("mode")
        if mode not in (None, "VALIDATION_PREVIEW"):
            raise invalid("mode: VALIDATION_PREVIEW is expected.")
        wanted = listed(params, "includedData", 2, {"identifiers": None, "issues": None}) or ("issues",)
        if faults.strikes(LISTING_INVALID):
            verdict = Verdict("INVALID", "00000000-0000-0000-0000-000000000000", (_INJECTED,))
        else:
            verdict = self.work.submit(passed.account, sku, change, passed.now, preview=mode is not None)
            if verdict.status == "ACCEPTED" and faults.strikes(LISTING_SUPPRESSED):
                after = passed.now + self.world.settings.listing_seconds[1]
                self.work.store.queue(passed.account, sku, after, note_of(_WITHDRAWN, passed.now))
        answer = _answer(sku, verdict)
        if "identifiers" in wanted:
            # Only where the page is known: a listing that makes one has its ASIN when it has taken effect.
            answer["identifiers"] = [
                {"marketplaceId": place, "asin": verdict.asin} for place in change.places if verdict.asin
            ]
        return passed.answer(answer)

    def _shown(
        self, passed: Passed, listings: Sequence[Listing], places: Sequence[str], wanted: Sequence[str]
    ) -> list[Json]:
        family = self.work.family(passed.account) if "relationships" in wanted else {}
        return [
            views.shown(one, self.work.around(one, passed.now, family.get(one.sku, [])), places, wanted)
            for one in listings
        ]

    def _fn_sku(self, now: float) -> Callable[[Listing], str]:
        return lambda listing: self.work.around(listing, now).fn_sku

    def _tokens(self, search: searches.Search, count: int) -> Json:
        found: Json = {}
        start = replace(search, offset=0)
        if search.offset + search.size < count:
            found["nextToken"] = searches.page_token(self._seal, start, search.offset + search.size)
        if search.offset:
            found["previousToken"] = searches.page_token(self._seal, start, max(0, search.offset - search.size))
        return found

    def _entered(self, request: Request, operation: str) -> Passed:
        passed = self.world.gate.enter(request, operation)
        if request.path_params["seller_id"] != passed.account:
            raise denied("The seller is not the one that the token is of.")
        return passed


class _Statuses:
    """Statuses of a listing in a marketplace at a time; what is given is a listing's facts, so it is read whole."""

    def __init__(self, work: ListingWork, now: float) -> None:
        self._work, self._now = work, now

    def __call__(self, listing: Listing, place: str) -> list[str]:
        whole = self._work.store.get(listing.account, listing.sku)
        return views.statuses(whole, self._work.around(whole, self._now), place) if whole is not None else []


def _answer(sku: str, verdict: Verdict) -> Json:
    issues = [issue.as_json() for issue in verdict.issues]
    return {"sku": sku, "status": verdict.status, "submissionId": verdict.submission, "issues": issues}


def _sku(request: Request) -> str:
    sku = str(request.path_params["sku"])
    if not sku or len(sku) > MAX_SKU:
        raise invalid(f"sku: 1 to {MAX_SKU} characters.")
    return sku


def _damaged(items: list[Json], faults: CallFaults) -> list[Json]:
    """One item of wrong form, where a fault wants it."""
    if items and faults.strikes(BAD_RECORD):
        rng = random.Random(f"{faults.plan.seed}:{faults.plan.counts[BAD_RECORD]}")
        at = rng.randrange(len(items))
        wrong = rng.choice(("many", None, {"value": 3}))
        items[at] = {**items[at], "summaries": wrong, "fulfillmentAvailability": wrong}
    return items
