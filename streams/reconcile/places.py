"""What can be reconciled with this configuration, and both books of it opened. Nothing of any connector is known here but what it offers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from connectors.kit.books import Book, Entry
from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Connector, Deps
from streams.connectors import part_of
from streams.phases import Phase, phase_of
from streams.reconcile.findings import Place, Report
from streams.reconcile.kinds import KINDS
from streams.reconcile.looking import Reconciler
from streams.settings import ConfigurationError, Settings

logger = logging.getLogger(__name__)

HOME = "odoo"


def places_of(settings: Settings, connectors: Iterable[Connector], kind: str) -> list[Place]:
    """Every configured account of every outside system that has a book of that kind."""
    return [
        Place(kind, connector.name, account)
        for connector in connectors
        if connector.name != HOME and kind in connector.books
        for account in connector.accounts(part_of(settings, connector))
    ]


def watched(settings: Settings, connectors: Sequence[Connector]) -> list[Place]:
    """Those that are reconciled by themselves: whose flow is on. Of others nothing is expected to stand at the other side."""
    return [
        place
        for kind in KINDS.values()
        for place in places_of(settings, connectors, kind.name)
        if phase_of(settings.phases, place.source, place.account, kind.flow) is Phase.ON
    ]


def phase_words(settings: Settings, place: Place) -> str:
    """Why things may be missing at the other side although nothing is wrong; "" where the flow is on for everything."""
    flow = KINDS[place.kind].flow
    phase = phase_of(settings.phases, place.source, place.account, flow)
    if phase is not Phase.ON:
        return f"the flow {flow.value} of {place.owner} is {phase.value}: nothing is made there by itself"
    pilot = settings.pilot.get(place.source, {}).get(place.account.lower())
    if pilot is not None and not pilot.is_everything:
        return f"{place.owner} is a pilot: what lies outside of it is left alone where it is not there"
    return ""


def in_pilot(settings: Settings, place: Place) -> Callable[[Entry], bool]:
    """Whether what Odoo has is made at the other side by itself, as the router decides it."""
    pilot = settings.pilot.get(place.source, {}).get(place.account.lower())
    return lambda entry: pilot is None or pilot.covers(entry.skus, "")


async def reconciled(
    settings: Settings, connectors: Sequence[Connector], place: Place, deps: Deps, since: datetime | None = None
) -> Report:
    """One run. since: aware UTC, None = as configured, and nothing of before the books begin.

    Raises ConfigurationError where a book cannot be opened.
    """
    now = deps.now()
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # as its event will tell it
    by_name = {connector.name: connector for connector in connectors}
    books: list[Book] = []
    try:
        for name in (HOME, place.source):
            books.append(_opened(settings, by_name[name], place, deps))  # noqa: PERF401 - the first is closed when the second cannot be opened
        ours, theirs = books
        begins = [now - timedelta(days=settings.reconcile.since_days), *(one.begin for one in books if one.begin)]
        reconciler = Reconciler(place, settings.reconcile, ours, theirs, in_pilot(settings, place))
        return await reconciler.report(since or min(now, max(begins)), now)
    finally:
        for book in books:
            with suppress(ConnectorError):
                await book.aclose()


def _opened(settings: Settings, connector: Connector, place: Place, deps: Deps) -> Book:
    part = part_of(settings, connector)
    try:
        part.check_credentials()
        return connector.books[place.kind](part, place.owner, deps)
    except (ValueError, KeyError, ConnectorError) as error:
        raise ConfigurationError(f"the {place.kind} of {connector.name} cannot be read: {error}") from error
