"""The connector's own parts on an Amazon sandbox: settings, client and sources with the box's clock; waits are skipped, quotas never asked for."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from connectors.amazon import errors
from connectors.amazon.client import AmazonClient, Tokens
from connectors.amazon.rates import AmazonRates
from connectors.amazon.sandbox.settings import DEMO_SELLER, Seller
from connectors.amazon.settings import AmazonAccount, AmazonSettings
from connectors.amazon.source import AmazonOrders
from connectors.kit.budget import Budget
from connectors.kit.calls import Patience, Surroundings
from connectors.kit.http import HttpClient
from connectors.kit.ports import Page
from tests.contract.amazon_box import Box

PLENTY = AmazonRates(factor=100_000)
# A seller of the box whose every order is in the account's one marketplace.
US_SELLER = replace(DEMO_SELLER, marketplaces=DEMO_SELLER.marketplaces[:1])


def account_of(seller: Seller = DEMO_SELLER, **changes: Any) -> AmazonAccount:
    """A seller of the sandbox as an account; `marketplaces`: by default its first."""
    plain: dict[str, Any] = {
        "region": seller.region, "seller_id": seller.seller_id, "marketplaces": seller.marketplaces[:1],
        "client_id": seller.client_id, "client_secret": SecretStr(seller.client_secret),
        "refresh_token": SecretStr(seller.refresh_token),
    }  # fmt: skip
    return AmazonAccount(**{**plain, **changes})


def settings_of(box: Box, **changes: Any) -> AmazonSettings:
    plain: dict[str, Any] = {
        "base_urls": {region: f"{box.url}/{region}" for region in ("na", "eu", "fe")}, "login_url": f"{box.url}/auth/o2/token",
        "accounts": {"main": account_of()}, "rates": PLENTY,
    }  # fmt: skip
    return AmazonSettings(**{**plain, **changes})


@dataclass
class Connected:
    """`slept`: what was waited for, between tries and for quota; the box's clock goes on by it."""

    box: Box
    settings: AmazonSettings
    slept: list[float] = field(default_factory=list)
    clients: list[AmazonClient] = field(default_factory=list)
    budgets: dict[str, Budget] = field(default_factory=dict)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.box.clock(), UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.box.clock.tick(seconds)

    def client(self, account: str = "main") -> AmazonClient:
        ids = itertools.count(1)
        keys, where = self.settings.account(account), urlsplit(self.settings.login_url)
        http = HttpClient(self.settings.base_url(keys.region), self.settings.http, refusal=errors.refusal)
        login = HttpClient(f"{where.scheme}://{where.netloc}", self.settings.http, refusal=errors.token_refusal)
        budget = self.budgets.setdefault(keys.seller_id, Budget(self.settings.rates.plan(), self.box.clock, self.sleep))
        around = Surroundings(self.now, self.sleep, lambda: 0.5, lambda: f"{account}-{next(ids)}")
        patience = Patience(self.settings.attempts, self.settings.longest_wait_seconds)
        made = AmazonClient(keys, http, login, where.path, Tokens("amazon", self.now), budget, around, patience)
        self.clients.append(made)
        return made

    def orders(self, account: str = "main") -> AmazonOrders:
        return AmazonOrders(self.settings, account, self.client(account), self.now)

    async def aclose(self) -> None:
        for client in self.clients:
            await client.aclose()


def connected(box: Box, **changes: Any) -> Connected:
    return Connected(box, settings_of(box, **changes))


async def all_of(pages: AsyncIterator[Page]) -> list[Page]:
    return [page async for page in pages]


def ids_in(pages: list[Page]) -> list[str]:
    return [item.key.rpartition(":")[2] for page in pages for item in page.items]
