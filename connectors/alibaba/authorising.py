"""`causeway setup ... authorisation`: a buyer lets the app in (AUTH-3). Shown, made, removed.

Made by a person with a browser: the set-up opens the callback page, says which address to visit, and waits. The code that comes back is good once and
for two minutes; it is exchanged at once, and what it gives is kept in the account's token file.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from connectors.alibaba.auth import authorise_url
from connectors.alibaba.callback import CallbackPage, RefusedError, listens_at, served
from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.token_file import Authorisation
from connectors.kit.errors import ConnectorError
from connectors.kit.ports import SetupStep, StepState

NAME = "authorisation"
ABOUT = "a buyer lets the app in"
_ADD = "causeway setup add alibaba:{} authorisation, with a browser at hand"


def _to_the_person(address: str) -> None:
    sys.stderr.write(f"Open this address in a browser, log in as the buyer, and agree:\n{address}\n\n")
    sys.stderr.flush()


class AuthorisationSetup:
    """`Setup` of one account. tell: how the person learns the address to visit; new_state: what the browser has to bring back."""

    def __init__(
        self, settings: AlibabaSettings, account: str, client: AlibabaClient, *, tell: Callable[[str], None] = _to_the_person,
        new_state: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._name = account
        self._account = settings.account(account)
        self._client = client
        self._tell = tell
        self._new_state = new_state

    async def show(self) -> Sequence[SetupStep]:
        return [self._step()]

    async def add(self) -> Sequence[SetupStep]:
        """Waits for the person. What is there already stays as it is."""
        step = self._step()
        if step.state is not StepState.ABSENT:
            return [step]
        try:
            host, port = listens_at(self._account.callback_listen, self._account.redirect_uri)
        except ValueError as error:
            return [
                _wrong(
                    str(error),
                    f"set ACCOUNTS__{self._name.upper()}__REDIRECT_URI, of the domain registered for the app",
                )
            ]
        try:
            code = await self._code(host, port)
            made = await self._client.authority.exchange(self._client.ask_grant, code, self._account.redirect_uri)
        except TimeoutError:
            return [_wrong(f"nobody came back within {self._settings.authorise_seconds:g} seconds", "begin again")]
        except RefusedError:
            return [_wrong("the buyer did not let the app in", "begin again, and agree")]
        except OSError as error:
            return [
                _wrong(
                    f"the callback page cannot be opened at {host}:{port} ({type(error).__name__})",
                    "free it, or name another",
                )
            ]
        except ConnectorError as error:
            return [_wrong(str(error), "begin again: a code is good for two minutes, and once")]
        return [SetupStep(NAME, StepState.MADE, _told(made))]

    async def remove(self, *, shared: bool = False) -> Sequence[SetupStep]:
        """Our tokens; that the app is let in stays until the buyer takes it back."""
        file = self._client.authority.file
        if file is None:
            return [SetupStep(NAME, StepState.KEPT, self._step().detail)]
        async with file.locked():
            return [SetupStep(NAME, StepState.REMOVED if file.remove() else StepState.ABSENT)]

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _code(self, host: str, port: int) -> str:
        state = self._new_state()
        page = CallbackPage(urlsplit(self._account.redirect_uri).path, state)
        async with served(page, host, port):
            self._tell(
                authorise_url(f"{self._settings.authorise_url}{self._settings.authorise_path}", self._account, state)
            )
            async with asyncio.timeout(self._settings.authorise_seconds):
                return await page.code

    def _step(self) -> SetupStep:
        file = self._client.authority.file
        if file is None:
            static = "a lasting access token is configured" if self._account.is_static else "no token: single-user mode"
            return SetupStep(NAME, StepState.THERE, static)
        try:
            held = file.read()
        except ConnectorError as error:
            return _wrong(str(error), "remove it: causeway setup remove")
        if held is None and self._account.refresh_token.get_secret_value():
            return SetupStep(NAME, StepState.THERE, "it begins with the refresh token of the settings")
        if held is None or held.dead or not held.refresh_token:
            detail = "the platform has ended it" if held is not None and held.dead else ""
            return SetupStep(NAME, StepState.ABSENT, detail, _ADD.format(self._name))
        return SetupStep(NAME, StepState.THERE, _told(held))


def _told(held: Authorisation) -> str:
    until = datetime.fromtimestamp(held.refresh_until, UTC).date().isoformat() if held.refresh_until else "not said"
    return f"as {held.login or held.member or 'a buyer'}, refresh token until {until}"


def _wrong(detail: str, remedy: str) -> SetupStep:
    return SetupStep(NAME, StepState.WRONG, detail, remedy)
