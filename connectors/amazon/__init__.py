"""Amazon Selling Partner API: orders, returns, listings, settlements and stock at Amazon in; shipments, cancellations, refunds, stock and prices
out. README.md says what its APIs promise and what they do not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from connectors.amazon import (
    catalogue,
    census,
    fba_stock,
    listing_census,
    notification_setup,
    notifications,
    return_mapping,
    returns,
    settlements,
)
from connectors.amazon.catalogue import AmazonCatalogue, listing_mapping
from connectors.amazon.census import AmazonCensus
from connectors.amazon.client import AmazonClient, open_client
from connectors.amazon.fba_stock import AmazonFbaStock, to_fulfilment_stock
from connectors.amazon.listing_census import AmazonListingCensus
from connectors.amazon.mapping import to_order
from connectors.amazon.notification_setup import NotificationSetup
from connectors.amazon.notifications import AmazonNotifications
from connectors.amazon.reports import reports_of
from connectors.amazon.returns import AmazonReturns
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.settlement_source import AmazonSettlements, settlement_mapping
from connectors.amazon.sink import OPERATIONS, AmazonSink
from connectors.amazon.source import FLOW, AmazonOrders
from connectors.amazon.sqs import SqsQueue
from connectors.amazon.verify import AmazonVerifier
from connectors.kit.ports import Connector, Deps, Setup, SetupOffer, Sink, Source, Verifier

FLOWS = {
    FLOW: timedelta(minutes=15),
    census.FLOW: timedelta(days=1),
    notifications.FLOW: timedelta(seconds=10),
    returns.FLOW: timedelta(hours=6),
    catalogue.FLOW: timedelta(hours=6),
    settlements.FLOW: timedelta(hours=6),
    fba_stock.FLOW: timedelta(minutes=30),
    listing_census.FLOW: timedelta(days=1),
}


def _flows(settings: AmazonSettings) -> Mapping[str, timedelta]:
    """Notifications are read where an account has a queue for them, stock at Amazon where Amazon ships for one."""
    accounts = settings.accounts.values()
    off = set()
    if not any(account.queue is not None for account in accounts):
        off.add(notifications.FLOW)
    if not settings.reading.fba_stock or all(account.fulfilled_by == ("MERCHANT",) for account in accounts):
        off.add(fba_stock.FLOW)
    return {name: often for name, often in FLOWS.items() if name not in off}


def _client(settings: AmazonSettings, deps: Deps, account: str) -> AmazonClient:
    settings.check_environment(deps.environment)
    return open_client(settings, account, deps.now)


def _queue(settings: AmazonSettings, account: str) -> SqsQueue | None:
    queue = settings.account(account).queue
    return SqsQueue(queue, settings.http.proxy) if queue else None


def _source(settings: AmazonSettings, account: str, flow: str, deps: Deps) -> Source:
    if flow not in FLOWS:
        raise ValueError(f"amazon has no flow {flow!r}; it has {', '.join(FLOWS)}")
    client = _client(settings, deps, account)
    match flow:
        case census.FLOW:
            return AmazonCensus(settings, account, client, deps.now, deps.seen)
        case notifications.FLOW:
            return AmazonNotifications(settings, account, client, deps.now, _queue(settings, account))
        case settlements.FLOW:
            return AmazonSettlements(settings, account, reports_of(settings, client), deps.now)
        case returns.FLOW:
            return AmazonReturns(settings, account, client, reports_of(settings, client), deps.now)
        case catalogue.FLOW:
            return AmazonCatalogue(settings, account, client, deps.now)
        case listing_census.FLOW:
            return AmazonListingCensus(settings, account, client, deps.now, deps.known, deps.seen)
        case fba_stock.FLOW:
            return AmazonFbaStock(settings, account, client, deps.now, deps.known)
        case _:
            return AmazonOrders(settings, account, client, deps.now)


def _sink(settings: AmazonSettings, deps: Deps) -> Sink:
    gather = settings.feeds.gather_seconds
    return AmazonSink(
        settings, partial(_client, settings, deps), deps.now, deps.mappings, gather_seconds=gather, first_prices=deps.first_prices
    )  # fmt: skip


def _verifier(settings: AmazonSettings, deps: Deps) -> Verifier:
    return AmazonVerifier(settings, partial(_client, settings, deps), deps.now)


def _notifications(settings: AmazonSettings, account: str, deps: Deps) -> Setup:
    return NotificationSetup(settings, account, _client(settings, deps, account), _queue(settings, account))


CONNECTOR = Connector(
    name="amazon",
    settings=AmazonSettings,
    accounts=lambda settings: list(settings.accounts),
    flows=FLOWS,
    flows_for=_flows,
    source=_source,
    sink=_sink,
    order_mapping=to_order,
    verifier=_verifier,
    mappings=lambda settings: {
        returns.ENTITY: return_mapping.to_return,
        catalogue.ENTITY: listing_mapping(settings),
        settlements.ENTITY: settlement_mapping(settings),
        fba_stock.ENTITY: to_fulfilment_stock,
    },
    operations=OPERATIONS,
    stock_cap=lambda settings: settings.stock_cap,
    stock_every=timedelta(hours=3),  # INV-1: every two to four hours
    setups={notification_setup.NAME: SetupOffer(notification_setup.ABOUT, _notifications)},
)
