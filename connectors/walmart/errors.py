"""Walmart's error answers -> ours (ERR-3): one parser for all the shapes they come in, one table for what a code asks of us.

    auth codes      the token is fetched anew and the call tried again at once, one time
    system codes    transient: tried again, at most 5 times in all
    quota           throttled, with the time the headers name
    business codes  a person decides: never tried again
    data codes      the request or record is wrong
    nothing found   zero rows, for lists; for one order: it is not there

A code is what stands before the first dot; behind it is a component (`.GMP_GATEWAY_API`). Sources: Walmart's error code pages and the
published models; the same object has been seen under four different top levels and inside a 200.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.kit import exact_json
from connectors.kit.errors import ConflictError, ConnectorError, DataError, RuleError, ThrottledError
from connectors.kit.http import Answer, standard_retry_after
from connectors.kit.http_errors import status_error
from connectors.kit.outgoing.marketplace import Marketplace
from connectors.kit.ports import Outcome, failed, failed_by
from connectors.kit.words import LONGEST_WORDS, plain_words
from schemas.reasons import Reason

NOT_FOUND = "CONTENT_NOT_FOUND"
AUTH_CODES = frozenset({"UNAUTHORIZED"})
SYSTEM_CODES = frozenset({"SYSTEM_ERROR", "INVALID_SYSTEM_STATE", "DOWNSTREAM_SYSTEM_TIME_OUT"})
THROTTLE_CODES = frozenset({"REQUEST_THRESHOLD_VIOLATED"})
LOCK_CODES = frozenset({"RESOURCE_IS_LOCKED"})
# The content broke a rule of the marketplace (already shipped, not yours to acknowledge). All other 4xx codes say that we asked wrongly.
BUSINESS_CODES = frozenset({"INVALID_REQUEST_CONTENT"})
DATA_CODES = frozenset(
    {
        "INVALID_REQUEST",
        "INVALID_REQUEST_HEADER",
        "INVALID_REQUEST_PARAM",
        "MISSING_REQUEST_HEADER",
        "MISSING_REQUEST_PARAM",
        "MALFORMED_REQUEST_CONTENT",
        "METHOD_NOT_ALLOWED",
        "INVALID_ACCEPT_TYPE",
        "UNSUPPORTED_MEDIA_TYPE",
        "URI_NOT_FOUND",
        NOT_FOUND,
    }
)
# ERR-3: Walmart's system codes are tried at most this often, over all deliveries.
MOST_SYSTEM_ATTEMPTS = 5
# Statuses that say enough by themselves.
_PLAIN = frozenset({401, 403, 429})
_NOT_THERE = 404
_LONGEST_WAIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class GatewayError:
    """One error: `code` without component; `field` the parameter or element it names; `words` Walmart's text."""

    code: str
    field: str = ""
    words: str = ""
    severity: str = ""


def parse_errors(body: bytes) -> list[GatewayError]:
    """All errors in an answer's body, whatever the shape; none for an empty or unreadable body."""
    try:
        content = exact_json.loads(body) if body else None
    except ValueError:
        return []
    return errors_in(content)


def errors_in(content: Any) -> list[GatewayError]:
    """The same for a decoded body; an answer without errors gives none."""
    if not isinstance(content, dict):
        return []
    inside = content.get("list")
    found = (
        content.get("errors") or content.get("error") or (inside.get("errors") if isinstance(inside, dict) else None)
    )
    if isinstance(found, dict):
        # Converted from XML: {"errors": {"error": {...} or [...]}}.
        found = found.get("error", found)
    objects = found if isinstance(found, list) else [found]
    return [_error(item) for item in objects if isinstance(item, dict) and isinstance(item.get("code"), str)]


def refusal(now: Callable[[], datetime]) -> Callable[[Answer], ConnectorError]:
    """What `HttpClient` asks about answers that are not 2xx."""

    def explain(answer: Answer) -> ConnectorError:
        return error_of(answer, parse_errors(answer.body), now())

    return explain


def error_of(answer: Answer, errors: list[GatewayError], now: datetime) -> ConnectorError:
    """The error for an answer, by its first code, else by its status."""
    first = errors[0] if errors else GatewayError("")
    asked, said = answer.asked, _said(first)
    where = f"{asked.operation}: {asked.host} answered {answer.status} {first.code}{said}"
    wait = retry_after(answer.headers, now)
    if not errors and (unsaid := _unsaid(answer)):
        # Not in Walmart's words: something on the way, or what was left of an answer. It says nothing of the record.
        return asked.left(f"answered {answer.status} {unsaid}", retry_after=wait)
    if first.code in THROTTLE_CODES:
        return ThrottledError(f"{where}; the quota is used up", retry_after=wait, code=first.code)
    if first.code in LOCK_CODES:
        return ConflictError(where, retry_after=wait, code=first.code)
    if first.code in BUSINESS_CODES:
        return RuleError(f"{where}; Walmart's rules do not allow it now, a person has to look", code=first.code)
    if first.code in DATA_CODES:
        return DataError(where, code=first.code)
    status = 500 if first.code in SYSTEM_CODES and answer.status < 500 else answer.status
    status = 401 if first.code in AUTH_CODES else status
    return status_error(status, asked, code=first.code, said=said.strip(), retry_after=wait)


def _unsaid(answer: Answer) -> str:
    """What is odd about a refusal that names no error of Walmart's, so that it is none of this record; "" where its status says enough."""
    if answer.status not in range(400, 500) or answer.status in _PLAIN:
        return ""
    try:
        exact_json.loads(answer.body or b"null")
    except ValueError:
        return "with something that is not JSON"
    # That there is no such thing is believed in Walmart's own words only; an address nobody serves is answered like this too.
    return "without saying why" if answer.status == _NOT_THERE else ""


def outcome_of(error: ConnectorError, attempt: int) -> Outcome:
    """An error as an outcome. A system code is given up after the fifth attempt: then a person has to look."""
    if error.code in SYSTEM_CODES and attempt >= MOST_SYSTEM_ATTEMPTS:
        return failed(Reason.RULE, f"{error}; given up after {attempt} attempts, ask Walmart or replay later")
    return failed_by(error)


def is_missing(error: ConnectorError) -> bool:
    """Whether Walmart says that it has no such thing."""
    return error.code == NOT_FOUND


WALMART = Marketplace("Walmart", outcome_of, is_missing)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until Walmart has a call for us again, at most an hour; None when it does not say.

    The header's format is not published; seconds, epoch milliseconds and ISO 8601 have been met. Both spellings of the name have."""
    text = headers.get("x-next-replenishment-time") or headers.get("x-next-replenish-time") or ""
    seconds = _seconds_until(text.strip(), now)
    return standard_retry_after(headers) if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)


def calls_left(headers: Mapping[str, str]) -> float | None:
    """`x-current-token-count`: calls left in Walmart's bucket for this call; None when it does not say."""
    text = headers.get("x-current-token-count", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _seconds_until(text: str, now: datetime) -> float | None:
    if text.isascii() and text.isdigit() and len(text) < 16:
        number = int(text)
        # More than a day and a half in seconds is no wait but a date: in seconds up to eleven digits, else in milliseconds.
        if number < 130_000:
            return float(number)
        return (number if len(text) < 12 else number / 1000) - now.timestamp()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()


def _error(item: Mapping[str, Any]) -> GatewayError:
    words = item.get("description") or item.get("message") or ""
    field = item.get("field")
    return GatewayError(
        code=str(item["code"]).split(".", 1)[0].strip()[:60],
        field=field[:60] if isinstance(field, str) else "",
        words=words[:LONGEST_WORDS] if isinstance(words, str) else "",
        severity=str(item.get("severity", ""))[:10].upper(),
    )


def _said(error: GatewayError) -> str:
    """` (field: words)`."""
    told = ": ".join(part for part in (error.field, plain_words(error.words)) if part)
    return f" ({told})" if told else ""
