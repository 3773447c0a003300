"""`causeway verify` for 1688 (AUTH-5): per account, API by API, what works. Changes nothing.

Reading APIs are called. Whether a writing one may be called is told by asking for it without what it needs: the gateway checks the token, then the
permission, then the parameters, so `gw.ParamMissing` says that it may (observed; the platform's pages say nothing of the order).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.errors import NO_ORDER, NO_RIGHT_TO_ORDER, NOT_SHIPPED
from connectors.alibaba.purchase_address import check_saved, delivery_address
from connectors.alibaba.reference import AlibabaReference
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, DataError, ForbiddenError, RuleError
from connectors.kit.ports import Check
from connectors.kit.rate import Priority
from connectors.kit.verifying import AccountVerifier

_DAYS_WARNED = 14
_MISSING = "gw.ParamMissing"
_NOBODYS = "1"  # an order nobody has
_OF_NOBODY = {"webSite": "1688", "orderId": _NOBODYS}
_NOT_FOUND = frozenset({NO_ORDER, NOT_SHIPPED, "404", "400", *NO_RIGHT_TO_ORDER})


@dataclass(frozen=True, slots=True)
class Try:
    """A call. name: of the table of APIs; what: it is for; fine: codes by which the API says that it may be called and there is nothing."""

    name: str
    what: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fine: frozenset[str] = frozenset()


READS = (
    Try("order_list", "orders are listed", {"page": 1, "pageSize": 1}),
    Try("order_view", "an order is read", _OF_NOBODY, _NOT_FOUND),
    Try("logistics", "parcels are read", _OF_NOBODY, _NOT_FOUND),
    Try("trace", "their way is read", _OF_NOBODY, _NOT_FOUND),
    Try("stored_messages", "messages that were not delivered are read", {"page": 1, "pageSize": 20}),
    Try("addresses", "delivery addresses are read"),
    Try("carriers", "carriers are read"),
)
# Without parameters: nothing can come of them.
WRITES = (
    Try("product_detail", "offers are read", {}, frozenset({_MISSING})),
    Try("order_preview", "orders are previewed", {}, frozenset({_MISSING})),
    Try("order_create", "orders are created", {}, frozenset({_MISSING})),
    Try("order_cancel", "orders are cancelled", {}, frozenset({_MISSING})),
)


# What it refuses is who we are, not a right.
KEY_AND_SECRET = Try("current_time", "app key and secret are right")


class AlibabaVerifier(AccountVerifier[AlibabaClient]):
    """`Verifier` over all configured accounts."""

    system = "alibaba"
    to_configure = "ACCOUNTS__MAIN__APP_KEY and ...__APP_SECRET"
    refused = "authorise the app: causeway setup add alibaba:ACCOUNT authorisation"

    def __init__(
        self, settings: AlibabaSettings, open_client: OpenClient[AlibabaClient], now: Callable[[], datetime]
    ) -> None:
        super().__init__(settings.accounts, open_client)
        self._settings = settings
        self._now = now

    def _where(self, name: str) -> str:
        return f"at {self._settings.base_url}"

    async def _rights(self, subject: str, name: str, client: AlibabaClient) -> list[Check]:
        clock = await _tried(subject, client, KEY_AND_SECRET)
        if not clock.ok:
            return [clock]
        checks = [clock, *self._authorisation(subject, client)]
        checks += [await _tried(subject, client, one) for one in (*READS, *WRITES)]
        return checks + await self._addresses(subject, AlibabaReference(self._settings, name, client, self._now))

    async def _addresses(self, subject: str, reference: AlibabaReference) -> list[Check]:
        """Whether goods could be sent to each warehouse's address."""
        purchases = self._settings.purchases
        if not purchases.addresses:
            return [Check(f"{subject}: delivery address", True, "none is configured, so nothing is ordered")]
        checks = []
        for warehouse in sorted(purchases.addresses):
            what = f"{subject}: delivery address {warehouse}"
            try:
                await check_saved({"addressParam": delivery_address(purchases, warehouse)}, reference)
            except DataError as error:
                checks.append(Check(what, False, str(error), "see the message"))
            else:
                checks.append(Check(what, True, "nothing of it is missing"))
        return checks

    def _authorisation(self, subject: str, client: AlibabaClient) -> list[Check]:
        """How long the refresh token is good, where there is one whose end is known."""
        file = client.authority.file
        held = file.read() if file is not None else None
        if held is None or not held.refresh_until:
            return []
        ends = datetime.fromtimestamp(held.refresh_until, UTC)
        days = (ends - self._now()).days
        remedy = "" if days > _DAYS_WARNED else self.refused
        return [
            Check(
                f"{subject}: refresh token",
                days > _DAYS_WARNED,
                f"good until {ends.date().isoformat()}, {days} days",
                remedy,
            )
        ]


async def _tried(subject: str, client: AlibabaClient, one: Try) -> Check:
    what = f"{subject}: {one.name.replace('_', ' ')}"
    try:
        await client.call(one.name, one.parameters, priority=Priority.REPORTS, repeatable=True)
    except ForbiddenError as error:
        add = f"in the app's console add this API, or name its equivalent: {one.what}"
        return Check(what, False, str(error), "see the message" if one is KEY_AND_SECRET else add)
    except (DataError, RuleError) as error:
        if error.code not in one.fine:
            return Check(what, False, str(error), "see the message")
    except ConnectorError as error:
        return Check(what, False, str(error), "see the message")
    return Check(what, True, one.what)
