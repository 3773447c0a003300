"""Feeds 2021-06-30: a document in, a feed over it, its fate by polling (amazon.md section 8).

Other modules say what a feed type does: ``world.feeds.register(type, processor)``. DONE is not success: what became of
each record stands in the result document, which the processor writes.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox import jobs
from connectors.amazon.sandbox.documents import FEED, Document
from connectors.amazon.sandbox.errors import ApiError, invalid
from connectors.amazon.sandbox.gate import Passed, json_body, only
from connectors.amazon.sandbox.jobs import Job, JobEnded, Jobs, lasting
from connectors.amazon.sandbox.operations import OPERATIONS
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.faults import CallFaults, faults_of
from connectors.kit.sandbox.page import Table, shown_time
from connectors.kit.sandbox.steering import Json, NotThereError, account_in, answered

PATH = "/feeds/2021-06-30"
# Faults of feeds: it ends FATAL, it never ends, one of its records is refused (each record is a draw).
FEED_FATAL, FEED_STUCK, FEED_RECORD_ERROR = "feed_fatal", "feed_stuck", "feed_record_error"
FEED_KINDS = (FEED_FATAL, FEED_STUCK, FEED_RECORD_ERROR)
# Listing, price and stock feeds of old: taken, then FATAL (since 31 July 2025).
DEAD_TYPES = (
    "POST_PRODUCT_DATA",
    "POST_INVENTORY_AVAILABILITY_DATA",
    "POST_PRODUCT_PRICING_DATA",
    "POST_PRODUCT_IMAGE_DATA",
    "POST_PRODUCT_RELATIONSHIP_DATA",
    "POST_FLAT_FILE_LISTINGS_DATA",
    "POST_FLAT_FILE_INVLOADER_DATA",
    "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA",
)
MAX_MARKETPLACES = 25
_SHOWN = 50


@dataclass(frozen=True)
class Submitted:
    """A feed to be processed. refused: numbers of records, from 1, that an injected fault refuses; at: epoch seconds."""

    account: str
    feed_id: str
    type: str
    marketplaces: tuple[str, ...]
    options: Json
    content: bytes
    content_type: str
    refused: frozenset[int]
    at: float


@dataclass(frozen=True)
class Result:
    """What a processor made of a feed. fatal: the file makes no sense as a whole; summary: for page and snapshot."""

    content: bytes
    content_type: str = "text/plain; charset=UTF-8"
    fatal: bool = False
    summary: str = ""


Processor = Callable[[Submitted], Result]
# How many records a content holds, for faults of single records.
Counter = Callable[[bytes], int]


def _lines(content: bytes) -> int:
    return max(0, content.count(b"\n") - 1)


class Feeds(Part):
    """Handlers and work. `world.feeds` is this part."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.store = Jobs(world.database, FEED, world.settings.seed)
        self.ended: list[JobEnded] = []
        self._processors: dict[str, tuple[Processor, Counter]] = {}

    def register(self, feed_type: str, processor: Processor, records: Counter = _lines) -> None:
        self._processors[feed_type] = (processor, records)

    def routes(self) -> list[Route]:
        return [
            Route(f"{PATH}/documents", self.create_document, methods=["POST"]),
            Route(f"{PATH}/documents/{{id}}", self.document, methods=["GET"]),
            Route(f"{PATH}/feeds", self.create, methods=["POST"]),
            Route(f"{PATH}/feeds", self.listed, methods=["GET"]),
            Route(f"{PATH}/feeds/{{id}}", self.feed, methods=["GET"]),
            Route(f"{PATH}/feeds/{{id}}", self.cancel, methods=["DELETE"]),
            Route("/sandbox/feeds/{id}/finish", self.finish, methods=["POST"]),
        ]

    async def create_document(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "createFeedDocument")
        content_type = (await json_body(request)).get("contentType")
        if not isinstance(content_type, str) or "/" not in content_type:
            raise invalid("contentType is required.")
        made = self.world.documents.announce(passed.account, content_type)
        url = self.world.documents.address(request, made, "PUT")
        return passed.answer({"feedDocumentId": made.id, "url": url}, 201)

    async def document(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getFeedDocument")
        only(request.query_params, {"enableContentEncodingUrlHeader"})
        found = self._document(passed.account, request.path_params["id"])
        return passed.answer({"feedDocumentId": found.id, **self.world.documents.shown(request, found)})

    async def create(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "createFeed")
        body = await json_body(request)
        feed_type, options = body.get("feedType"), body.get("feedOptions", {})
        if not isinstance(feed_type, str) or (feed_type not in self._processors and feed_type not in DEAD_TYPES):
            raise invalid(f"feedType: {str(feed_type)[:60]} is not known.")
        own_quota = f"createFeed:{feed_type}"
        if own_quota in OPERATIONS:
            caller = f"{passed.seller.client_id} {passed.account}"
            self.world.gate.throttled(request, caller, own_quota, passed.now)
        marketplaces = _marketplaces(passed, body.get("marketplaceIds"))
        document = self._document(passed.account, str(body.get("inputFeedDocumentId")))
        if not isinstance(options, dict):
            raise invalid("feedOptions: an object is expected.")
        job = self._queued(passed, feed_type, marketplaces, document, options, faults_of(request.scope))
        return passed.answer({"feedId": job.id}, 202)

    async def listed(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getFeeds")
        query = self.store.query(request.query_params, "feedTypes", passed.now)
        page, token = self.store.page(passed.account, query, passed.now)
        body: Json = {"feeds": [shown(job, passed.now) for job in page]}
        return passed.answer({**body, "nextToken": token} if token else body)

    async def feed(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getFeed")
        return passed.answer(shown(self._feed(passed.account, request.path_params["id"]), passed.now))

    async def cancel(self, request: Request) -> Response:
        """Only while it waits."""
        passed = self.world.gate.enter(request, "cancelFeed")
        job = self._feed(passed.account, request.path_params["id"])
        if job.status(passed.now) != jobs.IN_QUEUE:
            raise invalid("Only a feed that is IN_QUEUE can be cancelled.")
        self.store.put(replace(job, outcome=jobs.CANCELLED, ends=passed.now))
        return passed.empty(200)

    async def finish(self, request: Request) -> Response:
        """Lets a stuck feed end now."""

        def finished(body: Json) -> Json:
            now, account = self.world.now(), account_in(self.world.sellers, body)
            job = self.store.get(account, request.path_params["id"])
            if job is None:
                raise NotThereError("no such feed")
            self.store.put(replace(job, ends=now) if not job.outcome else job)
            self.advance(now)
            return shown(self._feed(account, job.id), now)

        return await answered(request, finished)

    def advance(self, now: float) -> None:
        for job in self.store.due(now):
            with self.world.database.transaction():
                done = self.store.put(self._processed(job))
            for listener in self.ended:
                listener(done, now)

    def tables(self, account: str) -> list[Table]:
        now, found = self.world.clock() + self.world.ahead, self.store.all(account)
        rows = [
            (job.id, job.type, shown_time(job.created), job.status(now), job.details.get("summary", ""))
            for job in found[:_SHOWN]
        ]
        columns = ("Feed", "Type", "Sent", "Status", "Result")
        note = f"{len(found)} in all; the newest {len(rows)}."
        return [Table(f"Feeds of {account}", columns, rows, note, "No feeds yet.")]

    def snapshot(self, account: str, now: float) -> Json:
        feeds = [{**shown(job, now), "summary": job.details.get("summary", "")} for job in self.store.all(account)]
        return {"feeds": feeds}

    def _queued(
        self,
        passed: Passed,
        feed_type: str,
        marketplaces: tuple[str, ...],
        document: Document,
        options: Json,
        faults: CallFaults,
    ) -> Job:
        details: Json = {"input": document.id, "options": options}
        if faults.strikes(FEED_FATAL):
            details["fatal"] = True
        elif feed_type in self._processors:
            count = self._processors[feed_type][1](document.content or b"")
            details["refused"] = [at + 1 for at in range(count) if faults.strikes(FEED_RECORD_ERROR)]
        feed_id = str(uuid.uuid4().int % 10**12)
        begins, ends = lasting(passed.now, self.world.settings.feed_seconds, self.world.rng("feed", feed_id))
        stuck = faults.strikes(FEED_STUCK)
        job = Job(passed.account, FEED, feed_id, feed_type, marketplaces, passed.now, begins, None if stuck else ends)
        return self.store.put(replace(job, details=details))

    def _processed(self, job: Job) -> Job:
        found, at = self.world.documents.get(job.account, job.details["input"]), float(job.ends or 0)
        dead = job.type not in self._processors or job.details.get("fatal", False)
        if dead or found is None or found.content is None:
            # An announced document that nobody filled is read as little as one of a dead type.
            return replace(job, outcome=jobs.FATAL)
        refused = frozenset(job.details.get("refused", ()))
        rest = (job.marketplaces, job.details["options"], found.content, found.content_type, refused, at)
        result = self._processors[job.type][0](Submitted(job.account, job.id, job.type, *rest))
        made = self.world.documents.add(job.account, FEED, result.content_type, result.content)
        outcome = jobs.FATAL if result.fatal else jobs.DONE
        return replace(job, outcome=outcome, document=made.id, details={**job.details, "summary": result.summary})

    def _feed(self, account: str, feed_id: str) -> Job:
        found = self.store.get(account, feed_id)
        if found is None:
            raise ApiError(404, "The resource specified does not exist.", "No such feed.")
        return found

    def _document(self, account: str, document_id: str) -> Document:
        found = self.world.documents.get(account, document_id)
        if found is None or found.kind != FEED:
            raise invalid("The feed document is not known.")
        return found


def shown(job: Job, now: float) -> Json:
    """Feed of the model."""
    body = {"feedId": job.id, "feedType": job.type, **job.as_json(now)}
    return {**body, "resultFeedDocumentId": job.document} if job.document else body


def _marketplaces(passed: Passed, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_MARKETPLACES:
        raise invalid(f"marketplaceIds: 1 to {MAX_MARKETPLACES} are expected.")
    if unknown := sorted(set(map(str, given)) - set(passed.seller.marketplaces)):
        raise invalid(f"marketplaceIds: not the seller's: {', '.join(unknown)}.")
    return tuple(given)
