"""Walmart Marketplace (US): orders in, acknowledgements out. README.md says what its API promises and what it does not."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from connectors.kit.ports import Connector, Deps, Sink, Source, Verifier
from connectors.walmart.client import WalmartClient, open_client
from connectors.walmart.mapping import mapping_for, to_order
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.sink import WalmartSink
from connectors.walmart.source import FLOW, WalmartOrders
from connectors.walmart.verify import WalmartVerifier


def _accounts(settings: WalmartSettings) -> list[str]:
    return list(settings.accounts)


def _client(settings: WalmartSettings, deps: Deps, account: str) -> WalmartClient:
    settings.check_environment(deps.environment)
    return open_client(settings, account, deps.now)


def _source(settings: WalmartSettings, account: str, flow: str, deps: Deps) -> Source:
    if flow != FLOW:
        raise ValueError(f"walmart has no flow {flow!r}; it has {FLOW}")
    return WalmartOrders(settings, account, _client(settings, deps, account), deps.now)


def _sink(settings: WalmartSettings, deps: Deps) -> Sink:
    return WalmartSink(settings, partial(_client, settings, deps))


def _verifier(settings: WalmartSettings, deps: Deps) -> Verifier:
    return WalmartVerifier(settings, partial(_client, settings, deps), deps.now)


CONNECTOR = Connector(
    name="walmart",
    settings=WalmartSettings,
    accounts=_accounts,
    flows={FLOW: timedelta(minutes=10)},
    source=_source,
    sink=_sink,
    order_mapping=to_order,
    verifier=_verifier,
    mapping_for=lambda settings: mapping_for(settings.charges),
)
