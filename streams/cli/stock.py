"""`causeway stock`: how many of a SKU each channel may sell, and why (INV-6).

Exit codes: 0 done; 1 no such SKU; 2 wrong usage or configuration; 3 Kafka or the registry cannot be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.failure_desk import EXIT_FAILED, JsonOption, console, fail, print_json, print_table, table
from streams.cli.sku_words import item_words, odoo_sku

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.settings import Settings
    from streams.stages.stock.allocation import Allocations

app = typer.Typer(no_args_is_help=True, help="Stock: what each channel may sell, and why.")

ChannelOption = Annotated[str, typer.Option("--channel", "-c", help="walmart, or walmart:main.")]
Most = Annotated[int, typer.Option("--most", min=1, help="Show so many at most.")]


@app.command()
def explain(
    sku: Annotated[str, typer.Argument(help="Odoo's SKU, or a marketplace's word for it.")], json: JsonOption = False
) -> None:
    """Every channel's number with its terms, the orders that count, and what was told last and why."""
    from streams.cli.flow_words import goes_out
    from streams.phases import Flow
    from streams.stages.stock.explain import explanation, read_ledgers, read_told

    settings, codec, allocations = _open()
    ledgers = read_ledgers(settings, codec, sku=sku)
    if (not ledgers or ledgers[0].level is None) and (odoos := odoo_sku(allocations.skus, allocations.channels, sku)):
        sku, ledgers = odoos, read_ledgers(settings, codec, sku=odoos)
    if not ledgers:
        raise fail(f"nothing is known of SKU {sku}: neither Odoo nor an order ever named it", EXIT_FAILED)
    found = explanation(ledgers[0], allocations, read_told(settings, codec, sku, allocations.channels))
    for channel in found["channels"]:
        channel["flow"] = goes_out(settings, Flow.STOCK, channel["channel"], channel["account"], sku)
    if json:
        print_json(found)
    else:
        _print(found)


@app.command("list")
def list_(
    low: Annotated[bool, typer.Option("--low", help="Only numbers at or below the low-stock number.")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only numbers the channel does not know yet.")] = False,
    channel: ChannelOption = "", most: Most = 100, json: JsonOption = False,
) -> None:  # fmt: skip
    """Numbers of all SKUs, lowest first."""
    from streams.cli.known import check_channel
    from streams.stages.stock.explain import read_ledgers, summaries

    settings, codec, allocations = _open()
    check_channel(channel, allocations.channels)
    found = [
        one for one in summaries(read_ledgers(settings, codec), allocations)
        if (one.is_low or not low) and (one.is_waiting or not waiting) and channel in ("", one.channel[0], ":".join(one.channel))
    ]  # fmt: skip
    found.sort(key=lambda one: (one.number, one.sku, one.channel))
    if json:
        shown = [
            {
                "sku": one.sku, "channel": one.channel[0], "account": one.channel[1], "number": one.number, "told": one.told,
                "low": one.is_low, "waits_for_flush": one.is_waiting, "open_units": str(one.open_units), "items": one.items,
            }
            for one in found[:most]
        ]  # fmt: skip
        print_json({"total": len(found), "numbers": shown})
        return
    rows = table("SKU", "channel", "number", "told", "open orders", "")
    for one in found[:most]:
        notes = [word for word, holds in (("low", one.is_low), ("waits for the next flush", one.is_waiting)) if holds]
        notes += [item_words(one.items)] if one.items != (one.sku,) else []
        told = "-" if one.told is None else str(one.told)
        rows.add_row(one.sku, ":".join(one.channel), str(one.number), told, str(one.open_units), ", ".join(notes))
    if found:
        print_table(rows)
    typer.echo(f"{len(found)} numbers" + (f", the first {most} shown" if len(found) > most else ""))


def _open() -> tuple[Settings, Codec, Allocations]:
    from schemas.codec import Codec
    from schemas.registry import Registry
    from streams.connectors import discover, load_connected_settings, stock_caps
    from streams.failure.mappings import read_table
    from streams.observe.trace import accounts_of
    from streams.stages.skus import Skus
    from streams.stages.stock.allocation import Allocations

    connectors = discover()
    settings = load_connected_settings(connectors)
    channels = accounts_of(settings, connectors)
    codec = Codec(Registry(settings.registry.client()))
    skus = Skus(read_table(settings, codec))
    return settings, codec, Allocations(settings.stock, channels, stock_caps(settings, connectors), skus)


def _print(found: dict[str, Any]) -> None:
    out = console()
    level = found["level"]
    out.print(f"[bold]{_safe(found['sku'])}[/]")
    if level is None:
        out.print("Odoo told nothing of it")
    else:
        words = [
            f"product {level['product_id']}",
            level["category"],
            "" if level["active"] else "inactive",
            "kit" if level["kit"] else "",
        ]
        out.print(
            _safe(
                f"Odoo, read {_time(level['read_at'])}, version {level['version']}: " + ", ".join(filter(None, words))
            )
        )
    for channel in found["channels"]:
        _print_channel(channel, "" if channel["items"] == [found["sku"]] else f"  {item_words(channel['items'])}")
    if found["orders"]:
        out.print("\n[bold]orders[/]")
        _print_orders(found["orders"], found["sku"])


def _print_channel(channel: dict[str, Any], items: str) -> None:
    out, told = console(), channel["told"]
    note = ("  waits for the next flush" if channel["waits_for_flush"] else "") + _safe(items)
    note += "" if channel["flow"] == "on" else f"  {channel['flow']}"
    out.print(f"\n[bold]{_safe(channel['channel'])}:{_safe(channel['account'])}  {channel['number']}[/]{note}")
    _print_terms(channel["terms"])
    if told is None:
        out.print("told nothing yet")
        return
    before, at_once = told["previous"] or "nothing", ", at once" if told["urgent"] else ""
    why = f"because of: {told['why']}{at_once}; version {told['version']}"
    word = "told" if channel["flow"] == "on" else "worked out"
    out.print(_safe(f"{word} {told['quantity']} at {_time(told['at'])} (before: {before}), {why}"))
    if told["terms"] != channel["terms"]:
        out.print("made of, when it was told:")
        _print_terms(told["terms"])


def _print_terms(terms: list[dict[str, str]]) -> None:
    rows = table("", "", "")
    rows.show_header = False
    for term in terms:
        rows.add_row(f"  {term['quantity']:>8}", term["name"], f"[dim]{_safe(term['event'])}[/]")
    print_table(rows)


def _print_orders(orders: list[dict[str, Any]], sku: str) -> None:
    rows = table("order", "status", "asked", "reserved", "done", "open", "", "seen (UTC)")
    for one in orders:
        name = one["order_key"] + (f" through {one['via']}" if one["via"] else "")
        name += f" as {one['called']}" if one["called"] not in ("", sku) else ""
        seen = _time(one["seen_at"]) if one["seen_at"] else "-"
        rows.add_row(
            _safe(name), one["status"], one["asked"], one["reserved"], one["done"], one["open"], one["state"], seen
        )
    print_table(rows)


def _time(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _safe(text: str) -> str:
    from rich.markup import escape

    return escape(text)
