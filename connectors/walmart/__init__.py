"""Walmart Marketplace (US): orders in, acknowledgements out. README.md says what its API promises and what it does not."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from connectors.kit.ports import Connector, Deps, Sink, Source, Verifier
from connectors.walmart import catalogue, returns, settlements
from connectors.walmart.catalogue import WalmartItems, to_listing
from connectors.walmart.client import WalmartClient, open_client
from connectors.walmart.listing_back import by_settings
from connectors.walmart.mapping import mapping_for, to_order
from connectors.walmart.returns import WalmartReturns, to_return
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.settlements import WalmartSettlements, to_settlement
from connectors.walmart.sink import OPERATIONS, WalmartSink
from connectors.walmart.source import FLOW, WalmartOrders
from connectors.walmart.verify import WalmartVerifier

FLOWS = {
    FLOW: timedelta(minutes=10),
    returns.FLOW: timedelta(minutes=30),
    catalogue.FLOW: timedelta(days=1),
    settlements.FLOW: timedelta(hours=6),
}


def _accounts(settings: WalmartSettings) -> list[str]:
    return list(settings.accounts)


def _client(settings: WalmartSettings, deps: Deps, account: str) -> WalmartClient:
    settings.check_environment(deps.environment)
    return open_client(settings, account, deps.now)


def _source(settings: WalmartSettings, account: str, flow: str, deps: Deps) -> Source:
    if flow not in FLOWS:
        raise ValueError(f"walmart has no flow {flow!r}; it has {', '.join(FLOWS)}")
    client = _client(settings, deps, account)
    match flow:
        case returns.FLOW:
            return WalmartReturns(settings, account, client, deps.now)
        case catalogue.FLOW:
            return WalmartItems(account, client, deps.now)
        case settlements.FLOW:
            return WalmartSettlements(account, client, deps.now)
        case _:
            return WalmartOrders(settings, account, client, deps.now)


def _sink(settings: WalmartSettings, deps: Deps) -> Sink:
    gather = settings.feeds.gather_seconds
    return WalmartSink(
        settings, partial(_client, settings, deps), deps.now, deps.mappings, gather_seconds=gather, first_prices=deps.first_prices
    )  # fmt: skip


def _verifier(settings: WalmartSettings, deps: Deps) -> Verifier:
    return WalmartVerifier(settings, partial(_client, settings, deps), deps.now)


CONNECTOR = Connector(
    name="walmart",
    settings=WalmartSettings,
    accounts=_accounts,
    flows=FLOWS,
    source=_source,
    sink=_sink,
    order_mapping=to_order,
    verifier=_verifier,
    mapping_for=lambda settings: mapping_for(settings.charges),
    mappings=lambda settings: {
        returns.ENTITY: to_return,
        catalogue.ENTITY: by_settings(to_listing, settings.listings),
        settlements.ENTITY: to_settlement,
    },
    operations=OPERATIONS,
    stock_cap=lambda settings: settings.stock_cap,
)
