"""What the folder offers to the pipeline. `__init__` names it `CONNECTOR` where it is taken up by the topic table."""

from __future__ import annotations

from datetime import timedelta

from connectors.alibaba import (
    authorising,
    mapping,
    message_source,
    offer_mapping,
    parcel_source,
    product_source,
    purchase_book,
    push,
    source,
)
from connectors.alibaba.authorising import AuthorisationSetup
from connectors.alibaba.client import AlibabaClient, open_client
from connectors.alibaba.mapping import to_supplier_order
from connectors.alibaba.message_source import AlibabaMessages
from connectors.alibaba.offer_mapping import to_supplier_product
from connectors.alibaba.parcel_source import AlibabaParcels
from connectors.alibaba.product_source import AlibabaProducts
from connectors.alibaba.rates import Use
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.sink import OPERATIONS, AlibabaSink
from connectors.alibaba.source import AlibabaOrders
from connectors.alibaba.verify import AlibabaVerifier
from connectors.kit.ports import Connector, Deps, Setup, SetupOffer, Sink, Source, Verifier

FLOWS = {
    source.FLOW: timedelta(minutes=15),
    parcel_source.FLOW: timedelta(hours=6),
    product_source.FLOW: timedelta(days=1),
    message_source.FLOW: timedelta(hours=1),
}


def client_of(settings: AlibabaSettings, deps: Deps, account: str, use: Use = Use.WRITING) -> AlibabaClient:
    """Raises ValueError for an account that is not configured, or an environment that is another one."""
    settings.check_environment(deps.environment)
    return open_client(settings, account, deps.now, use)


def _source(settings: AlibabaSettings, account: str, flow: str, deps: Deps) -> Source:
    if flow not in FLOWS:
        raise ValueError(f"alibaba has no flow {flow!r}; it has {', '.join(FLOWS)}")
    client = client_of(settings, deps, account, Use.READING)
    match flow:
        case parcel_source.FLOW:
            return AlibabaParcels(settings, account, client, deps.now)
        case product_source.FLOW:
            return AlibabaProducts(settings, account, client, deps.now)
        case message_source.FLOW:
            return AlibabaMessages(settings, account, client, deps.now)
        case _:
            return AlibabaOrders(settings, account, client, deps.now)


def _sink(settings: AlibabaSettings, deps: Deps) -> Sink:
    return AlibabaSink(settings, settings.purchases, lambda account: client_of(settings, deps, account), deps.now)


def _verifier(settings: AlibabaSettings, deps: Deps) -> Verifier:
    return AlibabaVerifier(settings, lambda account: client_of(settings, deps, account), deps.now)


def _authorisation(settings: AlibabaSettings, account: str, deps: Deps) -> Setup:
    return AuthorisationSetup(settings, account, client_of(settings, deps, account))


OFFERED = Connector(
    name="alibaba",
    settings=AlibabaSettings,
    accounts=lambda settings: list(settings.accounts),
    flows=FLOWS,
    source=_source,
    sink=_sink,
    operations=OPERATIONS,
    verifier=_verifier,
    pushes=push.pushes,
    mappings=lambda settings: {mapping.ENTITY: to_supplier_order, offer_mapping.ENTITY: to_supplier_product},
    setups={authorising.NAME: SetupOffer(authorising.ABOUT, _authorisation)},
    books={purchase_book.KIND: purchase_book.open_book},
)
