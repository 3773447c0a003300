"""`causeway price`: which price each channel asks and why, and the large changes that wait for a person (PRC-1).

Exit codes: 0 done; 1 no such SKU or proposal, or declined; 2 wrong usage or configuration; 3 Kafka or the registry cannot be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.approving import LISTS, Proposals, answer_proposals, chosen_of, waiting_words
from streams.cli.failure_desk import (
    EXIT_FAILED,
    JsonOption,
    NoteOption,
    YesOption,
    fail,
    open_desk,
    print_json,
    print_table,
    table,
)
from streams.cli.sku_words import item_words, odoo_sku

if TYPE_CHECKING:
    from streams.cli.failure_desk import Desk

app = typer.Typer(no_args_is_help=True, help="Prices out: what channels ask, and changes that wait for approval.")


@app.command()
def explain(
    sku: Annotated[str, typer.Argument(help="Odoo's SKU, or a marketplace's word for it.")], json: JsonOption = False
) -> None:
    """The price of a SKU for each channel, how that came about, whether it goes out, and what waits."""
    from streams.approvals import read_price_offers
    from streams.cli.flow_words import goes_out
    from streams.cli.known import channels_of
    from streams.failure.mappings import read_table
    from streams.phases import Flow
    from streams.stages.skus import Skus

    desk = open_desk()
    skus, found = Skus(read_table(desk.settings, desk.codec)), _ledgers(desk, sku)
    if not found and (odoos := odoo_sku(skus, channels_of(desk.settings), sku)):
        sku, found = odoos, _ledgers(desk, odoos)
    if not found:
        raise fail(
            f"no price of {sku!r} has been seen; is the SKU right, and is the flow `prices` of odoo polled?",
            EXIT_FAILED,
        )
    (ledger,) = found
    offers = read_price_offers(desk.settings, desk.codec, sku)
    if json:
        channels = [
            offer
            | {
                "items": skus.names((offer["channel"], offer["account"]), sku),
                "flow": goes_out(desk.settings, Flow.PRICES, offer["channel"], offer["account"], sku),
            }
            for offer in ledger["offers"]
        ]
        print_json({"sku": sku, "channels": channels, "offers": offers})
        return
    made = table("channel", "account", "price", "sale", "since version", "flow", "waits")
    for offer in ledger["offers"]:
        waits = f"{_money(offer['proposed'])}: {offer['why']} ({offer['proposal'][:12]})" if offer["proposal"] else ""
        waits = f"for {offer['waits_for']}" if offer["waits_for"] else waits or offer["problem"]
        items = skus.names((offer["channel"], offer["account"]), sku)
        account = offer["account"] + ("" if items == (sku,) else f" {item_words(items)}")
        flow = goes_out(desk.settings, Flow.PRICES, offer["channel"], offer["account"], sku)
        made.add_row(
            offer["channel"], account, _money(offer["price"]), _sale(offer), str(offer["version"]), flow, waits
        )
    print_table(made)
    for told in offers:
        terms = "  ".join(f"{term['name']} {term['quantity']}" for term in told["terms"])
        typer.echo(f"{told['channel']} {told['account']}: {terms}  (approval: {told['approval']})")


@app.command()
def proposals(json: JsonOption = False) -> None:
    """Price changes that wait for a person."""
    waiting = _waiting(open_desk())
    if json:
        print_json({"total": len(waiting), "proposals": waiting})
        return
    made = table("id", "sku", "channel", "asks", "would ask", "why")
    for item in waiting:
        channel = f"{item['channel']} {item['account']}"
        made.add_row(item["id"][:12], item["sku"], channel, item["before"], item["after"], item["why"])
    print_table(made)
    typer.echo(waiting_words(len(waiting), "price"))


@app.command()
def approve(ids: Proposals, note: NoteOption = "", yes: YesOption = False) -> None:
    """Let these changes go out."""
    _answer(ids, "approved", note, yes)


@app.command()
def reject(ids: Proposals, note: NoteOption = "", yes: YesOption = False) -> None:
    """Keep the price; the same change is not proposed again."""
    _answer(ids, "rejected", note, yes)


def _answer(ids: list[str], state: str, note: str, yes: bool) -> None:
    desk = open_desk()
    chosen = chosen_of(_waiting(desk), ids, LISTS["price"])
    said = [
        f"{item['sku']} at {item['channel']} {item['account']}: {item['before'] or 'no price'} -> {item['after']}"
        for item in chosen
    ]
    answer_proposals(desk, chosen, said, state, note, yes)


def _waiting(desk: Desk) -> list[dict[str, Any]]:
    return [
        {
            "id": offer["proposal"], "key": ledger["key"], "subject": f"price:{offer['channel']}:{offer['account']}:{ledger['sku']}",
            "kind": "price", "sku": ledger["sku"], "channel": offer["channel"], "account": offer["account"],
            "before": _money(offer["price"]), "after": _money(offer["proposed"]), "why": offer["why"],
        }
        for ledger in _ledgers(desk) for offer in ledger["offers"] if offer["proposal"]
    ]  # fmt: skip


def _ledgers(desk: Desk, sku: str = "") -> list[Any]:
    from streams.approvals import read_price_ledgers

    return read_price_ledgers(desk.settings, desk.codec, sku)


def _money(money: dict[str, str] | None) -> str:
    return f"{money['amount']} {money['currency']}" if money else ""


def _sale(offer: dict[str, Any]) -> str:
    if offer["sale_price"] is None:
        return ""
    dates = [f"{offer[name]:%Y-%m-%d %H:%M}" if offer[name] else "" for name in ("sale_starts_at", "sale_ends_at")]
    return f"{_money(offer['sale_price'])} {' to '.join(dates)}".strip()
