"""`causeway verify` for Walmart (AUTH-5): per account, call by call and scope by scope, what works. Changes nothing.

Only reads are made. Whether a write would be allowed is told by the token's scopes (`GET /v3/token/detail`): `full_access` may write,
`view_only` may read, `no_access` neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from connectors.kit.accounts import OpenClient
from connectors.kit.cursor import to_text
from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Check
from connectors.kit.rate import Priority
from connectors.kit.verifying import AccountVerifier
from connectors.walmart.client import WalmartClient
from connectors.walmart.errors import NOT_FOUND
from connectors.walmart.settings import WalmartSettings

FULL = "full_access"
_READS = frozenset({"view_only", FULL})
_PORTAL = "in Walmart's developer portal give the API key this scope"


@dataclass(frozen=True, slots=True)
class Need:
    """What we do with a scope. reads, writes: in words, writes empty when view_only is enough; flow: whose phase may stay off instead."""

    reads: str
    writes: str
    flow: str = ""

    @property
    def all_of_it(self) -> str:
        return " and ".join(part for part in (self.reads, self.writes) if part)

    @property
    def or_else(self) -> str:
        return f"; without it leave the flow {self.flow} off" if self.flow else ""


NEEDS: Mapping[str, Need] = MappingProxyType(
    {
        "orders": Need("orders are read", "acknowledged, shipped, cancelled, refunded"),
        "inventory": Need("stock is read", "written", "stock"),
        "price": Need("", "prices are written", "prices"),
        "item": Need("items are read", "written", "products and catalogue"),
        "feeds": Need("feeds are followed", "sent", "stock, prices and products"),
        "returns": Need("returns are read", "", "returns"),
        "reports": Need("settlements are read", "", "settlements"),
    }
)


@dataclass(frozen=True, slots=True)
class Read:
    """A call that changes nothing. operation: of the rate plan; scope: what it needs."""

    operation: str
    path: str
    scope: str


READS = (
    Read("list_items", "/v3/items?limit=1", "item"),
    Read("list_inventories", "/v3/inventories?limit=1", "inventory"),
    Read("list_feeds", "/v3/feeds?offset=0&limit=1", "feeds"),
    Read("list_returns", "/v3/returns?limit=1", "returns"),
    Read("list_recon", "/v3/report/reconreport/availableReconFiles?reportVersion=v1", "reports"),
)


class WalmartVerifier(AccountVerifier[WalmartClient]):
    """`Verifier` over all configured accounts."""

    system = "walmart"
    to_configure = "CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID and ...__CLIENT_SECRET"
    refused = "check client id, client secret and that base_url is the environment they were made for"

    def __init__(
        self, settings: WalmartSettings, open_client: OpenClient[WalmartClient], now: Callable[[], datetime]
    ) -> None:
        super().__init__(settings.accounts, open_client)
        self._settings = settings
        self._now = now

    def _where(self, name: str) -> str:
        return f"at {self._settings.base_url}"

    async def _rights(self, subject: str, name: str, client: WalmartClient) -> list[Check]:
        checks = await self._scopes(subject, client)
        for node in self._settings.account(name).node_types:
            checks.append(await self._orders(subject, client, node))
        checks += [await self._read(subject, client, one) for one in READS]
        if node_id := self._settings.account(name).ship_node:
            checks.append(await self._ship_node(subject, client, node_id))
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

    async def _read(self, subject: str, client: WalmartClient, read: Read) -> Check:
        what = f"{subject}: {read.operation.replace('_', ' ')}"
        try:
            await client.call(read.operation, "GET", read.path, priority=Priority.REPORTS)
        except ConnectorError as error:
            if error.code != NOT_FOUND:  # which is how Walmart says that there are none
                return Check(what, False, str(error), f"see the message; the scope `{read.scope}` is needed")
        return Check(what, True, "can be read")

    async def _ship_node(self, subject: str, client: WalmartClient, node_id: str) -> Check:
        what = f"{subject}: ship node {node_id}"
        try:
            path = "/v3/settings/shipping/shipnodes"
            _, content = await client.call("list_ship_nodes", "GET", path, priority=Priority.REPORTS)
        except ConnectorError as error:
            return Check(what, False, str(error), "see the message")
        if _names(content, node_id):
            return Check(what, True, "the account has it")
        return Check(what, False, "the account has no such ship node", "correct ...__SHIP_NODE, or leave it empty")


def _names(content: object, node_id: str) -> bool:
    """Whether a list of ship nodes has this one: a bare list in the model, each with `shipNode`."""
    nodes = content if isinstance(content, list) else []
    return any(isinstance(node, Mapping) and node.get("shipNode") == node_id for node in nodes)


def _valid(detail: Mapping[str, object]) -> tuple[bool, str, str]:
    if detail.get("is_valid") is False:
        return False, "Walmart says the token is not valid", "make new API keys"
    if detail.get("is_channel_match") is False:
        return False, "the channel type does not belong to these keys", "correct CAUSEWAY_WALMART__CHANNEL_TYPE"
    return True, "valid", ""


def _scope(subject: str, area: str, access: str) -> Check:
    """What a scope allows of what we do."""
    what = f"{subject}: scope {area}"
    need = NEEDS.get(area)
    if need is None:
        return Check(what, True, f"{access}, not needed")
    if access == FULL or (access in _READS and not need.writes):
        return Check(what, True, f"{access}: {need.all_of_it}")
    if access in _READS:
        return Check(what, False, f"{access}: {need.reads}, but not {need.writes}", f"{_PORTAL} in full{need.or_else}")
    nothing = " nor ".join(part for part in (need.reads, need.writes) if part)
    return Check(what, False, f"{access}: neither {nothing}", f"{_PORTAL}{need.or_else}")


def _absent(subject: str, scopes: Mapping[str, object]) -> list[Check]:
    return [_scope(subject, area, "no_access") for area in sorted(NEEDS) if area not in scopes]
