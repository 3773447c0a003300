"""What agents of IoT Boxes call (EDGE-4, SEC-1, SEC-5). JSON in UTF-8; bodies may be gzip.

    POST /edge/v1/enrol    {"code", "box", "name", "agent_version"}   200 {"token", "config", "config_version"}; 403 unknown, used or over
                                                                      (with {"expected"}: made for that Box)
    POST /edge/v1/events   {"events": [...]}                          200 {"through", "config_version"}, to a question with {"last", "strict"};
                                                                      409 {"expected"} a hole; 422 {"index", "problem"} an event that cannot be;
                                                                      428 ask first, with a batch of no events; 403 {"reason": "other_spool"}
    GET  /edge/v1/config                                              200 {"config", "config_version"}
    POST /edge/v1/health   {...}                                      200 {"config_version"}

All but the first with `Authorization: Bearer TOKEN`: 401 unknown or revoked; and with `Causeway-Spool: NAME ...`, the names of the spool that calls
(`spools`): 403 for one that does not speak for the Box. Who sends events must have one. Besides: 400 unreadable, 404 or 405 not ours, 408 too slow,
413 too large, 415 packed otherwise, 429 too many, 503 Kafka does not take it now; the last two with Retry-After.
Whatever is not 200 promises nothing.

The credential is asked for before the body is read. No answer, metric or log line quotes what was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from schemas.codec import Codec
from schemas.edge_contract import OTHER_SPOOL, SPOOL_HEADER, ContractError, health_of, is_box, spool_names
from schemas.hardware import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_NAME_CHARACTERS, BatchError, from_batch
from streams.door import body_of
from streams.gateway import entries
from streams.gateway.bodies import BodyError, parsed, plain
from streams.gateway.boxes import CaughtUp
from streams.gateway.credentials import Token, bearer, token_hash
from streams.gateway.enrolling import Asked, Enrolling
from streams.gateway.intake import (
    Answer,
    AskFirst,
    Delivers,
    Hole,
    Intake,
    Known,
    OtherSpool,
    Place,
    Refused,
    Revoked,
    Safe,
)
from streams.gateway.metrics import EVENTS, PUBLISHING, REQUESTS
from streams.gateway.quotas import Quotas
from streams.gateway.spools import Says, Spool, says, spool_of
from streams.kafka import BrokerError
from streams.poller.loop import Clock
from streams.runtime.errors import DeliveryError, RejectedError

logger = logging.getLogger(__name__)

PREFIX = "/edge/v1/"
ROUTES = {"enrol": "POST", "events": "POST", "config": "GET", "health": "POST"}
SMALL_BYTES = 16 * 1024
AGAIN_SECONDS = 5.0  # after a 503
_RESULTS: dict[type[Answer], str] = {
    Safe: "safe", Known: "asked", Hole: "hole", Refused: "refused", Revoked: "revoked", AskFirst: "ask_first", OtherSpool: OTHER_SPOOL,
}  # fmt: skip
_OTHER_SPOOL_WORDS = (
    "another spool speaks for this Box: this one was copied, restored or made anew. It keeps its events; if this is the right one, "
    "make a code (causeway gateway enrol BOX) and type it here (causeway-edge enrol CODE)"
)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: what the agent gets, and the word for the metric."""

    status: int
    content: dict[str, Any]
    result: str
    wait: float = 0.0

    def response(self) -> Response:
        """As HTTP."""
        headers = {"Cache-Control": "no-store"}
        if self.wait:
            headers["Retry-After"] = str(max(1, math.ceil(self.wait)))
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(orjson.dumps(self.content), self.status, headers, "application/json")


class NoAnswerError(Exception):
    """Something that ends a call early with this answer."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.result)
        self.said = said


def _no(status: int, result: str, problem: str, wait: float = 0.0) -> NoAnswerError:
    return NoAnswerError(Said(status, {"error": problem}, result, wait))


@dataclass(frozen=True, slots=True)
class Parts:
    """What the server works with."""

    boxes: CaughtUp
    intake: Intake
    enrolling: Enrolling
    producer: Delivers
    codec: Codec
    place: Place
    quotas: Quotas
    clock: Clock
    body_seconds: float


class Gateway:
    """The ASGI app."""

    def __init__(self, parts: Parts, seconds: Callable[[], float] = time.perf_counter) -> None:
        self._parts, self._seconds = parts, seconds
        self._answers = {"enrol": self._enrol, "events": self._events, "config": self._config, "health": self._health}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        path = request.url.path
        what = path.removeprefix(PREFIX) if path.startswith(PREFIX) and path.removeprefix(PREFIX) in ROUTES else "other"
        with contextlib.suppress(ClientDisconnect):
            said = await self._said(what, request)
            REQUESTS.labels(what, said.result).inc()
            if said.status >= 400:
                logger.warning("gateway_refused what=%s status=%d result=%s", what, said.status, said.result)
            await said.response()(scope, receive, send)

    async def _said(self, what: str, request: Request) -> Said:
        if what == "other":
            return Said(404, {"error": "there is no such address"}, "lost")
        if request.method != ROUTES[what]:
            return Said(405, {"error": f"{ROUTES[what]} only"}, "lost")
        try:
            return await self._answers[what](request)
        except NoAnswerError as error:
            return error.said
        except BodyError as error:
            return Said(error.status, {"error": str(error)}, "too_large" if error.status == 413 else "unreadable")
        except (BrokerError, DeliveryError, RejectedError) as error:
            logger.error("gateway_not_published what=%s detail=%s", what, error)
            return Said(503, {"error": "Kafka does not take it now"}, "failed", AGAIN_SECONDS)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a stranger may find, the process goes on and its log quotes nothing of it
            logger.critical("gateway_bug what=%s kind=%s", what, type(error).__name__)
            return Said(500, {"error": "an error of the gateway"}, "bug")

    async def _enrol(self, request: Request) -> Said:
        now = self._parts.clock.seconds()
        if not self._parts.quotas.enrolments.takes(now):
            raise _no(429, "limited", "too many at once", self._parts.quotas.enrolments.wait(now))
        asked = _asked(await self._document(request, SMALL_BYTES))
        token = await self._parts.enrolling.enrol(asked)
        if token is None:
            raise self._no_token(asked)
        return Said(200, {"token": token.text, **self._configuration(asked.box)}, "taken")

    def _no_token(self, asked: Asked) -> NoAnswerError:
        """A code that is good for another Box is not used up, and says for which: the MAC address was mistyped, or the agent asks another Box."""
        if meant := self._parts.enrolling.meant_for(asked):
            content = {"error": "the code was made for another Box, and can still be used there", "expected": meant}
            return NoAnswerError(Said(403, content, "forbidden"))
        return _no(403, "forbidden", "the code is unknown, used or over: ask for a new one")

    async def _config(self, request: Request) -> Said:
        box, token = await self._holder(request)
        await self._spool(request, box, token)
        return Said(200, self._configuration(box), "taken")

    async def _health(self, request: Request) -> Said:
        box, token = await self._holder(request)
        await self._spool(request, box, token)
        try:
            report = health_of(await self._document(request, SMALL_BYTES))
        except ContractError as error:
            logger.warning("health_refused box=%s problem=%s", box, error)
            raise NoAnswerError(Said(422, {"index": -1, "problem": str(error)}, "refused")) from error
        entry = entries.health(box, report, by=self._parts.place.name, at=self._parts.clock.now())
        await self._parts.producer.deliver([entries.message(self._parts.codec, self._parts.place.boxes, entry)])
        return Said(200, {"config_version": self._version(box)}, "taken")

    async def _events(self, request: Request) -> Said:
        box, token = await self._holder(request)
        spool = await self._spool(request, box, token)
        document = await self._document(request, MAX_BATCH_BYTES)
        try:
            events = from_batch(document, box)
        except BatchError as error:
            raise self._refused(box, error, _is_too_long(document)) from error
        if events and not spool:
            raise _no(400, "unreadable", f"{SPOOL_HEADER}: is missing; update the agent")
        now = self._parts.clock.seconds()
        if wait := self._parts.quotas.events(box, len(events), now):
            raise _no(429, "limited", "too many events at once", wait)
        began, result = self._seconds(), "failed"
        try:
            if spool:
                answer = await self._parts.intake.take(box, token.name, spool, events)
            else:
                answer = await self._parts.intake.how_far(box, token.name)
            result = _RESULTS[type(answer)]
        finally:
            PUBLISHING.labels(result).observe(self._seconds() - began)
        if isinstance(answer, OtherSpool):
            raise await self._other_spool(request, box, token)
        return self._told(box, answer)

    def _told(self, box: str, answer: Answer) -> Said:
        match answer:
            case Safe(through, published, repeated):
                EVENTS.labels(box, "published").inc(published)
                EVENTS.labels(box, "repeated").inc(repeated)
                return Said(200, {"through": through, "config_version": self._version(box)}, "taken")
            case Known(through, last, strict):
                content = {"through": through, "last": last, "strict": strict, "config_version": self._version(box)}
                return Said(200, content, "taken")
            case Hole(expected):
                return Said(409, {"expected": expected}, "hole")
            case Refused(index, problem):
                EVENTS.labels(box, "refused").inc()
                return Said(422, {"index": index, "problem": problem}, "refused")
            case AskFirst():
                return Said(428, {"error": "ask first how far the Box is, with a batch of no events"}, "ask_first")
            case _:
                raise _unknown()

    async def _spool(self, request: Request, box: str, token: Token) -> Spool | None:
        """The spool that calls; None where it does not say, or has no name yet. One that does not speak for the Box is refused."""
        header = request.headers.get(SPOOL_HEADER)
        if header is None:
            return None
        try:
            spool = spool_of(spool_names(header))
        except ContractError as error:
            raise _no(400, "unreadable", str(error)) from error
        book = self._parts.boxes.book
        if says(book.box(box), spool) is Says.OTHER:
            await self._parts.boxes.caught_up()  # it may have begun to speak at another gateway a moment ago
            if says(book.box(box), spool) is Says.OTHER:
                raise await self._other_spool(request, box, token)
        return spool if spool.name else None

    async def _other_spool(self, request: Request, box: str, token: Token) -> NoAnswerError:
        """Told once for each credential. Who has gone was ended, and what he sent came late: that is no second spool."""
        known = self._parts.boxes.book.box(box)
        if known.twice_at is None and not await request.is_disconnected():
            entry = entries.twice(box, token.name, by=self._parts.place.name, at=self._parts.clock.now())
            await self._parts.producer.deliver([entries.message(self._parts.codec, self._parts.place.boxes, entry)])
        logger.error("box_used_twice box=%s do=find the second; causeway gateway enrol for the right one", box)
        return NoAnswerError(Said(403, {"error": _OTHER_SPOOL_WORDS, "reason": OTHER_SPOOL}, OTHER_SPOOL))

    def _refused(self, box: str, error: BatchError, is_too_long: bool) -> NoAnswerError:
        if error.index < 0:
            return _no(413, "too_large", str(error)) if is_too_long else _no(400, "unreadable", str(error))
        EVENTS.labels(box, "refused").inc()
        return NoAnswerError(Said(422, {"index": error.index, "problem": str(error)}, "refused"))

    async def _holder(self, request: Request) -> tuple[str, Token]:
        """Whose call it is. One we do not know yet may have been enrolled by another gateway a moment ago: asked once, before it is refused."""
        token = bearer(request.headers.get("authorization", ""))
        if token is None:
            raise _unknown()
        digest, quotas = token_hash(token), self._parts.quotas
        box = self._parts.boxes.book.holder(token.name, digest)
        if not box:
            if not quotas.strangers.takes(self._parts.clock.seconds()):
                raise _no(429, "limited", "too many at once", 1.0)
            await self._parts.boxes.caught_up()
            box = self._parts.boxes.book.holder(token.name, digest)
        if not box:
            raise _unknown()
        if wait := quotas.request(box, self._parts.clock.seconds()):
            raise _no(429, "limited", "too many at once", wait)
        return box, token

    async def _document(self, request: Request, most_bytes: int) -> Any:
        body = await body_of(request, most_bytes, self._parts.body_seconds)
        if not isinstance(body, bytes):
            status, result = body
            raise _no(status, result, "the body is too large" if status == 413 else "the body comes too slowly")
        unpacked = plain(body, request.headers.get("content-encoding", "").strip().lower(), most_bytes)
        return await asyncio.to_thread(parsed, unpacked) if len(unpacked) > SMALL_BYTES else parsed(unpacked)

    def _configuration(self, box: str) -> dict[str, Any]:
        known = self._parts.boxes.book.box(box)
        return {"config": dict(known.configuration), "config_version": known.config_version}

    def _version(self, box: str) -> int:
        return self._parts.boxes.book.box(box).config_version


def _is_too_long(document: Any) -> bool:
    found = document.get("events") if isinstance(document, dict) else None
    return isinstance(found, list) and len(found) > MAX_BATCH_EVENTS


def _asked(document: Any) -> Asked:
    """Raises NoAnswerError for what is no question to be enrolled."""
    names = ("code", "box", "name", "agent_version")
    if not isinstance(document, dict) or set(document) - set(names) or not {"code", "box"} <= set(document):
        raise _no(400, "unreadable", f"want an object with {', '.join(names)}")
    said = {name: document.get(name, "") for name in names}
    if not all(
        isinstance(text, str) and len(text) <= MAX_NAME_CHARACTERS and text.isprintable() for text in said.values()
    ):
        raise _no(400, "unreadable", f"each must be text of at most {MAX_NAME_CHARACTERS} characters")
    if not is_box(said["box"]):
        raise _no(400, "unreadable", "box: must be 1 to 64 letters, digits and : . _ -")
    return Asked(**said)


def _unknown() -> NoAnswerError:
    return _no(401, "forbidden", "the token is unknown or revoked")
