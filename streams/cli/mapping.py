"""`causeway mapping`: the cross-reference tables. What the source calls X is Y in Odoo; making an entry releases what waits for it.

Exit codes: 0 done; 1 declined, no such entry, or not all could be read; 2 wrong usage or configuration; 3 Kafka or the registry cannot be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.failure_desk import (
    EXIT_FAILED,
    JsonOption,
    NoteOption,
    confirm,
    end_list,
    fail,
    fail_unreadable,
    open_desk,
    print_json,
    print_table,
    table,
    total,
)

if TYPE_CHECKING:
    from schemas.records import Mapping
    from streams.cli.failure_desk import Desk
    from streams.failure.mappings import Key, MappingTable

app = typer.Typer(no_args_is_help=True, help="Cross-reference tables: what the source calls X is Y in Odoo.")

Kind = Annotated[str, typer.Argument(help="sku, carrier, ship_carrier, settlement-name or product_category")]
Source = Annotated[str, typer.Argument(help="walmart, ...")]
External = Annotated[str, typer.Argument(help="The source's word.")]
Internal = Annotated[str, typer.Argument(help="Odoo's word: default_code, carrier name, ...")]
Account = Annotated[str, typer.Option("--account", help="Only for this account; default: all accounts of the source.")]


@app.command("set")
def set_(
    kind: Kind, source: Source, external: External, internal: Internal, account: Account = "", note: NoteOption = "", json: JsonOption = False
) -> None:  # fmt: skip
    """Make or replace an entry. Records held for it go back to their destination within moments, while a worker runs."""
    from streams.cli.known import channels_of, check_channel
    from streams.failure.held_list import read_held
    from streams.failure.mappings import MappingDesk, MappingError, read_table

    _check_names(kind, source)
    desk, key = open_desk(), (kind, source, account, external)
    if account:
        check_channel(f"{source}:{account}", channels_of(desk.settings))
    before = _by_key(read_table(desk.settings, desk.codec)).get(key)
    try:
        entry = MappingDesk(desk.settings, desk.codec).put(
            key, internal, actor=desk.actor, at=desk.now, note=note, before=before["internal"] if before else ""
        )
    except MappingError as error:
        raise fail(str(error)) from None
    waiting = [item for item in read_held(desk.settings, desk.codec).items if _answers(entry, item.waiting_for)]
    if json:
        print_json(
            {"entry": _shown(entry), "replaced": before["internal"] if before else None, "held_for_it": len(waiting)}
        )
        return
    typer.echo(f"{':'.join(key)} is {internal}" + (f" (was {before['internal']})" if before else ""))
    if waiting:
        typer.echo(f"{len(waiting)} held records wait for it; a running worker releases them now.")
    if kind == "sku":
        _tell_of_sku(desk, entry)


@app.command("list")
def list_(
    kind: Annotated[str, typer.Option("--kind", help="sku, carrier, ...")] = "",
    source: Annotated[str, typer.Option("--source", help="walmart, ...")] = "",
    json: JsonOption = False,
) -> None:
    """All entries."""
    from streams.failure.mappings import read_table

    desk = open_desk()
    known = read_table(desk.settings, desk.codec)
    unreadable = len(known.unreadable)
    found = [entry for entry in known.entries() if kind in ("", entry["kind"]) and source in ("", entry["source"])]
    if not found:  # an entry made before there was such a check can still be found, and removed
        _check_names(kind, source)
    if json:
        print_json({"total": total(len(found), unreadable), "entries": [_shown(entry) for entry in found]})
        fail_unreadable(unreadable)
        return
    _print_table(found)
    end_list(len(found), unreadable, f"{len(found)} entries")


@app.command()
def remove(
    kind: Kind, source: Source, external: External, account: Account = "", note: NoteOption = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Take an entry out. Orders already imported with it stay as they are."""
    from streams.failure.mappings import MappingDesk, read_table

    desk, key = open_desk(), (kind, source, account, external)
    known = read_table(desk.settings, desk.codec)
    before = _by_key(known).get(key)
    if before is None:
        fail_unreadable(len(known.unreadable))
        raise fail(f"there is no entry {':'.join(key)}", EXIT_FAILED)
    confirm(f"Remove {':'.join(key)} = {before['internal']}?", yes)
    MappingDesk(desk.settings, desk.codec).remove(
        key, actor=desk.actor, at=desk.now, note=note, before=before["internal"]
    )
    if json:
        print_json({"removed": _shown(before)})
    else:
        typer.echo(f"{':'.join(key)} removed")


def _check_names(kind: str, source: str) -> None:
    from streams.cli.known import check_kind, check_source

    if kind:
        check_kind(kind)
    if source:
        check_source(source)


def _by_key(table: MappingTable) -> dict[Key, Mapping]:
    return {(entry["kind"], entry["source"], entry["account"], entry["external"]): entry for entry in table.entries()}


def _tell_of_sku(desk: Desk, entry: Mapping) -> None:
    """What the entry does beyond orders, and what about it is ambiguous."""
    from streams.failure.mappings import read_table
    from streams.stages.stock.explain import read_ledgers

    source, account, external, internal = entry["source"], entry["account"], entry["external"], entry["internal"]
    table = read_table(desk.settings, desk.codec)
    table.put(entry)
    names = table.externals("sku", source, account, internal)
    typer.echo(f"Stock, prices and the listing of {internal} go to {source} as {', '.join(names)} within moments.")
    if internal not in names:
        typer.echo(
            f"Is there an item {internal} at {source} as well, it goes on being told: running workers make an entry for it, if they know of it. "
            f"If they do not: causeway mapping set sku {source} {internal} {internal}"
        )
    if len(names) > 1:
        typer.echo(f"{source} has {len(names)} items of it: each is told the whole number.")
    known = read_ledgers(desk.settings, desk.codec, sku=external) if external != internal else []
    if known and known[0].level is not None:
        typer.echo(
            f"Odoo has a product {external} as well: orders for {external} go on to that product, for Odoo is asked first, "
            f"while {source} is told of {internal} under this word. Rename one of them.",
            err=True,
        )


def _answers(entry: Mapping, waiting_for: str) -> bool:
    from streams.failure.mappings import parse_key

    key = parse_key(waiting_for)
    if key is None:
        return False
    kind, source, account, external = key
    return (kind, source, external) == (entry["kind"], entry["source"], entry["external"]) and entry["account"] in (
        "",
        account,
    )


def _shown(entry: Mapping) -> dict[str, str]:
    return {name: str(value) for name, value in entry.items() if name != "at"} | {"at": entry["at"].isoformat()}


def _print_table(entries: list[Mapping]) -> None:
    from rich.markup import escape

    if not entries:
        return
    rows = table("kind", "source", "account", "external", "internal", "by", "at")
    for entry in entries:
        row = (
            entry["kind"],
            entry["source"],
            entry["account"] or "all",
            entry["external"],
            entry["internal"],
            entry["actor"],
        )
        rows.add_row(*map(escape, row), f"{entry['at']:%Y-%m-%d %H:%M}")
    print_table(rows)
