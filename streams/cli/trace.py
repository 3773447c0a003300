"""`causeway trace`: the journey of one order, SKU or other thing through all topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from streams.cli.failure_desk import Desk
    from streams.observe.journey import Journey, Standing, Step
    from streams.stages.skus import Skus

_STYLES = {"retry": "yellow", "held": "yellow", "dead": "red", "damaged": "red", "action": "cyan", "shadow": "dim"}
_MOST_STANDINGS = 20


def trace(
    key: Annotated[str, typer.Argument(help="An order's number, a name of Odoo such as P00012, sku:SKU, or any full key: source:account:id.")] = "",
    sku: Annotated[str, typer.Option("--sku", help="A SKU, instead of a key.")] = "",
    content: Annotated[bool, typer.Option("--content", help="Show the records too, personal data masked.")] = False,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Show the records with personal data; needs --reason and is audited.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why personal data must be seen.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:  # fmt: skip
    """What happened to one order, both ways: fetched, canonical, sent, retried, held, dead, applied, acknowledged, shipped, refunded, returned.
    Of a SKU: its stock, demand, availability, prices, listings, and what became of each.

    Exit codes: 0 found; 1 nothing of it, several of that id, or outcomes that cannot be read; 2 wrong usage or configuration; 3 Kafka or the
    registry cannot be reached.
    """
    from streams.cli.failure_desk import EXIT_FAILED, audit_view, fail, fail_unreadable, open_desk, print_json
    from streams.connectors import discover
    from streams.observe.names import plain
    from streams.observe.trace import AmbiguousOrderError, UnknownOrderError

    key = plain(key)
    if bool(key) == bool(sku):
        raise fail("name one thing: an order id, a key, or --sku SKU")
    if unmasked and not reason.strip():
        raise fail("--unmasked shows personal data: say why with --reason; it is kept in the audit trail")
    connectors = discover()
    desk = open_desk(connectors)
    try:
        journey = _found(desk, connectors, key or f"sku:{sku}")
    except (UnknownOrderError, AmbiguousOrderError) as error:
        raise fail(str(error), EXIT_FAILED) from None
    if unmasked:
        audit_view(desk, journey.key, reason, journey.correlations[0] if journey.correlations else "")
    records = [_content(desk, step, masked=not unmasked) if content or unmasked else None for step in journey.steps]
    if json:
        print_json(_as_json(journey, records))
    else:
        _print(journey, records)
    fail_unreadable(journey.unreadable)


def _found(desk: Desk, connectors: Any, word: str) -> Journey:
    """By its key or number, else by what it is called. Raises UnknownOrderError, AmbiguousOrderError."""
    from streams.observe.trace import UnknownOrderError, find_called, find_journey

    what, skus = _meant(desk, connectors, word)
    try:
        return find_journey(desk.settings, desk.codec, what, connectors, skus)
    except UnknownOrderError:
        if ":" in word:
            raise
    what, skus = _meant(desk, connectors, find_called(desk.settings, desk.codec, word))
    return find_journey(desk.settings, desk.codec, what, connectors, skus)


def _meant(desk: Desk, connectors: Any, what: str) -> tuple[str, Skus]:
    """A marketplace's word for a SKU of Odoo becomes that SKU; and which is which."""
    from streams.cli.sku_words import odoo_sku
    from streams.failure.mappings import read_table
    from streams.observe.names import SKU
    from streams.observe.trace import accounts_of
    from streams.stages.skus import SAME, Skus

    if not what.startswith(SKU):
        return what, SAME
    skus = Skus(read_table(desk.settings, desk.codec))
    odoos = odoo_sku(skus, accounts_of(desk.settings, connectors), what.removeprefix(SKU))
    return (f"{SKU}{odoos}" if odoos else what), skus


def _content(desk: Desk, step: Step, *, masked: bool) -> Any:
    from schemas.codec import DecodeError
    from schemas.views import value_schema_of, view_record

    record = step.record
    if record is None or record.value is None:
        return None
    failure_target = dict(record.headers).get("failure.target", b"").decode(errors="replace")
    name = value_schema_of(record.topic) or value_schema_of(
        failure_target
    )  # a retry tier carries what its target carries
    try:
        return view_record(name, desk.codec.decode(name, record.value), desk.codec, masked=masked) if name else None
    except DecodeError:
        return f"<{len(record.value)} bytes>"


def _as_json(journey: Journey, records: list[Any]) -> dict[str, Any]:
    steps = [
        {"at": step.at, "kind": step.kind, "text": step.text, "origin": step.origin, "facts": dict(step.facts)}
        | ({} if record is None else {"record": record})
        for step, record in zip(journey.steps, records, strict=True)
    ]
    return {
        "key": journey.key,
        "state": journey.state,
        "reason": journey.reason,
        "remote_id": journey.remote_id,
        "acknowledged": journey.acknowledged,
        "correlations": journey.correlations,
        "deliveries": [_standing_json(one) for one in journey.standings],
        "steps": steps,
    }


def _standing_json(one: Standing) -> dict[str, Any]:
    entry = one.entry
    return {
        "operation": one.operation, "id": entry.id, "key": entry.key, "state": one.word, "reason": entry.reason,
        "remote_id": entry.remote_id, "job": entry.job,
    }  # fmt: skip


def _print(journey: Journey, records: list[Any]) -> None:
    import orjson
    from rich.markup import escape
    from rich.table import Table

    from streams.cli.failure_desk import console

    out = console()
    where = f" ({', '.join(journey.where)})" if journey.where else ""
    words = [f"[bold]{escape(journey.key)}[/]", f"{journey.state}{where}"]
    words += [f"Odoo id {journey.remote_id}"] if journey.remote_id else []
    words += ["acknowledged"] if journey.acknowledged else []
    out.print("  ".join(word for word in words if word))
    for one in journey.standings[:_MOST_STANDINGS]:
        out.print(f"  {one.operation} {_where(journey, one)}{_stands(one)}", highlight=False, markup=False)
    if len(journey.standings) > _MOST_STANDINGS:
        out.print(f"  and {len(journey.standings) - _MOST_STANDINGS} more")
    if any(record is not None for record in records):
        for step, record in zip(journey.steps, records, strict=True):
            out.print(f"\n{_time(step)}  {escape(step.text)}  [dim]{step.origin}[/]")
            if record is not None:
                out.print(orjson.dumps(record, option=orjson.OPT_INDENT_2).decode(), markup=False)
        return
    table = Table("at (UTC)", "what", "where", box=None, pad_edge=False)
    for step in journey.steps:
        style = _STYLES.get(step.kind, "")
        text = escape(step.text)
        table.add_row(_time(step), f"[{style}]{text}[/]" if style else text, f"[dim]{step.origin}[/]")
    out.print(table)


def _where(journey: Journey, one: Standing) -> str:
    """Its key, where it is not the one that was asked for."""
    return "" if one.entry.key == journey.key else f"of {one.entry.key} "


def _stands(one: Standing) -> str:
    entry = one.entry
    waits = f" for {entry.job}" if entry.job else ""
    return f"{one.word}{waits}" + (f": {entry.reason}" if entry.reason and entry.state != "applied" else "")


def _time(step: Step) -> str:
    return f"{step.at:%Y-%m-%d %H:%M:%S}.{step.at.microsecond // 1000:03d}"
