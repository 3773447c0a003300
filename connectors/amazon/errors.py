"""Amazon's error answers -> ours (ERR-3). The HTTP status decides; the code is told, because every API spells its own.

    400, 404, 413, 415   our request or the record is wrong: data, never tried again
    401, 403             an expired token, a missing role or the wrong region, told apart by a text only: the token is renewed once, then `auth`
    409                  conflict
    429                  throttled; no header says when to return, `x-amzn-RateLimit-Limit` says how long one more call takes to come
    5xx                  transient, with growing waits

Login with Amazon answers as OAuth does (RFC 6749 section 5.2): see `token_refusal`. Sources: the models' ErrorList, the vendor's client for tokens.
"""

from __future__ import annotations

import logging
from typing import Any

from connectors.amazon.rates import told_rate
from connectors.kit import exact_json
from connectors.kit.errors import AuthError, ConnectorError, ForbiddenError, ThrottledError
from connectors.kit.http import Answer, standard_retry_after
from connectors.kit.http_errors import status_error
from connectors.kit.outgoing.marketplace import Marketplace
from connectors.kit.ports import Outcome, failed_by
from connectors.kit.words import plain_words

logger = logging.getLogger(__name__)
# `ConnectorError.code` of what the status decides.
NOT_FOUND, REFUSED = "404", "400"
_RETRY_OAUTH = frozenset({"server_error", "temporarily_unavailable"})
_LONGEST_CODE = 60


def refusal(answer: Answer) -> ConnectorError:
    """What `HttpClient` asks about answers that are not 2xx."""
    code, words, found = _first_error(answer.body)
    said = " ".join(part for part in (code, f"({words})" if words else "") if part)
    request = answer.headers.get("x-amzn-requestid", "")[:_LONGEST_CODE]
    logger.info(
        "amazon_refused operation=%s status=%d code=%s request=%s", answer.asked.operation, answer.status, code, request
    )
    status = answer.status
    if not found and 400 <= status < 500 and status not in (401, 403, 429):
        # Not in Amazon's words: something on the way. It says nothing of the record.
        return answer.asked.left(f"answered {status} with something that is not Amazon's")
    if status == 429:
        return _throttled(answer, said)
    if status == 403:
        text = f"{answer.asked.operation}: {answer.asked.host} answered 403 {said}".rstrip()
        return ForbiddenError(
            f"{text}; the application lacks a role, the seller has not authorised it, or the region is another",
            code="403",
        )
    return status_error(
        status, answer.asked, code=str(status), said=said, retry_after=standard_retry_after(answer.headers)
    )


def _throttled(answer: Answer, said: str) -> ThrottledError:
    rate = told_rate(answer.headers)
    wait = standard_retry_after(answer.headers) or (None if rate is None else 1 / rate)
    return ThrottledError(
        f"{answer.asked.operation}: {answer.asked.host} answered 429 {said}".rstrip() + "; the quota is used up",
        retry_after=wait,
        code="429",
    )


def token_refusal(answer: Answer) -> ConnectorError:
    """The same for the token endpoint. A seller's authorisation that is gone does not come back by trying: it stops and alarms (AUTH-2)."""
    code, words = _oauth_error(answer.body)
    where = f"{answer.asked.operation}: {answer.asked.host} answered {answer.status} {code}".rstrip()
    if code in _RETRY_OAUTH or answer.status >= 500 or answer.status == 429:
        return status_error(answer.status if answer.status >= 429 else 503, answer.asked, code=code, said=words)
    if code == "invalid_grant":
        logger.error("amazon_authorisation_gone host=%s", answer.asked.host)
        return AuthError(
            f"{where}; the seller's authorisation is gone: have the application authorised again and set the new refresh token",
            code=code,
        )
    if code == "invalid_client":
        return AuthError(
            f"{where}; client id and client secret do not belong together, or the secret was rotated", code=code
        )
    if code:
        return AuthError(f"{where}; the application may not ask for this token", code=code)
    if answer.status in (401, 403):
        return AuthError(f"{where}; the credentials were refused", code=str(answer.status))
    return answer.asked.left(f"answered {answer.status} with something that is not Login with Amazon's")


def is_missing(error: ConnectorError) -> bool:
    """Whether a call found nothing under its id."""
    return error.code == NOT_FOUND


def outcome_of(error: ConnectorError, attempt: int) -> Outcome:
    """An error as the outcome of a delivery at that attempt."""
    return failed_by(error)


AMAZON = Marketplace("Amazon", outcome_of, is_missing, item="listing")


def _first_error(body: bytes) -> tuple[str, str, bool]:
    """(code, words without persons, whether there was any error) of the first error in an ErrorList."""
    content = _decoded(body)
    listed = content.get("errors") if isinstance(content, dict) else None
    first = next((one for one in listed if isinstance(one, dict)), None) if isinstance(listed, list) else None
    if first is None:
        return "", "", False
    told = ": ".join(text for name in ("message", "details") if (text := plain_words(_text(first.get(name)))))
    return _text(first.get("code"))[:_LONGEST_CODE], told, True


def _oauth_error(body: bytes) -> tuple[str, str]:
    content = _decoded(body)
    if not isinstance(content, dict):
        return "", ""
    return _text(content.get("error"))[:_LONGEST_CODE], plain_words(_text(content.get("error_description")))


def _decoded(body: bytes) -> Any:
    try:
        return exact_json.loads(body) if body else None
    except ValueError:
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value.isprintable() else ""
