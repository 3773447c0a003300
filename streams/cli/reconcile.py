"""`causeway reconcile`: what Odoo and an outside system hold, held against each other (REC-1).

Exit codes: 0 balanced; 1 differences; 2 it could not look, or wrong usage or configuration; 3 it has looked, and Kafka or the registry cannot be
reached: what was found is printed before.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.failure_desk import EXIT_FAILED, EXIT_USAGE, JsonOption, console, fail, print_json, print_table, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.kit.ports import Connector
    from schemas.records import Reconciliation
    from streams.reconcile.findings import Place, Report
    from streams.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Reconciliation: does Odoo hold what the other side holds?")

AccountOption = Annotated[str, typer.Option("--account", help="Only this one: main, or alibaba:main.")]
SinceOption = Annotated[str, typer.Option("--since", help="What was made since: 30d, 12h, or a date like 2026-11-01.")]
PublishOption = Annotated[
    bool, typer.Option("--publish/--no-publish", help="Tell the result as an event too; metrics and alerts follow it.")
]


@app.callback()
def group() -> None:
    """Reconciliation: does Odoo hold what the other side holds?"""


@app.command()
def purchases(
    account: AccountOption = "", since: SinceOption = "", json: JsonOption = False, publish: PublishOption = True
) -> None:
    """Purchase orders of Odoo against the orders at suppliers' platforms. Changes nothing. Exit 1: differences; 2: it could not look."""
    _reconcile("purchases", account, since, json, publish)


def _reconcile(kind: str, account: str, since: str, json: bool, publish: bool) -> None:
    import asyncio

    from streams.connectors import discover, load_connected_settings
    from streams.reconcile.findings import Result

    connectors = discover()
    settings = load_connected_settings(connectors)
    begin = _since(since, datetime.now(UTC))
    places = _places(settings, connectors, kind, account)
    reports = asyncio.run(_looked(settings, connectors, places, begin))
    results = {report.result for report in reports}
    with _Telling(settings, publish=publish) as telling:
        records = [telling.record_of(report) for report in reports]
        if json:
            pairs = zip(reports, records, strict=True)
            print_json({"reconciliations": [_shown(settings, report, record) for report, record in pairs]})
        else:
            for report, record in zip(reports, records, strict=True):
                _print(settings, report, record)
        _tell(telling, records, is_known=Result.FAILED not in results)
    if Result.FAILED in results:
        raise typer.Exit(EXIT_USAGE)
    if Result.DIFFERENCES in results:
        raise typer.Exit(EXIT_FAILED)


def _tell(telling: _Telling, records: Sequence[Reconciliation], *, is_known: bool) -> None:
    """Where nothing is known, that counts, not that Kafka is away too. Raises BrokerError, RegistryError."""
    from schemas.registry import RegistryError
    from streams.kafka import BrokerError

    try:
        telling.tell(records)
    except (BrokerError, RegistryError) as error:
        if is_known:
            raise
        typer.echo(str(error), err=True)


async def _looked(
    settings: Settings, connectors: Sequence[Connector], places: Sequence[Place], since: datetime | None
) -> list[Report]:
    from connectors.kit.ports import Deps, NoMappings
    from streams.reconcile.places import reconciled
    from streams.worker import now

    deps = Deps(settings.environment.value, NoMappings(), now)
    return [await reconciled(settings, connectors, place, deps, since) for place in places]


class _Telling:
    """The events of a run. Without Kafka the result is printed all the same; that it was not told comes after."""

    def __init__(self, settings: Settings, *, publish: bool) -> None:
        self._settings, self._publish = settings, publish
        self._trouble: Exception | None = None
        self._before: dict[str, Reconciliation] = {}

    def __enter__(self) -> _Telling:
        from schemas.codec import Codec
        from schemas.registry import Registry, RegistryError
        from streams.kafka import BrokerError
        from streams.reconcile.events import read_newest

        self._registry = Registry(self._settings.registry.client())
        self._codec = Codec(self._registry)
        if self._publish:
            try:
                self._before = read_newest(self._settings, self._codec)
            except (BrokerError, RegistryError) as error:
                self._trouble = error
        return self

    def __exit__(self, *_: object) -> None:
        self._registry.close()

    def record_of(self, report: Report) -> Reconciliation:
        from streams.reconcile.telling import record_of

        return record_of(report, self._before.get(report.place.key), self._settings.reconcile.most_findings)

    def tell(self, records: Sequence[Reconciliation]) -> None:
        """Raises BrokerError or RegistryError."""
        from streams.kafka import SyncProducer
        from streams.reconcile.telling import message_of

        if self._trouble is not None:
            raise self._trouble
        if self._publish:
            with SyncProducer(self._settings.kafka.librdkafka()) as producer:
                producer.send_all([message_of(self._codec, record) for record in records])


def _since(text: str, now: datetime) -> datetime | None:
    """Ends the program saying how to write it."""
    from streams.failure.dead import parse_age

    if not text:
        return None
    try:
        found = now - parse_age(text) if not text.count("-") else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise fail(f"{text!r} is no time: write an age like 30d or 12h, or a date like 2026-11-01") from None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if found >= now:
        raise fail(f"{text!r} lies in the future")
    return found


def _places(settings: Settings, connectors: Sequence[Connector], kind: str, account: str) -> list[Place]:
    """Ends the program where there is nothing to look at: that is not balanced."""
    from streams.reconcile.places import places_of

    every = places_of(settings, connectors, kind)
    found = [one for one in every if account in ("", one.account, one.owner)]
    if not found:
        there = ", ".join(one.owner for one in every) or "none"
        asked = f"no account {account!r} has {kind}" if account else f"no account with {kind} is configured"
        raise fail(f"{asked}; there are: {there}")
    return found


def _shown(settings: Settings, report: Report, record: Reconciliation) -> dict[str, Any]:
    """All of it: in the event findings and names may be cut off."""
    from streams.reconcile.places import phase_words
    from streams.reconcile.telling import findings_of

    told: dict[str, Any] = dict(record) | {"counts": report.counts, "too_fresh": list(report.too_fresh)}
    told["note"] = phase_words(settings, report.place)
    if not report.failure:
        told["findings"] = findings_of(report, record)
    return told


def _print(settings: Settings, report: Report, record: Reconciliation) -> None:
    from rich.markup import escape

    from streams.reconcile.places import phase_words

    place = report.place
    if report.failure:
        typer.echo(f"{place.kind} {place.owner}: could not look, so nothing is known: {report.failure}", err=True)
        return
    typer.echo(
        f"{place.kind} {place.owner}: {report.odoo} in Odoo and {report.there} at {place.source} since {report.since:%Y-%m-%d %H:%M} UTC, "
        f"{report.matched} matched"
    )
    if note := phase_words(settings, place):
        typer.echo(f"note: {note}")
    if report.findings:
        _print_findings(report, record, escape)
    if report.too_fresh:
        minutes = settings.reconcile.grace_minutes
        names = ", ".join(report.too_fresh[:20]) + (", ..." if len(report.too_fresh) > 20 else "")
        typer.echo(
            f"too fresh to be judged, changed in the last {minutes:g} minutes: {len(report.too_fresh)} ({names})"
        )
    if report.left_alone:
        typer.echo(f"left alone, not ours or outside the pilot: {report.left_alone}")
    counts = ", ".join(f"{name} {count}" for name, count in report.counts.items() if count)
    typer.echo(f"{len(report.findings)} differences: {counts}" if report.findings else "balanced")


def _print_findings(report: Report, record: Reconciliation, escape: Any) -> None:
    from streams.reconcile.telling import findings_of

    rows = table("what", "Odoo", report.place.owner, "goods", "in Odoo", "there", "since")
    for one in findings_of(report, record):
        cells = (
            one["what"],
            one["odoo"] or "-",
            ", ".join(one["there"]) or "-",
            one["line"],
            one["ours"],
            one["theirs"],
        )
        rows.add_row(*(escape(cell) for cell in cells), f"{one['first_seen']:%Y-%m-%d %H:%M}")
    print_table(rows)
    advice = dict.fromkeys((one.what.value, one.advice) for one in report.findings)
    console().print()
    for what, words in advice:
        names = [
            one.odoo or ", ".join(one.there) for one in report.findings if (one.what.value, one.advice) == (what, words)
        ]
        shown = ", ".join(dict.fromkeys(filter(None, names[:10]))) + (", ..." if len(names) > 10 else "")
        console().print(escape(f"{what}{f' ({shown})' if shown else ''}: {words}"))
    console().print()
