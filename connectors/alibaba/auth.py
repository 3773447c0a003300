"""Who we are to the platform: the tokens of an account (AUTH-3).

    a file           authorisation-code flow: a code gives an access token (10 hours) and a refresh token; the file keeps both. Renewed 10 minutes
                     early, by one process for all; a new refresh token is kept before anything uses it, without one the old stays
    a lasting token  of a self-use app: it cannot be renewed
    none             single-user mode: calls are signed, that is all

A refresh token that is refused is remembered as dead: nobody asks with it again until a person authorises anew (`authorising.py`). Any answer of
the token call without an access token is a refusal. (Sources: the platform's pages on authorisation; official SDKs.)
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from connectors.alibaba import times
from connectors.alibaba.errors import BAD_GRANT
from connectors.alibaba.settings import AlibabaAccount
from connectors.alibaba.token_file import Authorisation, TokenFile
from connectors.kit.errors import AuthError, ConnectorError
from connectors.kit.tokens import RENEW_BEFORE, Grant

logger = logging.getLogger(__name__)

# A call of the token API: which (`grant`, `postpone`), its form without client_id and client_secret -> the answer's body.
AskGrant = Callable[[str, Mapping[str, str]], Awaitable[Any]]
GRANT, POSTPONE = "grant", "postpone"
AUTHORISE = "authorise it: causeway setup add alibaba:{} authorisation"
AUTHORISE_AGAIN = "authorise the app again: causeway setup add alibaba:{} authorisation"
_LASTING = timedelta(hours=1)
_LONGEST_LIFE_SECONDS = 400 * 86_400
_DAY = 86_400


class Authority:
    """The tokens of one account. `early`: seconds before its end that an access token is renewed; `postpone`: days before its end that a
    refresh token is; `now`: the clock, aware UTC. `token` is what a TokenCache fetches."""

    def __init__(
        self, name: str, account: AlibabaAccount, now: Callable[[], datetime], *, early: float, postpone_days: float
    ) -> None:
        self._name = name
        self._account = account
        self._now = now
        self._early = early
        self._postpone_days = postpone_days
        self._file = TokenFile(account.token_file) if account.token_file else None
        self._given = ""

    @property
    def file(self) -> TokenFile | None:
        return self._file

    async def token(self, ask: AskGrant) -> Grant:
        """An access token; "" in single-user mode. Raises AuthError when a person has to do something, else what the call raises.

        Who asks again while the last one given is still good has had it refused.
        """
        if self._file is not None:
            return await self._from_file(self._file, ask)
        if self._account.is_static:
            return self._lasting()
        return Grant(SecretStr(""), _LASTING)

    async def exchange(self, ask: AskGrant, code: str, redirect_uri: str) -> Authorisation:
        """A code from the callback page -> the authorisation, kept. Raises AuthError, also where no file is configured."""
        if self._file is None:
            raise AuthError(f"alibaba {self._name}: token_file is not configured, so nothing could be kept")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "need_refresh_token": "true",
        }
        async with self._file.locked():
            made = self._read_grant(await ask(GRANT, form), Authorisation())
            self._file.write(made)
            self._given = ""
            return made

    async def _from_file(self, file: TokenFile, ask: AskGrant) -> Grant:
        async with file.locked():
            held = file.read() or Authorisation(refresh_token=self._account.refresh_token.get_secret_value())
            at = self._now().timestamp()
            if not held.access_token or held.renew_at <= at or held.access_token == self._given:
                held = await self._renewed(file, held, ask)
        self._given = held.access_token
        return Grant(SecretStr(held.access_token), _lifetime(held.renew_at - at))

    async def _renewed(self, file: TokenFile, held: Authorisation, ask: AskGrant) -> Authorisation:
        if held.dead or not held.refresh_token:
            what = "the platform has ended the authorisation" if held.dead else "nobody has authorised the app yet"
            how = AUTHORISE_AGAIN if held.dead else AUTHORISE
            raise AuthError(f"alibaba {self._name}: {what}; {how.format(self._name)}", code=BAD_GRANT)
        try:
            answer = await ask(GRANT, {"grant_type": "refresh_token", "refresh_token": held.refresh_token})
        except AuthError as error:
            if error.code == BAD_GRANT:
                file.write(held.killed())
                logger.error("reauthorise", extra={"source": "alibaba", "account": self._name})
                raise AuthError(f"{error}: {AUTHORISE_AGAIN.format(self._name)}", code=BAD_GRANT) from None
            raise
        made = self._read_grant(answer, held)
        file.write(made)
        return await self._postponed(file, made, ask)

    async def _postponed(self, file: TokenFile, held: Authorisation, ask: AskGrant) -> Authorisation:
        """With a new refresh token where the old one nears its end. That it cannot be had is no failure: the old one still is good."""
        left = held.refresh_until - self._now().timestamp()
        if not held.refresh_until or left > self._postpone_days * _DAY:
            return held
        try:
            answer = await ask(POSTPONE, {"refresh_token": held.refresh_token, "access_token": held.access_token})
            made = self._read_grant(answer, held)
        except ConnectorError as error:
            extra = {"source": "alibaba", "account": self._name, "days_left": round(left / _DAY, 1), "code": error.code}
            logger.warning("refresh_token_ends", extra=extra)
            return held
        file.write(made)
        return made

    def _lasting(self) -> Grant:
        try:
            value = self._account.static_token()
        except (OSError, UnicodeDecodeError) as error:
            raise AuthError(f"access_token_file cannot be read ({type(error).__name__})") from None
        text = value.get_secret_value()
        if text == self._given:
            # Refused: told once, then tried again, for the platform may have been wrong.
            self._given = ""
            raise AuthError(
                f"alibaba {self._name}: the lasting access token is refused; make a new one in the app's console"
            )
        self._given = text
        return Grant(value, _LASTING)

    def _read_grant(self, answer: Any, before: Authorisation) -> Authorisation:
        """Raises AuthError for an answer without a token."""
        answer = answer if isinstance(answer, dict) else {}
        access, life = answer.get("access_token"), _seconds(answer.get("expires_in"))
        if not (isinstance(access, str) and access.isascii() and access.isprintable() and access and life):
            raise AuthError(f"alibaba {self._name}: the token call gave no token with a lifetime")
        at = self._now().timestamp()
        made = replace(
            before, access_token=access, expires_at=at + life, renew_at=at + life - min(self._early, life / 3), dead=False,
            login=_text(answer, "resource_owner") or _text(answer, "resourceOwner") or before.login,
            member=_text(answer, "memberId") or before.member,
        )  # fmt: skip
        if refresh := _text(answer, "refresh_token"):
            end = times.moment(answer.get("refresh_token_timeout"))
            made = replace(made, refresh_token=refresh, refresh_until=end.timestamp() if end else 0.0)
        return made


def authorise_url(base: str, account: AlibabaAccount, state: str) -> str:
    """Where the buyer lets the app in, in a browser. base: with its path."""
    query = {"client_id": account.app_key, "site": "1688", "redirect_uri": account.redirect_uri, "state": state}
    return f"{base}?{urlencode(query)}"


def _lifetime(until_renewal: float) -> timedelta:
    """What a TokenCache, which renews five minutes early or a third of the lifetime, has to be told so that it renews then."""
    seconds, early = max(until_renewal, 1.0), RENEW_BEFORE.total_seconds()
    return timedelta(seconds=seconds + early if seconds >= 2 * early else seconds * 1.5)


def _seconds(value: Any) -> float:
    """A number or its digits; 0 for what is no lifetime."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    seconds = float(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0.0
    return seconds if seconds <= _LONGEST_LIFE_SECONDS else 0.0


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    return value.strip() if isinstance(value, str) and len(value) < 500 else ""
