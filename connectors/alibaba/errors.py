"""The platform's error answers -> ours (ERR-3), by body first: the gateway's are alike for every API, the business ones are spelt by each API in
its own way, misspelt ones included.

    401                       the token is renewed and the call repeated at once, one time; then a person authorises anew
    gw.Qos...                 throttled, whatever the status: 1, 2, 4 seconds, then the tiers
    gw.APIACLDecline          the app lacks this API: a person, in the console
    gw.Signature..., gw.App..., gw.APIUnsupported    configuration: a person
    gw.Param...               we asked wrongly: the record is refused
    business codes            a person decides; some are states of an order (`NOT_SHIPPED`), which callers know

Failure is: `error_code` or `error_message`; a success flag that is false, outside or inside of `result`; an error code that is none of the good
ones. A flag that is missing is no failure, nor is a message beside a flag that is true (a trace that has no steps yet).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.kit import exact_json
from connectors.kit.errors import (
    AuthError,
    ConflictError,
    ConnectorError,
    DataError,
    ForbiddenError,
    RuleError,
    ThrottledError,
)
from connectors.kit.http import Answer, standard_retry_after
from connectors.kit.http_errors import Asked, status_error
from connectors.kit.words import plain_words

UNAUTHORISED = "401"
NOT_SHIPPED = "500_2"  # of logistics: a state, not an error
NO_TRACE = "404"
NO_ORDER = "ORDER_NOT_EXIST"
NO_RIGHT_TO_ORDER = frozenset({"order.nopermission.buyer", "400_3"})
TOO_OLD_TO_TRACE = "order.createtime.history"
TOO_FAST = "CLOSE_ORDER_TOO_FAST"
BAD_GRANT = "invalid_grant"
_TOO_FAST_SECONDS = 10.0
_PLAIN = frozenset({401, 403, 429})
_GOOD = frozenset({"", "0", "0000", "200"})
_FLAGS = ("success", "succes", "isSuccess")
_CODES = ("errorCode", "code")
_MESSAGES = ("errorMessage", "errorMsg", "erroMsg", "message")
_REMEDIES = {
    "gw.APIACLDecline": "the app may not call this API; add it in the app's console, or name another one in the settings (apis)",
    "gw.APIUnsupported": "there is no such API; correct the table of APIs in the settings (apis)",
    "gw.AppKeyMissing": "the app key is unknown; correct app_key",
    "gw.SignatureInvalid": "the signature was refused; correct app_secret",
    "gw.SignatureMissing": "the signature was refused; correct app_secret",
}
_DATA = frozenset({"400", NO_ORDER, *NO_RIGHT_TO_ORDER})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an API says: its code and its words, either may be empty."""

    code: str
    words: str = ""


def refusal(answer: Answer) -> ConnectorError:
    """What `HttpClient` asks about answers that are not 2xx."""
    content = _content(answer.body)
    if (found := gateway_refusal(content)) is not None:
        return gateway_error(answer, found)
    if isinstance(content, dict) and isinstance(content.get("error"), str):
        return grant_error(answer.asked, content)
    asked = answer.asked
    wait = standard_retry_after(answer.headers)
    if answer.status in range(400, 500) and answer.status not in _PLAIN:
        # Not in the platform's words: something on the way. It says nothing of the record.
        return asked.left(f"answered {answer.status} without saying why", retry_after=wait)
    return status_error(answer.status, asked, retry_after=wait)


def gateway_refusal(content: Any) -> Refusal | None:
    """The gateway's refusal in a body, None where there is none."""
    if not isinstance(content, dict):
        return None
    code, words = _text(content.get("error_code")), _text(content.get("error_message"))
    return Refusal(code, words) if code or words else None


def gateway_error(answer: Answer, said: Refusal) -> ConnectorError:
    """The error for it. What the gateway refuses has not been carried out."""
    asked, code = answer.asked, said.code
    told = f"{asked.operation}: {asked.host} answered {answer.status} {code}{_in_brackets(said.words)}"
    if code == UNAUTHORISED:
        return AuthError(f"{told}; the access token is missing, expired or withdrawn", code=code)
    if code.startswith("gw.Qos") or answer.status == 429:
        return ThrottledError(f"{told}; too many calls", retry_after=standard_retry_after(answer.headers), code=code)
    if code in _REMEDIES:
        return ForbiddenError(f"{told}; {_REMEDIES[code]}", code=code)
    if answer.status >= 500:
        return asked.left(f"answered {answer.status} {code}", code=code)
    return DataError(told, code=code)


def business_refusal(content: Any) -> Refusal | None:
    """What an API refuses in a body of status 200, outside or inside of `result`; None where it went well."""
    found = None
    inner = content.get("result") if isinstance(content, dict) else None
    for level in (content, inner):
        if not isinstance(level, dict):
            continue
        code = next((text for name in _CODES if (text := _text(level.get(name)))), "")
        if any(_is_false(level.get(name)) for name in _FLAGS) or code not in _GOOD:
            words = next((text for name in _MESSAGES if (text := _text(level.get(name)))), "")
            # The inner level says more where both speak.
            found = Refusal(code or (found.code if found else ""), words or (found.words if found else ""))
    return found


def business_error(asked: Asked, said: Refusal) -> ConnectorError:
    """The error for it, by what the caller does next."""
    told = f"{asked.operation}: {asked.host} refused with {said.code or 'no code'}{_in_brackets(said.words)}"
    if said.code == TOO_FAST:
        return ConflictError(told, retry_after=_TOO_FAST_SECONDS, code=said.code)
    if said.code in _DATA:
        return DataError(told, code=said.code)
    return RuleError(told, code=said.code)


def grant_error(asked: Asked, content: Mapping[str, Any]) -> AuthError:
    """A refusal of the token call (RFC 6749 section 5.2)."""
    code = _text(content.get("error"))[:60]
    remedy = "the authorisation has ended" if code == BAD_GRANT else "check app_key and app_secret"
    return AuthError(f"{asked.operation}: {asked.host} gave no token ({code or 'no reason'}); {remedy}", code=code)


def look_into(answer: Answer, content: Any) -> None:
    """Raises the gateway's refusal that came with a status of 2xx."""
    if (found := gateway_refusal(content)) is not None:
        raise gateway_error(answer, found)


def _content(body: bytes) -> Any:
    try:
        return exact_json.loads(body) if body else None
    except ValueError:
        return None


def _text(value: Any) -> str:
    """Codes and words come as text or number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()


def _is_false(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def _in_brackets(words: str) -> str:
    told = plain_words(words)
    return f" ({told})" if told else ""
