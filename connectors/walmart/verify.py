"""`causeway verify` for Walmart (AUTH-5): per account, call by call and scope by scope, what works. Changes nothing.

Only reads are made. Whether a write would be allowed is told by the token's scopes (`GET /v3/token/detail`): `full_access` may write,
`view_only` may read, `no_access` neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from connectors.kit.cursor import to_text
from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Check
from connectors.walmart.client import WalmartClient
from connectors.walmart.settings import WalmartSettings

OpenClient = Callable[[str], WalmartClient]
_READS = frozenset({"view_only", "full_access"})
_PORTAL = "in Walmart's developer portal give the API key this scope"


class WalmartVerifier:
    """`Verifier` over all configured accounts."""

    def __init__(self, settings: WalmartSettings, open_client: OpenClient, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._open = open_client
        self._now = now

    async def verify(self) -> Sequence[Check]:
        """One line per call and scope. Never raises ConnectorError."""
        if not self._settings.accounts:
            remedy = "set CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID and ...__CLIENT_SECRET"
            return [Check("walmart", False, "no account is configured", remedy)]
        checks: list[Check] = []
        for name in self._settings.accounts:
            client = self._open(name)
            try:
                checks += await self._account(name, client)
            finally:
                await client.aclose()
        return checks

    async def _account(self, name: str, client: WalmartClient) -> list[Check]:
        subject = f"walmart {name}"
        try:
            await client.ask_token()
        except ConnectorError as error:
            remedy = "check client id, client secret and that base_url is the environment they were made for"
            return [Check(f"{subject}: get token", False, str(error), remedy)]
        checks = [Check(f"{subject}: get token", True, f"at {self._settings.base_url}")]
        checks += await self._scopes(subject, client)
        for node in self._settings.account(name).node_types:
            checks.append(await self._orders(subject, client, node))
        return checks

    async def _scopes(self, subject: str, client: WalmartClient) -> list[Check]:
        try:
            detail = await client.token_detail()
        except ConnectorError as error:
            return [
                Check(
                    f"{subject}: token detail", False, str(error), "the scopes stay unknown; the calls below still tell"
                )
            ]
        checks = [Check(f"{subject}: token detail", *_valid(detail))]
        scopes = detail.get("scopes")
        if not isinstance(scopes, Mapping):
            return [*checks, Check(f"{subject}: scopes", False, "Walmart named none", "ask Walmart's support")]
        return (
            checks
            + [_scope(subject, str(area), str(scopes[area])) for area in sorted(scopes)]
            + _absent(subject, scopes)
        )

    async def _orders(self, subject: str, client: WalmartClient, node: str) -> Check:
        since = to_text(self._now() - timedelta(days=1))
        what = f"{subject}: list orders {node}"
        try:
            page = await client.list_orders({"createdStartDate": since, "shipNodeType": node, "limit": "1"})
        except ConnectorError as error:
            return Check(what, False, str(error), "see the message; the scope `orders` is needed")
        return Check(what, True, f"{'some' if page.orders else 'no'} orders in the last 24 hours")


def _valid(detail: Mapping[str, object]) -> tuple[bool, str, str]:
    if detail.get("is_valid") is False:
        return False, "Walmart says the token is not valid", "make new API keys"
    if detail.get("is_channel_match") is False:
        return False, "the channel type does not belong to these keys", "correct CAUSEWAY_WALMART__CHANNEL_TYPE"
    return True, "valid", ""


def _scope(subject: str, area: str, access: str) -> Check:
    """Only `orders` is needed so far: to read them and to acknowledge them. The rest is told for information."""
    what = f"{subject}: scope {area}"
    if area != "orders":
        return Check(what, True, f"{access}, not needed yet")
    if access == "full_access":
        return Check(what, True, "full_access: orders are read and acknowledged")
    if access in _READS:
        return Check(what, False, f"{access}: orders are read but cannot be acknowledged", _PORTAL + " in full")
    return Check(what, False, f"{access}: orders can be neither read nor acknowledged", _PORTAL)


def _absent(subject: str, scopes: Mapping[str, object]) -> list[Check]:
    return [] if "orders" in scopes else [_scope(subject, "orders", "no_access")]
