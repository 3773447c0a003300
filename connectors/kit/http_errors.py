"""Foreign errors become ours, in one place: what httpx raises and what an HTTP status means.

Two questions decide: has the request left us, and does repeating it do harm?

    never left           refused, unknown host, timeout while connecting   -> TransientError
    left, repeatable     timeout or reset afterwards, 5xx, broken answer   -> TransientError
    left, not repeatable the same                                          -> UncertainError: look before trying again
    certificate refused                                                    -> AuthError: a person must look, time does not mend it
    our own mistake      illegal header, unsupported address               -> ConnectorError (bug)
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import Enum

import httpx

from connectors.kit.errors import (
    AuthError,
    ConflictError,
    ConnectorError,
    DataError,
    ForbiddenError,
    ThrottledError,
    TransientError,
    UncertainError,
)


class Fate(Enum):
    """How far a request came before it failed."""

    NOT_SENT = "not sent"
    MAYBE_SENT = "maybe sent"
    OUR_MISTAKE = "our mistake"


# Most specific first. The guard in tests/unit/kit fails the day httpx raises something that is not here.
FATES: tuple[tuple[type[Exception], Fate, str], ...] = (
    (httpx.ConnectTimeout, Fate.NOT_SENT, "did not accept the connection in time"),
    (httpx.PoolTimeout, Fate.NOT_SENT, "has all our connections busy"),
    (httpx.ConnectError, Fate.NOT_SENT, "cannot be reached"),
    (httpx.ProxyError, Fate.NOT_SENT, "cannot be reached through the proxy"),
    (httpx.ReadTimeout, Fate.MAYBE_SENT, "did not answer in time"),
    (httpx.WriteTimeout, Fate.MAYBE_SENT, "did not take the request in time"),
    (httpx.ReadError, Fate.MAYBE_SENT, "dropped the connection"),
    (httpx.WriteError, Fate.MAYBE_SENT, "dropped the connection while we sent"),
    (httpx.CloseError, Fate.MAYBE_SENT, "dropped the connection"),
    (httpx.RemoteProtocolError, Fate.MAYBE_SENT, "broke off its answer or sent no valid HTTP"),
    (httpx.DecodingError, Fate.MAYBE_SENT, "sent an answer that cannot be unpacked"),
    (httpx.TooManyRedirects, Fate.MAYBE_SENT, "redirects in a circle"),
    (httpx.UnsupportedProtocol, Fate.OUR_MISTAKE, "needs an http or https address"),
    (httpx.LocalProtocolError, Fate.OUR_MISTAKE, "was sent an illegal request"),
    (httpx.InvalidURL, Fate.OUR_MISTAKE, "has an address that is none"),
)
FOREIGN: tuple[type[Exception], ...] = tuple(kind for kind, _, _ in FATES)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom, for messages: never the query, the body or a header.

    operation   our name of the call, for example `list orders`
    host        host and port
    repeatable  whether doing it twice does no harm
    """

    operation: str
    host: str
    repeatable: bool

    def left(self, message: str, *, retry_after: float | None = None, code: str = "") -> ConnectorError:
        """The error for a request that left us without a usable answer."""
        text = f"{self.operation}: {self.host} {message}"
        if self.repeatable:
            return TransientError(text, retry_after=retry_after, code=code)
        return UncertainError(f"{text}; it may have been carried out", retry_after=retry_after, code=code)


def foreign_error(error: Exception, asked: Asked) -> ConnectorError:
    """What httpx raised -> ours. Only kinds in FOREIGN come here."""
    if (certificate := _certificate_error(error)) is not None:
        return AuthError(
            f"{asked.operation}: the TLS certificate of {asked.host} was refused ({certificate}); "
            "check the address, this machine's clock, and the certificate authority setting"
        )
    fate, words = next((fate, words) for kind, fate, words in FATES if isinstance(error, kind))
    if fate is Fate.MAYBE_SENT:
        return asked.left(f"{words} ({type(error).__name__})")
    if fate is Fate.OUR_MISTAKE:
        return ConnectorError(f"{asked.operation}: {asked.host} {words}")
    return TransientError(
        f"{asked.operation}: {asked.host} {words} ({_cause(error)}); check that the host is up and the address right"
    )


def status_error(
    status: int, asked: Asked, *, code: str = "", said: str = "", retry_after: float | None = None
) -> ConnectorError:
    """The general meaning of a status that is not 2xx. `said`: the other side's words, only where they hold no personal data."""
    told = " ".join(part for part in (code, said) if part)
    text = f"{asked.operation}: {asked.host} answered {status}" + (f" {told}" if told else "")
    if status == 401:
        return AuthError(f"{text}; the credentials were refused, renew them", code=code)
    if status == 403:
        return ForbiddenError(f"{text}; the credentials lack this right", code=code)
    if status == 429:
        return ThrottledError(f"{text}; the quota is used up", retry_after=retry_after, code=code)
    if status in (409, 423):
        return ConflictError(text, retry_after=retry_after, code=code)
    if status == 503:
        return TransientError(text, retry_after=retry_after, code=code)
    if status >= 500 or status == 408:
        return asked.left(f"answered {status}" + (f" {told}" if told else ""), retry_after=retry_after, code=code)
    if 300 <= status < 400:
        return TransientError(f"{text}, a redirect, which an API does not send; check the address", code=code)
    return DataError(text, code=code)


def _certificate_error(error: BaseException) -> str | None:
    """The reason a certificate was refused, looked for along the chain of causes."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen.verify_message
        seen = seen.__cause__ or seen.__context__
    return "certificate verify failed" if "CERTIFICATE_VERIFY_FAILED" in str(error) else None


def _cause(error: BaseException) -> str:
    """The operating system's words (connection refused, name not known), without addresses."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__
