"""JSON_LISTINGS_FEED: each message as the call of its kind, and the processing report (amazon.md section 8).

DONE says that the file was read. What of it was taken stands in the report; what was taken takes effect later, as with the calls. A file that makes
no sense as a whole ends FATAL, with an issue that is about no message."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.amazon.sandbox.errors import ApiError
from connectors.amazon.sandbox.feeds import Result, Submitted
from connectors.amazon.sandbox.listing_bodies import attributes_of, patch_of, product_type, put_of
from connectors.amazon.sandbox.listing_issues import ERROR, WARNING, Issue, wrong
from connectors.amazon.sandbox.listing_store import Change
from connectors.amazon.sandbox.listing_work import ListingWork
from connectors.kit.sandbox.steering import Json

TYPE = "JSON_LISTINGS_FEED"
VERSION = "2.0"
MAX_MESSAGES = 25_000
MAX_SKU = 40
OPERATIONS = ("UPDATE", "PARTIAL_UPDATE", "PATCH", "DELETE")
VIA = "feed"
# Fields of a message besides id, SKU and operation, by operation.
_FIELDS = {
    "UPDATE": {"productType", "requirements", "attributes"},
    "PARTIAL_UPDATE": {"productType", "attributes"},
    "PATCH": {"productType", "patches"},
    "DELETE": set[str](),
}
_HEAD = {"messageId", "sku", "operationType"}


class FileError(Exception):
    """The file makes no sense as a whole."""


@dataclass(frozen=True)
class Message:
    """number: its messageId where it has one; change: None where issues say why not."""

    number: int | None
    sku: str
    change: Change | None
    issues: tuple[Issue, ...] = ()


class ListingFeed:
    """The processor of the feed type."""

    def __init__(self, work: ListingWork) -> None:
        self._work = work
        work.world.feeds.register(TYPE, self.process, count)
        # What a feed has queued may be due by the time that it is looked at.
        work.world.feeds.ended.append(lambda job, now: work.advance(now))

    def process(self, feed: Submitted) -> Result:
        # When the file was sent, not when it was worked on: a test of older numbers over newer ones looks at this.
        job = self._work.world.feeds.store.get(feed.account, feed.feed_id)
        sent_at = job.created if job is not None else feed.at
        try:
            given = messages_of(feed.content, feed.account)
        except FileError as error:
            issue = {"code": "4000001", "severity": ERROR, "message": str(error)}
            return Result(
                _report(feed, [issue], 0, 0), "application/json; charset=UTF-8", fatal=True, summary=str(error)
            )
        found = read(given, feed.marketplaces, sent_at, feed.feed_id)
        return self._result(feed, [self._submitted(feed, at, one) for at, one in enumerate(found, 1)])

    def _submitted(self, feed: Submitted, at: int, message: Message) -> Message:
        """The message with what is wrong with it."""
        if at in feed.refused:
            return Message(message.number, message.sku, None, (wrong("fault injected: the message was refused"),))
        if message.change is None:
            return message
        verdict = self._work.submit(feed.account, message.sku, message.change, feed.at)
        change = None if verdict.status == "INVALID" else message.change
        return Message(message.number, message.sku, change, verdict.issues)

    def _result(self, feed: Submitted, messages: Sequence[Message]) -> Result:
        issues = [_issue(message, issue) for message in messages for issue in message.issues]
        accepted = sum(message.change is not None for message in messages)
        summary = f"{accepted} of {len(messages)} messages"
        return Result(
            _report(feed, issues, len(messages), accepted), "application/json; charset=UTF-8", summary=summary
        )


def count(content: bytes) -> int:
    """How many messages a file has, for faults of single ones."""
    try:
        return len(messages_of(content, None))
    except FileError:
        return 0


def messages_of(content: bytes, seller: str | None) -> list[Any]:
    """The messages of a file whose frame is right. Raises FileError."""
    try:
        body = json.loads(content)
    except ValueError as error:
        raise FileError("The file is not JSON.") from error
    header, messages = (body.get("header"), body.get("messages")) if isinstance(body, dict) else (None, None)
    if not isinstance(header, dict) or not isinstance(messages, list):
        raise FileError("header and messages are required.")
    if header.get("version") != VERSION:
        raise FileError(f"header.version: {VERSION} is expected.")
    if seller is not None and header.get("sellerId") != seller:
        raise FileError("header.sellerId is not the seller that the feed is of.")
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise FileError(f"messages: 1 to {MAX_MESSAGES} are expected.")
    return messages


def read(messages: Sequence[Any], places: tuple[str, ...], sent_at: float, feed_id: str) -> list[Message]:
    """Each message with its change, or with what is wrong with its form."""
    seen: set[int] = set()
    found = []
    for given in messages:
        message = _read(given, places, sent_at, feed_id)
        if message.number is not None and message.number in seen:
            message = Message(message.number, message.sku, None, (wrong("messageId is used twice.", "messageId"),))
        seen |= {message.number} if message.number is not None else set()
        found.append(message)
    return found


def _read(given: Any, places: tuple[str, ...], sent_at: float, feed_id: str) -> Message:
    if not isinstance(given, dict):
        return Message(None, "", None, (wrong("A message is an object."),))
    number, sku, operation = given.get("messageId"), given.get("sku"), given.get("operationType")
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number < 2**31:
        return Message(
            None, str(sku or ""), None, (wrong("messageId: a whole number from 1 is expected.", "messageId"),)
        )
    if not isinstance(sku, str) or not 1 <= len(sku) <= MAX_SKU:
        return Message(number, str(sku or ""), None, (wrong(f"sku: 1 to {MAX_SKU} characters.", "sku"),))
    if operation not in OPERATIONS:
        return Message(
            number, sku, None, (wrong(f"operationType: one of {', '.join(OPERATIONS)} is expected.", "operationType"),)
        )
    if unknown := sorted(set(given) - _HEAD - _FIELDS[operation]):
        return Message(number, sku, None, (wrong(f"{', '.join(unknown)}: not for {operation}.", *unknown),))
    body = {name: value for name, value in given.items() if name not in _HEAD}
    try:
        return Message(number, sku, _CHANGES[operation](body, places, sent_at, feed_id))
    except ApiError as error:
        return Message(number, sku, None, (wrong(error.details),))


def _update(body: Json, places: tuple[str, ...], sent_at: float, feed_id: str) -> Change:
    return put_of(body, places, sent_at, VIA, feed_id)


def _patch(body: Json, places: tuple[str, ...], sent_at: float, feed_id: str) -> Change:
    return patch_of(body, places, sent_at, VIA, feed_id)


def _partial(body: Json, places: tuple[str, ...], sent_at: float, feed_id: str) -> Change:
    """As a PATCH that replaces each attribute."""
    given = attributes_of(body.get("attributes"))
    patches = [{"op": "replace", "path": f"/attributes/{name}", "value": values} for name, values in given.items()]
    return patch_of({"productType": product_type(body), "patches": patches}, places, sent_at, VIA, feed_id)


def _delete(body: Json, places: tuple[str, ...], sent_at: float, feed_id: str) -> Change:
    return Change("delete", places, sent_at, VIA, feed_id)


_CHANGES: dict[str, Callable[[Json, tuple[str, ...], float, str], Change]] = {
    "UPDATE": _update,
    "PARTIAL_UPDATE": _partial,
    "PATCH": _patch,
    "DELETE": _delete,
}


def _issue(message: Message, issue: Issue) -> Json:
    """An issue of the report; it names one attribute where the API names several."""
    found: Json = {"messageId": message.number} if message.number is not None else {}
    found |= {"sku": message.sku} if message.sku else {}
    found |= {"code": issue.code, "severity": issue.severity, "message": issue.message}
    return {**found, "attributeName": issue.attributes[0]} if issue.attributes else found


def _report(feed: Submitted, issues: Sequence[Json], processed: int, accepted: int) -> bytes:
    summary = {
        "errors": sum(issue["severity"] == ERROR for issue in issues),
        "warnings": sum(issue["severity"] == WARNING for issue in issues),
        "messagesProcessed": processed,
        "messagesAccepted": accepted,
        "messagesInvalid": processed - accepted,
    }
    header = {"sellerId": feed.account, "version": VERSION, "feedId": feed.feed_id}
    return json.dumps({"header": header, "issues": list(issues), "summary": summary}, ensure_ascii=False).encode()
